"""The SQLite ledger among many processes, killed ones, and with files that are no ledger."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import FakeLedger

from lakeshell.errors import ConfigurationError
from lakeshell.ledger import identity
from lakeshell.ledger.migrations import STEPS
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState, RunRecord
from lakeshell.ports import HistoryFilter

WRITER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState
def write(writer):
    ledger = SqliteLedger(Path(sys.argv[1]))
    for i in range(int(sys.argv[2])):
        now = datetime.now(UTC)
        record = QueryRecord(ledger.new_id(), now, "ada", "primary", "test", "raw", f"SELECT {i}",
                             QueryState.RUNNING)
        ledger.begin(record)
        ledger.end(replace(record, state=QueryState.FINISHED, finished=now))
with ThreadPoolExecutor(5) as pool:
    list(pool.map(write, range(5)))
"""
VICTIM = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState, RunRecord
ledger = SqliteLedger(Path(sys.argv[1]))
now = datetime.now(UTC)
ledger.begin(QueryRecord("q1", now, "ada", "primary", "test", "raw", "SELECT 1", QueryState.RUNNING))
ledger.begin_run(RunRecord("r1", "job", "load", now, "ada", QueryState.RUNNING))
print("begun", flush=True)
time.sleep(60)
"""


def test_many_processes_make_and_fill_a_new_ledger_at_once(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.db"
    # Ten processes, each with five connections of its own: fifty writers.
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), "4"]) for _ in range(10)]
    assert [writer.wait(120) for writer in writers] == [0] * 10
    ledger = SqliteLedger(path)
    found = ledger.queries(HistoryFilter(limit=None))
    texts = ledger.queries(HistoryFilter(limit=None, contains="select 3"))
    ledger.close()
    assert len(found) == 200
    assert len(texts) == 50
    assert {record.state for record in found} == {QueryState.FINISHED}
    assert len({record.id for record in found}) == 200
    newest_first = sorted(found, key=lambda r: (r.started, r.id), reverse=True)
    assert found == newest_first


def test_what_a_killed_process_ran_is_shown_as_failed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    assert victim.stdout.readline() == "begun\n"
    ledger = SqliteLedger(path)
    assert ledger.query("q1").state is QueryState.RUNNING
    assert ledger.run("r1").state is QueryState.RUNNING
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    victim.stdout.close()
    query, run = ledger.query("q1"), ledger.run("r1")
    ledger.close()
    assert (query.state, query.error_code) == (QueryState.FAILED, "ABANDONED")
    assert query.finished is not None
    assert "killed" in query.error
    assert (run.state, "killed" in run.error) == (QueryState.FAILED, True)


def test_a_process_id_that_was_given_again_is_another_process() -> None:
    mine = identity.this_process()
    assert not identity.is_gone(mine)
    host, boot, pid, start = mine.split(" ")
    assert identity.is_gone(f"{host} {boot} {pid} {int(start) + 1}")
    assert identity.is_gone(f"{host} otherboot {pid} {start}")
    assert not identity.is_gone(f"elsewhere {boot} 1 {start}")
    assert not identity.is_gone("")


def test_ids_go_on_when_the_clock_stands_still() -> None:
    first, second = identity.new_id(), identity.new_id()
    assert first < second
    told = identity.new_id(datetime(2026, 11, 24, 14, 3, 1, 250_017, tzinfo=UTC))
    assert told.startswith("20261124_140301_25001_")


def test_a_ledger_of_a_newer_lakeshell_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    SqliteLedger(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    db.close()
    with pytest.raises(ConfigurationError, match="newer"):
        SqliteLedger(path)


@pytest.mark.parametrize("content", [b"no database at all, certainly not one", b"\0" * 5000])
def test_a_file_that_is_no_ledger_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"ledger\.db"):
        SqliteLedger(path)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError):
        SqliteLedger(tmp_path / "file" / "ledger.db")


def test_a_ledger_of_an_older_lakeshell_keeps_its_queries(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    db = sqlite3.connect(path)
    for step in STEPS[:3]:
        db.executescript(step)
    db.executescript(
        "PRAGMA user_version = 3;"
        "INSERT INTO queries VALUES ('q2', 2000000, 'ada', 'primary', 's', 'raw', 'SELECT ü', "
        "'FINISHED', 3000000, 1.0, NULL, 5, 12345, 'USD', '', '', 'trino', 'SELECT', 'r1', '', NULL,"
        " 'trino_1');"
        "INSERT INTO queries VALUES ('q1', 1000000, 'bob', 'etl', 's', '', 'select film', "
        "'FAILED', 1500000, 0.5, 7, NULL, 0, 'EUR', 'X', 'wrong', 'duckdb', 'SELECT', '', '', 'eve',"
        " '');"
    )
    db.close()
    ledger = SqliteLedger(path)
    second, first = ledger.queries(HistoryFilter())
    found = [ledger.queries(HistoryFilter(contains=text)) for text in ("FILM", "Ü", "lm")]
    ledger.close()
    at = datetime.fromtimestamp
    assert second == QueryRecord(
        "q2", at(2, UTC), "ada", "primary", "s", "raw", "SELECT ü", QueryState.FINISHED, at(3, UTC),
        1.0, None, 5, Decimal("0.0000012345"), "USD", "", "", "trino", "SELECT", "r1", "trino_1",
    )  # fmt: skip
    assert (first.id, first.state, first.scanned, first.error) == (
        "q1",
        QueryState.FAILED,
        7,
        "wrong",
    )
    assert found == [[first], [second], [first]]


TEXTS = (
    "SELECT title FROM raw.film WHERE name = 'Ünal'", "select TITLE from raw.film -- \"quoted\"",
    "SELECT 1", "x", "", "zz", "a%b_c", "SELECT 'ÉCOLE' -- '", "INSERT INTO raw.film VALUES ('a\nb')",
)  # fmt: skip
PARTS = (
    "title", "TITLE FROM", '"quoted"', "'", "''", "ünal", "école", "zz", "z", "X", "%", "_", "a%b",
    "\n", "b')", "1", " 1", "nothing", "film where name", "film  ", "--", "'ü", "É", "*", "NOT",
)  # fmt: skip


@pytest.mark.parametrize(("few", "short"), [(0, 5_000), (0, 1), (1_000, 5_000)])
def test_each_way_of_searching_finds_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int, short: int
) -> None:
    monkeypatch.setattr("lakeshell.ledger.search._FEW", few)
    monkeypatch.setattr("lakeshell.ledger.search._SHORT", short)
    ledger, fake = SqliteLedger(tmp_path / "ledger.db"), FakeLedger()
    for i, sql in enumerate(TEXTS * 2):
        record = QueryRecord(
            f"q{i:02}", datetime.fromtimestamp(i * 60, UTC), "ada" if i % 2 else "bob",
            "etl" if i % 3 else "primary", "s", "", sql, QueryState.FINISHED,
            datetime.fromtimestamp(i * 60, UTC),
        )  # fmt: skip
        ledger.end(record)
        fake.end(record)
    gone = datetime.fromtimestamp(120, UTC)
    assert ledger.prune(gone) == fake.prune(gone) == 2
    span = datetime.fromtimestamp(300, UTC), datetime.fromtimestamp(900, UTC)
    for part in PARTS:
        for filter in (
            HistoryFilter(contains=part),
            HistoryFilter(contains=part, user="ada", limit=2),
            HistoryFilter(contains=part, workgroup="etl", user="bob"),
            HistoryFilter(contains=part, since=span[0], until=span[1], limit=None),
            HistoryFilter(contains=part, among=frozenset({"primary"}), viewer="bob"),
        ):
            assert ledger.queries(filter) == fake.queries(filter), filter
    ledger.close()


def test_a_pruned_query_leaves_nothing_to_find(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger(path)
    now = datetime.now(UTC)
    for id in ("q1", "q2"):
        ledger.end(QueryRecord(id, now, "u", "w", "s", "", "SELECT secret", QueryState.FAILED, now))
    assert ledger.prune(now + timedelta(days=1), 1) == 1
    ledger.close()
    with sqlite3.connect(path) as db:
        assert len(db.execute("SELECT doc FROM grams WHERE term = 'ecr'").fetchall()) == 1
    db.close()


def test_a_record_of_a_query_survives_a_new_opening(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger(path)
    now = datetime.now(UTC)
    ledger.begin(QueryRecord("q", now, "u", "w", "s", "", "SELECT 1", QueryState.RUNNING))
    ledger.begin_run(RunRecord("r", "job", "n", now, "u", QueryState.RUNNING))
    ledger.close()
    again = SqliteLedger(path)
    assert again.query("q").sql == "SELECT 1"
    assert again.run("r").name == "n"
    again.close()
