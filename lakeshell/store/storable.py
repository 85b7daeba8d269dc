"""Which types a table of the lake can hold.

In: a Trino type. Out: the type that its column gets, as Trino's Iceberg connector chooses it
(`tinyint` becomes `integer`, `timestamp(3)` becomes `timestamp(6)`), or `QueryFailed`. Imports
neither pyiceberg nor pyarrow, so that planning may ask.
"""

from __future__ import annotations

from lakeshell.errors import QueryFailed
from lakeshell.sql.datatypes import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    REAL,
    SMALLINT,
    TINYINT,
    UUID,
    VARBINARY,
    VARCHAR,
    ArrayType,
    CharType,
    DecimalType,
    MapType,
    RowField,
    RowType,
    TimestampType,
    TimeType,
    Type,
    VarcharType,
)

_AS_THEY_ARE = frozenset((BOOLEAN, INTEGER, BIGINT, REAL, DOUBLE, DATE, VARBINARY, UUID))
MICROSECONDS = 6


def storable(type: Type) -> Type:
    """The column type that holds `type`; `QueryFailed` NOT_SUPPORTED where Iceberg has none."""
    if type in _AS_THEY_ARE or isinstance(type, DecimalType):
        return type
    if type in (TINYINT, SMALLINT):
        return INTEGER
    if isinstance(type, VarcharType | CharType):
        return VARCHAR
    if isinstance(type, TimestampType):
        return TimestampType(MICROSECONDS, type.with_zone)
    if isinstance(type, TimeType) and not type.with_zone:
        return TimeType(MICROSECONDS)
    if isinstance(type, ArrayType):
        return ArrayType(storable(type.element))
    if isinstance(type, MapType):
        return MapType(storable(type.key), storable(type.value))
    if isinstance(type, RowType):
        return _row(type)
    raise QueryFailed(f"Type not supported for Iceberg: {type}", code="NOT_SUPPORTED")


def _row(type: RowType) -> RowType:
    seen: set[str] = set()
    fields: list[RowField] = []
    for field in type.fields:
        if not field.name:
            raise QueryFailed(f"Row type field does not have a name: {type}", code="NOT_SUPPORTED")
        if field.name.lower() in seen:
            raise QueryFailed(
                f"Field name '{field.name.lower()}' specified more than once",
                code="DUPLICATE_COLUMN_NAME",
            )
        seen.add(field.name.lower())
        fields.append(RowField(field.name, storable(field.type)))
    return RowType(tuple(fields))
