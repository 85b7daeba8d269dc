"""Fifty writers at once, on either database: ten processes with five connections each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lakeshell.ledger.ledger import SqlLedger
from lakeshell.ledger.mysql import MysqlLedger
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryState
from lakeshell.ports import HistoryFilter

WRITER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from lakeshell.ledger.mysql import MysqlLedger
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState
def opened():
    if sys.argv[1] == "sqlite":
        return SqliteLedger(Path(sys.argv[2]))
    return MysqlLedger(json.loads(sys.argv[2]), "a ledger of tests")
def write(writer):
    ledger = opened()
    for i in range(int(sys.argv[3])):
        now = datetime.now(UTC)
        record = QueryRecord(ledger.new_id(), now, "ada", "primary", "test", "raw", f"SELECT {i}",
                             QueryState.RUNNING)
        ledger.begin(record)
        ledger.end(replace(record, state=QueryState.FINISHED, finished=now))
        ledger.keep_version("primary", "top", f"SELECT {writer} {i} {sys.argv[4]}", "ada", now)
    ledger.close()
with ThreadPoolExecutor(5) as pool:
    list(pool.map(write, range(5)))
"""


def _sqlite(request: pytest.FixtureRequest) -> tuple[str, Callable[[], SqlLedger]]:
    path = request.getfixturevalue("tmp_path") / "state" / "ledger.db"
    return str(path), lambda: SqliteLedger(Path(path))


def _mysql(request: pytest.FixtureRequest) -> tuple[str, Callable[[], SqlLedger]]:
    options = {**request.getfixturevalue("ledger_schema"), "ssl": None}
    return json.dumps(options), lambda: MysqlLedger(options, "a ledger of tests")


@pytest.mark.parametrize(("kind", "place"), [("sqlite", _sqlite), ("mysql", _mysql)])
def test_fifty_writers_make_and_fill_a_new_ledger_at_once(
    request: pytest.FixtureRequest,
    kind: str,
    place: Callable[[pytest.FixtureRequest], tuple[str, Callable[[], SqlLedger]]],
) -> None:
    where, opened = place(request)
    command = [sys.executable, "-c", WRITER, kind, where, "4"]
    writers = [subprocess.Popen([*command, str(number)]) for number in range(10)]
    assert [writer.wait(240) for writer in writers] == [0] * 10
    ledger = opened()
    found = ledger.queries(HistoryFilter(limit=None))
    texts = ledger.queries(HistoryFilter(limit=None, contains="select 3"))
    versions = ledger.versions("primary", "top")
    ledger.close()
    assert len(found) == 200
    assert len(texts) == 50
    assert {record.state for record in found} == {QueryState.FINISHED}
    assert len({record.id for record in found}) == 200
    newest_first = sorted(found, key=lambda r: (r.started, r.id), reverse=True)
    assert found == newest_first
    assert [version.version for version in versions] == list(range(1, 201))
    assert len({version.text for version in versions}) == 200
