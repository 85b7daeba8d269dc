"""Where each Iceberg table's current metadata is: one row a table in the lake's `catalog.db`.

In: names and staged changes. Out: pyiceberg `Table`s, and commits that either replace the row they
were made from or fail. The rows are those of pyiceberg's SqlCatalog, so that any program with
pyiceberg can open the same lake; SqlAlchemy itself is left out for it costs every statement 0.3 s.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.serializers import FromInputFile, ToOutputFile
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.locations import SimpleLocationProvider
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.update import (
    TableRequirement,
    TableUpdate,
    update_table_metadata,
)

from lakeshell.errors import AlreadyExists, ConnectionFailed, NotFound
from lakeshell.model import LAKE, TableName
from lakeshell.store.files import LocalFiles, local_path

BUSY_SECONDS = 30.0
_SCHEMA = (
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
_WHERE = "catalog_name = ? AND table_namespace = ? AND table_name = ?"


class LakeTables:
    """The lake's Iceberg tables. Stands where pyiceberg's `Table` expects its catalog."""

    def __init__(self, state: Path) -> None:
        self.database = state / "catalog.db"
        self.warehouse = state / "warehouse"
        self.files = LocalFiles()
        state.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            for statement in _SCHEMA:
                connection.execute(statement)

    def location_of(self, name: TableName) -> str | None:
        """The table's current metadata file, None where there is no such table."""
        with self._connection() as connection:
            row = connection.execute(
                f"SELECT metadata_location FROM iceberg_tables WHERE {_WHERE}", (LAKE, *name)
            ).fetchone()
        return row[0] if row else None

    def locations(self) -> dict[TableName, str]:
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT table_namespace, table_name, metadata_location FROM iceberg_tables"
                " WHERE catalog_name = ? AND metadata_location IS NOT NULL",
                (LAKE,),
            ).fetchall()
        return {TableName(database, table): location for database, table, location in rows}

    def load(self, name: TableName) -> Table:
        """Raises `NotFound`."""
        location = self.location_of(name)
        if location is None:
            raise NotFound(
                f"the table {name} does not exist", hint="`lakeshell catalog tables` lists them"
            )
        return self._table(name, self.read(location), location)

    def read(self, metadata_location: str) -> TableMetadata:
        return FromInputFile.table_metadata(self.files.new_input(metadata_location))

    def unborn(self, name: TableName, metadata: TableMetadata) -> Table:
        """A table that no row names yet; committing it makes the row."""
        return self._table(name, metadata, "")

    def _table(self, name: TableName, metadata: TableMetadata, location: str) -> Table:
        return Table((*name,), metadata, location, self.files, cast(Catalog, self))

    def commit_table(
        self,
        table: Table,
        requirements: tuple[TableRequirement, ...],
        updates: tuple[TableUpdate, ...],
    ) -> CommitTableResponse:
        """Makes the changes on the very metadata they were staged on, or raises
        `CommitFailedException` when another writer came first."""
        born = table.metadata_location != ""
        metadata = update_table_metadata(
            table.metadata,
            updates,
            enforce_validation=not born,
            metadata_location=table.metadata_location if born else None,
        )
        location = self._write_metadata(table, metadata)
        name = TableName(*table.name())
        done = self._replace(name, table.metadata_location, location) if born else False
        if not born:
            done = self._insert(name, location)
        if not done:
            local_path(location).unlink(missing_ok=True)
            raise CommitFailedException(f"the table {name} has been changed by another writer")
        answer: dict[str, Any] = {"metadata": metadata, "metadata-location": location}
        return CommitTableResponse(**answer)

    def load_table(self, identifier: tuple[str, ...]) -> Table:
        """What pyiceberg asks for when another writer came first."""
        return self.load(TableName(*identifier))

    def _delete_old_metadata(self, io: Any, base: TableMetadata, metadata: TableMetadata) -> None:
        """Called by pyiceberg after a commit. Every metadata file stays: time travel, and history."""

    def _write_metadata(self, table: Table, metadata: TableMetadata) -> str:
        last = local_path(table.metadata_location).name.split("-")[0]
        version = int(last) + 1 if last.isdigit() else 0
        provider = SimpleLocationProvider(metadata.location, metadata.properties)
        location = provider.new_table_metadata_file_location(version)
        ToOutputFile.table_metadata(metadata, self.files.new_output(location))
        return location

    def _replace(self, name: TableName, old: str, new: str) -> bool:
        with self._connection() as connection:
            done = connection.execute(
                "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?"
                f" WHERE {_WHERE} AND metadata_location = ?",
                (new, old, LAKE, *name, old),
            )
            return done.rowcount == 1

    def _insert(self, name: TableName, location: str) -> bool:
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
        """Raises `NotFound`, `AlreadyExists`."""
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


def first_metadata(location: str, **parts: Any) -> TableMetadata:
    """The metadata of a new table: `schema`, `partition_spec`, `sort_order`, `properties`."""
    return new_table_metadata(location=location, **parts)
