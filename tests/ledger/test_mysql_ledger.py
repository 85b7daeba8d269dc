"""The ledger in MySQL among killed processes, lost connections and servers that are not there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

import pymysql
import pytest

from lakeshell.errors import ConfigurationError, ConnectionFailed, LakeshellError
from lakeshell.ledger.mysql import MysqlDatabase, MysqlLedger
from lakeshell.ledger.mysql_tables import STEPS
from lakeshell.model import QueryRecord, QueryState
from lakeshell.ports import HistoryFilter

NOW = datetime(2026, 11, 26, 4, 30, tzinfo=UTC)
VICTIM = """
import json, sys, time
from datetime import UTC, datetime
from lakeshell.ledger.mysql import MysqlDatabase, MysqlLedger
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
    # The view of it fails while anybody sends a text beyond the first 65,536 characters.
    admin.execute("SELECT database(), connection_id()")
    ((schema, own),) = admin.fetchall()
    admin.execute("SHOW PROCESSLIST")
    ids = [id for id, _, _, its, *_ in admin.fetchall() if its == schema and id != own]
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


def test_a_transaction_whose_connection_is_lost_at_its_end_is_nothing(
    ledger: MysqlLedger, admin: pymysql.cursors.Cursor
) -> None:
    with pytest.raises(ConnectionFailed), ledger.database.transaction():
        ledger.end(query("q1"))
        ended_by(admin)
    assert ledger.queries(HistoryFilter()) == []


class Relay:
    """Between a client and the server. Once it is `paused` it takes what comes, and no answer goes
    through: so is a server whose process was stopped."""

    def __init__(self, host: str, port: int) -> None:
        self.paused = threading.Event()
        self.calls = 0
        self._server = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listening]
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self.calls += 1
                server = socket.create_connection(self._server)
                self._open += client, server
                for source, target, told in ((client, server, True), (server, client, False)):
                    threading.Thread(
                        target=self._pass, args=(source, target, told), daemon=True
                    ).start()

    def _pass(self, source: socket.socket, target: socket.socket, told: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if told or not self.paused.is_set():
                    target.sendall(data)


@pytest.fixture
def relay(ledger_schema: Mapping[str, Any]) -> Iterator[Relay]:
    made = Relay(str(ledger_schema["host"]), int(ledger_schema["port"]))
    yield made
    made.close()


def test_a_server_that_hangs_is_not_waited_for_for_ever(
    ledger_schema: Mapping[str, Any], relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakeshell.ledger.mysql._SILENT", 1)
    monkeypatch.setattr("lakeshell.ledger.mysql._GREETING", 1)
    options = {**ledger_schema, "host": "127.0.0.1", "port": relay.port}
    with closing(MysqlLedger(options, "a ledger of tests", "start it")) as ledger:
        ledger.begin(query("q1"))
        relay.paused.set()
        asker = threading.Thread(target=lambda: suppressed(ledger.cancel_requested, "q1"))
        asker.start()
        for calls in (1, 2):
            # The first is in the middle of a statement, the second does not get in.
            with pytest.raises(ConnectionFailed, match="timed out") as raised:
                ledger.end(query("q1"))
            assert raised.value.hint == "start it"
            assert relay.calls >= calls
        asker.join()
        relay.paused.clear()
        ledger.end(query("q2"))
        assert len(ledger.queries(HistoryFilter())) == 2


def suppressed(work: Callable[[str], object], given: str) -> None:
    with suppress(LakeshellError):
        work(given)


def test_what_others_undo_again_and_again_is_sent_until_it_is_through(
    ledger: MysqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, undone = MysqlDatabase._asked, iter(range(20))

    def undo(self: MysqlDatabase, work: Any) -> Any:
        if next(undone, None) is not None:
            raise pymysql.err.OperationalError(1213, "Deadlock found when trying to get lock")
        return asked(self, work)

    monkeypatch.setattr(MysqlDatabase, "_asked", undo)
    monkeypatch.setattr("lakeshell.ledger.mysql._ASIDE", 0.001)
    ledger.end(query("q1"))
    assert ledger.query("q1").id == "q1"


def test_a_server_that_is_full_for_a_moment_is_called_again(
    ledger_schema: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    called, connect = [], pymysql.connect

    def full(**options: Any) -> Any:
        called.append(options)
        if len(called) < 4:
            raise pymysql.err.OperationalError(1040, "Too many connections")
        return connect(**options)

    monkeypatch.setattr("pymysql.connect", full)
    monkeypatch.setattr("lakeshell.ledger.mysql._ASIDE", 0.001)
    with closing(MysqlLedger(ledger_schema, "a ledger of tests")) as ledger:
        ledger.end(query("q1"))
    assert len(called) == 4
    called.clear()
    monkeypatch.setattr("lakeshell.ledger.mysql._GREETING", 0)
    with pytest.raises(ConnectionFailed, match="Too many connections") as raised:
        MysqlLedger(ledger_schema, "a ledger of tests")
    assert "see whether" in raised.value.hint


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
