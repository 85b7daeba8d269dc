"""Workgroups: limits, members and what each has spent; add, change, remove."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.binding import Binding
from textual.content import Content

from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text
from lakeshell.definitions.schema import checked_name, money, size
from lakeshell.definitions.workgroups import size_text as written_size
from lakeshell.query.workgroup import Workgroup
from lakeshell.tui.screens.asking import LineScreen
from lakeshell.tui.screens.form import Field, FormScreen, Values, listed, options
from lakeshell.tui.screens.noun import NounScreen, Row
from lakeshell.tui.widgets.sheet import heading, values


class WorkgroupsScreen(NounScreen):
    noun = "workgroups"
    columns = ("workgroup", "scan limit", "a day", "a month", "description")
    BINDINGS = [
        Binding("a", "add", "Add", id="workgroups.add"),
        Binding("enter,c", "change", "Change", id="workgroups.change"),
        Binding("delete", "remove", "Remove", id="workgroups.remove"),
    ]

    def rows(self) -> Sequence[Row]:
        groups = map(self.lake.workgroups.get, self.lake.workgroups.names())
        return [(g.name, (g.name, _limit(g), _text(g.daily_budget), _text(g.monthly_budget), g.description)) for g in groups]  # fmt: skip

    def sheet(self, key: str) -> Sequence[Content]:
        group = self.lake.workgroups.get(key)
        day, month = self.lake.spent(key)
        currency = self.lake.services.prices.currency
        return [
            values(
                {
                    "workgroup": group.name,
                    "description": group.description,
                    "members": ", ".join(group.members) or "everybody",
                    "database": group.database,
                    "scan limit": _limit(group) or "none",
                    "daily budget": _text(group.daily_budget) or "none",
                    "monthly budget": _text(group.monthly_budget) or "none",
                    "properties": ", ".join(f"{k}={v}" for k, v in group.properties.items()),
                    "command": f"lakeshell workgroup set {key} --scan-limit 10MB",
                }
            ),
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
        form = FormScreen("Add a workgroup", (name, *_fields(None)), self._add, _add_command)
        self.app.push_screen(form, lambda made: self.look() if made else None)

    def _add(self, given: Values) -> object:
        return self.lake.workgroups.add(Workgroup(name=given["name"], **_read(given)))

    def on_listing_opened(self) -> None:
        self.action_change()

    def action_change(self) -> None:
        key = self.chosen
        if key is not None:
            self.ask("change", lambda: self.lake.workgroups.get(key), self._change)

    def _change(self, group: Workgroup) -> None:
        form = FormScreen(
            f"Change workgroup {group.name}",
            _fields(group),
            lambda given: self.lake.workgroups.set(group.name, _read(given)),
            lambda given: ("workgroup", "set", group.name, *_set_options(given, group)),
        )
        self.app.push_screen(form, lambda made: self.look() if made else None)

    def action_remove(self) -> None:
        key = self.chosen
        if key is None:
            return

        def take(typed: str | None) -> None:
            if typed == key:
                self.ask("remove", lambda: self.lake.workgroups.remove(key), lambda _: self.look())

        question = f"Type {key} to remove that workgroup"
        note = f"its history stays; $ lakeshell workgroup rm {key}"
        self.app.push_screen(LineScreen(question, "", note), take)


def _limit(group: Workgroup) -> str:
    return "" if group.scan_limit is None else size_text(group.scan_limit)


def _text(amount: Any) -> str:
    return "" if amount is None else f"{amount:f}"


def _fields(group: Workgroup | None) -> tuple[Field, ...]:
    def now(name: str) -> str:
        value = None if group is None else getattr(group, name)
        if name == "scan_limit" and value is not None:
            return str(written_size(value))
        return " ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)

    return (
        Field("scan_limit", "Scan limit", "10MB: the most a query may scan", now("scan_limit"), check=size),
        Field("daily_budget", "Daily budget", "5", now("daily_budget"), check=money),
        Field("monthly_budget", "Monthly budget", "50", now("monthly_budget"), check=money),
        Field("database", "Database", "of names without one", now("database")),
        Field("members", "Members", "users by blanks; empty admits everybody", now("members")),
        Field("description", "Description", "what it is for", now("description")),
    )  # fmt: skip


def _read(given: Values) -> dict[str, Any]:
    return {
        "scan_limit": size(given["scan_limit"]) if given["scan_limit"] else None,
        "daily_budget": money(given["daily_budget"]) if given["daily_budget"] else None,
        "monthly_budget": money(given["monthly_budget"]) if given["monthly_budget"] else None,
        "database": given["database"] or None,
        "members": listed(given["members"]),
        "description": given["description"],
    }


def _add_command(given: Values) -> Sequence[str]:
    return ("workgroup", "add", given["name"] or "NAME", *_options(given))


def _options(given: Values) -> list[str]:
    return options(
        scan_limit=given["scan_limit"],
        daily_budget=given["daily_budget"],
        monthly_budget=given["monthly_budget"],
        database=given["database"],
        member=listed(given["members"]),
        description=given["description"],
    )


def _set_options(given: Values, group: Workgroup) -> list[str]:
    """Only what changed; what was emptied is `none`."""
    before = {field.name: field.value for field in _fields(group)}
    changed = {
        name: (value or "none") if value != before[name] else "" for name, value in given.items()
    }
    return _options(changed)
