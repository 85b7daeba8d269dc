"""The rows of a result, of which only those in the window are ever made into text.

In: a `ResultRows` that may still grow, and an arrangement of it. Out: lines. Nothing here takes
longer with more rows or columns.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lakeshell.query.rows import BLOCK, Arrangement, ResultRows
from lakeshell.sql.render import is_numeric
from lakeshell.tui.safe import NULL, words

WIDEST = 40
_MEASURED = 100
"""Columns whose first values are measured; any further ones go by their names."""
_GAP = 2


class ResultGrid(ScrollView, can_focus=True):
    COMPONENT_CLASSES = {"grid--header", "grid--cursor", "grid--null", "grid--number"}
    DEFAULT_CSS = """
    ResultGrid { height: 1fr; background: $background; color: $foreground; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 1; }
    ResultGrid > .grid--header { color: $primary; text-style: bold; }
    ResultGrid > .grid--cursor { background: $secondary; color: $foreground; }
    ResultGrid:focus > .grid--cursor { background: $primary; color: $background; }
    ResultGrid > .grid--null { color: $foreground-muted; text-style: italic; }
    ResultGrid > .grid--number { color: $foreground-muted; }
    """
    BINDINGS = [
        Binding("up,k", "move(-1, 0)", "Up", show=False),
        Binding("down,j", "move(1, 0)", "Down", show=False),
        Binding("left,h", "move(0, -1)", "Left", show=False),
        Binding("right,l", "move(0, 1)", "Right", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f,space", "page(1)", "Page down", show=False),
        Binding("home,circumflex_accent", "column(0)", "First column", show=False),
        Binding("end,dollar_sign", "column(-1)", "Last column", show=False),
        Binding("ctrl+home,g", "row(0)", "First row", show=False),
        Binding("ctrl+end,G", "row(-1)", "Last row", show=False),
    ]
    cursor: reactive[tuple[int, int]] = reactive((0, 0), repaint=False)
    """(row, column), as arranged."""

    class Opened(Message):
        """The cell of the cursor was clicked again."""

    def __init__(self, rows: ResultRows, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = rows
        self.arrangement = Arrangement()
        self.frozen = 0
        self._widths = [max(4, min(24, cell_len(words(c.name)))) for c in rows.columns]
        self._right = [is_numeric(column.type) for column in rows.columns]
        self._names = [words(column.name) for column in rows.columns]
        self._measured = 0
        self._lay_out()

    def on_mount(self) -> None:
        self.grew()

    # --- what is shown ---------------------------------------------------------------------

    @property
    def window(self) -> Size:
        """Of what is seen, without the scrollbars."""
        return self.scrollable_content_region.size

    @property
    def count(self) -> int:
        return self.rows.count(self.arrangement)

    def grew(self) -> None:
        """Rows were added. What is in the window is drawn again only where it changes."""
        if self._measured < min(BLOCK, len(self.rows)):
            self._measure()
        before = self.virtual_size.height
        self._lay_out()
        first, last = self.scroll_offset.y, self.scroll_offset.y + self.window.height
        if first <= before <= last:
            self.refresh()

    def show_as(self, arrangement: Arrangement) -> None:
        self.arrangement = arrangement
        self._lay_out()
        self.cursor = (0, self.cursor[1])
        self.scroll_to(y=0, animate=False)
        self.refresh()

    def freeze(self) -> None:
        """Columns up to the cursor's stay in sight, or none when they do already."""
        wanted = self.cursor[1] + 1
        fits = self._gutter + sum(w + _GAP for w in self._drawn[:wanted]) < self.window.width
        self.frozen = wanted if wanted != self.frozen and fits else 0
        self._lay_out()
        self.refresh()

    def _measure(self) -> None:
        self._measured = min(BLOCK, len(self.rows))
        everything = Arrangement()
        for column in range(min(_MEASURED, len(self.rows.columns))):
            longest = cell_len(self._names[column])
            for row in range(self._measured):
                text = self.rows.text(row, column, everything)
                longest = max(
                    longest, len(NULL) if text is None else cell_len(words(text[:WIDEST]))
                )
            self._widths[column] = max(self._widths[column], min(longest, WIDEST))

    def _lay_out(self) -> None:
        self._gutter = len(f"{max(1, len(self.rows)):,}") + 1
        self._drawn = list(self._widths)
        if (order := self.arrangement.order) is not None:
            # With its mark the name of a narrow column is longer than anything in it.
            named = min(WIDEST, cell_len(self._heading(order[0])))
            self._drawn[order[0]] = max(self._drawn[order[0]], named)
        self._offsets = [0, *accumulate(width + _GAP for width in self._drawn)]
        self.virtual_size = Size(self._gutter + self._offsets[-1], self.count + 1)

    # --- drawing ---------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        row = self.scroll_offset.y + y - 1
        plain = self.rich_style
        if y == 0:
            style = self.get_component_rich_style("grid--header")
            gutter, row = " " * self._gutter, -1
        elif row >= self.count:
            return Strip.blank(self.window.width, plain)
        else:
            style = plain
            number = self.rows.row_number(row, self.arrangement) + 1
            gutter = f"{number:>{self._gutter - 1},} "
        muted = self.get_component_rich_style("grid--number")
        fixed = self._offsets[self.frozen]
        room = max(0, self.window.width - self._gutter - fixed)
        left = fixed + self.scroll_offset.x
        segments = [Segment(gutter, muted)]
        segments += [self._cell(row, column, style) for column in range(self.frozen)]
        first = max(self.frozen, bisect_right(self._offsets, left) - 1)
        moving = []
        for column in range(first, len(self._widths)):
            if self._offsets[column] >= left + room:
                break
            moving.append(self._cell(row, column, style))
        start = left - self._offsets[min(first, len(self._widths))]
        strip = Strip([*segments, *Strip(moving).crop(start, start + room)])
        return strip.adjust_cell_length(self.window.width, plain)

    def _cell(self, row: int, column: int, style: Style) -> Segment:
        width = self._drawn[column]
        if row < 0:
            text = self._heading(column)
        else:
            found = self.rows.text(row, column, self.arrangement)
            if found is None:
                text, style = NULL, self.get_component_rich_style("grid--null")
            else:
                text = words(found)
            if (row, column) == self.cursor:
                style = self.get_component_rich_style("grid--cursor")
        size = cell_len(text)
        if size > width:
            text = set_cell_size(text, width - 1) + "…"
        elif self._right[column]:
            text = " " * (width - size) + text
        else:
            text += " " * (width - size)
        return Segment(text + " " * _GAP, style)

    def _heading(self, column: int) -> str:
        name = self._names[column]
        if self.arrangement.order is None or self.arrangement.order[0] != column:
            return name
        return ("v " if self.arrangement.order[1] else "^ ") + name

    # --- moving ----------------------------------------------------------------------------

    def watch_cursor(self, before: tuple[int, int], now: tuple[int, int]) -> None:
        for row in {before[0], now[0]}:
            self.refresh_line(row + 1)
        self._reveal()

    def _reveal(self) -> None:
        row, column = self.cursor
        height = max(1, self.window.height - 1)
        y = self.scroll_offset.y
        y = min(max(y, row - height + 1), row)
        x = self.scroll_offset.x
        if column >= self.frozen:
            fixed = self._offsets[self.frozen]
            room = max(1, self.window.width - self._gutter - fixed)
            start, end = self._offsets[column] - fixed, self._offsets[column + 1] - fixed
            x = min(max(x, end - room), start)
        if (x, y) != (self.scroll_offset.x, self.scroll_offset.y):
            self.scroll_to(x, y, animate=False, force=True)

    def _go(self, row: int, column: int) -> None:
        last = (max(0, self.count - 1), max(0, len(self._widths) - 1))
        self.cursor = (min(max(0, row), last[0]), min(max(0, column), last[1]))

    def action_move(self, rows: int, columns: int) -> None:
        self._go(self.cursor[0] + rows, self.cursor[1] + columns)

    def action_page(self, pages: int) -> None:
        self._go(self.cursor[0] + pages * max(1, self.window.height - 2), self.cursor[1])

    def action_column(self, column: int) -> None:
        self._go(self.cursor[0], column if column >= 0 else len(self._widths))

    def action_row(self, row: int) -> None:
        self._go(row if row >= 0 else self.count, self.cursor[1])

    def on_click(self, event: Click) -> None:
        x = event.x - self._gutter
        fixed = self._offsets[self.frozen]
        at = x if x < fixed else x + self.scroll_offset.x
        column = min(max(0, bisect_right(self._offsets, at) - 1), len(self._widths) - 1)
        row = self.scroll_offset.y + event.y - 1
        if event.y == 0 or row >= self.count:
            self._go(self.cursor[0], column)
            return
        again = (row, column) == self.cursor
        self._go(row, column)
        if again and event.chain > 1:
            self.post_message(self.Opened())

    def refresh_line(self, y: int) -> None:
        self.refresh(Region(0, y - self.scroll_offset.y, self.window.width, 1))
