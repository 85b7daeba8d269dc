"""An Iceberg table as the catalog shows it, from its metadata file.

In: a table's name and its metadata. Out: a `CatalogTable`, or all its schemas as versions. Only the
metadata file is read: no manifest, no data.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from lakeshell.errors import QueryFailed
from lakeshell.model import CatalogTable, Column, TableKind, TableName
from lakeshell.store.files import LOCAL, Files
from lakeshell.store.metadata import Field, TableMetadata, read_metadata


def read(name: TableName, location: str, files: Files = LOCAL) -> Sequence[CatalogTable]:
    """The versions of the table whose metadata file is at `location`. Raises `QueryFailed` for one
    that is gone or damaged, as a query of the table would."""
    metadata = read_metadata(location, files)
    try:
        return versions(name, metadata)
    except (KeyError, TypeError) as error:
        raise QueryFailed(
            f"Invalid metadata file {location}: it lacks {error}",
            code="ICEBERG_INVALID_METADATA",
            hint="go back to an earlier one of the same folder, or restore the file",
        ) from error


def listed(name: TableName, location: str, files: Files = LOCAL) -> CatalogTable:
    """A listing does not fail for one table whose files are gone; reading that table does."""
    try:
        return read(name, location, files)[-1]
    except QueryFailed:
        return unreadable(name, location)


def versions(name: TableName, metadata: TableMetadata) -> Sequence[CatalogTable]:
    """One version a schema, oldest first, the current one last."""
    schemas = dict(sorted(metadata.schemas.items()))
    schemas[metadata.current_schema_id] = schemas.pop(metadata.current_schema_id)
    parameters = {"classification": "iceberg", "typeOfData": "table", **metadata.properties}
    comment = parameters.pop("comment", "")
    snapshot = metadata.current_snapshot
    if snapshot is not None and "total-records" in snapshot.summary:
        parameters["recordCount"] = snapshot.summary["total-records"]
    known = [at for at, _ in metadata.metadata_log]
    known += [snapshot.timestamp for snapshot in metadata.snapshots.values()]
    created = min([*known, metadata.updated])
    return [
        CatalogTable(
            name=name,
            kind=TableKind.ICEBERG,
            columns=tuple(map(_column, fields)),
            parameters=parameters,
            location=metadata.table_location,
            comment=comment,
            version=number,
            created=_moment(created),
            updated=_moment(metadata.updated),
        )
        for number, fields in enumerate(schemas.values(), 1)
    ]


def unreadable(name: TableName, location: str) -> CatalogTable:
    """A table whose metadata cannot be read, so that a listing still names it."""
    folder = location.rsplit("/metadata/", 1)[0]
    return CatalogTable(name=name, kind=TableKind.ICEBERG, columns=(), location=folder)


def _column(field: Field) -> Column:
    return Column(field.name, field.type, not field.required, field.doc)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
