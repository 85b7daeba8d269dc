"""Two results side by side: the rows that only one of them has, and the cells that differ.

    first, second -> pairs of rows (by key, or by position) -> what differs -> a result of its own

In: two held results. Out: a `Comparison`, whose rows are a result like any other. Cells are compared
as people see them, by Trino's text of their values, so that a count that became a bigint is no
difference. Memory is that of the texts of one column at a time.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.errors import Cancelled, UsageError
from lakeshell.model import Column
from lakeshell.query.rows import ResultRows
from lakeshell.sql.datatypes import BIGINT, VARCHAR, Type
from lakeshell.sql.render import is_numeric

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 100_000
"""Rows of a comparison that are kept; the counts are of all."""
_NONE = -1
_ZEROS = r"^(-?\d+)\.0*$|^(-?\d+\.\d*?[1-9])0+$"
_TOLD = frozenset({"array", "map", "row", "time with time zone", "timestamp with time zone"})
"""Types whose values stand in a comparison as their texts."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A column of both results, and its number in each."""

    name: str
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`rows` has a row for each that differs, at most `MOST` of them: what it is (`changed`, `only
    in 1`, `only in 2`), its places in the two results from 1, the keys, the columns whose cells differ,
    each twice, and the others."""

    rows: ResultRows
    same: int
    changed: int
    only_first: int
    only_second: int
    differing: Sequence[str] = ()
    """Columns with cells that differ."""
    not_compared: Sequence[str] = ()
    """Columns of one of them alone, `NAME (1)` and `NAME (2)`."""
    keys: Sequence[str] = ()

    @property
    def equal(self) -> bool:
        return not (self.changed or self.only_first or self.only_second or self.not_compared)


def compare(
    first: ResultRows,
    second: ResultRows,
    keys: Sequence[str] = (),
    folder: Path | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> Comparison:
    """Rows belong together by the values of `keys`, in any order of rows, or by their places where
    no key is given. Of several rows with one key the first belongs to the first, and so on.

    Raises `UsageError` for a key that is no column of both. `wanted` is asked now and then; once it
    says no, `Cancelled` ends the work. `folder` is where a large comparison is kept.
    """
    columns = _shared(first, second)
    by_name = {column.name.lower(): column for column in columns}
    chosen = []
    for key in keys:
        if key.lower() not in by_name:
            raise UsageError(
                f"{key!r} is not a column of both results",
                hint=f"they share: {', '.join(column.name for column in columns) or 'none'}",
            )
        chosen.append(by_name[key.lower()])
    if not columns:
        raise UsageError(
            "the two results share no column", hint="name columns alike: SELECT a AS b"
        )
    pairs = _by_key(first, second, chosen) if chosen else _by_place(len(first), len(second))
    others = [column for column in columns if column not in chosen]
    return _compared(first, second, chosen, others, pairs, folder, wanted)


def likely_keys(first: ResultRows, second: ResultRows) -> Sequence[str]:
    """The first shared column that looks like one that names its row; none where none does."""
    for column in _shared(first, second):
        low = column.name.lower()
        if not (low == "id" or low.endswith(("_id", "_key", "code", "name"))):
            continue
        if _unique(first, column.first) and _unique(second, column.second):
            return (column.name,)
    return ()


# --- which rows belong together ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Row numbers that belong together; -1 where there is none on that side."""

    first: array[int]
    second: array[int]


def _shared(first: ResultRows, second: ResultRows) -> list[Shared]:
    """Of several columns of one name, each by its turn."""
    places: dict[str, list[int]] = {}
    for number, column in enumerate(second.columns):
        places.setdefault(column.name.lower(), []).append(number)
    found = []
    for number, column in enumerate(first.columns):
        if held := places.get(column.name.lower()):
            found.append(Shared(column.name, number, held.pop(0)))
    return found


def _by_place(first: int, second: int) -> _Pairs:
    count = max(first, second)
    left, right = array("q", range(count)), array("q", range(count))
    for row in range(first, count):
        left[row] = _NONE
    for row in range(second, count):
        right[row] = _NONE
    return _Pairs(left, right)


def _by_key(first: ResultRows, second: ResultRows, keys: Sequence[Shared]) -> _Pairs:
    """In the order of the first; what only the second has comes last, in its order."""
    count, codes = _codes(first, second, keys)
    left_codes, right_codes = codes[: len(first)], codes[len(first) :]
    head, following = array("q", [_NONE]) * count, array("q", [_NONE]) * len(right_codes)
    for row in range(len(right_codes) - 1, -1, -1):
        code = right_codes[row]
        following[row], head[code] = head[code], row
    left, right = array("q", range(len(left_codes))), array("q")
    taken = bytearray(len(right_codes))
    for code in left_codes:
        row = head[code]
        right.append(row)
        if row != _NONE:
            head[code], taken[row] = following[row], 1
    for row, used in enumerate(taken):
        if not used:
            left.append(_NONE)
            right.append(row)
    return _Pairs(left, right)


def _codes(first: ResultRows, second: ResultRows, keys: Sequence[Shared]) -> tuple[int, list[int]]:
    """How many different keys there are, and the number of the key of each row of both."""
    import pyarrow as pa
    import pyarrow.compute as pc

    made = None
    for key in keys:
        before, after = _texts(first, second, key)
        texts = pa.chunked_array([*before.chunks, *after.chunks], pa.string())
        coded = texts.combine_chunks().dictionary_encode(null_encoding="encode")
        numbers = coded.indices.cast(pa.int64())
        if made is not None:
            both = pc.add(pc.multiply(made, max(1, len(coded.dictionary))), numbers)
            coded = both.dictionary_encode()
            numbers = coded.indices.cast(pa.int64())
        made, count = numbers, len(coded.dictionary)
    assert made is not None
    return count, made.to_pylist()


def _texts(
    first: ResultRows, second: ResultRows, column: Shared
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Of a column on both sides. Numbers of two types are alike where they are equal: 2, 2.0, 2.00."""
    import pyarrow.compute as pc

    sides = first.texts_of(column.first), second.texts_of(column.second)
    types = first.columns[column.first].type, second.columns[column.second].type
    if types[0] == types[1] or not all(map(is_numeric, types)):
        return sides
    before, after = (pc.replace_substring_regex(side, _ZEROS, r"\1\2") for side in sides)
    return before, after


def _unique(rows: ResultRows, column: int) -> bool:
    import pyarrow.compute as pc

    texts = rows.texts_of(column)
    return texts.null_count == 0 and bool(pc.count_distinct(texts).as_py() == len(texts))


# --- what differs --------------------------------------------------------------------------


def _compared(
    first: ResultRows,
    second: ResultRows,
    keys: Sequence[Shared],
    others: Sequence[Shared],
    pairs: _Pairs,
    folder: Path | None,
    wanted: Callable[[], bool],
) -> Comparison:
    import pyarrow as pa
    import pyarrow.compute as pc

    left, right = _indices(pairs.first), _indices(pairs.second)
    both = pc.and_(pc.is_valid(left), pc.is_valid(right))
    changed = pc.and_(both, pa.scalar(False))
    differing = []
    for column in others:
        if not wanted():
            raise Cancelled("the comparison was given up")
        mask = pc.and_(both, _unequal(first, second, column, left, right))
        if pc.any(mask, min_count=0).as_py():
            differing.append(column.name)
            changed = pc.or_(changed, mask)
    shown = pc.indices_nonzero(pc.or_(changed, pc.invert(both))).slice(0, MOST)
    made = _Made(first, second, left.take(shown), right.take(shown))
    made.say_what()
    for column in keys:
        made.add_one(column)
    for column in others:
        if column.name in differing:
            made.add_two(column)
    for column in others:
        if column.name not in differing:
            made.add_one(column)
    paired, unequal = (pc.sum(mask, min_count=0).as_py() for mask in (both, changed))
    return Comparison(
        rows=made.rows(folder),
        same=paired - unequal,
        changed=unequal,
        only_first=right.null_count,
        only_second=left.null_count,
        differing=differing,
        not_compared=_alone(first, second),
        keys=[column.name for column in keys],
    )


def _indices(rows: array[int]) -> pa.Array:
    """As Arrow, with nulls for what is not there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    made = pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(rows)])
    return pc.if_else(pc.less(made, 0), pa.scalar(None, pa.int64()), made)


def _unequal(
    first: ResultRows, second: ResultRows, column: Shared, left: pa.Array, right: pa.Array
) -> pa.Array:
    """Where the texts of a column differ; NULL is like NULL and unlike all else."""
    import pyarrow.compute as pc

    texts = _texts(first, second, column)
    before, after = texts[0].take(left).combine_chunks(), texts[1].take(right).combine_chunks()
    differ = pc.fill_null(pc.not_equal(before, after), False)
    return pc.or_(differ, pc.xor(pc.is_null(before), pc.is_null(after)))


def _alone(first: ResultRows, second: ResultRows) -> list[str]:
    shared = _shared(first, second)
    left, right = {column.first for column in shared}, {column.second for column in shared}
    return [
        *(f"{c.name} (1)" for i, c in enumerate(first.columns) if i not in left),
        *(f"{c.name} (2)" for i, c in enumerate(second.columns) if i not in right),
    ]


class _Made:
    """The rows of a comparison, column by column."""

    def __init__(
        self, first: ResultRows, second: ResultRows, left: pa.Array, right: pa.Array
    ) -> None:
        self._first, self._second = first, second
        self._left, self._right = left, right
        self._columns: list[Column] = []
        self._arrays: list[pa.Array] = []

    def say_what(self) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        no_left, no_right = pc.is_null(self._left), pc.is_null(self._right)
        only = pc.if_else(no_right, pa.scalar("only in 1"), pa.scalar("changed"))
        self._add("change", VARCHAR, pc.if_else(no_left, pa.scalar("only in 2"), only))
        for name, places in (("row 1", self._left), ("row 2", self._right)):
            self._add(name, BIGINT, pc.add(places, 1))

    def add_one(self, column: Shared) -> None:
        """The value that both have, or the one that has it."""
        import pyarrow.compute as pc

        type, before, after = self._values(column)
        self._add(column.name, type, pc.if_else(pc.is_null(self._left), after, before))

    def add_two(self, column: Shared) -> None:
        type, before, after = self._values(column)
        self._add(f"{column.name} (1)", type, before)
        self._add(f"{column.name} (2)", type, after)

    def rows(self, folder: Path | None) -> ResultRows:
        import pyarrow as pa

        made = ResultRows(self._columns, folder)
        fields = [
            pa.field(column.name, values.type)
            for column, values in zip(self._columns, self._arrays, strict=True)
        ]
        made.add(pa.RecordBatch.from_arrays(self._arrays, schema=pa.schema(fields)))
        return made

    def _values(self, column: Shared) -> tuple[Type, pa.Array, pa.Array]:
        """Values of both in one type: their own where it is one and plain, else their texts."""
        one, two = self._first.columns[column.first].type, self._second.columns[column.second].type
        plain = one == two and one.name not in _TOLD
        sides = (self._first, column.first, self._left), (self._second, column.second, self._right)
        before, after = (
            (rows.values_of(number) if plain else rows.texts_of(number))
            .take(places)
            .combine_chunks()
            for rows, number, places in sides
        )
        return (one if plain else VARCHAR), before, after

    def _add(self, name: str, type: Type, values: pa.Array) -> None:
        self._columns.append(Column(name, type))
        self._arrays.append(values)
