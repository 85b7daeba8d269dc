"""A month by any key, its sum, and where it is heading.

In: an open lake and the clock. Out: a `Month`. Reads the ledger alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeshell.cost.periods import month_before, month_end, projected
from lakeshell.cost.prices import money_text
from lakeshell.model import Usage

if TYPE_CHECKING:
    from lakeshell.lake import Lake

GROUPS = ("workgroup", "user", "day", "month", "job", "crawler")
MONTHS = 12
"""How many months are looked back on."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Of one currency. `projected` is what the month will have cost at its end."""

    currency: str
    spent: Decimal
    projected: Decimal


@dataclass(frozen=True, slots=True)
class Month:
    """One month, or the last ones where `by` is month; `end` is where the span ends."""

    start: datetime
    end: datetime
    by: str
    usage: Sequence[Usage]
    days: Sequence[Usage]
    sums: Sequence[Sum]


def month(lake: Lake, start: datetime, now: datetime, by: str, workgroup: str | None) -> Month:
    """The month that begins at `start`; by month, that and those before it."""
    end = month_end(start)
    since = month_before(start, MONTHS - 1) if by == "month" else start
    usage = lake.ledger.usage(since, end, by, workgroup)
    days = usage if by == "day" else lake.ledger.usage(start, end, "day", workgroup)
    return Month(start, end, by, usage, days, sums(days, start, now))


def sums(usage: Sequence[Usage], start: datetime, now: datetime) -> Sequence[Sum]:
    """Of usage in the month that begins at `start`."""
    spent: dict[str, Decimal] = {}
    for used in usage:
        spent[used.currency] = spent.get(used.currency, Decimal(0)) + used.cost
    return [Sum(c, amount, projected(amount, now, start)) for c, amount in sorted(spent.items())]


def amount_text(amount: Decimal) -> str:
    """For eyes: two decimals, or two figures of what is less than a hundredth."""
    return money_text(amount, rounded=True) or ""
