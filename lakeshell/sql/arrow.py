"""The one form in Arrow that each of Trino's types has wherever Arrow crosses a port.

In: a `Type`. Out: the Arrow type, or the Arrow schema of columns. Importing this module imports
pyarrow: on the path of a cold query it is imported where Arrow is first needed, not before.

    boolean, tinyint … bigint      bool, int8 … int64
    real, double                   float32, float64
    decimal(p,s)                   decimal128(p, s)
    varchar, json, uuid            string
    char(n)                        string without its trailing blanks
    varbinary                      binary
    date, time(p)                  date32, time64[us]
    timestamp(p)                   timestamp[us], of a precision over 6 timestamp[ns]
    … with time zone               struct<instant: timestamp[us, UTC], zone: string>
    time with time zone            struct<time: time64[us], offset: int32 minutes>
    interval day to second         int64 milliseconds
    interval year to month         int32 months
    array, map                     list, map
    row                            struct of f0, f1, …: two fields may share a name in Trino
    unknown                        int32 of nulls only
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import pyarrow as pa

from lakeshell.sql.datatypes import (
    ArrayType,
    DecimalType,
    MapType,
    RowType,
    TimestampType,
    TimeType,
    Type,
)

_PLAIN: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "varchar": pa.string(),
    "char": pa.string(),
    "json": pa.string(),
    "uuid": pa.string(),
    "ipaddress": pa.string(),
    "varbinary": pa.binary(),
    "date": pa.date32(),
    "interval day to second": pa.int64(),
    "interval year to month": pa.int32(),
    "unknown": pa.int32(),
}
_MICROSECONDS = 6


def arrow_type(type: Type) -> pa.DataType:
    """The Arrow type of `type`; raises `KeyError` for a type that has no values outside Trino."""
    match type:
        case DecimalType(precision=precision, scale=scale):
            return pa.decimal128(precision, scale)
        case TimeType(with_zone=True):
            return pa.struct([("time", pa.time64("us")), ("offset", pa.int32())])
        case TimeType():
            return pa.time64("us")
        case TimestampType(with_zone=True):
            return pa.struct([("instant", pa.timestamp("us", "UTC")), ("zone", pa.string())])
        case TimestampType(precision=precision):
            return pa.timestamp("us" if precision <= _MICROSECONDS else "ns")
        case ArrayType(element=element):
            return pa.list_(arrow_type(element))
        case MapType(key=key, value=value):
            return pa.map_(arrow_type(key), arrow_type(value))
        case RowType(fields=fields):
            return pa.struct([(f"f{i}", arrow_type(f.type)) for i, f in enumerate(fields)])
        case _:
            return _PLAIN[type.name]


class Named(Protocol):
    """Something with a name and a type: `model.Column`, a column of a relation."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> Type: ...


def arrow_schema(columns: Iterable[Named]) -> pa.Schema:
    """The schema of a batch with these columns, in this order; two may share a name."""
    return pa.schema([pa.field(column.name, arrow_type(column.type)) for column in columns])
