"""What a bill says as rows: for listings, files and the console.

In: what the other modules here give. Out: column names, rows of plain values, and how a listing of
them gives way. Money is exact, or `rounded` for eyes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lakeshell import history
from lakeshell.billing.aws import Comparison, used_text
from lakeshell.billing.budgets import BudgetUse
from lakeshell.billing.month import Month
from lakeshell.cost.comparison import total
from lakeshell.cost.periods import month_end, projected
from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text
from lakeshell.model import Usage
from lakeshell.output.fit import Fit
from lakeshell.ports import HistoryFilter

if TYPE_CHECKING:
    from lakeshell.lake import Lake

Listed = tuple[Sequence[str], list[Sequence[Any]], Fit]


def usage_table(found: Month, now: datetime, rounded: bool) -> Listed:
    ahead = found.by not in ("day", "month")
    columns = [found.by, "kind", "count", "scanned", "time", "cost"]
    columns += ["projected", "currency"] if ahead else ["currency"]
    rows: list[Sequence[Any]] = []
    for used in found.usage:
        row = [*_used(used), money_text(used.cost, rounded=rounded)]
        if ahead:
            row.append(money_text(projected(used.cost, now, found.start), rounded=rounded))
        rows.append([*row, used.currency])
    return columns, rows, Fit(spare=("currency", "time"))


def _used(used: Usage) -> list[Any]:
    scanned = size_text(used.scanned) if used.kind == "query" else None
    return [used.key or None, used.kind, used.count, scanned, f"{used.elapsed:.2f}s"]


def dearest_table(lake: Lake, start: datetime, workgroup: str | None, limit: int) -> Listed:
    """Of the queries that this user may see."""
    wanted = HistoryFilter(workgroup=workgroup, since=start, until=month_end(start), limit=limit)
    rows: list[Sequence[Any]] = [
        (q.id, q.started, q.workgroup, q.user, q.state.value, size_text(q.scanned),
         money_text(q.cost), q.currency, " ".join(q.sql.split()))
        for q in lake.ledger.dearest(history.visible(lake, wanted))
    ]  # fmt: skip
    columns = (
        "query", "started", "workgroup", "user", "state", "scanned", "cost", "currency", "sql",
    )  # fmt: skip
    return columns, rows, Fit(spare=("started", "currency", "user", "workgroup"), cut=("sql",))


def budgets_table(found: Sequence[BudgetUse], rounded: bool) -> Listed:
    rows: list[Sequence[Any]] = [
        (b.standing.workgroup, b.standing.period, money_text(b.standing.budget),
         money_text(b.standing.spent, rounded=rounded), money_text(b.left, rounded=rounded),
         b.percent, money_text(b.projected, rounded=rounded), b.state, b.currency)
        for b in found
    ]  # fmt: skip
    columns = (
        "workgroup", "period", "budget", "spent", "left", "percent", "projected", "state",
        "currency",
    )  # fmt: skip
    return columns, rows, Fit(spare=("currency", "left", "projected"))


def comparison_table(found: Comparison, rounded: bool) -> Listed:
    recorded = sum(found.recorded.values(), Decimal(0))
    rows: list[Sequence[Any]] = [
        (line.kind, line.count, used_text(line),
         money_text(found.recorded.get(line.kind), rounded=rounded),
         *(money_text(cost, rounded=rounded) for cost in line.costs))
        for line in found.lines
    ]  # fmt: skip
    rows.append(
        ("total", None, None, money_text(recorded, rounded=rounded),
         *(money_text(total(found.lines, i), rounded=rounded) for i in range(len(found.lists))))
    )  # fmt: skip
    columns = ("kind", "count", "used", "recorded", *(known.name for known in found.lists))
    return columns, rows, Fit(spare=("count",))
