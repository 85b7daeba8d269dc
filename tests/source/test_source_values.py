"""Values of a source: each comes as it is, or is refused by name."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lakeshell.errors import ValueRefused
from lakeshell.model import ObjectName
from lakeshell.source.sqlite import SqliteSource

GOOD: list[tuple[str, Any, Any]] = [
    ("TINYINT", -128, -128),
    ("INT", 5.0, 5),
    ("BIGINT", 2**63 - 1, 2**63 - 1),
    ("BIGINT UNSIGNED", 2**62 + 1, Decimal(2**62 + 1)),
    ("DECIMAL(5,2)", 4.99, Decimal("4.99")),
    ("DECIMAL(5,2)", 5, Decimal("5.00")),
    ("DECIMAL(5,2)", 0.1 + 0.2, Decimal("0.30")),
    ("DECIMAL(5,2)", -999.99, Decimal("-999.99")),
    ("DECIMAL(38,10)", 1234567.25, Decimal("1234567.25")),
    ("DECIMAL(38,0)", 2**62 + 1, Decimal(2**62 + 1)),
    ("DECIMAL(15,0)", 999999999999999, Decimal(999999999999999)),
    ("DOUBLE", 1, 1.0),
    ("DOUBLE", 1e300, 1e300),
    ("BOOLEAN", 1, True),
    ("BOOLEAN", 0, False),
    ("BOOLEAN", "True", True),
    ("VARCHAR(4)", "ünï語", "ünï語"),
    ("VARCHAR(9)", "a\x00b", "a\x00b"),
    ("VARCHAR(9)", b"bytes", "bytes"),
    ("CHAR(3)", "a  ", "a"),
    ("TEXT", 12, "12"),
    ("DATE", "2024-02-29", date(2024, 2, 29)),
    ("DATE", "2024-02-29 00:00:00", date(2024, 2, 29)),
    ("DATETIME", "2024-02-29", datetime(2024, 2, 29)),
    ("DATETIME", "2024-02-29T23:59:59.123456", datetime(2024, 2, 29, 23, 59, 59, 123456)),
    ("DATETIME", "2024-02-29 23:59:59.5Z", datetime(2024, 2, 29, 23, 59, 59, 500000)),
    ("DATETIME(3)", "2024-02-29 23:59:59.123000", datetime(2024, 2, 29, 23, 59, 59, 123000)),
    ("DATETIME", "0001-01-01 00:00", datetime(1, 1, 1)),
    ("TIME", "23:59:59.25", time(23, 59, 59, 250000)),
    ("YEAR", 2006, date(2006, 1, 1)),
    ("JSON", '{"b": 1, "a": [true, null]}', '{"a":[true,null],"b":1}'),
    ("JSON", 7, "7"),
    ("UUID", "6F9619FF-8B86-D011-B42D-00C04FC964FF", "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
    ("BLOB", b"\xff\x00", b"\xff\x00"),
    ("BLOB", "text", b"text"),
    ("", "free", "free"),
    ("NUMERIC", 2.5, 2.5),
    ("DATE", 20240229, 20240229),
]  # fmt: skip

BAD: list[tuple[str, Any, str]] = [
    ("TINYINT", 128, "8 bits"),
    ("TINYINT UNSIGNED", -40000, "16 bits"),
    ("INT", 2**31, "32 bits"),
    ("INT", "many", "text, not a whole number"),
    ("INT", 1.5, "not a whole number"),
    ("INT", b"\x01", "bytes"),
    ("BIGINT", 2.0**63, "floating-point"),
    ("BIGINT UNSIGNED", 2.0**64 - 1, "floating-point"),
    ("DECIMAL(5,2)", 4.999, "after the point"),
    ("DECIMAL(5,2)", 1000, "before the point"),
    ("DECIMAL(5,2)", "much", "not a number"),
    ("DECIMAL(20,2)", float("inf"), "finite"),
    ("DOUBLE", "many", "not a number"),
    ("BOOLEAN", 2, "neither true nor false"),
    ("VARCHAR(3)", "four", "4 characters"),
    ("VARCHAR(9)", b"\xff\xfe", "not UTF-8"),
    ("DATE", "0000-00-00", "no such day"),
    ("DATE", "2023-02-29", "no such day"),
    ("DATE", "2024-01-01 10:00:00", "time of day"),
    ("DATETIME", "0000-00-00 00:00:00", "no such day"),
    ("DATETIME", "2024-01-01 10:00:00.1234567", "6 digits"),
    ("DATETIME(0)", "2024-01-01 10:00:00.5", "0 digits"),
    ("DATETIME", "2024-01-01 10:00:00+02:00", "time zone"),
    ("DATETIME", "yesterday", "not a time"),
    ("TIME", "25:00:00", "no such time"),
    ("TIME", "-01:00:00", "not a time of day"),
    ("YEAR", 0, "1901"),
    ("JSON", "{a}", "not JSON"),
    ("JSON", "NaN", "not JSON"),
    ("BLOB", 7, "not bytes"),
]  # fmt: skip


def read(path: Path, declared: str, values: list[Any], batch_rows: int = 65_536) -> list[Any]:
    database = sqlite3.connect(path)
    kind = f"`{declared}`" if "'" in declared else declared
    database.execute(f"CREATE TABLE t (v {kind})")
    database.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    database.commit()
    database.close()
    source = SqliteSource(path, "db")
    try:
        table = source.describe(ObjectName("db", "t"))
        rows: list[Any] = source.read(table, ["v"], batch_rows).read_all().column(0).to_pylist()
        return rows
    finally:
        source.close()


@pytest.mark.parametrize(("declared", "value", "expected"), GOOD)
def test_a_value_comes_as_it_is(tmp_path: Path, declared: str, value: Any, expected: Any) -> None:
    found = read(tmp_path / "a.db", declared, [value, None])
    assert found == [expected, None]
    assert type(found[0]) is type(expected)


@pytest.mark.parametrize(("declared", "value", "expected"), GOOD)
def test_in_a_later_batch_too(tmp_path: Path, declared: str, value: Any, expected: Any) -> None:
    """The driver decides on a column's type by its first batch, which here has none to go by."""
    found = read(tmp_path / "a.db", declared, [None] * 5 + [value, None, value], 2)
    assert found == [None] * 5 + [expected, None, expected]


@pytest.mark.parametrize(("declared", "value", "why"), BAD)
@pytest.mark.parametrize("batch_rows", [2, 65_536])
def test_a_misfit_is_refused_by_name(
    tmp_path: Path, declared: str, value: Any, why: str, batch_rows: int
) -> None:
    with pytest.raises(ValueRefused) as caught:
        read(tmp_path / "a.db", declared, [None, None, None, value], batch_rows)
    message = caught.value.message
    assert "db.t, row 4, column 'v'" in message
    assert declared in message
    assert why in message


def test_good_rows_before_a_misfit_are_not_read_twice(tmp_path: Path) -> None:
    """A text among whole numbers makes the reader begin anew from the row it had reached."""
    values: list[Any] = [*range(10), "10", *range(11, 20)]
    assert read(tmp_path / "a.db", "DECIMAL(9,0)", values, 3) == [Decimal(n) for n in range(20)]


def test_times_with_a_zone_are_instants(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "a.db", "TIMESTAMPTZ", ["2024-01-01 10:00:00+02:00"])
    assert found == {"instant": datetime(2024, 1, 1, 8, tzinfo=UTC), "zone": "UTC"}


def test_digits_that_a_double_has_not_are_kept(tmp_path: Path) -> None:
    digits = "12345678901234567890.123456789"
    path = tmp_path / "a.db"
    database = sqlite3.connect(path)
    # A text that no number equals stays text where the column asks for none.
    database.execute("CREATE TABLE t (v `DECIMAL(38,9) TEXT`)")
    database.execute("CREATE VIEW w AS SELECT v FROM t")
    database.execute("INSERT INTO t VALUES (?)", (digits,))
    database.commit()
    database.close()
    source = SqliteSource(path, "db")
    table = source.describe(ObjectName("db", "t"))
    rows = source.read(table, ["v"]).read_all().column(0).to_pylist()
    assert [str(row) for row in rows] == [digits]
    source.close()
