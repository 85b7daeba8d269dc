"""Sources that DuckDB reads as tables: one that does not answer holds up nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pyarrow as pa
import pytest

from lakeshell.engine.embedded.execution.connection import Connection
from lakeshell.errors import Cancelled, LakeshellError

SCHEMA = pa.schema([("x", pa.int64())])


def test_a_source_that_does_not_answer_lets_itself_be_cancelled() -> None:
    asked, answer, answered, closed = (threading.Event() for _ in range(4))

    def opened() -> Iterator[pa.RecordBatch]:
        try:
            asked.set()
            answer.wait(30)
            answered.set()
            yield pa.record_batch({"x": [1]}, SCHEMA)
        finally:
            closed.set()

    def cancel() -> None:
        asked.wait(30)
        connection.interrupt()

    connection = Connection()
    connection.stream("source", SCHEMA, opened)
    cancelling = threading.Thread(target=cancel)
    cancelling.start()
    with pytest.raises(Cancelled):
        connection.query("SELECT * FROM source", 100)
        connection.next_batch()
    assert not answered.is_set()
    cancelling.join()
    connection.close()
    answer.set()
    assert closed.wait(30)


def test_a_source_is_closed_when_nobody_reads_on() -> None:
    closed = threading.Event()

    def opened() -> Iterator[pa.RecordBatch]:
        try:
            while True:
                yield pa.record_batch({"x": list(range(5000))}, SCHEMA)
        finally:
            closed.set()

    connection = Connection()
    connection.stream("source", SCHEMA, opened)
    connection.query("SELECT * FROM source LIMIT 3", 100)
    found = connection.next_batch()
    assert found is not None
    assert found.num_rows == 3
    connection.close()
    assert closed.wait(30)


def test_what_a_source_fails_with_is_said() -> None:
    def opened() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"x": [1]}, SCHEMA)
        raise LakeshellError("the source broke off", hint="run it again")

    connection = Connection()
    connection.stream("source", SCHEMA, opened)
    with pytest.raises(LakeshellError, match="the source broke off"):
        connection.query("SELECT sum(x) FROM source", 100)
        connection.next_batch()
    connection.close()
