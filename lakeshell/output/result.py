"""A query's result in any of the named text formats.

In: its columns and Arrow batches. Out: text, written as the batches come, in bounded memory: a few
thousand rows at a time. Large results of CSV and TSV go the fast way (`vector`), with the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from lakeshell.model import Column
from lakeshell.output.jsontext import is_raw, json_texts
from lakeshell.output.printers import CHUNK_ROWS, Cell, Heading, Row, printer
from lakeshell.output.text import printable_lines
from lakeshell.sql.render import LINE_BYTES, Texts, is_numeric, texts

if TYPE_CHECKING:
    import pyarrow as pa

_WIDE = ("ALIGNED", "VERTICAL", "MARKDOWN")
_FAST = ("CSV", "CSV_HEADER", "CSV_UNQUOTED", "CSV_HEADER_UNQUOTED", "TSV", "TSV_HEADER", "JSON")
_FAST_ROWS = 10_000
"""From so many rows on, importing what the fast way needs (25 ms) is worth it."""
_SLICE_ROWS = 16_384
_SLICE_BYTES = 64 * 2**20


def write_result(
    columns: Sequence[Column],
    batches: Iterable[pa.RecordBatch],
    format_name: str,
    write: Callable[[str], object],
    *,
    safe: bool = False,
) -> int:
    """Writes every row and gives their number. `format_name` in upper case.

    `safe` escapes control characters in formats that leave them alone, for a terminal; ALIGNED,
    VERTICAL and MARKDOWN always do.
    """
    as_json = format_name == "JSON"
    headings = [
        Heading(c.name, numeric=is_numeric(c.type), raw=as_json and is_raw(c.type)) for c in columns
    ]
    out = _escaping(write, format_name) if safe and format_name not in _WIDE else write
    made = printer(format_name, headings, out)
    count = 0
    if format_name == "NULL":
        return sum(batch.num_rows for batch in batches)
    if format_name in _FAST:
        made.rows((), False)
        for batch in _sliced(batches):
            count += batch.num_rows
            if count >= _FAST_ROWS:
                from lakeshell.output import vector

                out(vector.lines(batch, columns, format_name))
            else:
                made.rows(list(_rows(batch, columns, format_name)), False)
        return count
    rows = (row for batch in _sliced(batches) for row in _rows(batch, columns, format_name))
    for chunk, last in _chunks(rows):
        count += len(chunk)
        made.rows(chunk, last)
    return count


def _rows(batch: pa.RecordBatch, columns: Sequence[Column], format_name: str) -> Iterator[Row]:
    return zip(
        *(_cells(batch.column(i), column, format_name) for i, column in enumerate(columns)),
        strict=True,
    )


def _cells(array: pa.Array, column: Column, format_name: str) -> Texts:
    if format_name == "JSON" and is_raw(column.type):
        return json_texts(array, column.type)
    if len(array) >= _FAST_ROWS and column.type.name != "varbinary":
        from lakeshell.output import vector

        found: Texts = vector.text_array(array, column.type).to_pylist()
        return found
    return texts(array, column.type, LINE_BYTES if format_name in _WIDE else 0)


def _sliced(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches small enough for their text to be held."""
    for batch in batches:
        rows = batch.num_rows
        step = min(_SLICE_ROWS, max(1, rows * _SLICE_BYTES // max(1, batch.nbytes)))
        for at in range(0, rows, step):
            yield batch.slice(at, step) if step < rows else batch


def _chunks(rows: Iterator[Sequence[Cell]]) -> Iterator[tuple[list[Sequence[Cell]], bool]]:
    """Chunks of trino-cli's size, the last one marked; one, empty, when there are no rows."""
    while True:
        chunk = list(islice(rows, CHUNK_ROWS))
        # trino-cli prints a full chunk before it knows whether it is the last.
        yield chunk, len(chunk) < CHUNK_ROWS
        if len(chunk) < CHUNK_ROWS:
            return


def _escaping(write: Callable[[str], object], format_name: str) -> Callable[[str], object]:
    """Writes text with its control characters escaped, but for those that lay it out."""
    if format_name.startswith("TSV"):
        return lambda text: write("\t".join(map(printable_lines, text.split("\t"))))
    return lambda text: write(printable_lines(text))
