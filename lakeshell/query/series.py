"""Columns of a result as what a chart draws: labels or numbers against numbers.

In: a held result and which of its columns. Out: a `Series` of bounded length, with how many rows it
leaves out. What is no finite number has no place in a chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, isfinite

from lakeshell.errors import UsageError
from lakeshell.query.rows import Arrangement, ResultRows
from lakeshell.sql.render import is_numeric

MOST = 2_000
BARS = 60
BINS = 30
_WHOLE = frozenset({"tinyint", "smallint", "integer", "bigint"})
_MICROSECONDS = len("2026-01-01 00:00:00.000000")


@dataclass(frozen=True, slots=True)
class Series:
    """`labels` stand at the places of `values`; `numbers` are the labels where they are numbers, and
    days where they are `dates`. One row in `every` was taken."""

    x: str
    y: str
    labels: Sequence[str]
    values: Sequence[float]
    numbers: Sequence[float] | None = None
    left_out: int = 0
    every: int = 1
    dates: bool = False


def numeric_columns(rows: ResultRows) -> list[int]:
    return [i for i, column in enumerate(rows.columns) if is_numeric(column.type)]


def choose(rows: ResultRows, at: int) -> tuple[int, int]:
    """Which columns to draw, (x, y), when the cursor is in column `at`: numbers upward, and the
    first column that is not they along. Raises `UsageError` when nothing is a number."""
    numeric = numeric_columns(rows)
    if not numeric:
        raise UsageError(
            "no column of this result is a number", hint="count(*) or sum(...) gives one"
        )
    y = at if at in numeric else next((i for i in numeric if i > at), numeric[-1])
    others = [i for i in range(len(rows.columns)) if i != y]
    plain = [i for i in others if i not in numeric]
    x = at if at in others else next(iter(plain or others), y)
    return x, y


def series(
    rows: ResultRows,
    arrangement: Arrangement,
    x: int,
    y: int,
    most: int = MOST,
    *,
    spread: bool = False,
) -> Series:
    """The rows where `y` is a number: the first `most`, or `spread` over all of them as many."""
    labels: list[str] = []
    values: list[float] = []
    numbers: list[float] = []
    along_numbers = is_numeric(rows.columns[x].type)
    dates = rows.columns[x].type.name in ("date", "timestamp")
    count = rows.count(arrangement)
    every = max(1, -(-count // most)) if spread else 1
    for row in range(0, count if spread else min(count, most), every):
        value, label = rows.cell(row, y, arrangement), rows.cell(row, x, arrangement)
        if value is None or not isfinite(float(value)):
            continue
        if along_numbers or dates:
            number = _number(label, dates)
            if number is None:
                continue
            numbers.append(number)
        values.append(float(value))
        labels.append("NULL" if label is None else label)
    return Series(
        rows.columns[x].name,
        rows.columns[y].name,
        labels,
        values,
        numbers if along_numbers or dates else None,
        0 if spread else max(0, count - most),
        every,
        dates,
    )


def _number(label: str | None, date: bool) -> float | None:
    """Where something stands along; None for what has no place there."""
    if label is None:
        return None
    if not date:
        return number if isfinite(number := float(label)) else None
    try:
        # Without its zone, which is one for a whole column here, and what is below microseconds.
        moment = datetime.fromisoformat(" ".join(label.split(" ")[:2])[:_MICROSECONDS])
    except ValueError:
        return None
    return (moment.replace(tzinfo=None) - datetime(1970, 1, 1)) / timedelta(days=1)


def histogram(rows: ResultRows, y: int, bins: int = BINS) -> Series:
    """How many values of the whole column fall into each of at most `bins` ranges of equal width."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = rows.columns[y].type.name in _WHOLE
    pieces = [
        batch.column(y).cast(pa.float64(), safe=False) for batch in rows.batches(Arrangement())
    ]
    known = pc.drop_null(pa.chunked_array(pieces or [pa.array([], pa.float64())]))
    values = known.filter(pc.is_finite(known))
    name = rows.columns[y].name
    if len(values) == 0:
        return Series(name, "rows", (), ())
    low, high = pc.min(values).as_py(), pc.max(values).as_py()
    if whole:
        width = float(ceil((high - low + 1) / bins))
        bins = ceil((high - low + 1) / width)
    else:
        width = (high - low) / bins or 1.0
        bins = bins if high > low else 1
    places = pc.min_element_wise(
        pc.floor(pc.divide(pc.subtract(values, low), width)).cast(pa.int64()), bins - 1
    )
    counted = {item["values"]: item["counts"] for item in pc.value_counts(places).to_pylist()}
    starts = [low + i * width for i in range(bins)]
    labels = [f"{start:,.0f}" if whole else f"{start:.4g}" for start in starts]
    return Series(name, "rows", labels, [float(counted.get(i, 0)) for i in range(bins)])
