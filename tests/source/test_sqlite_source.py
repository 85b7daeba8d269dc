"""The SQLite file behind a source: gone, locked, damaged, odd, and never written to."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from lakeshell.errors import ConnectionFailed, ObjectGone
from lakeshell.model import ObjectName
from lakeshell.source import sqlite, sqlite_file
from lakeshell.source.ddl import comments
from lakeshell.source.sqlite import SqliteSource


def made(path: Path, *statements: str) -> SqliteSource:
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()
    return SqliteSource(path, "db")


def types(source: SqliteSource, table: str) -> dict[str, str]:
    return {c.name: str(c.type) for c in source.describe(ObjectName("db", table)).columns}


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    source = SqliteSource(tmp_path / "none.db", "db")
    with pytest.raises(ConnectionFailed, match=r"none\.db does not exist"):
        source.test()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"no database, but text " * 100, b""])
def test_a_file_of_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(content)
    source = SqliteSource(path, "db")
    if content:
        with pytest.raises(ConnectionFailed, match="not a database"):
            source.objects()
    else:
        assert list(source.objects()) == []
    source.close()
    assert path.read_bytes() == content


def test_a_source_gone_between_two_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    source = made(path, "CREATE TABLE t (a INT)")
    table = source.describe(ObjectName("db", "t"))
    path.unlink()
    with pytest.raises(ConnectionFailed):
        source.read(table, ["a"]).read_all()
    source.close()


def test_a_locked_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_MILLISECONDS", 50)
    path = tmp_path / "a.db"
    source = made(path, "CREATE TABLE t (a INT)")
    table = source.describe(ObjectName("db", "t"))
    source.close()
    code = (
        "import sqlite3, sys\n"
        f"db = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
        "db.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    other = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "locked\n"
    with pytest.raises(ConnectionFailed, match="locked") as caught:
        source.read(table, ["a"]).read_all()
    assert "another program" in caught.value.hint
    with pytest.raises(ConnectionFailed, match="locked"):
        source.objects()
    other.communicate("")
    assert source.read(table, ["a"]).read_all().num_rows == 0
    source.close()


def test_a_dropped_table_and_a_dropped_column(tmp_path: Path) -> None:
    source = made(tmp_path / "a.db", "CREATE TABLE t (a INT, b TEXT)")
    table = source.describe(ObjectName("db", "t"))
    made(tmp_path / "a.db", "ALTER TABLE t DROP COLUMN b")
    with pytest.raises(ObjectGone):
        source.read(table, ["a", "b"]).read_all()
    made(tmp_path / "a.db", "DROP TABLE t")
    with pytest.raises(ObjectGone, match="no such table: t"):
        source.read(table, ["a"]).read_all()
    source.close()


def test_a_broken_view(tmp_path: Path) -> None:
    source = made(
        tmp_path / "a.db",
        "CREATE TABLE t (a INT)",
        "CREATE VIEW v AS SELECT a FROM t",
        "PRAGMA legacy_alter_table = ON",
        "DROP TABLE t",
    )
    with pytest.raises(ObjectGone, match=r"the view db\.v cannot be read: no such table: main\.t"):
        source.describe(ObjectName("db", "v"))
    source.close()


def test_a_damaged_page_ends_the_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    source = made(
        path,
        "CREATE TABLE t (a TEXT)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " INSERT INTO t SELECT hex(randomblob(100)) FROM n",
    )
    table = source.describe(ObjectName("db", "t"))
    with path.open("r+b") as file:
        file.seek(4096 * 40)
        file.write(b"\xa5" * 4096 * 20)
    with pytest.raises(ConnectionFailed, match="malformed"):
        source.read(table, ["a"]).read_all()
    source.close()


def test_tables_of_sqlite_and_of_an_index_are_left_out(tmp_path: Path) -> None:
    source = made(
        tmp_path / "a.db",
        "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)",
        "INSERT INTO t VALUES (1)",
        "CREATE VIRTUAL TABLE notes USING fts5 (body)",
    )
    assert [o.name.name for o in source.objects()] == ["notes", "t"]
    source.close()


def test_undeclared_columns_take_their_values_types(tmp_path: Path) -> None:
    source = made(
        tmp_path / "a.db",
        "CREATE TABLE t (i, f NUMERIC, m, s WHATEVER, b, mixed, empty, at DATETIME, d DATE)",
        "INSERT INTO t VALUES (1, 1, 1, 'x', x'00', 1, NULL, 1700000000, '2024-01-01')",
        "INSERT INTO t VALUES (2, 1.5, 'x', 'y', x'01', x'01', NULL, 1700000001, NULL)",
    )
    table = source.describe(ObjectName("db", "t"))
    assert {c.name: str(c.type) for c in table.columns} == {
        "i": "bigint",
        "f": "double",
        "m": "varchar",
        "s": "varchar",
        "b": "varbinary",
        "empty": "varchar",
        "at": "bigint",
        "d": "date",
    }
    assert [name for name, _ in table.skipped] == ["mixed"]
    rows = source.read(table, [c.name for c in table.columns]).read_all().to_pylist()
    assert [row["m"] for row in rows] == ["1", "x"]
    assert rows[1]["f"] == 1.5
    source.close()


def test_expressions_of_views_take_their_values_types(tmp_path: Path) -> None:
    source = made(
        tmp_path / "a.db",
        "CREATE TABLE t (a INT, b DECIMAL(5,2))",
        "INSERT INTO t VALUES (1, 2.5), (1, 3)",
        "CREATE VIEW v AS SELECT a, count(*) AS n, sum(b) AS s, max(b) || '!' AS x FROM t GROUP BY a",
    )
    assert {k: v for k, v in types(source, "v").items() if k != "a"} == {
        "n": "bigint",
        "s": "double",
        "x": "varchar",
    }
    table = source.describe(ObjectName("db", "v"))
    assert source.read(table, ["n", "s", "x"]).read_all().to_pylist() == [
        {"n": 2, "s": 5.5, "x": "3!"}
    ]
    source.close()


def test_what_no_trino_type_holds_is_skipped_with_the_reason(tmp_path: Path) -> None:
    source = made(tmp_path / "a.db", "CREATE TABLE t (a INT, big DECIMAL(65,30))")
    table = source.describe(ObjectName("db", "t"))
    assert [c.name for c in table.columns] == ["a"]
    ((name, reason),) = table.skipped
    assert name == "big"
    assert "38 digits" in reason
    source.close()


def test_generated_columns_count_and_hidden_ones_do_not(tmp_path: Path) -> None:
    source = made(
        tmp_path / "a.db",
        "CREATE TABLE t (a INT, twice INT AS (a * 2), CHECK (a > 0))",
        "INSERT INTO t VALUES (4)",
    )
    table = source.describe(ObjectName("db", "t"))
    assert source.read(table, ["twice", "a"]).read_all().to_pylist() == [{"twice": 8, "a": 4}]
    source.close()


def test_keys_and_comments(tmp_path: Path) -> None:
    source = made(
        tmp_path / "a.db",
        """CREATE TABLE t ( -- who rents
             b INT, -- second, of two
             `a -- x` INT NOT NULL,
             note TEXT DEFAULT '-- no comment', /* nor, this */
             PRIMARY KEY (`a -- x`, b) -- the key
           )""",
        "CREATE TABLE r (id INTEGER PRIMARY KEY, x INT)",
    )
    table = source.describe(ObjectName("db", "t"))
    assert table.primary_key == ("a -- x", "b")
    assert table.comment == "who rents"
    assert {c.name: c.comment for c in table.columns} == {
        "b": "second, of two",
        "a -- x": "",
        "note": "",
    }
    assert source.describe(ObjectName("db", "r")).columns[0].nullable is False
    source.close()


@pytest.mark.parametrize("text", ["", "CREATE TABLE t", "CREATE TABLE t (((", "--", "'", "CREATE"])
def test_comments_of_anything(text: str) -> None:
    assert comments(text) == ("", {})


def test_a_thousand_columns(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(1000)]
    source = made(
        tmp_path / "a.db",
        f"CREATE TABLE t ({', '.join(f'{n} DECIMAL(9,1)' for n in names)})",
        f"INSERT INTO t VALUES ({', '.join(['1.5'] * 1000)})",
        "CREATE TABLE u (" + ", ".join(names) + ")",
    )
    table = source.describe(ObjectName("db", "t"))
    (row,) = source.read(table, names).read_all().to_pylist()
    assert set(row.values()) == {Decimal("1.5")}
    assert len(types(source, "u")) == 1000
    source.close()


def test_long_values_make_short_batches(tmp_path: Path) -> None:
    source = made(
        tmp_path / "a.db",
        "CREATE TABLE t (a TEXT)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
        " INSERT INTO t SELECT hex(zeroblob(1000000)) FROM n",
    )
    table = source.describe(ObjectName("db", "t"))
    sizes = [batch.num_rows for batch in source.read(table, ["a"])]
    assert sum(sizes) == 40
    assert max(sizes) < 20
    source.close()


def test_a_writer_during_a_read_changes_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    source = made(
        path,
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE t (a DECIMAL(9,0))",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
        " INSERT INTO t SELECT i FROM n",
    )
    table = source.describe(ObjectName("db", "t"))
    reader = source.read(table, ["a"], batch_rows=10)
    first = reader.read_next_batch()
    made(path, "DELETE FROM t WHERE a % 2 = 0", "INSERT INTO t VALUES (1000)").close()
    rest = reader.read_all()
    values = [*first.column(0).to_pylist(), *rest.column(0).to_pylist()]
    assert values == [Decimal(n) for n in range(1, 101)]
    source.close()


def test_rows_of_a_large_table_are_an_estimate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "COUNTED_ROWS", 3)
    source = made(
        tmp_path / "a.db",
        "CREATE TABLE few (a INT)",
        "INSERT INTO few VALUES (1), (2), (3)",
        "CREATE TABLE many (a INT)",
        "INSERT INTO many VALUES (1), (2), (3), (4), (5)",
        "CREATE TABLE wild (a INTEGER PRIMARY KEY)",
        "INSERT INTO wild VALUES (1), (2), (3), (1099511627776)",
        "CREATE TABLE keyed (a INT PRIMARY KEY) WITHOUT ROWID",
        "INSERT INTO keyed VALUES (1), (2), (3), (4)",
    )
    rows = {o.name.name: source.describe(o.name).rows for o in source.objects()}
    assert rows == {"few": 3, "many": 5, "wild": None, "keyed": None}
    source.close()
