"""Arrow that DuckDB reads as a table, from a source that may let itself be waited for.

    source -> a thread of its own -> a batch that waits -> whichever thread of DuckDB reads

In: what opens the source's batches. Out: what DuckDB takes as Arrow. DuckDB's thread is never inside
the source, which may answer late or never: it hears of a cancellation at once. The source's thread
then goes on to its next batch alone, and closes what it read.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from lakeshell.errors import Cancelled, LakeshellError

if TYPE_CHECKING:
    import pyarrow as pa

_LOOK = 0.05
"""Seconds between two looks whether the other side is still there."""


class Stream:
    """DuckDB asks for a new one each time, also for the schema alone: nothing is opened before the
    first batch is asked for."""

    def __init__(
        self,
        schema: pa.Schema,
        opened: Callable[[], Iterable[pa.RecordBatch]],
        cancelled: threading.Event,
        failed: Callable[[LakeshellError], None],
    ) -> None:
        self._schema = schema
        self._opened = opened
        self._cancelled = cancelled
        self._failed = failed

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        reader = pa.RecordBatchReader.from_batches(self._schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        pump = _Pump(self._opened)
        try:
            while (batch := pump.next(self._cancelled)) is not None:
                yield batch
        except LakeshellError as error:
            self._failed(error)
            raise
        finally:
            pump.over.set()


class _Pump:
    """The source's own thread. `over` is set when nobody reads any more."""

    def __init__(self, opened: Callable[[], Iterable[pa.RecordBatch]]) -> None:
        self.over = threading.Event()
        self._opened = opened
        self._ready: queue.Queue[pa.RecordBatch | BaseException | None] = queue.Queue(1)
        threading.Thread(target=self._run, name="source", daemon=True).start()

    def next(self, cancelled: threading.Event) -> pa.RecordBatch | None:
        """None at the end. Raises what the source failed with, and `Cancelled`."""
        while True:
            try:
                found = self._ready.get(timeout=_LOOK)
            except queue.Empty:
                if cancelled.is_set():
                    raise Cancelled("the query was cancelled") from None
                continue
            if isinstance(found, BaseException):
                raise found
            return found

    def _run(self) -> None:
        batches: Iterable[pa.RecordBatch] = ()
        try:
            batches = self._opened()
            for batch in batches:
                self._put(batch)
                if self.over.is_set():
                    return
            self._put(None)
        except BaseException as error:
            self._put(error)
        finally:
            close = getattr(batches, "close", None)
            if close is not None:
                close()

    def _put(self, item: pa.RecordBatch | BaseException | None) -> None:
        while not self.over.is_set():
            try:
                return self._ready.put(item, timeout=_LOOK)
            except queue.Full:
                continue
        return None
