"""The SQLite ledger among many processes, killed ones, and with files that are no ledger."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakeshell.errors import ConfigurationError
from lakeshell.ledger import identity
from lakeshell.ledger.migrations import STEPS
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState, RunRecord
from lakeshell.ports import HistoryFilter

WRITER = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState
ledger = SqliteLedger(Path(sys.argv[1]))
for i in range(int(sys.argv[2])):
    now = datetime.now(UTC)
    record = QueryRecord(ledger.new_id(), now, "ada", "primary", "test", "raw", f"SELECT {i}",
                         QueryState.RUNNING)
    ledger.begin(record)
    ledger.end(replace(record, state=QueryState.FINISHED, finished=now))
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
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), "25"]) for _ in range(8)]
    assert [writer.wait(120) for writer in writers] == [0] * 8
    ledger = SqliteLedger(path)
    found = ledger.queries(HistoryFilter(limit=None))
    ledger.close()
    assert len(found) == 200
    assert {record.state for record in found} == {QueryState.FINISHED}
    assert [r.id for r in found] == sorted((r.id for r in found), reverse=True)


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
