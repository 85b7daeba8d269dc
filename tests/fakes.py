"""Adapters in memory, for tests of the verbs. Each passes the contract suite of the real ones."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, TypeVar

import pyarrow as pa

from lakeshell.errors import Cancelled, NotFound, QueryFailed, UsageError
from lakeshell.ledger.identity import new_id
from lakeshell.ledger.ledger import ABANDONED
from lakeshell.model import (
    Column,
    Estimate,
    QueryRecord,
    QueryState,
    RunCount,
    RunRecord,
    SavedVersion,
    ScanCount,
    Usage,
    WorkgroupEvent,
)
from lakeshell.ports import Asking, HistoryFilter, Progress, Session, unasked
from lakeshell.sql.arrow import arrow_schema
from lakeshell.sql.datatypes import parse_type
from lakeshell.sql.statement import StatementText

R = TypeVar("R")
OPEN = (QueryState.QUEUED, QueryState.RUNNING)


def columns(**types: str) -> tuple[Column, ...]:
    return tuple(Column(name, parse_type(type)) for name, type in types.items())


def batch(of: Sequence[Column], *rows: Sequence[object]) -> pa.RecordBatch:
    schema = arrow_schema(of)
    arrays = [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(schema)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


@dataclass
class Answer:
    """What a `FakeEngine` gives for a statement: batches, and the bytes each of them reads."""

    columns: Sequence[Column] = ()
    batches: Sequence[pa.RecordBatch] = ()
    scanned: int | None = 0
    estimate: int | None = 0
    update_type: str | None = None
    update_count: int | None = None
    error: Exception | None = None
    fails_at_once: bool = False
    blocks: bool = False
    """Gives its batches and then waits until it is cancelled."""
    before: Callable[[], None] = lambda: None


class FakeRunning:
    engine_id = ""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.columns = answer.columns
        self.update_type = answer.update_type
        self.update_count = None
        self.progress = Progress(scanned=None if answer.scanned is None else 0)
        self.cancelled = threading.Event()
        self.closed = False

    def batches(self) -> Iterator[pa.RecordBatch]:
        self.answer.before()
        each = (
            0
            if not self.answer.scanned
            else self.answer.scanned // max(1, len(self.answer.batches))
        )
        for given in self.answer.batches:
            self._check()
            if self.progress.scanned is not None:
                self.progress.scanned += each
            self.progress.rows += given.num_rows
            yield given
        if self.answer.blocks:
            assert self.cancelled.wait(20), "nobody cancelled it"
        self._check()
        if self.answer.scanned is not None:
            self.progress.scanned = self.answer.scanned
        if self.answer.error is not None:
            raise self.answer.error
        self.update_count = self.answer.update_count

    def _check(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled("cancelled")

    def look(self) -> None:
        pass

    def cancel(self) -> None:
        self.cancelled.set()

    def close(self) -> None:
        self.closed = True


class Silent:
    """A `ports.Reporter` for work that nobody looks at."""

    def step(self, text: str) -> None: ...
    def advance(self, done: int, total: int | None, unit: str) -> None: ...
    def warn(self, text: str) -> None: ...


@dataclass
class FakeEngine:
    """A `ports.Engine` that knows its statements beforehand; others are refused as Trino would."""

    answers: dict[str, Answer] = field(default_factory=dict)
    started: list[tuple[str, Session, Sequence[str]]] = field(default_factory=list)
    running: list[FakeRunning] = field(default_factory=list)
    states: dict[str, Mapping[str, str] | None] = field(default_factory=dict)

    def split(self, text: str) -> Sequence[StatementText]:
        made, line, column = [], 1, 1
        for part in text.split(";"):
            stripped = part.strip()
            if stripped:
                lead = part[: len(part) - len(part.lstrip())]
                at = line + lead.count("\n")
                where = len(lead.rpartition("\n")[2]) + (1 if "\n" in lead else column)
                made.append(StatementText(stripped, at, where))
            column = len(part.rpartition("\n")[2]) + (1 if "\n" in part else column) + 1
            line += part.count("\n")
        return made

    def estimate(
        self,
        sql: str,
        session: Session,
        parameters: Sequence[str] = (),
        asking: Asking = unasked,
    ) -> Estimate:
        found = self._answer(sql).estimate
        return Estimate(found, files=1, rows=10, unmetered=("movies",) if found is None else ())

    def state(
        self, sql: str, session: Session, parameters: Sequence[str] = ()
    ) -> Mapping[str, str] | None:
        return self.states.get(sql)

    def run(
        self, sql: str, session: Session, parameters: Sequence[str] = (), *, tag: str = ""
    ) -> FakeRunning:
        answer = self._answer(sql)
        self.started.append((sql, session, tuple(parameters)))
        if answer.fails_at_once and answer.error is not None:
            raise answer.error
        self.running.append(FakeRunning(answer))
        return self.running[-1]

    def close(self) -> None:
        pass

    def _answer(self, sql: str) -> Answer:
        if sql not in self.answers:
            raise QueryFailed(f"unknown: {sql}", code="SYNTAX_ERROR", line=1, column=1)
        return self.answers[sql]


class FakeLedger:
    """A `ports.Ledger` that forgets."""

    def __init__(self) -> None:
        self._queries: dict[str, QueryRecord] = {}
        self._runs: dict[str, RunRecord] = {}
        self._cancels: dict[str, str] = {}
        self._origins: dict[str, int] = {}
        self._events: dict[str, WorkgroupEvent] = {}
        self._versions: dict[tuple[str, str], list[SavedVersion]] = {}

    def begin(self, record: QueryRecord) -> None:
        self._queries[record.id] = record

    def end(self, record: QueryRecord) -> None:
        known = self._queries.get(record.id)
        if known is None or known.finished is None or known.error_code == ABANDONED:
            self._queries[record.id] = record

    def moved(self, id: str, state: QueryState) -> None:
        if self._queries[id].finished is None:
            self._queries[id] = replace(self._queries[id], state=state)

    def held(self, ids: Collection[str]) -> Mapping[str, QueryRecord]:
        return {id: self._queries[id] for id in ids if id in self._queries}

    def taken_in(self, origin: str) -> int:
        return self._origins.get(origin, 0)

    def take_in(
        self,
        origin: str,
        records: Sequence[QueryRecord],
        upto: int,
        mended: Sequence[QueryRecord] = (),
    ) -> int:
        new = {r.id: r for r in records if r.id not in self._queries}
        self._queries |= new
        for record in mended:
            if not self._queries[record.id].engine_id:
                self._queries[record.id] = record
        self._origins[origin] = upto
        return len(new)

    def note(self, event: WorkgroupEvent) -> bool:
        return self._events.setdefault(event.key, event) is event

    def events(self, workgroup: str | None = None, limit: int = 50) -> Sequence[WorkgroupEvent]:
        found = [e for e in self._events.values() if workgroup in (None, e.workgroup)]
        return sorted(found, key=lambda e: (e.at, e.key), reverse=True)[:limit]

    def index_texts(self) -> int:
        return 0

    def query(self, id: str) -> QueryRecord:
        return _one(self._queries, id)

    def queries(self, filter: HistoryFilter) -> Sequence[QueryRecord]:
        found = [
            record
            for record in self._queries.values()
            if filter.workgroup in (None, record.workgroup)
            and filter.user in (None, record.user)
            and filter.state in (None, record.state)
            and (filter.contains is None or filter.contains.lower() in record.sql.lower())
            and (filter.since is None or record.started >= filter.since)
            and (filter.until is None or record.started < filter.until)
            and (
                filter.among is None
                or record.workgroup in filter.among
                or record.user == filter.viewer
            )
        ]
        found.sort(key=lambda r: (r.started, r.id), reverse=True)
        if filter.after is not None:
            last = self._queries.get(filter.after)
            found = [r for r in found if last and (r.started, r.id) < (last.started, last.id)]
        return found[: filter.limit]

    def prune(self, before: datetime, most: int | None = None) -> int:
        old = [r for r in self._queries.values() if r.started < before and r.finished is not None]
        pruned = sorted(old, key=lambda r: r.started)[:most]
        for record in pruned:
            del self._queries[record.id]
        return len(pruned)

    def request_cancel(self, id: str, user: str) -> QueryRecord:
        record = self.query(id)
        if record.state not in OPEN:
            raise UsageError(f"query {record.id} is not running")
        self._cancels[record.id] = user
        return record

    def cancel_requested(self, id: str) -> str | None:
        return self._cancels.get(id)

    def spent(
        self, workgroup: str, since: datetime, until: datetime | None = None, *, currency: str
    ) -> Decimal:
        return sum(
            (
                record.cost or Decimal(0)
                for record in self._queries.values()
                if record.workgroup == workgroup
                and record.currency == currency
                and record.started >= since
                and (until is None or record.started < until)
            ),
            Decimal(0),
        )

    def usage(
        self, since: datetime, until: datetime, by: str, workgroup: str | None = None
    ) -> Sequence[Usage]:
        rows: list[tuple[str, str, str, QueryRecord | RunRecord]] = []
        for query in self._queries.values():
            if since <= query.started < until and workgroup in (None, query.workgroup):
                run = self._runs.get(query.job_run)
                key = {
                    "workgroup": query.workgroup,
                    "user": query.user,
                    "day": query.started.date().isoformat(),
                    "month": query.started.date().isoformat()[:7],
                    "job": run.name if run else "",
                    "crawler": "",
                }[by]
                rows.append(("query", key, query.currency, query))
        for run in self._runs.values():
            if since <= run.started < until and workgroup is None:
                key = {
                    "workgroup": "",
                    "user": run.user,
                    "day": run.started.date().isoformat(),
                    "month": run.started.date().isoformat()[:7],
                    "job": run.name if run.kind == "job" else "",
                    "crawler": run.name if run.kind == "crawler" else "",
                }[by]
                rows.append((run.kind, key, run.currency, run))
        rows.sort(key=lambda row: (row[0] != "query", row[:3]))
        return [
            _usage(*group, [row[3] for row in members])
            for group, members in groupby(rows, key=lambda row: row[:3])
        ]

    def dearest(self, filter: HistoryFilter) -> Sequence[QueryRecord]:
        found = [q for q in self.queries(replace(filter, limit=None)) if q.cost]
        found.sort(key=lambda q: (q.cost, q.id), reverse=True)
        return found[: filter.limit]

    def scan_counts(
        self, since: datetime, until: datetime, unit: int, workgroup: str | None = None
    ) -> Sequence[ScanCount]:
        alike: Counter[tuple[Any, ...]] = Counter()
        scanned: Counter[tuple[Any, ...]] = Counter()
        for q in self._queries.values():
            if since <= q.started < until and workgroup in (None, q.workgroup):
                units = None if q.scanned is None else -(-q.scanned // unit)
                key = (q.state, q.kind, bool(q.rows or q.scanned), bool(q.reused), units)
                alike[key] += 1
                scanned[key] += q.scanned or 0
        made = [ScanCount(*key, count, scanned[key]) for key, count in alike.items()]
        return sorted(made, key=lambda s: (s.kind, s.state, s.wrote, s.reused, s.units or -1))

    def run_counts(self, since: datetime, until: datetime) -> Sequence[RunCount]:
        alike: Counter[tuple[Any, ...]] = Counter()
        for run in self._runs.values():
            if since <= run.started < until and run.finished is not None:
                memory = (run.bytes or 0) if run.kind == "service" else 0
                alike[run.kind, math.ceil(run.elapsed or 0), run.dpu, memory] += 1
        return [RunCount(*key, count) for key, count in sorted(alike.items())]

    def begin_run(self, record: RunRecord) -> None:
        self._runs[record.id] = record

    def end_run(self, record: RunRecord) -> None:
        self._runs[record.id] = record

    def run(self, id: str) -> RunRecord:
        return _one(self._runs, id)

    def runs(
        self, kind: str, name: str | None = None, limit: int | None = 50
    ) -> Sequence[RunRecord]:
        found = [r for r in self._runs.values() if r.kind == kind and name in (None, r.name)]
        return sorted(found, key=lambda r: (r.started, r.id), reverse=True)[:limit]

    def keep_version(
        self, workgroup: str, name: str, text: str, user: str, saved: datetime
    ) -> SavedVersion:
        kept = self._versions.setdefault((workgroup, name), [])
        if not kept or kept[-1].text != text:
            kept.append(SavedVersion(workgroup, name, len(kept) + 1, saved, user, text))
        return kept[-1]

    def versions(self, workgroup: str, name: str) -> Sequence[SavedVersion]:
        return list(self._versions.get((workgroup, name), ()))

    def saved_at(self, workgroup: str, first: datetime) -> Sequence[str]:
        first_ones = [kept[0] for (of, _), kept in self._versions.items() if of == workgroup]
        return sorted(version.name for version in first_ones if version.saved == first)

    def move_versions(self, workgroup: str, name: str, target: str) -> None:
        moved = self._versions.pop((workgroup, name), [])
        self._versions[workgroup, target] = [replace(v, name=target) for v in moved]

    def new_id(self) -> str:
        return new_id()

    def close(self) -> None:
        pass


def _usage(kind: str, key: str, currency: str, records: Sequence[QueryRecord | RunRecord]) -> Usage:
    scans = [r.scanned for r in records if isinstance(r, QueryRecord) and r.scanned is not None]
    return Usage(
        kind=kind,
        key=key,
        currency=currency,
        count=len(records),
        scanned=sum(scans) if scans else None,
        elapsed=sum(r.elapsed or 0.0 for r in records),
        cost=sum((r.cost or Decimal(0) for r in records), Decimal(0)),
    )


def _one(records: dict[str, R], id: str) -> R:
    if id in records:
        return records[id]
    found = [record for key, record in records.items() if id and key.startswith(id)]
    if len(found) != 1:
        raise NotFound(f"{len(found)} begin with {id!r}")
    return found[0]
