"""What the workgroups of a lake have spent, and the server made to hold what they say.

In: an open lake. Out: sums of the ledger in the prices' currency; Trino's groups, limits and rules as
the files want them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeshell.errors import ConnectionFailed
from lakeshell.query import limits
from lakeshell.query.budgets import Level

if TYPE_CHECKING:
    from lakeshell.lake import Lake


def spent(lake: Lake, workgroup: str) -> tuple[Decimal, Decimal]:
    """What a workgroup's queries cost today and this month, in UTC."""
    return limits.spent(lake.services, workgroup)


def used_up(lake: Lake) -> Sequence[str]:
    """The workgroups whose budget stops them."""
    return [
        group.name
        for group in lake.workgroups.all()
        if any(found.level is Level.STOP for found in limits.standing(lake.services, group))
    ]


def hold(lake: Lake) -> Sequence[str]:
    """Has the lake's own Trino hold what the workgroups say now; gives what there is to say of
    that. Raises `ConfigurationError` for a file that is wrong."""
    if not lake.stack.is_installed:
        return []
    try:
        plan = lake.stack.enforcement.plan(used_up(lake))
        lake.stack.enforcement.apply(plan)
    except ConnectionFailed:
        return ["the stack does not run: Trino holds it from its next start on"]
    return plan.warnings
