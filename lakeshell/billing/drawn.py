"""A month as a chart, for a terminal or a picture.

In: a `Month`. Out: an `output.chart.Chart`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from lakeshell.billing.month import MONTHS, Month, Sum, amount_text
from lakeshell.cost.periods import METHOD, month_before
from lakeshell.output.chart import Bar, Chart


def chart(found: Month, now: datetime, currency: str) -> Chart:
    """What each key cost, all kinds together: days and months in turn, others from the dearest."""
    costs: dict[str, Decimal] = {}
    for used in found.usage:
        if used.currency == currency:
            costs[used.key] = costs.get(used.key, Decimal(0)) + used.cost
    known = next((s for s in found.sums if s.currency == currency), None)
    spent = Sum(currency, Decimal(0), Decimal(0)) if known is None else known
    about = (
        f"{found.start:%Y-%m}" if found.by != "month" else f"the months up to {found.start:%Y-%m}"
    )
    others = sorted({used.currency for used in found.usage} - {currency})
    notes = [
        f"{found.start:%Y-%m}: {amount_text(spent.spent)} {currency} so far, "
        f"{amount_text(spent.projected)} projected"
    ]
    if found.start <= now < found.end:
        notes.append(f"projected: {METHOD}")
    if others:
        notes.append(f"left out: what was spent in {', '.join(others)}")
    title = f"Cost of {about} by {found.by}, {currency}"
    in_time = found.by in ("day", "month")
    keys = list(_spans(found, now)) if in_time else sorted(costs, key=lambda k: (-costs[k], k))
    bars = [_bar(key, costs.get(key, Decimal(0)), found.by) for key in keys]
    if found.by != "day":
        return Chart(title, bars, notes=notes)
    return Chart(title, bars, True, spent.projected, (found.end - found.start).days, notes)


def _spans(found: Month, now: datetime) -> Iterator[str]:
    """Every day up to today, or every month with something before it: those without cost too."""
    if found.by == "day":
        day = found.start
        while day < min(found.end, now):
            yield f"{day:%Y-%m-%d}"
            day += timedelta(days=1)
        return
    first = min((used.key for used in found.usage), default=f"{found.start:%Y-%m}")
    for count in reversed(range(MONTHS)):
        key = f"{month_before(found.start, count):%Y-%m}"
        if key >= first:
            yield key


def _bar(key: str, cost: Decimal, by: str) -> Bar:
    label = key[-2:] if by == "day" else key or "(none)"
    return Bar(label, cost, amount_text(cost))
