"""A small process between a driver and its server, which holds the server back.

connectorx reads on a thread of its own into a queue without a limit: rows that nobody takes gather
in memory. Its connection goes through this process, which passes on what the server sends only
while somebody waits for rows, and `AHEAD_BYTES` more whenever the queue was found empty; then the
server's own send buffer fills, and it waits. The connection's end, too, is passed on only to somebody
who waits: the driver takes it for a fault. In: the server's address. Out: a port on this machine.

A process and not a thread, for the driver keeps Python's lock while it waits. So that other threads
can work meanwhile, and an interruption gets through, `await_rows` sleeps while the server computes
its answer and until about a batch of it has come, and the driver finds it there. Run as a script it
imports nothing but what comes with Python.
"""

from __future__ import annotations

import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from types import TracebackType

AHEAD_BYTES = 8 * 2**20
"""What may be read ahead of the rows taken."""
FIRST_BYTES = 32 * 2**20
"""What may be read before whoever asked for the rows is ready to take them."""
EMPTY_SECONDS = 0.002
"""Whoever waited longer for rows found none in the queue."""
_PIECE = 256 * 1024
_PAUSE = 0.001
_SILENT_SECONDS = 0.01
"""A server that sent nothing for so long is not waited for without the driver."""
_WANTED = struct.Struct("=QQ")
"""Written by the user: whether somebody waits for rows, and the bytes ever allowed ahead of them."""
_CAME = struct.Struct("=QQQ")
"""Written by the process, behind it: the bytes that came, whether any more are held back, and whether
the server has not begun to answer the statement."""
_EXECUTE = b"\x17"
"""The driver's request of that answer, after the four bytes that a packet of MySQL begins with."""
_KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))


def keep_alive(connected: socket.socket) -> None:
    """A server whose machine or network is gone is given up after a minute, however long a statement
    may take."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEP_ALIVE:
        connected.setsockopt(socket.IPPROTO_TCP, option, value)


class Valve:
    """The process, as its user sees it. A context manager; `port` is where to connect."""

    def __init__(self, host: str, port: int) -> None:
        memory = os.memfd_create("lakeshell-valve")
        os.ftruncate(memory, mmap.PAGESIZE)
        self._state = mmap.mmap(memory, mmap.PAGESIZE)
        self._allowed = 0
        self._began = 0.0
        self._batches = 0
        self._batch_bytes = 0.0
        """Since the queue was last found empty, and of each in the time before that."""
        self._came = 0
        # It listens for the process, which need not be waited for.
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = int(listening.getsockname()[1])
            inherited = (memory, listening.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, host, str(port), *map(str, inherited)],
                stdin=subprocess.PIPE,
                pass_fds=inherited,
            )
        os.close(memory)

    def await_rows(self) -> None:
        """Sleeps until the server answers and about a batch has come."""
        self._sleep(self._came + (self._batches + 1) * self._batch_bytes)

    def opened(self) -> None:
        """From here somebody waits for rows."""
        self._began = time.monotonic()
        _WANTED.pack_into(self._state, 0, 1, self._allowed)

    def asked(self) -> None:
        """The server was asked for rows, which nobody takes yet."""
        self._allow(FIRST_BYTES)

    def closed(self) -> None:
        """Rows have come."""
        self._batches += 1
        empty = time.monotonic() - self._began > EMPTY_SECONDS
        if empty:
            came, _, _ = _CAME.unpack_from(self._state, _WANTED.size)
            self._batch_bytes = (came - self._came) / self._batches
            self._came, self._batches = came, 0
        self._allow(AHEAD_BYTES if empty else 0)

    def _allow(self, ahead: int) -> None:
        self._allowed += ahead
        _WANTED.pack_into(self._state, 0, 0, self._allowed)

    def _sleep(self, wanted: float) -> None:
        """Until so many bytes have come, or no more do."""
        before, since = -1, 0.0
        while True:
            came, held, computes = _CAME.unpack_from(self._state, _WANTED.size)
            now = time.monotonic()
            if came != before:
                before, since = came, now
            if held or (came >= wanted and not computes):
                return
            if now - since > _SILENT_SECONDS and not (computes and self._process.poll() is None):
                return
            time.sleep(_PAUSE)

    def __enter__(self) -> Valve:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        # Its end of file ends the process, as our own end would.
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        self._state.close()


class _Passing:
    """The process's own side: every connection to `host`, each way."""

    def __init__(self, host: str, port: int, state: mmap.mmap, listening: socket.socket) -> None:
        self.address = (host, port)
        self.state = state
        self.listening = listening
        self.peers: dict[socket.socket, socket.socket] = {}
        self.servers: set[socket.socket] = set()
        self.ended: set[socket.socket] = set()
        """Servers that closed their connection while nobody waited."""
        self.allowed = 0
        self.left = AHEAD_BYTES
        self.came = 0
        self.computes = True
        self.executed = False

    def run(self) -> None:
        while True:
            waits = self._waits()
            held = self.ended if waits or self.left > 0 else self.servers
            if waits:
                held = self.ended = set()
            _CAME.pack_into(self.state, _WANTED.size, self.came, bool(held), self.computes)
            heard = [sys.stdin, self.listening, *(s for s in self.peers if s not in held)]
            ready, _, _ = select.select(heard, (), (), _PAUSE if held else None)
            for one in ready:
                if one is sys.stdin:
                    return
                if one is self.listening:
                    self._connect()
                elif isinstance(one, socket.socket) and one in self.peers:
                    self._pass(one, waits)

    def _waits(self) -> bool:
        waits, allowed = _WANTED.unpack_from(self.state, 0)
        if allowed != self.allowed:
            self.left, self.allowed = allowed - self.allowed, allowed
        return bool(waits)

    def _connect(self) -> None:
        client, _ = self.listening.accept()
        try:
            server = socket.create_connection(self.address)
            keep_alive(server)
        except OSError:
            client.close()
            return
        self.peers |= {client: server, server: client}
        self.servers.add(server)

    def _pass(self, one: socket.socket, waits: bool) -> None:
        peer = self.peers[one]
        try:
            piece = one.recv(_PIECE)
            peer.sendall(piece)
        except OSError:
            piece = b""
        self._notice(one, piece)
        if not piece and one in self.servers and not waits:
            self.ended.add(one)
            return
        if one in self.servers:
            self.came += len(piece)
            self.left -= 0 if waits else len(piece)
        if not piece:
            for end in (one, peer):
                del self.peers[end]
                self.servers.discard(end)
                self.ended.discard(end)
                end.close()

    def _notice(self, one: socket.socket, piece: bytes) -> None:
        if one not in self.servers:
            self.executed = self.executed or piece[4:5] == _EXECUTE
        elif self.executed:
            self.computes = False
        if not piece:
            self.computes = False


if __name__ == "__main__":
    # Ctrl-C is told to all of a terminal's group.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _host, _port, _memory, _listening = sys.argv[1:]
    _Passing(
        _host, int(_port), mmap.mmap(int(_memory), mmap.PAGESIZE),
        socket.socket(fileno=int(_listening)),
    ).run()  # fmt: skip
