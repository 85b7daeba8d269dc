"""The doors between the verbs and the outside: what each adapter promises.

Every Protocol here has one contract suite under `tests/contract`, which each adapter passes. The
verbs know these and nothing behind them; `lake.Lake` opens the adapters that the settings name.
Arrow crosses these doors in one form for each Trino type (`sql.arrow`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from lakeshell.errors import ObjectGone
from lakeshell.model import (
    CatalogTable,
    Column,
    Database,
    Estimate,
    ObjectName,
    QueryRecord,
    QueryState,
    RunCount,
    RunRecord,
    SavedVersion,
    ScanCount,
    SourceObject,
    SourceTable,
    TableName,
    Usage,
    WorkgroupEvent,
)
from lakeshell.sql.statement import StatementText

if TYPE_CHECKING:
    import pyarrow as pa


class Reporter(Protocol):
    """Where long work says how far it is. The core never prints."""

    def step(self, text: str) -> None:
        """A new piece of work begins."""

    def advance(self, done: int, total: int | None, unit: str) -> None:
        """`done` of `total` units of the current step are through; `total` None when unknown."""

    def warn(self, text: str) -> None:
        """Something that the user should know, and that does not stop the work."""


# --- source --------------------------------------------------------------------------------


class Source(Protocol):
    """A database that is read, never written. Opened by a connection; closed by its owner.

    Every method raises `ConnectionFailed` when the source is gone or locked.
    """

    def test(self) -> Sequence[tuple[str, str]]:
        """Goes through each stage of connecting; gives (stage, what was found)."""

    def objects(self) -> Sequence[SourceObject]:
        """Every table and view that the connection may read, system objects left out."""

    def describe(self, name: ObjectName) -> SourceTable:
        """Columns by Trino's mapping of the source's types; raises `ObjectGone`."""

    def describe_many(self, names: Sequence[ObjectName]) -> Iterator[SourceTable | ObjectGone]:
        """`describe` of each in turn, in as few questions as the source allows; one that cannot
        be described comes as the error."""

    def read(
        self, table: SourceTable, columns: Sequence[str], batch_rows: int = 65_536
    ) -> pa.RecordBatchReader:
        """The rows of `columns` in bounded memory, cast to the declared types.

        A value that its declared type cannot hold ends the read with `ValueRefused`, naming
        table, column, value and row; nothing is changed silently.
        """

    def close(self) -> None: ...


# --- catalog -------------------------------------------------------------------------------


class Catalog(Protocol):
    """Databases and tables of the lake, each table with its versions. Names in lower case."""

    def databases(self) -> Sequence[Database]: ...

    def create_database(self, database: Database, *, exist_ok: bool = False) -> None:
        """Raises `AlreadyExists`."""

    def drop_database(self, name: str) -> None:
        """Only an empty one: raises `NotEmpty`, `NotFound`."""

    def names(self, database: str | None = None) -> Sequence[TableName]:
        """Of every table, in order: quick where there are many, for none is described."""

    def names_by_database(self) -> Mapping[str, Sequence[str]]:
        """The same of each database, an empty one too, both in order: the quickest look at all."""

    def tables(self, database: str | None = None) -> Sequence[CatalogTable]:
        """Every table, in order of name; Iceberg tables and views included."""

    def table(self, name: TableName) -> CatalogTable:
        """Raises `NotFound`, with the nearest names in its hint."""

    def put(self, table: CatalogTable) -> CatalogTable:
        """Creates the table, or a new version of it when columns or parameters changed.

        Not for Iceberg tables, which only a `TableStore` makes. Gives the table as it now is.
        """

    def put_many(
        self, tables: Sequence[CatalogTable], on_put: Callable[[int], None] | None = None
    ) -> Sequence[CatalogTable]:
        """`put` of each, as quickly as the catalog can; `on_put` is told how many are done. After
        an error, each table is as it was or as put."""

    def refusal(self, name: TableName) -> str:
        """Why the catalog cannot hold a table of that name; empty where it can."""

    def drop(self, name: TableName) -> None: ...

    def rename(self, name: TableName, target: TableName) -> None:
        """Raises `NotFound`, `AlreadyExists`."""

    def versions(self, name: TableName) -> Sequence[CatalogTable]:
        """Oldest first, the current one last."""

    def close(self) -> None: ...


# --- table store ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """What one write left behind: one snapshot."""

    snapshot_id: int | None
    rows: int
    files: int
    bytes: int


class TableStore(Protocol):
    """Iceberg tables of the lake: made, written, dropped. A write is one snapshot or nothing."""

    def create(
        self,
        name: TableName,
        columns: Sequence[Column],
        *,
        partitioning: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
        comment: str = "",
    ) -> None: ...

    def write(
        self,
        name: TableName,
        rows: pa.RecordBatchReader,
        *,
        mode: str,
        columns: Sequence[Column] | None = None,
        snapshot_properties: Mapping[str, str] | None = None,
        on_rows: Callable[[int], None] | None = None,
    ) -> Written:
        """Writes every row in one snapshot. `mode`: `overwrite` (the table then holds these rows
        and `columns`, made if missing) or `append`. `on_rows` is told the total so far."""

    def drop(self, name: TableName) -> None:
        """The table and its files."""


# --- engine --------------------------------------------------------------------------------


@dataclass(slots=True)
class Session:
    """What a user's statements share. `USE`, `PREPARE` and `SET SESSION` change it."""

    user: str
    workgroup: str = "primary"
    source: str = "lakeshell"
    catalog: str = "lake"
    database: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    prepared: dict[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    now: datetime | None = None
    """The session's clock, for tests; None takes the statement's start."""
    carried: dict[str, str] = field(default_factory=dict)
    """What a server wants to hear again with each further statement: an open transaction, a path."""

    @property
    def schema(self) -> str | None:
        """The database, as names have it however it was typed."""
        return None if self.database is None else self.database.lower()


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a statement on a server, `depth` levels below the first; splits are its parts."""

    depth: int
    state: str
    rows: int
    bytes: int
    queued: int
    running: int
    done: int


@dataclass(frozen=True, slots=True)
class ClusterWork:
    """What a server says of a statement's work: rows and bytes that went through it, not those that
    come back; `stages` from the last, each before those that feed it. `share` in percent, None
    while its parts are not all known; `elapsed` in seconds, by the server's clock."""

    state: str
    nodes: int
    rows: int
    bytes: int
    splits: int
    queued: int
    running: int
    done: int
    share: float | None
    running_share: float
    elapsed: float
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class ClusterQuery:
    """A query under way on a server, whoever sent it. `scanned` in bytes; `properties` are those of
    its session, `kind` the server's word for what it is (`SELECT`, `DATA_DEFINITION`)."""

    id: str
    user: str
    source: str
    tags: tuple[str, ...]
    scanned: int
    properties: Mapping[str, str]
    kind: str


@dataclass(slots=True)
class Progress:
    """Live figures of a running statement. `scanned` in compressed bytes, None if not metered.

    `state` is a server's word for where it is (`queued`, `planning`, `running`); `splits` are its
    parts, done and in all; `queued` and `planned` seconds that it waited and planned, None if it
    does not say; `ahead` how many wait before it, None where it does not wait or nobody knows;
    `warnings` what the server has to say of it.
    """

    scanned: int | None = 0
    rows: int = 0
    fraction: float | None = None
    unmetered: tuple[str, ...] = ()
    state: str = ""
    splits: tuple[int, int] | None = None
    queued: float | None = None
    planned: float | None = None
    ahead: int | None = None
    cluster: ClusterWork | None = None
    warnings: tuple[str, ...] = ()


class Running(Protocol):
    """A statement under way. Leaving it unread and closed cancels it.

    Another process may still be queueing and planning it: `columns` and `update_type` wait until
    it says what they are, and raise what it rejects the statement for.
    """

    @property
    def columns(self) -> Sequence[Column]: ...

    @property
    def update_type(self) -> str | None:
        """`INSERT`, `CREATE TABLE`, …; None for a query."""

    @property
    def engine_id(self) -> str:
        """The server's own id of the statement; empty where no server runs it."""

    @property
    def update_count(self) -> int | None:
        """Known when `batches` has ended."""

    @property
    def progress(self) -> Progress: ...

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The result in bounded memory. Raises `QueryFailed` and its kinds, `Cancelled`."""

    def look(self) -> None:
        """Has `progress` tell what was scanned by now, where a server says it late, or of one that
        waits how many are before it; from any thread. Nothing happens where it cannot be asked."""

    def cancel(self) -> None:
        """From any thread, at any time; reaches the server. `batches` then raises `Cancelled`."""

    def close(self) -> None: ...


Asking = Callable[[Running], None]
"""Given what a server is asked, which may stand in line there and can be cancelled."""


def unasked(running: Running) -> None:
    """The `Asking` of somebody who does not mind."""


class Engine(Protocol):
    """Trino's SQL in, Arrow out."""

    def split(self, text: str) -> Sequence[StatementText]:
        """The statements of `text`; a wrong one is left for `run` to reject."""

    def estimate(
        self,
        sql: str,
        session: Session,
        parameters: Sequence[str] = (),
        asking: Asking = unasked,
    ) -> Estimate:
        """What `run` would scan at most; nothing is read but metadata. `asking` is given what a server
        is asked for it."""

    def state(
        self, sql: str, session: Session, parameters: Sequence[str] = ()
    ) -> Mapping[str, str] | None:
        """The tables and views that a query reads, each with what tells its present state: as long
        as that stays, so does the answer. None where the answer depends on more, such as the clock,
        chance or tables that are read in place, and where that is not known."""

    def run(
        self, sql: str, session: Session, parameters: Sequence[str] = (), *, tag: str = ""
    ) -> Running:
        """Starts one statement; `parameters` are SQL literals for its `?`s.

        `tag` names it to a server, which can be asked for it again. What Trino raises before it
        runs, `QueryRejected`, comes from here or from the statement's `columns`.
        """

    def close(self) -> None: ...


# --- object storage ------------------------------------------------------------------------


class Objects(Protocol):
    """Files by location, `s3://BUCKET/KEY`. Raises `OSError` and `LakeshellError`s."""

    def open(self, location: str) -> IO[bytes]: ...

    def create(self, location: str) -> AbstractContextManager[Any]:
        """Something to write to, which takes its name when it is left without an error."""

    def exists(self, location: str) -> bool: ...

    def delete(self, location: str) -> None: ...

    def listed(self, location: str) -> list[str]:
        """The locations of the files right in a folder; none where it is not."""


# --- ledger --------------------------------------------------------------------------------


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
