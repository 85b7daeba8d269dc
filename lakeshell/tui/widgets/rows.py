"""The rows of a result on the screen, and what can be done with them by a key each.

In: a `ResultRows`, which may still grow. Out: its grid; a chart of it; messages where something
beyond these rows is wanted. What takes long runs on a thread.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message

from lakeshell.query.rows import Arrangement, ResultRows
from lakeshell.tui import clipboard
from lakeshell.tui.safe import short_path
from lakeshell.tui.screens.asking import LineScreen, TextScreen
from lakeshell.tui.screens.saving import save_rows
from lakeshell.tui.widgets.grid import ResultGrid

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from lakeshell.query.nested import Part
    from lakeshell.tui.screens.query import QueryScreen
    from lakeshell.tui.widgets.chart import ResultChart

_COPIED = 10_000
"""Rows that are copied at most; more are for a file."""


class RowsPane(Vertical, can_focus=True):
    BINDINGS = [
        Binding("enter,i", "inspect", "Cell", id="result.cell"),
        Binding("s", "sort", "Sort", id="result.sort"),
        Binding("slash", "filter", "Filter", id="result.filter", key_display="/"),
        Binding("n", "find(1)", "Find", id="result.find"),
        Binding("N", "find(-1)", "Find before", id="result.find_before", show=False),
        Binding("question_mark", "find(0)", "Find another", id="result.find_new", key_display="?", show=False),
        Binding("c", "copy", "Copy", id="result.copy"),
        Binding("y", "copy_row", "Copy row", id="result.copy_row", show=False),
        Binding("Y", "copy_rows", "Copy the rows", id="result.copy_rows", show=False),
        Binding("f", "freeze", "Freeze", id="result.freeze", show=False),
        Binding("v", "chart", "Chart", id="result.chart"),
        Binding("e", "export", "Export", id="result.export"),
        Binding("d", "compare", "Compare", id="result.compare"),
        Binding("t", "make", "Table/view of it", id="result.make", show=False),
        Binding("p", "pin", "Keep", id="result.pin", show=False),
    ]  # fmt: skip
    DEFAULT_CSS = """
    RowsPane { height: 1fr; }
    RowsPane #figures { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; color: $foreground-muted; }
    RowsPane #message { height: auto; padding: 0 1; }
    """

    class CompareWanted(Message):
        """With another result."""

        def __init__(self, pane: RowsPane) -> None:
            super().__init__()
            self.pane = pane

    class MakeWanted(Message):
        """A table or a view of what gave these rows."""

        def __init__(self, sql: str) -> None:
            super().__init__()
            self.sql = sql

    class PinChanged(Message):
        """Whether it stays when something else runs."""

    query_id = ""
    """Of the history, where the rows are the result of one of its queries."""
    at_end = True
    """Whether no more rows come, and how they ended is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.pinned = False
        self._sought = ""
        self._places: tuple[tuple[str, int, int], pa.Array] | None = None

    @property
    def rows(self) -> ResultRows | None:
        raise NotImplementedError

    @property
    def title(self) -> str:
        """A few words, for the line of results."""
        raise NotImplementedError

    @property
    def sql(self) -> str | None:
        """The query that gives these rows; None where no single one does."""
        return None

    def draw_figures(self) -> None:
        """How many rows, from where, and as arranged."""
        raise NotImplementedError

    @property
    def grid(self) -> ResultGrid | None:
        return self.query(ResultGrid).first() if self.query(ResultGrid) else None

    @property
    def host(self) -> QueryScreen:
        from lakeshell.tui.screens.query import QueryScreen

        assert isinstance(self.screen, QueryScreen)
        return self.screen

    def close(self) -> None:
        """Gives back what the rows hold."""
        if self.rows is not None:
            self.rows.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        needs_rows = action in (
            "inspect", "sort", "filter", "find", "copy", "copy_row", "copy_rows", "freeze", "chart",
            "export", "compare", "pin",
        )  # fmt: skip
        if action == "make":
            return self.sql is not None
        if action == "chart" and self.grid is not None and not self.grid.display:
            return False  # There is one: its key is the chart's own then.
        return not needs_rows or self.rows is not None

    def arranged_text(self) -> str:
        grid = self.grid
        if grid is None or not grid.arrangement.filter:
            return ""
        return f"  {grid.count:,} with {grid.arrangement.filter!r} (/ changes it)"

    # --- one cell --------------------------------------------------------------------------

    def on_result_grid_opened(self) -> None:
        self.action_inspect()

    def action_inspect(self) -> None:
        if (grid := self.grid) is None or not grid.count:
            return
        from lakeshell.query.nested import part_of

        row, column = grid.cursor
        rows = grid.rows
        number = rows.row_number(row, grid.arrangement)
        title = f"row {number + 1:,}, {rows.columns[column].name} {rows.columns[column].type}"
        self.host.ask("cell", lambda: part_of(rows, number, column), lambda p: self._open(title, p))

    def _open(self, title: str, part: Part) -> None:
        if part.count:
            from lakeshell.tui.screens.cell import CellScreen

            self.app.push_screen(CellScreen(title, part))
        else:
            text = part.text
            self.app.push_screen(TextScreen(title, "NULL" if text is None else text))

    # --- copying ---------------------------------------------------------------------------

    def action_copy(self) -> None:
        if (grid := self.grid) is None or not grid.count:
            return
        (row, column), rows, arrangement = grid.cursor, grid.rows, grid.arrangement
        self.host.ask("copy", lambda: rows.cell(row, column, arrangement) or "", self._copied)

    def action_copy_row(self) -> None:
        if (grid := self.grid) is None or not grid.count:
            return
        rows, arrangement, row = grid.rows, grid.arrangement, grid.cursor[0]
        columns = range(len(rows.columns))
        self.host.ask(
            "copy",
            lambda: "\t".join(rows.cell(row, column, arrangement) or "" for column in columns),
            self._copied,
        )

    def action_copy_rows(self) -> None:
        """All of them as arranged, with their names, as spreadsheets take them."""
        if (grid := self.grid) is None:
            return
        rows, arrangement = grid.rows, grid.arrangement
        if grid.count > _COPIED:
            self.host.status(f"{grid.count:,} rows are for a file: e writes them")
            return

        def work() -> str:
            from lakeshell.output.vector import lines

            names = "\t".join(column.name for column in rows.columns) + "\n"
            made = (lines(b, rows.columns, "TSV") for b in rows.batches(arrangement) if b.num_rows)
            return names + "".join(made)

        self.host.ask("copy", work, self._copied)

    def _copied(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        folder = self.host.lake.state / "console"

        def say(path: Path | None) -> None:
            where = "" if path is None else f"in {short_path(path)}"
            if clipboard.fits(text):
                self.host.status(f"copied (OSC 52){where and f', and {where}'}")
            else:
                self.host.status(f"too much for a terminal's clipboard: {where or 'not copied'}")

        self.host.ask("copied", lambda: clipboard.keep(folder, text), say)

    # --- arranging -------------------------------------------------------------------------

    def action_freeze(self) -> None:
        if (grid := self.grid) is not None:
            grid.freeze()

    def action_pin(self) -> None:
        """Keeps it beside the results of what runs next; again, no longer."""
        self.pinned = not self.pinned
        self.post_message(self.PinChanged())
        self.host.status("kept when something else runs: p lets it go" if self.pinned else "")

    def action_sort(self) -> None:
        """Upward, downward, as it came."""
        if (grid := self.grid) is None:
            return
        column, now = grid.cursor[1], grid.arrangement.order
        order: tuple[int, bool] | None = (column, False)
        if now is not None and now[0] == column:
            order = None if now[1] else (column, True)
        self._arrange(order, grid.arrangement.filter)

    def action_filter(self) -> None:
        if (grid := self.grid) is None:
            return
        now = grid.arrangement

        def take(text: str | None) -> None:
            if text is not None:
                self._arrange(now.order, text.strip())

        note = "in any column, or COLUMN: TEXT for one; empty shows all"
        self.app.push_screen(LineScreen("Rows that contain", now.filter, note), take)

    def _arrange(self, order: tuple[int, bool] | None, filter: str) -> None:
        grid = self.grid
        assert grid is not None
        if order is None and not filter:
            self._show(Arrangement())
            return
        rows = grid.rows
        self.host.status("arranging rows …")
        self.host.ask("arrange", lambda: rows.arrange(order, filter), self._show)

    def _show(self, arrangement: Arrangement) -> None:
        if (grid := self.grid) is not None:
            grid.show_as(arrangement)
            self.host.status("")
            self.draw_figures()

    # --- finding ---------------------------------------------------------------------------

    def action_find(self, step: int) -> None:
        """The next row or the one before that has a text; 0 asks for another text."""
        if self.grid is None:
            return
        if self._sought and step:
            self._find(step)
            return

        def take(text: str | None) -> None:
            if text and text.strip():
                self._sought = text.strip()
                self._find(step or 1)

        note = "in any column, or COLUMN: TEXT for one; n goes to the next, N to the one before"
        self.app.push_screen(LineScreen("Find", self._sought, note), take)

    def _find(self, step: int) -> None:
        grid = self.grid
        assert grid is not None
        rows, arrangement, text = grid.rows, grid.arrangement, self._sought
        key = (text, arrangement.number, len(rows))
        known = self._places
        if known is not None and known[0] == key:
            self._go_to(known[1], step)
            return

        def take(places: pa.Array) -> None:
            self._places = (key, places)
            self._go_to(places, step)

        self.host.status(f"looking for {text!r} …")
        self.host.ask("find", lambda: rows.found(text, arrangement), take)

    def _go_to(self, places: pa.Array, step: int) -> None:
        grid = self.grid
        assert grid is not None
        count = len(places)
        if not count:
            self.host.status(f"nothing contains {self._sought!r}: ? asks for another text")
            return
        here = grid.cursor[0]
        if step > 0:
            at = bisect_right(places, here, key=lambda place: place.as_py())
        else:
            at = bisect_left(places, here, key=lambda place: place.as_py()) - 1
        row = places[at % count].as_py()
        grid.cursor = (row, self._column_of(row))
        self.host.status(f"{at % count + 1:,} of {count:,} rows with {self._sought!r}")

    def _column_of(self, row: int) -> int:
        """The first column of a row that has what is sought."""
        grid = self.grid
        assert grid is not None
        wanted = self._sought.rpartition(":")[2].strip().lower()
        for column in range(len(grid.rows.columns)):
            text = grid.rows.text(row, column, grid.arrangement)
            if text is not None and wanted in text.lower():
                return column
        return grid.cursor[1]

    # --- beyond the rows -------------------------------------------------------------------

    def action_chart(self) -> None:
        """A chart in the place of the rows; Esc brings them back."""
        from lakeshell.tui.widgets.chart import ResultChart

        if (grid := self.grid) is not None and not self.query(ResultChart):
            grid.display = False
            self.mount(ResultChart(grid.rows, grid.arrangement, grid.cursor[1]))

    def on_result_chart_left(self, event: ResultChart.Left) -> None:
        event.chart.remove()
        if (grid := self.grid) is not None:
            grid.display = True
            grid.focus()

    def action_compare(self) -> None:
        self.post_message(self.CompareWanted(self))

    def action_make(self) -> None:
        if self.sql is not None:
            self.post_message(self.MakeWanted(self.sql))

    def action_export(self) -> None:
        grid = self.grid
        if grid is None:
            return
        rows, arrangement = grid.rows, grid.arrangement
        save_rows(
            self.host,
            "Save the rows to",
            self.file_name,
            lambda: (rows.columns, rows.batches(arrangement)),
            lambda path, count: self.host.status(f"{count:,} rows are in {short_path(path)}"),
            "; the filter and order hold",
        )

    @property
    def file_name(self) -> str:
        """What a file of the rows is called, unless somebody says otherwise."""
        return "result.csv"
