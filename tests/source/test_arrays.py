"""Whole columns of a source, against the same values one by one."""

from __future__ import annotations

import random
import sqlite3
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from lakeshell.model import ObjectName
from lakeshell.source.arrays import Undecided, whole_column
from lakeshell.source.sqlite import SqliteSource
from lakeshell.source.values import converter
from lakeshell.sql.datatypes import parse_type


@pytest.mark.parametrize("scale", [0, 2, 4, 15])
def test_wide_decimals_are_those_of_each_value(scale: int) -> None:
    type = parse_type(f"decimal(30, {scale})")
    whole, single = whole_column(type), converter(type)
    chance = random.Random(scale)
    decided = 0
    for _ in range(2_000):
        digits = chance.randint(-(10 ** chance.randint(1, 17)), 10 ** chance.randint(1, 17))
        number = Decimal(digits).scaleb(-chance.choice((scale, scale, scale + 1)))
        value = int(number) if number == int(number) and abs(number) < 2**63 else float(number)
        written = f"i{value}" if isinstance(value, int) else f"r{value!r}"
        try:
            (made,) = whole(pa.array([written]))
        except Undecided:
            continue
        decided += 1
        assert made.as_py() == single(value)
    assert decided > 500


@pytest.mark.parametrize("odd", ["i1000000000000000", "r0.125", "rInf", "t312E35", "bFF"])
def test_what_needs_a_look_of_its_own_is_not_decided(odd: str) -> None:
    whole = whole_column(parse_type("decimal(18, 2)"))
    assert whole(pa.array(["i3", None, "r-0.5"])).to_pylist() == [Decimal(3), None, Decimal("-0.5")]
    with pytest.raises(Undecided):
        whole(pa.array(["i3", odd]))


def test_wide_decimals_of_a_file(tmp_path: Path) -> None:
    values = [3, 1.25, None, -0.0001, 99_999_999_999.5, 2**53 + 1, "7.5", 12_345_678_901_234]
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("CREATE TABLE t (a DECIMAL(24,4))")
        db.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    db.close()
    source = SqliteSource(tmp_path / "a.db", "db")
    table = source.describe(ObjectName("db", "t"))
    expected = [None if value is None else Decimal(str(value)) for value in values]
    for rows in (1, 3, 100):
        read = source.read(table, ["a"], rows).read_all()
        assert read.column("a").to_pylist() == expected
    source.close()
