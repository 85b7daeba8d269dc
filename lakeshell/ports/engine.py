"""What an engine promises: Trino's SQL in, Arrow out, and what is known of it meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from lakeshell.model import Column, Estimate
from lakeshell.sql.statement import StatementText

if TYPE_CHECKING:
    import pyarrow as pa


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
