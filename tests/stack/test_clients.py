"""Queries of other clients as records: whose they are, what they cost, and which are our own."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pymysql
import pytest
from fakes import FakeLedger

from lakeshell import serve
from lakeshell.errors import ConnectionFailed
from lakeshell.model import QueryRecord, QueryState
from lakeshell.ports import HistoryFilter
from lakeshell.query.statement import statement_kind
from lakeshell.stack import probe
from lakeshell.stack.clients import Reading, take_in
from lakeshell.stack.events import Event, events
from lakeshell.stack.installation import Installation
from lakeshell.workgroup import Workgroup

GROUPS = (
    Workgroup("analysts", members=("ada", "bob"), tags=("reports",)),
    Workgroup("etl"),
    Workgroup("finance", members=("bob", "eve")),
)
EVENT = Event(
    number=1, id="20261126_043429_06133_7u9wj", sql="SELECT 1", prepared=None, state="FINISHED",
    user="zoe", trace="", tags=(), source="bi", catalog="lake", schema="raw", group="global",
    kind="SELECT", error_code="", error="", elapsed=1694, queued=10, planned=89, scanned=2471,
    output_rows=3, written_rows=0, read=("lake",),
)  # fmt: skip
OWN = QueryRecord(
    "own", datetime(2026, 11, 26, 4, tzinfo=UTC), "ada", "analysts", "lakeshell", "raw",
    "SELECT 1", QueryState.RUNNING,
)  # fmt: skip


def reading() -> Reading:
    def cost(state: QueryState, kind: str, scanned: int | None, writes: bool) -> Decimal | None:
        return None if scanned is None else Decimal(scanned * (100 if writes else 1))

    return Reading(GROUPS, {"movies"}, statement_kind, cost, "USD")


def changed(**changes: object) -> QueryRecord:
    return reading().record(replace(EVENT, **changes))  # type: ignore[arg-type]


def test_an_event_is_a_record() -> None:
    started = datetime(2026, 11, 26, 4, 34, 29, tzinfo=UTC)
    assert changed() == QueryRecord(
        "20261126_043429_06133_7u9wj", started, "zoe", "unmatched", "bi", "raw", "SELECT 1",
        QueryState.FINISHED, started + timedelta(milliseconds=1694), 1.694, 2471, 3, Decimal(2471),
        "USD", "", "", "trino", "SELECT", "", "20261126_043429_06133_7u9wj", 0.01, 0.089,
    )  # fmt: skip


def test_what_is_read_in_place_is_not_metered() -> None:
    assert changed(read=("movies",), scanned=0).scanned is None
    assert changed(read=("movies",), scanned=0).cost is None
    assert changed(read=("movies", "lake")).scanned == 2471
    assert changed(read=(), scanned=0).scanned == 0


def test_rows_are_those_that_came_back_or_were_written() -> None:
    made = changed(sql="INSERT INTO t SELECT 1", kind="INSERT", output_rows=1, written_rows=70)
    assert (made.rows, made.kind, made.cost) == (70, "INSERT", 247100)
    assert changed(state="FAILED", error_code="DIVISION_BY_ZERO").rows is None


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("DIVISION_BY_ZERO", "FAILED"), ("USER_CANCELED", "CANCELLED"), ("", "FAILED"),
        ("EXCEEDED_SCAN_LIMIT", "REFUSED"), ("QUERY_QUEUE_FULL", "REFUSED"),
        ("ADMINISTRATIVELY_KILLED", "CANCELLED"),
    ],
)  # fmt: skip
def test_states_of_what_did_not_finish(code: str, state: str) -> None:
    assert changed(state="FAILED", error_code=code).state.value == state


@pytest.mark.parametrize(
    ("changes", "workgroup"),
    [
        ({"group": "cluster.etl", "user": "ada"}, "etl"),
        ({"group": "cluster.finance-over-budget", "user": "zoe"}, "finance"),
        ({"group": "global", "tags": ("etl", "x")}, "etl"),
        ({"group": "global", "tags": ("reports",), "user": "ada"}, "analysts"),
        ({"group": "global", "tags": ("reports",), "user": "zoe"}, "unmatched"),
        ({"group": "global", "user": "bob"}, "analysts"),
        ({"group": "global", "user": "eve"}, "finance"),
        ({"group": ""}, "unmatched"),
    ],
)
def test_a_query_is_of_the_workgroup_that_held_it(
    changes: dict[str, object], workgroup: str
) -> None:
    assert changed(**changes).workgroup == workgroup


def test_what_serve_stopped_was_refused_and_says_why() -> None:
    said = "Query was killed. Lakeshell stopped it: it scanned 7 GB"
    made = changed(state="FAILED", error_code="ADMINISTRATIVELY_KILLED", error=said)
    assert (made.state, made.error) == (QueryState.REFUSED, "it scanned 7 GB")


def test_a_prepared_statement_is_shown_with_what_it_ran() -> None:
    made = changed(sql="EXECUTE s USING 1", prepared="SELECT /* x */ ?")
    assert made.sql == "EXECUTE s USING 1 /* SELECT /* x * / ? */"
    immediate = "EXECUTE IMMEDIATE 'SELECT 1'"
    assert changed(sql=immediate, prepared="SELECT 1").sql == immediate


def test_an_id_that_is_no_moment_is_long_ago() -> None:
    assert changed(id="strange").started.year == 1970


def taken(ledger: FakeLedger, *events: Event) -> int:
    return take_in([events], "trino", ledger, reading())


def test_own_queries_are_not_taken_in_twice() -> None:
    ledger = FakeLedger()
    ended = replace(OWN, state=QueryState.FINISHED, finished=OWN.started, engine_id="trino_2")
    ledger.end(ended)
    rewording = replace(EVENT, id="trino_1", trace="own", state="FAILED",
                        error_code="HIVE_UNSUPPORTED_FORMAT", number=4)  # fmt: skip
    assert taken(ledger, rewording, replace(EVENT, id="trino_2", trace="own", number=5)) == 0
    assert list(ledger.queries(HistoryFilter())) == [ended]
    assert ledger.taken_in("trino") == 5


def test_what_lakeshell_sends_beside_a_query_is_none_of_its_own() -> None:
    ledger = FakeLedger()
    aside = replace(EVENT, sql="EXPLAIN SELECT 1", kind="EXPLAIN", scanned=0, trace="a0" * 16,
                    tags=("primary", "lakeshell", "a0" * 16))  # fmt: skip
    others = (
        replace(aside, id="20261126_1", sql="EXPLAIN ANALYZE SELECT 1"),
        replace(aside, id="20261126_2", sql="SELECT 1"),
        replace(aside, id="20261126_3", trace="20261126_043429_00001_aaaaa"),
        replace(aside, id="20261126_4", tags=()),
        replace(aside, id="20261126_5", scanned=1),
    )
    assert taken(ledger, aside, replace(aside, sql="SET SESSION a = 1", id="x"), *others) == 5


def test_its_questions_to_a_server_that_starts_are_nobodys_queries() -> None:
    ledger = FakeLedger()
    asked = replace(EVENT, sql=probe.NODES, source=probe.SOURCE)
    others = [
        replace(asked, id="20261126_1", sql="SELECT 1"),
        replace(asked, id="20261126_2", source="trino-cli"),
    ]
    assert taken(ledger, asked, *others) == 2


def test_who_sends_the_mark_of_an_old_query_hides_nothing() -> None:
    ledger = FakeLedger()
    ledger.end(replace(OWN, state=QueryState.FINISHED, finished=OWN.started, engine_id="trino_2"))
    assert taken(ledger, replace(EVENT, trace="own")) == 1
    assert {record.id for record in ledger.queries(HistoryFilter())} == {"own", EVENT.id}


def test_a_killed_query_gets_what_its_server_knows_of_it() -> None:
    ledger = FakeLedger()
    dead = replace(OWN, state=QueryState.FAILED, finished=OWN.started, error_code="ABANDONED")
    ledger.end(dead)
    assert taken(ledger, replace(EVENT, trace="own")) == 0
    found = ledger.query("own")
    assert (found.state, found.error_code, found.scanned, found.rows) == (
        QueryState.FINISHED, "", 2471, 3,
    )  # fmt: skip
    assert (found.cost, found.engine_id, found.workgroup) == (2471, EVENT.id, "analysts")
    assert taken(ledger, replace(EVENT, id="20261126_1", trace="own", number=2)) == 1


def test_a_cancelled_query_of_a_killed_process_stays_one_and_is_charged() -> None:
    ledger = FakeLedger()
    ledger.end(replace(OWN, state=QueryState.FAILED, finished=OWN.started, error_code="ABANDONED"))
    taken(ledger, replace(EVENT, trace="own", state="FAILED", error_code="ABANDONED_QUERY"))
    found = ledger.query("own")
    assert (found.state, found.error_code, found.cost) == (QueryState.FAILED, "ABANDONED", 2471)


def test_a_query_that_still_runs_here_is_left_to_its_process() -> None:
    ledger = FakeLedger()
    ledger.begin(OWN)
    assert taken(ledger, replace(EVENT, trace="own")) == 0
    assert ledger.query("own") == OWN


def test_a_control_that_goes_meanwhile_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def execute(self, sql: str, values: object = ()) -> int:
            raise pymysql.err.OperationalError(2013, "Lost connection")

    monkeypatch.setattr("lakeshell.stack.events.cursor", lambda *_: nullcontext(Gone()))
    with pytest.raises(ConnectionFailed, match="Lost connection"):
        list(events(Installation(Path(), {}, {}), 0))


def test_a_table_that_trino_has_not_made_has_no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    class Empty:
        def execute(self, sql: str, values: object = ()) -> int:
            raise pymysql.err.ProgrammingError(1146, "Table 'trino.trino_queries' doesn't exist")

    monkeypatch.setattr("lakeshell.stack.events.cursor", lambda *_: nullcontext(Empty()))
    assert list(events(Installation(Path(), {}, {}), 0)) == []


def test_serve_says_once_what_hinders_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ["gone", "gone", "", "gone"]
    answers = [True, True, True, False, True]
    monkeypatch.setattr("lakeshell.history.catch_up", lambda lake: said.pop(0))
    lake = SimpleNamespace(stack=SimpleNamespace(answers=lambda service: answers.pop(0)))
    task = serve._CatchUp(lake)  # type: ignore[arg-type]
    assert [task.act() for _ in range(5)] == ["gone", "", "", "", "gone"]
