"""What may reach a terminal, its width, and listings."""

from __future__ import annotations

import io
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from fakes import batch, columns
from hypothesis import given
from hypothesis import strategies as st

from lakeshell.output.result import write_result
from lakeshell.output.table import write_table
from lakeshell.output.text import printable, printable_lines
from lakeshell.output.width import console_width


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    shown = printable(text)
    assert not [c for c in shown if unicodedata.category(c) == "Cc"]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert printable_lines(text).split("\n") == [printable(line) for line in text.split("\n")]


@given(st.text(st.characters(exclude_categories=["Cc", "Cf"])))
def test_text_without_them_is_as_it_was(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\r\n", "a\\tb\\r\\n"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b", "\\x9b"),
        ("\x7f", "\\x7f"),
        ("a\u202eb", "a\\u202eb"),
        ("[bold]x[/]", "[bold]x[/]"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
    ],
)
def test_how_they_are_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("abc", 3), ("漢字", 4), ("e\u0301", 1), ("👍", 2), ("ﾊﾝ", 2), ("\u200b", 0)],
)
def test_widths(text: str, width: int) -> None:
    assert console_width(text) == width


@pytest.mark.parametrize("format_name", ["CSV", "CSV_UNQUOTED", "TSV", "JSON"])
def test_other_formats_are_escaped_for_a_terminal_only(format_name: str) -> None:
    described = columns(**{"a\x1b": "varchar", "b": "varchar"})
    rows = [batch(described, ["x\x1b\x9b\u202e", "y"])]
    plain: list[str] = []
    safe: list[str] = []
    write_result(described, rows, format_name, plain.append)
    write_result(described, rows, format_name, safe.append, safe=True)
    assert "\x9b\u202e" in "".join(plain)
    assert "\x9b" not in "".join(safe)
    assert "\x1b" not in "".join(safe)
    if format_name == "TSV":
        assert "".join(safe) == "x\\x1b\\x9b\\u202e\ty\n"


def table(format_name: str, out: io.StringIO | None = None) -> str:
    stream = out or io.StringIO()
    rows = [
        ("a", 1, Decimal("1.50"), True, datetime(2026, 11, 24, 14, 3, 1, 5000, tzinfo=UTC)),
        ("b\x1b", None, None, None, None),
    ]
    write_table(("text", "n", "money", "flag", "when"), rows, format_name, stream)
    return stream.getvalue()


def test_a_listing() -> None:
    assert table("aligned") == (
        " text  |  n   | money | flag |            when             \n"
        "-------+------+-------+------+-----------------------------\n"
        " a     |    1 |  1.50 | true | 2026-11-24 14:03:01.005 UTC \n"
        " b\\x1b | NULL |  NULL | NULL | NULL                        \n"
        "(2 rows)\n"
    )


def test_a_listing_as_json_and_csv() -> None:
    assert table("JSON").splitlines()[0] == (
        '{"text":"a","n":1,"money":"1.50","flag":true,"when":"2026-11-24 14:03:01.005 UTC"}'
    )
    assert table("CSV").splitlines()[1] == '"b\x1b","","","",""'
    assert table("CSV", Terminal()).splitlines()[1] == '"b\\x1b","","","",""'
    assert table("NULL") == ""


def test_an_empty_listing() -> None:
    out = io.StringIO()
    write_table(("a",), [], "ALIGNED", out)
    write_table(("a",), iter([]), "CSV_HEADER", out)
    assert out.getvalue() == ' a \n---\n(0 rows)\n"a"\n'


def test_moments_are_shown_in_utc() -> None:
    out = io.StringIO()
    moment = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    write_table(("a",), [(moment,)], "CSV", out)
    assert out.getvalue() == '"2025-12-31 23:00:00.000 UTC"\n'


def test_widths_are_set_anew_every_ten_thousand_rows() -> None:
    described = columns(s="varchar")
    rows = [batch(described, *([["x"]] * 10_000), ["wide"])]
    out: list[str] = []
    assert write_result(described, rows, "ALIGNED", out.append) == 10_001
    lines = "".join(out).split("\n")
    assert lines[:3] == [" s ", "---", " x "]
    assert lines[-3:] == [" wide ", "(10001 rows)", ""]
