"""Small dialogs: one line to type, yes or no, and a text to read."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from lakeshell.tui.safe import shown, shown_lines
from lakeshell.tui.widgets.line import LineInput


class LineScreen(ModalScreen[str | None]):
    """Asks for one line; None when it was left with Esc."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, question: str, value: str = "", note: str = "") -> None:
        super().__init__()
        self._question, self._value, self._note = question, value, note

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(shown(self._question), classes="title")
            yield LineInput(self._value, id="line")
            yield Static(
                shown(self._note or "Enter takes it, Esc leaves it", "dim"), classes="text"
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class YesScreen(ModalScreen[bool]):
    """A question; `yes` are the words of the button that says so."""

    BINDINGS = [Binding("escape,n", "answer(False)", "No"), Binding("y", "answer(True)", "Yes")]

    def __init__(self, question: str, note: str, yes: str) -> None:
        super().__init__()
        self._question, self._note, self._yes = question, note, yes

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(shown(self._question), classes="title")
            yield Static(shown_lines(self._note), classes="text")
            with Horizontal(classes="buttons"):
                yield Button("Leave it (n)", id="no")
                yield Button(f"{self._yes} (y)", id="yes", variant="primary")

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


class TextScreen(ModalScreen[None]):
    """Shows a text of any length. `c` copies it."""

    BINDINGS = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("c", "copy", "Copy"),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog large"):
            yield Static(shown(self._title) + Content("   c copies, Esc closes"), classes="title")
            with VerticalScroll():
                yield Static(shown_lines(self._text), classes="text")

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._text)
        self.notify("sent to the terminal's clipboard", markup=False)
