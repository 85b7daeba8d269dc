"""Small dialogs: one line to type, and a text to read."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from lakeshell.tui.safe import shown, shown_lines


class LineScreen(ModalScreen[str | None]):
    """Asks for one line; None when it was left with Esc."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, question: str, value: str = "", note: str = "") -> None:
        super().__init__()
        self._question, self._value, self._note = question, value, note

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(shown(self._question), classes="title")
            yield Input(self._value, id="line")
            yield Static(
                shown(self._note or "Enter takes it, Esc leaves it", "dim"), classes="text"
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class TextScreen(ModalScreen[None]):
    """Shows a text of any length. `c` copies it."""

    BINDINGS = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("c", "copy", "Copy"),
    ]
    DEFAULT_CSS = """
    TextScreen .dialog { height: 90%; width: 95%; max-width: 160; }
    TextScreen VerticalScroll { height: 1fr; }
    """

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(shown(self._title) + Content("   c copies, Esc closes"), classes="title")
            with VerticalScroll():
                yield Static(shown_lines(self._text), classes="text")

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._text)
        self.notify("sent to the terminal's clipboard", markup=False)
