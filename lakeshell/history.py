"""The past queries of a lake that its user may see, and what is kept of each.

In: an open lake. Out: records of the ledger, those of other clients among them, and where a result
is kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lakeshell.errors import NotFound
from lakeshell.model import QueryRecord
from lakeshell.ports import HistoryFilter

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.query.results import Results


def visible(lake: Lake, wanted: HistoryFilter) -> HistoryFilter:
    """The filter, of what this user may see: their own queries and those of their workgroups."""
    among = frozenset(name for name in lake.workgroups.names() if lake.may_use(name))
    return replace(wanted, among=among, viewer=lake.user)


def query(lake: Lake, id: str) -> QueryRecord:
    """The one whose id begins so. Raises `NotFound`, and `UsageError` for one that this user may
    not see."""
    try:
        record = lake.ledger.query(id)
    except NotFound:
        catch_up(lake)
        record = lake.ledger.query(id)
    if record.user != lake.user:
        lake.check_member(record.workgroup)
    return record


def results(lake: Lake, record: QueryRecord) -> Results:
    """Where a query's result is, if it is kept: where its workgroup says, or in the lake."""
    if record.workgroup in lake.workgroups.names():
        found = lake.results.of(lake.workgroups.get(record.workgroup))
        if found.has(record.result_id):
            return found
    return lake.results


def has_others(lake: Lake) -> bool:
    """Whether the lake runs on a stack of its own, which other clients may use as well."""
    return lake.is_on_own_stack and lake.stack.is_installed


def catch_up(lake: Lake) -> str:
    """Brings into the ledger what other clients ran on the cluster since the last time; gives a
    word on what could not be had, empty for nothing."""
    lake.late.bring(lake.ledger)
    if not has_others(lake):
        return ""
    from lakeshell.runtime.others import take_in

    return take_in(lake.place, lake.ledger, lake.workgroups.all())[1]
