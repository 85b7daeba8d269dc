"""Every type of MySQL, value by value: crawled, loaded, and read by Trino."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import suppress

import live
import pytest

from lakeshell.stack import secrets
from lakeshell.stack.control import cursor
from lakeshell.stack.services import Service

# As declared, a value, its type in the catalog, in Iceberg, and what Trino then says it is.
TYPES = (
    ("TINYINT", "-128", "tinyint", "integer", "-128"),
    ("TINYINT UNSIGNED", "255", "smallint", "integer", "255"),
    ("TINYINT(1)", "7", "tinyint", "integer", "7"),
    ("BOOLEAN", "TRUE", "tinyint", "integer", "1"),
    ("SMALLINT", "-32768", "smallint", "integer", "-32768"),
    ("SMALLINT UNSIGNED", "65535", "integer", "integer", "65535"),
    ("MEDIUMINT", "-8388608", "integer", "integer", "-8388608"),
    ("MEDIUMINT UNSIGNED", "16777215", "integer", "integer", "16777215"),
    ("INT", "-2147483648", "integer", "integer", "-2147483648"),
    ("INT UNSIGNED", "4294967295", "bigint", "bigint", "4294967295"),
    ("INT(5) ZEROFILL", "42", "bigint", "bigint", "42"),
    ("BIGINT", "-9223372036854775808", "bigint", "bigint", "-9223372036854775808"),
    (
        "BIGINT UNSIGNED",
        "18446744073709551615",
        "decimal(20,0)",
        "decimal(20,0)",
        "18446744073709551615",
    ),
    ("DECIMAL(10,2)", "-12345678.91", "decimal(10,2)", "decimal(10,2)", "-12345678.91"),
    (
        "DECIMAL(38,10)",
        "'1234567890123456789012345678.0123456789'",
        "decimal(38,10)",
        "decimal(38,10)",
        "1234567890123456789012345678.0123456789",
    ),
    ("FLOAT", "1.23456789", "real", "real", "1.2345678806304932E0"),
    ("FLOAT(7,3)", "1234.567", "real", "real", "1.2345670166015625E3"),
    ("DOUBLE", "0.1", "double", "double", "1.0E-1"),
    ("DOUBLE UNSIGNED", "1e300", "double", "double", "1.0E300"),
    ("BIT(1)", "b'1'", "boolean", "boolean", "true"),
    ("CHAR(5)", "'ab  '", "char(5)", "varchar", "ab"),
    ("VARCHAR(10)", "'é海'", "varchar(10)", "varchar", "é海"),
    ("VARCHAR(9) CHARACTER SET latin1", "'é€'", "varchar(9)", "varchar", "é€"),
    ("VARCHAR(3)", "''", "varchar(3)", "varchar", ""),
    ("TINYTEXT", "'tiny'", "varchar(255)", "varchar", "tiny"),
    ("TEXT", "'text'", "varchar(65535)", "varchar", "text"),
    ("MEDIUMTEXT", "'medium'", "varchar(16777215)", "varchar", "medium"),
    ("LONGTEXT", "'long海'", "varchar", "varchar", "long海"),
    ("ENUM('a','it''s')", "'it''s'", "varchar(4)", "varchar", "it's"),
    ("SET('x','yy')", "'x,yy'", "varchar(4)", "varchar", "x,yy"),
    ("JSON", """'{"b": 1, "a": [true, null]}'""", "json", "varchar", '{"a":[true,null],"b":1}'),
    ("BINARY(4)", "x'0001'", "varbinary", "varbinary", "00010000"),
    ("VARBINARY(10)", "x'ff00'", "varbinary", "varbinary", "FF00"),
    ("TINYBLOB", "x'01'", "varbinary", "varbinary", "01"),
    ("LONGBLOB", "x'deadbeef'", "varbinary", "varbinary", "DEADBEEF"),
    ("DATE", "'2024-02-29'", "date", "date", "2024-02-29"),
    ("TIME", "'12:34:56'", "time(0)", "time(6)", "12:34:56.000000"),
    ("TIME(6)", "'23:59:59.999999'", "time(6)", "time(6)", "23:59:59.999999"),
    (
        "DATETIME",
        "'9999-12-31 23:59:59'",
        "timestamp(0)",
        "timestamp(6)",
        "9999-12-31 23:59:59.000000",
    ),
    (
        "DATETIME(6)",
        "'1000-01-01 01:02:03.000001'",
        "timestamp(6)",
        "timestamp(6)",
        "1000-01-01 01:02:03.000001",
    ),
    (
        "TIMESTAMP(3) NULL",
        "'2024-10-27 00:30:00.125+02:00'",
        "timestamp(3) with time zone",
        "timestamp(6) with time zone",
        "2024-10-26 22:30:00.125000 UTC",
    ),
    ("YEAR", "2155", "date", "date", "2155-01-01"),
)
WRITTEN = {"varbinary": "to_hex({})", "real": "CAST(CAST({} AS double) AS varchar)"}
NONE = (
    "BIT(64)", "DECIMAL(65,30)", "GEOMETRY", "POINT", "LINESTRING", "GEOMETRYCOLLECTION", "VECTOR(2)",
)  # fmt: skip
NO_DAYS = (
    ("DATE", "'0000-00-00'"),
    ("DATE", "'2024-01-00'"),
    ("DATETIME(6)", "0"),
    ("TIMESTAMP NULL", "0"),
    ("YEAR", "0"),
    ("TIME", "'-25:00:01'"),
    ("TIME", "'24:00:00'"),
)


@pytest.fixture(scope="module")
def name() -> Iterator[str]:
    made = f"types_{uuid.uuid4().hex[:8]}"
    columns = [f"c{number} {declared}" for number, (declared, *_) in enumerate(TYPES)]
    columns += [f"n{number} {declared}" for number, declared in enumerate(NONE)]
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"CREATE DATABASE {made} CHARACTER SET utf8mb4")
        sql.execute(f"USE {made}")
        sql.execute("SET sql_mode = '', time_zone = '+00:00', NAMES utf8mb4")
        sql.execute(f"CREATE TABLE held (id INT PRIMARY KEY, {', '.join(columns)})")
        names = ", ".join(f"c{number}" for number in range(len(TYPES)))
        values = ", ".join(value for _, value, *_ in TYPES)
        sql.execute(f"INSERT INTO held (id, {names}) VALUES (1, {values})")
        sql.execute("INSERT INTO held (id) VALUES (2)")
        for number, (declared, value) in enumerate(NO_DAYS):
            sql.execute(f"CREATE TABLE none{number} (v {declared})")
            sql.execute(f"INSERT INTO none{number} VALUES ({value})")
    url = f"mysql://root@127.0.0.1:{live.installation().port(Service.MYSQL)}/{made}"
    live.done("connection", "add", made, url, "--password-env", secrets.MYSQL_ROOT)
    live.done("crawler", "add", made, "--connection", made, "--database", made)
    live.done("crawler", "run", made)
    yield made
    live.sql(f"DROP TABLE IF EXISTS lake.{made}.copy")
    with live.lake() as lake, suppress(Exception):
        for table in lake.catalog.tables(made):
            lake.catalog.drop(table.name)
        lake.catalog.drop_database(made)
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"DROP DATABASE {made}")
    for file in live.folder().glob(f"*/{made}*.*"):
        file.unlink()


def test_every_type_and_value_comes_through(name: str) -> None:
    printed = live.lakeshell("catalog", "show", f"{name}.{name}_held", "--output-format", "JSON")
    rows = [json.loads(line) for line in printed.stdout.splitlines()]
    crawled = {row["column"]: row["type"] for row in rows}
    expected = {f"c{number}": kind for number, (_, _, kind, _, _) in enumerate(TYPES)}
    assert crawled == {"id": "integer", **expected}

    live.done("job", "propose", name, "--source", f"{name}.{name}_held", "--target", f"{name}.copy")
    live.done("job", "run", name)
    described = live.sql(f"DESCRIBE lake.{name}.copy")
    assert [kind for _, kind, *_ in described[1:]] == [iceberg for _, _, _, iceberg, _ in TYPES]
    # Trino itself writes fewer digits of a real than it has.
    shown = ", ".join(
        WRITTEN.get(iceberg, "CAST({} AS varchar)").format(f"c{number}")
        for number, (_, _, _, iceberg, _) in enumerate(TYPES)
    )
    found, nulls = live.sql(f"SELECT {shown} FROM lake.{name}.copy ORDER BY id")
    assert found == [text for *_, text in TYPES]
    assert nulls == [None] * len(TYPES)


@pytest.mark.parametrize("number", range(len(NO_DAYS)))
def test_what_is_no_day_or_time_ends_the_load(name: str, number: int) -> None:
    job = f"{name}_{number}"
    source = f"{name}.{name}_none{number}"
    live.done("job", "propose", job, "--source", source, "--target", f"{name}.never")
    ended = live.lakeshell("job", "run", job)
    assert ended.returncode == 1
    assert f"{name}.none{number}, row 1, column 'v'" in ended.stderr
    assert live.sql(f"SHOW TABLES FROM lake.{name} LIKE 'never'") == []
