"""Rows to choose from: a table of plain values with a cursor line, refreshed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.binding import Binding
from textual.message import Message
from textual.widgets import DataTable

from lakeshell.tui.safe import cell, shortened

STYLES = {
    "FINISHED": "green",
    "FAILED": "red",
    "REFUSED": "yellow",
    "CANCELLED": "yellow",
    "RUNNING": "cyan",
}
"""Of words that are states; the word itself says it without colour."""


class Listing(DataTable[Any]):
    """`keys` name the rows, so that the cursor stays on the row it was on when they are drawn
    anew."""

    class Chosen(Message):
        """The cursor is on the row `key`; None when there are no rows."""

        def __init__(self, listing: Listing, key: str | None) -> None:
            super().__init__()
            self.listing = listing
            self.key = key

        @property
        def control(self) -> Listing:
            return self.listing

    class Opened(Message):
        """Enter was pressed, or the row was clicked again."""

        def __init__(self, listing: Listing, key: str) -> None:
            super().__init__()
            self.listing = listing
            self.key = key

        @property
        def control(self) -> Listing:
            return self.listing

    BINDINGS = [
        # The library's own go to the side: a list has its first and its last row.
        Binding("home", "scroll_top", "First", show=False),
        Binding("end", "scroll_bottom", "Last", show=False),
    ]

    def __init__(self, columns: Sequence[str], *, id: str, widest: int = 60) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False, cell_padding=1)
        self._names = columns
        self._widest = widest
        self._shown: list[tuple[str, tuple[object, ...]]] | None = None

    def on_mount(self) -> None:
        for name in self._names:
            self.add_column(name, key=name)

    @property
    def chosen(self) -> str | None:
        if not self.row_count:
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def draw(self, rows: Sequence[tuple[str, tuple[object, ...]]]) -> None:
        """Rows as (key, values). The cursor stays on its row where that is still there."""
        made = [(key, tuple(values)) for key, values in rows]
        if made == self._shown:
            return
        before = self.chosen
        first = self._shown is None
        self._shown = made
        self.clear()
        for key, values in made:
            rest = [""] * (len(self._names) - len(values))
            self.add_row(*map(self._cell, values), *rest, key=key)
        keys = [key for key, _ in made]
        if before in keys:
            self.move_cursor(row=keys.index(before), animate=False)
        if first or before != self.chosen:
            self.post_message(self.Chosen(self, self.chosen))

    def choose(self, key: str) -> None:
        keys = [] if self._shown is None else [known for known, _ in self._shown]
        if key in keys:
            self.move_cursor(row=keys.index(key), animate=False)

    def _cell(self, value: object) -> object:
        if isinstance(value, str):
            return cell(shortened(value, self._widest), STYLES.get(value, ""))
        right = isinstance(value, int | float) and not isinstance(value, bool)
        return cell(value, right=right)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self.post_message(self.Chosen(self, event.row_key.value))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        if event.row_key.value is not None:
            self.post_message(self.Opened(self, event.row_key.value))
