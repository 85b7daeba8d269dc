"""What the ledger promises: queries and runs as they happened, kept when it is away, too."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from lakeshell.model import (
    QueryRecord,
    QueryState,
    RunCount,
    RunRecord,
    SavedVersion,
    ScanCount,
    Usage,
    WorkgroupEvent,
)


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which queries of the history are meant; None of a field is every one.

    `contains` is a part of their SQL, in any case; `among` are the workgroups whose queries may
    be seen, beside those of the user `viewer`; `after` the query (its id) behind which to go on.
    """

    workgroup: str | None = None
    user: str | None = None
    state: QueryState | None = None
    contains: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = 50
    among: frozenset[str] | None = None
    viewer: str | None = None
    after: str | None = None


class Ledger(Protocol):
    """Queries and runs, as they happened. Written by many processes at once."""

    def begin(self, record: QueryRecord) -> None: ...

    def moved(self, id: str, state: QueryState) -> None:
        """A query that has not ended waits in line now, or runs."""

    def end(self, record: QueryRecord) -> None:
        """Replaces the record of that id; a record once ended is not ended again, but for one that
        was given up with its process."""

    def query(self, id: str) -> QueryRecord:
        """By id or by an unambiguous beginning of it; raises `NotFound`."""

    def queries(self, filter: HistoryFilter) -> Sequence[QueryRecord]:
        """Newest first."""

    def held(self, ids: Collection[str]) -> Mapping[str, QueryRecord]:
        """Those of the ids that there are, each with its record."""

    def prune(self, before: datetime, most: int | None = None) -> int:
        """Forgets queries that have ended and began before, the oldest first, at most so many;
        gives how many. What they cost is then in no sum."""

    def request_cancel(self, id: str, user: str) -> QueryRecord:
        """Asks whoever runs the query to cancel it. Raises `NotFound`, `UsageError` when it has
        ended already."""

    def cancel_requested(self, id: str) -> str | None:
        """Who asked for the end of the query; its runner looks about once a second."""

    def taken_in(self, origin: str) -> int:
        """How far the queries of an origin were taken in; 0 at first."""

    def take_in(
        self,
        origin: str,
        records: Sequence[QueryRecord],
        upto: int,
        mended: Sequence[QueryRecord] = (),
    ) -> int:
        """Adds ended queries of others, but for those that are there, and remembers how far they
        go; gives how many it added. `mended` replace records that had no server's id of theirs.
        All of it or nothing."""

    def index_texts(self) -> int:
        """Makes many new queries quick to search at once; else the searches do it bit by bit. Gives
        how many parts of an index it made."""

    def spent(
        self, workgroup: str, since: datetime, until: datetime | None = None, *, currency: str
    ) -> Decimal:
        """What the queries cost that a workgroup began from `since` up to `until`."""

    def usage(
        self, since: datetime, until: datetime, by: str, workgroup: str | None = None
    ) -> Sequence[Usage]:
        """Queries and runs grouped `by` workgroup, user, day, month, job (queries by the job that ran
        them) or crawler, in order of the key; of one workgroup only queries. Every grouping adds
        up to the same."""

    def dearest(self, filter: HistoryFilter) -> Sequence[QueryRecord]:
        """Those that cost something, what cost most first."""

    def scan_counts(
        self, since: datetime, until: datetime, unit: int, workgroup: str | None = None
    ) -> Sequence[ScanCount]:
        """What queries scanned in units of so many bytes, to be priced anew."""

    def run_counts(self, since: datetime, until: datetime) -> Sequence[RunCount]:
        """The same of runs, in seconds."""

    def note(self, event: WorkgroupEvent) -> bool:
        """Keeps an event; false where there is one of its key, which stays as it is."""

    def events(self, workgroup: str | None = None, limit: int = 50) -> Sequence[WorkgroupEvent]:
        """What the limits and budgets of a workgroup, or of all, did; newest first."""

    def begin_run(self, record: RunRecord) -> None: ...

    def end_run(self, record: RunRecord) -> None:
        """Replaces the record of that id."""

    def run(self, id: str) -> RunRecord:
        """By id or by an unambiguous beginning of it; raises `NotFound`."""

    def runs(
        self, kind: str, name: str | None = None, limit: int | None = 50
    ) -> Sequence[RunRecord]:
        """Newest first."""

    def keep_version(
        self, workgroup: str, name: str, text: str, user: str, saved: datetime
    ) -> SavedVersion:
        """The next version of a saved query, or the newest one where `text` is the same."""

    def versions(self, workgroup: str, name: str) -> Sequence[SavedVersion]:
        """Of a saved query, oldest first; none where none was kept."""

    def move_versions(self, workgroup: str, name: str, target: str) -> None:
        """A saved query's versions go with its new name."""

    def saved_at(self, workgroup: str, first: datetime) -> Sequence[str]:
        """The saved queries whose first version is of that moment: one, whatever it was called, but
        where two were saved at once."""

    def new_id(self) -> str:
        """An id that sorts by time and is never given twice."""

    def close(self) -> None: ...


class Late(Protocol):
    """Records of ended queries and runs that the ledger did not take."""

    @property
    def folder(self) -> Path:
        """Where they wait."""

    def keep(self, record: QueryRecord | RunRecord) -> bool:
        """False where it cannot be kept either."""

    def bring(self, ledger: Ledger) -> None:
        """Into the ledger; what that still does not take stays for the next time."""
