"""`lakeshell.connect()`: values both ways, errors, limits, the history. PEP 249 itself is checked
by `test_compliance`."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

import lakeshell
from lakeshell.dbapi.values import rows
from lakeshell.folder import make_lake
from lakeshell.model import Column, QueryState
from lakeshell.ports import HistoryFilter
from lakeshell.sql.datatypes import parse_type

BERLIN = ZoneInfo("Europe/Berlin")
VALUES: tuple[tuple[Any, str], ...] = (
    (True, "boolean"),
    (-5, "integer"),
    (2**40, "bigint"),
    (1.5, "double"),
    (float("inf"), "double"),
    (Decimal("-1.50"), "decimal(3,2)"),
    ("O'Hara ü ?", "varchar(10)"),
    (b"\x00\xff", "varbinary"),
    (date(2026, 11, 24), "date"),
    (time(14, 3, 1, 250_000), "time(6)"),
    (datetime(2026, 11, 24, 14, 3, 1, 250_017), "timestamp(6)"),
    (datetime(2026, 11, 24, 14, 3, tzinfo=BERLIN), "timestamp(0) with time zone"),
    (
        datetime(2026, 11, 24, 14, 3, tzinfo=timezone(timedelta(hours=-2))),
        "timestamp(0) with time zone",
    ),
    (timedelta(days=-1, hours=3, milliseconds=5), "interval day to second"),
    (UUID("12345678-1234-5678-1234-567812345678"), "uuid"),
    ([1, None, 3], "array(integer)"),
    ({"a": 1, "b": None}, "map(varchar(1), integer)"),
    ((1, "x"), "row(integer, varchar(1))"),
    ([datetime(2026, 1, 1, tzinfo=BERLIN)], "array(timestamp(0) with time zone)"),
)


@pytest.fixture
def connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[lakeshell.Connection]:
    monkeypatch.setenv("LAKESHELL_USER", "ada")
    make_lake(tmp_path / "lake")
    with lakeshell.connect(tmp_path / "lake") as made:
        yield made


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys, lakeshell; print([n for n in sys.modules if n.startswith('lakeshell.')])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


@pytest.mark.parametrize(("value", "type"), VALUES, ids=[type for _, type in VALUES])
def test_values_come_back_as_they_went(
    connection: lakeshell.Connection, value: Any, type: str
) -> None:
    cursor = connection.cursor().execute("SELECT ?, typeof(?)", (value, value))
    ((found, named),) = cursor.fetchall()
    assert found == value
    assert found.__class__ is value.__class__
    assert named == type
    if isinstance(value, datetime):
        assert found.utcoffset() == value.utcoffset()


def test_null_and_nan(connection: lakeshell.Connection) -> None:
    (row,) = connection.cursor().execute("SELECT ?, is_nan(?)", (None, float("nan"))).fetchall()
    assert row == (None, True)


def test_more_digits_than_an_integer_has_are_a_decimal(connection: lakeshell.Connection) -> None:
    (row,) = connection.cursor().execute("SELECT ?, typeof(?)", (2**70, -(2**63))).fetchall()
    assert row == (Decimal(2**70), "decimal(19,0)")


def test_nanoseconds_are_cut_to_microseconds() -> None:
    nanos, at = 1_700_000_000_123_456_789, datetime(2023, 11, 14, 22, 13, 20, 123_456)
    fine = pa.timestamp("ns")
    columns = {
        "timestamp(9)": pa.array([nanos, None], fine),
        "array(timestamp(9))": pa.array([[nanos, None], None], pa.list_(fine)),
        "map(varchar, row(a timestamp(9)))": pa.array(
            [[("k", {"f0": nanos})], []], pa.map_(pa.string(), pa.struct([("f0", fine)]))
        ),
    }
    batch = pa.record_batch(columns)
    found = rows(batch, [Column(name, parse_type(name)) for name in columns])
    assert found == [(at, [at, None], {"k": (at,)}), (None, None, {})]


@pytest.mark.parametrize("value", [Decimal("NaN"), timedelta(microseconds=1), object()])
def test_what_no_literal_has_is_refused(connection: lakeshell.Connection, value: object) -> None:
    with pytest.raises(lakeshell.DatabaseError):
        connection.cursor().execute("SELECT ?", (value,))


def test_values_of_other_types(connection: lakeshell.Connection) -> None:
    cursor = connection.cursor().execute(
        "SELECT CAST('ab' AS char(4)), TIME '01:02:03 +05:30', INTERVAL '2-1' YEAR TO MONTH,"
        " JSON '[1]', MAP(ARRAY[ARRAY[1]], ARRAY['x']),"
        " CAST(ROW(1, DATE '2026-01-01') AS row(a integer, b date)), CAST(NULL AS uuid)"
    )
    (row,) = cursor.fetchall()
    offset = timezone(timedelta(hours=5, minutes=30))
    assert row == (
        "ab  ", time(1, 2, 3, tzinfo=offset), 25, "[1]",
        {(1,): "x"}, (1, date(2026, 1, 1)), None,
    )  # fmt: skip


def test_what_python_cannot_hold_is_refused_and_arrow_has_it(
    connection: lakeshell.Connection,
) -> None:
    far = "SELECT DATE '12026-01-01' AS far"
    with pytest.raises(lakeshell.DataError, match="'far', date"):
        connection.cursor().execute(far).fetchall()
    assert connection.cursor().execute(far).fetch_arrow().num_rows == 1


def test_a_column_is_described(connection: lakeshell.Connection) -> None:
    cursor = connection.cursor().execute("SELECT 1.50 AS price, 'x' AS name, now() AS at")
    assert cursor.description is not None
    price, name, at = cursor.description
    assert price == ("price", "decimal(3,2)", None, None, 3, 2, None)
    assert price.type_code == lakeshell.NUMBER != name.type_code
    assert name.type_code == lakeshell.STRING
    assert at.type_code == lakeshell.DATETIME
    assert lakeshell.NUMBER != lakeshell.STRING


def test_rows_in_every_way_of_fetching(connection: lakeshell.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT n FROM UNNEST(sequence(1, 10)) t(n)")
    assert (cursor.fetchone(), cursor.rownumber) == ((1,), 1)
    cursor.arraysize = 2
    assert cursor.fetchmany() == [(2,), (3,)]
    assert next(cursor) == (4,)
    assert cursor.fetchmany(2) == [(5,), (6,)]
    table = cursor.fetch_arrow()
    assert table.column("n").to_pylist() == [7, 8, 9, 10]
    assert (cursor.fetchone(), cursor.fetchall(), cursor.rowcount) == (None, [], 10)
    assert cursor.fetch_arrow().num_rows == 0
    assert list(cursor.execute("VALUES 1, 2")) == [(1,), (2,)]


def test_changes_say_how_many_rows(connection: lakeshell.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE SCHEMA lake.raw")
    assert (cursor.rowcount, cursor.description) == (-1, None)
    assert cursor.execute("CREATE TABLE raw.t AS SELECT 1 AS n, 'a' AS s").rowcount == 1
    cursor.executemany("INSERT INTO raw.t VALUES (?, ?)", [(2, "b"), (3, None)])
    assert cursor.rowcount == 2
    assert cursor.execute("DELETE FROM raw.t WHERE n = ?", [2]).rowcount == 1
    with pytest.raises(lakeshell.ProgrammingError):
        cursor.fetchone()
    assert cursor.execute("SELECT s FROM raw.t ORDER BY n").fetchall() == [("a",), (None,)]
    with pytest.raises(lakeshell.ProgrammingError, match="executemany"):
        cursor.executemany("SELECT ?", [(1,)])


@pytest.mark.parametrize(
    ("sql", "error", "said"),
    [
        ("SELECT nothing", lakeshell.ProgrammingError, "line 1:8: "),
        ("SELECT ?", lakeshell.ProgrammingError, "parameter"),
        ("SELECT 1; SELECT 2", lakeshell.ProgrammingError, "2 statements were given"),
        ("-- nothing", lakeshell.ProgrammingError, "0 statements were given"),
        ("SELECT 1 / 0", lakeshell.DataError, "Division by zero"),
        ("SELECT CAST('x' AS integer)", lakeshell.DataError, "Cannot cast"),
        ("SELECT * FROM UNNEST(sequence(1, 0)) MATCH_RECOGNIZE (PATTERN (a) DEFINE a AS true)",
         lakeshell.NotSupportedError, "does not run"),
        ("SELECT * FROM nowhere.t", lakeshell.ProgrammingError, "nowhere"),
    ],
)  # fmt: skip
def test_errors_are_those_of_pep_249(
    connection: lakeshell.Connection, sql: str, error: type[lakeshell.Error], said: str
) -> None:
    with pytest.raises(error, match=said):
        connection.cursor().execute(sql).fetchall()
    assert connection.cursor().execute("SELECT 1").fetchone() == (1,)


def test_workgroups_limits_and_the_history_are_the_same(
    connection: lakeshell.Connection, tmp_path: Path
) -> None:
    cursor = connection.cursor()
    cursor.execute("CREATE SCHEMA lake.raw")
    cursor.execute("CREATE TABLE raw.t AS SELECT n FROM UNNEST(sequence(1, 9)) t(n)")
    (tmp_path / "lake/workgroups/small.toml").write_text("scan_limit = 1\n")
    (tmp_path / "lake/workgroups/others.toml").write_text('members = ["bob"]\n')
    with lakeshell.connect(tmp_path / "lake", "small", "raw", source="notebook") as small:
        assert small.cursor().execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(lakeshell.OperationalError, match="limit"):
            small.cursor().execute("SELECT * FROM t")
    with pytest.raises(lakeshell.ProgrammingError, match="not a member"):
        lakeshell.connect(tmp_path / "lake", workgroup="others")
    with pytest.raises(lakeshell.ProgrammingError, match="no workgroup"):
        lakeshell.connect(tmp_path / "lake", workgroup="nobodys")
    with pytest.raises(lakeshell.ProgrammingError, match="no database"):
        lakeshell.connect(tmp_path / "lake", database="rwa")
    with pytest.raises(lakeshell.ProgrammingError, match="not a lake"):
        lakeshell.connect(tmp_path)
    refused, ran = connection.lake.ledger.queries(HistoryFilter(workgroup="small"))
    assert (refused.state, refused.database, refused.source) == ("REFUSED", "raw", "notebook")
    assert (ran.state, ran.rows) == (QueryState.FINISHED, 1)


def test_rows_left_cancel_the_query_and_rows_fetched_end_it(
    connection: lakeshell.Connection,
) -> None:
    many = "SELECT n FROM UNNEST(sequence(1, 10000)) a(n), UNNEST(sequence(1, 100)) b(m)"
    left = connection.cursor().execute(many)
    left.fetchmany(3)
    left.close()
    whole = connection.cursor().execute("VALUES 1, 2")
    assert len(whole.fetchmany(2)) == 2
    states = [record.state for record in connection.lake.ledger.queries(HistoryFilter())]
    assert states == [QueryState.FINISHED, QueryState.CANCELLED]
    record = whole.record
    assert record is not None
    assert (record.user, record.workgroup, record.source) == ("ada", "primary", "python")


def test_an_older_result_will_do_where_it_is_asked_for(
    connection: lakeshell.Connection, tmp_path: Path
) -> None:
    connection.cursor().execute("CREATE SCHEMA lake.raw")
    connection.cursor().execute("CREATE TABLE raw.t AS SELECT 1 AS n")
    with lakeshell.connect(tmp_path / "lake", reuse=3600) as young:
        first, second = (young.cursor().execute("SELECT n FROM raw.t") for _ in range(2))
        # Both began before either result was whole.
        assert first.fetchall() == second.fetchall() == [(1,)]
        third = young.cursor().execute("SELECT n FROM raw.t")
        assert third.fetchall() == [(1,)]
        assert third.record is not None
        assert second.record is not None
        assert (second.record.reused, third.record.reused) == ("", second.record.id)


def test_another_thread_cancels(connection: lakeshell.Connection) -> None:
    cursor = connection.cursor().execute(
        "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(n), UNNEST(sequence(1, 10000)) b(m),"
        " UNNEST(sequence(1, 10000)) c(l) WHERE n * m % 7 = l"
    )
    thread = threading.Timer(0.1, cursor.cancel)
    thread.start()
    with pytest.raises(lakeshell.OperationalError, match="cancelled"):
        cursor.fetchall()
    thread.join()
    with pytest.raises(lakeshell.ProgrammingError, match="no rows"):
        cursor.fetchall()


def test_what_is_closed_is_not_used(connection: lakeshell.Connection, tmp_path: Path) -> None:
    made = lakeshell.connect(tmp_path / "lake")
    cursor, other = made.cursor(), made.cursor()
    cursor.execute("SELECT 1")
    other.close()
    made.close()
    assert cursor.closed
    for use in (
        cursor.fetchone, made.commit, made.cursor, made.rollback, made.close, other.close,
        lambda: other.execute("SELECT 1"),
    ):  # fmt: skip
        with pytest.raises(lakeshell.InterfaceError, match="closed"):
            use()
    with pytest.raises(lakeshell.NotSupportedError):
        connection.rollback()
