"""The process of one browser's console, and what it and the page say to each other.

In: what the page sends. Out: what the console draws. Whichever of the two ends, the other learns of it:
a page that goes is to its console as a terminal that goes, and a console that ends, however it does,
closes its page and says why where it can.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

from textual_serve.app_service import AppService

from lakeshell.tui.app import LAST_MOMENT

_DRIVER = "lakeshell.web.driver:BrowserDriver"
_PRELUDE = b"__GANGLION__\n"
_SMALLEST, _WIDEST = 2, 1000
"""Cells of a window that is believed."""
_PIECE = 2**16


def believed(cells: int) -> int:
    """A width or height that a page gave, within what a console can draw."""
    return min(max(cells, _SMALLEST), _WIDEST)


class ConsoleProcess(AppService):
    """One console. It is asked to end as when a terminal goes away, and made to where it does not."""

    _relaying: asyncio.Task[None]
    _leaving = False

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        environment = super()._build_environment(width, height)
        # What stands between this process and its terminal does not stand before a browser. A link
        # does: a server that was started over SSH has its browser at the other end.
        for between in ("TMUX", "STY"):
            environment.pop(between, None)
        return {**environment, "TEXTUAL_DRIVER": _DRIVER, "TERM": "xterm-256color"}

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        # A session of its own: Ctrl+C at the server is not the console's.
        self._process = process = await asyncio.create_subprocess_exec(
            *shlex.split(self.command),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height),
            start_new_session=True,
        )
        self._stdin = process.stdin
        return process

    async def start(self, width: int, height: int) -> None:
        process = await self._open_app_process(width, height)
        assert process.stdout is not None
        self._relaying = asyncio.create_task(self._relay(process.stdout))
        self._task = asyncio.create_task(self._follow(process))

    async def take(self, message: object) -> None:
        """What the page sends, of which only what it may say is heard."""
        match message:
            case ["stdin", str(text)]:
                # Half a pair of surrogates is no letter.
                await self.send_bytes(text.encode("utf-8", "replace"))
            case ["resize", {"width": int(width), "height": int(height)}]:
                await self.set_terminal_size(believed(width), believed(height))
            case ["ping", str() | int() | float() as number]:
                await self.remote_write_str(json.dumps(["pong", number]))
            case ["blur", *_]:
                await self.blur()
            case ["focus", *_]:
                await self.focus()

    async def on_meta(self, data: bytes) -> None:
        self._leaving = self._leaving or json.loads(data)["type"] == "exit"
        await super().on_meta(data)

    async def stop(self) -> None:
        """The page is gone, or the server goes. Ends when the console has."""
        task, self._task = self._task, None
        process = self._process
        if task is None or process is None:
            return
        self._relaying.cancel()
        if not self._leaving:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGHUP)
        ended, _ = await asyncio.wait({task}, timeout=LAST_MOMENT + 5)
        if not ended:
            with suppress(ProcessLookupError):
                process.kill()
        await task
        await process.wait()

    async def _relay(self, output: asyncio.StreamReader) -> None:
        """Hands what the console draws to the page, until one of them ends."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            if await output.readline() != _PRELUDE:
                return
            while True:
                kind, size = await output.readexactly(1), await output.readexactly(4)
                payload = await output.readexactly(int.from_bytes(size, "big"))
                if kind == b"D":
                    await self.on_data(payload)
                elif kind == b"M":
                    await self.on_meta(payload)

    async def _follow(self, process: Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        saying = asyncio.create_task(process.stderr.read())
        await asyncio.wait({self._relaying})
        # Nobody looks any more; it could not come to its end if nobody read what it draws.
        while await process.stdout.read(_PIECE):
            pass
        said = (await saying).decode("utf-8", "replace")
        if said:
            sys.stderr.write(said)
        with suppress(ConnectionError, RuntimeError):
            await self.remote_write_str(json.dumps(["ended", said]))
            await self.remote_close()
