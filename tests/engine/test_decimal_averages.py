"""Averages of decimals: the exact sum over the count, rounded once, at any precision."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from binder_tables import run

GROUPS = 40


@pytest.mark.parametrize(("precision", "scale"), [(1, 1), (5, 2), (9, 0), (9, 9), (10, 2), (30, 6)])
def test_an_average_is_the_nearest_decimal_and_halves_go_away_from_zero(
    precision: int, scale: int
) -> None:
    chance = random.Random(precision)
    groups: list[list[Decimal]] = []
    for _ in range(GROUPS):
        most = chance.choice((9, 10**precision - 1))
        count = chance.choice((1, 2, 3, 4, 7, 8))
        groups.append([Decimal(chance.randint(-most, most)).scaleb(-scale) for _ in range(count)])
    values = ", ".join(
        f"({n}, CAST('{value:f}' AS decimal({precision}, {scale})))"
        for n, group in enumerate(groups)
        for value in group
    )
    rows = run(f"SELECT g, avg(x) FROM (VALUES {values}) AS t (g, x) GROUP BY g ORDER BY g")
    unit = Decimal(1).scaleb(-scale)
    with localcontext(prec=80, rounding=ROUND_HALF_UP):
        wanted = [(sum(group) / Decimal(len(group))).quantize(unit) for group in groups]
    assert [Decimal(row[1]) for row in rows] == wanted


def test_no_rows_and_only_nulls_have_no_average() -> None:
    nothing = "CAST(NULL AS decimal(5, 2))"
    assert run(f"SELECT avg({nothing}), avg(x) FROM (VALUES {nothing}) AS t (x)") == [[None, None]]
