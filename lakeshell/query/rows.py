"""A result held for looking at: grown while it is read, bounded in memory, arranged without a copy.

In: the Arrow batches of a query, as they come. Out: the texts of any cells, an `Arrangement` of the
rows by value or by what they contain, the batches again. The first `MEMORY` bytes are held; what
comes after is written to a file without a name and read from there when it is looked at.
"""

from __future__ import annotations

import itertools
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from lakeshell.errors import UsageError
from lakeshell.model import Column
from lakeshell.sql.datatypes import ArrayType, MapType, RowType, TimestampType, TimeType
from lakeshell.sql.render import texts

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY = 24 * 2**20
BLOCK = 64
"""Rows whose cells are made into text at once."""
_BLOCKS = 2_048
_LONGEST = 2_000
"""Characters of a cell that a block keeps; `cell` gives all of it."""
_HELD = 3
"""Batches of the file that are held after they were read."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows from `first` on; in memory, or `length` bytes of the file from `offset`."""

    first: int
    rows: int
    batch: pa.RecordBatch | None
    offset: int = 0
    length: int = 0


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which rows are shown, and in what order; None for all, as they came. `of` is how many rows
    there were when it was made."""

    rows: pa.Array | None = None
    of: int = 0
    order: tuple[int, bool] | None = None
    """(column, descending)."""
    filter: str = ""
    number: int = 0
    """Its own, but for that of all rows: what cached texts belong to."""


_numbers = itertools.count(1)


class ResultRows:
    """One thread adds; any thread reads. `close` gives the file back."""

    def __init__(
        self, columns: Sequence[Column], folder: Path | None = None, memory: int = MEMORY
    ) -> None:
        """`folder` is where the file is made; None for the system's own."""
        self.columns = columns
        self.size = 0
        self._folder = folder
        self._memory = memory
        self._chunks: list[_Chunk] = []
        self._starts: list[int] = []
        self._rows = 0
        self._file: IO[bytes] | None = None
        self._end = 0
        self._schema: pa.Schema | None = None
        self._lock = threading.Lock()
        self._held: OrderedDict[int, pa.RecordBatch] = OrderedDict()
        self._blocks: OrderedDict[tuple[int, int, int], list[str | None]] = OrderedDict()

    def __len__(self) -> int:
        return self._rows

    @property
    def in_file(self) -> int:
        """Bytes that went to the file."""
        return self._end

    def add(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows == 0:
            return
        self._schema = batch.schema
        kept = self.size + batch.nbytes <= self._memory
        chunk = _Chunk(self._rows, batch.num_rows, batch) if kept else self._written(batch)
        self.size += batch.nbytes
        with self._lock:
            self._starts.append(self._rows)
            self._chunks.append(chunk)
            self._rows += batch.num_rows

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._chunks, self._starts, self._rows = [], [], 0
            self._held.clear()
            self._blocks.clear()

    # --- looking ---------------------------------------------------------------------------

    def count(self, arrangement: Arrangement) -> int:
        return self._rows if arrangement.rows is None else len(arrangement.rows)

    def text(self, row: int, column: int, arrangement: Arrangement) -> str | None:
        """The beginning of a cell's text; None for NULL. `row` counts from 0 as arranged."""
        block, at = divmod(row, BLOCK)
        key = (arrangement.number, block, column)
        found = self._blocks.get(key)
        # The last block of a growing result is read again when rows were added to it.
        if found is None or at >= len(found):
            found = self._block(block, column, arrangement)
            self._blocks[key] = found
            while len(self._blocks) > _BLOCKS:
                self._blocks.popitem(last=False)
        return found[at]

    def cell(self, row: int, column: int, arrangement: Arrangement) -> str | None:
        """The whole text of a cell."""
        number = row if arrangement.rows is None else arrangement.rows[row].as_py()
        return texts(self._values(number, 1, column), self.columns[column].type)[0]

    def value(self, number: int, column: int) -> pa.Array:
        """One value, of row `number` as they came."""
        return self._values(number, 1, column)

    def values_of(self, column: int) -> pa.ChunkedArray:
        """A whole column."""
        import pyarrow as pa

        from lakeshell.sql.arrow import arrow_type

        held = [self._batch(chunk).column(column) for chunk in list(self._chunks)]
        return pa.chunked_array(held, arrow_type(self.columns[column].type))

    def texts_of(self, column: int) -> pa.ChunkedArray:
        """The texts of a whole column."""
        import pyarrow as pa

        held = [self._texts(self._batch(chunk), column) for chunk in list(self._chunks)]
        return pa.chunked_array(held, pa.string())

    def found(self, text: str, arrangement: Arrangement) -> pa.Array:
        """Where the rows stand, as arranged, that have `text` in them as a filter would find it."""
        import pyarrow.compute as pc

        rows = self._matching(text, self._rows, lambda: True)
        if arrangement.rows is None:
            return rows
        return pc.indices_nonzero(pc.is_in(arrangement.rows, value_set=rows))

    def row_number(self, row: int, arrangement: Arrangement) -> int:
        """Which row of the result, from 0, stands at `row` as arranged."""
        number: int = row if arrangement.rows is None else arrangement.rows[row].as_py()
        return number

    def batches(self, arrangement: Arrangement) -> Iterator[pa.RecordBatch]:
        """The rows again, as arranged."""
        if arrangement.rows is None:
            for chunk in list(self._chunks):
                yield self._batch(chunk)
            return
        import pyarrow as pa

        step = 8_192
        for at in range(0, len(arrangement.rows), step):
            numbers = arrangement.rows.slice(at, step).to_pylist()
            pieces = [
                self._batch(chunk).slice(first, count)
                for chunk, first, count in self._runs(numbers)
            ]
            yield from pa.Table.from_batches(pieces).combine_chunks().to_batches()

    def _block(self, block: int, column: int, arrangement: Arrangement) -> list[str | None]:
        first = block * BLOCK
        count = min(BLOCK, self.count(arrangement) - first)
        kind = self.columns[column].type
        if arrangement.rows is None:
            made = texts(self._values(first, count, column), kind)
        else:
            made = []
            numbers = arrangement.rows.slice(first, count).to_pylist()
            for chunk, at, run in self._runs(numbers):
                made += texts(self._batch(chunk).column(column).slice(at, run), kind)
        return [text if text is None else text[:_LONGEST] for text in made]

    def _runs(self, numbers: Sequence[int]) -> Iterator[tuple[_Chunk, int, int]]:
        """(chunk, first row in it, how many) of rows that follow each other."""
        at = 0
        while at < len(numbers):
            chunk = self._chunk_of(numbers[at])
            first = numbers[at] - chunk.first
            run = 1
            while (
                at + run < len(numbers)
                and numbers[at + run] == numbers[at] + run
                and first + run < chunk.rows
            ):
                run += 1
            yield chunk, first, run
            at += run

    def _values(self, first: int, count: int, column: int) -> pa.Array:
        """Values of rows that follow each other, of one array."""
        import pyarrow as pa

        pieces = []
        while count > 0:
            chunk = self._chunk_of(first)
            at = first - chunk.first
            taken = min(count, chunk.rows - at)
            pieces.append(self._batch(chunk).column(column).slice(at, taken))
            first, count = first + taken, count - taken
        return pieces[0] if len(pieces) == 1 else pa.concat_arrays(pieces)

    def _chunk_of(self, row: int) -> _Chunk:
        return self._chunks[bisect_right(self._starts, row) - 1]

    # --- arranging -------------------------------------------------------------------------

    def arrange(
        self,
        order: tuple[int, bool] | None,
        filter: str = "",
        wanted: Callable[[], bool] = lambda: True,
    ) -> Arrangement:
        """The rows that have `filter` in any cell's text, in any case, or in the cells of one
        column (`title: ace`), in the order of a column: (column, descending), NULLs last.

        Raises `UsageError` for a column whose values have no order. `wanted` is asked now and then;
        once it says no, the work is given up with what was found so far.
        """
        import pyarrow as pa

        of = self._rows
        rows = self._matching(filter, of, wanted) if filter else None
        if order is not None:
            rows = self._sorted(order, rows, of)
        if rows is not None and not isinstance(rows, pa.Array):
            rows = rows.combine_chunks()
        return Arrangement(rows, of, order, filter, next(_numbers) if rows is not None else 0)

    def _matching(self, filter: str, of: int, wanted: Callable[[], bool]) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        columns, wanted_text = self._scope(filter)
        found: list[pa.Array] = []
        for chunk in list(self._chunks):
            if chunk.first >= of or not wanted():
                break
            batch = self._batch(chunk)
            mask = None
            for column in columns:
                has = pc.fill_null(
                    pc.match_substring(self._texts(batch, column), wanted_text, ignore_case=True),
                    False,
                )
                mask = has if mask is None else pc.or_(mask, has)
            found.append(pc.add(pc.indices_nonzero(mask).cast(pa.int64()), chunk.first))
        return pa.concat_arrays(found) if found else pa.array([], pa.int64())

    def _scope(self, filter: str) -> tuple[Sequence[int], str]:
        name, colon, rest = filter.partition(":")
        named = [i for i, c in enumerate(self.columns) if c.name.lower() == name.strip().lower()]
        if colon and named:
            return named, rest.strip()
        return range(len(self.columns)), filter

    def _texts(self, batch: pa.RecordBatch, column: int) -> pa.Array:
        import pyarrow as pa

        kind = self.columns[column].type
        if kind.name == "varbinary":
            return pa.array(texts(batch.column(column), kind), pa.string())
        from lakeshell.output.vector import text_array

        return text_array(batch.column(column), kind)

    def _sorted(self, order: tuple[int, bool], rows: pa.Array | None, of: int) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        column, descending = order
        values = self._orderable(column, of)
        if rows is not None:
            values = values.take(rows)
        table = pa.table({"value": values})
        direction = "descending" if descending else "ascending"
        indices = pc.sort_indices(table, sort_keys=[("value", direction)])
        if descending and pa.types.is_floating(values.type):
            indices = _largest_first(indices, values)
        if rows is None:
            return indices.cast(pa.int64())
        return rows.take(indices)

    def _orderable(self, column: int, of: int) -> pa.ChunkedArray:
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = self.columns[column].type
        if isinstance(kind, ArrayType | MapType | RowType):
            raise UsageError(
                f"values of type {kind} are not sorted here",
                hint="order by a part of them in the query",
            )
        pieces = []
        for chunk in list(self._chunks):
            if chunk.first >= of:
                break
            values = self._batch(chunk).column(column)
            if isinstance(kind, TimestampType | TimeType) and kind.with_zone:
                values = pc.struct_field(values, 0)
            pieces.append(values)
        return pa.chunked_array(pieces) if pieces else pa.chunked_array([], pa.int64())

    # --- the file --------------------------------------------------------------------------

    def _written(self, batch: pa.RecordBatch) -> _Chunk:
        if self._file is None:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115  `close` closes it
        raw = batch.serialize()
        with self._lock:
            self._file.seek(self._end)
            self._file.write(raw)
            self._file.flush()
        chunk = _Chunk(self._rows, batch.num_rows, None, self._end, raw.size)
        self._end += raw.size
        return chunk

    def _batch(self, chunk: _Chunk) -> pa.RecordBatch:
        if chunk.batch is not None:
            return chunk.batch
        import pyarrow as pa

        with self._lock:
            found = self._held.pop(chunk.first, None)
            if found is None:
                assert self._file is not None
                self._file.seek(chunk.offset)
                found = pa.ipc.read_record_batch(
                    pa.py_buffer(self._file.read(chunk.length)), self._schema
                )
            self._held[chunk.first] = found
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
        return found


def _largest_first(indices: pa.Array, values: pa.ChunkedArray) -> pa.Array:
    """Of a descending order: NaN is the largest number to Trino, and stands before NULLs to Arrow."""
    import pyarrow as pa
    import pyarrow.compute as pc

    end = len(values) - values.null_count
    begin = end - (pc.sum(pc.is_nan(values)).as_py() or 0)
    return pa.concat_arrays([indices[begin:end], indices[:begin], indices[end:]])
