"""A statement under way in the console: read on a thread, looked at from the event loop.

In: a statement and the session of its tab. Out: its rows as they come, and how it ended. Cancelling
reaches the engine, also before it has begun.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.errors import Cancelled, QueryFailed
from lakeshell.query.order import Order, Services
from lakeshell.query.parameters import bind, written_in
from lakeshell.query.rows import ResultRows
from lakeshell.query.run import RunningQuery, start_query
from lakeshell.sql.statement import StatementText

if TYPE_CHECKING:
    from lakeshell.model import QueryRecord
    from lakeshell.ports import Session

LARGEST = 4 * 2**30
"""Bytes of a result that are kept for looking at; a larger one is for a file."""


@dataclass(frozen=True, slots=True)
class Figures:
    """`scanned` in bytes, None if not metered; `fraction` None if unknown; `stage` is where it is:
    its place in line, or what its server says."""

    scanned: int | None
    rows: int
    fraction: float | None
    seconds: float
    stage: str = ""


class StatementRun:
    """One statement. `told` is called from the thread when it begins, has its first rows, and ends;
    what is between is looked at by the clock."""

    def __init__(
        self,
        statement: StatementText,
        folder: Path,
        told: Callable[[], object],
        values: Mapping[str, str] | None = None,
    ) -> None:
        """`values` are those of the statement's parameters."""
        self.statement = statement
        self.values = values or {}
        self.rows: ResultRows | None = None
        self.query: RunningQuery | None = None
        self.record: QueryRecord | None = None
        self.error: BaseException | None = None
        self.cut = False
        """Whether reading stopped at `LARGEST`."""
        self.ended = False
        self._folder = folder
        self._told = told
        self._cancelled = False
        self._began: float | None = None
        self._took: float | None = None

    @property
    def begun(self) -> bool:
        return self._began is not None

    @property
    def figures(self) -> Figures:
        began = self._began
        seconds = 0.0 if began is None else (self._took or time.monotonic() - began)
        if self.query is None:
            return Figures(None if self.record is None else self.record.scanned, 0, None, seconds)
        scanned, rows, fraction = self.query.progress
        return Figures(scanned, rows, fraction, seconds, self.query.stage)

    @property
    def came(self) -> int:
        """Rows that are held, whatever ended it."""
        return 0 if self.rows is None else len(self.rows)

    @property
    def changed_something(self) -> bool:
        """Whether it did what it was there for, and gave no rows: a table, or a database in use."""
        return self.ended and self.error is None and self.rows is None

    @property
    def sql(self) -> str:
        """What ran, with the values of its parameters written in."""
        return written_in(self.statement.text, self.values)

    def cancel(self) -> None:
        self._cancelled = True
        self._pass_on()

    def _pass_on(self) -> None:
        if self._cancelled and self.query is not None and not self.ended:
            self.query.cancel(Cancelled("cancelled in the console"))

    def carry_out(self, session: Session, services: Services) -> None:
        """Runs it to its end, on a thread; what ends it is in `error`."""
        self._began = time.monotonic()
        self._told()
        try:
            if self._cancelled:
                raise Cancelled("cancelled before it began")
            with start_query(self._order(), session, services, self._begun) as query:
                self._read(query)
        except Exception as error:
            self.error = self._placed(error)
        if self.query is not None:
            self.record = self.query.record
        self._took = time.monotonic() - self._began
        self.ended = True
        self._told()

    def _order(self) -> Order:
        text, literals = bind(self.statement.text, self.values)
        return Order(text, literals, text=self.statement.text)

    def _begun(self, query: RunningQuery) -> None:
        """It waits in line, or its engine has it, which may queue and plan it for long: from here on
        it can be cancelled, and may have been from the event loop already."""
        self.query = query
        self._pass_on()
        self._told()

    def _read(self, query: RunningQuery) -> None:
        if query.update_type is None and query.columns:
            self.rows = ResultRows(query.columns, self._folder)
        for batch in query.batches():
            if self.rows is None:
                continue
            first = not len(self.rows)
            self.rows.add(batch)
            if self.rows.size > LARGEST:
                self.cut = True
                return
            if first:
                self._told()

    def _placed(self, error: Exception) -> Exception:
        """The place of a fault in the whole text, not in the statement alone."""
        if isinstance(error, QueryFailed) and error.line is not None:
            if error.line == 1 and error.column is not None:
                error.column += self.statement.column - 1
            error.line += self.statement.line - 1
        return error
