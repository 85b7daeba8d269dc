"""Which columns of a data file are written with a dictionary: those whose values repeat.

In: the file's first rows. Out: paths of Parquet columns. A dictionary of values that hardly repeat
costs twice the time of the plain values, and a third of the file more.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

LOOKED_AT = 16_384
"""Rows."""
LEAST_REPEATS = 4
"""So often the average value must come to be worth a dictionary."""


def repeating(rows: pa.Table) -> list[str]:
    """Leaves in Parquet's dotted form. Those inside lists, maps and rows are taken to repeat."""
    found: list[str] = []
    sample = rows.slice(0, LOOKED_AT)
    for field, column in zip(sample.schema, sample.columns, strict=True):
        if pa.types.is_nested(field.type) or _repeats(column):
            found.extend(_leaves(field.name, field.type))
    return found


def _repeats(column: pa.ChunkedArray) -> bool:
    if isinstance(column.type, pa.BaseExtensionType):  # Arrow counts no UUIDs, but their bytes.
        column = column.cast(column.type.storage_type)
    distinct = pc.count_distinct(column, mode="all").as_py()
    return bool(distinct * LEAST_REPEATS <= len(column))


def _leaves(path: str, type: pa.DataType) -> Iterator[str]:
    if pa.types.is_struct(type):
        for field in type:
            yield from _leaves(f"{path}.{field.name}", field.type)
    elif pa.types.is_map(type):
        yield from _leaves(f"{path}.key_value.key", type.key_type)
        yield from _leaves(f"{path}.key_value.value", type.item_type)
    elif pa.types.is_list(type) or pa.types.is_large_list(type):
        yield from _leaves(f"{path}.list.element", type.value_type)
    else:
        yield path
