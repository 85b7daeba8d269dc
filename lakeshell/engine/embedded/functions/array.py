"""Trino's functions of arrays that take no lambda, those that also take a map among them.

In: coerced arguments. Out: DuckDB SQL. Trino compares elements in two ways: `equal`, where NULL
and NaN are equal to nothing, and `identical`, where they are to themselves; DuckDB's lists know
the second; `nested` has the first for rows, arrays and maps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded.functions.datetime import whole_months
from lakeshell.engine.embedded.functions.lambda_ import SORT_BY
from lakeshell.engine.embedded.functions.nested import (
    NESTED,
    equal_answers,
    orders_alike,
    sorted_list,
    unclear,
)
from lakeshell.engine.embedded.values.block_sizes import block_size
from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Emission,
    Entry,
    fails,
    fails_with,
    fill,
    filled,
    joined,
    refusing,
    sql,
    values,
)
from lakeshell.engine.embedded.values.typed import Typed, duckdb_type, refused
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Context


def element(array: Typed) -> t.Type:
    """The type of the array's elements."""
    assert isinstance(array.type, t.ArrayType)
    return array.type.element


def _equal(name: str, template: str, real_template: str) -> Emission:
    """By `equal`; `real_template` for numbers that may be NaN, which equals nothing."""

    def emit(arguments: Arguments, result: t.Type, context: Context) -> str:
        given = values(arguments)
        kind = element(given[0])
        if isinstance(kind, NESTED):
            return _NESTED_EQUAL[name](given, result)
        is_real = kind in (t.REAL, t.DOUBLE)
        return fill(real_template if is_real else template, given, guarded=True)

    return emit


def _nested_contains(given: list[Typed], result: t.Type) -> str:
    made = (
        f"CASE WHEN coalesce(list_position($2, NULL), len($2) + 1) < "
        f"coalesce(list_position($2, true), len($2) + 1) THEN {unclear('contains', result)} "
        "WHEN list_contains($2, true) THEN true "
        "WHEN list_count($0) < len($0) THEN NULL ELSE false END"
    )
    return _over_answers(made, given)


def _nested_position(given: list[Typed], result: t.Type) -> str:
    made = (
        "CASE WHEN coalesce(list_position($2, NULL), len($2) + 1) < "
        f"coalesce(list_position($2, true), len($2) + 1) THEN {unclear('array_position', result)} "
        "ELSE CAST(coalesce(list_position($2, true), 0) AS BIGINT) END"
    )
    return _over_answers(made, given)


def _nested_remove(given: list[Typed], result: t.Type) -> str:
    made = (
        f"CASE WHEN list_count($2) < len($2) THEN {unclear('array_remove', result)} "
        "ELSE list_filter($0, lambda e, i: NOT $2[i]) END"
    )
    return _over_answers(made, given)


def _over_answers(made: str, given: list[Typed]) -> str:
    """`made` over the array `$0`, the wanted `$1` and each element's equality `$2`."""
    answers = equal_answers(element(given[0]))
    inner = filled(f"({made})", ["$0", "$1", "held.answers"])
    return fill(
        f"(list_transform([struct_pack(answers := {answers})], lambda held: {inner})[1])",
        given,
        guarded=True,
    )


_NESTED_EQUAL = {
    "contains": _nested_contains,
    "array_position": _nested_position,
    "array_remove": _nested_remove,
}
_CONTAINS = "(CASE WHEN {} THEN true WHEN list_count($0) < len($0) THEN NULL ELSE false END)"
_POSITION = "CAST(coalesce(list_position($0, $1), 0) AS BIGINT)"

_INTERSECT_OF = "list_filter({0}, lambda e, i: list_position({1}, e) IS NOT NULL AND list_position({0}, e) = i)"  # fmt: skip
_INTERSECT = (
    f"(CASE WHEN len($0) < len($1) THEN {_INTERSECT_OF.format('$1', '$0')} "
    f"ELSE {_INTERSECT_OF.format('$0', '$1')} END)"
)
_EXCEPT = (
    "(CASE WHEN len($1) = 0 THEN $0 ELSE list_filter($0, lambda e, i: "
    "list_position($1, e) IS NULL AND list_position($0, e) = i) END)"
)
_OVERLAP = (
    "(CASE WHEN len($0) = 0 OR len($1) = 0 THEN false "
    "WHEN len(list_filter($0, lambda e: e IS NOT NULL AND list_position($1, e) IS NOT NULL)) > 0 "
    "THEN true WHEN list_count($0) < len($0) OR list_count($1) < len($1) THEN NULL "
    "ELSE false END)"
)
_SEQUENCE_IN = (
    "(len(list_filter(range(1, greatest(len($0) - len($1) + 2, 1)), "
    "lambda i: $0[i:i + len($1) - 1] = $1)) > 0)"
)
_SLICE = (
    "(CASE WHEN $2 < 0 THEN {length} WHEN $1 = 0 THEN {start} "
    # Java's sum of the two overflows.
    "WHEN CAST($2 AS HUGEINT) + CASE WHEN $1 < 0 THEN len($0) + $1 + 1 ELSE $1 END "
    "> 9223372036854775807 THEN $0[1:0] WHEN $1 < -len($0) THEN $0[1:0] "
    "WHEN $1 < 0 THEN $0[len($0) + $1 + 1:least(len($0) + $1 + least($2, len($0)), len($0))] "
    "WHEN $1 > len($0) THEN $0[1:0] "
    "ELSE $0[$1:least($1 + least($2, len($0)) - 1, len($0))] END)"
)
_TRIM = (
    "(CASE WHEN $1 < 0 THEN {negative} WHEN $1 > len($0) THEN {beyond} ELSE $0[1:len($0) - $1] END)"
)
_NGRAMS = (
    "(CASE WHEN $1 <= 0 THEN {n} ELSE list_transform(range(1, len($0) - least(len($0), $1) + 2), "
    "lambda i: $0[i:i + least(len($0), $1) - 1]) END)"
)


def _to_result(make: str, **failures: tuple[str, bool]) -> Emission:
    """`make` with its failures, each (message, whether it is SQL), of the result's type."""

    def emit(arguments: Arguments, result: t.Type, context: Context) -> str:
        said = {
            name: fails_with(message, result) if is_sql else fails(message, result)
            for name, (message, is_sql) in failures.items()
        }
        return fill(make.format(**said), values(arguments), guarded=True)

    return emit


def _sorted(name: str, array: Typed) -> str:
    assert isinstance(array.type, t.ArrayType)
    if not orders_alike(array.type):
        raise refused(f"{name} of {array.type}", array.at)
    return sorted_list(name, array.sql, array.type)


def _extreme(name: str, array: Typed, place: str) -> str:
    return fill(
        f"(CASE WHEN list_count($0) < len($0) THEN NULL ELSE {_sorted(name, array)}[{place}] END)",
        [array],
    )


def _maximum(arguments: Arguments, result: t.Type, context: Context) -> str:
    (array,) = values(arguments)
    if isinstance(result, NESTED):
        return _extreme("array_max", array, "-1")
    largest = "list_max($0)"
    if result in (t.REAL, t.DOUBLE):
        largest = "coalesce(list_max(list_filter($0, lambda e: NOT isnan(e))), list_max($0))"
    return fill(f"(CASE WHEN list_count($0) < len($0) THEN NULL ELSE {largest} END)", [array])


def _minimum(arguments: Arguments, result: t.Type, context: Context) -> str:
    (array,) = values(arguments)
    if isinstance(result, NESTED):
        return _extreme("array_min", array, "1")
    return fill("(CASE WHEN list_count($0) < len($0) THEN NULL ELSE list_min($0) END)", [array])


def _sort(arguments: Arguments, result: t.Type, context: Context) -> str:
    (array,) = values(arguments)
    kind = element(array)
    if isinstance(kind, NESTED):
        return _sorted("array_sort", array)
    if isinstance(kind, t.CharType):
        padded = f"list_transform({array.sql}, lambda e: rpad(e, {kind.length}, ' '))"
        return f"list_transform(list_sort({padded}, 'ASC', 'NULLS LAST'), lambda e: rtrim(e, ' '))"
    return f"list_sort({array.sql}, 'ASC', 'NULLS LAST')"


def _join(arguments: Arguments, result: t.Type, context: Context) -> str:
    from lakeshell.engine.embedded.values.casts import cast

    array, delimiter, *others = values(arguments)
    kind = element(array)
    said = "$0"
    if isinstance(kind, t.CharType):
        raise refused(f"array_join of {array.type}", array.at)
    if not isinstance(kind, t.VarcharType):
        item = cast(Typed("e", kind, zone=array.zone), t.VARCHAR, array.at, context)
        said = f"list_transform($0, lambda e: {item.sql})"
    if others:
        said = f"list_transform({said}, lambda e: coalesce(e, $2))"
    else:
        said = f"list_filter({said}, lambda e: e IS NOT NULL)"
    made = f"array_to_string({said}, $1)" if delimiter.is_constant else joined(said, "$1")
    return fill(made, [array, delimiter, *others], guarded=True)


_MOST_BYTES = 1_000_000


def _repeat(arguments: Arguments, result: t.Type, context: Context) -> str:
    item, count = values(arguments)
    most = fails("count argument of repeat function must be less than or equal to 10000", result)
    least = fails("count argument of repeat function must be greater than or equal to 0", result)
    held = duckdb_type(result)
    large = ""
    if (size := block_size("$0", item.type)) is not None:
        message = f"result of repeat function must not take more than {_MOST_BYTES} bytes"
        # Trino's own arithmetic, of one entry. Nothing repeated is never too large.
        allowed = f"({_MOST_BYTES} + $1) // greatest($1, 1)"
        large = f"WHEN {size} > {allowed} THEN {fails(message, result)} "
    return filled(
        f"(CASE WHEN $1 IS NULL THEN NULL WHEN $1 > 10000 THEN {most} WHEN $1 < 0 THEN {least} "
        f"{large}ELSE CAST(list_transform(range(least($1, 10000)), lambda i: $0) AS {held}) END)",
        [item.sql, count.sql],
    )


def _combinations(arguments: Arguments, result: t.Type, context: Context) -> str:
    array, size = values(arguments)
    negative = fails_with("'combination size must not be negative: ' || $1", result)
    large = fails_with("'combination size must not exceed 5: ' || $1", result)
    many = fails("combinations exceed max size", result)
    held = duckdb_type(result)
    whens = [f"WHEN $1 = 0 THEN CAST([[]] AS {held})"]
    for n in range(1, 6):
        count = " * ".join(f"CAST(len($0) - {k} AS HUGEINT)" for k in range(n))
        factorial = [1, 1, 2, 6, 24, 120][n]
        whens.append(f"WHEN $1 = {n} AND {count} // {factorial} * {n} > 100000 THEN {many}")
        whens.append(f"WHEN $1 = {n} THEN {_combined(n)}")
    return filled(
        f"(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL WHEN $1 < 0 THEN {negative} "
        f"WHEN $1 > 5 THEN {large} WHEN $1 > len($0) THEN CAST([] AS {held}) "
        f"{' '.join(whens)} END)",
        [array.sql, size.sql],
    )


def _combined(n: int) -> str:
    """Combinations of `n` in Trino's order: the last place counts slowest."""
    picked = "[" + ", ".join(f"$0[c{i}]" for i in range(1, n + 1)) + "]"
    made = f"list_transform(range(1, {'c2' if n > 1 else 'len($0) + 1'}), lambda c1: {picked})"
    for i in range(2, n + 1):
        bound = f"c{i + 1}" if i < n else "len($0) + 1"
        made = f"flatten(list_transform(range(1, {bound}), lambda c{i}: {made}))"
    return made


_STEP_ZERO = fails("step must not be zero", t.BIGINT)
_WRONG_WAY = fails(
    "sequence stop value should be greater than or equal to start value if step is greater than"
    " zero otherwise stop should be less than or equal to start",
    t.BIGINT,
)
_TOO_LONG = fails("result of sequence function must not have more than 10000 entries", t.BIGINT)
_DAY_STEP = fails("sequence step must be a day interval if start and end values are dates", t.BIGINT)  # fmt: skip
_DAY = 86_400_000


def _steps(start: str, stop: str, step: str, count: str) -> str:
    """SQL of the list 0, 1, … with one entry for each of the sequence; fails as Trino does."""
    checked = (
        f"CASE WHEN {step} = 0 THEN {_STEP_ZERO} "
        f"WHEN ({step} > 0 AND {stop} < {start}) OR ({step} < 0 AND {stop} > {start}) "
        f"THEN {_WRONG_WAY} WHEN {count} > 10000 THEN {_TOO_LONG} ELSE CAST({count} AS BIGINT) END"
    )
    return f"range({checked})"


def _sequence(arguments: Arguments, result: t.Type, context: Context) -> str:
    start, stop, *steps = values(arguments)
    names = ["$0", "$1", "$2" if steps else "CASE WHEN $1 >= $0 THEN 1 ELSE -1 END"]
    step = names[2]
    if start.type == t.DATE:
        return _date_sequence(start, stop, steps[0] if steps else None)
    if isinstance(start.type, t.TimestampType):
        return _timestamp_sequence(start, stop, steps[0])
    count = f"((CAST($1 AS HUGEINT) - $0) // {step} + 1)"
    made = f"list_transform({_steps('$0', '$1', step, count)}, lambda i: $0 + i * {step})"
    return fill(made, [start, stop, *steps], guarded=True)


def _date_sequence(start: Typed, stop: Typed, step: Typed | None) -> str:
    if step is not None and step.type == t.INTERVAL_YEAR:
        return _month_sequence(start, stop, step, "DATE")
    days = "CASE WHEN $1 >= $0 THEN 1 ELSE -1 END"
    checked = days
    if step is not None:
        days = f"($2 // {_DAY})"
        checked = f"(CASE WHEN $2 % {_DAY} <> 0 THEN {_DAY_STEP} ELSE {days} END)"
    count = f"(CAST($1 - $0 AS BIGINT) // {days} + 1)"
    made = (
        f"list_transform({_steps('$0', '$1', checked, count)}, "
        f"lambda i: $0 + CAST(i * {days} AS INTEGER))"
    )
    return fill(made, [start, stop] if step is None else [start, stop, step], guarded=True)


def _timestamp_sequence(start: Typed, stop: Typed, step: Typed) -> str:
    if step.type == t.INTERVAL_YEAR:
        return _month_sequence(start, stop, step, "TIMESTAMP")
    count = "((epoch_us($1) - epoch_us($0)) // ($2 * 1000) + 1)"
    made = (
        f"list_transform({_steps('$0', '$1', '$2', count)}, "
        "lambda i: $0 + to_microseconds(i * $2 * 1000))"
    )
    return fill(made, [start, stop, step], guarded=True)


def _month_sequence(start: Typed, stop: Typed, step: Typed, held: str) -> str:
    months = whole_months("CAST($0 AS TIMESTAMP)", "CAST($1 AS TIMESTAMP)")
    made = (
        f"list_transform({_steps('$0', '$1', '$2', f'({months} // $2 + 1)')}, "
        f"lambda i: CAST($0 + to_months(CAST(i * $2 AS INTEGER)) AS {held}))"
    )
    return fill(made, [start, stop, step], guarded=True)


def _zip(arguments: Arguments, result: t.Type, context: Context) -> str:
    given = values(arguments)
    places = [f"${i}" for i in range(len(given))]
    fields = ", ".join(f"f{i} := {place}[i]" for i, place in enumerate(places))
    longest = f"greatest({', '.join(f'len({p})' for p in places)})"
    made = f"list_transform(range(1, {longest} + 1), lambda i: struct_pack({fields}))"
    return fill(made, given, guarded=True)


def _histogram(arguments: Arguments, result: t.Type, context: Context) -> str:
    keys = "list_filter($0, lambda e, i: e IS NOT NULL AND list_position($0, e) = i)"
    counts = (
        f"list_transform({keys}, lambda k: "
        "CAST(len(list_filter($0, lambda e: list_position([k], e) = 1)) AS BIGINT))"
    )
    return fill(f"map({keys}, {counts})", values(arguments), guarded=True)


def _element_at(arguments: Arguments, result: t.Type, context: Context) -> str:
    array, index = values(arguments)
    if index.is_constant and index.value:
        return f"({array.sql}[{index.sql}])"
    zero = fails("SQL array indices start at 1", result)
    return fill(f"(CASE WHEN $1 = 0 THEN {zero} ELSE $0[$1] END)", [array, index])


def _map_element_at(arguments: Arguments, result: t.Type, context: Context) -> str:
    found, key = values(arguments)
    return f"({found.sql}[{key.sql}])"


_SHUFFLE = "list_select($0, list_grade_up(list_transform($0, lambda e: random())))"

SCALARS: tuple[Entry, ...] = (
    ("cardinality(array(E)) -> bigint", "CAST(len($0) AS BIGINT)"),
    ("cardinality(map(K,V)) -> bigint", "CAST(cardinality($0) AS BIGINT)"),
    ("cardinality(hyperloglog) -> bigint", refusing("cardinality of hyperloglog")),
    ("cardinality(setdigest) -> bigint", refusing("cardinality of setdigest")),
    ("contains(varchar, ipaddress) -> boolean", refusing("contains of ipaddress")),
    (
        "contains(array(T), T) -> boolean | T:comparable",
        _equal(
            "contains",
            _CONTAINS.format("list_contains($0, $1)"),
            _CONTAINS.format("NOT isnan($1) AND list_contains($0, $1)"),
        ),
    ),
    (
        "array_position(array(T), T) -> bigint | T:comparable",
        _equal(
            "array_position",
            _POSITION,
            f"(CASE WHEN isnan($1) THEN 0 ELSE {_POSITION} END)",
        ),
    ),
    (
        "array_remove(array(E), E) -> array(E) | E:comparable",
        _equal(
            "array_remove",
            "list_filter($0, lambda e: e IS NULL OR e <> $1)",
            "list_filter($0, lambda e: e IS NULL OR isnan(e) OR e <> $1)",
        ),
    ),
    ("contains_sequence(array(T), array(T)) -> boolean", sql(_SEQUENCE_IN, guarded=True)),
    (
        "array_distinct(array(E)) -> array(E) | E:comparable",
        sql("list_filter($0, lambda e, i: list_position($0, e) = i)"),
    ),
    (
        "array_intersect(array(E), array(E)) -> array(E) | E:comparable",
        sql(_INTERSECT, guarded=True),
    ),
    (
        "array_union(array(E), array(E)) -> array(E) | E:comparable",
        sql(
            "list_filter(list_concat($0, $1), lambda e, i: "
            "list_position(list_concat($0, $1), e) = i)",
            guarded=True,
        ),
    ),
    ("array_except(array(E), array(E)) -> array(E) | E:comparable", sql(_EXCEPT, guarded=True)),
    ("arrays_overlap(array(E), array(E)) -> boolean | E:comparable", sql(_OVERLAP, guarded=True)),
    ("array_max(array(T)) -> T | T:orderable", _maximum),
    ("array_min(array(T)) -> T | T:orderable", _minimum),
    ("array_sort(array(E)) -> array(E) | E:orderable", _sort),
    SORT_BY,
    ("array_join(array(E), varchar) -> varchar", _join),
    ("array_join(array(E), varchar, varchar) -> varchar", _join),
    ("array_histogram(array(T)) -> map(T,bigint)", _histogram),
    ("element_at(array(E), bigint) -> E", _element_at),
    ("element_at(map(K,V), K) -> V | spelled", _map_element_at),
    ("flatten(array(array(E))) -> array(E)", "flatten($0)"),
    (
        "slice(array(E), bigint, bigint) -> array(E)",
        _to_result(
            _SLICE,
            length=("length must be greater than or equal to 0", False),
            start=("SQL array indices start at 1", False),
        ),
    ),
    (
        "trim_array(array(E), bigint) -> array(E)",
        _to_result(
            _TRIM,
            negative=("'size must not be negative: ' || $1", True),
            beyond=("'size must not exceed array cardinality ' || len($0) || ': ' || $1", True),
        ),
    ),
    (
        "ngrams(array(T), integer) -> array(array(T))",
        _to_result(_NGRAMS, n=("N must be positive", False)),
    ),
    ("combinations(array(T), integer) -> array(array(T))", _combinations),
    ("repeat(T, bigint) -> array(T)", _repeat),
    ("shuffle(array(E)) -> array(E)", sql(_SHUFFLE)),
    ("sequence(bigint, bigint) -> array(bigint)", _sequence),
    ("sequence(bigint, bigint, bigint) -> array(bigint)", _sequence),
    ("sequence(date, date) -> array(date)", _sequence),
    ("sequence(date, date, interval day to second) -> array(date)", _sequence),
    ("sequence(date, date, interval year to month) -> array(date)", _sequence),
    (
        "sequence(timestamp(p), timestamp(p), interval day to second) -> array(timestamp(p))",
        _sequence,
    ),
    (
        "sequence(timestamp(p), timestamp(p), interval year to month) -> array(timestamp(p))",
        _sequence,
    ),
    ("zip(array(T1), array(T2)) -> array(row(T1,T2))", _zip),
    ("zip(array(T1), array(T2), array(T3)) -> array(row(T1,T2,T3))", _zip),
    ("zip(array(T1), array(T2), array(T3), array(T4)) -> array(row(T1,T2,T3,T4))", _zip),
    (
        "zip(array(T1), array(T2), array(T3), array(T4), array(T5)) -> array(row(T1,T2,T3,T4,T5))",
        _zip,
    ),
)
