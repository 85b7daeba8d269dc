"""The plan of a crawl: what becomes of each table, and whether it shall be carried out."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from lakeshell.crawl.plan import CrawlPlan
from lakeshell.model import TableName
from lakeshell.output.fit import Fit
from lakeshell.tui.safe import shown
from lakeshell.tui.widgets.sheet import Sheet, rows

_FIT = Fit(spare=("columns",), wrapped=("source", "table, why"), least=28)


def plan_table(plan: CrawlPlan, room: int) -> Content:
    """What each pattern took or left, and what becomes of each table, in `room` columns."""
    lines = [
        (
            planned.action.value,
            "" if planned.source is None else str(planned.source),
            None if planned.put is None else len(planned.put.columns),
            ": ".join(filter(None, (_named(planned.table, plan), planned.detail))),
        )
        for planned in plan.tables
    ]
    return rows(("action", "source", "columns", "table, why"), lines, room, _FIT)


def _named(table: TableName | None, plan: CrawlPlan) -> str:
    """Without the database that the whole plan is about."""
    if table is None:
        return ""
    return table.table if table.database == plan.settings.database else str(table)


class PlanScreen(ModalScreen[bool]):
    """True: carry it out."""

    BINDINGS = [
        Binding("y", "answer(True)", "Carry out"),
        Binding("escape,n", "answer(False)", "Leave"),
    ]

    def __init__(self, plan: CrawlPlan) -> None:
        super().__init__()
        self._plan = plan

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog large"):
            name = self._plan.settings.name
            database = self._plan.settings.database
            said = f"{name} would be: {self._plan.summary}, in {database}"
            yield Static(shown(said), classes="title")
            yield Sheet()
            with Horizontal(classes="buttons"):
                yield Button("Leave it (n)", id="no")
                yield Button("Carry it out (y)", id="yes", variant="primary")

    def on_mount(self) -> None:
        self.query_one(Sheet).focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        sheet = self.query_one(Sheet)
        warned = [shown(f"warning: {text}", "$warning") for text in self._plan.warnings]
        sheet.draw([*warned, plan_table(self._plan, sheet.room)])

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")
