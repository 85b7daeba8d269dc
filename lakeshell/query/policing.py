"""Which queries of a cluster have to end, because their workgroup does not allow what they do.

In: the queries under way, whoever sent them, the workgroups and how these stand to their budgets.
Out: what to stop, and why. What a server forbids by itself never comes here; what comes is a client
that raised its own limit, changed what its workgroup sets, or goes on when the budget is used up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lakeshell.cost.prices import QueryPrices, query_cost
from lakeshell.cost.sizes import size_text
from lakeshell.ports import ClusterQuery
from lakeshell.query.budgets import Standing
from lakeshell.workgroup import UNMATCHED, Workgroup, workgroup_of

_FREE = ("DATA_DEFINITION", "DESCRIBE", "EXPLAIN")


@dataclass(frozen=True, slots=True)
class Stop:
    query: ClusterQuery
    workgroup: str
    reason: str


def stops(
    queries: Sequence[ClusterQuery],
    groups: Mapping[str, Workgroup],
    standings: Mapping[str, Sequence[Standing]],
    prices: QueryPrices,
) -> Sequence[Stop]:
    """`groups` and `standings` by the workgroup's name."""
    under_way: dict[str, list[ClusterQuery]] = {}
    for query in queries:
        group = workgroup_of(groups.values(), query.user, query.tags) or groups.get(UNMATCHED)
        if group is not None:
            under_way.setdefault(group.name, []).append(query)
    found = []
    for name, its in under_way.items():
        over = _over_budget(its, standings.get(name, ()), prices)
        for query in its:
            reason = next(_reasons(query, groups[name]), None)
            if reason is None and over is not None and query.kind not in _FREE:
                reason = over
            if reason is not None:
                found.append(Stop(query, name, reason))
    return found


def _reasons(query: ClusterQuery, group: Workgroup) -> Iterator[str]:
    if group.scan_limit is not None and query.scanned > group.scan_limit:
        yield (
            f"it scanned {size_text(query.scanned)}, over the limit of "
            f"{size_text(group.scan_limit)} a query of workgroup {group.name!r}"
        )
    if group.may_override:
        return
    for name, value in group.properties.items():
        given = query.properties.get(name, value)
        if given != value:
            yield f"workgroup {group.name!r} sets {name} = {value} and refuses {given}"


def _over_budget(
    queries: Sequence[ClusterQuery], standings: Sequence[Standing], prices: QueryPrices
) -> str | None:
    """Why none of them may go on: what is spent, with what they cost by now, is the budget."""
    running = sum(
        (query_cost(q.scanned, prices) or Decimal(0) for q in queries if q.scanned), Decimal(0)
    )
    for standing in standings:
        if standing.stop is not None and standing.spent + running >= standing.stop:
            return f"the {standing.period} budget of workgroup {standing.workgroup!r} is used up"
    return None
