"""Workgroups: limits, members and what each has spent; add, change, remove."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.binding import Binding
from textual.content import Content

from lakeshell import budgets
from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text
from lakeshell.definitions.schema import checked_name
from lakeshell.errors import command_line
from lakeshell.model import WorkgroupEvent
from lakeshell.stack.enforce import Plan
from lakeshell.tui.screens.asking import YesScreen
from lakeshell.tui.screens.edited import Edited
from lakeshell.tui.screens.form import Field, FormScreen, Values
from lakeshell.tui.screens.noun import NounScreen, Row, described
from lakeshell.tui.screens.workgroupform import add_words, fields, read, set_words
from lakeshell.tui.widgets.sheet import heading, values
from lakeshell.workgroup import Workgroup


class WorkgroupsScreen(NounScreen):
    noun = "workgroups"
    columns = ("workgroup", "scan limit", "a day", "a month", "description")
    BINDINGS = [
        Binding("a", "add", "Add", id="workgroups.add"),
        Binding("enter,c", "change", "Change", id="workgroups.change"),
        Binding("A", "apply", "Apply", id="workgroups.apply", show=False),
        Binding("delete", "remove", "Remove", id="workgroups.remove"),
    ]

    def rows(self) -> Sequence[Row]:
        known = self.lake.workgroups
        return described(known.names(), known.get, _row)

    def sheet(self, key: str) -> Sequence[Content]:
        group = self.lake.workgroups.get(key)
        day, month = budgets.spent(self.lake, key)
        currency = self.lake.services.prices.currency
        return [
            values(
                {
                    "workgroup": group.name,
                    "description": group.description,
                    "members": ", ".join(group.members) or "everybody",
                    "tags": ", ".join((key, *group.tags)),
                    "database": group.database,
                    "databases": ", ".join(group.databases),
                    "at once": group.concurrency,
                    "waiting": group.queue,
                    "scan limit": _limit(group) or "none",
                    "daily budget": _text(group.daily_budget) or "none",
                    "monthly budget": _text(group.monthly_budget) or "none",
                    "properties": ", ".join(f"{k}={v}" for k, v in group.properties.items()),
                    "command": command_line("query", "-w", key, "-e", "SQL"),
                }
            ),
            *_happened(self.lake.ledger.events(key, 5)),
            heading("Spent"),
            values(
                {
                    "today": f"{money_text(day)} {currency}",
                    "this month": f"{money_text(month)} {currency}",
                }
            ),
        ]

    # --- changing --------------------------------------------------------------------------

    def action_add(self) -> None:
        name = Field(
            "name", "Name", "analysts", required=True, check=lambda t: checked_name("workgroup", t)
        )
        self.fill_in(FormScreen("Add a workgroup", (name, *fields(None)), self._add, add_words))

    def _add(self, given: Values) -> object:
        self.lake.workgroups.add(Workgroup(name=given["name"], **read(given)))
        return budgets.hold(self.lake)

    def on_listing_opened(self) -> None:
        self.action_change()

    def action_change(self) -> None:
        key = self.chosen
        if key is None:
            return
        groups = self.lake.workgroups
        edited = Edited(groups.path(key), lambda: fields(groups.get(key)))
        self.edit(
            f"Change workgroup {key}",
            edited,
            lambda given: self._set(key, read(given)),
            lambda given, before: set_words(key, given, before),
        )

    def _set(self, name: str, changes: dict[str, Any]) -> object:
        self.lake.workgroups.set(name, changes)
        return budgets.hold(self.lake)

    def _taken(self, name: str) -> object:
        self.lake.remove_workgroup(name)
        return budgets.hold(self.lake)

    def action_apply(self) -> None:
        """Has the stack's Trino hold what the files say, after showing what that changes."""
        if not self.lake.has_stack:
            self.status("this lake has no Trino of its own: limits are held here")
            return

        def draw(plan: Plan) -> None:
            if not plan.changes:
                self.status("Trino holds what the workgroups say")
                return
            lines = "\n".join("  ".join(map(str, change)) for change in plan.changes)
            question = YesScreen("Have Trino hold this?", lines, "Apply it")
            self.app.push_screen(question, lambda yes: self._apply() if yes else None)

        self.ask("plan", lambda: budgets.plan(self.lake), draw)

    def _apply(self) -> None:
        self.ask("apply", lambda: budgets.hold(self.lake), lambda _: self.look())

    def action_remove(self) -> None:
        key = self.chosen
        if key is not None:
            note = f"its history stays; $ {command_line('workgroup', 'rm', key)}"
            self.remove_named(key, lambda: self._taken(key), note)


def _happened(events: Sequence[WorkgroupEvent]) -> Sequence[Content]:
    """What its limits and budgets did last."""
    if not events:
        return []
    said = {f"{event.at:%m-%d %H:%M} {event.kind}": event.detail for event in events}
    return [heading("Limits"), values(said)]


def _row(group: Workgroup) -> tuple[object, ...]:
    day, month = _text(group.daily_budget), _text(group.monthly_budget)
    return (group.name, _limit(group), day, month, group.description)


def _limit(group: Workgroup) -> str:
    return "" if group.scan_limit is None else size_text(group.scan_limit)


def _text(amount: Any) -> str:
    return "" if amount is None else f"{amount:f}"
