"""The values that flow between the verbs and the adapters.

Frozen, without behaviour that needs a driver. Types of columns are always Trino's
(`lakeshell.sql.datatypes`), whatever they were called where they came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from lakeshell.sql.datatypes import Type

LAKE = "lake"
"""The catalog's name in both runtimes."""


class TableName(NamedTuple):
    """A table of the lake's catalog: `raw.film`. Both parts in lower case."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"


class ObjectName(NamedTuple):
    """A table or view of a source: `movies.film`, spelled as the source spells it."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Column:
    """`source_type` is the type as the source declares it, empty where there is no source."""

    name: str
    type: Type
    nullable: bool = True
    comment: str = ""
    source_type: str = ""


class ObjectKind(StrEnum):
    TABLE = "table"
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class SourceObject:
    name: ObjectName
    kind: ObjectKind


@dataclass(frozen=True, slots=True)
class SourceTable:
    """What a source says of one table. `rows` is its own estimate, None where it has none.

    `skipped` are columns that no Trino type can hold faithfully, with the reason.
    """

    name: ObjectName
    kind: ObjectKind
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    rows: int | None = None
    comment: str = ""
    skipped: tuple[tuple[str, str], ...] = ()


class TableKind(StrEnum):
    ICEBERG = "iceberg"
    SOURCE = "source"
    """Crawled from a connection; queried in place."""
    FILES = "files"
    VIEW = "view"


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """A table of the catalog, at one version.

    `parameters` follow Glue's and Hive's names (`classification`, `connectionName`,
    `typeOfData`, `UPDATED_BY_CRAWLER`, `recordCount`, `deprecatedAt`). A source table keeps its
    place in the source under `connectionName`, `sourceSchema` and `sourceTable`. `definition` is a view's SQL.
    `version` counts from 1 and grows with each change of columns or parameters.
    """

    name: TableName
    kind: TableKind
    columns: tuple[Column, ...]
    parameters: dict[str, str] = field(default_factory=dict)
    location: str = ""
    comment: str = ""
    definition: str = ""
    owner: str = ""
    version: int = 1
    created: datetime | None = None
    updated: datetime | None = None

    @property
    def deprecated(self) -> bool:
        return "deprecatedAt" in self.parameters


@dataclass(frozen=True, slots=True)
class Database:
    name: str
    comment: str = ""
    location: str = ""


LONG_AGO = datetime.fromtimestamp(0, UTC)


def moment_of(id: str) -> datetime | None:
    """The second that an id begins with, this lake's or Trino's; None for one that names none."""
    try:
        return datetime.strptime(id[:15], "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


class QueryState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    REFUSED = "REFUSED"
    """By a workgroup's limit or budget, before or while it ran."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a statement would scan. `scanned` in bytes, None when its sources are not metered.

    `coarse`: some of its tables are counted whole, or without regard to its conditions.
    """

    scanned: int | None
    files: int = 0
    rows: int = 0
    unmetered: tuple[str, ...] = ()
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class QueryRecord:
    """One query of the history. `scanned` in bytes, None when not metered; `cost` in `currency`.

    `elapsed` in seconds, and of them `queued` and `planned` where the engine tells them.
    """

    id: str
    started: datetime
    user: str
    workgroup: str
    source: str
    database: str
    sql: str
    state: QueryState
    finished: datetime | None = None
    elapsed: float | None = None
    scanned: int | None = None
    rows: int | None = None
    cost: Decimal | None = None
    currency: str = "USD"
    error_code: str = ""
    error: str = ""
    engine: str = "duckdb"
    kind: str = ""
    job_run: str = ""
    engine_id: str = ""
    """The server's own id of it, where a server ran it."""
    queued: float | None = None
    planned: float | None = None
    reused: str = ""
    """The query whose kept result it gave, where it ran nothing itself."""

    @property
    def result_id(self) -> str:
        """The query under whose id its result is kept."""
        return self.reused or self.id


@dataclass(frozen=True, slots=True)
class SavedVersion:
    """A saved query as it stood from `saved` on. `text` is its whole file; versions count from 1."""

    workgroup: str
    name: str
    version: int
    saved: datetime
    user: str
    text: str


@dataclass(frozen=True, slots=True)
class WorkgroupEvent:
    """Something that a workgroup's limits or budgets did. `kind` is WARN, STOP (of a budget) or
    CANCELLED (a query, `query` by the server's id, of `user`); there is one of a `key`."""

    key: str
    at: datetime
    workgroup: str
    kind: str
    detail: str
    user: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of a crawler or a job, as the ledger keeps it.

    `kind` is `crawler` or `job`, or `service` for a part of a UTC day that one of the stack's was
    seen running, `bytes` being its memory; `attempt` counts from 1; `rows` and `bytes` are what it wrote;
    `detail` is a line for people; `cost` in `currency`.
    """

    id: str
    kind: str
    name: str
    started: datetime
    user: str
    state: QueryState
    finished: datetime | None = None
    elapsed: float | None = None
    attempt: int = 1
    rows: int | None = None
    bytes: int | None = None
    dpu: int = 1
    cost: Decimal | None = None
    currency: str = "USD"
    detail: str = ""
    error: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used and spent under one key (a workgroup, user, day, month, job or crawler) in one
    currency.

    `kind` is `query`, `job`, `crawler` or `service`; `scanned` in bytes, None where nothing was
    metered; `elapsed` in seconds. What has no such key has an empty one: runs have no workgroup.
    """

    kind: str
    key: str
    currency: str
    count: int
    scanned: int | None
    elapsed: float
    cost: Decimal


@dataclass(frozen=True, slots=True)
class ScanCount:
    """Queries that are alike in all that decides their price. `units` are those scanned of each,
    begun ones counted whole, None where it was not metered; `scanned` is the bytes of all of them.
    `wrote`: whether they wrote rows or read any to write."""

    state: QueryState
    kind: str
    wrote: bool
    reused: bool
    units: int | None
    count: int
    scanned: int


@dataclass(frozen=True, slots=True)
class RunCount:
    """Runs that are alike in all that decides their price: each of so many begun seconds and `dpu`,
    or, of a service, with so many bytes of `memory`."""

    kind: str
    seconds: int
    dpu: int
    memory: int
    count: int
