"""Arrow's columns as Python's values.

    boolean, numbers               bool, int, float, Decimal
    varchar, char, json, ipaddress str (char with its trailing blanks)
    uuid, varbinary                UUID, bytes
    date, time, timestamp          date, time, datetime, to the microsecond
    … with time zone               with tzinfo: a ZoneInfo, or a fixed offset
    interval day to second         timedelta
    interval year to month         int, months
    array, map, row                list, dict, tuple

What Python's own types cannot hold (a year beyond 9999) is refused, never changed; `fetch_arrow`
gives it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from lakeshell.dbapi.failures import DataError
from lakeshell.model import Column
from lakeshell.sql.datatypes import (
    ArrayType,
    CharType,
    MapType,
    RowType,
    TimestampType,
    TimeType,
    Type,
)

if TYPE_CHECKING:
    import pyarrow as pa

Turn = Callable[[Any], Any]


def rows(batch: pa.RecordBatch, columns: Sequence[Column]) -> list[tuple[Any, ...]]:
    """Raises `DataError` for what Python's types cannot hold."""
    found = [_values(batch.column(i), column) for i, column in enumerate(columns)]
    return list(zip(*found, strict=True)) if found else [()] * batch.num_rows


def _values(array: pa.Array, column: Column) -> list[Any]:
    try:
        # Of nanoseconds, Python's own types take what is above them.
        cut = array.cast(_cut(array.type), safe=False) if "[ns]" in str(array.type) else array
        found: list[Any] = cut.to_pylist()
        turn = _turn(column.type)
        return found if turn is None else [None if v is None else turn(v) for v in found]
    except (ValueError, OverflowError) as error:
        raise DataError(
            f"a value of the column {column.name!r}, {column.type}, has no form in Python: {error}",
            hint="fetch_arrow() gives it, and so does CAST(… AS varchar)",
        ) from error


def _cut(type: pa.DataType) -> pa.DataType:
    """The type with microseconds where it has nanoseconds, inside its parts too."""
    import pyarrow as pa

    if pa.types.is_timestamp(type):
        return pa.timestamp("us", type.tz)
    if pa.types.is_list(type):
        return pa.list_(_cut(type.value_type))
    if pa.types.is_map(type):
        return pa.map_(_cut(type.key_type), _cut(type.item_type))
    if pa.types.is_struct(type):
        return pa.struct(
            [type.field(i).with_type(_cut(type.field(i).type)) for i in range(type.num_fields)]
        )
    return type


def _turn(type: Type) -> Turn | None:
    """What turns pyarrow's value into the right one; None where they are the same."""
    match type:
        case CharType(length=length):
            return lambda value: value.ljust(length)
        case TimestampType(with_zone=True):
            return _instant
        case TimeType(with_zone=True):
            return _offset_time
        case ArrayType(element=element):
            inner = _nullable(_turn(element))
            return lambda value: [inner(item) for item in value]
        case MapType(key=key, value=held):
            of_key, of_value = _nullable(_turn(key)), _nullable(_turn(held))
            return lambda value: {_hashable(of_key(k)): of_value(v) for k, v in value}
        case RowType(fields=fields):
            turns = [_nullable(_turn(field.type)) for field in fields]
            return lambda value: tuple(t(v) for t, v in zip(turns, value.values(), strict=True))
    if type.name == "uuid":
        return UUID
    return _milliseconds if type.name == "interval day to second" else None


def _nullable(turn: Turn | None) -> Turn:
    if turn is None:
        return lambda value: value
    return lambda value: None if value is None else turn(value)


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _milliseconds(value: int) -> timedelta:
    return timedelta(milliseconds=value)


def _instant(value: dict[str, Any]) -> datetime:
    moment: datetime = value["instant"]
    return moment.astimezone(_zone(value["zone"]))


def _offset_time(value: dict[str, Any]) -> time:
    moment: time = value["time"]
    return moment.replace(tzinfo=timezone(timedelta(minutes=value["offset"])))


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo:
    if name[:1] in ("+", "-"):
        hours, minutes = int(name[1:3]), int(name[4:6])
        offset = timedelta(hours=hours, minutes=minutes)
        return timezone(-offset if name[0] == "-" else offset)
    return ZoneInfo(name)
