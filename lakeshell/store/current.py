"""An Iceberg table's current metadata, found without pyiceberg, which takes a second to import.

In: where the lake's catalog is. Out: functions from a table's name to its metadata, None where the
name is no Iceberg table. They look anew at each call.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.errors import QueryFailed
from lakeshell.model import LAKE, TableName
from lakeshell.store.metadata import TableMetadata, read_metadata

if TYPE_CHECKING:
    from lakeshell.store.files import Files
    from lakeshell.store.pointers import Pointers

_BUSY_SECONDS = 30.0
Current = Callable[[TableName], TableMetadata | None]


def local_current(state: Path) -> Current:
    """By the SQLite catalog in the lake's folder `state`."""
    database = state / "catalog.db"

    def current(name: TableName) -> TableMetadata | None:
        location = _location(database, name)
        return None if location is None else read_metadata(location)

    return current


def pointed_current(pointers: Pointers, files: Files) -> Current:
    """By any pointers, with the tables' files where `files` are."""

    def current(name: TableName) -> TableMetadata | None:
        location = pointers.current(name)
        return None if location is None else read_metadata(location, files)

    return current


def _location(database: Path, name: TableName) -> str | None:
    if not database.exists():
        return None
    try:
        with closing(sqlite3.connect(database, timeout=_BUSY_SECONDS)) as connection:
            row = connection.execute(
                "SELECT metadata_location FROM iceberg_tables"
                " WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?",
                (LAKE, *name),
            ).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise QueryFailed(
            f"the lake's catalog {database} cannot be read: {error}",
            code="ICEBERG_CATALOG_ERROR",
            hint="see whether another process holds it: lakeshell doctor",
        ) from error
    return row[0] if row else None
