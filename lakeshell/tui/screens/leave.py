"""The question before the console ends while something runs."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from lakeshell.tui.safe import shown


class LeaveScreen(ModalScreen[bool]):
    """True: stop what runs, and leave."""

    BINDINGS = [Binding("escape,n", "answer(False)", "Stay"), Binding("y", "answer(True)", "Leave")]

    def __init__(self, titles: Sequence[str]) -> None:
        super().__init__()
        self._titles = titles

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Leave, and stop what runs?", classes="title", markup=False)
            for title in self._titles:
                yield Static(shown(title), classes="text")
            with Horizontal(classes="buttons"):
                yield Button("Stay (n)", id="stay")
                yield Button("Stop and leave (y)", id="leave", variant="error")

    def action_answer(self, leave: bool) -> None:
        self.dismiss(leave)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "leave")
