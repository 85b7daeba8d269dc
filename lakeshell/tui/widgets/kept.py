"""A result of before the restart, which is kept: shown again when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.widgets import Static

from lakeshell import history
from lakeshell.query.rows import ResultRows
from lakeshell.tui.safe import shortened, shown
from lakeshell.tui.widgets.grid import ResultGrid
from lakeshell.tui.widgets.rows import RowsPane

if TYPE_CHECKING:
    from pathlib import Path

    from lakeshell.lake import Lake


class KeptPane(RowsPane):
    """`id` is that of the query in the history."""

    def __init__(self, id: str) -> None:
        super().__init__()
        self.query_id = id
        self._held: ResultRows | None = None
        self._sql: str | None = None

    def compose(self) -> ComposeResult:
        text = f"the result of {self.query_id}, of before the restart: Enter shows it again"
        yield Static(shown(text), id="figures", markup=False)

    @property
    def rows(self) -> ResultRows | None:
        return self._held

    @property
    def title(self) -> str:
        return shortened(self._sql or self.query_id, 18)

    @property
    def sql(self) -> str | None:
        return self._sql

    @property
    def file_name(self) -> str:
        return f"{self.query_id}.csv"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # Enter opens it first, and a cell of it then.
        return action == "inspect" or super().check_action(action, parameters)

    def action_inspect(self) -> None:
        if self._held is not None:
            super().action_inspect()
            return
        lake, folder = self.host.lake, self.host.lake.state / "console"
        self.host.ask("kept", lambda: _read(lake, self.query_id, folder), self._show_rows)

    def _show_rows(self, found: tuple[str, ResultRows]) -> None:
        self._sql, self._held = found
        grid = ResultGrid(self._held)
        self.mount(grid)
        grid.focus()
        self.draw_figures()
        self.post_message(self.PinChanged())

    def draw_figures(self) -> None:
        if self._held is not None:
            text = (
                f"{len(self._held):,} rows of {self.query_id}, as they were{self.arranged_text()}"
            )
            self.query_one("#figures", Static).update(shown(text))


def _read(lake: Lake, id: str, folder: Path) -> tuple[str, ResultRows]:
    """Raises `NotFound` for one that is kept no longer."""
    record = history.query(lake, id)
    columns, batches = history.results(lake, record).open(record.result_id)
    held = ResultRows(columns, folder)
    for batch in batches:
        held.add(batch)
    return record.sql, held
