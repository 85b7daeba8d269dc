"""A column of MySQL as a Trino type, and how its values leave the server exactly.

In: a line of `information_schema.columns`. Out: the type that Trino's MySQL connector gives it, or
why it has none; and an SQL expression whose values any driver carries without a change.

    tinyint … bigint                 tinyint … bigint; unsigned: the next wider, decimal(20,0)
    bit(1), bool                     boolean, tinyint
    float, double, decimal(p,s)      real, double, decimal(p,s) up to 38 digits
    char(n), varchar(n), *text       char(n), varchar(n) of the declared characters, of any charset
    enum, set                        varchar of the longest value
    binary, varbinary, *blob         varbinary
    json                             json
    date, time(p), datetime(p)       date, time(p), timestamp(p)
    timestamp(p)                     timestamp(p) with time zone, in UTC
    year                             date, the first of January
    bit(n), decimal over 38 digits, spatial types, vector      none: the column is left out

A zero date and a time of 24 hours or more, or below none, fit no value: reading one is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from lakeshell.source.arrays import Convert, Undecided, whole_column
from lakeshell.source.declared import Unmapped
from lakeshell.sql.arrow import arrow_type
from lakeshell.sql.datatypes import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    JSON,
    MAX_PRECISION,
    REAL,
    SMALLINT,
    TINYINT,
    VARBINARY,
    VARCHAR,
    CharType,
    DecimalType,
    TimestampType,
    TimeType,
    Type,
    VarcharType,
)

_MAX_VARCHAR = 2_147_483_646
_SPATIAL = frozenset((
    "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
    "geomcollection", "geometrycollection",
))  # fmt: skip
_WHOLE = {
    "tinyint": TINYINT,
    "smallint": SMALLINT,
    "mediumint": INTEGER,
    "int": INTEGER,
    "bigint": BIGINT,
}
_UNSIGNED = {
    "tinyint": SMALLINT,
    "smallint": INTEGER,
    "mediumint": INTEGER,
    "int": BIGINT,
    "bigint": DecimalType(20, 0),
}
_PLAIN: dict[str, Type] = {
    "float": REAL,
    "double": DOUBLE,
    "json": JSON,
    "date": DATE,
    "year": DATE,
}
_BYTES = frozenset(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"))
_TEXTS = frozenset(("varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"))


class Described(NamedTuple):
    """What `information_schema.columns` says of a column, in the order of `FIELDS`."""

    name: str
    kind: str
    """`data_type`: `bigint`, without length and sign."""
    written: str
    """`column_type`: `bigint unsigned`."""
    length: int | None
    precision: int | None
    scale: int | None
    fraction: int | None
    nullable: str
    comment: str


FIELDS = (
    "column_name, data_type, column_type, character_maximum_length, numeric_precision,"
    " numeric_scale, datetime_precision, is_nullable, column_comment"
)


def trino_type(column: Described) -> Type | Unmapped:
    kind, written = column.kind.lower(), column.written.lower()
    if kind in _WHOLE:
        return (_UNSIGNED if "unsigned" in written else _WHOLE)[kind]
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _BYTES:
        return VARBINARY
    if kind in _TEXTS or kind == "char":
        return _text(kind, column.length)
    if kind == "decimal":
        return _decimal(column)
    if kind == "bit":
        return (
            BOOLEAN
            if column.precision == 1
            else Unmapped(f"{written} is a string of bits, which Trino has no type for")
        )
    match kind:
        case "time":
            return TimeType(column.fraction or 0)
        case "datetime":
            return TimestampType(column.fraction or 0)
        case "timestamp":
            return TimestampType(column.fraction or 0, True)
    what = "a spatial type" if kind in _SPATIAL else "a type"
    return Unmapped(f"{written} is {what} that no type of the lake holds")


def _text(kind: str, length: int | None) -> Type:
    if length is None or length > _MAX_VARCHAR:
        return VARCHAR
    return CharType(length) if kind == "char" else VarcharType(length)


def _decimal(column: Described) -> Type | Unmapped:
    precision, scale = column.precision or 10, column.scale or 0
    if precision > MAX_PRECISION:
        return Unmapped(
            f"{column.written} has more than the {MAX_PRECISION} digits of Trino's decimals"
        )
    return DecimalType(precision, scale)


# --- reading -------------------------------------------------------------------------------


def expression(name: str, kind: str, type: Type) -> str:
    """SQL for the values of the column `name` (quoted) as whole numbers, doubles, text or bytes.

    Decimals and times leave as text: drivers keep ten decimals, or take a zero date for NULL.
    """
    kind = kind.partition("(")[0].split()[0].lower()
    if kind == "bit":
        return f"CAST({name} AS UNSIGNED)"
    if kind == "float":
        # As text a FLOAT shows six digits; as a double, all that it has.
        return f"({name} + 0e0)"
    if kind == "year":
        return f"IF({name} = 0, '0000-00-00', CONCAT({name}, '-01-01'))"
    if isinstance(type, DecimalType | TimestampType | TimeType) or type in (DATE, JSON):
        return f"CAST({name} AS CHAR)"
    if kind in ("enum", "set"):
        return f"CAST({name} AS CHAR)"
    if type == VARBINARY:
        return f"HEX({name})"
    return name


def whole(type: Type) -> Convert:
    """Converts a whole array of `expression`'s values; raises `Undecided`."""
    match type:
        case DecimalType():
            return partial(_cast_text, arrow_type(type))
        case TimestampType(with_zone=True):
            return partial(_zoned, whole_column(TimestampType(type.precision)))
    made = {VARBINARY: _from_hex, REAL: _real}.get(type)
    return whole_column(type) if made is None else made


def plain(array: pa.Array) -> pa.Array:
    """A driver's array as int64, float64, string or binary."""
    kind = array.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return array.cast(pa.int64())
    if pa.types.is_floating(kind):
        return array.cast(pa.float64())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return array.cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        # A driver takes text under a binary collation for bytes.
        whole_bytes = array.cast(pa.binary())
        try:
            return whole_bytes.cast(pa.string())
        except pa.ArrowInvalid:
            return whole_bytes
    if pa.types.is_null(kind):
        return array.cast(pa.string())
    return array


def _guarded(convert: Callable[[], Any]) -> Any:
    try:
        return convert()
    except pa.ArrowInvalid as error:
        raise Undecided from error


def _cast_text(wanted: pa.DataType, array: pa.Array) -> pa.Array:
    if array.type != pa.string():
        raise Undecided
    return _guarded(lambda: array.cast(wanted))


def _real(array: pa.Array) -> pa.Array:
    if array.type != pa.float64():
        raise Undecided
    return array.cast(pa.float32(), safe=False)


def _zoned(local: Convert, array: pa.Array) -> pa.Array:
    instants = local(array).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    zones = pc.if_else(array.is_valid(), pa.scalar("UTC"), pa.scalar(None, pa.string()))
    fields = arrow_type(TimestampType(6, True))
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays([instants, zones], fields=list(fields), mask=mask)


def _from_hex(array: pa.Array) -> pa.Array:
    """Hexadecimal digits as bytes, through one decode of the whole column."""
    if array.type != pa.string():
        raise Undecided
    lengths = pc.fill_null(pc.divide(pc.binary_length(array).cast(pa.int64()), 2), 0)
    ends = pc.cumulative_sum(lengths).cast(pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    text = b"".join(v for v in array.cast(pa.binary()).to_pylist() if v is not None)
    data = pa.py_buffer(bytes.fromhex(text.decode("ascii")))
    made = pa.Array.from_buffers(pa.binary(), len(array), [None, offsets.buffers()[1], data])
    if array.null_count:
        made = pc.if_else(array.is_valid(), made, pa.scalar(None, pa.binary()))
    return made
