"""How two results differ, as rows like those of any other result."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from lakeshell.query.compare import MOST, Comparison
from lakeshell.query.rows import ResultRows
from lakeshell.tui.safe import shown
from lakeshell.tui.widgets.grid import ResultGrid
from lakeshell.tui.widgets.rows import RowsPane


class ComparisonPane(RowsPane):
    def __init__(self, found: Comparison, names: tuple[str, str]) -> None:
        super().__init__()
        self._found, self._names = found, names

    def compose(self) -> ComposeResult:
        yield Static(id="figures", markup=False)
        yield ResultGrid(self._found.rows)
        yield Static(shown(self._explained()), id="message", markup=False)

    def on_mount(self) -> None:
        self.draw_figures()

    @property
    def rows(self) -> ResultRows:
        return self._found.rows

    @property
    def title(self) -> str:
        return f"{self._names[0]} ~ {self._names[1]}"

    @property
    def file_name(self) -> str:
        return "differences.csv"

    def draw_figures(self) -> None:
        found = self._found
        how = f"by {', '.join(found.keys)}" if found.keys else "by position"
        text = (
            f"{found.changed:,} changed, {found.only_first:,} only in 1, {found.only_second:,} only "
            f"in 2, {found.same:,} the same, {how}{self.arranged_text()}"
        )
        self.query_one("#figures", Static).update(
            shown(f"no difference: {found.same:,} rows, {how}" if found.equal else text)
        )

    def _explained(self) -> str:
        found = self._found
        parts = [f"1 is {self._names[0]}, 2 is {self._names[1]}"]
        if found.differing:
            parts.append(f"differing columns: {', '.join(found.differing)}")
        if found.not_compared:
            parts.append(f"in one of them alone: {', '.join(found.not_compared)}")
        if len(found.rows) == MOST:
            parts.append(f"the first {MOST:,} differences are shown")
        return "; ".join(parts)
