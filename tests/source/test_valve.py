"""The process that keeps a driver from reading ahead of whoever takes its rows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from lakeshell.source.valve import AHEAD_BYTES, FIRST_BYTES, Valve, _Counting

SENT = 3 * AHEAD_BYTES + FIRST_BYTES
PIECE = 256 * 1024


@pytest.fixture
def server() -> Iterator[int]:
    """Sends `SENT` bytes to whoever sends it one, and gives its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = listening.accept()
        with peer:
            peer.recv(1)
            peer.sendall(bytes(SENT))

    thread = threading.Thread(target=serve)
    thread.start()
    yield listening.getsockname()[1]
    thread.join()
    listening.close()


def drained(client: socket.socket) -> int:
    """The bytes that come before nothing more does."""
    client.settimeout(1.0)
    total = 0
    try:
        while piece := client.recv(PIECE):
            total += len(piece)
    except TimeoutError:
        pass
    return total


def test_nobody_reads_ahead_of_who_does_not_wait(server: int) -> None:
    with Valve("127.0.0.1", server) as valve, socket.create_connection(
        ("127.0.0.1", valve.port)
    ) as client:  # fmt: skip
        client.sendall(b"x")
        ahead = drained(client)
        assert AHEAD_BYTES <= ahead <= AHEAD_BYTES + PIECE
        assert drained(client) == 0
        valve.asked()
        before = drained(client)
        assert FIRST_BYTES <= before <= FIRST_BYTES + PIECE
        # Whoever waits and finds nothing has so much more read ahead for the next time.
        valve._began = 0.0
        valve.closed()
        again = drained(client)
        assert AHEAD_BYTES <= again <= AHEAD_BYTES + PIECE
        valve.opened()
        assert ahead + before + again + drained(client) == SENT


def test_the_end_of_a_connection_comes_to_whoever_waits() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        Valve("127.0.0.1", listening.getsockname()[1]) as valve,
        socket.create_connection(("127.0.0.1", valve.port)) as client,
    ):
        peer, _ = listening.accept()
        peer.sendall(b"some rows")
        peer.close()
        client.settimeout(0.5)
        assert client.recv(PIECE) == b"some rows"
        with pytest.raises(TimeoutError):
            client.recv(1)
        valve.opened()
        client.settimeout(10)
        assert client.recv(1) == b""


def test_a_server_that_is_not_there_closes_the_connection() -> None:
    with Valve("127.0.0.1", 1) as valve, socket.create_connection(
        ("127.0.0.1", valve.port)
    ) as client:  # fmt: skip
        client.settimeout(10)
        assert client.recv(1) == b""


def test_a_server_that_is_silent_before_the_statement_is_hung_up_on() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Valve("127.0.0.1", silent.getsockname()[1], patience=0.1) as valve,
        socket.create_connection(("127.0.0.1", valve.port)) as client,
    ):
        client.settimeout(10)
        assert client.recv(1) == b""
        assert valve.hung_up


def packets(*held: bytes) -> bytes:
    """As MySQL sends them."""
    return b"".join(
        len(one).to_bytes(3, "little") + bytes([number % 256]) + one
        for number, one in enumerate(held)
    )


END = b"\xfe\0\0\x22\0"
DESCRIBED = (b"\x01", b"\x03def" + bytes(30), END)
ROW = b"\0" + bytes(99)
LONG_ROW = (b"\0" + bytes(2**24 - 2), b"\xfe" + bytes(500))


@pytest.mark.parametrize("size", [1, 3, 104, 1000, 2**20])
@pytest.mark.parametrize(
    ("rows", "count"), [((), 0), ((ROW,) * 5, 5), ((ROW, *LONG_ROW, ROW), 3), ((*LONG_ROW,), 1)]
)
def test_rows_are_counted_when_they_are_whole(
    rows: tuple[bytes, ...], count: int, size: int
) -> None:
    if size < 100 and len(b"".join(rows)) > 2**20:
        size = 77_777
    counting = _Counting()
    sent = packets(*DESCRIBED, *rows)
    for at in range(0, len(sent) - 1, size):
        counting.take(sent[at : min(at + size, len(sent) - 1)])
    assert counting.rows == max(0, count - 1)
    assert not counting.done
    counting.take(sent[-1:])
    assert counting.rows == count
    assert not counting.done
    counting.take(packets(END))
    assert counting.done


def test_a_statement_that_is_refused_has_no_rows() -> None:
    counting = _Counting()
    counting.take(packets(b"\xff\x15\x04#28000no"))
    counting.take(packets(b"\0\0\0\2\0\0\0"))
    assert (counting.rows, counting.done) == (0, True)
