"""One statement, from its text to its record in the ledger.

    text -> membership -> estimate, limit, budget -> engine -> rows -> record

In: a statement and the session. Out: its rows as Arrow batches, and one record of it, whatever
happens: refused, failed and cancelled statements are kept like the others. Nothing here prints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lakeshell.cost.charges import charge
from lakeshell.ending import end_record
from lakeshell.errors import (
    Cancelled,
    Interrupted,
    LakeshellError,
    LimitExceeded,
    QueryFailed,
    TimedOut,
    UsageError,
    in_system_words,
)
from lakeshell.model import Column, QueryRecord, QueryState
from lakeshell.ports import ClusterWork, Running, Session
from lakeshell.query.limits import check_limits
from lakeshell.query.order import Order, Services
from lakeshell.query.results import ResultWriter
from lakeshell.query.reuse import Reuse
from lakeshell.query.statement import CHANGES, statement_kind
from lakeshell.query.turns import Place, Turn
from lakeshell.query.watch import Watch
from lakeshell.workgroup import Workgroup

if TYPE_CHECKING:
    import pyarrow as pa

_CODES: dict[type[BaseException], str] = {
    TimedOut: "EXCEEDED_TIME_LIMIT",
    Cancelled: "USER_CANCELED",
    Interrupted: "USER_CANCELED",
    UsageError: "PERMISSION_DENIED",
}
_STATES: dict[type, QueryState] = {
    LimitExceeded: QueryState.REFUSED,
    UsageError: QueryState.REFUSED,
    TimedOut: QueryState.CANCELLED,
    Cancelled: QueryState.CANCELLED,
    Interrupted: QueryState.CANCELLED,
}


def state_after(error: BaseException | None) -> QueryState:
    """What the history has of a query that ended with it."""
    return _STATES.get(type(error), QueryState.FAILED)


def _stopped(order: Order, services: Services) -> str:
    """A server commits a change before it says that it has."""
    stays = services.engine_name == "trino" and statement_kind(order.sql) in CHANGES
    also = "; what it had changed by then stays: look before you run it again" if stays else ""
    return f"the query was cancelled{also}"


class RunningQuery:
    """A statement that was started by `start_query`. A context manager: leaving it before the rows
    are through cancels it. `record` is what the ledger has."""

    def __init__(
        self, record: QueryRecord, order: Order, services: Services, group: Workgroup
    ) -> None:
        self.record = record
        self._order = order
        self._services = services
        self._group = group
        self._clock = time.monotonic()
        self._running: Running | None = None
        self._asked: Running | None = None
        self._kept: ResultWriter | None = None
        self._turn: Turn | None = None
        self._place: Place | None = None
        self._waited: float | None = None
        self._reuse = Reuse(order, group, services)
        self._rows = 0
        self._watch = Watch(
            limit=group.scan_limit,
            workgroup=group.name,
            timeout=order.timeout,
            cancel_requested=lambda: services.ledger.cancel_requested(record.id),
            moved=lambda state: services.ledger.moved(record.id, state),
            stopped=_stopped(order, services),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.record.finished is not None:
            return
        if isinstance(error, KeyboardInterrupt):
            raise self._interrupted() from error
        if error is None or isinstance(error, BrokenPipeError | GeneratorExit):
            error = Cancelled("its reader went away before the end")
        self._fail(error)

    @property
    def columns(self) -> Sequence[Column]:
        return self._begun.columns

    @property
    def update_type(self) -> str | None:
        return self._begun.update_type

    @property
    def update_count(self) -> int | None:
        return self._begun.update_count

    @property
    def progress(self) -> tuple[int | None, int, float | None]:
        """Bytes scanned, None if not metered; rows given; the share done, None if unknown."""
        if self._running is None:
            return 0, 0, None
        progress = self._running.progress
        return progress.scanned, self._rows, _share(progress.fraction)

    @property
    def work(self) -> tuple[str, ClusterWork] | None:
        """A server's id of it and its figures; None where no server runs it."""
        if self._running is None:
            return None
        found = self._running.progress.cluster
        return None if found is None else (self._running.engine_id, found)

    @property
    def _on_server(self) -> Running | None:
        """What is there of it now: itself, or what its estimate asks."""
        return self._running or self._asked

    @property
    def stage(self) -> str:
        """Where it is: `queued, 2nd in line, 4 running`; on a server `queued, 2nd in line`,
        `running, 3 of 12 splits`; else empty."""
        running = self._on_server
        if running is None:
            return "" if self._place is None else str(self._place)
        progress = running.progress
        if progress.ahead is not None:
            return str(Place(progress.ahead, None))
        if progress.splits is None:
            return progress.state
        done, total = progress.splits
        return f"{progress.state}, {done} of {total} splits"

    @property
    def is_in_line(self) -> bool:
        """Whether it waits on a server that said how many are before it."""
        running = self._on_server
        return running is not None and running.progress.ahead is not None

    @property
    def waits(self) -> bool:
        """Whether it is in the local queue."""
        return self._running is None and self._place is not None

    @property
    def unmetered(self) -> Sequence[str]:
        return self._begun.progress.unmetered

    @property
    def _begun(self) -> Running:
        assert self._running is not None
        return self._running

    def cancel(self, reason: LakeshellError | None = None) -> None:
        """From any thread; `batches` then raises the reason."""
        self._watch.cancel(reason or Cancelled("cancelled"))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows. Raises what ended the statement early; the record is in the ledger by then."""
        try:
            for batch in self._begun.batches():
                self._check()
                self._rows += batch.num_rows
                if self._kept is not None:
                    self._kept.write(batch)
                yield batch
            if self.update_type is None:
                self._check()
        except KeyboardInterrupt as error:
            raise self._interrupted() from error
        except GeneratorExit:
            raise
        except BaseException as error:
            reason = self._reason(error)
            self._fail(reason)
            if reason is error:
                raise
            raise reason from error
        self._finish()

    # --- its life --------------------------------------------------------------------------

    def _start(self, session: Session, begun: Callable[[RunningQuery], None]) -> None:
        try:
            self._group.admit(session.user)
            self._running = self._reused(session)
            self._watch.start()
            if self._running is None:
                self._check_limits(session, begun)
                self._wait_for_turn(session, begun)
                self._running = self._services.engine().run(
                    self._order.sql, session, self._order.parameters, tag=self.record.id
                )
            self._watch.running = self._running
            if self._watch.reason is not None:
                self._running.cancel()
            begun(self)
            # A server may queue and plan for long. From here on the watch can cancel that.
            columns = self._running.columns
        except KeyboardInterrupt as error:
            raise self._interrupted() from error
        except BaseException as error:
            reason = self._reason(error)
            self._fail(reason)
            if reason is error:
                raise
            raise reason from error
        results = self._services.results
        keep = self._order.keep_result and not self.record.reused
        if results is not None and keep and self._running.update_type is None:
            self._kept = results.of(self._group).writer(self.record.id, columns)

    def _wait_for_turn(self, session: Session, begun: Callable[[RunningQuery], None]) -> None:
        """In the local queue, where there is one. It can be cancelled there as anywhere."""
        turns, group, ledger = self._services.turns, self._group, self._services.ledger
        if turns is None:
            return
        self._turn = turns.take(group.name, group.concurrency, group.queue)
        self._place = self._turn.look()
        if self._place is None:
            return
        ledger.moved(self.record.id, QueryState.QUEUED)
        begun(self)
        while self._place is not None:
            time.sleep(self._place.pause)
            if self._watch.reason is not None:
                raise self._watch.reason
            self._place = self._turn.look()
        self._waited = time.monotonic() - self._clock
        ledger.moved(self.record.id, QueryState.RUNNING)
        # Those before it have spent meanwhile.
        self._check_limits(session, begun)

    def _check_limits(self, session: Session, begun: Callable[[RunningQuery], None]) -> None:
        """A server that is asked for the estimate may have that wait in line, too: until it is there,
        time and cancellation end that."""

        def asking(running: Running) -> None:
            self._asked = self._watch.running = running
            if self._watch.reason is not None:
                running.cancel()
            begun(self)

        try:
            check_limits(self._order, session, self._group, self._services, asking)
        except BaseException:
            if self._asked is not None:
                self._asked.cancel()
            raise
        finally:
            self._asked = self._watch.running = None
        if self._watch.reason is not None:
            raise self._watch.reason

    def _reused(self, session: Session) -> Running | None:
        """An older result of the same, if one will do."""
        found = self._reuse.find(session)
        if found is None:
            return None
        id, running = found
        self.record = replace(self.record, reused=id)
        return running

    def _check(self) -> None:
        if self._watch.reason is not None:
            raise self._watch.reason
        over = self._watch.over_limit()
        if over is not None:
            self._watch.reason = over
            raise over

    def _reason(self, error: BaseException) -> BaseException:
        """Why it really ended: an engine only knows that it was told to stop."""
        reason = self._watch.reason
        if reason is None and isinstance(error, QueryFailed):
            self._services.help_with(error, self._order.sql, self.record.database or None)
        return reason if reason is not None and isinstance(error, LakeshellError) else error

    def _interrupted(self) -> Interrupted:
        error = self._watch.interrupt()
        self._fail(error)
        return error

    def _fail(self, error: BaseException) -> None:
        if self.record.finished is not None:
            return
        self._watch.stop()
        if self._running is not None:
            self._running.cancel()
            if type(error) in _STATES:
                # What was stopped costs what it scanned, to the end.
                self._running.look()
            self._running.close()
        if self._kept is not None:
            self._kept.drop()
        named = error if isinstance(error, QueryFailed | LimitExceeded) else None
        code = _CODES.get(type(error), "") if named is None else named.code
        message = error.message if isinstance(error, LakeshellError) else repr(error)
        if isinstance(error, OSError):
            message = f"its output cannot be written: {in_system_words(error)}"
        # What ended the statement is worth more than a ledger on a full disk: the record is then
        # closed as that of a process that died.
        with suppress(LakeshellError):
            waits = not isinstance(error, Interrupted)
            self._record(state_after(error), code, message, waits)

    def _finish(self) -> None:
        over = self._watch.over_limit()
        self._watch.stop()
        running = self._begun
        if self._kept is not None:
            self._kept.finish(_empty_schema(running.columns) if self._rows == 0 else None)
            self._reuse.remember(self.record)
        running.close()
        if self._record(QueryState.FINISHED, "", "" if over is None else over.message):
            _tidy(self._services, self._group)

    def _record(self, state: QueryState, code: str, message: str, waits: bool = True) -> bool:
        """Whether the ledger has it by then."""
        if self._turn is not None:
            self._turn.leave()
        running = self._running
        for text in () if running is None else running.progress.warnings:
            self._services.notice(f"warning: {text}")
        scanned = None if running is None else running.progress.scanned
        if running is None:
            scanned = 0
        rows = self._rows
        writes = running is not None and running.update_count is not None
        if running is not None and running.update_count is not None:
            rows = running.update_count
        self.record = replace(
            self.record,
            state=state,
            finished=self._services.now(),
            elapsed=time.monotonic() - self._clock,
            scanned=scanned,
            rows=rows if state is QueryState.FINISHED else None,
            cost=self._cost(state, scanned, writes),
            error_code=code,
            error=message,
            engine_id="" if running is None else running.engine_id,
            queued=self._queued(),
            planned=None if running is None else running.progress.planned,
        )
        services = self._services
        if not end_record(
            self.record,
            services.ledger,
            services.late,
            lambda text: services.notice(f"warning: {text}"),
            waits=waits,
        ):
            return False
        if self.record.cost and self._group.has_budget:
            self._services.announce(self._group)
        return True

    def _queued(self) -> float | None:
        """Seconds that it waited in line here, or on its server."""
        if self._place is not None:
            return time.monotonic() - self._clock
        if self._waited is not None or self._running is None:
            return self._waited
        return self._running.progress.queued

    def _cost(self, state: QueryState, scanned: int | None, writes: bool) -> Decimal | None:
        return charge(
            state,
            self.record.kind,
            scanned,
            self._services.prices,
            writes_rows=writes,
            reused=bool(self.record.reused),
        )


def start_query(
    order: Order,
    session: Session,
    services: Services,
    begun: Callable[[RunningQuery], None] = lambda query: None,
) -> RunningQuery:
    """Starts a statement in the session's workgroup. Raises what refuses it or what the engine
    rejects it for; its record is in the ledger either way. `begun` is told of it when it waits in
    line, and when the engine has it, which may be long before its columns are known."""
    group = services.workgroup(session.workgroup)
    text = order.text if order.text is not None else order.sql
    record = QueryRecord(
        id=services.ledger.new_id(),
        started=services.now(),
        user=session.user,
        workgroup=group.name,
        source=session.source,
        database=session.database or "",
        sql=text,
        state=QueryState.RUNNING,
        currency=services.prices.currency,
        engine=services.engine_name,
        kind=statement_kind(order.sql),
        job_run=order.job_run,
    )
    if services.late is not None:
        services.late.bring(services.ledger)
    services.ledger.begin(record)
    query = RunningQuery(record, order, services, group)
    query._start(session, begun)
    return query


_NEARLY = 0.99


def _share(fraction: float | None) -> float | None:
    """Engines know how far they are with reading; nothing is through before its last row came."""
    return None if fraction is None else min(fraction, _NEARLY)


def run_query(order: Order, session: Session, services: Services) -> QueryRecord:
    """Runs a statement to its end and drops its rows; gives its record."""
    with start_query(replace(order, keep_result=False), session, services) as query:
        for _ in query.batches():
            pass
    return query.record


_FORGET = 20
"""Old queries that one new one takes out of the history: few, for somebody waits for it."""


def _tidy(services: Services, group: Workgroup) -> None:
    if services.results is not None:
        services.results.of(group).prune()
    if services.history_keep:
        before = services.now() - timedelta(seconds=services.history_keep)
        services.ledger.prune(before, _FORGET)


def _empty_schema(columns: Sequence[Column]) -> pa.Schema:
    from lakeshell.sql.arrow import arrow_schema

    return arrow_schema(columns)
