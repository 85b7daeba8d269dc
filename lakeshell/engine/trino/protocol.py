"""The dialogue about one statement: sent once, followed page by page, cancelled from any thread.

In: a statement as text and its headers. Out: `Page`s. A statement is on its way only when its
first page was asked for, but an older server may begin at once: so when the answer to sending is
lost, the server is asked whether it has the statement, by its tag, before it is sent again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from lakeshell.engine.trino.connection import Answer, Lost
from lakeshell.engine.trino.failures import STARTING
from lakeshell.engine.trino.server import Headers, Server, Starting, parsed
from lakeshell.errors import Cancelled, ConnectionFailed

SPOOLED = "json+zstd, json+lz4, json"
_DATA = b'"data":['
_AFTER = b',"stats":{'
_AGAIN = 0.5
_SENDS = 4
_SILENT = 45.0
"""Seconds that a server which takes connections and says nothing is asked again whether it has the
statement: so is one that starts."""


class Page(NamedTuple):
    """One answer. `rows` is the JSON text of its rows, `spooled` the segments that hold them."""

    said: Mapping[str, Any]
    headers: tuple[tuple[str, str], ...]
    rows: memoryview | None = None
    spooled: Mapping[str, Any] | None = None

    @property
    def next(self) -> str:
        return str(self.said.get("nextUri") or "")

    @property
    def stats(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.said.get("stats") or {}
        return found

    @property
    def warnings(self) -> tuple[str, ...]:
        """All until then, in the server's words."""
        said = self.said.get("warnings") or ()
        return tuple(dict.fromkeys(str(warning.get("message")) for warning in said))


def read_page(answer: Answer) -> Page:
    """The rows are left as text: parsing them is for whoever knows their columns."""
    body = answer.body
    start = body.find(_DATA)
    # No text in JSON can hold these bytes, for its quotation marks are escaped.
    end = body.rfind(_AFTER) if start >= 0 else -1
    if end > start:
        whole = memoryview(body)
        rows = whole[start + len(_DATA) - 1 : end]
        said = orjson.loads(body[:start] + b'"data":null' + body[end:])
        return Page(said, answer.headers, rows=rows)
    said = parsed(answer)
    if not isinstance(said, dict) or "id" not in said:
        raise ConnectionFailed(
            "what answers there is not Trino", hint="see the url of the lake's [engine] settings"
        )
    data = said.get("data")
    if isinstance(data, dict):
        return Page(said, answer.headers, spooled=data)
    if data:
        return Page(said, answer.headers, rows=memoryview(orjson.dumps(data)))
    return Page(said, answer.headers)


class Dialogue:
    """One statement on the server. `id` is the server's, empty until it answered.

    `cancelled` is set from any thread, by `cancel`; statements that follow each other share it.
    `notice` is told when the server is still starting, which is waited for `start_wait` seconds.
    """

    def __init__(
        self,
        server: Server,
        tag: str,
        cancelled: threading.Event,
        *,
        notice: Callable[[str], None],
        start_wait: float,
        spooling: bool = True,
    ) -> None:
        self.id = ""
        self.stats: Mapping[str, Any] = {}
        self.warnings: tuple[str, ...] = ()
        self.ahead: int | None = None
        self.cancelled = cancelled
        self._server = server
        self._tag = tag
        self._notice = notice
        self._start_wait = start_wait
        self._spooling = spooling
        self._headers: Headers = []
        self._next = ""
        self._ended = False
        self._looked = 0
        self._told = threading.Event()

    @property
    def ended(self) -> bool:
        return self._ended

    def begin(self, statement: str, headers: Headers) -> Page:
        """Sends the statement; gives the first answer. Raises `ConnectionFailed`, `Cancelled`."""
        self._headers = headers
        sent = list(headers)
        if self._spooling:
            sent.append(("X-Trino-Query-Data-Encoding", SPOOLED))
        until: float | None = None
        while True:
            page = self._sent(statement, sent)
            error = page.said.get("error") or {}
            if error.get("errorName") != STARTING:
                return self._noted(page)
            if until is None:
                until = time.monotonic() + self._start_wait
                self._notice(f"Trino is starting; waiting for it up to {self._start_wait:.0f} s")
            elif time.monotonic() > until:
                raise ConnectionFailed(
                    f"Trino at {self._server.address.url} is still starting after "
                    f"{self._start_wait:.0f} s",
                    hint="see what it waits for: lakeshell stack logs trino",
                )
            self._server.sleep(_AGAIN)
            self._check()

    def follow(self) -> Page | None:
        """The next page; None after the last. Raises `Cancelled`, `ConnectionFailed`."""
        if self._ended:
            return None
        self._check()
        return self._noted(read_page(self._server.get(self._next, self._user_only())))

    @property
    def scanned(self) -> int:
        """Bytes, by the last page or the last look."""
        return max(self._looked, int(self.stats.get("physicalInputBytes") or 0))

    def look(self) -> None:
        """Asks what is scanned by now. Pages come once a second, and none while nobody reads."""
        if self.id and self.waits:
            self.ahead = self._server.ahead(self.id, self._user_only())
        elif self.id:
            self._looked = self._server.scanned(self.id, self._user_only()) or self._looked

    @property
    def waits(self) -> bool:
        """Whether it is in line on the server, by the last page."""
        return self.stats.get("state") == "QUEUED"

    def cancel(self) -> None:
        """Ends it on the server, once; from any thread."""
        self.cancelled.set()
        if self._ended or not (self._next or self.id) or self._told.is_set():
            return
        if self._server.cancel(self._next, self.id, self._user_only()):
            self._told.set()

    def _sent(self, statement: str, headers: Headers) -> Page:
        for _ in range(_SENDS):
            try:
                answer = self._server.post(statement, headers)
            except Lost as error:
                self._look_up(error)
                self._check()
                continue
            if answer.status == 200:
                return read_page(answer)
            # Busy or out of order: a gateway may have passed the statement on all the same.
            lost = Lost(f"it answered {answer.status}")
            self._look_up(lost)
            self._server.sleep(_AGAIN)
            self._check()
        raise self._server.unreachable(Lost("no answer to the statement, several times"))

    def _look_up(self, lost: Lost) -> None:
        """Whether the server has a statement whose sending was not answered: then it is not sent
        again. Raises `ConnectionFailed` when it has, or when it does not say."""
        url = self._server.address.url
        try:
            found = self._find(lost)
        except ConnectionFailed as error:
            raise ConnectionFailed(
                f"Trino at {url} did not answer the statement ({lost}), and does not say whether "
                f"it has it: {error.message}",
                hint=f"{error.hint}; if it changes data, look whether it went through before it is sent"
                " again",
            ) from error
        if found is not None:
            self.id = found
            raise ConnectionFailed(
                f"Trino at {url} has the statement as query {found}, but its answer was lost "
                f"({lost})",
                hint=f"it is not sent again; see what became of it: SELECT * FROM "
                f"system.runtime.queries WHERE query_id = '{found}'",
            )

    def _find(self, lost: Lost) -> str | None:
        began = time.monotonic()
        told = False
        while True:
            try:
                return self._server.find(self._tag, self._user_only())
            except Lost as again:
                if not told:
                    self._notice(f"Trino does not answer ({lost}); it may be starting")
                    told = True
                silent = not isinstance(again, Starting)
                wait = min(_SILENT, self._start_wait) if silent else self._start_wait
                if time.monotonic() - began >= wait:
                    raise self._server.unreachable(again) from again
            self._server.sleep(_AGAIN)
            self._check()

    def _noted(self, page: Page) -> Page:
        self.id = str(page.said["id"])
        self.stats = page.stats or self.stats
        self.warnings = page.warnings or self.warnings
        self._next = page.next
        self._ended = not page.next
        if self.cancelled.is_set() and not self._ended:
            self.cancel()
        return page

    def _user_only(self) -> Headers:
        return [pair for pair in self._headers if pair[0] == "X-Trino-User"]

    def _check(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled("the query was cancelled")
