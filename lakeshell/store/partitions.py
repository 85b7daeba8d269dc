"""Partition values and bounds as Iceberg types and spells them.

In: partition fields, values out of manifests. Out: the type of a transform's result, a value as
Python holds it, a value as Iceberg writes it for people. Computes no transform of a row.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

from lakeshell.sql.javanumbers import double_text, real_text
from lakeshell.store.metadata import DataFile, Field, PartitionField, TableMetadata
from lakeshell.store.planning import bound_value

_EPOCH = dt.datetime(1970, 1, 1)
_EPOCH_DATE = _EPOCH.date()


def result_type(transform: str, source: Any) -> Any:
    """The type, as metadata writes it, of what a transform makes of `source`."""
    if transform in ("year", "month", "hour") or transform.startswith("bucket"):
        return "int"
    if transform == "day":
        return "date"
    return source


def partition_fields(metadata: TableMetadata) -> list[PartitionField]:
    """The fields of every spec whose column is still there, each once."""
    known = {field.id for field in metadata.schema()}
    found: dict[int, PartitionField] = {}
    for spec in metadata.specs.values():
        for field in spec:
            if field.source_id in known:
                found.setdefault(field.id, field)
    return list(found.values())


def as_python(value: Any, written: Any) -> Any:
    """A partition value or decoded bound as the Python value that Arrow takes for its column."""
    if value is None:
        return None
    match written:
        case "date":
            return _EPOCH_DATE + dt.timedelta(days=value) if isinstance(value, int) else value
        case "timestamp" | "timestamptz":
            moment = _moment(value)
            return moment.replace(tzinfo=dt.UTC) if written == "timestamptz" else moment
        case "time":
            if isinstance(value, int):
                return (_EPOCH + dt.timedelta(microseconds=value)).time()
            return value
        case "string":
            return value.decode() if isinstance(value, bytes) else value
        case "uuid":
            return str(uuid.UUID(bytes=value) if isinstance(value, bytes) else value)
    return value


def bound(raw: bytes | None, written: Any) -> Any:
    """A bound out of a manifest as a Python value."""
    return None if raw is None else as_python(bound_value(raw, written), written)


def human(value: Any, transform: str, source: Any) -> str:
    """A value of a transform of a column of type `source`, as Iceberg shows it."""
    if value is None:
        return "null"
    match transform:
        case "year":
            return f"{1970 + value:04d}"
        case "month":
            return f"{1970 + value // 12:04d}-{value % 12 + 1:02d}"
        case "hour":
            return f"{_EPOCH + dt.timedelta(hours=value):%Y-%m-%d-%H}"
        case "day":
            return str(as_python(value, "date"))
    if transform.startswith("bucket"):
        return str(value)
    return _plain(as_python(value, source), source)


def _plain(value: Any, written: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case dt.datetime():
            zone = "Z" if value.tzinfo else ""
            return _local(value.time(), f"{value.date()}T") + zone
        case dt.time():
            return _local(value, "")
        case bytes():
            return base64.b64encode(value).decode()
        case float():
            return real_text(value) if written == "float" else double_text(value)
        case Decimal():
            return f"{value:f}"
    return str(value)


def _local(time: dt.time, before: str) -> str:
    """As Java's LocalTime prints: seconds and fractions only where there are any."""
    text = f"{before}{time:%H:%M}"
    if time.second or time.microsecond:
        text += f"{time:%S}".join((":", ""))
    if time.microsecond % 1000:
        return f"{text}.{time.microsecond:06d}"
    return f"{text}.{time.microsecond // 1000:03d}" if time.microsecond else text


def _moment(value: Any) -> dt.datetime:
    if isinstance(value, int):
        return _EPOCH + dt.timedelta(microseconds=value)
    made: dt.datetime = value
    return made.astimezone(dt.UTC).replace(tzinfo=None) if made.tzinfo else made


def partition_path(metadata: TableMetadata, file: DataFile) -> str:
    """`d=2020-01-01/kind=a`, empty for an unpartitioned table's file."""
    columns: dict[int, Field] = dict(metadata.all_fields)
    parts = []
    for field in metadata.specs.get(file.spec_id, ()):
        source = columns[field.source_id].written
        value = human(file.partition.get(field.name), field.transform, source)
        parts.append(f"{quote_plus(field.name)}={quote_plus(value)}")
    return "/".join(parts)
