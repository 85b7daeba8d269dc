"""What is charged for and what is free, by Athena's rules, whatever the price.

In: how a query ended, its kind, what it scanned. Out: money. Free are definitions, what failed and a
result that was kept; what was stopped costs what it scanned by then.
"""

from __future__ import annotations

from decimal import Decimal

from lakeshell.cost.prices import QueryPrices, query_cost
from lakeshell.model import QueryState

_BILLED = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "EXPLAIN ANALYZE"})

_READING = frozenset({"ANALYZE", "ALTER TABLE"})
"""What defines, and reads rows in some of its forms: statistics, files that are written anew."""


def is_billed_kind(kind: str, *, writes_rows: bool) -> bool:
    """Whether Athena charges for it: queries and what writes rows, not what defines things."""
    return writes_rows or kind in _BILLED


def charge(
    state: QueryState,
    kind: str,
    scanned: int | None,
    prices: QueryPrices,
    *,
    writes_rows: bool,
    reused: bool = False,
) -> Decimal | None:
    """What a query costs that scanned so many bytes; None where they are not metered."""
    free = reused or state is QueryState.FAILED
    billed = is_billed_kind(kind, writes_rows=writes_rows) or (kind in _READING and scanned)
    if free or not billed:
        return Decimal(0)
    if state is not QueryState.FINISHED and scanned == 0:
        return Decimal(0)
    return query_cost(scanned, prices)
