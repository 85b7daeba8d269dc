"""Questions to a Metastore that answers badly or not at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from thrift.Thrift import TApplicationException
from thrift.transport.TTransport import TTransportException

from lakeshell.errors import ConnectionFailed, LakeshellError
from lakeshell.store.metastore import Metastore, MetastoreAddress


@pytest.fixture
def metastore() -> Iterator[Metastore]:
    """On a port where connections are taken and nothing is said."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        opened = Metastore(MetastoreAddress(host="127.0.0.1", port=listening.getsockname()[1]))
        yield opened
        opened.close()


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
