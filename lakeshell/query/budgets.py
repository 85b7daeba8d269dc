"""How a workgroup stands to its budgets: what is spent of them, and whether that warns or stops.

In: a workgroup and what its queries cost today and this month. Out: a `Standing` for each budget.
Nothing is read here, and nothing done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from lakeshell.cost.periods import day_start, month_start
from lakeshell.cost.prices import money_text
from lakeshell.workgroup import Workgroup


class Level(StrEnum):
    OK = "OK"
    WARN = "WARN"
    STOP = "STOP"


@dataclass(frozen=True, slots=True)
class Standing:
    """`period` is `daily` or `monthly` and began at `start`, UTC. `stop` is the amount at which
    queries are stopped, None for a budget that only warns."""

    workgroup: str
    period: str
    start: datetime
    spent: Decimal
    budget: Decimal
    warn: Decimal | None
    stop: Decimal | None

    @property
    def level(self) -> Level:
        if self.stop is not None and self.spent >= self.stop:
            return Level.STOP
        if self.warn is not None and self.spent >= self.warn:
            return Level.WARN
        return Level.OK

    def allows(self, cost: Decimal) -> bool:
        """Whether a query of that cost still fits."""
        return self.stop is None or self.spent + cost <= self.stop

    def said(self, currency: str) -> str:
        """`80 % of the daily budget of workgroup 'analysts' are spent: 4.01 of 5 USD`."""
        share = 100 * self.spent / self.budget if self.budget else Decimal(100)
        return (
            f"{share:.0f} % of the {self.period} budget of workgroup {self.workgroup!r} is spent: "
            f"{money_text(self.spent)} of {money_text(self.budget)} {currency}"
        )


def standings(group: Workgroup, day: Decimal, month: Decimal, now: datetime) -> Sequence[Standing]:
    """Of each budget that the workgroup has; `day` and `month` are what it spent in them."""
    found = []
    for period, budget, spent, start in (
        ("daily", group.daily_budget, day, day_start(now)),
        ("monthly", group.monthly_budget, month, month_start(now)),
    ):
        if budget is not None:
            warn, stop = (_share(budget, part) for part in (group.budget_warn, group.budget_stop))
            found.append(Standing(group.name, period, start, spent, budget, warn, stop))
    return found


def _share(budget: Decimal, percent: int | None) -> Decimal | None:
    return None if percent is None else budget * percent / 100
