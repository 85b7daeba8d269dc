"""The Trino engine: `ports.Engine` over a server's HTTP protocol.

    text -> (wording) -> dialogue -> pages -> Arrow

In: statements and a session. Out: `ports.Running`s. The server has the last word on everything
that it runs; only names of catalogued source tables, which it cannot read, are pointed at their
connection's catalog. A query is sent as it was written, and anew when Trino finds such a table in
it, unless its estimate knew: most have none, and asking the catalog first would cost each of them
more than the query.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakeshell.engine.trino.address import TrinoAddress
from lakeshell.engine.trino.failures import NO_NODES, STARTING, source_is_away
from lakeshell.engine.trino.protocol import Dialogue
from lakeshell.engine.trino.running import Attempt, InPlace, TrinoStatement
from lakeshell.engine.trino.server import Server
from lakeshell.engine.trino.session import apply, request_headers
from lakeshell.errors import LakeshellError
from lakeshell.model import Estimate
from lakeshell.ports import Asking, Catalog, Running, Session, unasked
from lakeshell.sql.statement import StatementText

if TYPE_CHECKING:
    from lakeshell.engine.trino.estimate import Counter, Estimator, Stater
    from lakeshell.engine.trino.wording import Wording

_AGAIN = 0.5
START_WAIT = 90.0
"""Seconds that a Trino which is still starting is waited for."""
_UNREADABLE = frozenset(
    {"HIVE_INVALID_METADATA", "HIVE_UNSUPPORTED_FORMAT", "HIVE_SERDE_NOT_FOUND",
     "UNSUPPORTED_TABLE_TYPE"}
)  # fmt: skip
"""What Trino says of a catalogued source table, when it is about to read it."""
_READS = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "(", "EXECUTE"})
_WRITES = frozenset(
    {"CREATE", "INSERT", "MERGE", "DELETE", "UPDATE", "EXPLAIN", "PREPARE", "DESCRIBE", "SHOW"}
)
"""Statements whose tables are looked up before: they change something, or keep names of tables."""


@dataclass(slots=True)
class _Order:
    """One statement to run. `read` is the text that says which tables are read."""

    sql: str
    session: Session
    parameters: tuple[str, ...]
    tag: str
    read: str
    cancelled: threading.Event = field(default_factory=threading.Event)
    reworded: bool = False
    woken: bool = False
    starts_until: float = 0.0
    """On the monotonic clock: how long a server that is starting is still waited for."""
    connections: tuple[str, ...] = ()
    """Of catalogued tables that it reads, known to the lake or not."""

    def reads(self, wording: Wording) -> None:
        self.read = wording.text
        self.connections = wording.connections

    @property
    def first(self) -> str:
        """The kind of the statement's first token."""
        from lakeshell.sql.lexer import tokenize

        return tokenize(self.sql).kinds[0]


class TrinoEngine:
    """`ports.Engine`.

    `estimator` plans a statement on the lake's metadata, as the embedded engine does, `counter`
    counts columns of a table where it could not, and `stater` tells the state of its tables;
    `notice` is told what a user waits for. `wake` starts a Trino where nobody listens,
    `wake_sources` the databases of connections that were stopped for being idle; both say whether
    they did. `mend` is that of `failures`.
    """

    def __init__(
        self,
        *,
        address: TrinoAddress,
        catalog: Callable[[], Catalog],
        connections: Callable[[], Collection[str]],
        estimator: Estimator,
        counter: Counter = lambda name, columns: Estimate(None),
        stater: Stater = lambda sql, session, parameters: None,
        notice: Callable[[str], None] = lambda text: None,
        wake: Callable[[], bool] = lambda: False,
        wake_sources: Callable[[Collection[str]], bool] = lambda names: False,
        mend: Callable[[str], str] = lambda code: "",
        spooling: bool = True,
        start_wait: float = START_WAIT,
        patience: float = 20.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._server = Server(address, patience=patience, wake=wake, notice=notice, sleep=sleep)
        self._catalog = catalog
        self._connections = connections
        self._estimator = estimator
        self._counter = counter
        self._stater = stater
        self._notice = notice
        self._wake_sources = wake_sources
        self._mend = mend
        self._spooling = spooling
        self._start_wait = start_wait
        self._read_in_place: set[str] = set()
        """Statements that were estimated to read connections, and may name catalogued tables."""

    def split(self, text: str) -> Sequence[StatementText]:
        from lakeshell.sql.splitter import split_statements

        return split_statements(text)

    def estimate(
        self,
        sql: str,
        session: Session,
        parameters: Sequence[str] = (),
        asking: Asking = unasked,
    ) -> Estimate:
        from lakeshell.engine.trino.estimate import estimated

        def asked(sql: str, session: Session, parameters: Sequence[str] = ()) -> Running:
            running = self.run(sql, session, parameters)
            asking(running)
            return running

        found = estimated(sql, session, parameters, self._estimator, self._counter, asked)
        if found.unmetered:
            self._read_in_place.add(sql)
        return found

    def state(
        self, sql: str, session: Session, parameters: Sequence[str] = ()
    ) -> Mapping[str, str] | None:
        if session.carried:
            # An open transaction may see other rows, and a path other functions.
            return None
        try:
            return self._stater(sql, session, parameters)
        except LakeshellError:
            return None

    def run(
        self, sql: str, session: Session, parameters: Sequence[str] = (), *, tag: str = ""
    ) -> Running:
        order = _Order(sql, session, tuple(parameters), tag or uuid.uuid4().hex, sql)
        attempt = self._begun(order)
        try:
            return TrinoStatement(
                attempt,
                order.cancelled,
                reword=lambda error: self._reworded(error, order),
                learn=lambda headers: apply(session, headers),
                segments=lambda data: self._segments(data, session),
                in_place=lambda id: self._in_place(order, id),
                mend=self._mend,
            )
        except BaseException:
            # It is followed by now, and nobody but this has it to cancel.
            attempt.dialogue.cancel()
            raise

    def close(self) -> None:
        self._server.close()

    # --- a statement's life ----------------------------------------------------------------

    def _begun(self, order: _Order) -> Attempt:
        """Sends the statement, its catalogued source tables looked up where that must be before."""
        if order.first in _WRITES or order.sql in self._read_in_place:
            self._read_in_place.discard(order.sql)
            from lakeshell.engine.trino.wording import at_the_source, bound, check_replaced

            check_replaced(order.sql, order.session, self._catalog)
            changed = at_the_source(order.sql, order.session, self._catalog)
            if changed is not None:
                order.reads(changed)
            return self._worded(order, bound(changed or order.sql, order.parameters))
        if order.parameters:
            from lakeshell.engine.trino.wording import bound

            return self._worded(order, bound(order.sql, order.parameters))
        return self._sent(order, order.sql, order.session.prepared)

    def _worded(self, order: _Order, wording: Wording) -> Attempt:
        attempt = self._sent(order, wording.text, order.session.prepared)
        return attempt._replace(located=wording.located)

    def _sent(self, order: _Order, text: str, prepared: Mapping[str, str]) -> Attempt:
        texts = (text, *prepared.values()) if order.first == "EXECUTE" else (text,)
        self._wake_sources(self._mentioned(order, texts))
        dialogue = Dialogue(
            self._server,
            order.tag,
            order.cancelled,
            notice=self._notice,
            start_wait=self._start_wait,
            spooling=self._spooling,
        )
        headers = request_headers(order.session, order.tag, prepared)
        return Attempt(dialogue, dialogue.begin(text, headers))

    def _reworded(self, error: Mapping[str, Any], order: _Order) -> Attempt | None:
        """Another attempt where the statement named catalogued source tables, or read through a
        view from a database that was stopped for being idle; None where not.

        It reads only, and nothing of it was read: it may be sent again.
        """
        code = error.get("errorName")
        if code == STARTING or (code == NO_NODES and order.first in _READS):
            return self._when_started(order)
        if source_is_away(error) and order.first in _READS and not order.woken:
            order.woken = True
            if self._wake_sources(self._connections()):
                return self._begun(order)
        if code not in _UNREADABLE or order.first not in _READS or order.reworded:
            return None
        order.reworded = True
        from lakeshell.engine.trino.wording import at_the_source, bound, prepared_text

        session = order.session
        named = prepared_text(order.sql, session)
        if named is None:
            changed = at_the_source(order.sql, session, self._catalog)
            if changed is None:
                return None
            order.reads(changed)
            return self._worded(order, bound(changed, order.parameters))
        name, text = named
        changed = at_the_source(text, session, self._catalog)
        if changed is None:
            return None
        order.reads(changed)
        prepared = {**session.prepared, name: changed.text}
        attempt = self._sent(order, order.sql, prepared)
        return attempt._replace(located=changed.located)

    def _when_started(self, order: _Order) -> Attempt | None:
        """The same again, of which a server that is starting has run nothing. It may say so of a
        statement that it has taken, and not only in place of taking it."""
        if not order.starts_until:
            order.starts_until = time.monotonic() + self._start_wait
            self._notice(f"Trino is starting; waiting for it up to {self._start_wait:.0f} s")
        if time.monotonic() > order.starts_until:
            return None
        self._server.sleep(_AGAIN)
        return None if order.cancelled.is_set() else self._begun(order)

    def _mentioned(self, order: _Order, texts: Sequence[str]) -> Collection[str]:
        """Connections that may be named there: most statements name none, and the parser is not
        loaded for them."""
        catalog = order.session.catalog.lower()
        lowered = [text.lower() for text in texts]
        return [
            name
            for name in {*self._connections(), *order.connections}
            if name.lower() == catalog or any(name.lower() in text for text in lowered)
        ]

    def _in_place(self, order: _Order, id: str) -> InPlace:
        """What of it is read from connections, and so is not metered. The server knows all that a
        query read, through views too; before its end, and where it does not say, its text does."""
        connections = {*self._connections(), *order.connections}
        if not connections:
            return InPlace()
        read = self._server.catalogs_read(id, [("X-Trino-User", order.session.user)]) if id else ()
        if read:
            known = {name.lower(): name for name in connections}
            found = tuple(dict.fromkeys(known[name] for name in read if name in known))
            return InPlace(found, bool(found) and all(name in known for name in read))
        if not self._mentioned(order, [order.read]):
            return InPlace()
        from lakeshell.engine.trino.names import read_in_place

        return read_in_place(order.read, order.session, connections)

    def _segments(self, data: Mapping[str, Any], session: Session) -> Iterator[bytes]:
        from lakeshell.engine.trino.spooling import segments

        return segments(data, self._server, [("X-Trino-User", session.user)])
