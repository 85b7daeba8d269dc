"""What every source promises (`ports.Source`). Each holds the tables below."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from lakeshell.errors import LakeshellError, ObjectGone, UsageError
from lakeshell.model import ObjectKind, ObjectName
from lakeshell.ports import Source
from lakeshell.source.mysql import MysqlSource
from lakeshell.source.mysql_address import MysqlAddress, SslMode
from lakeshell.source.mysql_server import MysqlServer
from lakeshell.source.sqlite import SqliteSource
from lakeshell.sql.arrow import arrow_type
from tests import reach

TABLES = (
    """CREATE TABLE film (film_id INT NOT NULL PRIMARY KEY, title VARCHAR(40) NOT NULL,
       rate DECIMAL(5,2), made DATETIME(0), views BIGINT UNSIGNED)""",
    "CREATE TABLE `od d.\"na'me` (`sel ect` INT, `a.b` VARCHAR(5), `ünï` INT)",
    "CREATE TABLE bare (x INT, y VARCHAR(3))",
    "CREATE VIEW cheap AS SELECT film_id, title FROM film WHERE rate < 3",
)
SCHEMA = reach.own("lakeshell_contract")
ODD = "od d.\"na'me"
FILMS = [
    (1, "Amélie à la gare", "4.99", "2001-02-03 04:05:06", 0),
    (2, "海辺", "0.99", None, 2**63 - 1),
    (3, "", None, "1970-01-01 00:00:00", None),
]


@pytest.fixture(params=["sqlite", "mysql", "mysql encrypted"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    opened: Source
    if request.param == "sqlite":
        opened = sqlite_source(tmp_path / "movies.db")
    else:
        address = reach.mysql(SCHEMA)
        if "encrypted" in request.param:
            address = replace(address, ssl_mode=SslMode.REQUIRED)
        opened = mysql_source(address)
    yield opened
    if isinstance(opened, MysqlSource):
        opened._server.rows(f"DROP DATABASE {SCHEMA}")
    opened.close()


def sqlite_source(path: Path) -> Source:
    database = sqlite3.connect(path)
    for statement in TABLES:
        database.execute(statement)
    database.executemany("INSERT INTO film VALUES (?, ?, ?, ?, ?)", FILMS)
    database.execute(f"INSERT INTO `{ODD}` VALUES (1, 'x\"y', 2)")
    database.commit()
    database.close()
    return SqliteSource(path, SCHEMA)


def mysql_source(address: MysqlAddress) -> Source:
    server = MysqlServer(replace(address, database=""))
    server.rows(f"DROP DATABASE IF EXISTS {SCHEMA}")
    server.rows(f"CREATE DATABASE {SCHEMA}")
    server.rows(f"USE {SCHEMA}")
    for statement in TABLES:
        server.rows(statement)
    for film in FILMS:
        values = ", ".join("NULL" if v is None else repr(v) for v in film)
        server.rows(f"INSERT INTO film VALUES ({values})")
    server.rows(f"INSERT INTO `{ODD}` VALUES (1, 'x\"y', 2)")
    server.rows("ANALYZE TABLE film")
    server.close()
    return MysqlSource(address)


def film(source: Source) -> ObjectName:
    return next(o.name for o in source.objects() if o.name.name == "film")


def test_every_stage_says_what_it_found(source: Source) -> None:
    stages = source.test()
    assert len(stages) >= 3
    assert all(stage and found for stage, found in stages)
    assert any("3 tables, 1 views" in found for _, found in stages)


def test_objects_are_tables_and_views_without_the_systems(source: Source) -> None:
    found = {(o.name.schema, o.name.name): o.kind for o in source.objects()}
    assert found == {
        (SCHEMA, "cheap"): ObjectKind.VIEW,
        (SCHEMA, "film"): ObjectKind.TABLE,
        (SCHEMA, "bare"): ObjectKind.TABLE,
        (SCHEMA, ODD): ObjectKind.TABLE,
    }


def test_a_table_is_described_in_trinos_types(source: Source) -> None:
    table = source.describe(film(source))
    assert [(c.name, str(c.type), c.nullable) for c in table.columns] == [
        ("film_id", "integer", False),
        ("title", "varchar(40)", False),
        ("rate", "decimal(5,2)", True),
        ("made", "timestamp(0)", True),
        ("views", "decimal(20,0)", True),
    ]
    assert table.primary_key == ("film_id",)
    assert table.rows in (None, 3)
    assert all(column.source_type for column in table.columns)


def test_a_view_has_its_tables_types(source: Source) -> None:
    table = source.describe(ObjectName(SCHEMA, "cheap"))
    assert table.kind is ObjectKind.VIEW
    assert [c.name for c in table.columns] == ["film_id", "title"]
    assert str(table.columns[1].type) == "varchar(40)"


def test_rows_come_in_the_declared_types(source: Source) -> None:
    table = source.describe(film(source))
    read = source.read(table, [c.name for c in table.columns])
    assert read.schema == pa.schema([pa.field(c.name, arrow_type(c.type)) for c in table.columns])
    rows = sorted(read.read_all().to_pylist(), key=lambda row: row["film_id"])
    assert rows[0] == {
        "film_id": 1,
        "title": "Amélie à la gare",
        "rate": Decimal("4.99"),
        "made": datetime(2001, 2, 3, 4, 5, 6),
        "views": Decimal(0),
    }
    assert rows[1]["title"] == "海辺"
    assert rows[1]["views"] == Decimal(2**63 - 1)
    assert rows[2]["title"] == ""
    assert rows[2]["rate"] is None


def test_columns_are_read_in_the_order_asked_for(source: Source) -> None:
    table = source.describe(film(source))
    assert source.read(table, ["title", "film_id"]).schema.names == ["title", "film_id"]
    with pytest.raises(UsageError, match="titel"):
        source.read(table, ["titel"])


def test_odd_names_are_read(source: Source) -> None:
    table = source.describe(ObjectName(SCHEMA, ODD))
    rows = source.read(table, ["sel ect", "a.b", "ünï"]).read_all().to_pylist()
    assert rows == [{"sel ect": 1, "a.b": 'x"y', "ünï": 2}]


def test_an_empty_table_has_a_schema(source: Source) -> None:
    table = source.describe(ObjectName(SCHEMA, "bare"))
    read = source.read(table, ["x", "y"]).read_all()
    assert (read.num_rows, read.schema.names) == (0, ["x", "y"])


def test_small_batches_hold_the_same_rows(source: Source) -> None:
    table = source.describe(film(source))
    batches = list(source.read(table, ["film_id"], batch_rows=2))
    assert max(batch.num_rows for batch in batches) <= 2
    assert sum(batch.num_rows for batch in batches) == 3


def test_what_is_gone_is_said_to_be(source: Source) -> None:
    with pytest.raises(ObjectGone, match="gone"):
        source.describe(ObjectName(SCHEMA, "gone"))
    with pytest.raises(LakeshellError):
        source.describe(ObjectName("elsewhere", "film"))


def test_many_are_described_at_once(source: Source) -> None:
    names = [ObjectName(SCHEMA, name) for name in ("gone", "film", ODD, "cheap")]
    found = list(source.describe_many(names))
    assert isinstance(found[0], ObjectGone)
    assert "gone" in found[0].message
    assert found[1:] == [source.describe(name) for name in names[1:]]
    assert list(source.describe_many([])) == []


def test_two_reads_at_once(source: Source) -> None:
    table = source.describe(film(source))
    one, two = source.read(table, ["film_id"]), source.read(table, ["title"])
    assert one.read_next_batch().num_rows == two.read_next_batch().num_rows == 3
