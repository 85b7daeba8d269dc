"""Where each Iceberg table's current metadata file is: one line a table, replaced as a whole.

In: names and locations. Out: locations. `Pointers` is what a commit stands on; `SqlitePointers`
keeps them in the lake's `catalog.db`, in the rows of pyiceberg's SqlCatalog, so that any program with
pyiceberg can open the same lake. SqlAlchemy itself is left out for it costs every statement 0.3 s.
"""

from __future__ import annotations

import fcntl
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lakeshell.errors import AlreadyExists, ConnectionFailed, NotFound
from lakeshell.model import LAKE, TableName

if TYPE_CHECKING:
    from pyiceberg.table.metadata import TableMetadata

BUSY_SECONDS = 30.0
SCHEMA = (
    """CREATE TABLE IF NOT EXISTS iceberg_tables (
        catalog_name VARCHAR(255) NOT NULL,
        table_namespace VARCHAR(255) NOT NULL,
        table_name VARCHAR(255) NOT NULL,
        metadata_location VARCHAR(1000),
        previous_metadata_location VARCHAR(1000),
        iceberg_type VARCHAR(5),
        PRIMARY KEY (catalog_name, table_namespace, table_name))""",
    """CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
        catalog_name VARCHAR(255) NOT NULL,
        namespace VARCHAR(255) NOT NULL,
        property_key VARCHAR(255) NOT NULL,
        property_value VARCHAR(1000) NOT NULL,
        PRIMARY KEY (catalog_name, namespace, property_key))""",
)
"""Those of pyiceberg's SqlCatalog. A database of the lake is a namespace there."""
_WHERE = "catalog_name = ? AND table_namespace = ? AND table_name = ?"


@dataclass(frozen=True, slots=True)
class HeldLock:
    """`holder` in words, with the age; `age` in seconds. `dead`: it is a process of this machine
    that is no more. `waits`: it stands in line for another."""

    name: TableName
    holder: str
    age: float
    dead: bool
    waits: bool


class NoAnswer(ConnectionFailed):
    """What was asked may yet be done: it was given up while it was under way."""


class CommitUnknown(ConnectionFailed):
    """Whether a change was made is not known."""


class Pointers(Protocol):
    """Each change is one step that happens or not; `False` says that another writer came first."""

    def current(self, name: TableName) -> str | None:
        """The table's metadata file, None where there is no such Iceberg table."""

    def insert(self, name: TableName, location: str, metadata: TableMetadata) -> bool: ...

    def replace(self, name: TableName, old: str, new: str, metadata: TableMetadata) -> bool: ...

    def drop(self, name: TableName) -> bool:
        """The line, not the files."""

    def rename(self, name: TableName, target: TableName) -> None:
        """Raises `NotFound`, `AlreadyExists`."""

    def folder(self, database: str) -> str:
        """Where a database keeps its tables."""

    def lock(self, name: TableName) -> AbstractContextManager[None]:
        """Commits to one table come one after the other."""

    def locks(self) -> Sequence[HeldLock]:
        """Those of all tables; none where a lock goes with its holder."""

    def release(self, name: TableName) -> list[str]:
        """Takes the table's lock from whoever holds it, and says from whom."""


class SqlitePointers:
    """`Pointers` in the folder `state` (`.lakeshell`)."""

    def __init__(self, state: Path) -> None:
        self.database = state / "catalog.db"
        self.warehouse = state / "warehouse"
        self._folder = state / "locks"
        state.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            for statement in SCHEMA:
                connection.execute(statement)

    def current(self, name: TableName) -> str | None:
        with self._connection() as connection:
            row = connection.execute(
                f"SELECT metadata_location FROM iceberg_tables WHERE {_WHERE}", (LAKE, *name)
            ).fetchone()
        return row[0] if row else None

    def replace(self, name: TableName, old: str, new: str, metadata: TableMetadata) -> bool:
        with self._connection() as connection:
            done = connection.execute(
                "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?"
                f" WHERE {_WHERE} AND metadata_location = ?",
                (new, old, LAKE, *name, old),
            )
            return done.rowcount == 1

    def insert(self, name: TableName, location: str, metadata: TableMetadata) -> bool:
        with self._connection() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO iceberg_namespace_properties VALUES (?, ?, 'exists', 'true')",
                (LAKE, name.database),
            )
            done = connection.execute(
                "INSERT OR IGNORE INTO iceberg_tables (catalog_name, table_namespace, table_name,"
                " metadata_location, iceberg_type) VALUES (?, ?, ?, ?, 'TABLE')",
                (LAKE, *name, location),
            )
            return done.rowcount == 1

    def drop(self, name: TableName) -> bool:
        with self._connection() as connection:
            done = connection.execute(f"DELETE FROM iceberg_tables WHERE {_WHERE}", (LAKE, *name))
            return done.rowcount == 1

    def rename(self, name: TableName, target: TableName) -> None:
        try:
            with self._connection() as connection:
                done = connection.execute(
                    f"UPDATE iceberg_tables SET table_namespace = ?, table_name = ? WHERE {_WHERE}",
                    (*target, LAKE, *name),
                )
        except sqlite3.IntegrityError as error:
            raise AlreadyExists(f"the table {target} exists already") from error
        if done.rowcount != 1:
            raise NotFound(f"the table {name} does not exist")

    def folder(self, database: str) -> str:
        return str(self.warehouse / file_name(database))

    @contextmanager
    def lock(self, name: TableName) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"table-{file_name(f'{name}')}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def locks(self) -> Sequence[HeldLock]:
        return []

    def release(self, name: TableName) -> list[str]:
        return []

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.database, timeout=BUSY_SECONDS)
            try:
                with connection:
                    yield connection
            finally:
                connection.close()
        except sqlite3.OperationalError as error:
            raise ConnectionFailed(
                f"the lake's catalog {self.database} cannot be used: {error}",
                hint="see whether another process holds it, and whether the disk is full",
            ) from error


def file_name(name: str) -> str:
    """A name as a folder can be called: no separator, no leading dot, not too long."""
    return re.sub(r"[^\w.-]", "_", name).lstrip(".")[:80] or "_"
