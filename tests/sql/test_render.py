"""Trino's text of values: Java's numbers, map order, zones. Expected texts are Trino 476's."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakeshell.sql import javamap
from lakeshell.sql.datatypes import BIGINT, INTEGER, VARCHAR, parse_type
from lakeshell.sql.javanumbers import double_text, real_text
from lakeshell.sql.render import date_text, texts, timestamp_text
from lakeshell.sql.zones import local_micros, offset_micros

ANY_FLOAT = st.floats(allow_nan=False, allow_infinity=False)


@given(ANY_FLOAT)
def test_a_double_reads_back_as_itself(value: float) -> None:
    assert float(double_text(value)) == value


@given(ANY_FLOAT)
def test_a_double_is_in_java_notation(value: float) -> None:
    mantissa, power, exponent = double_text(value).lstrip("-").partition("E")
    whole, _, fraction = mantissa.partition(".")
    assert fraction
    if power:
        assert len(whole) == 1
        assert whole != "0"
        assert not -3 <= int(exponent) < 7
    elif value:
        assert 1e-3 <= abs(value) < 1e7


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_real_reads_back_as_itself(value: float) -> None:
    text = real_text(value)
    assert struct.unpack("f", struct.pack("f", float(text)))[0] == value
    assert len(text) <= len("-1.17549435E-38")


@given(st.integers(-(2**31), 2**31 - 1))
def test_dates_count_on_beyond_python(days: int) -> None:
    """400 years later it is the same day of the same month."""
    text, later = date_text(days), date_text(days + 146_097)
    assert text[-6:] == later[-6:]
    assert int(later[:-6]) - int(text[:-6]) == 400


@pytest.mark.parametrize(
    ("micros", "precision", "text"),
    [
        (0, 0, "1970-01-01 00:00:00"),
        (-1, 6, "1969-12-31 23:59:59.999999"),
        (-1, 3, "1969-12-31 23:59:59.999"),
        (-62_135_596_800_000_001, 6, "0000-12-31 23:59:59.999999"),
        (253_402_300_800_000_000, 1, "+10000-01-01 00:00:00.0"),
        (1, 12, "1970-01-01 00:00:00.000001000000"),
    ],
)
def test_timestamps_of_every_precision(micros: int, precision: int, text: str) -> None:
    assert timestamp_text(micros, precision) == text


def test_nanoseconds_keep_their_digits_before_1970_too() -> None:
    array = pa.array([-1, 1_000_000_001, None]).cast(pa.timestamp("ns"))
    assert texts(array, parse_type("timestamp(9)")) == [
        "1969-12-31 23:59:59.999999999",
        "1970-01-01 00:00:01.000000001",
        None,
    ]
    assert texts(array, parse_type("timestamp(7)"))[0] == "1969-12-31 23:59:59.9999999"


@given(
    st.datetimes(datetime(1800, 1, 1), datetime(9000, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Africa/Monrovia", "Asia/Kathmandu"]),
)
def test_local_time_is_the_zone_databases(moment: datetime, zone: str) -> None:
    instant = moment.replace(tzinfo=UTC)
    micros = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    expected = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC) - instant
    assert offset_micros(micros, zone) == expected // timedelta(microseconds=1)


def test_fixed_offsets_and_utc_need_no_database() -> None:
    assert local_micros(5, "UTC") == 5
    assert local_micros(0, "+05:45") == 20_700_000_000
    assert local_micros(0, "-00:30") == -1_800_000_000


@pytest.mark.parametrize(
    ("keys", "type", "expected"),
    [
        ([1, 2, 17, 33, -1], INTEGER, [-1, 1, 17, 33, 2]),
        (["b", "a", "Aa", "BB"], VARCHAR, ["Aa", "BB", "a", "b"]),
        ([5_000_000_000, 1, -7], BIGINT, [1, 5_000_000_000, -7]),
    ],
)
def test_maps_are_in_the_order_of_javas(keys: list, type: object, expected: list) -> None:
    assert [keys[i] for i in javamap.order(keys, type)] == expected


@given(st.lists(st.integers(-60, 60).map(lambda n: n * 1024), unique=True, max_size=100))
def test_the_order_of_a_map_loses_and_doubles_no_key(keys: list[int]) -> None:
    assert sorted(javamap.order(keys, INTEGER)) == list(range(len(keys)))


def test_slices_of_nested_arrays_are_rendered_where_they_are() -> None:
    rows = [[1, 2], None, [], [3, None], [4]]
    array = pa.array(rows, pa.list_(pa.int32())).slice(1, 3)
    assert texts(array, parse_type("array(integer)")) == [None, "[]", "[3, NULL]"]
    struct_array = pa.array(
        [{"f0": 1, "f1": "x"}, None, {"f0": None, "f1": None}],
        pa.struct([("f0", pa.int32()), ("f1", pa.string())]),
    ).slice(1)
    assert texts(struct_array, parse_type("row(a integer, varchar)")) == [None, "{a=NULL, NULL}"]
    maps = pa.array([[("a", 1)], None, [("b", None)]], pa.map_(pa.string(), pa.int32())).slice(1)
    assert texts(maps, parse_type("map(varchar, integer)")) == [None, "{b=NULL}"]
