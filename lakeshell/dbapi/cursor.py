"""A cursor of PEP 249: one statement at a time, its rows as they are asked for.

In: a statement and values for its `?`s. Out: rows in bounded memory. It runs like those of the
command line, with the workgroup's limits, and leaves a record in the history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from lakeshell.dbapi.failures import InterfaceError, ProgrammingError, translated
from lakeshell.sql.datatypes import DecimalType

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.dbapi.connection import Connection
    from lakeshell.model import Column, QueryRecord
    from lakeshell.query.run import RunningQuery

Row = tuple[Any, ...]


class ColumnDescription(NamedTuple):
    """`type_code` is Trino's name of the type, which equals STRING, NUMBER and so on."""

    name: str
    type_code: str
    display_size: None
    internal_size: None
    precision: int | None
    scale: int | None
    null_ok: None


class Cursor:
    """Iterable, and a context manager. `rowcount` is -1 until it is known: for rows, until the
    last was fetched; of a change, what it changed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.description: Sequence[ColumnDescription] | None = None
        self.rowcount = -1
        self.rownumber: int | None = None
        self.lastrowid = None
        self.closed = False
        self._query: RunningQuery | None = None
        self._columns: Sequence[Column] = ()
        self._batches: Iterator[pa.RecordBatch] | None = None
        self._batch: pa.RecordBatch | None = None
        self._at = 0
        self._rows: Sequence[Row] | None = None

    # --- statements ------------------------------------------------------------------------

    def execute(self, operation: str, parameters: Sequence[Any] = ()) -> Self:
        """Runs one statement; one that changes something is through when this returns."""
        self._check()
        self._drop()
        with translated():
            self._start(operation, parameters)
        return self

    def executemany(self, operation: str, seq_of_parameters: Sequence[Sequence[Any]]) -> Self:
        """Runs the statement once for each; `rowcount` is their sum. Not for rows."""
        total = 0
        for parameters in seq_of_parameters:
            self.execute(operation, parameters)
            if self.description is not None:
                self._drop()
                raise ProgrammingError(
                    "executemany is for statements that change something",
                    hint="run a query with execute",
                )
            total = -1 if self.rowcount < 0 or total < 0 else total + self.rowcount
        self.rowcount = total
        return self

    def cancel(self) -> None:
        """Cancels the statement that runs, from any thread; who reads its rows gets an error."""
        if self._query is not None:
            self._query.cancel()

    @property
    def record(self) -> QueryRecord | None:
        """What the history has of the last statement: its id, what it scanned, its cost."""
        return None if self._query is None else self._query.record

    def setinputsizes(self, sizes: Sequence[Any]) -> None:
        """Nothing to set: memory grows with the rows asked for."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Nothing to set: values come whole."""

    # --- rows ------------------------------------------------------------------------------

    def fetchone(self) -> Row | None:
        return next(iter(self.fetchmany(1)), None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next `size` rows, `arraysize` by default; fewer at the end, none after it."""
        return list(islice(self._each(), self.arraysize if size is None else size))

    def fetchall(self) -> list[Row]:
        return list(self._each())

    def fetch_arrow(self) -> pa.Table:
        """The rest of the rows as an Arrow table, in Lakeshell's form of each type."""
        import pyarrow as pa

        from lakeshell.sql.arrow import arrow_schema

        self._readable()
        batches = []
        while self._more():
            assert self._batch is not None
            batches.append(self._batch.slice(self._at))
            self._passed(self._batch.num_rows - self._at)
        return pa.Table.from_batches(batches, arrow_schema(self._columns))

    def __iter__(self) -> Iterator[Row]:
        return self._each()

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    # --- its end ---------------------------------------------------------------------------

    def close(self) -> None:
        """Cancels the statement if rows are left."""
        if self.closed:
            raise InterfaceError("the cursor is closed already")
        self._drop()
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.closed:
            self.close()

    # --- inside ----------------------------------------------------------------------------

    def _start(self, operation: str, parameters: Sequence[Any]) -> None:
        from lakeshell.dbapi.literals import literal
        from lakeshell.query.order import Order
        from lakeshell.query.run import start_query

        connection = self.connection
        literals = [literal(value) for value in parameters]
        sql = _one(operation, connection)
        order = Order(sql, literals, connection.timeout, reuse=connection.reuse)
        query = self._query = start_query(order, connection.session, connection.lake.services)
        if query.update_type is not None or not query.columns:
            for _ in query.batches():
                pass
            self.rowcount = -1 if query.update_count is None else query.update_count
            return
        self._columns = query.columns
        self.description = [_described(column) for column in query.columns]
        self.rownumber = 0
        self._batches = query.batches()

    def _each(self) -> Iterator[Row]:
        self._readable()
        from lakeshell.dbapi.values import rows

        while self._more():
            assert self._batch is not None
            if self._rows is None:
                self._rows = rows(self._batch, self._columns)
            row = self._rows[self._at]
            self._passed(1)
            yield row

    def _passed(self, count: int) -> None:
        """So many rows more are through. After the last of a batch the next is asked for, so that
        a statement whose rows are all fetched has ended."""
        assert self.rownumber is not None
        self._at += count
        self.rownumber += count
        self._more()

    def _more(self) -> bool:
        """Whether there is a row at hand."""
        while self._batch is None or self._at >= self._batch.num_rows:
            if self._batches is None:
                return False
            self._batch, self._at, self._rows = self._next(self._batches), 0, None
            if self._batch is None:
                self._batches = None
                self.rowcount = self.rownumber or 0
                return False
        return True

    def _next(self, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
        try:
            with translated():
                return next(batches, None)
        except BaseException:
            # What fails in the middle has no rows any more: it does not end as if it were whole.
            self.description = self._batches = self._batch = None
            raise

    def _drop(self) -> None:
        """Forgets the last statement; one with rows left is cancelled."""
        query, self._query = self._query, None
        self._batches, self._batch, self._rows, self._at = None, None, None, 0
        self.description, self.rowcount, self.rownumber = None, -1, None
        if query is not None:
            with translated():
                query.__exit__(None, None, None)

    def _readable(self) -> None:
        self._check()
        if self.description is None:
            raise ProgrammingError(
                "there are no rows to fetch", hint="execute a statement that gives some"
            )

    def _check(self) -> None:
        """Raises `InterfaceError` when it or its connection is closed."""
        if self.closed:
            raise InterfaceError("the cursor is closed", hint="take a new one from the connection")
        assert self.connection.lake is not None


def _one(operation: str, connection: Connection) -> str:
    from lakeshell.query.statement import is_blank

    found = [s.text for s in connection.lake.engine.split(operation) if not is_blank(s.text)]
    if len(found) != 1:
        raise ProgrammingError(
            f"{len(found)} statements were given", hint="execute takes one at a time"
        )
    return found[0]


def _described(column: Column) -> ColumnDescription:
    precision, scale = (
        (column.type.precision, column.type.scale)
        if isinstance(column.type, DecimalType)
        else (None, None)
    )
    return ColumnDescription(column.name, str(column.type), None, None, precision, scale, None)
