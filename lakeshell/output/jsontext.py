"""JSON of Trino's values, for the JSON format.

In: an Arrow array and the Trino type of its values. Out: each value as JSON text, None for NULL.
Numbers and booleans are JSON's own; arrays and maps too; everything else is its text as a string.
A row is an object, or an array when one of its fields has no name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.output.printers import json_string
from lakeshell.sql.datatypes import INTEGRAL, ArrayType, MapType, RowType, Type
from lakeshell.sql.render import Texts, spans, texts, validity

if TYPE_CHECKING:
    import pyarrow as pa


def is_raw(type: Type) -> bool:
    """Whether its JSON is more than a string with its text."""
    return (
        isinstance(type, ArrayType | MapType | RowType)
        or type in INTEGRAL
        or type.name in ("real", "double", "boolean")
    )


def json_texts(array: pa.Array, type: Type) -> Texts:
    match type:
        case ArrayType():
            return _arrays(array, type)
        case MapType():
            return _maps(array, type)
        case RowType():
            return _rows(array, type)
    plain = texts(array, type)
    if type in INTEGRAL or type.name == "boolean":
        return plain
    if type.name in ("real", "double"):
        return [None if t is None else t if t[-1].isdigit() else f'"{t}"' for t in plain]
    return [None if t is None else json_string(t) for t in plain]


def _parts(array: pa.Array, type: Type) -> list[str]:
    return [t if t is not None else "null" for t in json_texts(array, type)]


def _arrays(array: pa.Array, type: ArrayType) -> Texts:
    start, count, offsets, valid = spans(array)
    parts = _parts(array.values.slice(start, count), type.element)
    return [
        f"[{','.join(parts[offsets[i] : offsets[i + 1]])}]" if known else None
        for i, known in enumerate(valid)
    ]


def _maps(array: pa.Array, type: MapType) -> Texts:
    start, count, offsets, valid = spans(array)
    keys = [json_string(t or "") for t in texts(array.keys.slice(start, count), type.key)]
    values = _parts(array.items.slice(start, count), type.value)
    pairs = [f"{key}:{value}" for key, value in zip(keys, values, strict=True)]
    return [
        f"{{{','.join(pairs[offsets[i] : offsets[i + 1]])}}}" if known else None
        for i, known in enumerate(valid)
    ]


def _rows(array: pa.Array, type: RowType) -> Texts:
    named = all(field.name is not None for field in type.fields)
    columns = []
    for child, field in zip(array.flatten(), type.fields, strict=True):
        parts = _parts(child, field.type)
        columns.append(
            [f"{json_string(field.name)}:{part}" for part in parts]
            if named and field.name is not None
            else parts
        )
    opening, closing = "{}" if named else "[]"
    return [
        f"{opening}{','.join(row)}{closing}" if known else None
        for row, known in zip(zip(*columns, strict=True), validity(array), strict=True)
    ]
