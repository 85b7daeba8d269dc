"""Reuse of a kept result: the same statement, over the same state of all that it reads.

    statement, session, state of its tables -> key -> the query that has the result, if it is young

In: an order that takes an older result. Out: that result as a running statement, or the key under
which this one's will be found. The state is taken before the query and after it: only what did not
change meanwhile is what it read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from lakeshell.errors import LakeshellError, NotFound
from lakeshell.model import Column, QueryRecord
from lakeshell.ports import Engine, Progress, Session
from lakeshell.query.order import Order, Services
from lakeshell.query.statement import is_executed, statement_kind
from lakeshell.workgroup import Workgroup

if TYPE_CHECKING:
    import pyarrow as pa


def key_of(
    sql: str, parameters: Sequence[str], session: Session, engine: Engine, *, shared: bool
) -> str | None:
    """What names the answer of a query here and now; None where none can. Only with `shared` do
    users have the same answers: a server may show each of them other rows."""
    if statement_kind(sql) != "SELECT" or is_executed(sql):
        return None
    try:
        state = engine.state(sql, session, parameters)
    except LakeshellError:
        # What is wrong with it, running it says.
        return None
    if state is None:
        return None
    said = {
        "sql": sql,
        "parameters": list(parameters),
        "names": [session.catalog, session.schema, session.time_zone],
        "properties": session.properties,
        "workgroup": session.workgroup,
        "user": "" if shared else session.user,
        "state": dict(state),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class Reuse:
    """What one statement may take from older ones, and leaves to later ones."""

    def __init__(self, order: Order, group: Workgroup, services: Services) -> None:
        self._order = order
        self._services = services
        self._results = None if services.results is None else services.results.of(group)
        self._age = group.reuse if order.reuse is None else order.reuse
        self._session: Session | None = None
        self._key: str | None = None

    def find(self, session: Session) -> tuple[str, KeptResult] | None:
        """The query whose result will do, and that result."""
        results = self._results
        if not self._age or results is None or not self._order.keep_result:
            return None
        self._session, self._key = session, self._key_now(session)
        known = None if self._key is None else results.remembered(self._key)
        if known is None:
            return None
        id, started = known
        if not timedelta(0) <= self._services.now() - started <= timedelta(seconds=self._age):
            return None
        try:
            return id, KeptResult(*results.open(id))
        except NotFound:
            return None

    def remember(self, record: QueryRecord) -> None:
        """The kept result of the query answers for the like of it, if what it read is unchanged."""
        results, session = self._results, self._session
        if results is None or session is None or self._key is None:
            return
        if self._key == self._key_now(session):
            results.remember(self._key, record.id, record.started)

    def _key_now(self, session: Session) -> str | None:
        # A server of several users decides what each of them sees.
        shared = self._services.engine_name == "duckdb"
        order = self._order
        return key_of(order.sql, order.parameters, session, self._services.engine(), shared=shared)


class KeptResult:
    """`ports.Running` of a result that is there already: nothing is scanned."""

    update_type: str | None = None
    update_count: int | None = None
    engine_id = ""
    progress = Progress(scanned=0, fraction=1.0)

    def __init__(self, columns: Sequence[Column], batches: Iterator[pa.RecordBatch]) -> None:
        self.columns = columns
        self._batches = batches

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from self._batches

    def look(self) -> None:
        pass

    def cancel(self) -> None:
        """Who reads it looks whether it is cancelled before each batch."""

    def close(self) -> None:
        """The file is closed with its last batch."""
