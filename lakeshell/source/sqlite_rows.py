"""The rows of one SQLite table or view as Arrow, in one read transaction and bounded memory.

In: a file, an object's name, columns with their Trino types. Out: record batches of those types.
Whole columns are converted at once; where a value does not look as declared, each value is looked
at, and one that its type cannot hold ends the read with `ValueRefused`.

The driver takes a column's type from its first batch. A first row of constants, dropped again,
fixes it; should values of another kind come, the rest is read anew with each value's kind beside
it (`_TAGGED`), within the same transaction and from the row reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from lakeshell.model import Column, ObjectKind, SourceTable
from lakeshell.source.arrays import FLOAT_DIGITS, whole_column
from lakeshell.source.conversion import Conversion
from lakeshell.source.sqlite_file import OtherKind, SqliteFile, quoted
from lakeshell.source.values import BITS, Misfit, Value, converter, text_of
from lakeshell.sql.datatypes import BOOLEAN, DOUBLE, VARBINARY, DecimalType

MAX_CELLS = 2_000_000
"""Cells of a batch: a table of many columns is read in shorter batches."""
_BATCH_ROWS = "adbc.sqlite.query.batch_rows"
_TAGGED = (
    "CASE typeof({0}) WHEN 'null' THEN NULL WHEN 'integer' THEN 'i' || {0}"
    " WHEN 'real' THEN 'r' || printf('%!.17g', {0})"
    " ELSE substr(typeof({0}), 1, 1) || hex({0}) END"
)
# The driver would write the bytes of a number's digits; this ends the statement instead.
_BYTES = (
    "CASE typeof({0}) WHEN 'blob' THEN {0} WHEN 'text' THEN CAST({0} AS BLOB)"
    " WHEN 'null' THEN NULL ELSE json('not ' || {0}) END"
)


class Rows:
    """One read of a table: `batches` gives its record batches once."""

    def __init__(self, path: Path, table: SourceTable, columns: Sequence[Column], rows: int):
        self.path = path
        self.table = table
        self.columns = columns
        self.batch_rows = max(1, min(rows, MAX_CELLS // max(len(columns), 1)))
        self._conversion = Conversion(
            table.name,
            columns,
            [whole_column(c.type, c.source_type) for c in columns],
            [converter(c.type, c.source_type) for c in columns],
            _values,
        )
        self.schema = self._conversion.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        done = 0
        with closing(SqliteFile(self.path, one_view=True)) as file:
            try:
                for batch in self._stream(file, self._select(_plain), 0):
                    yield self._conversion.batch(batch.columns, batch.num_rows, done)
                    done += batch.num_rows
                return
            except OtherKind:
                pass
            for batch in self._stream(file, self._select(_tagged), done):
                yield self._from_tagged(batch, done)
                done += batch.num_rows

    # --- reading ---------------------------------------------------------------------------

    def _select(self, expression: Callable[[Column], tuple[str, str]]) -> str:
        parts = [expression(column) for column in self.columns]
        first = ", ".join(constant for constant, _ in parts) or "NULL"
        rest = ", ".join(sql for _, sql in parts) or "NULL"
        # Both selects must give the rows in the same order, so neither may walk an index.
        plain = " NOT INDEXED" if self.table.kind is ObjectKind.TABLE else ""
        source = f"SELECT {rest} FROM {quoted(self.table.name.name)}{plain} LIMIT -1 OFFSET"
        return f"SELECT {first} UNION ALL SELECT * FROM ({source} {{skipped}})"

    def _stream(self, file: SqliteFile, select: str, skipped: int) -> Iterator[pa.RecordBatch]:
        """The raw batches without the row of constants. Raises `OtherKind`."""
        with closing(file.connection.cursor()) as cursor:
            cursor.adbc_statement.set_options(**{_BATCH_ROWS: str(self.batch_rows)})
            with file.failures():
                cursor.execute(select.replace("{skipped}", str(skipped)))
                batches = iter(cursor.fetch_record_batch())
            first = 1
            while True:
                with file.failures():
                    batch = next(batches, None)
                if batch is None:
                    return
                yield batch.slice(first)
                first = 0

    # --- converting ------------------------------------------------------------------------

    def _from_tagged(self, batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
        made = [
            self._conversion.one_by_one(
                index, (_untagged(v) for v in batch.column(index).to_pylist()), before
            )
            for index in range(len(self.columns))
        ]
        return self._conversion.assembled(made, batch.num_rows)


def _plain(column: Column) -> tuple[str, str]:
    """A constant of the column's kind, and the expression that reads it."""
    name = quoted(column.name)
    type = column.type
    if type.name in BITS or type == BOOLEAN or column.source_type.lower().startswith("year"):
        return "0", name
    if type == DOUBLE or (isinstance(type, DecimalType) and type.precision <= FLOAT_DIGITS):
        return "0.5", name
    if isinstance(type, DecimalType):
        return "''", _TAGGED.format(name)
    if type == VARBINARY:
        return "x''", _BYTES.format(name)
    if _text_affinity(column.source_type):
        return "''", name
    return "''", f"CAST({name} AS TEXT)"


def _tagged(column: Column) -> tuple[str, str]:
    return "''", _TAGGED.format(quoted(column.name))


def _text_affinity(declared: str) -> bool:
    """Whether SQLite itself turns every number put into such a column into text."""
    folded = declared.upper()
    return "INT" not in folded and any(word in folded for word in ("CHAR", "CLOB", "TEXT"))


def _values(array: pa.Array, column: Column) -> Iterator[Value]:
    """The values of a raw column. Strings come as bytes where they are not UTF-8."""
    if not pa.types.is_string(array.type):
        yield from array.to_pylist()
        return
    tagged = isinstance(column.type, DecimalType) and column.type.precision > FLOAT_DIGITS
    for value in array.cast(pa.binary()).to_pylist():
        if value is None:
            yield None
        elif tagged:
            yield _untagged(value.decode())
        else:
            yield _text_or_bytes(value)


def _untagged(written: str | None) -> Value:
    if written is None:
        return None
    kind, rest = written[0], written[1:]
    if kind == "i":
        return int(rest)
    if kind == "r":
        return float(rest)
    value = bytes.fromhex(rest)
    return _text_or_bytes(value) if kind == "t" else value


def _text_or_bytes(value: bytes) -> str | bytes:
    try:
        return text_of(value)
    except Misfit:
        return value
