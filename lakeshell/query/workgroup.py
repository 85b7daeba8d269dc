"""A workgroup: who may use it and how much its queries may scan and cost. A value, nothing more."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from lakeshell.errors import UsageError


@dataclass(frozen=True, slots=True)
class Workgroup:
    """`scan_limit` in bytes for one query; budgets in the lake's currency, for a UTC day and month.

    None is no limit; `reuse` is the age in seconds up to which an older result will do, 0 is never;
    `members` are users, none admits everybody. `properties` are session
    properties that its queries run with.
    """

    name: str
    description: str = ""
    members: tuple[str, ...] = ()
    database: str | None = None
    scan_limit: int | None = None
    daily_budget: Decimal | None = None
    monthly_budget: Decimal | None = None
    reuse: int = 0
    properties: dict[str, str] = field(default_factory=dict)

    def admits(self, user: str) -> bool:
        return not self.members or user in self.members

    def admit(self, user: str) -> None:
        """Raises `UsageError` for who is not a member."""
        if not self.admits(user):
            raise UsageError(
                f"{user} is not a member of workgroup {self.name!r}",
                hint="use another workgroup (-w), or add the user to its members",
            )
