"""A small process between a driver and its server, which holds the server back.

connectorx reads on a thread of its own into a queue without a limit: rows that nobody takes gather
in memory. Its connection goes through this process, which passes on what the server sends only
while somebody waits for rows, and `AHEAD_BYTES` more whenever the queue was found empty; then the
server's own send buffer fills, and it waits. The connection's end, too, is passed on only to somebody
who waits: the driver takes it for a fault. In: the server's address. Out: a port on this machine.

A process and not a thread, for the driver keeps Python's lock while it waits. So that other threads
can work meanwhile, and an interruption gets through, the process counts the rows that it passes on:
`await_rows` sleeps until a batch of them has come, and the driver finds it there. What the driver
asks before the statement, it waits for alone: a server that is silent then, for somebody holds the table
locked, is hung up on. Run as a script it imports nothing but what comes with Python.
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
from collections.abc import Callable
from types import TracebackType

AHEAD_BYTES = 8 * 2**20
"""What may be read ahead of the rows taken."""
FIRST_BYTES = 32 * 2**20
"""What may be read before whoever asked for the rows is ready to take them."""
EMPTY_SECONDS = 0.002
"""Whoever waited longer for rows found none in the queue."""
_PIECE = 256 * 1024
_PAUSE = 0.001
SILENT_SECONDS = 30.0
"""A server that sent nothing for so long is asked whether it is there at all."""
_NOBODY, _USER, _DRIVER = 0, 1, 2
"""Who waits for the server. The driver prints a fault where nobody sees to it, so its connection's
end, which it takes for one, waits for it to be asked."""
_WANTED = struct.Struct("=QQ")
"""Written by the user: who waits, and the bytes ever allowed ahead of them."""
_CAME = struct.Struct("=QQ??")
"""Written by the process, behind it: the rows and the bytes that came, whether no more rows do, and
whether the server was hung up on."""
_EXECUTE = b"\x17"
"""The driver's request of the rows, after the four bytes that a packet of MySQL begins with."""
_HEAD = struct.Struct("<HBxB")
"""A packet's length, its low part first, its number, and the first byte of what it holds."""
_HEAD_BYTES = 4
_FULL = 2**24 - 1
"""A packet of so many bytes goes on in the next."""
_ROW, _END, _FAULT = 0x00, 0xFE, 0xFF
"""What rows begin with, the end of columns and of rows, and an error."""
_EVERY = range(sys.maxsize)
_KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))


def keep_alive(connected: socket.socket) -> None:
    """A server whose machine or network is gone is given up after a minute, however long a statement
    may take."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEP_ALIVE:
        connected.setsockopt(socket.IPPROTO_TCP, option, value)


class Valve:
    """The process, as its user sees it. A context manager; `port` is where to connect. Until the
    statement is executed, the server is hung up on when it is silent for `patience` seconds."""

    def __init__(self, host: str, port: int, patience: float = 1.0) -> None:
        memory = os.memfd_create("lakeshell-valve")
        os.ftruncate(memory, mmap.PAGESIZE)
        self._state = mmap.mmap(memory, mmap.PAGESIZE)
        self._allowed = 0
        self._began = 0.0
        """Since when rows are waited for."""
        # It listens for the process, which need not be waited for.
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = int(listening.getsockname()[1])
            inherited = (memory, listening.fileno())
            given = (host, port, patience, *inherited)
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, *map(str, given)],
                stdin=subprocess.PIPE,
                pass_fds=inherited,
            )
        os.close(memory)

    @property
    def hung_up(self) -> bool:
        *_, hung_up = self._came()
        return hung_up

    def await_rows(self, rows: int, ask: Callable[[], None]) -> None:
        """Sleeps until so many have come in all, or no more do. `ask` is called whenever nothing
        came for `SILENT_SECONDS`, and ends the wait by what it raises."""
        self._began = since = time.monotonic()
        self._wait(_USER)
        before = 0
        while True:
            counted, came, done, _ = self._came()
            if done or counted >= rows or self._process.poll() is not None:
                return
            now = time.monotonic()
            if came != before:
                before, since = came, now
            elif now - since > SILENT_SECONDS:
                ask()
                since = time.monotonic()
            time.sleep(_PAUSE)

    def opened(self) -> None:
        """From here the driver waits."""
        self._wait(_DRIVER)

    def asked(self) -> None:
        """The server was asked for rows, which nobody takes yet."""
        self._allow(FIRST_BYTES)

    def closed(self) -> None:
        """Rows have come."""
        empty = time.monotonic() - self._began > EMPTY_SECONDS
        self._allow(AHEAD_BYTES if empty else 0)

    def _allow(self, ahead: int) -> None:
        self._allowed += ahead
        self._wait(_NOBODY)

    def _wait(self, who: int) -> None:
        _WANTED.pack_into(self._state, 0, who, self._allowed)

    def _came(self) -> tuple[int, int, bool, bool]:
        return _CAME.unpack_from(self._state, _WANTED.size)

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


class _Counting:
    """The rows of one answer, counted as its bytes come."""

    def __init__(self) -> None:
        self.done = False
        self._begun = 0
        self._described = False
        self._rest = b""
        self._at = 0
        """Where the next packet begins in what is to come."""
        self._goes_on = False
        """Whether that packet is more of a row."""

    @property
    def rows(self) -> int:
        """That came whole."""
        return max(0, self._begun - (self._at > 0 and not self._goes_on))

    def take(self, piece: bytes) -> None:
        """What comes after the rows answers other questions."""
        if self.done:
            return
        data, at = self._rest + piece, self._at
        kind, packets, row_at = _ROW, 0, at if self._goes_on else -1
        head = _HEAD.unpack_from
        try:
            while not (self._described or self.done):
                low, high, kind = head(data, at)
                at += _HEAD_BYTES + low + (high << 16)
                self._described, self.done = kind == _END, kind == _FAULT
            kind = _ROW
            # A million times a second.
            for packets in _EVERY:  # noqa: B007
                low, high, kind = head(data, at)
                at += _HEAD_BYTES + low
                if high:
                    at += high << 16
                    if low + (high << 16) == _FULL:
                        self._begun -= 1
                        row_at = at
        except struct.error:
            pass
        self._begun += packets
        # What a long row goes on with begins with anything.
        if kind in (_END, _FAULT) and at - _HEAD_BYTES - low - (high << 16) != row_at:
            self.done = True
        self._goes_on = at == row_at
        self._rest, self._at = data[at:], max(0, at - len(data))


class _Passing:
    """The process's own side: every connection to `host`, each way."""

    def __init__(
        self, host: str, port: int, patience: float, state: mmap.mmap, listening: socket.socket
    ) -> None:
        self.address = (host, port)
        self.patience = patience
        self.state = state
        self.listening = listening
        self.peers: dict[socket.socket, socket.socket] = {}
        self.servers: set[socket.socket] = set()
        self.ended: set[socket.socket] = set()
        """Servers that closed their connection while the driver did not wait."""
        self.allowed = 0
        self.left = AHEAD_BYTES
        self.came = 0
        self.counting = _Counting()
        self.executed = False
        self.asked = 0.0
        """Since when the server has not answered what was asked before the statement."""
        self.hung_up = False

    def run(self) -> None:
        while True:
            who = self._who_waits()
            if who == _DRIVER:
                self.ended = set()
            held = self.servers if who == _NOBODY and self.left <= 0 else self.ended
            self._tell()
            heard = [sys.stdin, self.listening, *(s for s in self.peers if s not in held)]
            ready, _, _ = select.select(heard, (), (), self._pause(bool(held)))
            for one in ready:
                if one is sys.stdin:
                    return
                if one is self.listening:
                    self._connect()
                elif isinstance(one, socket.socket) and one in self.peers:
                    self._pass(one)
            if self.asked and time.monotonic() - self.asked > self.patience:
                self._hang_up()

    def _who_waits(self) -> int:
        who, allowed = _WANTED.unpack_from(self.state, 0)
        if allowed != self.allowed:
            self.left, self.allowed = allowed - self.allowed, allowed
        return int(who)

    def _tell(self) -> None:
        done = self.counting.done or (self.executed and not self.servers - self.ended)
        told = (self.counting.rows, self.came, done, self.hung_up)
        _CAME.pack_into(self.state, _WANTED.size, *told)

    def _pause(self, held: bool) -> float | None:
        if held:
            return _PAUSE
        return self.patience if self.asked else None

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
        self._expect()

    def _pass(self, one: socket.socket) -> None:
        peer, who = self.peers[one], self._who_waits()
        try:
            piece = one.recv(_PIECE)
            peer.sendall(piece)
        except OSError:
            piece = b""
        if one in self.servers:
            if not piece and who != _DRIVER:
                self.ended.add(one)
                return
            self.came += len(piece)
            self.left -= len(piece) if who == _NOBODY else 0
            self.asked = 0.0
            if self.executed:
                self.counting.take(piece)
        else:
            self.executed = self.executed or piece[_HEAD_BYTES : _HEAD_BYTES + 1] == _EXECUTE
            self._expect()
        if not piece:
            self._close(one)

    def _expect(self) -> None:
        self.asked = 0.0 if self.executed else time.monotonic()

    def _hang_up(self) -> None:
        self.hung_up, self.asked = True, 0.0
        self._tell()
        for server in tuple(self.servers):
            self._close(server)

    def _close(self, one: socket.socket) -> None:
        for end in (one, self.peers[one]):
            del self.peers[end]
            self.servers.discard(end)
            self.ended.discard(end)
            end.close()


if __name__ == "__main__":
    # Ctrl-C is told to all of a terminal's group.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _host, _port, _patience, _memory, _listening = sys.argv[1:]
    _Passing(
        _host, int(_port), float(_patience), mmap.mmap(int(_memory), mmap.PAGESIZE),
        socket.socket(fileno=int(_listening)),
    ).run()  # fmt: skip
