"""Rows of Trino's protocol as Arrow: each type's values, the quick way and the sure one alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from lakeshell.engine.trino.pages import Pages
from lakeshell.engine.trino.values import arrow_array
from lakeshell.errors import QueryFailed
from lakeshell.model import Column
from lakeshell.sql.datatypes import parse_type
from lakeshell.sql.render import texts

LARGE = 70_000
"""Bytes above which a page goes the quick way."""


def pages(*types: str) -> Pages:
    return Pages([Column(f"c{n}", parse_type(type)) for n, type in enumerate(types)])


def read(made: Pages, rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
    """Every batch of the page as one."""
    (batch,) = pa.Table.from_batches(made.read(text(rows))).combine_chunks().to_batches()
    return batch


def text(rows: Sequence[Sequence[Any]]) -> bytes:
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode()


VALUES: list[tuple[str, list[Any], list[str | None]]] = [
    ("boolean", [True, False, None], ["true", "false", None]),
    ("tinyint", [-128, 127, None], ["-128", "127", None]),
    ("bigint", [-(2**63), 2**63 - 1, None], [str(-(2**63)), str(2**63 - 1), None]),
    ("real", [0.1, "NaN", None], ["0.1", "NaN", None]),
    ("double", [1e100, "Infinity", "-Infinity", None], ["1.0E100", "Infinity", "-Infinity", None]),
    ("decimal(38,2)", ["1.50", "-" + "9" * 36 + ".99", None], ["1.50", "-" + "9" * 36 + ".99", None]),
    ("varchar", ["", "null", "a,b", "x],[y", "é", None], ["", "null", "a,b", "x],[y", "é", None]),
    ("char(4)", ["a   ", None], ["a   ", None]),
    ("varbinary", ["AP8=", "", None], ["00 ff", "", None]),
    ("date", ["2024-02-29", "0001-01-01", None], ["2024-02-29", "0001-01-01", None]),
    ("date", ["-0001-01-01", "+12020-01-01"], ["-0001-01-01", "+12020-01-01"]),
    ("time(3)", ["01:02:03.456", None], ["01:02:03.456", None]),
    ("time(6)", ["23:59:59.999999"], ["23:59:59.999999"]),
    ("time(3) with time zone", ["01:02:03.456+05:30", "01:02:03.456-01:00", None],
     ["01:02:03.456+05:30", "01:02:03.456-01:00", None]),
    ("timestamp(0)", ["2024-02-29 23:59:59", None], ["2024-02-29 23:59:59", None]),
    ("timestamp(6)", ["1969-12-31 23:59:59.999999"], ["1969-12-31 23:59:59.999999"]),
    ("timestamp(6)", ["+12020-01-01 00:00:00.000001"], ["+12020-01-01 00:00:00.000001"]),
    ("timestamp(9)", ["2024-01-01 00:00:00.123456789"], ["2024-01-01 00:00:00.123456789"]),
    ("timestamp(12)", ["2024-01-01 00:00:00.123456789000"], ["2024-01-01 00:00:00.123456789000"]),
    ("timestamp(3) with time zone",
     ["2024-07-01 12:00:00.000 Europe/Berlin", "2024-01-01 12:00:00.000 UTC", None],
     ["2024-07-01 12:00:00.000 Europe/Berlin", "2024-01-01 12:00:00.000 UTC", None]),
    ("timestamp(3) with time zone", ["2024-07-01 12:00:00.123 UTC"], ["2024-07-01 12:00:00.123 UTC"]),
    ("interval day to second", ["-1 02:03:04.567", "0 00:00:00.000", None],
     ["-1 02:03:04.567", "0 00:00:00.000", None]),
    ("interval year to month", ["1-2", "-1-2", None], ["1-2", "-1-2", None]),
    ("uuid", ["12151fd2-7586-11e9-8f9e-2a86e4085a59"], ["12151fd2-7586-11e9-8f9e-2a86e4085a59"]),
    ("json", ['{"a":1}', None], ['{"a":1}', None]),
    ("unknown", [None, None], [None, None]),
    ("array(integer)", [[1, None], [], None], ["[1, NULL]", "[]", None]),
    ("map(varchar, double)", [{"a": 1.5}, {}, None], ["{a=1.5}", "{}", None]),
    ("map(decimal(2,1), date)", [{"1.5": "2020-01-01"}], ["{1.5=2020-01-01}"]),
    ("map(boolean, bigint)", [{"true": 1}], ["{true=1}"]),
    ("row(a integer, b row(c varchar))", [[1, ["x"]], None], ["{a=1, b={c=x}}", None]),
    ("array(row(timestamp(3)))", [[["2024-01-01 00:00:00.000"]]], ["[{2024-01-01 00:00:00.000}]"]),
]  # fmt: skip


@pytest.mark.parametrize(("type", "values", "printed"), VALUES)
def test_values_print_as_trino_cli_prints_them(
    type: str, values: list[Any], printed: list[str | None]
) -> None:
    batch = read(pages(type), [[value] for value in values])
    assert list(texts(batch.column(0), parse_type(type), 0)) == printed


@pytest.mark.parametrize(("type", "values", "printed"), VALUES)
def test_the_quick_way_gives_the_same(
    type: str, values: list[Any], printed: list[str | None]
) -> None:
    rows = [[value, "x" * 100] for value in values] * (LARGE // (50 * len(values)))
    assert len(text(rows)) > LARGE
    made = pages(type, "varchar")
    whole = read(made, rows)
    assert whole.num_rows == len(rows)
    assert whole.column(0).type == made.schema.field(0).type
    last = whole.column(0).slice(len(rows) - len(values))
    assert list(texts(last, parse_type(type), 0)) == printed


@pytest.mark.parametrize(
    "odd",
    [
        'a"b',
        '""',
        'a\\"],["b',
        "a\\nb",
        "\r\n\t\b\f/",
        "\x01\x02",
        "\\u0041",
        "a\\b",
        "a\nb",
        "a\tb",
        "\u2028",
        "],[",
        '"],["',
        "\x7f",
    ],
)
def test_no_text_changes_on_the_quick_way(odd: str) -> None:
    rows = [[odd, n] for n in range(20_000)]
    batch = read(pages("varchar", "bigint"), rows)
    assert batch.column(0).unique().to_pylist() == [odd]
    assert batch.column(1).to_pylist() == list(range(20_000))


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("time(9)", "01:02:03.123456789"),
        ("timestamp(12)", "2024-01-01 00:00:00.123456789123"),
        ("timestamp(9)", "1000-01-01 00:00:00.000000001"),
        ("timestamp(9) with time zone", "2024-01-01 00:00:00.123456789 UTC"),
        ("map(row(integer), integer)", {"[1]": 2}),
    ],
)
def test_what_results_cannot_hold_is_refused_and_not_cut(type: str, value: Any) -> None:
    with pytest.raises(QueryFailed) as caught:
        read(pages(type), [[value]])
    assert caught.value.code == "NOT_SUPPORTED"
    assert caught.value.hint


def test_fine_types_without_fine_values_pass() -> None:
    made = pages("time(9)", "timestamp(9) with time zone")
    batch = read(made, [["01:02:03.123456000", "2024-01-01 00:00:00.123456000 UTC"]])
    assert texts(batch.column(0), parse_type("time(9)"), 0) == ["01:02:03.123456000"]


@pytest.mark.parametrize(
    ("type", "values"),
    [
        ("decimal(38,10)", ["9999999999999999999999999999.9999999999", "-0.0000000001", None, "0"]),
        ("decimal(5,0)", ["12345", "-1", "0"]),
        ("date", ["2024-02-29", "0001-01-01", "9999-12-31", "1582-10-10", None]),
        ("date", ["-0001-01-01", "+12345-06-07", "2024-02-29"]),
        ("timestamp(0)", ["1969-12-31 23:59:59", "0001-01-01 00:00:00", None]),
        ("timestamp(6)", ["2024-02-29 12:34:56.789012", "9999-12-31 23:59:59.999999"]),
        ("timestamp(3)", ["2024-02-29 12:34:56.700", "-0044-03-15 12:00:00.001"]),
        ("timestamp(9)", ["2024-02-29 12:34:56.123456789", "1677-09-22 00:00:00.000000001"]),
    ],
)
def test_few_values_are_as_many(type: str, values: list[str | None]) -> None:
    few = arrow_array(values, parse_type(type))
    many = arrow_array(values * 300, parse_type(type))
    assert few.type == many.type
    assert few.equals(many.slice(0, len(values)))
    assert few.equals(many.slice(len(values), len(values)))
