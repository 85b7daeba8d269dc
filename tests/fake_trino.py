"""A small Trino of HTTP alone, on loopback: it answers a statement with pages laid out beforehand.

It keeps what was asked of it, and can be told to be busy, to lose an answer, to forget a statement
and to wait. It runs nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STATS = {"state": "RUNNING", "queued": False, "totalSplits": 4, "completedSplits": 1}


def error(name: str, message: str = "no", at: tuple[int, int] | None = None) -> dict[str, Any]:
    """The error of a page."""
    place = {"errorLocation": {"lineNumber": at[0], "columnNumber": at[1]}} if at else {}
    return {"error": {"errorName": name, "message": message, "errorType": "USER_ERROR", **place}}


def rows(columns: dict[str, str], *data: Sequence[Any], **more: Any) -> dict[str, Any]:
    """A page with columns and rows."""
    described = [{"name": name, "type": type} for name, type in columns.items()]
    return {"columns": described, "data": [list(row) for row in data], **more}


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class FakeTrino:
    """`pages` are given for each statement in turn, `answers` before them for a status alone.

    A page's own key `headers` becomes headers of its answer.
    """

    url: str = ""
    pages: list[list[dict[str, Any]]] = field(default_factory=list)
    busy: dict[str, list[int]] = field(default_factory=dict)
    """Statuses to answer with, by method, before anything else."""
    lose: dict[str, int] = field(default_factory=dict)
    """How many requests of a method are taken without an answer."""
    remembers_lost: bool = False
    """Whether a statement whose answer was lost is one that the server has."""
    forgets: bool = False
    inputs: list[str] | None = None
    """Catalogs of the tables that a query read; None: the server does not say."""
    holds: threading.Event = field(default_factory=threading.Event)
    """Set: pages after the first of a statement are given. Cleared: they say `still running`."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    known: list[tuple[str, str]] = field(default_factory=list)
    """Ids and client tags of the statements it has."""
    scanned: int | None = None
    """Bytes that it says a statement has read, when it is asked for that alone."""
    waiting: list[tuple[str, str]] = field(default_factory=list)
    """Ids and resource groups of the statements in line."""
    on_get: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.holds.set()

    def sent(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]

    @property
    def statements(self) -> list[str]:
        return [request.body for request in self.sent("POST")]

    # --- answering -------------------------------------------------------------------------

    def answer(self, request: Request) -> tuple[int, dict[str, str], bytes] | None:
        """None: the connection is closed without one."""
        self.requests.append(request)
        if self.busy.get(request.method):
            return self.busy[request.method].pop(0), {}, b"busy"
        if self.lose.get(request.method, 0) > 0:
            self.lose[request.method] -= 1
            if request.method == "POST" and self.remembers_lost:
                self._take(request)
            return None
        if request.method == "POST":
            return self._page(self._take(request), 0)
        if request.method == "DELETE":
            self.cancelled.set()
            return 204, {}, b""
        if request.path == "/v1/query":
            return _json(
                [
                    {"queryId": id, "session": {"clientTags": tags.split(",")}}
                    for id, tags in self.known
                ]
            )
        if request.path == "/v1/query?state=QUEUED":
            return _json(
                [{"queryId": id, "resourceGroupId": ["all", name]} for id, name in self.waiting]
            )
        if request.path.endswith("?pruned=true") and self.scanned is not None:
            return _json({"queryStats": {"physicalInputDataSize": f"{self.scanned}B"}})
        if request.path.startswith("/v1/query/"):
            if self.inputs is None:
                return 403, {}, b"not yours"
            return _json({"inputs": [{"catalogName": name} for name in self.inputs]})
        if request.path in self.blobs:
            return 200, {}, self.blobs[request.path]
        self.on_get()
        _, _, _, number, token = request.path.strip("/").split("/")
        if self.forgets:
            return 404, {}, b"Query not found"
        return self._page(int(number), int(token))

    def _take(self, request: Request) -> int:
        number = len(self.known)
        self.known.append((f"query_{number}", request.headers.get("x-trino-client-tags", "")))
        return number

    def _page(self, number: int, token: int) -> tuple[int, dict[str, str], bytes]:
        given = self.pages[number]
        id = f"query_{number}"
        uri = f"{self.url}/v1/statement/executing/{number}"
        if token and not self.holds.is_set():
            self.holds.wait(0.05)
            if not self.holds.is_set():
                return _json({"id": id, "nextUri": f"{uri}/{token}", "stats": STATS})
        page = dict(given[token]) if token < len(given) else {}
        headers = page.pop("headers", {})
        page = {"id": id, **page}
        page["stats"] = {**STATS, **page.get("stats", {})}
        if "error" not in page and token + 1 < len(given):
            page["nextUri"] = f"{uri}/{token + 1}"
        # The order is Trino's own: rows before figures.
        ordered = {key: page[key] for key in ("id", "nextUri", "columns", "data") if key in page}
        status, _, body = _json({**ordered, "stats": page.pop("stats"), **page})
        return status, headers, body


def _json(said: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


@contextmanager
def fake_trino() -> Iterator[FakeTrino]:
    fake = FakeTrino()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size).decode()
            headers: dict[str, str] = {}
            for name, value in self.headers.items():
                known = headers.get(name.lower())
                headers[name.lower()] = value if known is None else f"{known},{value}"
            found = fake.answer(Request(self.command, self.path, headers, body))
            if found is None:
                self.close_connection = True
                return
            status, more, content = found
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.holds.set()
        server.shutdown()
        server.server_close()
