"""The rows of one MySQL table or view as Arrow, by one SELECT and in bounded memory.

In: an address, a table, columns with their Trino types. Out: record batches of those types.

    SELECT expressions that no driver changes -> raw arrays -> `conversion` -> declared types

connectorx reads, ten times faster than pymysql, through a `valve` that keeps it from running ahead.
It checks no certificates, so where the address asks for an encrypted connection pymysql reads the
same expressions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pymysql

from lakeshell.errors import ConnectionFailed
from lakeshell.model import Column, ObjectName, SourceTable
from lakeshell.source.conversion import Conversion
from lakeshell.source.mysql_address import MysqlAddress
from lakeshell.source.mysql_server import (
    SESSION,
    connect,
    failure,
    failures,
    quoted,
    still_there,
)
from lakeshell.source.mysql_values import expression, plain, values, whole
from lakeshell.source.panics import unprinted
from lakeshell.source.values import converter
from lakeshell.source.valve import Valve

MAX_CELLS = 1_000_000
"""Cells of a batch: a table of many columns is read in shorter batches."""
_OF_SERVER = re.compile(r"MySqlError \{ ERROR (\d+) \(\w+\): (.*) \}", re.DOTALL)
"""How connectorx tells what the server said of a row, its code and words."""
_FETCHED = 32
"""connectorx takes so many rows at once from its connection."""
Raw = tuple[list[pa.Array], int]
"""Arrays as a driver gave them, and how many rows they have. A reader's first has none, and says
that it is ready."""


class Rows:
    """One read of a table: `batches` gives its record batches once."""

    def __init__(
        self, address: MysqlAddress, table: SourceTable, columns: Sequence[Column], rows: int
    ) -> None:
        self.address = address
        self.name = table.name
        self.columns = columns
        self.batch_rows = max(1, min(rows, MAX_CELLS // max(len(columns), 1)))
        self._conversion = Conversion(
            table.name,
            columns,
            [whole(c.type) for c in columns],
            [converter(c.type) for c in columns],
            lambda array, column: values(array, column.type),
        )
        self.schema = self._conversion.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """connectorx asks at once: rows come while the caller still gets ready for them."""
        read = _by_pymysql if self.address.encrypted else _by_connectorx
        raw = read(self.address, self.select, self.batch_rows)
        next(raw)
        return self._converted(raw)

    def _converted(self, raw: Iterator[Raw]) -> Iterator[pa.RecordBatch]:
        done = 0
        for arrays, rows in raw:
            yield self._conversion.batch(arrays[: len(self.columns)], rows, done)
            done += rows

    @property
    def select(self) -> str:
        listed = [
            f"{expression(quoted(c.name), c.source_type or c.type.name, c.type)} AS c{i}"
            for i, c in enumerate(self.columns)
        ]
        return f"SELECT {', '.join(listed) or '1 AS c0'} FROM {_place(self.name)}"


def _place(name: ObjectName) -> str:
    return f"{quoted(name.schema)}.{quoted(name.name)}"


def _by_connectorx(
    address: MysqlAddress, select: str, batch_rows: int, patience: float = 1.0
) -> Iterator[Raw]:
    # Else the driver prints a backtrace for a lost connection, and what it logs.
    os.environ |= {"RUST_BACKTRACE": "0", "RUST_LOG": "off"}
    user = f"{quote(address.user, safe='')}:{quote(address.password, safe='')}"
    valve = Valve(address.host, address.port, patience)
    stream: Iterator[pa.RecordBatch] = iter(())
    try:
        # The valve's process starts meanwhile.
        import connectorx

        url = f"mysql://{user}@127.0.0.1:{valve.port}/{quote(address.database, safe='')}"
        with unprinted():
            valve.opened()
            stream = iter(
                connectorx.read_sql(
                    url,
                    select,
                    return_type="arrow_stream",
                    protocol="binary",
                    batch_size=batch_rows,
                    pre_execution_query=SESSION,
                )
            )
        valve.asked()
        yield [], 0
        rows = batch_rows
        while True:
            valve.await_rows(-(-rows // _FETCHED) * _FETCHED, partial(still_there, address))
            if (batch := _next(stream, valve)) is None:
                return
            yield [plain(column) for column in batch.columns], batch.num_rows
            rows += batch_rows
    except BaseException as error:
        if not _of_driver(error):
            raise
        _ask_why(address, select)
        if said := _OF_SERVER.search(str(error)):
            raise failure(address, pymysql.OperationalError(int(said[1]), said[2])) from error
        if not valve.hung_up:
            raise ConnectionFailed(
                f"the source {address} broke off while it was read: {error}",
                hint=f"run it again; {address.start_hint}",
            ) from error
    finally:
        _abandon(stream, valve)
    # It was held up before it was asked for rows: who held it let it go while we asked why.
    yield from _by_connectorx(address, select, batch_rows, 2 * patience)


def _next(stream: Iterator[pa.RecordBatch], valve: Valve) -> pa.RecordBatch | None:
    """The server's end, too, comes through the valve only while it is open."""
    with unprinted():
        valve.opened()
        batch = next(stream, None)
    valve.closed()
    return batch


def _abandon(stream: Iterator[pa.RecordBatch], valve: Valve) -> None:
    """Ends the driver's thread, which takes the end of its connection for a fault, before anybody
    sees what it says of that."""
    with unprinted():
        valve.close()
        try:
            while next(stream, None) is not None:
                pass
        except BaseException as error:
            if not _of_driver(error):
                raise


def _of_driver(error: BaseException) -> bool:
    """A fault inside the driver comes as an exception that no module names."""
    named = isinstance(error, RuntimeError | pa.ArrowException)
    return named or type(error).__name__ == "PanicException"


def _ask_why(address: MysqlAddress, select: str) -> None:
    """Raises what the server itself says of the statement, for the driver says little."""
    with failures(address), closing(connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute(without_rows(select))


def without_rows(select: str) -> str:
    """What the server refuses, and waits for, as it would the statement itself."""
    return f"{select} LIMIT 0"


def _by_pymysql(address: MysqlAddress, select: str, batch_rows: int) -> Iterator[Raw]:
    # It reads on the caller's thread: asking early would bring nothing early.
    yield [], 0
    with (
        failures(address),
        closing(connect(address, conv={})) as connection,
        _unbuffered(connection, select) as cursor,
    ):
        yield from _fetched(cursor, batch_rows)


@contextmanager
def _unbuffered(connection: Any, select: str) -> Iterator[Any]:
    from pymysql.cursors import SSCursor

    cursor: Any = connection.cursor(SSCursor)
    try:
        cursor.execute(select)
        yield cursor
    finally:
        # The driver would read on to the end, when nobody listens, from a connection that is gone.
        if connection._result is not None:
            connection._result.unbuffered_active = False


def _fetched(cursor: Any, batch_rows: int) -> Iterator[Raw]:
    from pymysql.constants import FIELD_TYPE

    doubles = {i for i, d in enumerate(cursor.description) if d[1] == FIELD_TYPE.DOUBLE}
    whole = {FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG}
    whole |= {FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR}
    integers = {i for i, d in enumerate(cursor.description) if d[1] in whole}
    while rows := cursor.fetchmany(batch_rows):
        columns = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)]
        yield (
            [
                c.cast(pa.float64()) if i in doubles
                else c.cast(pa.int64()) if i in integers
                else c
                for i, c in enumerate(columns)
            ],
            len(rows),
        )  # fmt: skip
