"""The Hive Metastore over Thrift: a few connections, opened when they are needed.

In: an address and questions, each a function of one client. Out: their answers, or errors in our
words: `NotFound`, `AlreadyExists`, `UsageError` for what it will not do. A connection that lay idle
while the Metastore was restarted is opened anew, once, and one that is starting is waited for.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from hive_metastore import ttypes as hive
from thrift.protocol.TBinaryProtocol import TBinaryProtocolAcceleratedFactory
from thrift.protocol.TProtocol import TProtocolException
from thrift.Thrift import TApplicationException, TException
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TBufferedTransport, TTransportException

from lakeshell.errors import (
    AlreadyExists,
    ConnectionFailed,
    LakeshellError,
    NotFound,
    UsageError,
)
from lakeshell.store.metastore_client import Client
from lakeshell.store.pointers import NoAnswer
from lakeshell.store.waits import Waits

CONNECT_SECONDS = 10
ANSWER_SECONDS = 60
START_SECONDS = 45.0
"""How long a Metastore that takes connections and says nothing yet is waited for."""
CONNECTIONS = 8
DEFAULT_PORT = 9083
DEFAULT_CATALOG = "hive"
_BUFFER = 256 * 1024

# Thrift logs what it raises, too, and without a handler that goes to stderr.
logging.getLogger("thrift").addHandler(logging.NullHandler())

T = TypeVar("T")
X = TypeVar("X")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetastoreAddress:
    """`catalog` is one of the Metastore's own catalogs; Trino and Spark read `hive` by default."""

    host: str
    port: int = DEFAULT_PORT
    catalog: str = DEFAULT_CATALOG
    start_hint: str = "see whether it runs and catalog.uri is right; lakeshell doctor checks all"

    def __str__(self) -> str:
        return f"thrift://{self.host}:{self.port}"


class ChangedMeanwhile(LakeshellError):
    """A change was refused, for somebody else changed the table since it was read."""


class Metastore:
    """Safe to use from many threads; each question has a connection of its own."""

    def __init__(
        self,
        address: MetastoreAddress,
        connections: int = CONNECTIONS,
        *,
        wake: Callable[[], bool] = lambda: False,
        notice: Callable[[str], None] = lambda text: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`wake` starts a Metastore where nobody listens, and says whether it did; `notice` is told
        what a user waits for."""
        self.address = address
        self.connections = connections
        self._wake = wake
        self._notice = notice
        self._waits = Waits(lambda: notice(f"waiting for the Metastore at {address} to answer"))
        self._sleep = sleep
        self._lock = threading.Lock()
        self._told = -START_SECONDS
        self._idle: queue.SimpleQueue[_Connection] = queue.SimpleQueue()

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get().close()

    def ask(self, question: Callable[[Any], T]) -> T:
        try:
            connection = self._taken()
            if connection is not None:
                try:
                    return self._asked(connection, question)
                except (TTransportException, OSError) as error:
                    if getattr(error, "type", None) == TTransportException.TIMED_OUT:
                        raise
            return self._asked(self._connected(), question)
        except (TTransportException, TException, OSError) as error:
            raise _failure(self.address, error) from error

    def ask_each(self, question: Callable[[Any, X], T], about: Sequence[X]) -> Iterator[T]:
        """The answers in order, asked over several connections at once."""
        if len(about) < 2:
            for one in about:
                yield self.ask(lambda client: question(client, one))  # noqa: B023
            return
        with ThreadPoolExecutor(min(self.connections, len(about)), "lakeshell-metastore") as pool:
            pending = [pool.submit(self.ask, lambda c, x=x: question(c, x)) for x in about]
            try:
                for asked in pending:
                    yield asked.result()
            finally:
                for asked in pending:
                    asked.cancel()

    def qualified(self, database: str) -> str:
        """A database's name where a question has no place for the catalog's."""
        return f"@{self.address.catalog}#{database}"

    def _taken(self) -> _Connection | None:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return None

    def _connected(self) -> _Connection:
        """A new connection to a Metastore that answers."""
        until: float | None = None
        woken = False
        while True:
            try:
                with self._waits.call():
                    return _Connection(self.address)
            except (TTransportException, OSError) as error:
                if not woken and _refused(error) and self._wake():
                    woken = True
                    continue
                if not _closed(error):
                    raise
            if until is None:
                until = time.monotonic() + START_SECONDS
                self._say_that_it_starts()
            elif time.monotonic() > until:
                raise ConnectionFailed(
                    f"the Metastore at {self.address} does not answer after {START_SECONDS:.0f} s",
                    hint="see what it waits for: lakeshell stack logs metastore",
                )
            self._sleep(0.5)

    def _say_that_it_starts(self) -> None:
        """Once, however many connections wait for it."""
        with self._lock:
            told, self._told = self._told, time.monotonic()
        if self._told - told > START_SECONDS:
            self._notice(f"the Metastore starts; waiting for it up to {START_SECONDS:.0f} s")

    def _asked(self, connection: _Connection, question: Callable[[Any], T]) -> T:
        """Keeps the connection but where what it would answer next is not known."""
        try:
            with self._waits.call():
                answer = question(connection.client)
        except (TTransportException, TApplicationException):
            connection.close()
            raise
        except TException:
            self._idle.put(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._idle.put(connection)
        return answer


_MISSING = (
    hive.NoSuchObjectException, hive.UnknownDBException, hive.UnknownTableException,
    hive.NoSuchLockException,
)  # fmt: skip
_UNWANTED = (
    hive.InvalidObjectException, hive.InvalidOperationException, hive.InvalidInputException,
)  # fmt: skip


_DATABASE = re.compile(r"JDO\w*Exception|JDBC|Communications link|Connection is not available")
_STORAGE = re.compile(r"create external path|FileSystem|AmazonS3|S3AFile|AWS", re.IGNORECASE)


def _refused(error: Exception) -> bool:
    """Nobody listens: what was asked did not arrive."""
    return bool(getattr(error, "type", None) == TTransportException.NOT_OPEN)


def _closed(error: Exception) -> bool:
    """A new connection was taken and closed: Docker's proxy listens before the Metastore does."""
    inner = getattr(error, "inner", None)
    ended = getattr(error, "type", None) == TTransportException.END_OF_FILE
    return ended or isinstance(inner or error, ConnectionResetError | BrokenPipeError)


def _failure(address: MetastoreAddress, error: Exception) -> LakeshellError:
    said = str(getattr(error, "message", None) or error).strip()
    if isinstance(error, TProtocolException) or "Length exceeded" in said:
        return ConnectionFailed(
            f"what answers at {address} is no Metastore: {said}", hint=address.start_hint
        )
    if getattr(error, "type", None) == TTransportException.TIMED_OUT:
        return NoAnswer(
            f"the Metastore at {address} gave no answer in time: {said}", hint=address.start_hint
        )
    if isinstance(error, TTransportException | OSError):
        return ConnectionFailed(
            f"the Metastore at {address} cannot be reached: {said}", hint=address.start_hint
        )
    if isinstance(error, TApplicationException) and error.type == error.INTERNAL_ERROR:
        return ConnectionFailed(
            f"the Metastore at {address} fails: {said}",
            hint=f"its database may be down; {address.start_hint}",
        )
    if isinstance(error, TApplicationException):
        return LakeshellError(
            f"the Metastore at {address} does not know a question: {said}",
            hint="Hive Metastore 4.0.0 is the version that works",
        )
    if isinstance(error, _MISSING):
        return NotFound(f"the Metastore has none such: {said}")
    if isinstance(error, hive.AlreadyExistsException):
        return AlreadyExists(f"the Metastore has it already: {said}")
    if isinstance(error, _UNWANTED):
        return UsageError(f"the Metastore does not take it: {said}")
    if "has been modified" in said:
        return ChangedMeanwhile(
            f"the table was changed by somebody else at the same time: {said}", hint="run it again"
        )
    for part, words in (("database", _DATABASE), ("object storage", _STORAGE)):
        if words.search(said):
            cause = said.rpartition("Root cause: ")[2].partition("\n")[0]
            return ConnectionFailed(
                f"the Metastore at {address} does not reach its {part}: {cause}",
                hint=address.start_hint,
            )
    return LakeshellError(
        f"the Metastore refused: {said}", hint="see its log: lakeshell stack logs metastore"
    )


class _Connection:
    """One connection and its client."""

    def __init__(self, address: MetastoreAddress) -> None:
        socket = TSocket(address.host, address.port)
        socket.setTimeout(CONNECT_SECONDS * 1000)
        self._transport = TBufferedTransport(socket, _BUFFER)
        protocol = TBinaryProtocolAcceleratedFactory().getProtocol(self._transport)
        self.client = Client(protocol)
        self._transport.open()
        try:
            # A port that is open proves nothing, and no question is lost that was not asked.
            self.client.getVersion()
        except BaseException:
            self._transport.close()
            raise
        socket.setTimeout(ANSWER_SECONDS * 1000)

    def close(self) -> None:
        self._transport.close()
