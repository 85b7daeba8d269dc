"""A column of MySQL as a Trino type.

In: a line of `information_schema.columns`. Out: the type that Trino's MySQL connector gives it, or
why it has none. See `mysql_values` for how its values leave the server.

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

from typing import NamedTuple

from lakeshell.source.declared import Unmapped
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
