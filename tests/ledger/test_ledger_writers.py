"""Fifty writers at once, on either database: ten processes with five connections each."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakeshell.ledger.ledger import SqlLedger
from lakeshell.ledger.mysql import MysqlLedger
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryState
from lakeshell.ports import HistoryFilter

WRITER = """
import json, os, sys
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
        os.write(1, (record.id + "\\n").encode())
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
    writers = [
        subprocess.Popen([*command, str(number)], stdout=subprocess.DEVNULL) for number in range(10)
    ]
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


@pytest.mark.parametrize(("kind", "place"), [("sqlite", _sqlite), ("mysql", _mysql)])
def test_what_was_acknowledged_is_there_though_writers_are_killed(
    request: pytest.FixtureRequest,
    kind: str,
    place: Callable[[pytest.FixtureRequest], tuple[str, Callable[[], SqlLedger]]],
    tmp_path: Path,
) -> None:
    """Half of fifty are killed while they write. No lock of theirs stays."""
    where, opened = place(request)
    said = [tmp_path / f"{number}.ids" for number in range(10)]
    writers = []
    for number, path in enumerate(said):
        rounds = "3" if number % 2 else "1000000"
        with path.open("wb") as out:
            command = [sys.executable, "-c", WRITER, kind, where, rounds, str(number)]
            writers.append(subprocess.Popen(command, stdout=out))
    for writer, path in zip(writers[::2], said[::2], strict=True):
        while path.read_bytes().count(b"\n") < 5 and writer.poll() is None:
            time.sleep(0.01)
        writer.kill()
    assert [writer.wait(240) for writer in writers] == [-9, 0] * 5
    acknowledged = {line for path in said for line in path.read_text().splitlines()}
    with closing(opened()) as ledger:
        found = {record.id: record for record in ledger.queries(HistoryFilter(limit=None))}
        assert len(acknowledged) >= 5 * 5 + 5 * 15
        assert {found[id].state for id in acknowledged} == {QueryState.FINISHED}
        killed = [record for id, record in found.items() if id not in acknowledged]
        assert QueryState.RUNNING not in {record.state for record in killed}
        ledger.keep_version("primary", "top", "SELECT 'nobody holds it'", "ada", datetime.now(UTC))
