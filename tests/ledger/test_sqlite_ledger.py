"""The SQLite ledger among many processes, killed ones, and with files that are no ledger."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from lakeshell.errors import ConfigurationError
from lakeshell.ledger import identity
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.ledger.sqlite_tables import STEPS
from lakeshell.model import QueryRecord, QueryState, RunRecord
from lakeshell.ports import HistoryFilter

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


def test_a_pruned_query_leaves_nothing_to_find(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    now = datetime.now(UTC)
    for id in ("q1", "q2"):
        ledger.end(QueryRecord(id, now, "u", "w", "s", "", "SELECT secret", QueryState.FAILED, now))
    assert ledger.prune(now + timedelta(days=1), 1) == 1
    assert len(ledger.queries(HistoryFilter(contains="ecr"))) == 1
    ledger.close()


@pytest.mark.parametrize("step", [1, 5000])
def test_a_damaged_ledger_is_said_to_be_damaged_and_left_alone(tmp_path: Path, step: int) -> None:
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger(path)
    now = datetime.now(UTC)
    for i in range(500):
        record = QueryRecord(f"q{i}", now, "u", "w", "s", "", "x" * 99, QueryState.FAILED, now)
        ledger.end(record)
    ledger.close()
    content = bytearray(path.read_bytes())
    content[step : step + 40_000] = b"\xff" * 40_000
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="damaged") as raised:
        opened = SqliteLedger(path)
        opened.queries(HistoryFilter(limit=None))
    assert "lakeshell ledger repair" in raised.value.hint
    assert path.read_bytes()[:100] == bytes(content[:100])


def test_a_ledger_that_lost_its_bytes_is_no_new_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch()
    SqliteLedger(path).close()
    assert path.stat().st_size > 0, "an empty file of this moment is one that is just being made"
    path.write_bytes(b"")
    os.utime(path, (1e9, 1e9))
    with pytest.raises(ConfigurationError, match="no bytes"):
        SqliteLedger(path)
    path.unlink()
    (tmp_path / "ledger.db-wal").write_bytes(b"journal")
    with pytest.raises(ConfigurationError, match="journal"):
        SqliteLedger(path)
    assert not path.exists()


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


def test_reading_waits_for_no_other_thread_that_waits_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakeshell.ledger.sqlite._SILENT", 0.01)
    waiting = threading.Event()
    with closing(SqliteLedger(tmp_path / "l.db", lambda text: waiting.set())) as ledger:
        run = RunRecord("r", "job", "load", datetime.now(UTC), "ada", QueryState.FINISHED)
        ledger.end_run(run)
        holder = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        writer = threading.Thread(target=lambda: ledger.end_run(replace(run, id="s")))
        writer.start()
        assert waiting.wait(60)
        assert [found.id for found in ledger.runs("job", None, 5)] == ["r"]
        assert ledger.queries(HistoryFilter(contains="Ü")) == []
        assert writer.is_alive(), "it was read only once the other had written"
        holder.execute("ROLLBACK")
        holder.close()
        writer.join(60)
        assert {found.id for found in ledger.runs("job", None, 5)} == {"r", "s"}


def test_who_waits_for_a_locked_ledger_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakeshell.ledger.sqlite._SILENT", 0.01)
    path = tmp_path / "ledger.db"
    holder: list[sqlite3.Connection] = []
    told: list[str] = []

    def let_go(text: str) -> None:
        told.append(text)
        holder[0].execute("ROLLBACK")

    ledger = SqliteLedger(path, let_go)
    holder.append(sqlite3.connect(path, isolation_level=None))
    holder[0].execute("BEGIN EXCLUSIVE")
    ledger.keep_version("primary", "top", "SELECT 1", "ada", datetime.now(UTC))
    assert told == ["another process holds the ledger locked; waiting for it up to 30 s"]
    assert [version.text for version in ledger.versions("primary", "top")] == ["SELECT 1"]
    holder[0].close()
    ledger.close()
