"""Columns as Trino names them, as Iceberg keeps them and as Arrow writes them.

In: Trino columns or an Iceberg schema. Out: the other of the two, or the Arrow schema of a data
file with Iceberg's field ids. Converts no values (`arrays`) and decides no coercion (`storable`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any

import pyarrow as pa
from pyiceberg import types as ice
from pyiceberg.schema import Schema

from lakeshell.errors import QueryFailed
from lakeshell.model import Column
from lakeshell.sql import datatypes as dt
from lakeshell.store.storable import storable

_PLAIN: dict[dt.Type, ice.PrimitiveType] = {
    dt.BOOLEAN: ice.BooleanType(),
    dt.INTEGER: ice.IntegerType(),
    dt.BIGINT: ice.LongType(),
    dt.REAL: ice.FloatType(),
    dt.DOUBLE: ice.DoubleType(),
    dt.DATE: ice.DateType(),
    dt.VARCHAR: ice.StringType(),
    dt.VARBINARY: ice.BinaryType(),
    dt.UUID: ice.UUIDType(),
    dt.TimeType(6): ice.TimeType(),
    dt.TimestampType(6): ice.TimestampType(),
    dt.TimestampType(6, True): ice.TimestamptzType(),
}
_TRINO = {kind: trino for trino, kind in _PLAIN.items()}

_ARROW: dict[type[ice.IcebergType], pa.DataType] = {
    ice.BooleanType: pa.bool_(),
    ice.IntegerType: pa.int32(),
    ice.LongType: pa.int64(),
    ice.FloatType: pa.float32(),
    ice.DoubleType: pa.float64(),
    ice.DateType: pa.date32(),
    ice.StringType: pa.string(),
    ice.BinaryType: pa.binary(),
    ice.UUIDType: pa.uuid(),
    ice.TimeType: pa.time64("us"),
    ice.TimestampType: pa.timestamp("us"),
    ice.TimestamptzType: pa.timestamp("us", "UTC"),
}
FIELD_ID = b"PARQUET:field_id"


def iceberg_schema(columns: Sequence[Column], *, first_id: int = 1) -> Schema:
    """A schema with fresh field ids; the columns' types are made storable first."""
    ids = count(first_id)
    return Schema(*(iceberg_field(column, ids.__next__) for column in columns))


def iceberg_field(column: Column, new_id: Callable[[], int]) -> ice.NestedField:
    field_id = new_id()
    return ice.NestedField(
        field_id=field_id,
        name=column.name,
        field_type=iceberg_type(storable(column.type), new_id),
        required=not column.nullable,
        doc=column.comment or None,
    )


def iceberg_type(type: dt.Type, new_id: Callable[[], int]) -> ice.IcebergType:
    """Of a storable type; `new_id` numbers the fields inside rows, arrays and maps."""
    if type in _PLAIN:
        return _PLAIN[type]
    if isinstance(type, dt.DecimalType):
        return ice.DecimalType(type.precision, type.scale)
    if isinstance(type, dt.ArrayType):
        return ice.ListType(
            element_id=new_id(),
            element_type=iceberg_type(type.element, new_id),
            element_required=False,
        )
    if isinstance(type, dt.MapType):
        return ice.MapType(
            key_id=new_id(),
            value_id=new_id(),
            key_type=iceberg_type(type.key, new_id),
            value_type=iceberg_type(type.value, new_id),
            value_required=False,
        )
    if isinstance(type, dt.RowType):
        return ice.StructType(
            *(
                ice.NestedField(new_id(), field.name or "", iceberg_type(field.type, new_id))
                for field in type.fields
            )
        )
    raise QueryFailed(f"Type not supported for Iceberg: {type}", code="NOT_SUPPORTED")


def trino_type(type: ice.IcebergType) -> dt.Type:
    if isinstance(type, ice.PrimitiveType) and type in _TRINO:
        return _TRINO[type]
    if isinstance(type, ice.DecimalType):
        return dt.DecimalType(type.precision, type.scale)
    if isinstance(type, ice.FixedType):
        return dt.VARBINARY
    if isinstance(type, ice.ListType):
        return dt.ArrayType(trino_type(type.element_type))
    if isinstance(type, ice.MapType):
        return dt.MapType(trino_type(type.key_type), trino_type(type.value_type))
    if isinstance(type, ice.StructType):
        return dt.RowType(tuple(dt.RowField(f.name, trino_type(f.field_type)) for f in type.fields))
    raise QueryFailed(
        f"Cannot convert from Iceberg type '{type}' to Trino type", code="NOT_SUPPORTED"
    )


def trino_columns(schema: Schema) -> tuple[Column, ...]:
    return tuple(
        Column(f.name, trino_type(f.field_type), not f.required, f.doc or "") for f in schema.fields
    )


def arrow_schema(schema: Schema) -> pa.Schema:
    """What a data file of `schema` looks like, field ids included."""
    return pa.schema([_arrow_field(field) for field in schema.fields])


def _arrow_field(field: ice.NestedField) -> Any:
    return _with_id(field.name, arrow_type(field.field_type), not field.required, field.field_id)


def _with_id(name: str, type: Any, nullable: bool, field_id: int) -> Any:
    return pa.field(name, type, nullable=nullable, metadata={FIELD_ID: str(field_id)})


def arrow_type(type: ice.IcebergType) -> Any:
    if isinstance(type, ice.DecimalType):
        return pa.decimal128(type.precision, type.scale)
    if isinstance(type, ice.FixedType):
        return pa.binary(len(type))
    if isinstance(type, ice.ListType):
        element = _with_id("element", arrow_type(type.element_type), True, type.element_id)
        return pa.list_(element)
    if isinstance(type, ice.MapType):
        key = _with_id("key", arrow_type(type.key_type), False, type.key_id)
        return pa.map_(key, _with_id("value", arrow_type(type.value_type), True, type.value_id))
    if isinstance(type, ice.StructType):
        return pa.struct([_arrow_field(field) for field in type.fields])
    return _ARROW[type.__class__]


def leaves(schema: Schema) -> list[tuple[int, ice.PrimitiveType, bool]]:
    """The primitive fields in the order of a Parquet file's columns: id, type, whether nested."""
    found: list[tuple[int, ice.PrimitiveType, bool]] = []
    for field in schema.fields:
        found.extend(_leaves(field.field_id, field.field_type, False))
    return found


def _leaves(
    field_id: int, type: ice.IcebergType, nested: bool
) -> Iterable[tuple[int, ice.PrimitiveType, bool]]:
    if isinstance(type, ice.StructType):
        for field in type.fields:
            yield from _leaves(field.field_id, field.field_type, True)
    elif isinstance(type, ice.ListType):
        yield from _leaves(type.element_id, type.element_type, True)
    elif isinstance(type, ice.MapType):
        yield from _leaves(type.key_id, type.key_type, True)
        yield from _leaves(type.value_id, type.value_type, True)
    elif isinstance(type, ice.PrimitiveType):
        yield field_id, type, nested
