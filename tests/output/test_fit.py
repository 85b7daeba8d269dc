"""Listings in a narrow terminal."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lakeshell.cost.prices import money_text
from lakeshell.output.fit import Fit, fitted, shortened
from lakeshell.output.width import console_width

COLUMNS = ("id", "user", "note")
ROWS = [["20261124_1", "ada", "one two three four five six"], ["20261124_2", "bob", ""]]


def taken(columns: tuple[str, ...], rows: list[list[str]]) -> int:
    """The columns of the terminal that ALIGNED takes."""
    cells = zip(columns, *rows, strict=True)
    widths = [
        max(console_width(line) for c in column for line in c.split("\n")) for column in cells
    ]
    return sum(widths) + 3 * len(widths) - 1


def test_what_fits_is_left_alone() -> None:
    assert fitted(COLUMNS, ROWS, 80, Fit(spare=("user",), cut=("note",))) == (COLUMNS, ROWS, ())


def test_long_texts_give_way_before_columns_do() -> None:
    made = fitted(COLUMNS, ROWS, 40, Fit(spare=("user",), cut=("note",), least=10))
    assert made.left_out == ()
    assert made.rows[0] == ["20261124_1", "ada", "one two three fou…"]
    assert taken(made.columns, [list(row) for row in made.rows]) <= 40


def test_spare_columns_go_in_their_order_and_no_more_than_needed() -> None:
    fit = Fit(spare=("user", "id"), cut=("note",), least=10)
    assert fitted(COLUMNS, ROWS, 27, fit).left_out == ("user",)
    assert fitted(COLUMNS, ROWS, 14, fit).columns == ("note",)


def test_wrapped_text_keeps_every_word() -> None:
    made = fitted(COLUMNS, ROWS, 35, Fit(wrapped=("note",), least=10))
    assert made.rows[0][2] == "one two three\nfour five six"
    long = fitted(("a",), [["abcdefghij klm"]], 6, Fit(wrapped=("a",), least=4))
    assert long.rows[0][0] == "abcd\nefgh\nij\nklm"


def test_wide_and_control_characters_are_measured_as_they_are_shown() -> None:
    assert shortened("映画の夜に", 7) == "映画の…"
    made = fitted(("a",), [["\x1b[31mred"]], 80, Fit())
    assert made.rows[0][0] == "\\x1b[31mred"


def test_what_cannot_fit_is_shown_whole() -> None:
    assert fitted(("id",), [["x" * 50]], 20, Fit()).rows == [["x" * 50]]


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.0000476837", "0.000048"), ("0.0733333333", "0.073"), ("12.3456", "12.35"), ("0", "0.00"),
     ("0.00999", "0.01")],
)  # fmt: skip
def test_money_for_eyes(amount: str, text: str) -> None:
    assert money_text(Decimal(amount), rounded=True) == text
