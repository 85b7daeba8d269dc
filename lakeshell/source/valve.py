"""A small process between a driver and its server, which holds the server back.

connectorx reads on a thread of its own into a queue without a limit: rows that nobody takes gather
in memory. Its connection goes through this process, which passes on what the server sends only
while somebody waits for rows, and `AHEAD_BYTES` more whenever the queue was found empty; then the
server's own send buffer fills, and it waits. In: the server's address. Out: a port on this machine.

A process and not a thread, for the driver keeps Python's lock while it waits. Run as a script it
imports nothing but what comes with Python.
"""

from __future__ import annotations

import mmap
import os
import select
import socket
import struct
import subprocess
import sys
import time
from types import TracebackType

AHEAD_BYTES = 4 * 2**20
"""What may be read ahead of the rows taken."""
EMPTY_SECONDS = 0.002
"""Whoever waited longer for rows found none in the queue."""
_PIECE = 256 * 1024
_PAUSE = 0.001
_STATE = struct.Struct("=QQ")
"""Whether somebody waits for rows, and how often the queue was found empty."""


class Valve:
    """The process, as its user sees it. A context manager; `port` is where to connect."""

    def __init__(self, host: str, port: int) -> None:
        memory = os.memfd_create("lakeshell-valve")
        os.ftruncate(memory, mmap.PAGESIZE)
        self._state = mmap.mmap(memory, mmap.PAGESIZE)
        self._found_empty = 0
        self._began = 0.0
        command = [sys.executable, "-I", "-S", __file__, host, str(port), str(memory)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(memory,)
        )
        os.close(memory)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline() or 0)

    def opened(self) -> None:
        """From here somebody waits for rows."""
        self._began = time.monotonic()
        _STATE.pack_into(self._state, 0, 1, self._found_empty)

    def closed(self) -> None:
        """Rows have come."""
        if time.monotonic() - self._began > EMPTY_SECONDS:
            self._found_empty += 1
        _STATE.pack_into(self._state, 0, 0, self._found_empty)

    def __enter__(self) -> Valve:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Its end of file ends the process, as our own end would.
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()
        self._state.close()


class _Passing:
    """The process's own side: every connection to `host`, each way."""

    def __init__(self, host: str, port: int, state: mmap.mmap) -> None:
        self.address = (host, port)
        self.state = state
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.peers: dict[socket.socket, socket.socket] = {}
        self.servers: set[socket.socket] = set()
        self.found_empty = 0
        self.left = AHEAD_BYTES

    def run(self) -> None:
        sys.stdout.write(f"{self.listening.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            waits = self._waits()
            held = set() if waits or self.left > 0 else self.servers
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
        waits, found_empty = _STATE.unpack_from(self.state, 0)
        if found_empty != self.found_empty:
            self.found_empty, self.left = found_empty, AHEAD_BYTES
        return bool(waits)

    def _connect(self) -> None:
        client, _ = self.listening.accept()
        try:
            server = socket.create_connection(self.address)
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
        if one in self.servers and not waits:
            self.left -= len(piece)
        if not piece:
            for end in (one, peer):
                del self.peers[end]
                self.servers.discard(end)
                end.close()


if __name__ == "__main__":
    _host, _port, _memory = sys.argv[1:]
    _Passing(_host, int(_port), mmap.mmap(int(_memory), mmap.PAGESIZE)).run()
