"""The ledger in MySQL among killed processes, lost connections and servers that are not there."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pymysql
import pytest

from lakeshell.errors import ConfigurationError, ConnectionFailed, LakeshellError
from lakeshell.ledger.mysql import MysqlLedger
from lakeshell.ledger.mysql_tables import STEPS
from lakeshell.model import QueryRecord, QueryState
from lakeshell.ports import HistoryFilter

NOW = datetime(2026, 11, 26, 4, 30, tzinfo=UTC)
VICTIM = """
import json, sys, time
from datetime import UTC, datetime
from lakeshell.ledger.mysql import MysqlLedger
from lakeshell.model import QueryRecord, QueryState
ledger = MysqlLedger(json.loads(sys.argv[1]), "a ledger of tests")
now = datetime.now(UTC)
ledger.begin(QueryRecord("q1", now, "ada", "primary", "s", "", "SELECT 1", QueryState.RUNNING))
print("begun", flush=True)
time.sleep(60)
"""


@pytest.fixture
def ledger(ledger_schema: Mapping[str, Any]) -> Iterator[MysqlLedger]:
    made = MysqlLedger(ledger_schema, "a ledger of tests")
    yield made
    made.close()


@pytest.fixture
def admin(ledger_schema: Mapping[str, Any]) -> Iterator[pymysql.cursors.Cursor]:
    connection = pymysql.connect(**ledger_schema, autocommit=True)
    with connection, connection.cursor() as cursor:
        yield cursor


def query(id: str) -> QueryRecord:
    return QueryRecord(id, NOW, "ada", "primary", "s", "", "SELECT 1", QueryState.FAILED, NOW)


def ended_by(admin: pymysql.cursors.Cursor) -> int:
    """Ends every other connection to the schema, as a restart of the server does."""
    admin.execute(
        "SELECT id FROM information_schema.processlist"
        " WHERE db = database() AND id <> connection_id()"
    )
    ids = [id for (id,) in admin.fetchall()]
    for id in ids:
        admin.execute(f"KILL {id}")
    return len(ids)


def test_what_a_killed_process_ran_is_shown_as_failed(
    ledger: MysqlLedger, ledger_schema: Mapping[str, Any]
) -> None:
    options = json.dumps({**ledger_schema, "ssl": None})
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, options], stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "begun\n"
        assert ledger.query("q1").state is QueryState.RUNNING
        victim.kill()
    found = ledger.query("q1")
    assert (found.state, found.error_code) == (QueryState.FAILED, "ABANDONED")


def test_a_lost_connection_is_opened_anew(
    ledger: MysqlLedger, admin: pymysql.cursors.Cursor
) -> None:
    ledger.end(query("q1"))
    assert ended_by(admin) == 1
    assert ledger.query("q1").id == "q1"
    assert ended_by(admin) == 1
    ledger.begin(query("q2"))
    assert ended_by(admin) == 1
    ledger.take_in("trino", [query("q3")], 1)
    assert [record.id for record in ledger.queries(HistoryFilter())] == ["q3", "q2", "q1"]


def test_a_transaction_whose_connection_is_lost_is_nothing(
    ledger: MysqlLedger, admin: pymysql.cursors.Cursor
) -> None:
    with pytest.raises(ConnectionFailed), ledger.database.transaction():
        ledger.end(query("q1"))
        ended_by(admin)
        ledger.end(query("q2"))
    assert ledger.queries(HistoryFilter()) == []
    ledger.end(query("q3"))
    assert [record.id for record in ledger.queries(HistoryFilter())] == ["q3"]


def test_a_record_is_begun_once(ledger: MysqlLedger) -> None:
    ledger.begin(query("q1"))
    with pytest.raises(LakeshellError, match="already"):
        ledger.begin(query("q1"))


def test_threads_share_a_ledger(ledger: MysqlLedger) -> None:
    def write(writer: int) -> None:
        for i in range(10):
            ledger.end(query(f"{writer}-{i}"))
            ledger.queries(HistoryFilter(limit=1))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.queries(HistoryFilter(limit=None))) == 50


def test_a_ledger_of_a_newer_lakeshell_is_refused(
    ledger: MysqlLedger, ledger_schema: Mapping[str, Any], admin: pymysql.cursors.Cursor
) -> None:
    admin.execute(f"INSERT INTO ledger_version VALUES ({len(STEPS) + 1})")
    with pytest.raises(ConfigurationError, match="newer"):
        MysqlLedger(ledger_schema, "a ledger of tests")


def test_tables_that_were_half_made_are_finished(
    ledger: MysqlLedger, ledger_schema: Mapping[str, Any], admin: pymysql.cursors.Cursor
) -> None:
    ledger.end(query("q1"))
    admin.execute("DROP TABLE pieces")
    admin.execute("DELETE FROM ledger_version")
    admin.execute("INSERT INTO ledger_version VALUES (3)")
    again = MysqlLedger(ledger_schema, "a ledger of tests")
    assert again.query("q1").id == "q1"
    assert again.queries(HistoryFilter(contains="select")) != []
    again.close()


@pytest.mark.parametrize(
    ("changes", "kind", "hint"),
    [
        ({"port": 1}, ConnectionFailed, "start it"),
        ({"database": "nothing_like_that"}, ConfigurationError, "CREATE DATABASE"),
        ({"password": "wrong"}, ConfigurationError, "password"),
    ],
)
def test_a_server_that_does_not_take_it_is_told_apart(
    ledger_schema: Mapping[str, Any],
    changes: dict[str, object],
    kind: type[LakeshellError],
    hint: str,
) -> None:
    with pytest.raises(kind) as raised:
        MysqlLedger({**ledger_schema, **changes}, "a ledger of tests", "start it")
    assert hint in raised.value.hint


def test_a_name_that_is_too_long_is_no_bug(ledger: MysqlLedger) -> None:
    with pytest.raises(ConfigurationError) as raised:
        ledger.begin(QueryRecord("q", NOW, "u" * 300, "w", "s", "", "", QueryState.RUNNING))
    assert "255" in raised.value.hint
