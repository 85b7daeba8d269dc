"""The plan of a crawl: what becomes of each table, and whether it shall be carried out."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from lakeshell.crawl.plan import CrawlPlan
from lakeshell.tui.safe import shown
from lakeshell.tui.widgets.sheet import Sheet, rows


def plan_table(plan: CrawlPlan) -> Content:
    """What each pattern took or left, and what becomes of each table."""
    lines = [
        (
            planned.action.value,
            "" if planned.source is None else str(planned.source),
            "" if planned.table is None else str(planned.table),
            None if planned.put is None else len(planned.put.columns),
            planned.detail,
        )
        for planned in plan.tables
    ]
    return rows(("action", "source", "table", "columns", "why"), lines)


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
            yield Static(shown(f"{name} would be: {self._plan.summary}"), classes="title")
            yield Sheet()
            with Horizontal(classes="buttons"):
                yield Button("Leave it (n)", id="no")
                yield Button("Carry it out (y)", id="yes", variant="primary")

    def on_mount(self) -> None:
        warned = [shown(f"warning: {text}", "$warning") for text in self._plan.warnings]
        self.query_one(Sheet).draw([*warned, plan_table(self._plan)])
        self.query_one(Sheet).focus()

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")
