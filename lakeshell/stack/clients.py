"""The queries of every client of the cluster, as records of the history.

    events -> (own ones known by their mark) -> records -> ledger

In: events, workgroups and what prices a query. Out: records in the ledger, each once, and a mark up
to where they go. Lakeshell's own queries are there already: the trace that Trino keeps of them is
the ledger's id, and the record has Trino's id. One whose process was killed gets here what it did
not live to write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cached_property

from lakeshell.ledger.ledger import ABANDONED
from lakeshell.model import LAKE, LONG_AGO, QueryRecord, QueryState, moment_of
from lakeshell.ports import Ledger
from lakeshell.stack import probe
from lakeshell.stack.events import Event
from lakeshell.stack.groups import by_group
from lakeshell.workgroup import STOPPED, UNMATCHED, Workgroup, workgroup_of

LAKESHELL = "lakeshell"
"""A client tag of every statement that Lakeshell sends."""
_MANY = 8_192
"""Queries from which on the texts are indexed at once, not by those who look for them."""
_STATES = {
    "USER_CANCELED": QueryState.CANCELLED,
    "ADMINISTRATIVELY_KILLED": QueryState.CANCELLED,
    "ABANDONED_QUERY": QueryState.CANCELLED,
    "EXCEEDED_TIME_LIMIT": QueryState.CANCELLED,
    "EXCEEDED_SCAN_LIMIT": QueryState.REFUSED,
    "QUERY_QUEUE_FULL": QueryState.REFUSED,
    "QUERY_REJECTED": QueryState.REFUSED,
}
"""Of a query that ended with an error; of any other it is that it failed."""
_REWORDED = frozenset(
    {"HIVE_INVALID_METADATA", "HIVE_UNSUPPORTED_FORMAT", "HIVE_SERDE_NOT_FOUND",
     "UNSUPPORTED_TABLE_TYPE"}
)  # fmt: skip
"""Errors after which Lakeshell sends a query of its own once more, in other words."""
_ASIDE = frozenset({"EXPLAIN", "SET"})
"""Kinds of statements that Lakeshell sends beside a query, to know what it would scan and to set its
session. They read nothing, and nobody asked for them."""
_ASIDE_TRACE = re.compile(r"[0-9a-f]{32}")
_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})


@dataclass(frozen=True)
class Reading:
    """What makes a record of an event. `connections` are the catalogs that are read in place; `kind`
    tells a statement's kind, `cost` prices it by state, kind, bytes and whether it writes rows."""

    workgroups: Sequence[Workgroup]
    connections: Collection[str]
    kind: Callable[[str], str]
    cost: Callable[[QueryState, str, int | None, bool], Decimal | None]
    currency: str

    def record(self, event: Event) -> QueryRecord:
        state = _state(event)
        # Trino's table has no other moment.
        started = moment_of(event.id) or LONG_AGO
        kind = self.kind(event.sql)
        writes = event.kind in _WRITES
        in_place = bool(event.read) and all(name in self.connections for name in event.read)
        scanned = None if in_place else event.scanned
        rows = event.written_rows if writes else event.output_rows
        return QueryRecord(
            id=event.id,
            started=started,
            user=event.user,
            workgroup=self.workgroup(event),
            source=event.source,
            database=event.schema if event.catalog == LAKE else "",
            sql=_text(event),
            state=state,
            finished=started + timedelta(milliseconds=event.elapsed),
            elapsed=event.elapsed / 1000,
            scanned=scanned,
            rows=rows if state is QueryState.FINISHED else None,
            cost=self.cost(state, kind, scanned, writes),
            currency=self.currency,
            error_code=event.error_code,
            error=event.error.partition(STOPPED)[2] or event.error,
            engine="trino",
            kind=kind,
            engine_id=event.id,
            queued=event.queued / 1000,
            planned=event.planned / 1000,
        )

    def is_aside(self, event: Event) -> bool:
        """Whether Lakeshell sent it for a query of somebody, which is a record by itself, or to know
        whether the server works."""
        if event.sql == probe.NODES and event.source == probe.SOURCE:
            return True
        return (
            LAKESHELL in event.tags
            and _ASIDE_TRACE.fullmatch(event.trace) is not None
            and event.scanned == 0
            and self.kind(event.sql) in _ASIDE
        )

    @cached_property
    def _by_group(self) -> Mapping[str, str]:
        return by_group(self.workgroups)

    def workgroup(self, event: Event) -> str:
        """The one that Trino held it to; of a query from before it had groups, by the same rules."""
        held = self._by_group.get(event.group)
        if held is not None:
            return held
        found = workgroup_of(self.workgroups, event.user, event.tags)
        return UNMATCHED if found is None else found.name


def take_in(pages: Iterable[Sequence[Event]], origin: str, ledger: Ledger, reading: Reading) -> int:
    """Gives how many queries are new in the ledger; `origin` names the cluster that they are of."""
    added = 0
    for page in pages:
        known = ledger.held({event.trace for event in page if event.trace})
        records, mended = [], list[QueryRecord]()
        for event in page:
            own = known.get(event.trace)
            if own is None:
                if not reading.is_aside(event):
                    records.append(reading.record(event))
            elif event.id == own.engine_id or event.error_code in _REWORDED:
                continue
            elif own.engine_id:
                # Somebody else sends what was ours once.
                records.append(reading.record(event))
            elif own.finished is not None:
                mended.append(_mended(own, reading.record(event)))
        added += ledger.take_in(origin, records, page[-1].number, mended)
    if added >= _MANY:
        ledger.index_texts()
    return added


def _mended(own: QueryRecord, found: QueryRecord) -> QueryRecord:
    """A record that ended without its server's answer, with what the server says of it."""
    died = own.error_code == ABANDONED and found.state is not QueryState.CANCELLED
    return replace(
        own,
        engine_id=found.engine_id,
        finished=found.finished if died else own.finished,
        state=found.state if died else own.state,
        error_code=found.error_code if died else own.error_code,
        error=found.error if died else own.error,
        elapsed=found.elapsed if own.elapsed is None else own.elapsed,
        scanned=found.scanned,
        rows=found.rows if died else own.rows,
        cost=found.cost,
        queued=found.queued,
        planned=found.planned,
    )


def _state(event: Event) -> QueryState:
    if event.state == "FINISHED":
        return QueryState.FINISHED
    if STOPPED in event.error:
        return QueryState.REFUSED
    return _STATES.get(event.error_code, QueryState.FAILED)


def _text(event: Event) -> str:
    """With the text of a prepared statement behind the EXECUTE that named it."""
    if not event.prepared or event.prepared in event.sql:
        return event.sql
    return f"{event.sql} /* {event.prepared.replace('*/', '* /')} */"
