"""What one statement gave: how it goes, its rows, or what it failed with."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text
from lakeshell.errors import QueryFailed
from lakeshell.query.rows import ResultRows
from lakeshell.query.run import state_after
from lakeshell.tui.background import said
from lakeshell.tui.running import StatementRun
from lakeshell.tui.safe import shortened, shown, shown_lines
from lakeshell.tui.widgets.grid import ResultGrid
from lakeshell.tui.widgets.rows import RowsPane

_EVERY = 0.25
"""Seconds between two drawings of a running statement's figures."""


class ResultPane(RowsPane):
    def __init__(self, run: StatementRun) -> None:
        super().__init__()
        self.run = run
        self._timer: Timer | None = None
        self.at_end = False
        """Whether how it ended is drawn."""

    def compose(self) -> ComposeResult:
        yield Static("waiting for the statements before it", id="figures", markup=False)

    def on_mount(self) -> None:
        self._timer = self.set_interval(_EVERY, self.draw)

    @property
    def rows(self) -> ResultRows | None:
        return self.run.rows

    @property
    def title(self) -> str:
        mark = "!" if self.run.error is not None else "" if self.run.ended else "…"
        return f"{mark} {shortened(self.run.statement.text, 18)}".lstrip()

    @property
    def query_id(self) -> str:  # type: ignore[override]
        record = self.run.record
        kept = record is not None and self.run.error is None and self.run.rows is not None
        return record.id if record is not None and kept else ""

    @property
    def sql(self) -> str | None:
        record = self.run.record
        return self.run.sql if record is not None and record.kind == "SELECT" else None

    @property
    def file_name(self) -> str:
        return f"{self.run.record.id if self.run.record else 'result'}.csv"

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
        # Looked at first: rows that came before it ended are drawn below.
        ended = run.ended
        if run.rows is not None and (grid := self.grid) is None:
            made = ResultGrid(run.rows)
            self.mount(made, after="#figures")
            if self.has_focus:
                made.focus()
        elif run.rows is not None and grid is not None:
            grid.grew()
        if ended:
            self.at_end = True
            self._stop_timer()
            if run.error is not None:
                self.mount(Static(self._failure(run.error), id="message", markup=False))
        self.draw_figures()

    def draw_figures(self) -> None:
        # One line, whatever is in it: nothing else has to move.
        text = self.figures_text(self.run.ended)
        self.query_one("#figures", Static).update(text, layout=False)

    def figures_text(self, ended: bool) -> Content:
        run, now = self.run, self.run.figures
        if not ended:
            share = "" if now.fraction is None else f"  {now.fraction:.0%}"
            stage = f"  {now.stage}" if now.stage else ""
            word = "" if now.stage.startswith("queued") else "running "
            return shown(
                f"{word}{now.seconds:.1f} s{stage}  {now.rows:,} rows  {size_text(now.scanned)}"
                f"{share}  F7 cancels"
            )
        record = run.record
        if record is None or run.error is not None:
            state = record.state if record is not None else state_after(run.error)
            kept = f"  {run.came:,} rows came before that" if run.came else ""
            return shown(f"{state.value} after {now.seconds:.2f} s{kept}{self.arranged_text()}")
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
            f"{cut}{self.arranged_text()}"
        )

    def _failure(self, error: BaseException) -> Content:
        message, hint = said(error)
        where = ""
        if isinstance(error, QueryFailed) and error.line is not None:
            where = f"line {error.line}:{error.column}: "
        made = Content.styled("error: ", "bold $error") + shown_lines(f"{where}{message}")
        if self.run.came:
            hint = f"{hint}\n" if hint else ""
            hint += (
                f"the {self.run.came:,} rows above came before that and are not all there are: "
                "they can be looked at, copied and exported"
            )
        return made + shown_lines(f"\n{hint}") if hint else made
