"""Pages of rows, as Trino's protocol sends them, into Arrow batches.

In: the JSON text of a page's rows. Out: a batch in the ports' form. Rows of plain values without
an escape in them are read by Arrow's own CSV reader, outside Python and its lock, for a list of
JSON arrays is then CSV in all but its brackets; others are parsed value by value.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pyarrow as pa

from lakeshell.engine.trino.values import arrow_array
from lakeshell.model import Column
from lakeshell.sql.arrow import arrow_schema
from lakeshell.sql.datatypes import CharType, DecimalType, TimestampType, TimeType, Type

_FAST_BYTES = 64 * 1024
"""From so much text on, importing Arrow's CSV reader is worth it."""
_BETWEEN = b"],["
_PLAIN = frozenset(
    {"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varchar", "date",
     "uuid", "ipaddress", "unknown"}
)  # fmt: skip


class Pages:
    """Reads the pages of one result."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self.schema = arrow_schema(columns)
        self._plain = bool(columns) and all(_is_plain(column.type) for column in columns)

    def read(self, text: bytes | memoryview) -> pa.RecordBatch:
        """`text` is a JSON list of rows, each a list with a value for each column."""
        if self._plain and len(text) >= _FAST_BYTES:
            made = self._plainly(bytes(text))
            if made is not None:
                return made
        rows = orjson.loads(text)
        if not rows:
            return pa.RecordBatch.from_pylist([], schema=self.schema)
        arrays = [
            arrow_array(values, column.type)
            for values, column in zip(zip(*rows, strict=True), self._columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _plainly(self, text: bytes) -> pa.RecordBatch | None:
        """None where the text has what only JSON can say, or a value that only Python can read."""
        if b"\\" in text or not (text.startswith(b"[[") and text.endswith(b"]]")):
            return None
        from pyarrow import csv

        # Without an escape no text of the page holds a line break, so each break is ours: between
        # two rows, or within a text that happened to hold the three characters.
        lines = text[2:-2].replace(_BETWEEN, b"\n")
        names = [str(at) for at in range(len(self._columns))]
        kinds = {name: field.type for name, field in zip(names, self.schema, strict=True)}
        try:
            table = csv.read_csv(
                pa.BufferReader(lines),
                read_options=csv.ReadOptions(
                    use_threads=False, block_size=len(lines) + 1, column_names=names
                ),
                parse_options=csv.ParseOptions(
                    double_quote=False, newlines_in_values=True, ignore_empty_lines=False
                ),
                convert_options=csv.ConvertOptions(
                    column_types=kinds,
                    null_values=["null"],
                    true_values=["true"],
                    false_values=["false"],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        arrays = [
            _restored(_one(table.column(at)), column.type)
            for at, column in enumerate(self._columns)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _is_plain(type: Type) -> bool:
    """Whether JSON writes the type as a number, a word or a text that Arrow's CSV reader reads."""
    match type:
        case TimestampType(with_zone=zoned, precision=precision):
            return not zoned and precision <= 6
        case TimeType(with_zone=zoned, precision=precision):
            return not zoned and precision <= 6
        case CharType() | DecimalType():
            return True
    return type.name in _PLAIN


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _restored(array: pa.Array, type: Type) -> pa.Array:
    """Texts as they were before rows became lines."""
    if not pa.types.is_string(array.type):
        return array
    import pyarrow.compute as pc

    if pc.any(pc.match_substring(array, "\n")).as_py():
        array = pc.replace_substring(array, "\n", _BETWEEN.decode())
    return pc.utf8_rtrim(array, " ") if isinstance(type, CharType) else array
