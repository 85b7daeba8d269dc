"""Which result another one is compared with, and by what their rows belong together."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lakeshell.tui.safe import shown

Chosen = tuple[int, tuple[str, ...]]


class CompareScreen(ModalScreen[Chosen | None]):
    """(which of `names`, the key columns); Enter takes both, Tab goes from one to the other."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Cancel")]
    DEFAULT_CSS = """
    CompareScreen OptionList { height: auto; max-height: 12; border: none; background: $surface; }
    """

    def __init__(self, about: str, names: Sequence[str], keys: Sequence[str]) -> None:
        super().__init__()
        self._about, self._names, self._keys = about, names, keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(shown(f"Compare {self._about} with (Enter, Tab, Esc)"), classes="title")
            yield OptionList(*(Option(shown(name)) for name in self._names), compact=True)
            yield Static("Rows belong together by these columns", classes="title")
            yield Input(", ".join(self._keys), placeholder="by position", id="keys")
            yield Static(
                "commas between several; empty compares the first row with the first, and so on",
                classes="text",
            )

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0

    def on_option_list_option_selected(self) -> None:
        self._take()

    def on_input_submitted(self) -> None:
        self._take()

    def _take(self) -> None:
        written = self.query_one("#keys", Input).value.split(",")
        keys = tuple(key.strip() for key in written if key.strip())
        self.dismiss((self.query_one(OptionList).highlighted or 0, keys))
