"""How much of each workgroup's budgets is used, and whether it will last.

In: an open lake and the clock. Out: `BudgetUse`s. Reads the ledger alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeshell.cost.periods import projected
from lakeshell.query.budgets import Level, Standing, standings
from lakeshell.query.limits import spent_at

if TYPE_CHECKING:
    from lakeshell.lake import Lake


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """How a workgroup stands to a budget, in `currency`; `projected` of a month, None of a day."""

    standing: Standing
    projected: Decimal | None
    currency: str

    @property
    def left(self) -> Decimal:
        return max(Decimal(0), self.standing.budget - self.standing.spent)

    @property
    def percent(self) -> Decimal:
        """Used up when it is 100; a budget of nothing always is."""
        standing = self.standing
        used = standing.spent / standing.budget * 100 if standing.budget else Decimal(100)
        return used.quantize(Decimal("0.1"))

    @property
    def state(self) -> str:
        """In words: `stops queries`, `used up`, `warns`, `will not last` by the projection, `ok`."""
        standing = self.standing
        if standing.level is Level.STOP:
            return "stops queries"
        if standing.spent >= standing.budget:
            return "used up"
        if standing.level is Level.WARN:
            return "warns"
        if self.projected is not None and self.projected > standing.budget:
            return "will not last"
        return "ok"


def budgets(lake: Lake, now: datetime, workgroup: str | None = None) -> Sequence[BudgetUse]:
    """Of every workgroup that has one, or of the one named; that of the UTC day before the month's."""
    currency = lake.settings.currency
    found = []
    for name in lake.workgroups.names() if workgroup is None else [workgroup]:
        group = lake.workgroups.get(name)
        if not group.has_budget:
            continue
        day, month = spent_at(lake.ledger, name, now, currency)
        for standing in standings(group, day, month, now):
            monthly = standing.period == "monthly"
            ahead = projected(standing.spent, now, standing.start) if monthly else None
            found.append(BudgetUse(standing, ahead, currency))
    return found
