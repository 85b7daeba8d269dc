"""A MySQL server's own types, values and failures. `tests/contract` has what every source keeps."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
import time as clock
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import connectorx
import pytest

from lakeshell.errors import ConnectionFailed, LakeshellError, ObjectGone, ValueRefused
from lakeshell.model import ObjectName
from lakeshell.source import mysql_address, mysql_rows, mysql_server, valve
from lakeshell.source.mysql import MysqlSource
from lakeshell.source.mysql_address import MysqlAddress, SslMode
from lakeshell.source.mysql_server import MysqlServer
from tests import reach

SCHEMA = reach.own("lakeshell_types")
VALUES = {
    "t TINYINT": ("-128", -128),
    "tu TINYINT UNSIGNED": ("255", 255),
    "mu MEDIUMINT UNSIGNED": ("16777215", 16777215),
    "iu INT UNSIGNED": ("4294967295", 4294967295),
    "b BIGINT": ("-9223372036854775808", -(2**63)),
    "bu BIGINT UNSIGNED": ("18446744073709551615", Decimal(2**64 - 1)),
    "f FLOAT": ("0.1", 0.10000000149011612),
    "d DOUBLE": ("0.1", 0.1),
    "de DECIMAL(38,10)": (
        "1234567890123456789012345678.0123456789",
        Decimal("1234567890123456789012345678.0123456789"),
    ),
    "d0 DECIMAL(18,0)": ("-999999999999999999", Decimal(10**18 - 1) * -1),
    "d2 DECIMAL(18,17)": ("-9.00000000000000001", Decimal("-9.00000000000000001")),
    "d3 DECIMAL(19,4)": ("999999999999999.9999", Decimal("999999999999999.9999")),
    "b1 BIT(1)": ("1", True),
    "e ENUM('a','bcd')": ("'bcd'", "bcd"),
    "s SET('x','yy')": ("'x,yy'", "x,yy"),
    "j JSON": ("""'{"b": 1, "a": [true, "ü"]}'""", '{"a":[true,"ü"],"b":1}'),
    "y YEAR": ("2155", date(2155, 1, 1)),
    "ti TIME(3)": ("'12:34:56.789'", time(12, 34, 56, 789000)),
    "dt DATETIME(6)": ("'1000-01-01 01:02:03.000001'", datetime(1000, 1, 1, 1, 2, 3, 1)),
    "ds DATETIME": ("'9999-12-31 23:59:59'", datetime(9999, 12, 31, 23, 59, 59)),
    "t0 TIMESTAMP NULL": (
        "'2024-10-27 00:30:00+02:00'",
        {"instant": datetime(2024, 10, 26, 22, 30, tzinfo=UTC), "zone": "UTC"},
    ),
    "ts TIMESTAMP(6) NULL": (
        "'2024-10-27 00:30:00.5+02:00'",
        {"instant": datetime(2024, 10, 26, 22, 30, 0, 500000, UTC), "zone": "UTC"},
    ),
    "da DATE": ("'2024-02-29'", date(2024, 2, 29)),
    "c CHAR(5)": ("'ab  '", "ab"),
    "l1 VARCHAR(10) CHARACTER SET latin1": ("'é€'", "é€"),
    "bc VARCHAR(10) COLLATE utf8mb4_bin": ("'Ä'", "Ä"),
    "tx TEXT COLLATE utf8mb4_bin": ("'Ö'", "Ö"),
    "lt LONGTEXT": ("'海'", "海"),
    "bi BINARY(3)": ("x'0001'", b"\x00\x01\x00"),
    "vb VARBINARY(10)": ("x'ff00'", b"\xff\x00"),
    "bl LONGBLOB": ("x'deadbeef'", b"\xde\xad\xbe\xef"),
}


@pytest.fixture(scope="module")
def address() -> Iterator[MysqlAddress]:
    address = reach.mysql(SCHEMA)
    server = MysqlServer(replace(address, database=""))
    server.rows(f"DROP DATABASE IF EXISTS {SCHEMA}")
    server.rows(f"CREATE DATABASE {SCHEMA}")
    server.rows(f"USE {SCHEMA}")
    server.rows(f"CREATE TABLE held ({', '.join(VALUES)})")
    server.rows(f"INSERT INTO held VALUES ({', '.join(sql for sql, _ in VALUES.values())})")
    server.rows(f"INSERT INTO held VALUES ({', '.join('NULL' for _ in VALUES)})")
    server.rows("CREATE TABLE odd (id INT, big DECIMAL(65,30), bits BIT(8), at POINT)")
    server.rows("CREATE TABLE wrong (id INT, da DATE, dt DATETIME, ti TIME, y YEAR, ts TIMESTAMP)")
    server.rows("INSERT INTO wrong VALUES (1, '2000-01-01', '2000-01-01', '1:00', 2000, now())")
    server.rows("INSERT INTO wrong VALUES (2, 0, 0, '-25:00:01', 0, 0)")
    server.rows("CREATE TABLE partly (id INT, da DATE, dt DATETIME, d3 DATETIME(3))")
    server.rows("INSERT INTO partly VALUES (1, '2024-01-00', '2024-00-01 1:02:03', '2024-01-00')")
    server.rows("CREATE VIEW broken AS SELECT id FROM odd WHERE id > 1")
    server.rows("CREATE TABLE later (x INT)")
    server.rows("CREATE VIEW slow AS SELECT id, sleep(30) AS slept FROM partly")
    server.rows("CREATE VIEW brief AS SELECT id, sleep(1) AS slept FROM partly")
    # Each row is longer than what the server gathers before it sends.
    server.rows(
        "CREATE VIEW stopping AS WITH RECURSIVE n AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM n"
        " WHERE id < 70) SELECT id, IF(id = 41, sleep(30), 0) AS slept, repeat('x', 20000) AS x"
        " FROM n"
    )
    yield address
    server.rows(f"DROP DATABASE {SCHEMA}")
    server.close()


@pytest.fixture(params=[SslMode.PREFERRED, SslMode.REQUIRED])
def source(request: pytest.FixtureRequest, address: MysqlAddress) -> Iterator[MysqlSource]:
    """Each of the two drivers reads rows."""
    opened = MysqlSource(replace(address, ssl_mode=request.param))
    yield opened
    opened.close()


def test_every_type_keeps_its_value(source: MysqlSource) -> None:
    table = source.describe(ObjectName(SCHEMA, "held"))
    assert len(table.columns) == len(VALUES)
    read = source.read(table, [c.name for c in table.columns]).read_all()
    read.validate(full=True)
    held, empty = read.to_pylist()
    expected = {name.split()[0]: value for name, (_, value) in VALUES.items()}
    assert held == expected
    assert empty == dict.fromkeys(expected)


def test_what_no_type_holds_is_left_out(source: MysqlSource) -> None:
    table = source.describe(ObjectName(SCHEMA, "odd"))
    assert [c.name for c in table.columns] == ["id"]
    assert [name for name, _ in table.skipped] == ["big", "bits", "at"]


@pytest.mark.parametrize("column", ["da", "dt", "ti", "y", "ts"])
def test_zero_dates_and_long_times_are_refused(source: MysqlSource, column: str) -> None:
    table = source.describe(ObjectName(SCHEMA, "wrong"))
    with pytest.raises(ValueRefused, match=f"{SCHEMA}.wrong, row 2, column '{column}'"):
        source.read(table, ["id", column]).read_all()
    assert source.read(table, ["id"]).read_all().num_rows == 2


@pytest.mark.parametrize(
    ("column", "shown"),
    [("da", "2024-01-00"), ("dt", "2024-00-01 01:02:03"), ("d3", "2024-01-00 00:00:00.000")],
)
def test_a_date_that_lacks_a_part_is_refused(source: MysqlSource, column: str, shown: str) -> None:
    table = source.describe(ObjectName(SCHEMA, "partly"))
    with pytest.raises(ValueRefused, match=f"row 1, column '{column}': the value '{shown}'"):
        source.read(table, [column]).read_all()


def test_what_changed_since_it_was_described_is_gone(source: MysqlSource) -> None:
    table = source.describe(ObjectName(SCHEMA, "later"))
    renamed = replace(table, columns=(replace(table.columns[0], name="was"),))
    with pytest.raises(ObjectGone, match="was"):
        source.read(renamed, ["was"]).read_all()
    with pytest.raises(ObjectGone, match="missing"):
        source.read(replace(table, name=ObjectName(SCHEMA, "missing")), ["x"]).read_all()


@pytest.mark.parametrize("mode", [SslMode.PREFERRED, SslMode.REQUIRED])
def test_a_password_is_of_any_characters(address: MysqlAddress, mode: SslMode) -> None:
    user, password = reach.own("odd"), "é海 'a' \"b\" \\ $c #d\n%41"
    server = MysqlServer(address)
    server.rows(f"CREATE USER {user}@'%' IDENTIFIED BY {server.literal(password)}")
    source = MysqlSource(replace(address, user=user, password=password, ssl_mode=mode))
    try:
        server.rows(f"GRANT SELECT ON {SCHEMA}.* TO {user}@'%'")
        table = source.describe(ObjectName(SCHEMA, "later"))
        assert source.read(table, ["x"]).read_all().num_rows == 0
    finally:
        source.close()
        server.rows(f"DROP USER {user}@'%'")
        server.close()


def test_a_wrong_password_or_place_is_said(address: MysqlAddress) -> None:
    for wrong in (
        replace(address, password="wrong"),
        replace(address, port=1),
        replace(address, database="no_such_database"),
        replace(address, ssl_mode=SslMode.VERIFY_IDENTITY),
    ):
        with pytest.raises(ConnectionFailed) as caught:
            MysqlSource(wrong).objects()
        assert address.password not in str(caught.value)
        assert caught.value.hint


def test_what_a_server_says_of_a_row_is_no_failed_connection(
    source: MysqlSource, address: MysqlAddress
) -> None:
    """Once some rows have come, only the driver is told what the next one is refused for."""
    server = MysqlServer(address)
    server.rows(
        "CREATE OR REPLACE VIEW failing AS WITH RECURSIVE n AS (SELECT 1 AS id UNION ALL SELECT id + 1"
        " FROM n WHERE id < 90) SELECT id, 18446744073709551565 + id AS beyond, repeat('x', 20000) AS x"
        " FROM n"
    )
    table = source.describe(ObjectName(SCHEMA, "failing"))
    with pytest.raises(
        LakeshellError, match="refused a statement: BIGINT UNSIGNED value is"
    ) as caught:
        source.read(table, [c.name for c in table.columns]).read_all()
    assert not isinstance(caught.value, ConnectionFailed)
    assert caught.value.hint.startswith("mend the table or view in the source")
    server.close()


def test_a_view_without_its_definer_is_named_as_such(
    source: MysqlSource, address: MysqlAddress
) -> None:
    server = MysqlServer(address)
    user = reach.own("gone")
    server.rows(f"CREATE USER {user}@localhost")
    server.rows(f"CREATE DEFINER = {user}@localhost VIEW orphan_{user} AS SELECT id FROM odd")
    server.rows(f"DROP USER {user}@localhost")
    table = source.describe(ObjectName(SCHEMA, f"orphan_{user}"))
    with pytest.raises(LakeshellError, match=r"definer .* does not exist") as caught:
        source.read(table, ["id"]).read_all()
    assert not isinstance(caught.value, ConnectionFailed)
    assert "ALTER DEFINER" in caught.value.hint
    server.rows(f"DROP VIEW orphan_{user}")
    server.close()


def test_what_listens_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mysql_address, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = MysqlAddress("127.0.0.1", silent.getsockname()[1], start_hint="start it")
        with pytest.raises(ConnectionFailed, match="cannot be reached") as caught:
            MysqlServer(address).rows("SELECT 1")
    assert caught.value.hint == "start it"


def test_who_holds_a_table_is_not_waited_for_for_ever(
    source: MysqlSource, address: MysqlAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql_server, "SESSION", f"{mysql_server.SESSION}, lock_wait_timeout = 1")
    table = source.describe(ObjectName(SCHEMA, "later"))
    holder = MysqlServer(address)
    holder.rows(f"LOCK TABLES {SCHEMA}.later WRITE")
    with pytest.raises(LakeshellError, match="another session of the source"):
        source.read(table, ["x"]).read_all()
    holder.close()
    assert source.read(table, ["x"]).read_all().num_rows == 0


@contextmanager
def altered(address: MysqlAddress, table: str) -> Iterator[None]:
    """An ALTER waits for a transaction, and whoever asks for the table waits for the ALTER."""
    reader, altering = MysqlServer(address), MysqlServer(address)
    altering.rows("SET lock_wait_timeout = 600")
    reader.rows("START TRANSACTION")
    reader.rows(f"SELECT count(*) FROM {table}")
    statement = f"ALTER TABLE {table} COMMENT 'altered'"
    waiting = threading.Thread(target=altering.rows, args=(statement,))
    waiting.start()
    held = ("Waiting for table metadata lock", statement)
    try:
        while waiting.is_alive() and held not in (
            (state, text) for *_, state, text in reader.rows("SHOW FULL PROCESSLIST")
        ):
            clock.sleep(0.01)
        yield
    finally:
        reader.close()
        waiting.join()
        altering.close()


def test_a_table_that_is_held_after_we_looked_is_not_waited_for_for_ever(
    address: MysqlAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver's own first question has no limit of time, and lets no signal through."""
    source = MysqlSource(address)
    table = source.describe(ObjectName(SCHEMA, "later"))
    read_sql, ask_why = connectorx.read_sql, mysql_rows._ask_why
    with ExitStack() as held:

        def hold(*given: Any, **more: Any) -> Any:
            if reads.pop():
                held.enter_context(altered(address, f"{SCHEMA}.later"))
            return read_sql(*given, **more)

        def let_go(*given: Any) -> None:
            held.close()
            ask_why(*given)

        monkeypatch.setattr(connectorx, "read_sql", hold)
        reads = [True]
        with monkeypatch.context() as short:
            waits = f"{mysql_server.SESSION}, lock_wait_timeout = 1"
            short.setattr(mysql_server, "SESSION", waits)
            with pytest.raises(LakeshellError, match="another session of the source"):
                source.read(table, ["x"]).read_all()
        held.close()
        monkeypatch.setattr(mysql_rows, "_ask_why", let_go)
        reads = [False, True]
        assert source.read(table, ["x"]).read_all().num_rows == 0
        assert not reads
    source.close()


@pytest.mark.parametrize("view", ["slow", "stopping"])
def test_others_work_while_the_server_computes(
    source: MysqlSource, address: MysqlAddress, view: str
) -> None:
    """A driver that kept Python's lock meanwhile would let no interruption through."""
    table = source.describe(ObjectName(SCHEMA, view))
    failed: list[Exception] = []

    def read() -> None:
        try:
            source.read(table, [c.name for c in table.columns], 1).read_all()
        except LakeshellError as error:
            failed.append(error)

    reading = threading.Thread(target=read)
    reading.start()
    server = MysqlServer(replace(address, database=""))
    found: list[int] = []
    while reading.is_alive() and not found:
        clock.sleep(0.01)
        found = [
            id
            for id, _, _, database, _, _, state, _ in server.rows("SHOW PROCESSLIST")
            if (database, state) == (SCHEMA, "User sleep")
        ]
    server.rows(f"KILL {found[0]}")
    reading.join()
    server.close()
    assert failed


def test_a_server_that_answers_nobody_any_more_is_given_up(
    source: MysqlSource, address: MysqlAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is paused: its connections stay."""
    monkeypatch.setattr(valve, "SILENT_SECONDS", 0.2)
    with valve.Valve(address.host, address.port, patience=600) as paused:
        paused.opened()
        through = MysqlSource(replace(source.address, port=paused.port))
        table = through.describe(ObjectName(SCHEMA, "stopping"))
        read = iter(through.read(table, [c.name for c in table.columns], 1))
        assert next(read).num_rows == 1
        os.kill(paused._process.pid, signal.SIGSTOP)
        monkeypatch.setattr(mysql_address, "CONNECT_SECONDS", 0.2)
        try:
            with pytest.raises(ConnectionFailed, match="stopped answering"):
                list(read)
            with pytest.raises(ConnectionFailed, match="stopped answering"):
                through.objects()
        finally:
            os.kill(paused._process.pid, signal.SIGCONT)
        through.close()


def test_a_server_that_computes_is_waited_for(
    source: MysqlSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valve, "SILENT_SECONDS", 0.2)
    table = source.describe(ObjectName(SCHEMA, "brief"))
    assert source.read(table, ["id", "slept"]).read_all().num_rows == 1


def test_a_read_that_is_left_early_says_nothing(
    source: MysqlSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    table = source.describe(ObjectName(SCHEMA, "held"))
    read = iter(source.read(table, ["t"], 1))
    assert next(read).num_rows == 1
    del read
    gc.collect()
    assert not said


def test_a_server_whose_machine_is_gone_is_given_up(source: MysqlSource) -> None:
    source.objects()
    connected = source._server._open._sock
    assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
