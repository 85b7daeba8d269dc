"""Columns of a result as what a chart draws: labels or numbers against numbers.

In: a held result and which of its columns. Out: a `Series` of bounded length, with how many rows it
leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lakeshell.errors import UsageError
from lakeshell.query.rows import Arrangement, ResultRows
from lakeshell.sql.render import is_numeric

MOST = 2_000
BARS = 60
BINS = 30


@dataclass(frozen=True, slots=True)
class Series:
    """`labels` stand at the places of `values`; `numbers` are the labels where they are numbers."""

    x: str
    y: str
    labels: Sequence[str]
    values: Sequence[float]
    numbers: Sequence[float] | None = None
    left_out: int = 0


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


def series(rows: ResultRows, arrangement: Arrangement, x: int, y: int, most: int = MOST) -> Series:
    """The first `most` rows where `y` is not NULL."""
    labels: list[str] = []
    values: list[float] = []
    numbers: list[float] = []
    along_numbers = is_numeric(rows.columns[x].type)
    count = rows.count(arrangement)
    for row in range(min(count, most)):
        value, label = rows.text(row, y, arrangement), rows.text(row, x, arrangement)
        if value is None or (along_numbers and label is None):
            continue
        values.append(float(value))
        labels.append("NULL" if label is None else label)
        if along_numbers:
            numbers.append(float(label or "nan"))
    return Series(
        rows.columns[x].name,
        rows.columns[y].name,
        labels,
        values,
        numbers if along_numbers else None,
        max(0, count - most),
    )


def histogram(rows: ResultRows, y: int, bins: int = BINS) -> Series:
    """How many values of the whole column fall into each of `bins` ranges of equal width."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pieces = [batch.column(y).cast(pa.float64()) for batch in rows.batches(Arrangement())]
    known = pc.drop_null(pa.chunked_array(pieces or [pa.array([], pa.float64())]))
    values = known.filter(pc.is_finite(known))
    name = rows.columns[y].name
    if len(values) == 0:
        return Series(name, "rows", (), ())
    low, high = pc.min(values).as_py(), pc.max(values).as_py()
    width = (high - low) / bins or 1.0
    places = pc.min_element_wise(
        pc.floor(pc.divide(pc.subtract(values, low), width)).cast(pa.int64()), bins - 1
    )
    counted = {item["values"]: item["counts"] for item in pc.value_counts(places).to_pylist()}
    labels = [f"{low + i * width:.4g}" for i in range(bins)]
    return Series(name, "rows", labels, [float(counted.get(i, 0)) for i in range(bins)])
