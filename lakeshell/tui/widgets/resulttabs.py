"""The results of a tab: one for each statement that ran, those that were kept, and comparisons."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from lakeshell.tui.widgets.results import ResultPane
from lakeshell.tui.widgets.rows import RowsPane
from lakeshell.tui.widgets.tabline import TabLine


class ResultTabs(Vertical):
    """One is in front. `panes` in the order of the line above them."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.panes: list[RowsPane] = []
        self._picked = 0

    def compose(self) -> ComposeResult:
        yield TabLine(id="result_names")

    def on_mount(self) -> None:
        self.draw_names()

    @property
    def runs(self) -> list[ResultPane]:
        """Those of statements."""
        return [pane for pane in self.panes if isinstance(pane, ResultPane)]

    @property
    def kept_ids(self) -> list[str]:
        """The queries of the history whose results these are."""
        return [pane.query_id for pane in self.panes if pane.query_id]

    @property
    def picked(self) -> RowsPane | None:
        return self.panes[self._picked] if self._picked < len(self.panes) else None

    def show(self, panes: Sequence[RowsPane], *, beside: bool = False) -> None:
        """In front of what is kept; `beside` leaves everything else where it is."""
        gone = [] if beside else [pane for pane in self.panes if not pane.pinned]
        for pane in gone:
            pane.close()
            pane.remove()
        self.panes = [pane for pane in self.panes if pane not in gone] + list(panes)
        self.mount(*panes)
        self.pick(panes[0])

    def pick(self, pane: RowsPane) -> None:
        self._picked = self.panes.index(pane)
        self.draw_names()

    def step(self, step: int) -> None:
        if self.panes:
            self._picked = (self._picked + step) % len(self.panes)
            self.draw_names()
            self.focus_rows()

    def focus_rows(self) -> None:
        pane = self.picked
        if pane is not None:
            target = pane.grid if pane.grid is not None and pane.grid.display else pane
            self.screen.set_focus(target)

    def draw_names(self) -> None:
        line = self.query_one("#result_names", TabLine)
        line.display = len(self.panes) > 1
        line.draw(
            [
                f"{number}{'*' if pane.pinned else ''} {pane.title}"
                for number, pane in enumerate(self.panes, 1)
            ],
            self._picked,
        )
        for index, pane in enumerate(self.panes):
            pane.display = index == self._picked

    def on_tab_line_picked(self, event: TabLine.Picked) -> None:
        event.stop()
        self._picked = event.index
        self.draw_names()

    def on_rows_pane_pin_changed(self) -> None:
        self.draw_names()

    def close(self) -> None:
        for pane in self.panes:
            if not isinstance(pane, ResultPane) or pane.run.ended:
                pane.close()
