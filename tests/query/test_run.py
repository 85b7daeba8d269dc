"""A statement from text to record: limits, budgets, time, cancellation, on a fake engine."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import Answer, FakeEngine, FakeLedger, FakeRunning, batch, columns
from reach import own, s3

from lakeshell.cost.prices import ATHENA, query_prices
from lakeshell.errors import (
    Cancelled,
    ConfigurationError,
    ConnectionFailed,
    Interrupted,
    LakeshellError,
    LimitExceeded,
    NotFound,
    QueryFailed,
    QueryRejected,
    TimedOut,
    UsageError,
)
from lakeshell.ledger.late import LateRecords
from lakeshell.model import Column, Estimate, QueryRecord, QueryState
from lakeshell.ports import Asking, HistoryFilter, Objects, Session, unasked
from lakeshell.query import limits
from lakeshell.query.budgets import Level
from lakeshell.query.limits import estimate, spent
from lakeshell.query.order import Order, Services
from lakeshell.query.results import ROOM, Results
from lakeshell.query.run import RunningQuery, run_query, start_query
from lakeshell.store.files import LOCAL
from lakeshell.store.s3 import S3Files
from lakeshell.workgroup import Workgroup

NOW = datetime(2026, 11, 24, 14, 3, 1, tzinfo=UTC)
MB = 2**20
N = columns(n="integer")
ROWS = [batch(N, [1], [2]), batch(N, [3])]
MINIMUM = Decimal("0.0000476837")
"""What 10 MB cost at 5 USD per TB."""


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine({"SELECT n": Answer(N, ROWS, scanned=3 * MB, estimate=3 * MB)})


@pytest.fixture
def services(engine: FakeEngine) -> Services:
    return made(engine, Workgroup("primary"))


def made(engine: FakeEngine, *groups: Workgroup, **changes: object) -> Services:
    known = {group.name: group for group in groups}
    services = Services(
        engine=lambda: engine,
        ledger=FakeLedger(),
        workgroup=known.__getitem__,
        prices=ATHENA,
        now=lambda: NOW,
    )
    return replace(services, **changes)  # type: ignore[arg-type]


def session(workgroup: str = "primary", user: str = "ada") -> Session:
    return Session(user=user, workgroup=workgroup, database="raw")


def only(services: Services) -> QueryRecord:
    (record,) = services.ledger.queries(HistoryFilter())
    return record


def rows_of(services: Services, order: Order, **changes: str) -> list[int]:
    with start_query(order, session(**changes), services) as query:
        return [n for given in query.batches() for n in given.column(0).to_pylist()]


def test_rows_and_record(services: Services, engine: FakeEngine) -> None:
    assert rows_of(services, Order("SELECT n", ("1",), text="SELECT :n")) == [1, 2, 3]
    record = only(services)
    assert (record.user, record.workgroup, record.database) == ("ada", "primary", "raw")
    assert (record.state, record.rows, record.scanned) == (QueryState.FINISHED, 3, 3 * MB)
    assert (record.sql, record.kind) == ("SELECT :n", "SELECT")
    assert record.cost == MINIMUM
    assert record.started == record.finished == NOW
    assert record.elapsed is not None
    assert engine.started[0][2] == ("1",)
    assert engine.running[0].closed


def test_it_is_running_in_the_ledger_while_it_runs(services: Services) -> None:
    with start_query(Order("SELECT n"), session(), services) as query:
        batches = query.batches()
        next(batches)
        assert only(services).state is QueryState.RUNNING
        assert query.progress[1] == 2
        assert list(batches)
    assert only(services).state is QueryState.FINISHED


def test_what_is_not_metered_has_no_cost(services: Services, engine: FakeEngine) -> None:
    engine.answers["SELECT m"] = Answer(N, ROWS, scanned=None, estimate=None)
    rows_of(services, Order("SELECT m"))
    assert (only(services).scanned, only(services).cost) == (None, None)


def test_definitions_are_free_and_writes_are_not(services: Services, engine: FakeEngine) -> None:
    engine.answers["CREATE TABLE a (b integer)"] = Answer(update_type="CREATE TABLE")
    engine.answers["CREATE TABLE a AS SELECT 1 b"] = Answer(
        update_type="CREATE TABLE", update_count=1, scanned=20 * MB
    )
    free = run_query(Order("CREATE TABLE a (b integer)"), session(), services)
    assert (free.cost, free.kind) == (0, "CREATE TABLE")
    filled = run_query(Order("CREATE TABLE a AS SELECT 1 b"), session(), services)
    assert (filled.cost, filled.rows) == (2 * MINIMUM, 1)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_failed_query_is_recorded_and_free(
    services: Services, engine: FakeEngine, at_once: bool
) -> None:
    error = QueryRejected("Column 'x' cannot be resolved", code="COLUMN_NOT_FOUND", line=2)
    engine.answers["SELECT x"] = Answer(
        N, ROWS, scanned=99 * MB, error=error, fails_at_once=at_once
    )
    with pytest.raises(QueryRejected) as raised:
        rows_of(services, Order("SELECT x"))
    assert raised.value is error
    record = only(services)
    assert (record.state, record.error_code) == (QueryState.FAILED, "COLUMN_NOT_FOUND")
    assert (record.error, record.cost, record.rows) == (error.message, 0, None)
    assert record.finished is not None


def test_a_bug_is_recorded_as_a_failure_and_goes_on(services: Services, engine: FakeEngine) -> None:
    engine.answers["SELECT x"] = Answer(N, ROWS, error=ZeroDivisionError("oops"))
    with pytest.raises(ZeroDivisionError):
        rows_of(services, Order("SELECT x"))
    assert only(services).state is QueryState.FAILED
    assert "oops" in only(services).error


def test_an_unknown_workgroup_is_no_query(services: Services) -> None:
    with pytest.raises(KeyError):
        start_query(Order("SELECT n"), session("nobody"), services)
    assert services.ledger.queries(HistoryFilter()) == []


def test_only_members_may_use_a_workgroup_that_has_some(engine: FakeEngine) -> None:
    services = made(engine, Workgroup("analysts", members=("ada",)))
    assert rows_of(services, Order("SELECT n"), workgroup="analysts") == [1, 2, 3]
    with pytest.raises(UsageError, match="bob is not a member"):
        rows_of(services, Order("SELECT n"), workgroup="analysts", user="bob")
    newest = services.ledger.queries(HistoryFilter(user="bob"))[0]
    assert (newest.state, newest.cost) == (QueryState.REFUSED, 0)
    assert len(engine.started) == 1


# --- limits --------------------------------------------------------------------------------


def test_an_estimate_over_the_limit_refuses_before_anything_runs(engine: FakeEngine) -> None:
    services = made(engine, Workgroup("primary", scan_limit=3 * MB - 1))
    with pytest.raises(LimitExceeded, match=r"3\.00 MB"):
        rows_of(services, Order("SELECT n"))
    assert engine.started == []
    record = only(services)
    assert (record.state, record.scanned, record.cost) == (QueryState.REFUSED, 0, 0)
    assert record.error_code == "EXCEEDED_SCAN_LIMIT"


def test_a_limit_that_is_just_met_is_kept(engine: FakeEngine) -> None:
    services = made(engine, Workgroup("primary", scan_limit=3 * MB))
    assert rows_of(services, Order("SELECT n")) == [1, 2, 3]


def test_a_query_that_turns_out_larger_is_stopped_while_it_reads(engine: FakeEngine) -> None:
    engine.answers["SELECT n"] = Answer(N, ROWS * 10, scanned=100 * MB, estimate=0)
    services = made(engine, Workgroup("primary", scan_limit=12 * MB))
    with pytest.raises(LimitExceeded, match="over the limit"):
        rows_of(services, Order("SELECT n"))
    record = only(services)
    assert (record.state, record.error_code) == (QueryState.REFUSED, "EXCEEDED_SCAN_LIMIT")
    assert record.scanned == 15 * MB
    assert "3.00 MB over" in record.error
    assert record.cost == MINIMUM * Decimal("1.5").quantize(Decimal(1)) or record.cost
    assert engine.running[0].cancelled.is_set()


def test_a_query_over_its_limit_is_stopped_before_it_gives_a_row(engine: FakeEngine) -> None:
    """The watch sees it while the engine is still at work."""

    def reads_much() -> None:
        running = engine.running[0]
        running.progress.scanned = 50 * MB
        assert running.cancelled.wait(10)

    engine.answers["SELECT n"] = Answer(N, ROWS, estimate=0, before=reads_much)
    services = made(engine, Workgroup("primary", scan_limit=10 * MB))
    with pytest.raises(LimitExceeded, match=r"40\.0 MB over"):
        rows_of(services, Order("SELECT n"))
    assert only(services).scanned == 50 * MB


def test_what_was_written_over_the_limit_is_written_and_said(engine: FakeEngine) -> None:
    sql = "INSERT INTO t SELECT 1"
    engine.answers[sql] = Answer(update_type="INSERT", update_count=1, scanned=50 * MB)
    services = made(engine, Workgroup("primary", scan_limit=10 * MB))
    record = run_query(Order(sql), session(), services)
    assert record.state is QueryState.FINISHED
    assert "40.0 MB over" in record.error


class SlowToEstimate(FakeEngine):
    """Its server is asked for the estimate, and has that wait in line until it is cancelled."""

    def estimate(
        self,
        sql: str,
        session: Session,
        parameters: Sequence[str] = (),
        asking: Asking = unasked,
    ) -> Estimate:
        running = FakeRunning(Answer(N, blocks=True))
        self.running.append(running)
        asking(running)
        list(running.batches())
        raise AssertionError("nobody cancelled it")


@pytest.mark.parametrize("how", ["time", "somebody", "interrupt", "asked"])
def test_an_estimate_that_waits_in_line_can_be_ended(how: str) -> None:
    engine = SlowToEstimate({"SELECT n": Answer(N, ROWS)})
    services = made(engine, Workgroup("primary", scan_limit=MB))
    told: list[RunningQuery] = []

    def begun(query: RunningQuery) -> None:
        told.append(query)
        if how == "asked":
            query.cancel(Cancelled("cancelled in the console"))
        elif how == "somebody":
            services.ledger.request_cancel(query.record.id, "bob")
        elif how == "interrupt":
            os.kill(os.getpid(), signal.SIGINT)

    order = Order("SELECT n", timeout=0.5 if how == "time" else None)
    ends = {"time": TimedOut, "interrupt": Interrupted}.get(how, Cancelled)
    with pytest.raises(ends):
        start_query(order, session(), services, begun)
    assert len(told) == 1
    assert engine.running[0].cancelled.is_set()
    assert engine.started == []
    record = only(services)
    assert (record.state, record.cost) == (QueryState.CANCELLED, 0)


# --- budgets -------------------------------------------------------------------------------


def spend(services: Services, amount: str, ago: timedelta, workgroup: str = "primary") -> None:
    services.ledger.end(
        QueryRecord(
            services.ledger.new_id(),
            NOW - ago,
            "ada",
            workgroup,
            "test",
            "",
            "SELECT",
            QueryState.FINISHED,
            finished=NOW,
            cost=Decimal(amount),
        )
    )


@pytest.mark.parametrize(
    ("group", "refused"),
    [
        (Workgroup("primary", daily_budget=Decimal("0.5")), False),
        (Workgroup("primary", daily_budget=Decimal("0.4")), True),
        (Workgroup("primary", daily_budget=Decimal("0.4") + MINIMUM), False),
        (Workgroup("primary", monthly_budget=Decimal("1.4") + MINIMUM), False),
        (Workgroup("primary", monthly_budget=Decimal("1.4")), True),
        (Workgroup("primary", daily_budget=Decimal(0)), True),
    ],
)
def test_budgets_of_the_day_and_the_month(
    engine: FakeEngine, group: Workgroup, refused: bool
) -> None:
    services = made(engine, group)
    spend(services, "0.4", timedelta(hours=14))
    spend(services, "1", timedelta(hours=15))
    spend(services, "100", timedelta(days=24))
    spend(services, "100", timedelta(0), "others")
    assert spent(services, "primary") == (Decimal("0.4"), Decimal("1.4"))
    if not refused:
        assert rows_of(services, Order("SELECT n")) == [1, 2, 3]
        return
    with pytest.raises(LimitExceeded, match="budget"):
        rows_of(services, Order("SELECT n"))
    assert services.ledger.queries(HistoryFilter(state=QueryState.REFUSED))[0].cost == 0
    assert engine.started == []


def test_a_used_up_budget_still_lets_one_define_things(engine: FakeEngine) -> None:
    engine.answers["DROP TABLE t"] = Answer(update_type="DROP TABLE")
    services = made(engine, Workgroup("primary", daily_budget=Decimal(0)))
    assert run_query(Order("DROP TABLE t"), session(), services).state is QueryState.FINISHED


def test_an_estimate_with_its_price(engine: FakeEngine, services: Services) -> None:
    found, cost = estimate(Order("SELECT n"), session(), services)
    assert (found.scanned, cost) == (3 * MB, MINIMUM)
    own = replace(services, prices=query_prices("self-hosted", Decimal(2**20), "EUR"))
    assert estimate(Order("SELECT n"), session(), own)[1] == 3
    assert services.ledger.queries(HistoryFilter()) == []


# --- its end, from outside -----------------------------------------------------------------


def test_a_timeout(services: Services, engine: FakeEngine) -> None:
    engine.answers["SELECT n"] = Answer(N, ROWS, scanned=3 * MB, blocks=True)
    with pytest.raises(TimedOut):
        rows_of(services, Order("SELECT n", timeout=0.2))
    record = only(services)
    assert (record.state, record.error_code) == (QueryState.CANCELLED, "EXCEEDED_TIME_LIMIT")
    assert record.cost == MINIMUM


def test_somebody_else_cancels(services: Services, engine: FakeEngine) -> None:
    engine.answers["SELECT n"] = Answer(
        N,
        blocks=True,
        before=lambda: services.ledger.request_cancel(only(services).id, "bob") and None,
    )
    with pytest.raises(Cancelled, match="cancelled by bob"):
        rows_of(services, Order("SELECT n"))
    record = only(services)
    assert (record.state, record.cost) == (QueryState.CANCELLED, 0)
    assert record.error == "cancelled by bob"


class AwayLedger(FakeLedger):
    """It was there when the query began. Asked while it runs, it fails, or does not answer."""

    def __init__(self, answers: bool) -> None:
        super().__init__()
        self.answers = answers
        self.back = threading.Event()
        self.asked = threading.Semaphore(0)

    def cancel_requested(self, id: str) -> str | None:
        self.asked.release()
        if self.answers and not self.back.is_set():
            raise ConnectionFailed("the ledger cannot be reached")
        self.back.wait(30)
        return super().cancel_requested(id)


@pytest.mark.parametrize("answers", [True, False])
def test_what_is_watched_stays_watched_while_the_ledger_is_away(
    engine: FakeEngine, answers: bool
) -> None:
    ledger = AwayLedger(answers)
    services = made(engine, Workgroup("primary"), ledger=ledger)
    engine.answers["SELECT n"] = Answer(
        N, blocks=True, before=lambda: ledger.asked.acquire(timeout=30) and None
    )
    with pytest.raises(TimedOut):
        rows_of(services, Order("SELECT n", timeout=1.5))
    assert only(services).state is QueryState.CANCELLED
    ledger.back.set()


def test_a_ledger_that_is_back_in_time_has_the_record(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, ended = FakeLedger(), FakeLedger.end
    away = iter(range(3))

    def end(record: QueryRecord) -> None:
        if next(away, None) is not None:
            raise ConnectionFailed("the ledger cannot be reached")
        ended(ledger, record)

    monkeypatch.setattr(ledger, "end", end)
    monkeypatch.setattr("lakeshell.ending._PAUSE", 0.01)
    services = made(engine, Workgroup("primary"), ledger=ledger)
    assert rows_of(services, Order("SELECT n")) == [1, 2, 3]
    assert only(services).state is QueryState.FINISHED


def test_a_ledger_that_stays_away_is_said_and_holds_no_ctrl_c(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = FakeLedger()

    def end(record: QueryRecord) -> None:
        raise ConnectionFailed("the ledger cannot be reached", hint="start it")

    monkeypatch.setattr(ledger, "end", end)
    services = made(engine, Workgroup("primary"), ledger=ledger)
    engine.answers["SELECT n"] = Answer(
        N, ROWS, blocks=True, before=lambda: os.kill(os.getpid(), signal.SIGINT)
    )
    with pytest.raises(Interrupted):
        rows_of(services, Order("SELECT n"))
    engine.answers["SELECT n"] = Answer(N, ROWS)
    monkeypatch.setattr("lakeshell.ending.BACK", 0)
    with pytest.raises(ConnectionFailed) as failed:
        rows_of(services, Order("SELECT n"))
    assert failed.value.hint == "the query has ended, and is not recorded; start it"


def test_what_no_ledger_takes_is_kept_until_it_does(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Away, locked or damaged; also where somebody does not wait for it."""
    ledger, late, said = FakeLedger(), LateRecords(tmp_path / "late"), []
    services = made(
        engine,
        Workgroup("primary", daily_budget=Decimal(1)),
        ledger=ledger,
        late=late,
        notice=said.append,
    )
    monkeypatch.setattr("lakeshell.ending.BACK", 0)
    wrong: list[BaseException] = [
        KeyboardInterrupt(),
        ConnectionFailed("the ledger cannot be reached", hint="start it"),
        ConfigurationError("the ledger is locked", hint="see who holds it"),
    ]

    def end(record: QueryRecord) -> None:
        raise wrong[0]

    monkeypatch.setattr(ledger, "end", end)
    with pytest.raises(KeyboardInterrupt):
        rows_of(services, Order("SELECT n"))
    wrong.pop(0)
    assert rows_of(services, Order("SELECT n")) == [1, 2, 3]
    assert "the ledger cannot be reached" in said[0]
    assert str(late.folder) in said[0]
    wrong.pop(0)
    assert rows_of(services, Order("SELECT n")) == [1, 2, 3]
    assert "the ledger is locked" in said[1]
    assert len(list(late.folder.glob("*.json"))) == 3
    assert spent(services, "primary") == (0, 0)
    monkeypatch.undo()
    assert rows_of(services, Order("SELECT n")) == [1, 2, 3]
    records = ledger.queries(HistoryFilter())
    assert [record.state for record in records] == [QueryState.FINISHED] * 4
    assert spent(services, "primary")[0] == 4 * MINIMUM
    assert list(late.folder.iterdir()) == []


def test_who_cancels_is_heard_when_the_ledger_is_back(engine: FakeEngine) -> None:
    ledger = AwayLedger(answers=True)
    services = made(engine, Workgroup("primary"), ledger=ledger)

    def before() -> None:
        assert ledger.asked.acquire(timeout=30)
        ledger.request_cancel(only(services).id, "bob")
        ledger.back.set()

    engine.answers["SELECT n"] = Answer(N, blocks=True, before=before)
    with pytest.raises(Cancelled, match="cancelled by bob"):
        rows_of(services, Order("SELECT n"))


def test_what_waits_on_its_server_is_queued_in_the_ledger_with_its_place_shown(
    engine: FakeEngine, services: Services
) -> None:
    seen: list[tuple[QueryState, str]] = []
    begun: list[RunningQuery] = []

    def before() -> None:
        progress = engine.running[0].progress
        for state, ahead in (("queued", 1), ("running", None)):
            progress.state, progress.ahead = state, ahead
            wanted = QueryState.RUNNING if ahead is None else QueryState.QUEUED
            until = time.monotonic() + 30
            while only(services).state is not wanted and time.monotonic() < until:
                time.sleep(0.05)
            seen.append((only(services).state, begun[0].stage))

    engine.answers["SELECT n"] = Answer(N, ROWS, before=before)
    with start_query(Order("SELECT n"), session(), services, begun.append) as query:
        assert sum(batch.num_rows for batch in query.batches()) == 3
    assert seen == [(QueryState.QUEUED, "queued, 2nd in line"), (QueryState.RUNNING, "running")]
    assert only(services).state is QueryState.FINISHED


def test_ctrl_c_reaches_the_engine_first(services: Services, engine: FakeEngine) -> None:
    engine.answers["SELECT n"] = Answer(
        N, ROWS, blocks=True, before=lambda: os.kill(os.getpid(), signal.SIGINT)
    )
    with pytest.raises(Interrupted):
        rows_of(services, Order("SELECT n"))
    assert engine.running[0].cancelled.is_set()
    assert only(services).state is QueryState.CANCELLED


@pytest.mark.parametrize(
    ("name", "sql", "stays"),
    [("trino", "INSERT INTO t", True), ("trino", "SELECT n", False), ("duckdb", "INSERT INTO t", False)],
)  # fmt: skip
def test_ctrl_c_in_a_change_on_a_server_says_that_it_may_have_been_made(
    engine: FakeEngine, name: str, sql: str, stays: bool
) -> None:
    services = replace(made(engine, Workgroup("primary")), engine_name=name)
    engine.answers[sql] = Answer(
        N, ROWS, blocks=True, before=lambda: os.kill(os.getpid(), signal.SIGINT)
    )
    with pytest.raises(Interrupted) as caught:
        rows_of(services, Order(sql))
    assert caught.value.hint.startswith("the query was cancelled")
    assert ("look before you run it again" in caught.value.hint) is stays


def test_ctrl_c_is_seen_while_the_engine_holds_the_thread(
    services: Services, engine: FakeEngine
) -> None:
    """A wait that no signal handler of Python's can break: only the watch can end it."""

    def deaf() -> None:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        cancelled = engine.running[0].cancelled
        until = time.monotonic() + 10
        while not cancelled.is_set() and time.monotonic() < until:
            with suppress(KeyboardInterrupt):
                cancelled.wait(10)
        raise Cancelled("told to stop")

    engine.answers["SELECT n"] = Answer(N, ROWS, before=deaf)
    with pytest.raises(Interrupted):
        rows_of(services, Order("SELECT n"))
    assert only(services).error == "interrupted"


def test_a_reader_that_goes_away_cancels(services: Services, engine: FakeEngine) -> None:
    with start_query(Order("SELECT n"), session(), services) as query:
        next(query.batches())
    assert engine.running[0].cancelled.is_set()
    assert only(services).state is QueryState.CANCELLED
    with (
        pytest.raises(BrokenPipeError),
        start_query(Order("SELECT n"), session(), services) as query,
    ):
        raise BrokenPipeError
    states = {record.state for record in services.ledger.queries(HistoryFilter())}
    assert states == {QueryState.CANCELLED}


def test_cancelled_from_another_thread(services: Services, engine: FakeEngine) -> None:
    engine.answers["SELECT n"] = Answer(N, blocks=True)
    with start_query(Order("SELECT n"), session(), services) as query:
        threading.Timer(0.05, query.cancel).start()
        with pytest.raises(Cancelled):
            list(query.batches())


def test_no_thread_and_no_signal_pipe_is_left_behind(services: Services) -> None:
    before = threading.active_count()
    for _ in range(3):
        rows_of(services, Order("SELECT n"))
    assert threading.active_count() == before
    left = signal.set_wakeup_fd(-1)
    assert left == -1


# --- results -------------------------------------------------------------------------------


def test_results_are_not_kept_where_the_disk_is_nearly_full(
    tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = made(engine, Workgroup("primary"), results=kept(tmp_path))
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=ROOM))
    assert rows_of(services, Order("SELECT n")) == [1, 2, 3]
    assert not list(tmp_path.rglob("*.arrow"))
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=ROOM + 1))
    assert rows_of(services, Order("SELECT n")) == [1, 2, 3]
    assert len(list(tmp_path.rglob("*.arrow"))) == 1


def test_what_a_query_held_goes_with_it(tmp_path: Path, engine: FakeEngine) -> None:
    """In a console that stays open for days: its file at the end, all else when nobody has it any
    more, without waiting for a search for garbage."""
    services = made(engine, Workgroup("primary"), results=kept(tmp_path))
    gc.collect()
    gc.disable()
    try:
        query = start_query(Order("SELECT n"), session(), services)
        assert list(query.batches())
        inside = str(tmp_path / "results")
        handles = [fd for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
        assert not [fd for fd in handles if str(fd.readlink()).startswith(inside)]
        held = weakref.ref(query)
        del query
        engine.running.clear()
        assert held() is None
    finally:
        gc.enable()


def kept(tmp_path: Path, **changes: int) -> Results:
    return Results(tmp_path / "results", **{"keep": 60, "max_size": MB, "max_total": MB, **changes})


def test_a_result_is_kept_and_read_again(engine: FakeEngine, tmp_path: Path) -> None:
    services = made(engine, Workgroup("primary"), results=kept(tmp_path))
    rows_of(services, Order("SELECT n"))
    assert services.results is not None
    found, batches = services.results.open(only(services).id)
    assert found == list(N)
    assert [n for b in batches for n in b.column(0).to_pylist()] == [1, 2, 3]


def test_an_empty_result_keeps_its_columns(engine: FakeEngine, tmp_path: Path) -> None:
    engine.answers["SELECT n"] = Answer(N)
    services = made(engine, Workgroup("primary"), results=kept(tmp_path))
    rows_of(services, Order("SELECT n"))
    assert services.results is not None
    found, batches = services.results.open(only(services).id)
    assert (found, list(batches)) == (list(N), [])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(N, ROWS, error=QueryFailed("late")),
        Answer(update_type="INSERT", update_count=1),
    ],
)
def test_no_result_of_what_failed_or_wrote(
    engine: FakeEngine, tmp_path: Path, answer: Answer
) -> None:
    engine.answers["SELECT n"] = answer
    services = made(engine, Workgroup("primary"), results=kept(tmp_path))
    with suppress(LakeshellError):
        rows_of(services, Order("SELECT n"))
    assert services.results is not None
    with pytest.raises(NotFound):
        services.results.open(only(services).id)
    assert [p.name for p in (tmp_path / "results").glob("*") if p.suffix != ".pruned"] in (
        [],
        [".pruned"],
    )


@pytest.mark.parametrize("hourly", [False, True])
def test_the_oldest_kept_results_go_when_all_are_too_many(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hourly: bool
) -> None:
    results = kept(tmp_path)
    services = made(engine, Workgroup("primary"), results=results)
    for _ in range(4):
        rows_of(services, Order("SELECT n"))
    assert services.ledger is not None
    newest, *older = [q.id for q in services.ledger.queries(HistoryFilter())]
    size = results.path(newest).stat().st_size
    results.max_total = 2 * size
    if hourly:
        (results.folder / ".pruned").unlink(missing_ok=True)
        results.prune()
        assert [results.has(id) for id in (newest, *older)] == [True, True, False, False]
        return
    monkeypatch.setattr("lakeshell.query.results.LARGE", size)
    rows_of(services, Order("SELECT n"))
    assert [results.has(id) for id in (newest, *older)] == [True, False, False, False]


@pytest.mark.parametrize(
    "limits", [{"max_size": 9}, {"max_size": 0}, {"keep": 0}, {"max_total": 9}]
)
def test_a_large_result_is_given_but_not_kept(
    engine: FakeEngine, tmp_path: Path, limits: dict[str, int]
) -> None:
    services = made(engine, Workgroup("primary"), results=kept(tmp_path, **limits))
    assert rows_of(services, Order("SELECT n")) == [1, 2, 3]
    assert services.results is not None
    with pytest.raises(NotFound):
        services.results.open(only(services).id)


def test_a_folder_that_cannot_be_written_only_ends_the_keeping(
    engine: FakeEngine, tmp_path: Path
) -> None:
    (tmp_path / "results").write_text("a file in its place")
    services = made(engine, Workgroup("primary"), results=kept(tmp_path))
    assert rows_of(services, Order("SELECT n")) == [1, 2, 3]


def test_old_results_are_removed(tmp_path: Path) -> None:
    results = kept(tmp_path)
    results.folder.mkdir()
    old, new = results.path("old"), results.path("new")
    for path in (old, new):
        path.write_bytes(b"")
    os.utime(old, (time.time() - 100,) * 2)
    results.prune()
    assert not old.exists()
    assert new.exists()
    old.write_bytes(b"")
    os.utime(old, (time.time() - 100,) * 2)
    results.prune()
    assert old.exists(), "looked twice in an hour"


def test_a_clock_that_is_passed_in(engine: FakeEngine) -> None:
    ticks: Callable[[], datetime] = iter([NOW, NOW + timedelta(seconds=5)]).__next__
    services = made(engine, Workgroup("primary"), now=ticks)
    rows_of(services, Order("SELECT n"))
    assert only(services).finished == NOW + timedelta(seconds=5)


def test_it_is_known_to_others_before_its_columns_are(engine: FakeEngine) -> None:
    services = made(engine, Workgroup("primary"))
    told: list[RunningQuery] = []

    class Planning(FakeRunning):
        @property
        def columns(self) -> Sequence[Column]:
            assert told, "nobody can cancel it while the server plans"
            raise QueryRejected("no", code="COLUMN_NOT_FOUND")

        @columns.setter
        def columns(self, value: Sequence[Column]) -> None:
            pass

    class Slow(FakeEngine):
        def run(self, *given: Any, tag: str = "", **named: Any) -> FakeRunning:
            self.tag = tag
            running = Planning(Answer(N))
            running.engine_id = "q_1"
            return running

    slow = Slow()
    services = replace(services, engine=lambda: slow)
    with pytest.raises(QueryRejected):
        start_query(Order("SELECT n"), session(), services, told.append)
    record = only(services)
    assert told[0].record.id == record.id == slow.tag
    assert (record.state, record.error_code) == (QueryState.FAILED, "COLUMN_NOT_FOUND")
    assert record.engine_id == "q_1"


def test_a_history_with_a_limit_forgets_what_is_older(services: Services) -> None:
    services = replace(services, history_keep=3600)
    run_query(Order("SELECT n"), Session("ada"), services)
    later = replace(services, now=lambda: NOW + timedelta(seconds=3600))
    second = run_query(Order("SELECT n"), Session("ada"), later)
    assert len(services.ledger.queries(HistoryFilter())) == 2
    third = run_query(
        Order("SELECT n"), Session("ada"), replace(services, now=lambda: NOW + timedelta(hours=2))
    )
    assert services.ledger.queries(HistoryFilter()) == [third, second]


def test_statements_side_by_side_end_in_any_order_and_leave_the_signals_alone(
    services: Services,
) -> None:
    before = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(before)
    first = start_query(Order("SELECT n"), Session("ada"), services)
    second = start_query(Order("SELECT n"), Session("ada"), services)
    third = start_query(Order("SELECT n"), Session("ada"), services)
    for query in (second, first, third):
        assert sum(found.num_rows for found in query.batches()) == 3
    after = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(after)
    assert after == before


def test_ctrl_c_ends_every_statement_of_the_main_thread(services: Services) -> None:
    first = start_query(Order("SELECT n"), Session("ada"), services)
    second = start_query(Order("SELECT n"), Session("ada"), services)
    old = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        os.kill(os.getpid(), signal.SIGINT)
        until = time.monotonic() + 30
        while not (first._watch.reason and second._watch.reason) and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        signal.signal(signal.SIGINT, old)
    for query in (first, second):
        with pytest.raises(Interrupted):
            list(query.batches())


def test_a_statement_may_end_in_another_thread(services: Services) -> None:
    query = start_query(Order("SELECT n"), Session("ada"), services)
    thread = threading.Thread(target=lambda: list(query.batches()))
    thread.start()
    thread.join()
    assert query.record.state is QueryState.FINISHED
    assert run_query(Order("SELECT n"), Session("ada"), services).rows == 3


def test_a_budget_stops_at_its_share_and_may_only_warn(engine: FakeEngine) -> None:
    group = Workgroup("primary", daily_budget=MINIMUM * 2, budget_stop=50)
    services = made(engine, group)
    assert rows_of(services, Order("SELECT n")) == [1, 2, 3]
    with pytest.raises(LimitExceeded, match="daily budget"):
        rows_of(services, Order("SELECT n"))
    warns = made(engine, replace(group, budget_stop=None))
    for _ in range(3):
        assert rows_of(warns, Order("SELECT n")) == [1, 2, 3]
    (standing,) = limits.standing(warns, replace(group, budget_stop=None))
    assert standing.level is Level.WARN
    assert standing.said("USD").startswith("150 % of the daily budget of workgroup 'primary'")


def test_a_workgroup_may_refuse_what_a_session_sets(engine: FakeEngine) -> None:
    engine.answers["SET SESSION a = 'x'"] = Answer(update_type="SET SESSION")
    group = Workgroup("primary", properties={"a": "1"}, may_override=False)
    services = made(engine, group)
    other = replace(session(), properties={"a": "2"})
    with pytest.raises(LimitExceeded, match="sets a = 1 and refuses 2"):
        start_query(Order("SELECT n"), other, services)
    run_query(Order("SET SESSION a = 'x'"), other, services)
    allowed = made(engine, replace(group, may_override=True))
    assert run_query(Order("SELECT n"), other, allowed).state is QueryState.FINISHED


@pytest.mark.parametrize("place", ["local", "s3"])
def test_results_on_object_storage_are_found_from_another_machine(
    engine: FakeEngine, tmp_path: Path, place: str
) -> None:
    files = _Bucket(tmp_path / "bucket") if place == "local" else S3Files(s3(own("results")))
    location = "s3://lake/r" if place == "local" else files.address.warehouse  # type: ignore[union-attr]
    group = Workgroup("primary", result_location=location, result_keep=60)

    def here(machine: str) -> Results:
        folder = tmp_path / machine
        return Results(folder, 3600, MB, MB, tmp_path, files=lambda: files).of(group)  # type: ignore[arg-type,return-value]

    results = Results(tmp_path / "a", 3600, MB, MB, tmp_path, files=lambda: files)  # type: ignore[arg-type,return-value]
    services = made(engine, group, results=results)
    rows_of(services, Order("SELECT n"))
    id = only(services).id
    assert here("b").has(id)
    assert not here("b").has("20200101_000000_1")
    _, batches = here("b").open(id)
    assert [n for batch in batches for n in batch["n"].to_pylist()] == [1, 2, 3]
    with pytest.raises(NotFound):
        here("b").open("20200101_000000_1")
    for age, there in ((3600, True), (0, False)):
        (tmp_path / "c" / ".pruned").unlink(missing_ok=True)
        (tmp_path / "c").mkdir(exist_ok=True)
        old = replace(group, result_keep=age)
        time.sleep(1.1 if age == 0 else 0)
        results_of_c = Results(tmp_path / "c", 1, MB, MB, files=lambda: files)  # type: ignore[arg-type,return-value]
        results_of_c.of(old).prune()
        assert here("d").has(id) is there


def test_object_storage_that_is_away_fails_no_query(engine: FakeEngine, tmp_path: Path) -> None:
    def away() -> Objects:
        raise ConnectionFailed("the object storage cannot be reached")

    group = Workgroup("primary", result_location="s3://lake/r")
    services = made(engine, group, results=Results(tmp_path, 60, MB, MB, files=away))
    assert rows_of(services, Order("SELECT n")) == [1, 2, 3]
    assert Results(tmp_path, 60, MB, MB, files=away).of(group).has(only(services).id)
    assert not Results(tmp_path / "b", 60, MB, MB, files=away).of(group).has(only(services).id)


class _Bucket:
    """Object storage as a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _at(self, location: str) -> str:
        return str(self.folder / location.removeprefix("s3://"))

    def create(self, location: str) -> Any:
        return LOCAL.create(self._at(location))

    def open(self, location: str) -> Any:
        return LOCAL.open(self._at(location))

    def exists(self, location: str) -> bool:
        return LOCAL.exists(self._at(location))

    def delete(self, location: str) -> None:
        LOCAL.delete(self._at(location))

    def listed(self, location: str) -> list[str]:
        return LOCAL.listed(self._at(location))


def test_results_of_a_workgroup_are_where_it_says(engine: FakeEngine, tmp_path: Path) -> None:
    group = Workgroup("primary", result_location="of/team", result_keep=60)
    services = made(engine, group, results=Results(tmp_path / "results", 3600, MB, MB, tmp_path))
    rows_of(services, Order("SELECT n"))
    assert (tmp_path / "of" / "team" / f"{only(services).id}.arrow").exists()
    assert not (tmp_path / "results").exists()
