"""Pages of rows, as Trino's protocol sends them, into Arrow batches.

In: the JSON text of a page's rows. Out: batches in the ports' form. Rows of plain values are read
by Arrow's own CSV reader, outside Python and its lock: a list of JSON arrays is CSV in all but its
brackets and its escapes, and those are written as bytes that no JSON text can hold. What has other
values is parsed value by value.
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
_BLOCK_BYTES = 1 << 20
"""Text of one batch."""
_BETWEEN = "],["
_ESCAPES = (
    ("\\\\", "\x01", "\\"),
    ("\\n", "\x02", "\n"),
    ("\\r", "\x03", "\r"),
    ("\\t", "\x04", "\t"),
    ("\\b", "\x05", "\b"),
    ("\\f", "\x06", "\f"),
    ("\\/", "\x07", "/"),
)
"""An escape, the control character that stands for it while rows are CSV, and what it means. JSON
holds no control character as it is."""
_PLAIN = frozenset(
    {"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varchar", "date",
     "json", "uuid", "ipaddress", "unknown"}
)  # fmt: skip


class Pages:
    """Reads the pages of one result."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self.schema = arrow_schema(columns)
        self._plain = bool(columns) and all(_is_plain(column.type) for column in columns)

    def read(self, text: bytes | memoryview) -> Sequence[pa.RecordBatch]:
        """`text` is a JSON list of rows, each a list with a value for each column."""
        if self._plain and len(text) >= _FAST_BYTES:
            made = self._plainly(bytes(text))
            if made is not None:
                return made
        rows = orjson.loads(text)
        if not rows:
            return ()
        arrays = [
            arrow_array(values, column.type)
            for values, column in zip(zip(*rows, strict=True), self._columns, strict=True)
        ]
        return (pa.RecordBatch.from_arrays(arrays, schema=self.schema),)

    def _plainly(self, text: bytes) -> Sequence[pa.RecordBatch] | None:
        """None where the text has a value that only Python can read."""
        if not (text.startswith(b"[[") and text.endswith(b"]]")):
            return None
        found = _as_lines(text)
        if found is None:
            return None
        lines, escapes = found
        from pyarrow import csv

        names = [str(at) for at in range(len(self._columns))]
        kinds = {name: field.type for name, field in zip(names, self.schema, strict=True)}
        try:
            table = csv.read_csv(
                pa.BufferReader(memoryview(lines)[2:-2]),
                read_options=csv.ReadOptions(
                    use_threads=False, block_size=_BLOCK_BYTES, column_names=names
                ),
                parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
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
        return [self._restored(batch, escapes) for batch in table.to_batches()]

    def _restored(
        self, batch: pa.RecordBatch, escapes: Sequence[tuple[str, str]]
    ) -> pa.RecordBatch:
        arrays = [
            _restored(batch.column(at), column.type, escapes)
            for at, column in enumerate(self._columns)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _as_lines(text: bytes) -> tuple[bytes, Sequence[tuple[str, str]]] | None:
    """The rows as lines of CSV, with what stands for what in their texts; None for an escape by
    number."""
    escapes: list[tuple[str, str]] = []
    if b"\\" in text:
        for escape, mark, meant in _ESCAPES:
            if escape.encode() in text:
                text = text.replace(escape.encode(), mark.encode())
                escapes.append((mark, meant))
        text = text.replace(b'\\"', b'""')
        if b"\\" in text:
            return None
    # No text holds a line break by now, so each one is ours: between two rows, or within a text
    # that happened to hold the three characters.
    return text.replace(_BETWEEN.encode(), b"\n"), (("\n", _BETWEEN), *escapes)


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


def _restored(array: pa.Array, type: Type, escapes: Sequence[tuple[str, str]]) -> pa.Array:
    """Texts as they were before rows became lines."""
    if not pa.types.is_string(array.type):
        return array
    import pyarrow.compute as pc

    for mark, meant in escapes:
        if pc.any(pc.match_substring(array, mark)).as_py():
            array = pc.replace_substring(array, mark, meant)
    return pc.utf8_rtrim(array, " ") if isinstance(type, CharType) else array
