"""Which snapshot `FOR VERSION AS OF` and `FOR TIMESTAMP AS OF` mean.

In: a table's metadata and the bound expression of the version. Out: its snapshot, or Trino's error.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from lakeshell.engine.embedded.values.typed import Typed
from lakeshell.errors import QueryFailed, QueryRejected
from lakeshell.sql.datatypes import BIGINT, DATE, TimestampType, VarcharType

if TYPE_CHECKING:
    from lakeshell.engine.embedded.tables.lookup import Surroundings
    from lakeshell.store.metadata import Snapshot, TableMetadata

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


def snapshot_at(
    metadata: TableMetadata,
    name: tuple[str, str, str],
    version: Typed,
    kind: str,
    around: Surroundings,
) -> Snapshot:
    """`kind` is `version` or `timestamp`."""
    if kind.lower() == "version":
        return _by_id(metadata, version, around)
    return _by_time(metadata, name, version, around)


def _by_id(metadata: TableMetadata, version: Typed, around: Surroundings) -> Snapshot:
    value = _value(version, around)
    if version.type == BIGINT:
        wanted = int(value)
    elif isinstance(version.type, VarcharType):
        ref = metadata.refs.get(value)
        if ref is None:
            raise _wrong(f"Cannot find snapshot with reference name: {value}")
        wanted = ref["snapshot-id"]
    else:
        raise QueryFailed(
            f"Unsupported type for table version: {version.type}", code="NOT_SUPPORTED"
        )
    snapshot = metadata.snapshots.get(wanted)
    if snapshot is None:
        raise _wrong(f"Iceberg snapshot ID does not exists: {wanted}")
    return snapshot


def _by_time(
    metadata: TableMetadata, name: tuple[str, str, str], version: Typed, around: Surroundings
) -> Snapshot:
    if version.type != DATE and not isinstance(version.type, TimestampType):
        raise QueryRejected(
            f"Type {version.type} invalid. Temporal pointers must be of type Timestamp, "
            "Timestamp with Time Zone, or Date.",
            code="TYPE_MISMATCH",
        )
    value = _value(version, around)
    milliseconds = _instant(value, version, around)
    if milliseconds > (around.now - _EPOCH) // _MILLISECOND:
        raise QueryRejected(
            f"Pointer value '{_written(value)}' is not in the past", code="INVALID_ARGUMENTS"
        )
    past = [entry for entry in metadata.snapshot_log if entry[0] <= milliseconds]
    if not past:
        said = f'"{name[1]}".{name[2]}'
        raise _wrong(f"No version history table {said} at or before {_utc(milliseconds)}")
    return metadata.snapshots[max(past, key=lambda entry: entry[0])[1]]


def _value(version: Typed, around: Surroundings) -> Any:
    value = around.evaluate(version)
    if value is None:
        raise QueryRejected("Pointer value cannot be NULL", code="INVALID_ARGUMENTS")
    return value


def _instant(value: Any, version: Typed, around: Surroundings) -> int:
    """Milliseconds since the epoch; a local time is one of the session's zone."""
    from zoneinfo import ZoneInfo

    if isinstance(value, dict):
        value = value["instant"]
    elif isinstance(value, dt.datetime):
        value = value.replace(tzinfo=ZoneInfo(around.zone))
    else:
        value = dt.datetime.combine(value, dt.time(), ZoneInfo(around.zone))
    whole: int = (value.astimezone(dt.UTC) - _EPOCH) // _MILLISECOND
    return whole


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['instant'].replace(tzinfo=None)} {value['zone']}"
    return str(value)


def _utc(milliseconds: int) -> str:
    moment = _EPOCH + milliseconds * _MILLISECOND
    fraction = f".{milliseconds % 1000:03d}" if milliseconds % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _wrong(message: str) -> QueryFailed:
    """Trino gives these no place in the statement."""
    return QueryFailed(message, code="INVALID_ARGUMENTS")
