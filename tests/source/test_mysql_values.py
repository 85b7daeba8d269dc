"""Raw values of MySQL as arrays of Trino's types, without a server."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from lakeshell.source.arrays import Undecided
from lakeshell.source.mysql_values import plain, values, whole
from lakeshell.sql.datatypes import VARBINARY, parse_type


@pytest.mark.parametrize(
    ("type", "raw", "expected"),
    [
        ("decimal(5,2)", -99_999, Decimal("-999.99")),
        ("decimal(18,18)", 10**18 - 1, Decimal("0.999999999999999999")),
        ("date", 20_240_229, date(2024, 2, 29)),
        ("date", 10_101, date(1, 1, 1)),
        ("timestamp(0)", 19_691_231_235_959, datetime(1969, 12, 31, 23, 59, 59)),
        ("timestamp(0)", 99_991_231_100_001, datetime(9999, 12, 31, 10, 0, 1)),
    ],
)
def test_whole_numbers_become_what_they_count(type: str, raw: int, expected: Any) -> None:
    found = whole(parse_type(type))(pa.array([raw, None, raw], pa.int64()).slice(1))
    assert found.to_pylist() == [None, expected]
    (text,) = values(pa.array([raw]), parse_type(type))
    assert text == str(expected).zfill(len(str(text)))


@pytest.mark.parametrize(
    ("type", "raw", "text"),
    [
        ("decimal(5,2)", 100_000, "1000.00"),
        ("date", 0, "0000-00-00"),
        ("date", 20_240_100, "2024-01-00"),
        ("date", 20_230_229, "2023-02-29"),
        ("timestamp(0)", 20_240_100_123_456, "2024-01-00 12:34:56"),
        ("timestamp(0) with time zone", 0, "0000-00-00 00:00:00"),
    ],
)
def test_what_does_not_fit_is_looked_at_as_text(type: str, raw: int, text: str) -> None:
    array = pa.array([raw])
    with pytest.raises(Undecided):
        whole(parse_type(type))(array)
    assert list(values(array, parse_type(type))) == [text]


def test_bytes_come_back_from_their_digits() -> None:
    convert = whole(VARBINARY)
    assert convert(pa.array(["00FF", None, "", "61"])).to_pylist() == [b"\x00\xff", None, b"", b"a"]
    sliced = pa.array(["AA", "BBCC", None, "DD"]).slice(1)
    assert convert(sliced).to_pylist() == [b"\xbb\xcc", None, b"\xdd"]
    assert convert(pa.array([], pa.string())).to_pylist() == []


def test_a_day_of_the_year_zero_is_one_of_arrows() -> None:
    days = whole(parse_type("date"))(pa.array([229, 20_000_229]))
    assert days.cast(pa.string()).to_pylist() == ["0000-02-29", "2000-02-29"]


def test_decimals_keep_every_digit() -> None:
    convert = whole(parse_type("decimal(38,10)"))
    text = "1234567890123456789012345678.0123456789"
    assert str(convert(pa.array([text]))[0].as_py()) == text


def test_a_drivers_arrays_become_one_of_four() -> None:
    assert plain(pa.array([1], pa.uint8())).type == pa.int64()
    assert plain(pa.array([1.5], pa.float32())).type == pa.float64()
    assert plain(pa.array(["x"], pa.large_string())).type == pa.string()
    assert plain(pa.array([b"x"], pa.large_binary())).to_pylist() == ["x"]
    assert plain(pa.array([b"\xff"], pa.large_binary())).to_pylist() == [b"\xff"]
