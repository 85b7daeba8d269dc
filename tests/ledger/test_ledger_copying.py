"""Copying a ledger to another database, and saving what is left of a damaged file."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from lakeshell.ledger.copying import copy, is_ledger
from lakeshell.ledger.found import FoundFile
from lakeshell.ledger.ledger import SqlLedger
from lakeshell.ledger.mysql import MysqlLedger
from lakeshell.ledger.repair import damage, repair
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.ledger.sqlite_tables import STEPS
from lakeshell.model import QueryRecord, QueryState, RunRecord, WorkgroupEvent
from lakeshell.ports import HistoryFilter

NOW = datetime(2026, 11, 26, 4, 30, 0, 17, tzinfo=UTC)


def filled(path: Path, queries: int = 5) -> SqliteLedger:
    ledger = SqliteLedger(path)
    records = [
        QueryRecord(
            f"q{n:05}", NOW + timedelta(seconds=n), "Ünal", "etl", "s", "raw",
            f"SELECT '{n} \N{PILE OF POO}\n'" + "x" * (n % 50), QueryState.FINISHED,
            NOW + timedelta(seconds=n + 1), 1.0, None if n % 2 else n, n, Decimal("0.0000000001"),
            engine_id=f"t{n}", queued=0.25,
        )
        for n in range(queries)
    ]  # fmt: skip
    ledger.take_in("trino", records, 17)
    run = RunRecord("r1", "job", "load", NOW, "ada", QueryState.RUNNING, parameters={"a": "b"})
    ledger.begin_run(run)
    ledger.end_run(replace(run, state=QueryState.FAILED, finished=NOW, error="wrong"))
    ledger.keep_version("etl", "top", "SELECT 1", "ada", NOW)
    ledger.keep_version("etl", "top", "SELECT 2", "ada", NOW)
    ledger.note(WorkgroupEvent("k", NOW, "etl", "WARN", "80 %"))
    return ledger


def content(ledger: SqlLedger) -> tuple[object, ...]:
    return (
        ledger.queries(HistoryFilter(limit=None)),
        ledger.runs("job"),
        ledger.versions("etl", "top"),
        (ledger.taken_in("trino"), ledger.events("etl")),
        ledger.queries(HistoryFilter(contains="select '3")),
    )


@pytest.fixture(params=["sqlite", "mysql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> SqlLedger:
    if request.param == "sqlite":
        return SqliteLedger(tmp_path / "target.db")
    return MysqlLedger(request.getfixturevalue("ledger_schema"), "a ledger of tests")


def test_a_copy_has_all_and_is_made_again_without_harm(tmp_path: Path, target: SqlLedger) -> None:
    source = filled(tmp_path / "source.db")
    here = QueryRecord("q00003", NOW, "bob", "w", "s", "", "SELECT 'here'", QueryState.FAILED, NOW)
    target.end(here)
    added = copy(source.database, target.database)
    assert added == {
        "queries": 4,
        "runs": 1,
        "saved_versions": 2,
        "origins": 1,
        "workgroup_events": 1,
    }
    assert target.query("q00003") == here
    wanted = content(source)
    assert content(target)[1:4] == wanted[1:4]
    found = {record.id: record for record in target.queries(HistoryFilter())}
    assert found == {r.id: r for r in source.queries(HistoryFilter())} | {"q00003": here}
    again = copy(source.database, target.database)
    assert again == {
        "queries": 0,
        "runs": 0,
        "saved_versions": 0,
        "origins": 0,
        "workgroup_events": 0,
    }
    back = SqliteLedger(tmp_path / "back.db")
    copy(target.database, back.database)
    assert content(back) == content(target)
    for ledger in (source, target, back):
        ledger.close()


def test_nothing_is_wrong_with_a_new_ledger(tmp_path: Path) -> None:
    filled(tmp_path / "ledger.db").close()
    assert damage(tmp_path / "ledger.db") == ""


@pytest.mark.parametrize("at", [0.25, 0.5, 0.75])
def test_what_can_be_read_of_a_damaged_ledger_is_saved(tmp_path: Path, at: float) -> None:
    path = tmp_path / "ledger.db"
    filled(path, 3000).close()
    bytes = bytearray(path.read_bytes())
    middle = int(len(bytes) * at) // 4096 * 4096
    bytes[middle : middle + 8192] = b"\xa5" * 8192
    path.write_bytes(bytes)
    assert damage(path)
    kept, saved, lost = repair(path, NOW)
    assert kept.name == "ledger.db.damaged-20261126-043000"
    assert kept.read_bytes() == bytes, "the damaged file is as it was"
    assert damage(path) == ""
    ledger = SqliteLedger(path)
    found = ledger.queries(HistoryFilter(limit=None))
    assert len(found) == saved["queries"]
    assert len(found) == 3000 or (len(found) > 2500 and lost)
    assert all(record.sql.startswith(f"SELECT '{int(record.id[1:])} ") for record in found)
    ledger.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ledger.db", kept.name]


def test_what_stands_between_damages_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    filled(path, 3000).close()
    bytes = bytearray(path.read_bytes())
    for at in range(5, len(bytes) // 4096, 20):
        bytes[at * 4096 : at * 4096 + 8] = b"\xa5" * 8
    path.write_bytes(bytes)
    _, saved, lost = repair(path, NOW)
    assert lost
    assert 2500 < saved["queries"] < 3000
    assert damage(path) == ""


def test_of_a_file_that_was_cut_off_its_beginning_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    filled(path, 3000).close()
    whole = path.stat().st_size
    os.truncate(path, whole // 2)
    kept, saved, lost = repair(path, NOW)
    assert kept.stat().st_size == whole // 2
    assert lost
    assert saved["queries"] > 500
    assert damage(path) == ""


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE queries SET state = 'FINI' || char(7) || 'HED' WHERE number = 7",
        "UPDATE queries SET started = 'x' WHERE number = 7",
        "UPDATE queries SET started = 9000000000000000000 WHERE number = 7",
        "UPDATE queries SET elapsed = 'x', sql = x'00ff' WHERE number = 7",
        "UPDATE runs SET parameters = '{'",
    ],
)
def test_what_is_no_record_any_more_is_left_out_and_said(tmp_path: Path, change: str) -> None:
    path = tmp_path / "ledger.db"
    filled(path, 30).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(change)
    _, saved, lost = repair(path, NOW)
    assert (saved["queries"], saved["runs"]) == ((30, 0) if "runs" in change else (29, 1))
    assert len(lost) == 1
    with closing(SqliteLedger(path)) as ledger:
        assert len(ledger.queries(HistoryFilter(limit=None))) == saved["queries"]


def test_a_damaged_definition_of_an_index_loses_no_record(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    filled(path, 30).close()
    bytes = path.read_bytes()
    assert b"CREATE INDEX runs_by_kind" in bytes
    path.write_bytes(bytes.replace(b"CREATE INDEX runs_by_kind", b"CREATE IND\x00X runs_by_kind"))
    assert "damaged" in damage(path)
    _, saved, _ = repair(path, NOW)
    assert saved["queries"] == 30
    assert damage(path) == ""


def test_of_a_file_that_is_none_nothing_is_saved_but_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"no database" * 1000)
    kept, saved, _ = repair(path, NOW)
    assert kept.read_bytes() == b"no database" * 1000
    assert saved == {}
    ledger = SqliteLedger(path)
    assert ledger.counts() == {"queries": 0, "runs": 0, "saved_versions": 0}
    ledger.close()


def older(path: Path) -> None:
    """A ledger as the first Lakeshell wrote it."""
    db = sqlite3.connect(path)
    for step in STEPS[:1]:
        db.executescript(step)
    db.executescript(
        "PRAGMA user_version = 1;"
        "INSERT INTO queries VALUES ('q1', 1000000, 'bob', 'etl', 's', '', 'select film', "
        "'FAILED', 1500000, 0.5, 7, NULL, 0, 'EUR', 'X', 'wrong', 'duckdb', 'SELECT', '', '', 'eve')"
    )
    db.close()


def test_a_damaged_ledger_of_an_older_lakeshell_is_saved_too(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    older(path)
    _, saved, lost = repair(path, NOW)
    assert (saved["queries"], lost) == (1, [])
    ledger = SqliteLedger(path)
    assert ledger.query("q1").error == "wrong"
    ledger.close()


def test_a_ledger_of_an_older_lakeshell_is_copied_and_stays_as_it_was(
    tmp_path: Path, target: SqlLedger
) -> None:
    path = tmp_path / "older.db"
    older(path)
    before = path.read_bytes()
    with closing(FoundFile(path, "older.db")) as source:
        assert is_ledger(source)
        assert copy(source, target.database)["queries"] == 1
    assert (target.query("q1").error, target.query("q1").reused) == ("wrong", "")
    assert path.read_bytes() == before
    target.close()
