"""An Iceberg table as the catalog shows it, from its metadata file.

In: the path of a metadata JSON. Out: a `CatalogTable`, or all its schemas as versions. Only this
one file is read: no manifest, no data, and pyiceberg is not imported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from lakeshell.model import CatalogTable, Column, TableKind, TableName
from lakeshell.sql.datatypes import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    REAL,
    UNKNOWN,
    UUID,
    VARBINARY,
    VARCHAR,
    ArrayType,
    DecimalType,
    MapType,
    RowField,
    RowType,
    TimestampType,
    TimeType,
    Type,
)

_TYPES: dict[str, Type] = {
    "boolean": BOOLEAN,
    "int": INTEGER,
    "long": BIGINT,
    "float": REAL,
    "double": DOUBLE,
    "date": DATE,
    "string": VARCHAR,
    "uuid": UUID,
    "binary": VARBINARY,
    "unknown": UNKNOWN,
    "time": TimeType(6),
    "timestamp": TimestampType(6),
    "timestamptz": TimestampType(6, True),
    "timestamp_ns": TimestampType(9),
    "timestamptz_ns": TimestampType(9, True),
}


def trino_type(written: Any) -> Type:
    """The Trino type of a type as metadata files write it. Raises `ValueError` for an unknown one."""
    if isinstance(written, str):
        if written.startswith("decimal"):
            precision, _, scale = written[len("decimal(") : -1].partition(",")
            return DecimalType(int(precision), int(scale))
        if written.startswith("fixed"):
            return VARBINARY
        if written not in _TYPES:
            raise ValueError(f"the Iceberg type {written!r} has no Trino type")
        return _TYPES[written]
    match written["type"]:
        case "list":
            return ArrayType(trino_type(written["element"]))
        case "map":
            return MapType(trino_type(written["key"]), trino_type(written["value"]))
        case _:
            fields = written["fields"]
            return RowType(tuple(RowField(f["name"], trino_type(f["type"])) for f in fields))


def read_metadata(location: str) -> dict[str, Any]:
    """Raises `OSError` or `ValueError`."""
    parsed = urlparse(location)
    path = unquote(parsed.path) if parsed.scheme == "file" else location
    made: dict[str, Any] = json.loads(Path(path).read_bytes())
    return made


def current(name: TableName, metadata: Mapping[str, Any]) -> CatalogTable:
    """The table with its current schema. Its version counts its schemas."""
    return versions(name, metadata)[-1]


def versions(name: TableName, metadata: Mapping[str, Any]) -> Sequence[CatalogTable]:
    """One version a schema, oldest first, the current one last."""
    schemas = metadata.get("schemas") or [metadata["schema"]]
    now = metadata.get("current-schema-id", 0)
    ordered = sorted(schemas, key=lambda s: (s.get("schema-id", 0) == now, s.get("schema-id", 0)))
    properties: dict[str, str] = metadata.get("properties", {})
    parameters = {"classification": "iceberg", "typeOfData": "table", **properties}
    parameters.pop("comment", None)
    snapshot = _current_snapshot(metadata)
    if "total-records" in snapshot:
        parameters["recordCount"] = snapshot["total-records"]
    return [
        CatalogTable(
            name=name,
            kind=TableKind.ICEBERG,
            columns=tuple(_column(f) for f in schema["fields"]),
            parameters=parameters,
            location=metadata["location"],
            comment=properties.get("comment", ""),
            version=number,
            created=_moment(_first_ms(metadata)),
            updated=_moment(metadata["last-updated-ms"]),
        )
        for number, schema in enumerate(ordered, 1)
    ]


def unreadable(name: TableName, location: str) -> CatalogTable:
    """A table whose metadata cannot be read, so that a listing still names it."""
    folder = location.rsplit("/metadata/", 1)[0]
    return CatalogTable(name=name, kind=TableKind.ICEBERG, columns=(), location=folder)


def _column(field: Mapping[str, Any]) -> Column:
    return Column(
        field["name"],
        trino_type(field["type"]),
        not field.get("required", False),
        field.get("doc") or "",
    )


def _current_snapshot(metadata: Mapping[str, Any]) -> Mapping[str, str]:
    """The summary of the current snapshot; empty before the first write."""
    wanted = metadata.get("current-snapshot-id")
    for snapshot in metadata.get("snapshots") or ():
        if snapshot["snapshot-id"] == wanted:
            summary: Mapping[str, str] = snapshot.get("summary") or {}
            return summary
    return {}


def _first_ms(metadata: Mapping[str, Any]) -> int:
    known = [entry["timestamp-ms"] for entry in metadata.get("metadata-log") or ()]
    known += [entry["timestamp-ms"] for entry in metadata.get("snapshots") or ()]
    first: int = min([*known, metadata["last-updated-ms"]])
    return first


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
