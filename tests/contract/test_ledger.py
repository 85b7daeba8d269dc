"""What every ledger promises, real and fake alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import FakeLedger

from lakeshell.errors import NotFound, UsageError
from lakeshell.ledger.mysql import MysqlLedger
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState, RunRecord, WorkgroupEvent
from lakeshell.ports import HistoryFilter, Ledger

T0 = datetime(2026, 11, 24, 14, 3, 1, 250_000, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "mysql", "fake"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    made: Ledger = FakeLedger()
    if request.param == "sqlite":
        made = SqliteLedger(tmp_path / "ledger.db")
    elif request.param == "mysql":
        made = MysqlLedger(request.getfixturevalue("ledger_schema"), "a ledger of tests")
    yield made
    made.close()


def query(ledger: Ledger, sql: str = "SELECT 1", **changes: object) -> QueryRecord:
    record = QueryRecord(
        id=ledger.new_id(),
        started=T0,
        user="ada",
        workgroup="primary",
        source="lakeshell",
        database="raw",
        sql=sql,
        state=QueryState.RUNNING,
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def ended(record: QueryRecord, **changes: object) -> QueryRecord:
    done = replace(
        record,
        state=QueryState.FINISHED,
        finished=T0 + timedelta(seconds=2),
        elapsed=2.0,
        scanned=1234,
        rows=5,
        cost=Decimal("0.0000476837"),
    )
    return replace(done, **changes)  # type: ignore[arg-type]


def job(ledger: Ledger, **changes: object) -> RunRecord:
    record = RunRecord(
        id=ledger.new_id(),
        kind="job",
        name="load_film",
        started=T0,
        user="ada",
        state=QueryState.RUNNING,
        parameters={"day": "2026-11-24", "ü": "'\n"},
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def test_a_query_comes_back_as_it_was(ledger: Ledger) -> None:
    record = query(ledger, "SELECT 'ü\n\x1b;' -- \N{PILE OF POO}", job_run="r1", kind="SELECT")
    ledger.begin(record)
    assert ledger.query(record.id) == record
    done = ended(record, error="a\nb", error_code="X", queued=0.5, planned=0.25, reused="q0")
    ledger.end(done)
    assert ledger.query(record.id) == done


def test_what_is_not_metered_is_not_zero(ledger: Ledger) -> None:
    record = query(ledger)
    ledger.begin(record)
    ledger.end(ended(record, scanned=None, cost=None))
    found = ledger.query(record.id)
    assert found.scanned is None
    assert found.cost is None


def test_a_query_once_ended_is_not_ended_again(ledger: Ledger) -> None:
    record = query(ledger)
    ledger.begin(record)
    ledger.end(ended(record))
    ledger.end(ended(record, state=QueryState.FAILED, rows=None))
    assert ledger.query(record.id).state is QueryState.FINISHED


def test_what_was_given_up_with_its_process_can_still_end(ledger: Ledger) -> None:
    record = query(ledger)
    ledger.end(ended(record, state=QueryState.FAILED, error_code="ABANDONED", cost=None))
    ledger.end(ended(record))
    assert ledger.query(record.id) == ended(record)


def test_a_query_that_was_never_begun_can_be_ended(ledger: Ledger) -> None:
    record = ended(query(ledger), state=QueryState.REFUSED)
    ledger.end(record)
    assert ledger.query(record.id) == record


def test_the_beginning_of_an_id_will_do_if_it_is_the_only_one(ledger: Ledger) -> None:
    first, second = (
        query(ledger, id="20261124_140301_00001_aaaaa"),
        query(ledger, id="20261124_140301_00002_aaaaa"),
    )
    ledger.begin(first)
    ledger.begin(second)
    assert ledger.query("20261124_140301_00001").id == first.id
    for wrong in ("20261124", "2025", "", "%", "20261124_140301_00001_aaaaab"):
        with pytest.raises(NotFound):
            ledger.query(wrong)


def test_an_id_that_begins_another_is_still_itself(ledger: Ledger) -> None:
    for id in ("a", "ab"):
        ledger.begin(query(ledger, id=id))
    assert ledger.query("a").id == "a"


def test_newest_first_and_filters(ledger: Ledger) -> None:
    made = [
        query(ledger, "SELECT A", started=T0),
        query(ledger, "select b", started=T0 + timedelta(hours=1), workgroup="analysts"),
        query(ledger, "SELECT c", started=T0 + timedelta(hours=2), user="bob"),
    ]
    for record in made:
        ledger.begin(record)
    ledger.end(ended(made[1], state=QueryState.FAILED))

    def found(**filters: object) -> list[str]:
        return [r.sql for r in ledger.queries(HistoryFilter(**filters))]  # type: ignore[arg-type]

    assert found() == ["SELECT c", "select b", "SELECT A"]
    assert found(limit=2) == ["SELECT c", "select b"]
    assert found(limit=None, workgroup="analysts") == ["select b"]
    assert found(user="bob") == ["SELECT c"]
    assert found(state=QueryState.FAILED) == ["select b"]
    assert found(contains="SELECT B") == ["select b"]
    assert found(contains="%") == []
    assert found(since=T0 + timedelta(hours=1)) == ["SELECT c", "select b"]
    assert found(until=T0 + timedelta(hours=1)) == ["SELECT A"]


def test_only_what_may_be_seen(ledger: Ledger) -> None:
    for sql, user, group in (
        ("a", "ada", "analysts"), ("b", "bob", "analysts"), ("c", "bob", "primary"),
        ("d", "ada", "gone"),
    ):  # fmt: skip
        ledger.begin(query(ledger, sql, user=user, workgroup=group))

    def seen(viewer: str, *among: str) -> list[str]:
        filter = HistoryFilter(among=frozenset(among), viewer=viewer)
        return [r.sql for r in ledger.queries(filter)]

    assert seen("eve", "primary") == ["c"]
    assert seen("eve") == []
    assert seen("bob", "primary") == ["c", "b"]
    assert seen("ada", "primary", "analysts") == ["d", "c", "b", "a"]


def test_a_history_is_read_page_by_page(ledger: Ledger) -> None:
    made = [query(ledger, str(i), started=T0 + timedelta(seconds=i // 3)) for i in range(10)]
    for record in made:
        ledger.begin(record)
    pages, after = [], None
    while page := ledger.queries(HistoryFilter(limit=4, after=after)):
        pages.append([record.sql for record in page])
        after = page[-1].id
    assert pages == [["9", "8", "7", "6"], ["5", "4", "3", "2"], ["1", "0"]]


def test_old_queries_are_forgotten_but_not_what_runs(ledger: Ledger) -> None:
    for i in range(5):
        record = query(ledger, str(i), started=T0 + timedelta(days=i))
        ledger.begin(record)
        if i != 1:
            ledger.end(ended(record))
    assert ledger.prune(T0) == 0
    assert ledger.prune(T0 + timedelta(days=4), 1) == 1
    assert [r.sql for r in ledger.queries(HistoryFilter())] == ["4", "3", "2", "1"]
    assert ledger.prune(T0 + timedelta(days=4)) == 2
    assert [r.sql for r in ledger.queries(HistoryFilter())] == ["4", "1"]
    assert ledger.queries(HistoryFilter(contains="3")) == []


def test_queries_of_one_moment_are_in_order_of_their_ids(ledger: Ledger) -> None:
    records = [query(ledger, str(i)) for i in range(5)]
    for record in reversed(records):
        ledger.begin(record)
    assert [r.sql for r in ledger.queries(HistoryFilter())] == ["4", "3", "2", "1", "0"]


def test_a_query_that_waited_runs(ledger: Ledger) -> None:
    record = query(ledger, state=QueryState.QUEUED)
    ledger.begin(record)
    assert ledger.query(record.id).state is QueryState.QUEUED
    ledger.moved(record.id, QueryState.RUNNING)
    assert ledger.query(record.id).state is QueryState.RUNNING
    ledger.end(ended(record))
    ledger.moved(record.id, QueryState.RUNNING)
    assert ledger.query(record.id).state is QueryState.FINISHED


def test_queries_of_others_are_taken_in_once(ledger: Ledger) -> None:
    own, waiting = ended(query(ledger, "own")), query(ledger, "killed")
    ledger.end(own)
    ledger.begin(waiting)
    others = [ended(query(ledger, str(i), started=T0 + timedelta(seconds=i))) for i in range(3)]
    assert ledger.taken_in("trino") == 0
    assert ledger.take_in("trino", others[:2], 7) == 2
    mended = ended(waiting, engine_id="20261124_1")
    assert ledger.take_in("trino", [own, *others], 5, [mended]) == 1
    assert ledger.taken_in("trino") == 5
    assert ledger.taken_in("elsewhere") == 0
    found = {record.id: record for record in ledger.queries(HistoryFilter())}
    assert found == {record.id: record for record in (own, mended, *others)}
    again = ended(waiting, engine_id="20261124_2", rows=17)
    assert ledger.take_in("trino", [], 8, [again]) == 0
    assert ledger.query(waiting.id) == mended
    assert ledger.held([own.id, "nothing", others[2].id]) == {own.id: own, others[2].id: others[2]}


def test_what_may_be_seen_is_searched_and_paged_like_the_rest(ledger: Ledger) -> None:
    for i in range(12):
        record = query(
            ledger, f"SELECT {i % 2} -- film", started=T0 + timedelta(minutes=i * 7 % 12),
            user=("ada", "bob", "eve")[i % 3], workgroup=("etl", "audit", "primary", "gone")[i % 4],
        )  # fmt: skip
        ledger.end(ended(record))
    seen = HistoryFilter(among=frozenset({"etl", "primary"}), viewer="bob", limit=3)
    whole = ledger.queries(replace(seen, limit=None))
    assert 6 < len(whole) < 12
    assert {r.workgroup for r in whole if r.user != "bob"} == {"etl", "primary"}
    pages, after = [], None
    while page := ledger.queries(replace(seen, after=after, contains="FILM")):
        pages += page
        after = page[-1].id
    assert pages == whole
    assert ledger.queries(replace(seen, workgroup="audit", contains="1")) == [
        r for r in whole if r.workgroup == "audit" and "1" in r.sql
    ]


def test_a_request_to_cancel_reaches_the_runner(ledger: Ledger) -> None:
    record = query(ledger)
    ledger.begin(record)
    assert ledger.cancel_requested(record.id) is None
    assert ledger.request_cancel(record.id[:-1], "bob").id == record.id
    assert ledger.cancel_requested(record.id) == "bob"


def test_what_has_ended_cannot_be_cancelled(ledger: Ledger) -> None:
    record = query(ledger)
    ledger.begin(record)
    ledger.end(ended(record))
    with pytest.raises(UsageError):
        ledger.request_cancel(record.id, "bob")
    with pytest.raises(NotFound):
        ledger.request_cancel("nothing", "bob")


def test_money_adds_up_exactly(ledger: Ledger) -> None:
    for _ in range(1000):
        record = query(ledger)
        ledger.begin(record)
        ledger.end(ended(record, cost=Decimal("0.0000000001")))
    for changes in (
        {"workgroup": "analysts", "cost": Decimal(7)},
        {"currency": "EUR", "cost": Decimal(9)},
        {"started": T0 - timedelta(seconds=1), "cost": Decimal(11)},
        {"cost": None},
    ):
        ledger.end(ended(query(ledger), **changes))
    spent = ledger.spent("primary", T0, currency="USD")
    assert spent == Decimal("0.0000001")
    assert ledger.spent("primary", T0 - timedelta(days=1), T0, currency="USD") == 11
    assert ledger.spent("nobody", T0, currency="USD") == 0


def test_usage_by_each_key(ledger: Ledger) -> None:
    run = job(ledger, state=QueryState.FINISHED, elapsed=60.0, cost=Decimal("0.5"), finished=T0)
    ledger.begin_run(run)
    ledger.end_run(run)
    for changes in (
        {"cost": Decimal("0.25"), "scanned": 100},
        {"cost": Decimal("0.25"), "scanned": None, "started": T0 + timedelta(days=1)},
        {"cost": Decimal(1), "workgroup": "analysts", "user": "bob", "job_run": run.id},
    ):
        ledger.end(ended(query(ledger), **changes))
    since, until = T0 - timedelta(days=1), T0 + timedelta(days=10)

    def used(by: str, workgroup: str | None = None) -> list[tuple[object, ...]]:
        rows = ledger.usage(since, until, by, workgroup)
        return [(u.kind, u.key, u.count, u.scanned, u.cost) for u in rows]

    half = Decimal("0.5")
    assert used("workgroup") == [
        ("query", "analysts", 1, 1234, 1),
        ("query", "primary", 2, 100, half),
        ("job", "", 1, None, half),
    ]
    assert used("workgroup", "analysts") == [("query", "analysts", 1, 1234, 1)]
    assert used("user") == [
        ("query", "ada", 2, 100, half),
        ("query", "bob", 1, 1234, 1),
        ("job", "ada", 1, None, half),
    ]
    assert used("day") == [
        ("query", "2026-11-24", 2, 1334, Decimal("1.25")),
        ("query", "2026-11-25", 1, None, Decimal("0.25")),
        ("job", "2026-11-24", 1, None, half),
    ]
    assert used("job") == [
        ("query", "", 2, 100, half),
        ("query", "load_film", 1, 1234, 1),
        ("job", "load_film", 1, None, half),
    ]
    assert used("month") == [
        ("query", "2026-11", 3, 1334, Decimal("1.5")),
        ("job", "2026-11", 1, None, half),
    ]
    crawl = job(ledger, kind="crawler", name="movies", state=QueryState.FINISHED, cost=half)
    ledger.end_run(replace(crawl, finished=T0, elapsed=2.0))
    assert used("crawler") == [
        ("query", "", 3, 1334, Decimal("1.5")),
        ("crawler", "movies", 1, None, half),
        ("job", "", 1, None, half),
    ]
    assert used("job")[2:] == [
        ("crawler", "", 1, None, half),
        ("job", "load_film", 1, None, half),
    ]
    assert ledger.usage(until, until, "user") == []


def test_the_dearest_queries_come_first(ledger: Ledger) -> None:
    for sql, cost, user in (("a", "0.5", "ada"), ("b", "2", "bob"), ("c", "1", "ada")):
        ledger.end(ended(query(ledger, sql, user=user), cost=Decimal(cost)))
    ledger.end(ended(query(ledger, "free"), cost=Decimal(0)))
    ledger.end(ended(query(ledger, "in place"), cost=None))
    ledger.end(ended(query(ledger, "before", started=T0 - timedelta(days=9)), cost=Decimal(9)))

    def found(**filters: object) -> list[str]:
        wanted = HistoryFilter(since=T0 - timedelta(days=1), **filters)  # type: ignore[arg-type]
        return [record.sql for record in ledger.dearest(wanted)]

    assert found() == ["b", "c", "a"]
    assert found(limit=1) == ["b"]
    assert found(user="ada") == ["c", "a"]
    assert found(among=frozenset(), viewer="bob") == ["b"]


def test_what_decides_a_price_is_counted(ledger: Ledger) -> None:
    for changes in (
        {"scanned": 10}, {"scanned": 1}, {"scanned": 11}, {"scanned": None}, {"scanned": 0},
        {"scanned": 0, "rows": 0}, {"state": QueryState.FAILED}, {"reused": "q", "scanned": 0},
        {"workgroup": "others"}, {"started": T0 - timedelta(days=2)},
    ):  # fmt: skip
        ledger.end(ended(query(ledger, kind="SELECT"), **changes))
    since, until = T0 - timedelta(days=1), T0 + timedelta(days=1)
    found = ledger.scan_counts(since, until, 10, "primary")
    assert [(s.state.value, s.wrote, s.reused, s.units, s.count, s.scanned) for s in found] == [
        ("FAILED", True, False, 124, 1, 1234),
        ("FINISHED", False, False, 0, 1, 0),
        ("FINISHED", True, False, None, 1, 0),
        ("FINISHED", True, False, 0, 1, 0),
        ("FINISHED", True, False, 1, 2, 11),
        ("FINISHED", True, False, 2, 1, 11),
        ("FINISHED", True, True, 0, 1, 0),
    ]
    assert sum(s.count for s in ledger.scan_counts(since, until, 10)) == 9


def test_runs_are_counted_by_begun_seconds(ledger: Ledger) -> None:
    for kind, elapsed, dpu, size in (
        ("job", 1.2, 1, 5), ("job", 2.0, 1, 7), ("job", 2.0, 2, None), ("crawler", 0.1, 1, None),
        ("service", 3600.0, 1, 2**30),
    ):  # fmt: skip
        run = job(ledger, kind=kind, elapsed=elapsed, dpu=dpu, bytes=size, finished=T0)
        ledger.end_run(replace(run, state=QueryState.FINISHED))
    ledger.begin_run(job(ledger))
    found = ledger.run_counts(T0, T0 + timedelta(days=1))
    assert [(r.kind, r.seconds, r.dpu, r.memory, r.count) for r in found] == [
        ("crawler", 1, 1, 0, 1),
        ("job", 2, 1, 0, 2),
        ("job", 2, 2, 0, 1),
        ("service", 3600, 1, 2**30, 1),
    ]
    assert ledger.run_counts(T0 - timedelta(days=1), T0) == []


def test_a_run_comes_back_as_it_was(ledger: Ledger) -> None:
    record = job(ledger)
    ledger.begin_run(record)
    assert ledger.run(record.id) == record
    done = replace(
        record,
        state=QueryState.FINISHED,
        finished=T0,
        elapsed=1.5,
        rows=10,
        bytes=20,
        cost=Decimal("0.0073333333"),
        detail="1 files",
    )
    ledger.end_run(done)
    assert ledger.run(record.id[:-2]) == done
    with pytest.raises(NotFound):
        ledger.run("nothing")


def test_runs_of_a_kind_and_name_newest_first(ledger: Ledger) -> None:
    for i, (kind, name) in enumerate([("job", "a"), ("job", "b"), ("crawler", "a"), ("job", "a")]):
        ledger.begin_run(
            job(ledger, kind=kind, name=name, attempt=i + 1, started=T0 + timedelta(seconds=i))
        )
    assert [r.attempt for r in ledger.runs("job")] == [4, 2, 1]
    assert [r.attempt for r in ledger.runs("job", "a")] == [4, 1]
    assert [r.attempt for r in ledger.runs("job", "a", 1)] == [4]
    assert [r.attempt for r in ledger.runs("crawler", limit=None)] == [3]


def test_ids_sort_by_time_and_are_never_given_twice(ledger: Ledger) -> None:
    ids = [ledger.new_id() for _ in range(20_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_versions_of_saved_queries_count_changes(ledger: Ledger) -> None:
    first = ledger.keep_version("analysts", "top", "SELECT 1", "ada", T0)
    assert (first.version, first.saved, first.user, first.text) == (1, T0, "ada", "SELECT 1")
    again = ledger.keep_version("analysts", "top", "SELECT 1", "bob", T0 + timedelta(days=1))
    assert again == first
    second = ledger.keep_version("analysts", "top", "SELECT 2", "bob", T0 + timedelta(days=1))
    back = ledger.keep_version("analysts", "top", "SELECT 1", "bob", T0 + timedelta(days=2))
    assert ledger.versions("analysts", "top") == [first, second, back]
    assert ledger.versions("others", "top") == []
    ledger.keep_version("analysts", "best", "SELECT 0", "ada", T0 + timedelta(days=3))
    assert ledger.saved_at("analysts", first.saved) == ["top"]
    ledger.move_versions("analysts", "top", "best")
    assert ledger.versions("analysts", "top") == []
    assert ledger.saved_at("analysts", first.saved) == ["best"]
    assert ledger.saved_at("analysts", second.saved) == ledger.saved_at("others", T0) == []
    assert [v.text for v in ledger.versions("analysts", "best")] == [
        "SELECT 1",
        "SELECT 2",
        "SELECT 1",
    ]


def test_an_event_is_kept_once_and_the_newest_come_first(ledger: Ledger) -> None:
    warned = WorkgroupEvent("a:daily:warn", T0, "a", "WARN", "80 % of a’s budget is spent")
    stopped = WorkgroupEvent(
        "a:stopped:1", T0 + timedelta(seconds=1), "a", "CANCELLED", "it scanned", "ada", "2026_1"
    )
    assert ledger.note(warned)
    assert not ledger.note(replace(warned, detail="again"))
    assert ledger.note(stopped)
    assert ledger.note(WorkgroupEvent("b:daily:warn", T0, "b", "WARN", ""))
    assert ledger.events("a") == [stopped, warned]
    assert ledger.events("a", limit=1) == [stopped]
    assert len(ledger.events()) == 3
    assert ledger.events("none") == []
