"""How many bytes Trino's blocks take for values: some of its functions refuse by them.

In: DuckDB SQL of a value and its type. Out: DuckDB SQL of a size.
"""

from __future__ import annotations

from lakeshell.sql import datatypes as t

_FIXED = {"boolean": 2, "tinyint": 2, "smallint": 3, "integer": 5, "real": 5, "date": 5}
"""Bytes of an entry in Trino's blocks, each with one that says whether it is NULL."""


def block_size(value: str, type: t.Type) -> str | None:
    """SQL of the bytes that a value takes in a block of Trino's; None for a type that is not known
    to, or that cannot be large."""
    if isinstance(type, t.VarcharType) or type.name in ("varbinary", "json"):
        length = f"strlen({value})" if type.name != "varbinary" else f"octet_length({value})"
        return f"(coalesce({length}, 0) + 5)"
    if isinstance(type, t.ArrayType):
        inner = block_size("e", type.element)
        if inner is not None:
            return f"(coalesce(list_sum(list_transform({value}, lambda e: {inner})), 0) + 5)"
        entry = _entry_size(type.element)
        return None if entry is None else f"(coalesce(len({value}), 0) * {entry} + 5)"
    return None


def _entry_size(type: t.Type) -> int | None:
    """Bytes of a value whose type gives its size; None for one that has parts, or text."""
    if isinstance(type, t.ArrayType | t.MapType | t.RowType | t.CharType):
        return None
    if type.name == "uuid" or (isinstance(type, t.DecimalType) and type.precision > 18):
        return 17
    if isinstance(type, t.TimestampType) and type.precision > 6:
        return 13
    return _FIXED.get(type.name, 9)
