"""Questions to a Metastore that answers badly or not at all."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from hive_metastore.ttypes import MetaException
from thrift.Thrift import TApplicationException
from thrift.transport.TTransport import TTransportException

from lakeshell.errors import ConnectionFailed, LakeshellError
from lakeshell.store.metastore import Metastore, MetastoreAddress

VERSION = b"4.0.0"


class Server:
    """Answers `getVersion`, which every connection begins with, and nothing else. The first
    `closes` connections are taken and closed, as a port's proxy does whose server is starting."""

    def __init__(self, closes: int = 0) -> None:
        self.closes = closes
        self.taken = 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.held: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                taken, _ = self.listening.accept()
            except OSError:
                return
            self.taken += 1
            if self.taken <= self.closes:
                taken.close()
                continue
            self.held.append(taken)
            taken.recv(100)
            name = struct.pack("!I", 10) + b"getVersion"
            said = struct.pack("!bhI", 11, 0, len(VERSION)) + VERSION + b"\0"
            taken.sendall(struct.pack("!I", 0x80010002) + name + struct.pack("!I", 0) + said)

    @property
    def address(self) -> MetastoreAddress:
        return MetastoreAddress(host="127.0.0.1", port=self.listening.getsockname()[1])

    def close(self) -> None:
        for one in (*self.held, self.listening):
            one.close()


@pytest.fixture
def metastore() -> Iterator[Metastore]:
    """Where connections are taken and no question is answered."""
    server = Server()
    opened = Metastore(server.address)
    yield opened
    opened.close()
    server.close()


class Failing:
    """A question that fails from the second time on."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = 0

    def __call__(self, client: object) -> str:
        self.asked += 1
        if self.asked == 1:
            return "answer"
        raise self.error


def test_what_was_not_answered_in_time_is_not_asked_again(metastore: Metastore) -> None:
    question = Failing(TTransportException(TTransportException.TIMED_OUT, "read timeout"))
    assert metastore.ask(question) == "answer"
    with pytest.raises(ConnectionFailed, match="read timeout"):
        metastore.ask(question)
    assert question.asked == 2


def test_a_connection_that_was_closed_meanwhile_is_opened_anew(metastore: Metastore) -> None:
    question = Failing(TTransportException(TTransportException.END_OF_FILE, "closed"))
    assert metastore.ask(question) == "answer"
    with pytest.raises(ConnectionFailed, match="closed"):
        metastore.ask(question)
    assert question.asked == 3


def test_a_fault_inside_is_told_from_an_unknown_question(metastore: Metastore) -> None:
    inside = TApplicationException(TApplicationException.INTERNAL_ERROR, "processing lock")
    unknown = TApplicationException(TApplicationException.UNKNOWN_METHOD, "get_more")
    for error, kind, said in (
        (inside, ConnectionFailed, "fails: processing lock"),
        (unknown, LakeshellError, "does not know a question: get_more"),
    ):
        question = Failing(error)
        metastore.ask(question)
        with pytest.raises(kind, match=said):
            metastore.ask(question)


def test_one_that_starts_is_waited_for_with_a_notice() -> None:
    server = Server(closes=3)
    said: list[str] = []
    opened = Metastore(server.address, notice=said.append, sleep=lambda seconds: None)
    try:
        assert opened.ask(lambda client: "answer") == "answer"
    finally:
        opened.close()
        server.close()
    assert server.taken == 4
    assert len(said) == 1
    assert "starts" in said[0]


def test_one_that_nobody_listens_for_is_woken_once() -> None:
    woken: list[bool] = []

    def wake() -> bool:
        woken.append(True)
        return True

    address = MetastoreAddress(host="127.0.0.1", port=1, start_hint="start it")
    with pytest.raises(ConnectionFailed, match="cannot be reached") as caught:
        Metastore(address, wake=wake).ask(lambda client: "answer")
    assert (woken, caught.value.hint) == ([True], "start it")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            MetaException(
                "JDODataStoreException: objectstore - Connection is not available\n"
                "Root cause: java.net.UnknownHostException: control"
            ),
            "does not reach its database: java.net.UnknownHostException: control",
        ),
        (
            MetaException("Failed to create external path s3://lake/x for database x."),
            "does not reach its object storage",
        ),
        (TTransportException(TTransportException.SIZE_LIMIT, "Length exceeded"), "no Metastore"),
        (TTransportException(TTransportException.TIMED_OUT, "read timeout"), "no answer in time"),
    ],
)
def test_what_it_leans_on_is_named(metastore: Metastore, error: Exception, said: str) -> None:
    question = Failing(error)
    metastore.ask(question)
    with pytest.raises(ConnectionFailed, match=said) as caught:
        metastore.ask(question)
    assert "catalog.uri" in caught.value.hint
