"""Two results compared: by key, by position, and what is said of columns that one alone has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from fakes import batch, columns

from lakeshell.errors import Cancelled, UsageError
from lakeshell.query.compare import Comparison, compare, likely_keys
from lakeshell.query.rows import Arrangement, ResultRows

_ALL = Arrangement()


def held(rows: list[tuple[Any, ...]], **types: str) -> ResultRows:
    of = columns(**types)
    made = ResultRows(of)
    for at in range(0, len(rows), 2):
        made.add(batch(of, *rows[at : at + 2]))
    return made


def shown(found: Comparison) -> list[tuple[str | None, ...]]:
    rows = found.rows
    return [
        tuple(rows.text(row, column, _ALL) for column in range(len(rows.columns)))
        for row in range(len(rows))
    ]


FIRST = held(
    [(1, "a", 1.5), (2, "b", None), (3, "c", 3.0), (3, "c2", 4.0), (None, "n", 0.0)],
    id="integer", name="varchar", value="double",
)  # fmt: skip
SECOND = held(
    [(4, "d", 4.0), (3, "c", 3.5), (None, "n", 0.0), (2, "b", None)],
    id="bigint", name="varchar", value="double",
)  # fmt: skip


def test_rows_belong_together_by_key_in_any_order() -> None:
    found = compare(FIRST, SECOND, ["ID"])
    assert (found.same, found.changed, found.only_first, found.only_second) == (2, 1, 2, 1)
    assert found.differing == ["value"]
    assert [column.name for column in found.rows.columns] == [
        "change", "row 1", "row 2", "id", "value (1)", "value (2)", "name",
    ]  # fmt: skip
    assert shown(found) == [
        ("only in 1", "1", None, "1", "1.5", None, "a"),
        ("changed", "3", "2", "3", "3.0", "3.5", "c"),
        ("only in 1", "4", None, "3", "4.0", None, "c2"),
        ("only in 2", None, "1", "4", None, "4.0", "d"),
    ]


def test_numbers_of_two_types_are_alike_where_they_are_equal() -> None:
    first = held(
        [(Decimal("1.0"), Decimal("2.5"), 3), (Decimal("-10.0"), Decimal("0.0"), 100)],
        id="decimal(5,1)", amount="decimal(5,1)", count="integer",
    )  # fmt: skip
    second = held(
        [(Decimal("-10.00"), Decimal("0.00"), 100.0), (Decimal("1.00"), Decimal("2.51"), 3.0)],
        id="decimal(9,2)", amount="decimal(9,2)", count="double",
    )  # fmt: skip
    found = compare(first, second, ["id"])
    assert (found.same, found.changed, found.differing) == (1, 1, ["amount"])
    assert compare(first, second, []).changed == 2


def test_several_columns_are_one_key() -> None:
    found = compare(FIRST, SECOND, ["id", "name"])
    assert (found.same, found.changed, found.only_first, found.only_second) == (2, 1, 2, 1)
    assert found.keys == ["id", "name"]


def test_by_position() -> None:
    found = compare(FIRST, SECOND)
    assert (found.same, found.changed, found.only_first) == (0, 4, 1)
    assert shown(found)[-1][:3] == ("only in 1", "5", None)
    assert not found.equal
    assert compare(FIRST, FIRST).equal
    assert compare(FIRST, FIRST).same == 5


def test_columns_of_one_alone_are_named() -> None:
    other = held([(1, True)], id="integer", flag="boolean")
    found = compare(FIRST, other, ["id"])
    assert found.not_compared == ["name (1)", "value (1)", "flag (2)"]
    assert not found.equal


def test_nested_values_differ_by_their_texts() -> None:
    first = held([(1, [1, 2])], id="integer", tags="array(integer)")
    second = held([(1, [1, 3])], id="integer", tags="array(integer)")
    assert shown(compare(first, second, ["id"])) == [("changed", "1", "1", "1", "[1, 2]", "[1, 3]")]


def test_empty_results() -> None:
    empty = held([], id="integer", name="varchar", value="double")
    assert compare(empty, empty).equal
    assert compare(empty, FIRST, ["id"]).only_second == 5
    assert compare(FIRST, empty).only_first == 5


def test_what_cannot_be_compared_says_why() -> None:
    with pytest.raises(UsageError, match="'x' is not a column of both"):
        compare(FIRST, SECOND, ["x"])
    with pytest.raises(UsageError, match="share no column"):
        compare(FIRST, held([(1,)], other="integer"))
    with pytest.raises(Cancelled):
        compare(FIRST, SECOND, ["id"], wanted=lambda: False)


def test_a_key_is_guessed_where_one_is_likely() -> None:
    unique = held([(1, "a"), (2, "b")], film_id="integer", title="varchar")
    assert likely_keys(unique, unique) == ("film_id",)
    assert likely_keys(FIRST, SECOND) == ("name",)
    assert likely_keys(FIRST, held([(1, 1), (1, 2)], id="integer", value="double")) == ()


def test_many_rows_of_one_key_pair_in_order() -> None:
    first = held([(1, i) for i in range(5)], k="integer", v="integer")
    second = held([(1, i) for i in range(7)], k="integer", v="integer")
    found = compare(first, second, ["k"])
    assert (found.same, found.only_second) == (5, 2)
    assert [row[2] for row in shown(found)] == ["6", "7"]
