"""What stays with the user on the real Trino: results given again, Python's connection, times."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import live
import pytest

import lakeshell


@pytest.fixture
def table() -> Iterator[str]:
    schema = f"clients_{uuid.uuid4().hex[:8]}"
    live.sql(f"CREATE SCHEMA lake.{schema}")
    live.sql(f"CREATE TABLE lake.{schema}.t AS SELECT 1 AS n")
    yield f"{schema}.t"
    live.sql(f"DROP SCHEMA lake.{schema} CASCADE")


def asked(sql: str) -> tuple[str, bool]:
    ended = live.lakeshell("query", "--reuse", "1h", "-e", sql)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, "reused the result of query" in ended.stderr


def test_a_result_is_given_again_until_any_client_changes_the_table(table: str) -> None:
    sql = f"SELECT sum(n) FROM {table}"
    assert asked(sql) == ('"1"\n', False)
    assert asked(sql) == ('"1"\n', True)
    live.sql(f"INSERT INTO lake.{table} VALUES 5")
    assert asked(sql) == ('"6"\n', False)
    assert asked(sql) == ('"6"\n', True)
    clock = f"SELECT count(now()) FROM {table}"
    assert [asked(clock)[1] for _ in range(2)] == [False, False]


def test_python_sees_what_the_command_line_sees(table: str) -> None:
    with lakeshell.connect(live.folder(), database=table.partition(".")[0]) as connection:
        cursor = connection.cursor()
        assert cursor.execute("INSERT INTO t VALUES (?)", [41]).rowcount == 1
        rows = cursor.execute("SELECT n, ? FROM t ORDER BY n", ["ü"]).fetchall()
        assert rows == [(1, "ü"), (41, "ü")]
        record = cursor.record
        assert record is not None
        assert record.engine == "trino"
        assert record.queued is not None
        assert record.planned is not None
        with pytest.raises(lakeshell.ProgrammingError, match="line 1:8"):
            cursor.execute("SELECT m FROM t").fetchall()
