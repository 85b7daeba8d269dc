"""Aggregates.

In: a resolved `Call` with DISTINCT, ORDER BY, FILTER and OVER. Out: DuckDB SQL over a group or a
window. Sums of integers are gathered wider and checked; sums and averages of decimals stay exact;
NaN counts for min and max only among NaNs. `approx_distinct` counts exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.engine.embedded.functions.registry import Call, Entry
from lakeshell.engine.embedded.values.arithmetic import scaled, unscaled
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.typed import (
    Context,
    SortKey,
    Typed,
    duckdb_type,
    failure,
    ordering_key,
    quote_text,
    refused,
)
from lakeshell.sql import datatypes as t
from lakeshell.sql.ast.nodes import Position
from lakeshell.sql.coercion import is_orderable

_INVALID = "INVALID_FUNCTION_ARGUMENT"
MAX_LISTAGG = 1_048_576
"""Bytes of the longest text that LISTAGG makes."""


def _count(call: Call) -> str:
    return call.aggregate("count", "*" if call.star or not call.raw else call.sql(0))


def _count_if(call: Call) -> str:
    return call.aggregate("count", f"CASE WHEN {call.sql(0)} THEN 1 END")


# --- sums and averages ---------------------------------------------------------------------------


def _sum_integral(call: Call) -> str:
    return f"CAST({call.aggregate('sum', call.sql(0))} AS {duckdb_type(call.result)})"


def _sum_real(call: Call) -> str:
    return f"CAST({call.aggregate('sum', f'CAST({call.sql(0)} AS DOUBLE)')} AS FLOAT)"


def _avg_double(call: Call) -> str:
    return call.aggregate("avg", f"CAST({call.sql(0)} AS DOUBLE)")


def _avg_real(call: Call) -> str:
    return f"CAST({_avg_double(call)} AS FLOAT)"


def _avg_interval(call: Call) -> str:
    return f"CAST(floor({_avg_double(call)} + 0.5) AS {duckdb_type(call.result)})"


_NARROW = 9
"""Digits of a decimal of which four billion make a sum that 64 bits hold twice."""


def _avg_decimal(call: Call) -> str:
    """The exact sum over the count, halves rounded away from zero."""
    type = call.result
    assert isinstance(type, t.DecimalType)
    narrow = type.precision <= _NARROW
    held = "BIGINT" if narrow else "HUGEINT"
    total = call.aggregate("sum", call.sql(0))
    whole = unscaled(total, t.DecimalType(19 if narrow else 38, type.scale), held)
    count = f"CAST({call.aggregate('count', call.sql(0))} AS {held})"
    quotient = (
        "((2 * q.n + sign(q.n) * q.d) // (2 * q.d))"
        if narrow
        else "(q.n // q.d + CASE WHEN abs(q.n % q.d) * 2 >= q.d THEN sign(q.n) ELSE 0 END)"
    )
    body = f"CASE WHEN q.d = 0 THEN NULL ELSE {scaled(quotient, type)} END"
    pair = f"struct_pack(n := {whole}, d := {count})"
    return f"(list_transform([{pair}], lambda q: {body})[1])"


# --- minimum and maximum -------------------------------------------------------------------------


def _is_float(type: t.Type) -> bool:
    return type in (t.REAL, t.DOUBLE)


def _extreme(call: Call) -> str:
    value, x = call.typed(0), call.sql(0)
    if _is_float(value.type):
        numbers = call.aggregate(call.name, x, where=f"NOT isnan({x})", ordered=False)
        return f"coalesce({numbers}, {call.aggregate(call.name, x, ordered=False)})"
    _check_order(value, call)
    made = call.aggregate(call.name, ordering_key(value), ordered=False)
    if isinstance(value.type, t.ArrayType | t.RowType):
        # Trino fails where it meets a NULL inside; DuckDB orders it
        message = f"the embedded engine does not run {call.name} of values with NULL inside"
        failing = failure("NOT_SUPPORTED", message, call.result)
        found = call.aggregate("bool_or", _null_inside(x, value.type), ordered=False)
        made = f"(CASE WHEN {found} THEN {failing} ELSE {made} END)"
    return f"rtrim({made}, ' ')" if isinstance(value.type, t.CharType) else made


def _null_inside(x: str, type: t.ArrayType | t.RowType) -> str:
    if isinstance(type, t.ArrayType):
        return f"list_count({x}) < len({x})"
    tests = (f"struct_extract({x}, 'f{i}') IS NULL" for i in range(len(type.fields)))
    return f"{x} IS NOT NULL AND ({' OR '.join(tests)})"


def _check_order(value: Typed, call: Call) -> None:
    """Refuses what DuckDB orders otherwise: nested values with NULL, NaN or char inside."""
    parts: Sequence[t.Type] = ()
    match value.type:
        case t.ArrayType(element=element):
            parts = (element,)
        case t.RowType(fields=fields):
            parts = [f.type for f in fields]
    for part in parts:
        if (
            not is_orderable(part)
            or _is_float(part)
            or isinstance(part, t.ArrayType | t.RowType | t.CharType)
        ):
            raise refused(f"{call.name} of {value.type}", call.at)


def _limit(call: Call, index: int, word: str) -> str:
    """The third or second argument of `max(x, n)` and its kin; a literal."""
    count = call.typed(index)
    if not isinstance(count.value, int):
        raise refused(f"{call.name} with a count that is no literal", call.at)
    kind = f"{word} argument of {call.name}_n"
    if count.value <= 0:
        return failure(_INVALID, f"{kind} must be positive", call.result)
    if count.value > 10_000:
        message = f"{kind} must be less than or equal to 10000; found {count.value}"
        return failure(_INVALID, message, call.result)
    return str(count.value)


def _extremes(call: Call) -> str:
    value = call.typed(0)
    limit = _limit(call, 1, "second")
    if not limit.isdigit():
        return limit
    if _is_float(value.type) or isinstance(value.type, t.CharType):
        raise refused(f"{call.name} of several {value.type}", call.at)
    _check_order(value, call)
    if call.distinct:
        raise refused(f"{call.name} of several DISTINCT values", call.at)
    return call.aggregate(call.name, f"{call.sql(0)}, {limit}", ordered=False)


def _extreme_by(call: Call) -> str:
    key = call.typed(1)
    _check_order(key, call)
    name = {"max_by": "arg_max_null", "min_by": "arg_min_null"}[call.name]
    arguments = f"{call.sql(0)}, {ordering_key(key)}"
    if not _is_float(key.type):
        return call.aggregate(name, arguments, ordered=False)
    keys = call.sql(1)
    numbers = call.aggregate(name, arguments, where=f"NOT isnan({keys})", ordered=False)
    count = call.aggregate("count", keys, where=f"NOT isnan({keys})", ordered=False)
    every = call.aggregate(name, arguments, ordered=False)
    return f"(CASE WHEN {count} > 0 THEN {numbers} ELSE {every} END)"


def _extremes_by(call: Call) -> str:
    key = call.typed(1)
    limit = _limit(call, 2, "third")
    if not limit.isdigit():
        return limit.replace("_by_n", "_by")
    _check_order(key, call)
    if _is_float(key.type) or call.over or call.distinct:
        raise refused(f"{call.name} with three arguments here", call.at)
    direction = "DESC" if call.name == "max_by" else "ASC"
    call.order_by = ()
    entries = call.aggregate(
        "list",
        call.sql(0),
        where=f"{call.sql(1)} IS NOT NULL",
        suffix=f" ORDER BY {ordering_key(key)} {direction}",
    )
    return f"({entries})[1:{limit}]"


# --- collections ---------------------------------------------------------------------------------


def _entries(call: Call, key: str, value: str) -> str:
    return call.aggregate(
        "list", f"struct_pack(k := {key}, v := {value})", where=f"{key} IS NOT NULL"
    )


_FIRST_OF_EACH = (
    "CASE WHEN e IS NULL THEN NULL "
    "WHEN len(list_distinct(list_transform(e, lambda p: p.k))) = len(e) "
    "THEN map(list_transform(e, lambda p: p.k), list_transform(e, lambda p: p.v)) "
    "ELSE list_transform([list_filter(e, lambda p, i: "
    "list_position(list_transform(e, lambda o: o.k), p.k) = i)], "
    "lambda d: map(list_transform(d, lambda p: p.k), list_transform(d, lambda p: p.v)))[1] END"
)
"""A map of entries `e`; of several with one key the first counts."""


def _map_agg(call: Call) -> str:
    entries = _entries(call, call.sql(0), call.sql(1))
    return f"(list_transform([{entries}], lambda e: {_FIRST_OF_EACH})[1])"


def _multimap_agg(call: Call) -> str:
    entries = _entries(call, call.sql(0), call.sql(1))
    body = (
        "CASE WHEN e IS NULL THEN NULL ELSE list_transform([list_distinct("
        "list_transform(e, lambda p: p.k))], lambda ks: map(ks, list_transform(ks, lambda k: "
        "list_transform(list_filter(e, lambda p: p.k = k), lambda p: p.v))))[1] END"
    )
    return f"(list_transform([{entries}], lambda e: {body})[1])"


def _map_union(call: Call) -> str:
    maps = call.aggregate("list", f"map_entries({call.sql(0)})", where=f"{call.sql(0)} IS NOT NULL")
    entries = f"list_transform(flatten({maps}), lambda p: struct_pack(k := p.key, v := p.value))"
    return f"(list_transform([{entries}], lambda e: {_FIRST_OF_EACH})[1])"


def _histogram(call: Call) -> str:
    return f"CAST({call.aggregate('histogram', call.sql(0))} AS {duckdb_type(call.result)})"


# --- estimates -----------------------------------------------------------------------------------


def _approx_distinct(call: Call) -> str:
    call.distinct = True
    counted = call.aggregate("count", call.sql(0), ordered=False)
    if len(call.arguments) == 1:
        return counted
    error = call.typed(1).value
    if not isinstance(error, float):
        raise refused("approx_distinct with an error that is no literal", call.at)
    if not 0.0040625 <= error <= 0.26:
        message = f"Max standard error must be in [0.0040625, 0.26]: {error}"
        return failure(_INVALID, message, call.result)
    return counted


def _approx_percentile(call: Call) -> str:
    if len(call.arguments) > 2:
        raise refused("approx_percentile with weights", call.at)
    share = call.typed(1)
    there = f"{call.sql(0)} IS NOT NULL AND {share.sql} IS NOT NULL"
    values = call.aggregate("list", call.sql(0), where=there)
    bad = failure(_INVALID, "Percentile must be between 0 and 1", call.result)
    given, differing = share.sql, ""
    if not share.is_constant:
        # Of each row: Trino takes that of the row which comes last, which is any.
        given = call.aggregate("min", share.sql, where=there)
        most = call.aggregate("max", share.sql, where=there)
        several = "the embedded engine does not run approx_percentile with several percentages"
        unlike = failure("NOT_SUPPORTED", several, call.result)
        differing = f"WHEN g.p <> g.q THEN {unlike} "
        given, packed = "g.p", f"struct_pack(s := list_sort({values}), p := {given}, q := {most})"
    else:
        packed = f"struct_pack(s := list_sort({values}))"
    at = "CAST(least(floor({p} * len(g.s)), len(g.s) - 1) AS BIGINT) + 1"
    if isinstance(share.type, t.ArrayType):
        test = f"list_count(list_filter({given}, lambda p: p < 0 OR p > 1)) > 0"
        picked = f"list_transform({given}, lambda p: g.s[{at.format(p='p')}])"
    else:
        test = f"{given} < 0 OR {given} > 1"
        picked = f"g.s[{at.format(p=given)}]"
    body = f"CASE WHEN g.s IS NULL THEN NULL {differing}WHEN {test} THEN {bad} ELSE {picked} END"
    return f"(list_transform([{packed}], lambda g: {body})[1])"


# --- text ----------------------------------------------------------------------------------------


def listagg(
    value: Typed,
    separator: Typed | None,
    *,
    distinct: bool,
    overflow: str,
    filler: str | None,
    with_count: bool,
    order_by: Sequence[SortKey],
    filter: Typed | None,
    at: Position,
    context: Context,
) -> Typed:
    """LISTAGG. A result that `ON OVERFLOW TRUNCATE` would cut is refused while it runs."""
    call = Call("listagg", [value], at, context)
    call.distinct, call.filter, call.order_by = distinct, filter, order_by
    if separator is not None and not isinstance(separator.value, str):
        raise refused("LISTAGG with a separator that is no literal", at)
    between = quote_text("" if separator is None else separator.value)
    joined = call.aggregate("string_agg", f"{value.sql}, {between}")
    message = (
        "Concatenated string has the length in bytes larger than the maximum output length "
        f"{MAX_LISTAGG}"
    )
    failing = failure("EXCEEDED_FUNCTION_MEMORY_LIMIT", message, t.VARCHAR)
    if overflow == "truncate":
        message = "the embedded engine does not truncate the result of LISTAGG"
        failing = failure("NOT_SUPPORTED", message, t.VARCHAR)
    sql = filled(
        f"(CASE WHEN octet_length(encode($0)) > {MAX_LISTAGG} THEN {failing} ELSE $0 END)",
        [joined],
    )
    return Typed(sql, t.VARCHAR, at)


def _plain_listagg(call: Call) -> str:
    raise refused("LISTAGG without WITHIN GROUP", call.at)


_INTERVALS = ("interval day to second", "interval year to month")

AGGREGATES: tuple[Entry, ...] = (
    ("count() -> bigint", _count),
    ("count(T) -> bigint", _count),
    ("count_if(boolean) -> bigint", _count_if),
    ("sum(bigint) -> bigint", _sum_integral),
    ("sum(double) -> double", "@sum($0)"),
    ("sum(real) -> real", _sum_real),
    ("sum(decimal(p,s)) -> decimal(38,s)", "@sum($0)"),
    *((f"sum({interval}) -> {interval}", _sum_integral) for interval in _INTERVALS),
    ("avg(bigint) -> double", _avg_double),
    ("avg(double) -> double", _avg_double),
    ("avg(real) -> real", _avg_real),
    ("avg(decimal(p,s)) -> decimal(p,s)", _avg_decimal),
    *((f"avg({interval}) -> {interval}", _avg_interval) for interval in _INTERVALS),
    *(
        entry
        for name in ("min", "max")
        for entry in (
            (f"{name}(T) -> T | T:orderable", _extreme),
            (f"{name}(E, bigint) -> array(E) | E:orderable", _extremes),
            (f"{name}_by(V, K) -> V | K:orderable", _extreme_by),
            (f"{name}_by(V, K, bigint) -> array(V) | K:orderable", _extremes_by),
        )
    ),
    ("any_value(T) -> T", "@any_value($0)"),
    ("arbitrary(T) -> T", "@any_value($0)"),
    ("array_agg(T) -> array(T)", "@list($0)"),
    ("map_agg(K, V) -> map(K, V)", _map_agg),
    ("multimap_agg(K, V) -> map(K, array(V))", _multimap_agg),
    ("map_union(map(K, V)) -> map(K, V)", _map_union),
    ("histogram(T) -> map(T, bigint) | T:comparable", _histogram),
    ("bool_and(boolean) -> boolean", "@bool_and($0)"),
    ("bool_or(boolean) -> boolean", "@bool_or($0)"),
    ("every(boolean) -> boolean", "@bool_and($0)"),
    ("bitwise_and_agg(bigint) -> bigint", "@bit_and($0)"),
    ("bitwise_or_agg(bigint) -> bigint", "@bit_or($0)"),
    ("bitwise_xor_agg(bigint) -> bigint", "@bit_xor($0)"),
    ("approx_distinct(T) -> bigint", _approx_distinct),
    ("approx_distinct(T, double) -> bigint", _approx_distinct),
    *(
        entry
        for type in ("bigint", "double", "real")
        for entry in (
            (f"approx_percentile({type}, double) -> {type}", _approx_percentile),
            (f"approx_percentile({type}, double, double) -> {type}", _approx_percentile),
            (f"approx_percentile({type}, double, double, double) -> {type}", _approx_percentile),
            (f"approx_percentile({type}, array(double)) -> array({type})", _approx_percentile),
            (
                f"approx_percentile({type}, double, array(double)) -> array({type})",
                _approx_percentile,
            ),
        )
    ),
    ("listagg(varchar, varchar, boolean, varchar, boolean) -> varchar", _plain_listagg),
)
