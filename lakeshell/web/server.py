"""Serves a lake's console to browsers: each page has a console of its own, in a process of its own.

In: a lake's folder and a port of loopback. Out: pages and sockets, to whom `gate` lets through, until
it is interrupted; then the consoles end as when a terminal goes away.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shlex
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import jinja2
import textual_serve
from aiohttp import WSMsgType, web
from textual_serve.server import Server

from lakeshell.errors import UsageError
from lakeshell.web import gate
from lakeshell.web.process import ConsoleProcess, believed

MOST = 8
"""Consoles at a time; each is a process of about 150 MB."""
LARGEST = 64 * 2**20
"""Bytes of one message: a paste comes in one."""
_PAGE = Path(__file__).parent / "page"
_STATIC = Path(textual_serve.__file__).parent / "static"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ConsoleServer(Server):
    def __init__(self, folder: Path, port: int) -> None:
        words = (sys.executable, "-P", "-m", "lakeshell.web.child", str(folder))
        super().__init__(shlex.join(words), host="127.0.0.1", port=port, title=folder.name)
        self.gate = gate.Gate(port)
        self._consoles: set[ConsoleProcess] = set()
        self._page = jinja2.Template(
            (_PAGE / "index.html").read_text(encoding="utf-8"), autoescape=True
        )

    @property
    def address(self) -> str:
        """What opens it: whoever has this address has the lake."""
        return f"http://127.0.0.1:{self.port}/?token={self.gate.token}"

    async def _make_app(self) -> web.Application:
        @web.middleware
        async def gated(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._let_through(request, handler)

        app = web.Application(middlewares=[gated])
        app.add_routes(
            [
                web.get("/", self.handle_index),
                web.get("/ws", self.handle_websocket),
                web.static("/static", _STATIC),
                web.static("/page", _PAGE),
            ]
        )
        app.on_shutdown.append(self.on_shutdown)
        return app

    async def _let_through(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.query.get("token")
        if request.path == "/ws":
            named = request.headers.get("Sec-WebSocket-Protocol", "")
            refusal = self.gate.socket_refusal(
                request.headers.get("Host"),
                request.headers.get("Origin"),
                given,
                [protocol.strip() for protocol in named.split(",")],
            )
        else:
            refusal = self.gate.refusal(request.headers.get("Host"), given, request.cookies)
        if refusal is not None:
            return _said(refusal, "Open the address that `lakeshell web` printed.")
        try:
            answer = await handler(request)
        except web.HTTPException as failed:
            answer = _said(HTTPStatus(failed.status), failed.reason)
        if not answer.prepared:
            answer.headers.update(gate.headers(request.host))
        return answer

    async def handle_index(self, request: web.Request) -> web.Response:
        answer = web.Response(
            text=self._page.render(lake=self.title, host=request.host), content_type="text/html"
        )
        if "token" in request.query:
            answer.set_cookie(
                self.gate.cookie, self.gate.page_pass, httponly=True, samesite="Strict", path="/"
            )
        return answer

    async def handle_websocket(self, request: web.Request) -> web.StreamResponse:  # type: ignore[override]
        if len(self._consoles) >= MOST:
            return _said(HTTPStatus.SERVICE_UNAVAILABLE, f"{MOST} consoles are open: close one.")
        channel = web.WebSocketResponse(
            heartbeat=15, timeout=2, max_msg_size=LARGEST, protocols=(gate.PROTOCOL,)
        )
        await channel.prepare(request)
        console = ConsoleProcess(
            self.command,
            write_bytes=channel.send_bytes,
            write_str=channel.send_str,
            close=channel.close,  # type: ignore[arg-type]
            download_manager=self.download_manager,
        )
        self._consoles.add(console)
        try:
            await console.start(_cells(request, "width", 80), _cells(request, "height", 24))
            await _hear(channel, console)
        finally:
            await console.stop()
            self._consoles.discard(console)
        return channel

    async def on_shutdown(self, app: web.Application) -> None:
        await asyncio.gather(*(console.stop() for console in list(self._consoles)))

    async def run(self, listening: socket.socket) -> None:
        """Until SIGINT or SIGTERM."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        # No log of requests: an address of theirs has the token, and what is none, which anybody on
        # this machine may send, is answered and not told with a traceback.
        runner = web.AppRunner(
            await self._make_app(), access_log=None, logger=_SILENT, shutdown_timeout=1
        )
        await runner.setup()
        await web.SockSite(runner, listening).start()
        try:
            await ended.wait()
        finally:
            await runner.cleanup()


_SILENT = logging.Logger("lakeshell web", logging.CRITICAL + 1)


def listen(port: int) -> socket.socket:
    """A socket of loopback; port 0 is any that is free. Raises `UsageError` for one that is taken."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        # From now on whoever opens the address that is printed next waits, and is not turned away.
        listening.listen()
    except OSError as error:
        listening.close()
        raise UsageError(
            f"port {port} of 127.0.0.1 cannot be had: {os.strerror(error.errno or 0)}",
            hint="name another, or 0 for any that is free: lakeshell web --port 0",
        ) from error
    return listening


def serve(server: ConsoleServer, listening: socket.socket) -> None:
    with listening:
        asyncio.run(server.run(listening))


async def _hear(channel: web.WebSocketResponse, console: ConsoleProcess) -> None:
    """Until the page or the console closes the channel."""
    async for message in channel:
        if message.type is WSMsgType.TEXT:
            with suppress(json.JSONDecodeError, ConnectionError):
                await console.take(json.loads(message.data))


def _said(status: HTTPStatus, text: str) -> web.Response:
    return web.Response(status=status, text=f"{status.value} {status.phrase}. {text}\n")


def _cells(request: web.Request, name: str, default: int) -> int:
    given = request.query.get(name, "")
    cells = int(given) if given.isascii() and given.isdecimal() and len(given) < 6 else default
    return believed(cells)
