"""Text that a spreadsheet would run, made text again.

In: a result's columns and Arrow batches. Out: the same, where each text that begins as a formula
does has an apostrophe before it, which spreadsheets take for "this is text". Numbers keep their
minus: they are no text.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from lakeshell.model import Column

if TYPE_CHECKING:
    import pyarrow as pa

QUOTED_FORMATS = ("CSV", "CSV_HEADER", "TSV", "TSV_HEADER")
"""Formats in which a cell cannot be ended by its own text: its first character alone decides."""

_BEGINS = r"^[=+\-@\t\r\n＝＋－＠]"
"""What spreadsheets read as a formula's beginning; blanks that some of them skip before it; the
wide forms, which East Asian ones take for the narrow."""
_TEXTS = ("varchar", "char")


def harmless(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch]
) -> tuple[Sequence[Column], Iterator[pa.RecordBatch]]:
    return _harmless_columns(columns), _harmless_batches(columns, batches)


def _harmless_columns(columns: Sequence[Column]) -> Sequence[Column]:
    """Columns under names that are no formulas either."""
    return [
        dataclasses.replace(column, name="'" + column.name)
        if re.match(_BEGINS, column.name)
        else column
        for column in columns
    ]


def _harmless_batches(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for batch in batches:
        arrays = [
            _harmless(array) if column.type.name in _TEXTS else array
            for array, column in zip(batch.columns, columns, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(arrays, names=batch.schema.names) if arrays else batch


def _harmless(array: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    begins = pc.match_substring_regex(array, _BEGINS)
    if not pc.any(begins).as_py():
        return array
    none = pa.scalar("", array.type)
    marked = pc.binary_join_element_wise(pa.scalar("'", array.type), array, none)
    return pc.if_else(begins, marked, array)
