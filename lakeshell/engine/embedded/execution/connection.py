"""One DuckDB for one statement: opened, given what the statement needs, locked, read, thrown away.

In: the files that the statement may read, Arrow streams, macros, functions, one query. Out: record
batches, and how many bytes of which file were read so far. Never reads or writes another file,
attaches a database or loads an extension: after `lock` DuckDB itself refuses that, whatever the
SQL says. A statement's DuckDB is never used again, so nothing leaks from one to the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import duckdb

from lakeshell.engine.embedded.execution.failures import translated
from lakeshell.engine.embedded.execution.read_log import START, ReadLog
from lakeshell.engine.embedded.execution.streams import Stream
from lakeshell.errors import Cancelled, LakeshellError, NotSupported, QueryFailed

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.engine.embedded.values.typed import Needs, Udf

_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "python_enable_replacements": "false",
    "temp_directory": "",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}
_INTERRUPTED = "Query interrupted"
"""All that DuckDB leaves of a Ctrl-C that it saw before anybody else."""
_INTERRUPT_AGAIN = 0.01
"""Seconds between interrupts: one that comes before DuckDB began is lost."""


class Connection:
    """A DuckDB. One thread works with it; any thread may `interrupt` it and ask what it read."""

    def __init__(self, memory_limit: int | None = None, threads: int = 0) -> None:
        """`memory_limit` in bytes; None and 0 leave DuckDB's own defaults."""
        config = dict(_CLOSED)
        if memory_limit:
            config["memory_limit"] = f"{memory_limit}B"
        if threads:
            config["threads"] = str(threads)
        self._duckdb = duckdb.connect(":memory:", config=config)
        self._sizes: dict[str, int] = {}
        self._log: ReadLog | None = None
        self._reader: Any = None
        self._cancelled = threading.Event()
        self._busy = threading.Event()
        self._closing = threading.Lock()
        self._closed = False
        self._cause: LakeshellError | None = None

    # --- before the lock -------------------------------------------------------------------

    def count_reads(self, sizes: Mapping[str, int]) -> None:
        """Has every read of these files noted; `sizes` are the files' in bytes."""
        if sizes and self._log is None:
            self._execute(START)
            self._execute("SET parquet_metadata_cache = true")
            # DuckDB would read row groups far ahead, which a LIMIT or a cancellation never needs.
            self._execute("SET read_ahead_depth = 1")
            self._log = ReadLog(self._duckdb.cursor(), self._sizes)
        self._sizes.update(sizes)

    def supply(self, needs: Needs) -> None:
        """The macros and Python functions that the statement's SQL uses."""
        for udf in needs.functions.values():
            self._function(udf)
        if all(count > 0 for count in needs.zeros.values()):
            raise NotSupported("0e0 beside -0e0")
        for create in needs.macros.values():
            self._execute(create)

    def _function(self, udf: Udf) -> None:
        from importlib import import_module

        module, _, name = udf.path.partition(":")
        create: Any = self._duckdb.create_function
        create(
            udf.name,
            getattr(import_module(module), name),
            [*udf.arguments],
            udf.result,
            type="arrow" if udf.vectorised else "native",
            null_handling=udf.null_handling,
        )

    def relation(self, name: str, query: str) -> None:
        """Makes `name` mean `query` for the statement."""
        self._execute(f'CREATE TEMP VIEW "{name}" AS {query}')

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query of the engine's own."""
        made: list[tuple[Any, ...]] = self._working(lambda: self._duckdb.execute(sql).fetchall())
        return made

    def stream(
        self, name: str, schema: pa.Schema, opened: Callable[[], Iterable[pa.RecordBatch]]
    ) -> None:
        """Makes `name` mean the rows that `opened` gives; it is called anew for each read."""
        stream = Stream(schema, opened, self._cancelled, self._failed_inside)
        self._working(lambda: self._duckdb.register(name, stream))

    def _failed_inside(self, error: LakeshellError) -> None:
        """A stream failed while DuckDB read it, which keeps of the error its text alone."""
        self._cause = self._cause or error

    def lock(self, paths: Iterable[str]) -> None:
        """From here on nothing but `paths` can be read, nothing written, no setting changed."""
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
        self._execute(f"SET allowed_paths = [{listed}]")
        self._execute("SET enable_external_access = false")
        self._execute("SET lock_configuration = true")

    # --- the statement ---------------------------------------------------------------------

    def query(self, sql: str, batch_rows: int) -> pa.RecordBatchReader:
        """Starts the one query; raises `QueryFailed`, `Cancelled`."""
        self._reader = self._working(lambda: self._started(sql, batch_rows))
        return self._reader

    def _started(self, sql: str, batch_rows: int) -> Any:
        # The right to read a file is to DuckDB also the right to write it: queries only.
        statements = self._duckdb.extract_statements(sql)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            raise QueryFailed("only one query at a time is run", code="NOT_SUPPORTED")
        return self._duckdb.sql(sql).to_arrow_reader(batch_rows)

    def next_batch(self) -> pa.RecordBatch | None:
        """None at the end."""
        return self._working(self._next)

    def _next(self) -> Any:
        try:
            return self._reader.read_next_batch()
        except StopIteration:
            return None

    def explain(self, sql: str) -> str:
        """DuckDB's plan, as JSON."""
        (row,) = self._working(
            lambda: self._duckdb.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
        )
        return str(row[-1])

    def _execute(self, sql: str) -> None:
        self._working(lambda: self._duckdb.execute(sql).fetchall())

    def _working(self, work: Callable[[], Any]) -> Any:
        """`work` inside DuckDB, with its failures translated and interrupts getting through."""
        self._busy.set()
        try:
            if self._cancelled.is_set():
                raise Cancelled("the query was cancelled")
            return work()
        except (duckdb.Error, OSError, RuntimeError, ValueError) as error:
            if self._cancelled.is_set():
                raise Cancelled("the query was cancelled") from error
            if isinstance(error, RuntimeError) and str(error) == _INTERRUPTED:
                raise KeyboardInterrupt from error
            raise (self._cause or translated(error)) from error
        finally:
            self._busy.clear()

    # --- from any thread -------------------------------------------------------------------

    def interrupt(self) -> None:
        """Ends what runs, and lets nothing run any more."""
        self._cancelled.set()
        threading.Thread(target=self._interrupting, daemon=True).start()

    def _interrupting(self) -> None:
        while True:
            with self._closing:
                if self._closed or not self._busy.is_set():
                    return
                self._duckdb.interrupt()
            threading.Event().wait(_INTERRUPT_AGAIN)

    def bytes_read(self) -> dict[str, int]:
        """Bytes read so far of each file, its footer left out."""
        return {} if self._log is None else self._log.bytes()

    def close(self) -> None:
        with self._closing:
            if self._closed:
                return
            self._closed = True
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._log is not None:
            self._log.close()
        self._duckdb.close()
