"""One of several lines to choose."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from lakeshell.tui.safe import shown
from lakeshell.tui.widgets.listing import Listing


class PickScreen(ModalScreen[str | None]):
    """The key of the line; None when it was left with Esc."""

    AUTO_FOCUS = "#lines"
    BINDINGS = [Binding("escape,q", "dismiss(None)", "Close")]

    def __init__(
        self, title: str, columns: Sequence[str], lines: Sequence[tuple[str, tuple[object, ...]]]
    ) -> None:
        super().__init__()
        self._heading, self._columns, self._found = title, columns, lines

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog large"):
            yield Static(shown(f"{self._heading}, Esc closes"), classes="title")
            yield Listing(self._columns, id="lines")

    def on_mount(self) -> None:
        self.query_one(Listing).draw(self._found)

    def on_listing_opened(self, event: Listing.Opened) -> None:
        event.stop()
        self.dismiss(event.key)
