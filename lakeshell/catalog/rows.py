"""A version of a table as a row of the catalog file, and back.

In: a `CatalogTable`, or a row. Out: the other. Types are kept by Trino's names.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lakeshell.model import CatalogTable, Column, TableKind, TableName
from lakeshell.sql.datatypes import Type, parse_type

STATISTICS = frozenset({"recordCount", "objectCount", "sizeKey", "averageRecordSize", "lastCrawl"})
"""Parameters that follow the data, not the schema: a change of these alone is no new version."""

FIELDS = "v.version, kind, columns, parameters, location, comment, definition, owner, updated"


def from_row(name: TableName, created: str, row: tuple[Any, ...]) -> CatalogTable:
    """`row` holds `FIELDS`."""
    version, kind, columns, parameters, location, comment, definition, owner, updated = row
    return CatalogTable(
        name=name,
        kind=TableKind(kind),
        columns=tuple(
            Column(column, _type(type), bool(nullable), said, source)
            for column, type, nullable, said, source in json.loads(columns)
        ),
        parameters=json.loads(parameters),
        location=location,
        comment=comment,
        definition=definition,
        owner=owner,
        version=version,
        created=datetime.fromisoformat(created),
        updated=datetime.fromisoformat(updated),
    )


def to_row(table: CatalogTable) -> tuple[str, ...]:
    """`FIELDS` without the version and the time."""
    columns = [
        [c.name, str(c.type), int(c.nullable), c.comment, c.source_type] for c in table.columns
    ]
    return (
        table.kind.value,
        json.dumps(columns, ensure_ascii=False),
        json.dumps(table.parameters, ensure_ascii=False, sort_keys=True),
        table.location,
        table.comment,
        table.definition,
        table.owner,
    )


def same_version(old: CatalogTable, new: CatalogTable) -> bool:
    """Whether nothing changed but statistics."""
    return _essence(old) == _essence(new)


def _essence(table: CatalogTable) -> tuple[object, ...]:
    kept = {k: v for k, v in table.parameters.items() if k not in STATISTICS}
    described = (table.comment, table.location, table.definition, table.owner)
    return (table.columns, kept, *described)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


@lru_cache(maxsize=1024)
def _type(written: str) -> Type:
    return parse_type(written)
