"""What a chart draws of a result."""

from __future__ import annotations

import math
from datetime import date, datetime
from pathlib import Path

from fakes import batch, columns

from lakeshell.query.rows import Arrangement, ResultRows
from lakeshell.query.series import histogram, series


def held(folder: Path, types: dict[str, str], *rows: tuple[object, ...]) -> ResultRows:
    made = ResultRows(columns(**types), folder)
    if rows:
        made.add(batch(columns(**types), *rows))
    return made


EVERYTHING = Arrangement()


def test_what_is_no_finite_number_has_no_place(tmp_path: Path) -> None:
    rows = held(
        tmp_path,
        {"name": "varchar", "y": "double"},
        *[("a", -5.0), ("b", None), ("c", math.nan), ("d", math.inf), (None, 5.0)],
    )
    found = series(rows, EVERYTHING, 0, 1)
    assert (found.labels, found.values) == (["a", "NULL"], [-5.0, 5.0])
    assert sum(histogram(rows, 1).values) == 2
    rows.close()


def test_dates_stand_where_they_are_in_time(tmp_path: Path) -> None:
    days = [(date(2026, 1, 1), 1), (date(2026, 1, 2), 2), (date(2026, 3, 1), 3), (None, 4)]
    rows = held(tmp_path, {"day": "date", "n": "integer"}, *days)
    found = series(rows, EVERYTHING, 0, 1)
    assert found.numbers is not None
    assert [number - found.numbers[0] for number in found.numbers] == [0, 1, 59]
    assert (found.dates, found.labels[0]) == (True, "2026-01-01")
    rows.close()
    noon = [(datetime(2026, 1, 1, 12, 0, 0), 1), (datetime(2026, 1, 2), 2)]
    rows = held(tmp_path, {"at": "timestamp(6)", "n": "integer"}, *noon)
    numbers = series(rows, EVERYTHING, 0, 1).numbers
    assert numbers is not None
    assert numbers[1] - numbers[0] == 0.5
    rows.close()


def test_many_rows_are_drawn_to_their_end(tmp_path: Path) -> None:
    rows = held(
        tmp_path, {"x": "integer", "y": "bigint"}, *[(number, -number) for number in range(10_000)]
    )
    found = series(rows, EVERYTHING, 0, 1, 100, spread=True)
    assert (len(found.values), found.every, found.left_out) == (100, 100, 0)
    assert found.values[-1] == -9_900
    assert series(rows, EVERYTHING, 0, 1, 100).left_out == 9_900
    rows.close()


def test_a_histogram_of_whole_numbers_has_whole_ranges(tmp_path: Path) -> None:
    rows = held(tmp_path, {"n": "bigint"}, (1,), (3,), (3,))
    found = histogram(rows, 0)
    assert (found.labels, found.values) == (["1", "2", "3"], [1.0, 0.0, 2.0])
    rows.close()
    rows = held(tmp_path, {"n": "bigint"}, (2**53 + 1,), (2**53 + 1,))
    assert histogram(rows, 0).values == [2.0]
    rows.close()
    rows = held(tmp_path, {"n": "double"}, (1.5,))
    assert histogram(rows, 0).labels == ["1.5"]
    rows.close()
    rows = held(tmp_path, {"n": "double"})
    assert histogram(rows, 0).values == ()
    rows.close()


def test_not_a_number_is_the_largest(tmp_path: Path) -> None:
    rows = held(tmp_path, {"n": "double"}, (1.0,), (None,), (math.nan,), (-math.inf,), (math.inf,))

    def shown(descending: bool) -> list[str | None]:
        order = rows.arrange((0, descending))
        return [rows.text(row, 0, order) for row in range(5)]

    assert shown(False) == ["-Infinity", "1.0", "Infinity", "NaN", None]
    assert shown(True) == ["NaN", "Infinity", "1.0", "-Infinity", None]
    rows.close()
