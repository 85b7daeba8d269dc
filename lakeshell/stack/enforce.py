"""Workgroups held on the server: what would change as data, then done.

In: the lake's workgroups and its `access/rules.json`. Out: a `Plan` against what Trino's tables and
its file of rules hold now; carried out, the two say what the workgroups say. Doing it again changes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from lakeshell.errors import ConnectionFailed
from lakeshell.stack import limits, rules
from lakeshell.stack.control import cursor
from lakeshell.stack.groups import Change, Cluster, Limits, changes, group_name, wanted
from lakeshell.stack.installation import Installation
from lakeshell.stack.services import Service
from lakeshell.workgroup import OVER_BUDGET, Workgroup


@dataclass(frozen=True, slots=True)
class Plan:
    """`changes` are for people; `rules` is the text of the file of rules where it changes."""

    before: Limits
    after: Limits
    rules: str | None
    changes: Sequence[Change]
    warnings: Sequence[str]


class Enforcement:
    """Of one installation. `by_hand` is the lake's own file of rules."""

    def __init__(
        self,
        installation: Installation,
        by_hand: Path,
        cluster: Cluster,
        workgroups: Callable[[], Sequence[Workgroup]],
    ) -> None:
        self.installation = installation
        self.by_hand = by_hand
        self.cluster = cluster
        self._workgroups = workgroups

    @property
    def rules(self) -> Path:
        """The file that Trino reads."""
        return self.installation.rules / "rules.json"

    def has_groups(self) -> bool:
        """Whether Trino takes queries. Raises `ConnectionFailed`."""
        with cursor(self.installation, Service.CONTROL) as sql:
            return limits.ready(sql) and bool(limits.found(sql).selectors)

    def write_rules(self) -> None:
        """The rules alone, which Trino needs to start."""
        rules.write(self.rules, self._text(self._workgroups()))

    def _text(self, groups: Sequence[Workgroup]) -> str:
        """The file of rules as it should be. Raises `ConfigurationError`."""
        made = rules.of_workgroups(groups)
        return rules.text(rules.merged(rules.read_by_hand(self.by_hand), made))

    def plan(self, spent_up: Collection[str] | None = None) -> Plan:
        """`spent_up` are the workgroups whose budget is used up; None leaves those stopped that
        are. Raises `ConfigurationError` for a file that is wrong, `ConnectionFailed`."""
        groups = self._workgroups()
        text = self._text(groups)
        with cursor(self.installation, Service.CONTROL) as sql:
            before = limits.found(sql) if limits.ready(sql) else Limits()
        if spent_up is None:
            stopped = {group.name for group in before.groups}
            spent_up = [
                group.name for group in groups if group_name(group.name) + OVER_BUDGET in stopped
            ]
        made = wanted(groups, self.cluster, spent_up)
        found = list(changes(before, made.limits))
        known = self.rules.read_text(encoding="utf-8") if self.rules.exists() else ""
        if known != text:
            found += rules.changes(known, text)
        return Plan(before, made.limits, None if known == text else text, found, made.warnings)

    def apply(self, plan: Plan) -> None:
        """Raises `ConnectionFailed`."""
        if plan.before != plan.after:
            with cursor(self.installation, Service.CONTROL) as sql:
                if not limits.ready(sql):
                    raise ConnectionFailed(
                        "Trino has no tables of limits yet: it did not start since this stack was made",
                        hint="lakeshell stack up",
                    )
                # Another may be at it, for `serve` sees a file change that a command wrote.
                sql.execute("SELECT GET_LOCK('lakeshell limits', 30)")
                limits.write(sql, limits.found(sql), plan.after)
        if plan.rules is not None:
            rules.write(self.rules, plan.rules)
