"""What the workgroups of a lake have spent, and the server made to hold what they say.

In: an open lake. Out: sums of the ledger in the prices' currency; Trino's groups, limits and rules as
the files want them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeshell.errors import ConnectionFailed, UsageError
from lakeshell.query import limits
from lakeshell.query.budgets import Level
from lakeshell.workgroup import UNMATCHED

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.stack.enforce import Plan


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


def plan(lake: Lake) -> Plan:
    """What is to change in the lake's own Trino for it to hold what the workgroups say. Raises
    `UsageError` for a lake that has none."""
    url = _elsewhere(lake)
    if url:
        raise UsageError(
            f"the Trino at {url} is not this lake's own: its groups and rules are its administrators'",
            hint="limits and budgets hold for Lakeshell's queries; `lakeshell serve` watches others'",
        )
    if not lake.has_stack:
        raise UsageError(
            "this lake has no Trino: its own engine holds what the workgroups say",
            hint="nothing has to be applied",
        )
    return lake.stack.enforcement.plan(used_up(lake))


def hold(lake: Lake) -> Sequence[str]:
    """Has the lake's own Trino hold what the workgroups say now; gives what there is to say of
    that. Raises `ConfigurationError` for a file that is wrong."""
    if not lake.stack.is_installed:
        return _for_others(lake, _elsewhere(lake))
    try:
        wanted = plan(lake)
        lake.stack.enforcement.apply(wanted)
    except ConnectionFailed:
        return ["the stack does not run: Trino holds it from its next start on"]
    return wanted.warnings


def _elsewhere(lake: Lake) -> str:
    """The Trino that is not the lake's own; empty where there is none."""
    runs = lake.settings.engine == "trino" and not lake.has_stack
    return lake.settings.trino.url or "" if runs else ""


def _for_others(lake: Lake, url: str) -> Sequence[str]:
    """What workgroups say that is for the administrators of a Trino elsewhere."""
    notes = []
    for group in lake.workgroups.all() if url else ():
        said = {
            "concurrency": group.concurrency,
            "queue": group.queue,
            "databases": group.databases,
        }
        named = [key for key, value in said.items() if value]
        if named and group.name != UNMATCHED:
            notes.append(
                f"{', '.join(named)} of {group.name}: for the administrators of {url}, whose groups "
                "and rules hold there"
            )
    return notes
