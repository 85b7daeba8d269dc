"""Iceberg tables by name, as pyiceberg's `Table`s, and their commits.

In: names and staged changes. Out: tables, and commits that either replace the metadata file they
were made from or fail. Which file is a table's current one is `pointers`' to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

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

from lakeshell.errors import Interrupted, LakeshellError, NotFound
from lakeshell.model import TableName
from lakeshell.store.fileio import LakeFileIO
from lakeshell.store.files import Files
from lakeshell.store.limits import FOLDER, WriteLimits
from lakeshell.store.pointers import CommitUnknown, NoAnswer, Pointers

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog


class LakeTables:
    """The lake's Iceberg tables. Stands where pyiceberg's `Table` expects its catalog."""

    def __init__(
        self, pointers: Pointers, files: Files, warehouse: str, limits: WriteLimits = FOLDER
    ) -> None:
        self.limits = limits
        self.pointers = pointers
        self.files = files
        self.warehouse = warehouse.rstrip("/")
        self.io = LakeFileIO(files)
        self.unknown: set[str] = set()
        """Folders of tables of which a commit was asked for and may have been made."""

    def location_of(self, name: TableName) -> str | None:
        """The table's current metadata file, None where there is no such table."""
        return self.pointers.current(name)

    def load(self, name: TableName) -> Table:
        """Raises `NotFound`."""
        location = self.location_of(name)
        if location is None:
            raise NotFound(
                f"the table {name} does not exist", hint="`lakeshell catalog tables` lists them"
            )
        return self._table(name, self.read(location), location)

    def read(self, metadata_location: str) -> TableMetadata:
        return FromInputFile.table_metadata(self.io.new_input(metadata_location))

    def unborn(self, name: TableName, metadata: TableMetadata) -> Table:
        """A table that no pointer names yet; committing it makes the pointer."""
        return self._table(name, metadata, "")

    def _table(self, name: TableName, metadata: TableMetadata, location: str) -> Table:
        return Table((*name,), metadata, location, self.io, cast("Catalog", self))

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
        old = table.metadata_location if born else None
        self.unknown.add(metadata.location)
        done = self._pointed(name, old, location, metadata)
        self.unknown.discard(metadata.location)
        if not done:
            self.files.delete(location)
            raise CommitFailedException(f"the table {name} has been changed by another writer")
        answer: dict[str, Any] = {"metadata": metadata, "metadata-location": location}
        return CommitTableResponse(**answer)

    def _pointed(self, name: TableName, old: str | None, new: str, metadata: TableMetadata) -> bool:
        """False when another writer came first. An answer that was lost is looked for."""
        try:
            if old is None:
                return self.pointers.insert(name, new, metadata)
            return self.pointers.replace(name, old, new, metadata)
        except Interrupted:
            raise
        except LakeshellError as error:
            try:
                if self.pointers.current(name) == new:
                    return True
            except LakeshellError:
                raise _unknown(name, error) from error
            if isinstance(error, NoAnswer):
                raise _unknown(name, error) from error
            self.unknown.discard(metadata.location)
            raise

    def load_table(self, identifier: tuple[str, ...]) -> Table:
        """What pyiceberg asks for when another writer came first."""
        return self.load(TableName(*identifier))

    def _delete_old_metadata(self, io: Any, base: TableMetadata, metadata: TableMetadata) -> None:
        """Called by pyiceberg after a commit. Every metadata file stays: time travel, and history."""

    def _write_metadata(self, table: Table, metadata: TableMetadata) -> str:
        last = table.metadata_location.rpartition("/")[2].split("-")[0]
        version = int(last) + 1 if last.isdigit() else 0
        provider = SimpleLocationProvider(metadata.location, metadata.properties)
        location = provider.new_table_metadata_file_location(version)
        ToOutputFile.table_metadata(metadata, self.io.new_output(location))
        return location

    def drop(self, name: TableName) -> None:
        """The table, and its files where they are in the warehouse. Raises `NotFound`."""
        location = self.location_of(name)
        if location is None:
            raise NotFound(f"the table {name} does not exist")
        self.pointers.drop(name)
        folder, _, rest = location.rpartition("/metadata/")
        if "/" not in rest and folder.startswith(f"{self.warehouse}/"):
            self.files.delete_folder(folder)


def _unknown(name: TableName, error: LakeshellError) -> CommitUnknown:
    return CommitUnknown(
        f"whether {name} was written is not known, for its commit was not answered: {error.message}",
        hint=f"{error.hint}; then look whether it went through before it is written again",
    )


def first_metadata(location: str, **parts: Any) -> TableMetadata:
    """The metadata of a new table: `schema`, `partition_spec`, `sort_order`, `properties`."""
    return new_table_metadata(location=location, **parts)
