"""Between the engine's representation and the ports' form of Arrow (`sql.arrow`), both ways.

In: DuckDB SQL that reads Arrow of the ports' form; or a batch out of DuckDB with the Trino types
of its columns. Out: SQL of the engine's representation; or the batch in the ports' form.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lakeshell.sql.datatypes import ArrayType, MapType, RowType, TimestampType, TimeType, Type

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.engine.embedded.binding.scope import BoundColumn


# --- out of Arrow --------------------------------------------------------------------------


def taken(sql: str, type: Type, depth: int = 0) -> str:
    """DuckDB SQL of the engine's representation, from `sql` that reads Arrow in the ports' form."""
    item = f"a{depth}"
    match type:
        case TimestampType(with_zone=True):
            return f"(struct_extract({sql}, 'instant') AT TIME ZONE 'UTC')"
        case ArrayType():
            inner = taken(item, type.element, depth + 1)
            return sql if inner == item else f"list_transform({sql}, lambda {item}: {inner})"
        case RowType():
            parts = [(f"struct_extract({sql}, 'f{n}')", f.type) for n, f in enumerate(type.fields)]
            inside = [taken(part, inner, depth + 1) for part, inner in parts]
            if all(made == part for made, (part, _) in zip(inside, parts, strict=True)):
                return sql
            packed = ", ".join(f"f{n} := {made}" for n, made in enumerate(inside))
            return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({packed}) END"
        case MapType():
            key, value = (
                taken(f"{item}.{part}", inner, depth + 1)
                for part, inner in (("key", type.key), ("value", type.value))
            )
            if (key, value) == (f"{item}.key", f"{item}.value"):
                return sql
            entry = f"struct_pack(key := {key}, value := {value})"
            entries = f"list_transform(map_entries({sql}), lambda {item}: {entry})"
            return f"CASE WHEN {sql} IS NOT NULL THEN map_from_entries({entries}) END"
    return f"CAST({sql} AS UUID)" if type.name == "uuid" else sql


# --- out of DuckDB -------------------------------------------------------------------------


class Shaping:
    """Gives the batches of one result the ports' form; does nothing where they have it already."""

    def __init__(self, columns: Sequence[BoundColumn]) -> None:
        import pyarrow as pa

        from lakeshell.sql.arrow import arrow_type

        self._columns = columns
        self.schema: pa.Schema = pa.schema(
            [pa.field(column.name, arrow_type(column.type)) for column in columns]
        )

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        import pyarrow as pa

        arrays = [
            array if array.type == field.type else shaped(array, field.type, column.type, column.zone)
            for array, field, column in zip(
                batch.columns, self.schema, self._columns, strict=True
            )
        ]  # fmt: skip
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def shaped(array: Any, target: Any, type: Type, zone: str | None) -> Any:
    """`array` of DuckDB as `target`, the ports' form of `type`."""
    import pyarrow as pa

    if array.type == target:
        return array
    match type:
        case TimestampType(with_zone=True):
            return _zoned(array, target, zone or "UTC")
        case TimeType(with_zone=True):
            return _zoned_time(array, target, zone or "UTC")
        case ArrayType():
            values = shaped(array.values, target.value_type, type.element, zone)
            return pa.Array.from_buffers(
                target, len(array), array.buffers()[:2], array.null_count, array.offset, [values]
            )
        case MapType():
            entries = array.values
            parts = [
                shaped(entries.field(0), target.key_type, type.key, zone),
                shaped(entries.field(1), target.item_type, type.value, zone),
            ]
            made = pa.StructArray.from_arrays(parts, fields=[target.key_field, target.item_field])
            return pa.Array.from_buffers(
                target, len(array), array.buffers()[:2], array.null_count, array.offset, [made]
            )
        case RowType():
            parts = [
                shaped(array.field(n), target.field(n).type, f.type, zone)
                for n, f in enumerate(type.fields)
            ]
            mask = array.is_null() if array.null_count else None
            fields = [target.field(n) for n in range(target.num_fields)]
            return pa.StructArray.from_arrays(parts, fields=fields, mask=mask)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if type.name == "uuid" and pa.types.is_fixed_size_binary(array.type):
        return pa.array(map(_uuid_text, array.to_pylist()), target)
    return array.cast(target)


def _uuid_text(raw: bytes | None) -> str | None:
    import uuid

    return None if raw is None else str(uuid.UUID(bytes=raw))


def _zoned(array: Any, target: Any, zone: str) -> Any:
    import pyarrow as pa

    if pa.types.is_struct(array.type):
        return array.cast(target)
    instants = array.cast(pa.timestamp("us")).view(target.field(0).type)
    zones = pa.repeat(pa.scalar(zone, pa.string()), len(array))
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(
        [instants, zones], fields=[target.field(0), target.field(1)], mask=mask
    )


def _zoned_time(array: Any, target: Any, zone: str) -> Any:
    """A time of UTC with the fixed offset of its zone, in minutes."""
    import pyarrow as pa

    minutes = _offset_minutes(zone)
    day = 86_400 * 10**6
    moved = [
        None if value is None else (value + minutes * 60 * 10**6) % day
        for value in array.cast(pa.time64("us")).view(pa.int64()).to_pylist()
    ]
    times = pa.array(moved, pa.int64()).view(pa.time64("us"))
    offsets = pa.repeat(pa.scalar(minutes, pa.int32()), len(array))
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(
        [times, offsets], fields=[target.field(0), target.field(1)], mask=mask
    )


def _offset_minutes(zone: str) -> int:
    if len(zone) == 6 and zone[0] in "+-" and zone[3] == ":":
        whole = int(zone[1:3]) * 60 + int(zone[4:])
        return -whole if zone[0] == "-" else whole
    return 0
