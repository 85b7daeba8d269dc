"""Searching a history by text, on either database: by the records, by the index, and by both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes import FakeLedger

from lakeshell.ledger.ledger import SqlLedger
from lakeshell.ledger.mysql import MysqlLedger
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState
from lakeshell.ports import HistoryFilter

TEXTS = (
    "SELECT title FROM raw.film WHERE name = 'Ünal'", "select TITLE from raw.film -- \"quoted\"",
    "SELECT 1", "x", "", "zz", "a%b_c", "SELECT 'ÉCOLE' -- '", "INSERT INTO raw.film VALUES ('a\nb')",
)  # fmt: skip
PARTS = (
    "title", "TITLE FROM", '"quoted"', "'", "''", "ünal", "école", "zz", "z", "X", "%", "_", "a%b",
    "\n", "b')", "1", " 1", "nothing", "film where name", "film  ", "--", "'ü", "É", "*", "NOT",
)  # fmt: skip


@pytest.fixture(params=["sqlite", "mysql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLedger]:
    made: SqlLedger
    if request.param == "sqlite":
        made = SqliteLedger(tmp_path / "ledger.db")
    else:
        made = MysqlLedger(request.getfixturevalue("ledger_schema"), "a ledger of tests")
    yield made
    made.close()


@pytest.fixture(params=["records", "records and index", "index", "dense index"])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of 64 queries, so that a few hundred fill some."""
    few = 10_000 if "records" in request.param else 0
    monkeypatch.setattr("lakeshell.ledger.search._FEW", few)
    monkeypatch.setattr("lakeshell.ledger.search._DIRECT", few if request.param == "records" else 0)
    monkeypatch.setattr("lakeshell.ledger.search._MANY", 5)
    for module in ("search", "texts"):
        monkeypatch.setattr(f"lakeshell.ledger.{module}.SEGMENT", 64)
    dense = 1 if request.param == "dense index" else 4
    monkeypatch.setattr("lakeshell.ledger.texts._DENSE", dense)


def record(number: int, started: int, sql: str) -> QueryRecord:
    at = datetime.fromtimestamp(started, UTC)
    user, group = "ada" if number % 2 else "bob", "etl" if number % 3 else "primary"
    state = QueryState.FAILED if number % 7 == 0 else QueryState.FINISHED
    return QueryRecord(f"q{number:04}", at, user, group, "s", "", sql, state, at)


def filters(part: str | None) -> list[HistoryFilter]:
    moment = datetime.fromtimestamp
    return [
        HistoryFilter(contains=part),
        HistoryFilter(contains=part, user="ada", limit=2),
        HistoryFilter(contains=part, workgroup="etl", user="bob", state=QueryState.FAILED),
        HistoryFilter(contains=part, since=moment(3000, UTC), until=moment(9000, UTC), limit=None),
        HistoryFilter(contains=part, among=frozenset({"primary"}), viewer="bob", limit=7),
        HistoryFilter(contains=part, among=frozenset(), viewer="eve"),
        HistoryFilter(contains=part, after="q0150", limit=20),
    ]


@pytest.mark.usefixtures("small")
def test_every_way_of_searching_finds_what_is_there(ledger: SqlLedger) -> None:
    fake = FakeLedger()
    # Written in another order than that of their start, as queries of others are taken in.
    made = [record(n, n * 7919 % 400 * 60, TEXTS[n % len(TEXTS)]) for n in range(400)]
    ledger.take_in("elsewhere", made, 1)
    fake.take_in("elsewhere", made, 1)
    assert ledger.index_texts() == 5
    assert ledger.index_texts() == 0
    late = [record(n, n * 31 % 400 * 60 + 7, TEXTS[n % len(TEXTS)]) for n in range(400, 560)]
    for one in late:
        ledger.end(one)
        fake.end(one)
    for filter in [f for part in (*PARTS, None) for f in filters(part)]:
        found, wanted = ledger.queries(filter), fake.queries(filter)
        assert [r.id for r in found] == [r.id for r in wanted], filter
    gone = datetime.fromtimestamp(12_000, UTC)
    assert ledger.prune(gone) == fake.prune(gone) > 100
    for filter in filters("film"):
        assert ledger.queries(filter) == fake.queries(filter), filter


@pytest.mark.usefixtures("small")
def test_numbers_that_come_again_are_searched(ledger: SqlLedger) -> None:
    ledger.take_in("elsewhere", [record(n, n, "SELECT old") for n in range(300)], 1)
    ledger.take_in("elsewhere", [record(n, n + 5000, "SELECT first") for n in range(300, 310)], 2)
    ledger.index_texts()
    ledger.prune(datetime.fromtimestamp(9000, UTC))
    assert ledger.queries(HistoryFilter()) == []
    later = [record(n, n, "SELECT again") for n in range(400, 700)]
    ledger.take_in("elsewhere", later, 3)
    assert len(ledger.queries(HistoryFilter(contains="again", limit=None))) == 300
    assert ledger.queries(HistoryFilter(contains="old")) == []


def test_a_text_of_many_characters_is_found_at_its_end(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakeshell.ledger.search._FEW", 0)
    for module in ("search", "texts"):
        monkeypatch.setattr(f"lakeshell.ledger.{module}.SEGMENT", 64)
    monkeypatch.setattr("lakeshell.ledger.texts._DENSE", 4)
    long = "SELECT " + ", ".join(f"'{n}'" for n in range(40_000)) + " -- needle"
    made = [record(n, n, long if n == 10 else "SELECT 1") for n in range(200)]
    ledger.take_in("elsewhere", made, 1)
    assert ledger.queries(HistoryFilter(contains="'39999' -- NEEDLE")) == [made[10]]
