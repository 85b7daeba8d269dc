"""What one statement gave: how it goes, its rows, a chart of them, or what it failed with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text
from lakeshell.errors import QueryFailed
from lakeshell.query.rows import Arrangement
from lakeshell.tui.background import said
from lakeshell.tui.running import StatementRun
from lakeshell.tui.safe import shown, shown_lines
from lakeshell.tui.screens.asking import LineScreen, TextScreen
from lakeshell.tui.widgets.grid import ResultGrid

if TYPE_CHECKING:
    from lakeshell.query.series import Series
    from lakeshell.tui.screens.query import QueryScreen
    from lakeshell.tui.widgets.chart import ResultChart

_EVERY = 0.25
"""Seconds between two drawings of a running statement's figures."""


class ResultPane(Vertical, can_focus=True):
    BINDINGS = [
        Binding("enter,i", "inspect", "Cell", id="result.cell"),
        Binding("s", "sort", "Sort", id="result.sort"),
        Binding("slash", "filter", "Filter", id="result.filter", key_display="/"),
        Binding("c", "copy", "Copy", id="result.copy"),
        Binding("y", "copy_row", "Copy row", id="result.copy_row", show=False),
        Binding("f", "freeze", "Freeze", id="result.freeze"),
        Binding("v", "chart", "Chart", id="result.chart"),
        Binding("e", "export", "Export", id="result.export"),
    ]
    DEFAULT_CSS = """
    ResultPane { height: 1fr; }
    ResultPane #figures { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; color: $foreground-muted; }
    ResultPane #message { height: auto; padding: 0 1; }
    """

    def __init__(self, run: StatementRun) -> None:
        super().__init__()
        self.run = run
        self._timer: Timer | None = None
        self.at_end = False
        """Whether how it ended is drawn."""
        self._chart_kind = ""

    def compose(self) -> ComposeResult:
        yield Static("waiting for the statements before it", id="figures", markup=False)

    def on_mount(self) -> None:
        self._timer = self.set_interval(_EVERY, self.draw)

    @property
    def grid(self) -> ResultGrid | None:
        return self.query(ResultGrid).first() if self.query(ResultGrid) else None

    @property
    def host(self) -> QueryScreen:
        from lakeshell.tui.screens.query import QueryScreen

        assert isinstance(self.screen, QueryScreen)
        return self.screen

    # --- drawing ---------------------------------------------------------------------------

    def skip(self) -> None:
        """It is not going to run."""
        if not self.run.begun:
            self.at_end = True
            self._stop_timer()
            self.query_one("#figures", Static).update("not run: a statement before it failed")

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()

    def draw(self) -> None:
        """What is known by now; told when there is more, and by the clock."""
        run = self.run
        if not run.begun or self.at_end:
            return
        if run.rows is not None and (grid := self.grid) is None:
            made = ResultGrid(run.rows)
            self.mount(made)
            if self.has_focus:
                made.focus()
        elif run.rows is not None and grid is not None:
            grid.grew()
        ended = run.ended
        if ended:
            self.at_end = True
            self._stop_timer()
            if run.error is not None:
                self._say(self._failure(run.error))
        self.query_one("#figures", Static).update(self.figures_text(ended))

    def figures_text(self, ended: bool) -> Content:
        run, now = self.run, self.run.figures
        if not ended:
            share = "" if now.fraction is None else f"  {now.fraction:.0%}"
            return shown(
                f"running {now.seconds:.1f} s  {now.rows:,} rows  {size_text(now.scanned)}{share}"
                "  F7 cancels"
            )
        record = run.record
        if record is None or run.error is not None:
            state = "failed" if record is None else record.state.value
            return shown(f"{state} after {now.seconds:.2f} s")
        count = (
            "" if record.rows is None else f"{record.rows:,} row{'' if record.rows == 1 else 's'} "
        )
        what = f"{run.query.update_type}: " if run.query and run.query.update_type else ""
        cost = "" if record.cost is None else f", {money_text(record.cost)} {record.currency}"
        cut = (
            f"  stopped at {size_text(run.rows.size)}: export all with -o"
            if run.cut and run.rows
            else ""
        )
        return shown(
            f"{what}{count}in {record.elapsed or 0:.2f} s, scanned {size_text(record.scanned)}{cost}"
            f"{cut}{self._arranged()}"
        )

    def _arranged(self) -> str:
        grid = self.grid
        if grid is None or not grid.arrangement.filter:
            return ""
        return f"  {grid.count:,} with {grid.arrangement.filter!r} (/ changes it)"

    def _failure(self, error: BaseException) -> Content:
        message, hint = said(error)
        where = ""
        if isinstance(error, QueryFailed) and error.line is not None:
            where = f"line {error.line}:{error.column}: "
        made = Content.styled("error: ", "bold $error") + shown_lines(f"{where}{message}")
        return made + shown_lines(f"\n{hint}") if hint else made

    def _say(self, content: Content) -> None:
        self.mount(Static(content, id="message", markup=False))

    # --- what can be done with rows --------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        needs_rows = action in (
            "inspect", "sort", "filter", "copy", "copy_row", "freeze", "chart", "export",
        )  # fmt: skip
        return not needs_rows or self.run.rows is not None

    def on_result_grid_opened(self) -> None:
        self.action_inspect()

    def action_inspect(self) -> None:
        if (grid := self.grid) is None or not grid.count:
            return
        row, column = grid.cursor
        rows, arrangement = grid.rows, grid.arrangement
        head = f"row {rows.row_number(row, arrangement) + 1:,}, {rows.columns[column].name} {rows.columns[column].type}"

        def show(text: str | None) -> None:
            self.app.push_screen(TextScreen(head, "NULL" if text is None else inspected(text)))

        self.host.ask("cell", lambda: rows.cell(row, column, arrangement), show)

    def action_copy(self) -> None:
        if (grid := self.grid) is None or not grid.count:
            return
        row, column = grid.cursor
        rows, arrangement = grid.rows, grid.arrangement
        self.host.ask("copy", lambda: rows.cell(row, column, arrangement) or "", self._copied)

    def action_copy_row(self) -> None:
        if (grid := self.grid) is None or not grid.count:
            return
        rows, arrangement, row = grid.rows, grid.arrangement, grid.cursor[0]

        def line() -> str:
            columns = range(len(rows.columns))
            return "\t".join(rows.cell(row, column, arrangement) or "" for column in columns)

        self.host.ask("copy", line, self._copied)

    def _copied(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(
            "sent to the terminal's clipboard (OSC 52); where that does not arrive, e saves to a file",
            markup=False,
        )

    def action_freeze(self) -> None:
        if (grid := self.grid) is not None:
            grid.freeze()

    def action_sort(self) -> None:
        """Upward, downward, as it came."""
        if (grid := self.grid) is None:
            return
        column, now = grid.cursor[1], grid.arrangement.order
        order = (column, False)
        if now is not None and now[0] == column:
            order = None if now[1] else (column, True)  # type: ignore[assignment]
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
            self.query_one("#figures", Static).update(self.figures_text(self.run.ended))

    # --- chart -----------------------------------------------------------------------------

    def action_chart(self) -> None:
        """The next kind of chart, then the rows again."""
        from lakeshell.tui.widgets.chart import KINDS, ResultChart, chart_series

        grid = self.grid
        if grid is None:
            return
        kinds = ("", *KINDS)
        kind = kinds[(kinds.index(self._chart_kind) + 1) % len(kinds)]
        if not self.query(ResultChart):
            self.mount(ResultChart())
        chart = self.query(ResultChart).first()
        grid.display, chart.display = not kind, bool(kind)
        self._chart_kind = kind
        if not kind:
            grid.focus()
            return
        self.focus()
        rows, arrangement, column = grid.rows, grid.arrangement, grid.cursor[1]
        self.host.ask(
            "chart",
            lambda: chart_series(kind, rows, arrangement, column),
            lambda data: self._draw_chart(chart, kind, data),
            self._no_chart,
        )

    def _draw_chart(self, chart: ResultChart, kind: str, data: Series) -> None:
        chart.draw(kind, data)
        self.host.status(f"{kind}: v shows the next kind, and after the last the rows")

    def _no_chart(self, error: BaseException) -> None:
        self._chart_kind = "histogram"
        self.action_chart()
        self.host.fail(error)

    # --- export ----------------------------------------------------------------------------

    def action_export(self) -> None:
        def take(name: str | None) -> None:
            if name:
                self.export(Path(name).expanduser())

        note = "by its ending: .csv .tsv .json .md .parquet .arrow .xlsx; the filter and order hold"
        start = f"{self.run.record.id if self.run.record else 'result'}.csv"
        self.app.push_screen(LineScreen("Save the rows to", start, note), take)

    def export(self, path: Path) -> None:
        grid = self.grid
        if grid is None:
            return
        rows, arrangement = grid.rows, grid.arrangement

        def work(_: object) -> int:
            from lakeshell.output.files import format_of, write_file

            return write_file(rows.columns, rows.batches(arrangement), format_of(path), path)

        self.host.carry_out(
            "export",
            f"writing {path}",
            work,
            lambda count: self.notify(f"{count:,} rows are in {path}", markup=False),
        )


def inspected(text: str) -> str:
    """A cell in full; JSON with its structure shown."""
    import json

    if text[:1] not in ("{", "["):
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
