"""A statement under way: its batches, its live figures, its end.

In: work that yields batches, and the DuckDBs that it opens. Out: `ports.Running`. It may be
cancelled from any thread, before it started too; what it scanned stays known after it ended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from lakeshell.errors import Cancelled
from lakeshell.model import Column
from lakeshell.ports import Progress

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.engine.embedded.binding.scope import BoundQuery
    from lakeshell.engine.embedded.execution.connection import Connection
    from lakeshell.engine.embedded.execution.scans import Prepared
    from lakeshell.engine.embedded.statements.host import Outcome

BATCH_ROWS = 65_536


class Reads:
    """Every read that one statement does, together: what they scanned, how to stop them."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._open: list[tuple[Connection, Mapping[str, int]]] = []
        self._scanned = 0
        self._planned = 0
        self._metered = False
        self._unmetered: dict[str, None] = {}
        self.rows = 0
        self.cancelled = threading.Event()

    def open(self) -> Connection:
        """A new DuckDB, not yet locked; raises `Cancelled`."""
        self.check()
        connection = self._connect()
        with self._lock:
            self._open.append((connection, {}))
        if self.cancelled.is_set():
            connection.interrupt()
        return connection

    def read(
        self, bound: BoundQuery, prepared: Prepared, supply: Callable[[Connection], None]
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a query in the ports' form; closed when they end or are dropped."""
        from lakeshell.engine.embedded.execution.shapes import Shaping

        connection = self.open()
        try:
            self._expect(connection, prepared)
            supply(connection)
            prepared.supply(connection)
            connection.lock(prepared.sizes)
            shaping = Shaping(bound.columns)
            connection.query(bound.sql, BATCH_ROWS)
            while (batch := connection.next_batch()) is not None:
                yield shaping.batch(batch)
        finally:
            self.end(connection)

    def _expect(self, connection: Connection, prepared: Prepared) -> None:
        with self._lock:
            limits = prepared.limits
            self._open = [(c, limits if c is connection else known) for c, known in self._open]
            self._planned += sum(limits.values())
            self._metered = self._metered or any(r.plan is not None for r in prepared.relations)
            self._unmetered.update(dict.fromkeys(prepared.unmetered))

    def end(self, connection: Connection) -> None:
        """Closes a DuckDB; what it read stays counted."""
        with self._lock:
            for held in self._open:
                if held[0] is connection:
                    self._scanned += _scanned(*held)
                    self._open.remove(held)
                    break
        connection.close()

    def check(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled("the query was cancelled")

    def cancel(self) -> None:
        self.cancelled.set()
        with self._lock:
            held = list(self._open)
        for connection, _ in held:
            connection.interrupt()

    def progress(self) -> Progress:
        """As it is now; from any thread."""
        with self._lock:
            scanned = self._scanned + sum(_scanned(*held) for held in self._open)
            planned = self._planned
            unmetered = tuple(self._unmetered)
            metered = self._metered or not unmetered
        fraction = min(1.0, scanned / planned) if planned else None
        return Progress(scanned if metered else None, self.rows, fraction, unmetered)


def _scanned(connection: Connection, limits: Mapping[str, int]) -> int:
    """Bytes of columns; a read that spans two columns' neighbours counts the columns only."""
    read = connection.bytes_read()
    return sum(min(count, limits.get(path, count)) for path, count in read.items())


class Statement:
    """`ports.Running`. `work` gives the batches; it is begun when the first is asked for."""

    engine_id = ""

    def __init__(
        self,
        columns: Sequence[Column],
        work: Callable[[], Iterator[pa.RecordBatch]],
        reads: Reads,
        update_type: str | None = None,
        count: Callable[[], int | None] = lambda: None,
    ) -> None:
        self.columns = columns
        self.update_type = update_type
        self._work = work
        self._reads = reads
        self._count = count
        self._batches: Iterator[pa.RecordBatch] | None = None
        self._ended = False

    @property
    def update_count(self) -> int | None:
        return self._count()

    @property
    def progress(self) -> Progress:
        return self._reads.progress()

    def batches(self) -> Iterator[pa.RecordBatch]:
        self._reads.check()
        self._batches = self._work()
        try:
            for batch in self._batches:
                self._reads.check()
                self._reads.rows += batch.num_rows
                yield batch
        finally:
            self._ended = True
            self._stop()

    def look(self) -> None:
        """What was scanned is counted as it is read."""

    def cancel(self) -> None:
        self._reads.cancel()

    def close(self) -> None:
        if not self._ended:
            self._reads.cancel()
        self._stop()

    def _stop(self) -> None:
        closing = getattr(self._batches, "close", None)
        if closing is not None:
            try:
                closing()
            except ValueError:
                # The generator runs in another thread at this moment: that one, cancelled, ends it.
                return


class Change:
    """`ports.Running` of a statement that changes a table: one commit, or none.

    It runs when its batches are asked for. A cancellation stops what it reads; once everything
    is read and the commit is under way, it goes through.
    """

    columns: Sequence[Column] = ()
    engine_id = ""

    def __init__(self, update_type: str, work: Callable[[], Outcome], reads: Reads) -> None:
        self.update_type: str | None = update_type
        self.update_count: int | None = None
        self._work = work
        self._reads = reads
        self._begun = False

    @property
    def progress(self) -> Progress:
        return self._reads.progress()

    def batches(self) -> Iterator[pa.RecordBatch]:
        self._reads.check()
        self._begun = True
        outcome = self._work()
        yield from outcome.batches
        self.update_type = outcome.update_type
        self.update_count = outcome.update_count

    def look(self) -> None:
        """What was scanned is counted as it is read."""

    def cancel(self) -> None:
        self._reads.cancel()

    def close(self) -> None:
        if not self._begun:
            self._reads.cancel()
