"""A statement on Trino under way: pages fetched and decoded ahead of the reader, in bounded memory.

    server -> pump (a thread: fetch, decode) -> a queue of few batches -> `batches`

In: a dialogue that has begun. Out: `ports.Running`. It can be cancelled from any thread at any
time: the server is told at once, over a connection of its own.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from lakeshell.engine.trino.failures import failure
from lakeshell.engine.trino.work import cluster_work
from lakeshell.errors import Cancelled, LakeshellError
from lakeshell.model import Column
from lakeshell.ports import Progress
from lakeshell.sql.datatypes import VARBINARY, VARCHAR, InvalidType, Type, parse_type

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.engine.trino.pages import Pages
    from lakeshell.engine.trino.protocol import Dialogue, Page

_AHEAD = 2
"""Batches that wait for the reader. With one in each hand, four pages are in memory at most."""
_LOOK = 0.2
_AS_TEXT = ("geometry", "sphericalgeography", "kdbtree", "bingtile", "color", "jsonpath")
_NO_VALUES = ("hyperloglog", "p4hyperloglog", "setdigest")


class InPlace(NamedTuple):
    """Connections whose tables a statement reads; `only`: whether it reads nothing else."""

    connections: tuple[str, ...] = ()
    only: bool = False


class Attempt(NamedTuple):
    """A statement that was sent, its first page, and how its errors find their place."""

    dialogue: Dialogue
    first: Page
    located: Callable[[LakeshellError], LakeshellError] = lambda error: error


class TrinoStatement:
    """`ports.Running`.

    `reword` gives another attempt where an error can be mended, or None. `learn` gets the headers
    of each page, `segments` unpacks rows that come by another way. `in_place` says what is not
    metered: of the statement's text, and at its end, given the server's id, of what it read. `mend`
    is that of `failures`.
    """

    def __init__(
        self,
        attempt: Attempt,
        cancelled: threading.Event,
        *,
        reword: Callable[[Mapping[str, Any]], Attempt | None],
        learn: Callable[[tuple[tuple[str, str], ...]], None],
        segments: Callable[[Mapping[str, Any]], Iterator[bytes]],
        in_place: Callable[[str], InPlace],
        mend: Callable[[str], str] = lambda code: "",
    ) -> None:
        self._attempt = attempt
        self._cancelled = cancelled
        self._reword = reword
        self._learn = learn
        self._segments = segments
        self._find_in_place = in_place
        self._mend = mend
        self._columns: tuple[Column, ...] = ()
        self._pages: Pages | None = None
        self._update_type: str | None = None
        self._update_count: int | None = None
        self._rows = 0
        self._known = threading.Event()
        self._ready: queue.Queue[pa.RecordBatch | BaseException | None] = queue.Queue(_AHEAD)
        self._failed: BaseException | None = None
        self._done = False
        thread = threading.Thread(target=self._pump, name="trino-pages", daemon=True)
        thread.start()

    # --- ports.Running ---------------------------------------------------------------------

    @property
    def columns(self) -> Sequence[Column]:
        self._wait()
        return self._columns

    @property
    def update_type(self) -> str | None:
        self._wait()
        return self._update_type

    @property
    def update_count(self) -> int | None:
        return self._update_count

    @property
    def engine_id(self) -> str:
        return self._attempt.dialogue.id

    @property
    def progress(self) -> Progress:
        stats = self._attempt.dialogue.stats
        in_place = self._in_place
        total = int(stats.get("totalSplits") or 0)
        share = stats.get("progressPercentage")
        return Progress(
            scanned=None if in_place.only else self._attempt.dialogue.scanned,
            rows=self._rows,
            fraction=None if share is None or not total else share / 100,
            unmetered=in_place.connections,
            state=str(stats.get("state") or "").lower(),
            splits=(int(stats.get("completedSplits") or 0), total) if total else None,
            queued=_seconds(stats.get("queuedTimeMillis")),
            planned=_seconds(stats.get("planningTimeMillis")),
            ahead=self._attempt.dialogue.ahead if self._attempt.dialogue.waits else None,
            cluster=cluster_work(stats),
            warnings=self._attempt.dialogue.warnings,
        )

    @cached_property
    def _in_place(self) -> InPlace:
        return self._find_in_place("")

    def batches(self) -> Iterator[pa.RecordBatch]:
        self._wait()
        while not self._done:
            found = self._take()
            if found is None:
                self._done = True
            elif isinstance(found, BaseException):
                self._done = True
                raise found
            else:
                self._rows += found.num_rows
                yield found

    def look(self) -> None:
        self._attempt.dialogue.look()

    def cancel(self) -> None:
        self._cancelled.set()
        self._attempt.dialogue.cancel()

    def close(self) -> None:
        if not self._attempt.dialogue.ended:
            self.cancel()
        self._done = True

    # --- the pump --------------------------------------------------------------------------

    def _wait(self) -> None:
        """Until it is known what comes back. Raises what the statement was rejected for."""
        if not self._known.is_set():
            # While the server plans, what the first rows will need is loaded.
            import lakeshell.engine.trino.pages  # noqa: F401

            self._known.wait()
        if self._failed is not None:
            raise self._failed

    def _take(self) -> pa.RecordBatch | BaseException | None:
        while True:
            try:
                return self._ready.get(timeout=_LOOK)
            except queue.Empty:
                # The pump may be inside a request that takes a second to come back.
                if self._cancelled.is_set():
                    return Cancelled("the query was cancelled")

    def _pump(self) -> None:
        try:
            page: Page | None = self._attempt.first
            while page is not None:
                again = self._again(page)
                if again is None:
                    self._read(page)
                page = self._attempt.dialogue.follow() if again is None else again.first
            self.__dict__["_in_place"] = self._find_in_place(self.engine_id)
            self._known.set()
            self._put(None)
        except BaseException as error:
            self._end(error)

    def _again(self, page: Page) -> Attempt | None:
        """Another attempt at a statement that was rejected for its words."""
        error = page.said.get("error")
        if not error or self._known.is_set():
            return None
        again = self._reword(error)
        if again is not None:
            self._attempt = again
            self._columns = ()
            self.__dict__.pop("_in_place", None)
        return again

    def _end(self, error: BaseException) -> None:
        if not self._known.is_set():
            self._failed = error
            self._known.set()
        self._put(error)

    def _read(self, page: Page) -> None:
        said = page.said
        self._learn(page.headers)
        if said.get("error"):
            began = self._known.is_set()
            raise self._attempt.located(failure(said["error"], running=began, mend=self._mend))
        self._update_type = said.get("updateType") or self._update_type
        if said.get("updateCount") is not None:
            self._update_count = int(said["updateCount"])
        if self._update_type is not None:
            # What a change gives back is its row count, which is known by another name.
            self._known.set()
            return
        if not self._columns and said.get("columns"):
            self._columns = tuple(_column(given) for given in said["columns"])
        if self._columns and not self._known.is_set() and _under_way(page):
            self._known.set()
        for text in self._texts(page):
            batches = deque(self._decoder().read(text))
            # The reader may take long: what it has or no longer needs is not held meanwhile.
            del text
            while batches:
                self._put(batches.popleft())

    def _texts(self, page: Page) -> Iterator[bytes | memoryview]:
        if page.rows is not None:
            yield page.rows
        elif page.spooled is not None:
            yield from self._segments(page.spooled)

    def _decoder(self) -> Pages:
        if self._pages is None:
            from lakeshell.engine.trino.pages import Pages

            self._pages = Pages(self._columns)
        return self._pages

    def _put(self, item: pa.RecordBatch | BaseException | None) -> None:
        while not self._done:
            try:
                return self._ready.put(item, timeout=_LOOK)
            except queue.Full:
                if self._cancelled.is_set():
                    return None
        return None


def _seconds(millis: int | None) -> float | None:
    return None if millis is None else millis / 1000


def _under_way(page: Page) -> bool:
    """Whether it reads by now, and so can read what it names."""
    has_rows = page.rows is not None or page.spooled is not None
    return has_rows or not page.next or bool(page.stats.get("totalSplits"))


def _column(given: Mapping[str, Any]) -> Column:
    return Column(str(given["name"]), _type(str(given["type"])))


def _type(text: str) -> Type:
    """Types that have no values outside Trino come as bytes, or as the text that they print as."""
    try:
        made = parse_type(text)
    except InvalidType:
        return VARCHAR if text.lower() in _AS_TEXT else VARBINARY
    if made.name in _AS_TEXT:
        return VARCHAR
    return VARBINARY if made.name in _NO_VALUES else made
