"""A result held for looking at: texts, orders, filters, and what goes to a file."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from fakes import batch, columns

from lakeshell.errors import UsageError
from lakeshell.query.rows import Arrangement, ResultRows

OF = columns(id="integer", name="varchar", price="decimal(4,2)", tags="array(varchar)")
ALL = Arrangement()


def rows(*, memory: int = 2**20, count: int = 1_000, step: int = 150) -> ResultRows:
    made = ResultRows(OF, memory=memory)
    for first in range(0, count, step):
        values = [
            (i, None if i % 10 == 3 else f"Name {i:04d}", Decimal(i % 97) / 100, [str(i)])
            for i in range(first, min(first + step, count))
        ]
        made.add(batch(OF, *values))
    return made


@pytest.mark.parametrize("memory", [2**20, 0])
def test_any_cell_is_given_as_trino_prints_it(memory: int) -> None:
    made = rows(memory=memory)
    assert len(made) == 1_000
    assert [made.text(999, column, ALL) for column in range(4)] == [
        "999",
        "Name 0999",
        "0.29",
        "[999]",
    ]
    assert made.text(3, 1, ALL) is None
    assert made.cell(149, 1, ALL) == "Name 0149"
    assert (made.in_file > 0) == (memory == 0)


def test_rows_that_come_later_are_seen() -> None:
    made = rows(count=10)
    assert made.text(9, 0, ALL) == "9"
    made.add(batch(OF, (10, "x", None, None)))
    assert made.text(10, 0, ALL) == "10"


@pytest.mark.parametrize("memory", [2**20, 0])
def test_order_of_a_column_with_nulls_last(memory: int) -> None:
    made = rows(memory=memory, count=200)
    by_name = made.arrange((1, True))
    shown = [made.text(i, 1, by_name) for i in range(200)]
    known = [text for text in shown if text is not None]
    assert known == sorted(known, reverse=True)
    assert shown[-20:] == [None] * 20
    assert made.row_number(0, by_name) == 199


def test_a_filter_finds_text_in_any_column_or_in_one() -> None:
    made = rows(count=200)
    found = made.arrange(None, "NAME 001")
    assert [made.text(i, 0, found) for i in range(made.count(found))] == [
        "10", "11", "12", "14", "15", "16", "17", "18", "19",
    ]  # fmt: skip
    assert made.count(made.arrange(None, "id: 19")) == 12
    assert made.count(made.arrange(None, "tags: 199")) == 1
    assert made.count(made.arrange(None, "none has this")) == 0
    both = made.arrange((0, True), "id: 19")
    assert made.text(0, 0, both) == "199"


def test_the_batches_come_again_as_arranged() -> None:
    made = rows(count=400, memory=0)
    again = pa.Table.from_batches(made.batches(made.arrange((0, True), "id: 39")))
    assert again.column(0).to_pylist() == [*range(399, 389, -1), 339, 239, 139, 39]
    assert pa.Table.from_batches(made.batches(ALL)).num_rows == 400


def test_values_without_an_order_are_refused() -> None:
    with pytest.raises(UsageError, match="array"):
        rows().arrange((3, False))


def test_an_empty_result_can_be_arranged() -> None:
    made = ResultRows(OF)
    assert made.count(made.arrange((0, False), "x")) == 0


def test_memory_is_bounded_by_the_file() -> None:
    made = rows(memory=20_000, count=20_000, step=500)
    held = sum(chunk.batch.nbytes for chunk in made._chunks if chunk.batch is not None)
    assert held <= 20_000 < made.size
    assert made.text(19_999, 0, ALL) == "19999"
    made.close()
    assert len(made) == 0
