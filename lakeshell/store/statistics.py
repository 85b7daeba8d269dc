"""What a manifest says of a data file's columns, from the file's own footer.

In: Parquet metadata and the table's schema. Out: Iceberg's per-field sizes, counts and bounds in
their binary form. Reads no rows.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from pyiceberg import types as ice
from pyiceberg.schema import Schema

from lakeshell.store.schema import leaves

BOUND_LENGTH = 16
"""Text and binary bounds are cut to so many characters or bytes, as Iceberg does by default."""


@dataclass
class ColumnFigures:
    """Per field id; sizes in compressed bytes, bounds as Iceberg's single-value bytes."""

    column_sizes: dict[int, int] = field(default_factory=dict)
    value_counts: dict[int, int] = field(default_factory=dict)
    null_value_counts: dict[int, int] = field(default_factory=dict)
    lower_bounds: dict[int, bytes] = field(default_factory=dict)
    upper_bounds: dict[int, bytes] = field(default_factory=dict)


def column_figures(metadata: Any, schema: Schema) -> ColumnFigures:
    """`metadata` is pyarrow's FileMetaData of a file written with `schema`."""
    figures = ColumnFigures()
    for index, (field_id, type, nested) in enumerate(leaves(schema)):
        chunks = [
            metadata.row_group(group).column(index) for group in range(metadata.num_row_groups)
        ]
        figures.column_sizes[field_id] = sum(chunk.total_compressed_size for chunk in chunks)
        figures.value_counts[field_id] = sum(chunk.num_values for chunk in chunks)
        statistics = [chunk.statistics for chunk in chunks]
        if all(s is not None and s.has_null_count for s in statistics):
            figures.null_value_counts[field_id] = sum(s.null_count for s in statistics)
        if not nested:
            _bounds(figures, field_id, type, statistics)
    return figures


def _bounds(
    figures: ColumnFigures, field_id: int, type: ice.PrimitiveType, statistics: list[Any]
) -> None:
    if not all(s is not None and s.has_null_count for s in statistics):
        return
    known = [s for s in statistics if s.has_min_max]
    missing = sum(not s.has_min_max and s.num_values > 0 for s in statistics)
    if missing or not known:
        return
    if isinstance(type, ice.FloatType | ice.DoubleType) and not known:
        return
    lower = min(_ordered(type, s.min_raw) for s in known)
    upper = max(_ordered(type, s.max_raw) for s in known)
    figures.lower_bounds[field_id] = _lower(type, lower)
    cut = _upper(type, upper)
    if cut is not None:
        figures.upper_bounds[field_id] = cut


def _ordered(type: ice.PrimitiveType, raw: Any) -> Any:
    """A value that compares in the type's order."""
    if isinstance(type, ice.DecimalType) and isinstance(raw, bytes):
        return int.from_bytes(raw, "big", signed=True)
    return raw


def _lower(type: ice.PrimitiveType, value: Any) -> bytes:
    if isinstance(type, ice.StringType):
        return bytes(value).decode()[:BOUND_LENGTH].encode()
    if isinstance(type, ice.BinaryType):
        return bytes(value)[:BOUND_LENGTH]
    return _packed(type, value)


def _upper(type: ice.PrimitiveType, value: Any) -> bytes | None:
    """At least the greatest value; None where no short value is."""
    if isinstance(type, ice.StringType):
        text = bytes(value).decode()
        return value if len(text) <= BOUND_LENGTH else _next_text(text[:BOUND_LENGTH])
    if isinstance(type, ice.BinaryType):
        return value if len(value) <= BOUND_LENGTH else _next_bytes(value[:BOUND_LENGTH])
    return _packed(type, value)


def _next_text(text: str) -> bytes | None:
    for end in range(len(text), 0, -1):
        code = ord(text[end - 1]) + 1
        if 0xD800 <= code <= 0xDFFF:
            code = 0xE000
        if code <= 0x10FFFF:
            return (text[: end - 1] + chr(code)).encode()
    return None


def _next_bytes(value: bytes) -> bytes | None:
    kept = value.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else None


def _packed(type: ice.PrimitiveType, value: Any) -> bytes:
    if isinstance(type, ice.BooleanType):
        return b"\x01" if value else b"\x00"
    if isinstance(type, ice.IntegerType | ice.DateType):
        return struct.pack("<i", value)
    if isinstance(type, ice.FloatType):
        return struct.pack("<f", value)
    if isinstance(type, ice.DoubleType):
        return struct.pack("<d", value)
    if isinstance(type, ice.DecimalType):
        unscaled = int(value)
        return unscaled.to_bytes(
            max(
                1,
                (unscaled.bit_length() if unscaled >= 0 else (unscaled + 1).bit_length()) // 8 + 1,
            ),
            "big",
            signed=True,
        )
    if isinstance(type, ice.UUIDType | ice.FixedType):
        return bytes(value)
    return struct.pack("<q", value)
