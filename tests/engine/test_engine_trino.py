"""The Trino engine against a server that misbehaves on request: what is sent, repeated, ended."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from fake_trino import FakeTrino, error, fake_trino, rows
from fakes import FakeLedger

from lakeshell.cost.prices import ATHENA
from lakeshell.engine.trino import connection
from lakeshell.engine.trino.address import TrinoAddress
from lakeshell.engine.trino.connection import Answer, Untrusted
from lakeshell.engine.trino.engine import TrinoEngine
from lakeshell.engine.trino.failures import LOCKED
from lakeshell.engine.trino.server import Server
from lakeshell.errors import (
    Cancelled,
    ConfigurationError,
    ConnectionFailed,
    LakeshellError,
    LimitExceeded,
    NotFound,
    QueryFailed,
    QueryRejected,
    TimedOut,
)
from lakeshell.model import CatalogTable, Estimate, TableKind, TableName
from lakeshell.ports import HistoryFilter, Running, Session
from lakeshell.query.order import Order, Services
from lakeshell.query.run import start_query
from lakeshell.workgroup import Workgroup

N = {"n": "integer"}
ONE = [{}, rows(N, [1])]


@pytest.fixture
def trino() -> Iterator[FakeTrino]:
    with fake_trino() as fake:
        yield fake


class Tables:
    """A catalog with one crawled table, `raw.movies_film`, of the connection `Movies`."""

    def table(self, name: TableName) -> CatalogTable:
        if name != ("raw", "movies_film"):
            raise NotFound(str(name))
        said = {"connectionName": "Movies", "sourceSchema": "movies", "sourceTable": "film"}
        return CatalogTable(name, TableKind.SOURCE, (), said)


def engine(trino: FakeTrino, **more: Any) -> TrinoEngine:
    given: dict[str, Any] = {
        "address": TrinoAddress(trino.url),
        "catalog": Tables,
        "connections": lambda: ("Movies",),
        "estimator": lambda *_: Estimate(7),
        "patience": 0.3,
        "sleep": lambda seconds: time.sleep(min(seconds, 0.01)),
    }
    return TrinoEngine(**{**given, **more})


def session(**more: Any) -> Session:
    return Session("ann", database="raw", **more)


def read(running: Running) -> list[Any]:
    assert running.columns is not None
    return [row for batch in running.batches() for row in batch.to_pylist()]


def rejected(trino: FakeTrino, *pages: dict[str, Any]) -> LakeshellError:
    trino.pages = [list(pages)]
    with pytest.raises(LakeshellError) as caught:
        read(engine(trino).run("SELECT x", session()))
    return caught.value


# --- what is said to the server ------------------------------------------------------------


def test_a_statement_carries_the_session_and_its_tag(trino: FakeTrino) -> None:
    trino.pages = [ONE]
    given = session(
        workgroup="analysts",
        properties={"query_max_run_time": "5m"},
        prepared={"p": "SELECT ?"},
        time_zone="Europe/Berlin",
    )
    running = engine(trino).run("SELECT 1 -- é", given, tag="tag_1")
    assert read(running) == [{"n": 1}]
    (sent,) = trino.sent("POST")
    assert sent.body == "SELECT 1 -- é"
    said = {name.removeprefix("x-trino-"): value for name, value in sent.headers.items()}
    assert said["user"] == "ann"
    assert (said["catalog"], said["schema"], said["source"]) == ("lake", "raw", "lakeshell")
    assert said["client-tags"] == "analysts,lakeshell,tag_1"
    assert said["trace-token"] == "tag_1"
    assert said["session"] == "query_max_run_time=5m"
    assert said["prepared-statement"] == "p=SELECT+%3F"
    assert said["time-zone"] == "Europe/Berlin"
    assert "PARAMETRIC_DATETIME" in said["client-capabilities"]
    assert running.engine_id == "query_0"


def test_what_a_statement_does_to_the_session_stays(trino: FakeTrino) -> None:
    changes = {
        "X-Trino-Set-Catalog": "movies",
        "X-Trino-Set-Schema": "m%C3%BC",
        "X-Trino-Set-Session": "a=b%2Cc",
        "X-Trino-Added-Prepare": "my+x=SELECT+%3F",
        "X-Trino-Started-Transaction-Id": "t1",
    }
    trino.pages = [[{}, {"updateType": "USE", "columns": [], "headers": changes}]]
    given = session()
    running = engine(trino).run("USE movies.x", given)
    assert running.update_type == "USE"
    assert read(running) == []
    assert (given.catalog, given.database) == ("movies", "mü")
    assert (given.properties, given.prepared) == ({"a": "b,c"}, {"my x": "SELECT ?"})
    trino.pages.append([{"headers": {"X-Trino-Clear-Session": "a"}}, *ONE])
    read(engine(trino).run("SELECT 1", given))
    assert trino.sent("POST")[1].headers["x-trino-transaction-id"] == "t1"
    assert given.properties == {}


def test_parameters_are_bound_and_errors_stand_in_the_written_text(trino: FakeTrino) -> None:
    trino.pages = [[error("COLUMN_NOT_FOUND", "line 1:36: Column 'x' cannot be resolved", (1, 36))]]
    with pytest.raises(QueryRejected) as caught:
        read(engine(trino).run("select 'a', ? + x", session(), ["1"]))
    assert trino.statements == ["EXECUTE IMMEDIATE 'select ''a'', ? + x' USING 1"]
    assert (caught.value.line, caught.value.column) == (1, 17)
    assert caught.value.message == "Column 'x' cannot be resolved"


def test_a_table_takes_no_views_place(trino: FakeTrino) -> None:
    """Trino says that it did, and its rows are nowhere."""

    class Views:
        def table(self, name: TableName) -> CatalogTable:
            return CatalogTable(name, TableKind.VIEW, ())

    made = engine(trino, catalog=Views)
    for sql in (
        "CREATE OR REPLACE TABLE v AS SELECT 1 x",
        "create or replace table lake.raw.v (x int)",
    ):
        with pytest.raises(QueryRejected, match=r"already exists: 'raw\.v'") as caught:
            made.run(sql, session())
        assert caught.value.hint.endswith("DROP VIEW raw.v")
    assert trino.statements == []
    trino.pages = [[{"updateType": "CREATE TABLE"}]] * 3
    for sql in (
        "CREATE OR REPLACE TABLE memory.raw.v (x int)",
        "CREATE OR REPLACE VIEW v AS SELECT 1 x",
        "CREATE TABLE v AS SELECT replace('a', 'b') x",
    ):
        read(made.run(sql, session()))
    assert len(trino.statements) == 3


# --- logging in ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        TrinoAddress("127.0.0.1:8080"),
        TrinoAddress("http://127.0.0.1", password="p"),
        TrinoAddress("http://127.0.0.1", jwt="j"),
        TrinoAddress("https://127.0.0.1", password="p", jwt="j"),
    ],
)
def test_an_address_that_cannot_be_used_safely_is_refused(address: TrinoAddress) -> None:
    with pytest.raises(ConfigurationError):
        TrinoEngine(address=address, catalog=Tables, connections=tuple, estimator=_no_estimate)


def _no_estimate(sql: str, session: Session, parameters: Sequence[str]) -> Estimate:
    return Estimate(0)


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(TrinoAddress("https://t", password="secret", jwt="secret"))


@pytest.mark.parametrize(("status", "word"), [(401, "login"), (403, "let"), (500, "500")])
def test_a_refused_login_says_so(trino: FakeTrino, status: int, word: str) -> None:
    trino.busy = {"POST": [status]}
    with pytest.raises(ConnectionFailed) as caught:
        engine(trino).run("SELECT 1", session())
    assert word in caught.value.message


@pytest.mark.parametrize(("password", "encoding"), [("pa:ss wörd", "latin-1"), ("пароль", "utf-8")])
def test_a_password_goes_as_trino_reads_it(password: str, encoding: str) -> None:
    server = Server(TrinoAddress("https://trino", user="ada", password=password))
    ((kind, sent),) = [
        value.split() for name, value in server._with_login([]) if name == "Authorization"
    ]
    assert (kind, base64.b64decode(sent)) == ("Basic", f"ada:{password}".encode(encoding))


def test_a_server_that_wants_encryption_and_one_that_has_none_are_told_apart(
    trino: FakeTrino,
) -> None:
    said = b"Error 403 Forbidden: Authentication over HTTP is not enabled"
    with pytest.raises(ConnectionFailed) as caught:
        Server(TrinoAddress(trino.url))._checked(Answer(403, (), said))
    assert caught.value.hint == "give engine.url its https:// address"
    encrypted = trino.url.replace("http://", "https://")
    with pytest.raises(ConnectionFailed, match="speaks no TLS"):
        engine(trino, address=TrinoAddress(encrypted)).run("SELECT 1", session())


@pytest.mark.parametrize(
    ("code", "hint"),
    [(10, "renews it"), (62, "name the host"), (64, "name the host"), (20, "engine.ca_file")],
)
def test_what_mends_a_certificate_is_said(code: int, hint: str) -> None:
    server = Server(TrinoAddress("https://trino"))
    assert hint in server.unreachable(Untrusted("no", code)).hint


def test_nobody_listens(trino: FakeTrino) -> None:
    address = TrinoAddress("http://127.0.0.1:1", start_hint="lakeshell stack start trino")
    with pytest.raises(ConnectionFailed) as caught:
        engine(trino, address=address).run("SELECT 1", session())
    assert caught.value.hint == "lakeshell stack start trino"


# --- what is sent again, and what never ------------------------------------------------------


def test_pages_are_asked_for_again_while_the_server_is_busy(trino: FakeTrino) -> None:
    trino.pages = [ONE]
    trino.busy = {"GET": [503, 502, 504, 429]}
    assert read(engine(trino, patience=5.0).run("SELECT 1", session())) == [{"n": 1}]
    assert len(trino.statements) == 1


def test_a_page_whose_answer_was_lost_is_asked_for_again(trino: FakeTrino) -> None:
    trino.pages = [ONE]
    trino.lose = {"GET": 2}
    assert read(engine(trino, patience=5.0).run("SELECT 1", session())) == [{"n": 1}]


def test_a_server_that_stays_busy_is_given_up(trino: FakeTrino) -> None:
    trino.pages = [ONE]
    trino.busy = {"GET": [503] * 500}
    with pytest.raises(ConnectionFailed, match="503"):
        read(engine(trino).run("SELECT 1", session()))


def test_a_statement_that_the_server_has_is_never_sent_twice(trino: FakeTrino) -> None:
    trino.lose = {"POST": 1}
    trino.remembers_lost = True
    with pytest.raises(ConnectionFailed) as caught:
        read(engine(trino).run("INSERT INTO t VALUES 1", session(), tag="tag_7"))
    assert trino.statements == ["INSERT INTO t VALUES 1"]
    assert "query_0" in caught.value.message
    assert "not sent again" in caught.value.hint


@pytest.mark.parametrize("fault", [{"lose": {"POST": 1}}, {"busy": {"POST": [503]}}])
def test_a_statement_that_did_not_arrive_is_sent_again(
    trino: FakeTrino, fault: dict[str, Any]
) -> None:
    for name, value in fault.items():
        setattr(trino, name, value)
    trino.pages = [[{}, {"updateType": "INSERT", "updateCount": 1}]]
    running = engine(trino).run("INSERT INTO t VALUES 1", session(), tag="tag_7")
    assert read(running) == []
    assert running.update_count == 1
    assert [r.path for r in trino.requests[:3]] == ["/v1/statement", "/v1/query", "/v1/statement"]


def test_a_server_that_does_not_say_leaves_it_to_the_user(trino: FakeTrino) -> None:
    trino.lose = {"POST": 1, "GET": 10}
    address = TrinoAddress(trino.url, start_hint="lakeshell stack start trino")
    with pytest.raises(ConnectionFailed) as caught:
        engine(trino, start_wait=0.05, address=address).run("INSERT INTO t VALUES 1", session())
    assert trino.statements == ["INSERT INTO t VALUES 1"]
    assert caught.value.hint.startswith("lakeshell stack start trino; ")
    assert "went through" in caught.value.hint


def test_a_server_that_takes_connections_before_it_serves_is_waited_for(trino: FakeTrino) -> None:
    trino.lose = {"POST": 1, "GET": 3}
    trino.pages = [ONE]
    said: list[str] = []
    assert read(engine(trino, notice=said.append).run("SELECT 1", session())) == [{"n": 1}]
    assert len(said) == 1
    assert "may be starting" in said[0]


def test_a_server_that_nobody_listens_for_is_woken_once() -> None:
    woken: list[str] = []

    def wake() -> bool:
        woken.append("trino")
        return True

    asleep = TrinoEngine(
        address=TrinoAddress("http://127.0.0.1:1"),
        catalog=Tables,
        connections=tuple,
        estimator=lambda *_: Estimate(7),
        wake=wake,
    )
    with pytest.raises(ConnectionFailed, match="refused"):
        asleep.run("SELECT 1", session())
    assert woken == ["trino"]


def test_a_restarted_server_ends_the_statement(trino: FakeTrino) -> None:
    trino.pages = [[{}, rows(N, [1]), rows(N, [2])]]
    running = engine(trino).run("SELECT n", session())
    batches = running.batches()
    trino.forgets = True
    with pytest.raises(ConnectionFailed, match="restarted"):
        list(batches)


def test_who_waits_for_a_silent_server_is_told(
    trino: FakeTrino, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SILENT_SECONDS", 0.05)
    said: list[str] = []
    told = threading.Event()

    def notice(text: str) -> None:
        said.append(text)
        told.set()

    def held() -> None:
        assert told.wait(60)

    trino.pages = [[rows(N, [1]), rows(N, [2])]]
    trino.on_get = held
    assert read(engine(trino, notice=notice).run("SELECT n", session())) == [{"n": 1}, {"n": 2}]
    assert "does not answer; waiting for it" in said[0]


def test_a_starting_server_is_waited_for_with_a_notice(trino: FakeTrino) -> None:
    starting = [error("SERVER_STARTING_UP", "Trino server is still initializing")]
    trino.pages = [starting, starting, ONE]
    said: list[str] = []
    running = engine(trino, notice=said.append).run("SELECT 1", session())
    assert read(running) == [{"n": 1}]
    assert len(said) == 1
    trino.pages = [starting] * 500
    with pytest.raises(ConnectionFailed, match="still starting"):
        engine(trino, notice=said.append, start_wait=0.0).run("SELECT 1", session())


def test_a_server_that_starts_after_it_took_the_statement_is_waited_for(trino: FakeTrino) -> None:
    starting = [{}, error("SERVER_STARTING_UP", "Trino server is still initializing")]
    trino.pages = [starting, starting, ONE, starting]
    said: list[str] = []
    running = engine(trino, notice=said.append).run("INSERT INTO t VALUES 1", session())
    assert read(running) == [{"n": 1}]
    assert len(said) == 1
    with pytest.raises(QueryFailed, match="initializing") as caught:
        read(engine(trino, start_wait=0.0).run("SELECT 1", session()))
    assert "logs trino" in caught.value.hint


def test_a_server_without_a_node_yet_is_waited_for_with_what_only_reads(trino: FakeTrino) -> None:
    none = [{}, error("NO_NODES_AVAILABLE", "No nodes available to run query")]
    trino.pages = [none, none, ONE, none]
    running = engine(trino).run("SELECT 1", session())
    assert read(running) == [{"n": 1}]
    with pytest.raises(QueryFailed, match="No nodes"):
        read(engine(trino).run("INSERT INTO t VALUES 1", session()))


def test_what_is_not_trino_is_named(trino: FakeTrino) -> None:
    trino.blobs = {}
    trino.answer = lambda request: (200, {}, b"<html>nginx</html>")  # type: ignore[method-assign]
    with pytest.raises(ConnectionFailed, match="not Trino"):
        engine(trino).run("SELECT 1", session())


@pytest.mark.parametrize("said", [b"J\0\0\0\x0a9.7.0\0", b"SSH-2.0-OpenSSH_9.2p1\r\n", b"\x15\x03"])
def test_what_speaks_no_http_is_named_without_asking_again(trino: FakeTrino, said: bytes) -> None:
    """A database greets, or answers, and waits for the next word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        taken: list[socket.socket] = []

        def greet() -> None:
            with suppress(OSError):
                while True:
                    taken.append(listening.accept()[0])
                    taken[-1].sendall(said)

        greeting = threading.Thread(target=greet)
        greeting.start()
        address = TrinoAddress(f"http://127.0.0.1:{port}")
        with pytest.raises(ConnectionFailed, match=f"answers at http://127.0.0.1:{port} is not"):
            engine(trino, address=address).run("INSERT INTO t VALUES 1", session())
        assert len(taken) == 1
        listening.shutdown(socket.SHUT_RDWR)
        greeting.join()
    taken[0].close()


# --- errors --------------------------------------------------------------------------------


def test_a_rejection_has_trinos_name_and_place(trino: FakeTrino) -> None:
    found = rejected(trino, {}, error("SYNTAX_ERROR", "line 3:8: mismatched input", (3, 8)))
    assert isinstance(found, QueryRejected)
    assert (found.code, found.line, found.column) == ("SYNTAX_ERROR", 3, 8)
    assert found.message == "mismatched input"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("EXCEEDED_SCAN_LIMIT", LimitExceeded),
        ("EXCEEDED_TIME_LIMIT", TimedOut),
        ("QUERY_QUEUE_FULL", LimitExceeded),
        ("USER_CANCELED", Cancelled),
        ("ADMINISTRATIVELY_KILLED", Cancelled),
        ("DIVISION_BY_ZERO", QueryFailed),
    ],
)
def test_each_end_is_the_kind_that_the_exit_code_needs(
    trino: FakeTrino, code: str, kind: type[LakeshellError]
) -> None:
    found = rejected(trino, rows(N, [1]), error(code, "it ended"))
    assert type(found) is kind
    assert found.message == "it ended"


def test_what_a_workgroups_limit_stopped_on_the_server_is_a_limit(trino: FakeTrino) -> None:
    said = "Query killed. Message: Lakeshell stopped it: it scanned 3 MB"
    found = rejected(trino, error("ADMINISTRATIVELY_KILLED", said))
    assert isinstance(found, LimitExceeded)
    assert (found.message, found.code) == ("it scanned 3 MB", "ADMINISTRATIVELY_KILLED")


def test_a_group_without_a_budget_left_is_said_to_be_that(trino: FakeTrino) -> None:
    full = rejected(trino, error("QUERY_QUEUE_FULL", 'queue of "cluster.ads-over-budget"'))
    assert "budget" in full.hint


def test_a_stopped_part_of_the_stack_is_named_with_what_mends_it(trino: FakeTrino) -> None:
    found = rejected(trino, error("HIVE_METASTORE_ERROR", "Failed connecting to Hive metastore"))
    assert "lakeshell doctor" in found.hint


def test_the_cause_of_an_error_says_what_its_message_does_not(trino: FakeTrino) -> None:
    full = {"message": "Storage backend has reached its minimum free drive threshold."}
    page = error("HIVE_WRITER_CLOSE_ERROR", "Error committing write parquet to Hive")
    page["error"]["failureInfo"] = {"cause": {"message": None, "cause": full}}
    assert "storage is full" in rejected(trino, page).hint


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("ICEBERG_FILESYSTEM_ERROR", "Failed to list", "minio does not answer: start it"),
        ("JDBC_ERROR", "Communications link failure", "mysql does not answer: start it"),
        ("INVALID_VIEW", "Could not create connection to database", "mysql does not answer"),
        ("INVALID_VIEW", "Column 'x' cannot be resolved", ""),
        ("ICEBERG_WRITER_CLOSE_ERROR", "XMinioStorageFull (507)", "is full"),
        ("ICEBERG_CANNOT_OPEN_SPLIT", "Error opening Iceberg split", "minio does not answer"),
        ("ICEBERG_INVALID_METADATA", "Error accessing metadata file", "minio does not answer"),
        ("HIVE_CANNOT_OPEN_SPLIT", "Error opening Hive split", "minio does not answer"),
        ("ICEBERG_COMMIT_ERROR", "Timed out waiting for lock 7", "raw.x is locked by bob"),
        ("DIVISION_BY_ZERO", "Division by zero", ""),
    ],
)
def test_the_part_that_does_not_answer_is_named(
    trino: FakeTrino, code: str, message: str, hint: str
) -> None:
    def mend(code: str) -> str:
        if code == LOCKED:
            return "raw.x is locked by bob"
        return f"{'mysql' if code == 'JDBC_ERROR' else 'minio'} does not answer: start it"

    trino.pages = [[error(code, message)]]
    with pytest.raises(QueryFailed) as caught:
        read(engine(trino, mend=mend).run("SELECT x", session()))
    assert hint in caught.value.hint
    assert bool(hint) == bool(caught.value.hint)


def test_who_holds_a_lock_is_looked_up_by_hand_where_that_is_not_known(trino: FakeTrino) -> None:
    page = error("ICEBERG_COMMIT_ERROR", "Timed out waiting for lock 7")
    assert "catalog unlock TABLE" in rejected(trino, page).hint


def test_where_every_part_answers_a_missing_file_is_gone(trino: FakeTrino) -> None:
    trino.pages = [[error("ICEBERG_MISSING_METADATA", "Metadata not found in metadata location")]]
    with pytest.raises(QueryFailed) as caught:
        read(engine(trino, mend=lambda code: "").run("SELECT x", session()))
    assert "a file of the table is gone" in caught.value.hint


# --- ending it -----------------------------------------------------------------------------


def test_cancelling_reaches_the_server_from_any_thread(trino: FakeTrino) -> None:
    trino.pages = [[rows(N, [1]), rows(N, [2])]]
    trino.holds.clear()
    running = engine(trino).run("SELECT n", session())
    batches = running.batches()
    assert next(batches).num_rows == 1
    threading.Thread(target=running.cancel).start()
    with pytest.raises(Cancelled):
        list(batches)
    assert trino.cancelled.wait(5)
    assert trino.sent("DELETE")[0].path == "/v1/statement/executing/0/1"


def test_cancelling_reaches_a_statement_that_is_still_queued(trino: FakeTrino) -> None:
    trino.pages = [[{"stats": {"state": "QUEUED"}}, rows(N, [1])]]
    trino.holds.clear()
    running = engine(trino).run("SELECT n", session())
    assert running.progress.state in ("queued", "running")
    timer = threading.Timer(0.05, running.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        assert running.columns
    assert trino.cancelled.wait(5)


def test_a_ctrl_c_while_it_is_first_followed_reaches_the_server(
    trino: FakeTrino, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python waits there for the thread to begin, for long on a busy machine."""
    trino.pages = [[{"stats": {"state": "QUEUED"}}, rows(N, [1])]]
    trino.holds.clear()
    began = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        began(thread)
        if thread.name == "trino-pages":
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(KeyboardInterrupt):
        engine(trino).run("INSERT INTO t SELECT 1", session())
    assert trino.cancelled.wait(5)


def test_closing_unread_cancels_and_after_the_end_does_not(trino: FakeTrino) -> None:
    trino.pages = [[rows(N, [1]), rows(N, [2])], ONE]
    trino.holds.clear()
    running = engine(trino).run("SELECT n", session())
    running.close()
    assert trino.cancelled.wait(5)
    trino.holds.set()
    finished = engine(trino).run("SELECT 1", session())
    read(finished)
    finished.close()
    assert len(trino.sent("DELETE")) == 1


def test_figures_while_it_runs(trino: FakeTrino) -> None:
    figures = {"physicalInputBytes": 42, "progressPercentage": 25.0}
    trino.pages = [[{}, rows(N, [1], stats=figures)]]
    running = engine(trino).run("SELECT n", session())
    read(running)
    progress = running.progress
    assert (progress.scanned, progress.rows, progress.fraction) == (42, 1, 0.25)
    assert progress.splits == (1, 4)


# --- rows ----------------------------------------------------------------------------------


def test_rows_of_many_pages_come_in_order_while_little_is_held(trino: FakeTrino) -> None:
    trino.pages = [[{}, *(rows(N, [n]) for n in range(20))]]
    running = engine(trino).run("SELECT n", session())
    batches = running.batches()
    assert next(batches).column(0).to_pylist() == [0]
    assert len(trino.sent("GET")) < 10
    assert [b.column(0)[0].as_py() for b in batches] == list(range(1, 20))


def test_no_rows_and_columns_that_share_a_name(trino: FakeTrino) -> None:
    described = [{"name": "a", "type": "integer"}, {"name": "a", "type": "varchar(1)"}]
    trino.pages = [[{"columns": described}], [{"columns": described, "data": [[1, "x"]]}]]
    made = engine(trino)
    assert read(made.run("SELECT", session())) == []
    running = made.run("SELECT", session())
    assert [(c.name, str(c.type)) for c in running.columns] == [
        ("a", "integer"),
        ("a", "varchar(1)"),
    ]
    (batch,) = running.batches()
    assert batch.num_columns == 2


def _packed(values: list[Any], codec: str) -> tuple[bytes, dict[str, Any]]:
    text = json.dumps(values, separators=(",", ":")).encode()
    packed = pa.compress(text, codec=codec, asbytes=True)
    return packed, {"uncompressedSize": len(text), "segmentSize": len(packed)}


@pytest.mark.parametrize(("encoding", "codec"), [("json+zstd", "zstd"), ("json+lz4", "lz4_raw")])
def test_spooled_segments_are_read_in_order_and_acknowledged(
    trino: FakeTrino, encoding: str, codec: str
) -> None:
    packed, metadata = _packed([[1], [2]], codec)
    trino.blobs = {"/v1/spooled/download/a": packed, "/v1/spooled/ack/a": b""}
    # Names that the server has for itself need not be ours.
    there = "http://coordinator.invalid:8080/v1/spooled"
    segments = [
        {
            "type": "spooled", "uri": f"{there}/download/a", "ackUri": f"{there}/ack/a",
            "metadata": metadata, "headers": {},
        },
        {"type": "inline", "data": base64.b64encode(b"[[3]]").decode(), "metadata": {}},
    ]  # fmt: skip
    described = [{"name": "n", "type": "integer"}]
    data = {"encoding": encoding, "segments": segments}
    trino.pages = [[{}, {"columns": described, "data": data}]]
    running = engine(trino).run("SELECT n", session())
    assert read(running) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert "/v1/spooled/ack/a" in [request.path for request in trino.sent("GET")]
    assert "json+zstd" in trino.sent("POST")[0].headers["x-trino-query-data-encoding"]


def test_a_segment_that_is_gone_or_damaged_ends_the_query(trino: FakeTrino) -> None:
    described = [{"name": "n", "type": "integer"}]
    segment = {"type": "spooled", "uri": f"{trino.url}/v1/spooled/x", "metadata": {}}
    trino.pages = [[{"columns": described, "data": {"encoding": "json", "segments": [segment]}}]]
    trino.busy = {"GET": [410]}
    with pytest.raises(ConnectionFailed, match="part of the result"):
        read(engine(trino).run("SELECT n", session()))
    damaged = {"type": "inline", "data": "AAAA", "metadata": {"uncompressedSize": 10}}
    trino.pages.append(
        [{"columns": described, "data": {"encoding": "json+zstd", "segments": [damaged]}}]
    )
    with pytest.raises(ConnectionFailed, match="damaged"):
        read(engine(trino).run("SELECT n", session()))


# --- catalogued source tables ----------------------------------------------------------------


def test_a_catalogued_source_table_is_read_at_its_source(trino: FakeTrino) -> None:
    unreadable = error("HIVE_INVALID_METADATA", "Table raw.movies_film cannot be read")
    trino.pages = [[{}, unreadable], [{}, rows(N, [1])]]
    running = engine(trino).run("SELECT n FROM movies_film", session(), tag="tag_3")
    assert read(running) == [{"n": 1}]
    assert trino.statements[1] == "SELECT n FROM movies.movies.film AS movies_film"
    progress = running.progress
    assert (progress.scanned, progress.unmetered) == (None, ("Movies",))
    assert running.engine_id == "query_1"


def test_one_that_was_estimated_is_sent_once(trino: FakeTrino) -> None:
    trino.pages = [ONE, ONE]
    made = engine(trino, estimator=lambda *_: Estimate(None, unmetered=("Movies",)))
    for sql in ("SELECT n FROM movies_film", "SELECT n FROM movies.movies.film"):
        made.estimate(sql, session())
        running = made.run(sql, session())
        assert read(running) == [{"n": 1}]
        assert running.progress.unmetered == ("Movies",)
    assert trino.statements == [
        "SELECT n FROM movies.movies.film AS movies_film",
        "SELECT n FROM movies.movies.film",
    ]


def test_a_catalogued_table_of_a_connection_that_is_gone_is_not_metered(trino: FakeTrino) -> None:
    trino.pages = [[error("HIVE_INVALID_METADATA")], ONE]
    running = engine(trino, connections=tuple).run("SELECT n FROM movies_film", session())
    read(running)
    assert (running.progress.scanned, running.progress.unmetered) == (None, ("Movies",))


def test_an_error_after_that_stands_in_the_written_text(trino: FakeTrino) -> None:
    sql = "SELECT 1 FROM movies_film WHERE nope = 1"
    sent = "SELECT 1 FROM movies.movies.film AS movies_film WHERE nope = 1"
    trino.pages = [
        [error("HIVE_INVALID_METADATA")],
        [error("COLUMN_NOT_FOUND", "no column", (1, sent.index("nope") + 1))],
    ]
    with pytest.raises(QueryRejected) as caught:
        read(engine(trino).run(sql, session()))
    assert trino.statements == [sql, sent]
    assert caught.value.column == sql.index("nope") + 1


def test_a_prepared_statement_reads_it_there_too(trino: FakeTrino) -> None:
    trino.pages = [[error("HIVE_INVALID_METADATA")], ONE]
    given = session(prepared={"p": "SELECT n FROM movies_film"})
    assert read(engine(trino).run("EXECUTE p", given)) == [{"n": 1}]
    assert trino.statements == ["EXECUTE p", "EXECUTE p"]
    assert "movies.movies.film" in trino.sent("POST")[1].headers["x-trino-prepared-statement"]
    assert given.prepared == {"p": "SELECT n FROM movies_film"}


def test_what_changes_or_keeps_names_has_them_looked_up_before(trino: FakeTrino) -> None:
    trino.pages = [[{}, {"updateType": "CREATE VIEW"}], [error("HIVE_INVALID_METADATA")]]
    made = engine(trino)
    read(made.run("CREATE VIEW v AS SELECT 1 a FROM movies_film f", session()))
    with pytest.raises(QueryFailed):
        read(made.run("INSERT INTO t SELECT 1 FROM other", session()))
    assert trino.statements == [
        "CREATE VIEW v AS SELECT 1 a FROM movies.movies.film f",
        "INSERT INTO t SELECT 1 FROM other",
    ]


def test_other_tables_that_cannot_be_read_stay_errors(trino: FakeTrino) -> None:
    found = rejected(trino, error("TABLE_NOT_FOUND", "Table 'lake.raw.x' does not exist", (1, 1)))
    assert isinstance(found, QueryRejected)
    assert len(trino.statements) == 1


def test_a_connection_named_directly_is_not_metered(trino: FakeTrino) -> None:
    trino.pages = [ONE, ONE]
    made = engine(trino)
    running = made.run("SELECT n FROM movies.movies.film", session())
    read(running)
    assert (running.progress.scanned, running.progress.unmetered) == (None, ("Movies",))
    both = made.run("SELECT n FROM movies.movies.film, lake.raw.x", session())
    read(both)
    assert (both.progress.scanned, both.progress.unmetered) == (0, ("Movies",))


def test_what_was_read_through_a_view_is_what_the_server_says(trino: FakeTrino) -> None:
    trino.pages = [ONE, ONE, ONE]
    made = engine(trino)
    for inputs, scanned, unmetered in (
        (["movies"], None, ("Movies",)),
        (["movies", "lake"], 0, ("Movies",)),
        (["lake"], 0, ()),
    ):
        trino.inputs = inputs
        running = made.run("SELECT n FROM lake.raw.v", session())
        read(running)
        assert (running.progress.scanned, running.progress.unmetered) == (scanned, unmetered)


def test_databases_that_a_statement_names_are_woken_before_it_is_sent(trino: FakeTrino) -> None:
    trino.pages = [ONE] * 4
    woken: list[list[str]] = []

    def wake(names: Collection[str]) -> bool:
        woken.append([*names, str(len(trino.statements))])
        return False

    made = engine(trino, wake_sources=wake)
    of_session = session()
    of_session.prepared["p"] = "SELECT n FROM movies.movies.film"
    read(made.run("SELECT n FROM movies.movies.film", session()))
    read(made.run("SELECT n FROM lake.raw.film", session()))
    read(made.run("EXECUTE p", of_session))
    assert woken == [["Movies", "0"], ["1"], ["Movies", "2"]]


def test_a_database_behind_a_view_is_woken_and_the_query_sent_again(trino: FakeTrino) -> None:
    down = [error("JDBC_ERROR", "Communications link failure")]
    trino.pages = [down, ONE, down, down]
    asked: list[list[str]] = []

    def wake(names: Collection[str]) -> bool:
        asked.append([*names])
        return bool(names)

    made = engine(trino, wake_sources=wake)
    assert read(made.run("SELECT n FROM lake.raw.v", session())) == [{"n": 1}]
    assert asked == [[], ["Movies"], []]
    with pytest.raises(QueryFailed, match="link failure"):
        read(made.run("SELECT n FROM lake.raw.v", session()))
    assert len(trino.statements) == 4


# --- estimates -----------------------------------------------------------------------------


def test_an_estimate_is_the_planners(trino: FakeTrino) -> None:
    assert engine(trino).estimate("SELECT 1", session()) == Estimate(7)
    assert trino.requests == []


def test_what_the_planner_refuses_is_its_tables_whole(trino: FakeTrino) -> None:
    def counted(name: TableName, columns: frozenset[int]) -> Estimate:
        if name.table == "gone":
            raise NotFound("gone")
        assert (name, columns) == (TableName("raw", "film.x"), frozenset({1, 9}))
        return Estimate(100, files=2, rows=5)

    def scan(name: str, table: str, *details: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "descriptor": {"table": table}, "details": details, **more}

    plan = {
        "name": "Output",
        "children": [
            scan("TableCommit", "lake:raw.made$data@1"),
            scan(
                "ScanFilterProject", "lake:raw.film.x$data@71 constraint on [id]",
                "id_1 := 1:id:bigint", "k := 9:k:bigint", "z := null::bigint",
            ),
            scan("TableScan", "lake:raw.film$files", "path := path"),
            scan("TableScan", "movies:m.x m.x", children=[scan("TableScan", "tpch:a:b")]),
            scan("ScanProject", "lake:raw.gone$data@8", "id := 1:id:bigint"),
        ],
    }  # fmt: skip
    trino.pages = [[{}, rows({"Query Plan": "varchar"}, [json.dumps(plan)])]]
    made = engine(trino, estimator=_refused, counter=counted)
    found = made.estimate("SELECT odd", session())
    assert found == Estimate(100, 2, 5, ("movies", "tpch", "lake"), coarse=True)
    assert trino.statements == ["EXPLAIN (TYPE LOGICAL, FORMAT JSON) SELECT odd"]


def test_what_is_asked_for_an_estimate_can_be_cancelled(trino: FakeTrino) -> None:
    """It may stand in line as any other."""
    trino.holds.clear()
    trino.pages = [[{}, rows({"Query Plan": "varchar"}, ["{}"])]]
    made = engine(trino, estimator=_refused)
    with pytest.raises(Cancelled):
        made.estimate("SELECT odd", session(), (), lambda running: running.cancel())
    assert trino.cancelled.wait(30)


def test_what_reads_no_table_scans_nothing(trino: FakeTrino) -> None:
    trino.pages = [[{}, rows({"Query Plan": "varchar"}, ["CREATE ROLE x"])]]
    found = engine(trino, estimator=_refused).estimate("CREATE ROLE x", session())
    assert found == Estimate(0, coarse=True)


def _refused(*_: Any) -> Estimate:
    raise QueryFailed("not here", code="NOT_SUPPORTED")


def test_an_estimate_of_what_trino_rejects_is_its_rejection(trino: FakeTrino) -> None:
    trino.pages = [
        [error("COLUMN_NOT_FOUND", "no", (1, len("EXPLAIN (TYPE LOGICAL, FORMAT JSON) ") + 8))]
    ]
    with pytest.raises(QueryRejected) as caught:
        engine(trino, estimator=_refused).estimate("SELECT x", session())
    assert caught.value.column == 8


def test_the_state_of_tables_is_the_lakes(trino: FakeTrino) -> None:
    made = engine(trino, stater=lambda sql, *_: {"lake.raw.t": sql})
    assert made.state("SELECT 1", session()) == {"lake.raw.t": "SELECT 1"}
    in_transaction = session()
    in_transaction.carried["X-Trino-Transaction-Id"] = "t1"
    assert made.state("SELECT 1", in_transaction) is None


def test_what_cannot_be_planned_here_has_no_state(trino: FakeTrino) -> None:
    def refused(*_: object) -> dict[str, str]:
        raise QueryFailed("not here", code="NOT_SUPPORTED")

    assert engine(trino, stater=refused).state("SELECT odd", session()) is None
    assert engine(trino).state("SELECT odd", session()) is None


def test_what_is_scanned_by_now_can_be_asked_for(trino: FakeTrino) -> None:
    """Pages tell it late, and none come while nobody reads."""
    trino.pages = [[{"stats": {"physicalInputBytes": 10}}, ONE[1]]]
    running = engine(trino).run("SELECT n FROM t", session())
    trino.scanned = 5_000
    running.look()
    assert running.progress.scanned == 5_000
    # An older page does not take it back.
    assert [batch.num_rows for batch in running.batches()] == [1]
    assert running.progress.scanned == 5_000
    trino.scanned = None
    running.look()
    assert running.progress.scanned == 5_000


def test_the_place_of_what_waits_on_the_server_can_be_asked_for(trino: FakeTrino) -> None:
    """Those of its own resource group that came before it."""
    trino.pages = [[{"stats": {"state": "QUEUED"}}, ONE[1]]]
    trino.holds.clear()
    trino.waiting = [
        ("a_before", "ours"), ("b_before", "ours"), ("c_before", "other"), ("query_0", "ours"),
        ("z_after", "ours"),
    ]  # fmt: skip
    running = engine(trino).run("SELECT n FROM t", session())
    while running.progress.state != "queued":
        time.sleep(0.01)
    assert running.progress.ahead is None
    running.look()
    assert running.progress.ahead == 2
    trino.waiting = []
    running.look()
    assert running.progress.ahead is None
    running.close()


def test_a_query_over_its_limit_is_stopped_while_nobody_reads(trino: FakeTrino) -> None:
    trino.pages = [[{}, ONE[1], ONE[1]]]
    trino.holds.clear()
    trino.scanned = 5_000_000
    ledger = FakeLedger()
    services = Services(
        engine=lambda: engine(trino, estimator=lambda *_: Estimate(0)),
        ledger=ledger,
        workgroup=lambda name: Workgroup(name, scan_limit=1_000),
        prices=ATHENA,
    )
    with (
        pytest.raises(LimitExceeded),
        start_query(Order("SELECT n FROM t"), session(), services) as query,
    ):
        for _ in query.batches():
            raise AssertionError("there is nothing to read")
    assert trino.cancelled.is_set()
    (record,) = ledger.queries(HistoryFilter())
    assert (record.state.value, record.scanned) == ("REFUSED", 5_000_000)
    assert record.cost == Decimal("0.0000476837")
