"""Days and months in UTC, and a month's projection from what is spent so far.

In: moments and sums. Out: the bounds of a period, and money. The clock is passed in.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from lakeshell.cost.prices import money


def day_start(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day_end(now: datetime) -> datetime:
    """Where the next day begins."""
    return day_start(now) + timedelta(days=1)


def month_start(now: datetime) -> datetime:
    return day_start(now).replace(day=1)


def month_end(now: datetime) -> datetime:
    """Where the next month begins."""
    return month_start(month_start(now) + timedelta(days=32))


def parse_month(text: str) -> datetime:
    """The start of `2026-11`; raises ValueError, also near the ends of the calendar."""
    made = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    if not 1900 <= made.year <= 9000:
        raise ValueError(f"{text} has no months around it")
    return made


METHOD = "what is spent, over the share of the month that is gone; its first day counts as gone"
"""How `projected` does it, in words."""


def month_before(month: datetime, count: int = 1) -> datetime:
    """The start of the month so many before the one that begins at `month`."""
    number = month.year * 12 + month.month - 1 - count
    return month.replace(year=number // 12, month=number % 12 + 1)


def projected(spent: Decimal, now: datetime, month: datetime) -> Decimal:
    """A month's cost if it goes on as it went: what is spent, over the share of the month gone.

    A past month costs what it cost; one that has not begun, nothing.
    """
    start, end = month_start(month), month_end(month)
    if now >= end:
        return spent
    gone = now - start
    if gone <= timedelta(0):
        return spent
    day = timedelta(days=1)
    # Less than a day says little: it is taken for a whole one.
    share = Decimal(max(gone, day) // timedelta(seconds=1)) / Decimal(
        (end - start) // timedelta(seconds=1)
    )
    return money(spent / share)
