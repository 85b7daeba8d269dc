"""How the columns of a data file are encoded, before they are compressed.

In: the file's first rows. Out: paths of Parquet columns. Values that repeat get a dictionary: one of
values that hardly repeat costs twice the time of the plain values, and a third of the file more.
Whole numbers are written as their differences (Parquet's DELTA_BINARY_PACKED): at worst, for numbers
without any order, a hundredth more than the plain ones, else a fraction of them, and both written
and read faster, for there is less to compress.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc

LOOKED_AT = 16_384
"""Rows."""
LEAST_REPEATS = 4
"""So often the average value must come to be worth a dictionary."""
_LONGEST_DECIMAL = 18
"""Digits that a whole number of 64 bits holds."""


def repeating(rows: pa.Table) -> list[str]:
    """Leaves in Parquet's dotted form. Those inside lists, maps and rows are taken to repeat."""
    found: list[str] = []
    sample = rows.slice(0, LOOKED_AT)
    for field, column in zip(sample.schema, sample.columns, strict=True):
        if pa.types.is_nested(field.type) or _repeats(column):
            found.extend(path for path, _ in _leaves(field.name, field.type))
    return found


def differing(rows: pa.Table, repeating: Collection[str]) -> list[str]:
    """The leaves of whole numbers that have no dictionary."""
    return [
        path
        for field in rows.schema
        for path, type in _leaves(field.name, field.type)
        if _is_whole(type) and path not in repeating
    ]


def _is_whole(type: pa.DataType) -> bool:
    """Whether the file holds it as a whole number of 32 or 64 bits."""
    if pa.types.is_decimal(type):
        return bool(type.precision <= _LONGEST_DECIMAL)
    return bool(pa.types.is_integer(type) or pa.types.is_temporal(type))


def _repeats(column: pa.ChunkedArray) -> bool:
    if isinstance(column.type, pa.BaseExtensionType):  # Arrow counts no UUIDs, but their bytes.
        column = column.cast(column.type.storage_type)
    distinct = pc.count_distinct(column, mode="all").as_py()
    return bool(distinct * LEAST_REPEATS <= len(column))


def _leaves(path: str, type: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    if pa.types.is_struct(type):
        for field in type:
            yield from _leaves(f"{path}.{field.name}", field.type)
    elif pa.types.is_map(type):
        yield from _leaves(f"{path}.key_value.key", type.key_type)
        yield from _leaves(f"{path}.key_value.value", type.item_type)
    elif pa.types.is_list(type) or pa.types.is_large_list(type):
        yield from _leaves(f"{path}.list.element", type.value_type)
    else:
        yield path, type
