"""Results that are given again: only while all that the query read is what it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes import Answer, FakeEngine, FakeLedger, batch, columns
from shell import Shell

from lakeshell.cost.prices import ATHENA
from lakeshell.model import QueryRecord
from lakeshell.ports import Session
from lakeshell.query.order import Order, Services
from lakeshell.query.results import Results
from lakeshell.query.run import start_query
from lakeshell.workgroup import Workgroup

NOW = datetime(2026, 11, 24, 14, 3, 1, tzinfo=UTC)
N = columns(n="integer")
SQL = "SELECT n"
Ask = Callable[..., tuple[QueryRecord, list[int]]]


@pytest.fixture
def engine() -> FakeEngine:
    answers = {SQL: Answer(N, [batch(N, [1], [2])], scanned=100, estimate=100)}
    return FakeEngine(answers, states={SQL: {"lake.raw.t": "1"}})


@pytest.fixture
def ask(engine: FakeEngine, tmp_path: Path) -> Ask:
    services = Services(
        engine=lambda: engine,
        ledger=FakeLedger(),
        workgroup=lambda name: Workgroup(name, scan_limit=None),
        prices=ATHENA,
        results=Results(tmp_path / "results", 86_400, 2**20, 2**20),
        now=lambda: NOW,
    )

    def asked(
        reuse: int | None = 3600, user: str = "ada", group: str = "primary", **changes: Any
    ) -> tuple[QueryRecord, list[int]]:
        order = Order(SQL, changes.pop("parameters", ()), reuse=reuse)
        session = Session(user, group, database=changes.pop("database", None))
        with start_query(order, session, replace(services, **changes)) as query:
            rows = [n for found in query.batches() for n in found.column(0).to_pylist()]
        return query.record, rows

    return asked


def test_the_second_time_nothing_is_scanned(ask: Ask, engine: FakeEngine) -> None:
    first, rows = ask()
    second, again = ask()
    assert (first.reused, first.scanned, rows) == ("", 100, [1, 2])
    assert (second.reused, second.scanned, second.cost, second.rows) == (first.id, 0, 0, 2)
    assert again == rows
    assert second.result_id == first.id
    assert len(engine.started) == 1
    third, _ = ask()
    assert third.reused == first.id


def test_whoever_does_not_ask_for_it_gets_a_new_one(ask: Ask) -> None:
    first, _ = ask()
    assert ask(reuse=None)[0].reused == ""
    assert ask(reuse=0)[0].reused == ""
    always = lambda name: Workgroup(name, reuse=3600)  # noqa: E731
    assert ask(reuse=None, workgroup=always)[0].reused == first.id
    assert ask(reuse=0, workgroup=always)[0].reused == ""


@pytest.mark.parametrize(
    "changes", [{"group": "analysts"}, {"parameters": ("1",)}, {"database": "raw"}]
)
def test_another_question_has_another_answer(ask: Ask, changes: dict[str, Any]) -> None:
    ask()
    assert ask(**changes)[0].reused == ""


def test_users_of_a_server_have_their_own(ask: Ask) -> None:
    first, _ = ask()
    assert ask(user="bob")[0].reused == first.id
    own, _ = ask(engine_name="trino")
    assert own.reused == ""
    assert ask(user="bob", engine_name="trino")[0].reused == ""
    assert ask(engine_name="trino")[0].reused == own.id


def test_it_is_not_older_than_asked_for(ask: Ask) -> None:
    ask()
    later = NOW + timedelta(hours=1)
    assert ask(now=lambda: later + timedelta(seconds=1))[0].reused == ""
    assert ask(now=lambda: NOW - timedelta(days=1))[0].reused == ""


def test_a_table_that_changed_while_it_was_read_answers_for_nothing(
    ask: Ask, engine: FakeEngine
) -> None:
    class Changing(dict[str, Any]):
        count = 0

        def get(self, key: str, default: object = None) -> dict[str, str]:
            self.count += 1
            return {"lake.raw.t": str(self.count)}

    engine.states = Changing()
    ask()
    engine.states = {SQL: {"lake.raw.t": "1"}}
    assert ask()[0].reused == ""
    engine.states = {SQL: {"lake.raw.t": "2"}}
    assert ask()[0].reused == ""


def test_a_result_that_is_gone_is_made_anew(ask: Ask, tmp_path: Path) -> None:
    first, _ = ask()
    (tmp_path / "results" / f"{first.id}.arrow").unlink()
    assert ask()[0].reused == ""


def test_what_has_no_state_is_never_given_again(ask: Ask, engine: FakeEngine) -> None:
    engine.states = {}
    ask()
    assert ask()[0].reused == ""


# --- on the engine -------------------------------------------------------------------------


def reused(shell: Shell, sql: str, *words: str) -> bool:
    """Whether the statement gives an older result, the second time."""
    shell("query", "--reuse", "1d", "-d", "raw", "-e", sql, *words)
    ended = shell("query", "--reuse", "1d", "-d", "raw", "--stats", "-e", sql, *words)
    assert ended.code == 0, ended.err
    stats = json.loads(ended.err.splitlines()[-1])
    assert ("reused the result of query" in ended.err) == (stats["reused"] is not None)
    if stats["reused"] is None:
        return False
    assert (stats["scanned"], stats["cost"]) == (0, "0.00")
    return True


@pytest.fixture
def tables(shell: Shell) -> Shell:
    made = shell(
        "query", "-e",
        "CREATE SCHEMA lake.raw; CREATE TABLE raw.t AS SELECT 1 AS n, TIME '01:02:03' AS at;"
        " CREATE TABLE raw.u AS SELECT 2 AS n; CREATE VIEW raw.v AS SELECT n FROM raw.t;"
        " CREATE VIEW raw.chance AS SELECT n FROM raw.t WHERE random() >= 0",
    )  # fmt: skip
    assert made.code == 0, made.err
    return shell


def test_until_any_of_its_tables_changes(tables: Shell) -> None:
    sql = "SELECT t.n, (SELECT max(n) FROM u) FROM v AS t WHERE t.n = :n"
    ask = ("--param", "n=1")
    assert reused(tables, sql, *ask)
    kept = tables("history", "result", json.loads(
        tables("history", "--limit", "1", "--output-format", "JSON").out)["id"])  # fmt: skip
    assert kept.out == '"1","2"\n'
    for change in (
        "INSERT INTO raw.u VALUES 3",
        "INSERT INTO raw.t VALUES (1, NULL)",
        "ALTER TABLE raw.t ADD COLUMN m integer",
        "CREATE OR REPLACE VIEW raw.v AS SELECT n + 1 AS n FROM raw.t",
    ):
        assert tables("query", "-e", change).code == 0
        once = tables("query", "--reuse", "1d", "-d", "raw", "-e", sql, *ask)
        assert "reused" not in once.err, change
        assert reused(tables, sql, *ask)


@pytest.mark.parametrize(
    ("sql", "again"),
    [
        ("SELECT n FROM t", True),
        ("SELECT n FROM v", True),
        ("SELECT n AS uuid, n AS now FROM t", True),
        ("WITH w AS (SELECT 'now()' AS s) SELECT s, n FROM w, t -- now()", True),
        ("SELECT count(*) FROM t FOR VERSION AS OF (SELECT 1)", None),
        ("SELECT n, now() FROM t", False),
        ("SELECT n, current_date FROM t", False),
        ("SELECT n, LOCALTIMESTAMP FROM t", False),
        ("SELECT n FROM t WHERE random() >= 0", False),
        ('SELECT n, "rand"(5) FROM t', False),
        ("SELECT uuid /* by chance */ () FROM t", False),
        ("SELECT n FROM chance", False),
        ("SELECT n FROM t TABLESAMPLE BERNOULLI (100)", False),
        ("SELECT current_user FROM t", False),
        ("SELECT CAST(at AS timestamp) FROM t", False),
        ("SELECT CAST(TIME '01:02' AS timestamp) FROM u", False),
        ('SELECT snapshot_id FROM "t$snapshots"', False),
        ("SELECT table_name FROM information_schema.tables", False),
        ("SHOW TABLES", False),
    ],
)
def test_what_depends_on_more_is_not(tables: Shell, sql: str, again: bool | None) -> None:
    if again is None:
        assert tables("query", "--reuse", "1d", "-d", "raw", "-e", sql).code == 1
    else:
        assert reused(tables, sql) == again


def test_a_table_in_place_is_not(tables: Shell, lake: Path) -> None:
    import sqlite3

    with sqlite3.connect(lake / "shop.db") as db:
        db.execute("CREATE TABLE orders (id INTEGER)")
    db.close()
    assert tables("connection", "add", "shop", f"sqlite:///{lake / 'shop.db'}").code == 0
    assert not reused(tables, "SELECT * FROM shop.main.orders")


def test_a_workgroup_may_say_so(tables: Shell) -> None:
    assert tables("workgroup", "add", "analysts", "--reuse", "12h").code == 0
    for _ in range(2):
        ended = tables("query", "-w", "analysts", "-e", "SELECT n FROM raw.t")
    assert "reused the result" in ended.err
    assert tables("workgroup", "set", "analysts", "--reuse", "none").code == 0
    ended = tables("query", "-w", "analysts", "-e", "SELECT n FROM raw.t")
    assert "reused" not in ended.err
    assert tables("query", "--reuse", "soon", "-e", "SELECT 1").code == 2
