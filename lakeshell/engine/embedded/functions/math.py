"""Mathematical functions; `rounding` has those that round.

In: arguments of a signature's types. Out: DuckDB SQL that gives Java's results: NaN and infinities
instead of errors, logarithms as quotients of natural ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.engine.embedded.functions.registry import Entry
from lakeshell.engine.embedded.functions.rounding import ROUNDING
from lakeshell.engine.embedded.values.arithmetic import arithmetic
from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Emission,
    fill,
    filled,
    python_call,
    values,
)
from lakeshell.engine.embedded.values.typed import Context, Typed, duckdb_type, failure
from lakeshell.sql import datatypes as t

_INVALID = "INVALID_FUNCTION_ARGUMENT"
_RANGE = "NUMERIC_VALUE_OUT_OF_RANGE"
INTEGRAL = ("tinyint", "smallint", "integer", "bigint")


def _abs(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    least = {"tinyint": -(2**7), "smallint": -(2**15), "integer": -(2**31), "bigint": -(2**63)}
    value = least[result.name]
    failing = failure(_RANGE, f"Value {value} is out of range for abs({result})", result)
    held = duckdb_type(result)
    return filled(
        f"(CASE WHEN $0 = CAST('{value}' AS {held}) THEN {failing} ELSE abs($0) END)",
        [arguments[0].sql],
    )


def _mod(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    left, right = arguments
    if isinstance(result, t.DecimalType):
        return arithmetic("%", left, right, left.at, context).sql
    if isinstance(right.value, int) and right.value > 0:
        return f"({left.sql} % {right.sql})"
    failing = failure("GENERIC_INTERNAL_ERROR", "/ by zero", result)
    return filled(
        f"(CASE WHEN $1 = 0 THEN {failing} WHEN $1 = -1 THEN $0 - $0 ELSE $0 % $1 END)",
        [left.sql, right.sql],
    )


def _sign(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    held = duckdb_type(result)
    if result in (t.REAL, t.DOUBLE):
        # NaN and the zeros stay themselves
        return filled(
            f"(CASE WHEN isnan($0) OR $0 = 0 THEN $0 ELSE CAST(sign($0) AS {held}) END)",
            [arguments[0].sql],
        )
    return f"CAST(sign({arguments[0].sql}) AS {held})"


# --- random --------------------------------------------------------------------------------------


def _random(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    """A whole number below the one argument, or from the first up to the second."""
    held = duckdb_type(result)
    if len(arguments) == 1:
        failing = failure(_INVALID, "bound must be positive", result)
        return filled(
            f"(CASE WHEN $0 <= 0 THEN {failing} ELSE "
            f"CAST(least(floor(random() * $0), $0 - 1) AS {held}) END)",
            [arguments[0].sql],
        )
    failing = failure(_INVALID, "start value must be less than stop value", result)
    span = "(CAST($1 AS DOUBLE) - $0)"
    return filled(
        f"(CASE WHEN $0 >= $1 THEN {failing} ELSE "
        f"CAST(CAST($0 AS HUGEINT) + CAST(floor(random() * {span}) AS HUGEINT) AS {held}) END)",
        [a.sql for a in arguments],
    )


# --- buckets and bases ---------------------------------------------------------------------------


def _width_bucket(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    def bad(message: str) -> str:
        return failure(_INVALID, message, result)

    return filled(
        f"(CASE WHEN $0 IS NULL OR $1 IS NULL OR $2 IS NULL OR $3 IS NULL THEN NULL "
        f"WHEN $3 <= 0 THEN {bad('bucketCount must be greater than 0')} "
        f"WHEN isnan($0) THEN {bad('operand must not be NaN')} "
        f"WHEN NOT isfinite($1) THEN {bad('first bound must be finite')} "
        f"WHEN NOT isfinite($2) THEN {bad('second bound must be finite')} "
        f"WHEN $1 = $2 THEN {bad('bounds cannot equal each other')} "
        "WHEN $1 < $2 THEN CASE WHEN $0 < $1 THEN 0 WHEN $0 >= $2 THEN $3 + 1 ELSE "
        "CAST(trunc($3 * ($0 - $1) / ($2 - $1) + 1) AS BIGINT) END "
        "ELSE CASE WHEN $0 < $2 THEN $3 + 1 WHEN $0 >= $1 THEN 0 ELSE "
        "$3 - CAST(trunc($3 * ($0 - $2) / ($1 - $2) + 1) AS BIGINT) + 1 END END)",
        [a.sql for a in arguments],
    )


def _width_bucket_bins(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    def bad(message: str) -> str:
        return failure(_INVALID, message, result)

    return filled(
        f"(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL "
        f"WHEN len($1) = 0 THEN {bad('Bins cannot be an empty array')} "
        f"WHEN isnan($0) THEN {bad('Operand cannot be NaN')} "
        f"WHEN list_sort($1) <> $1 THEN {bad('Bin values are not sorted in ascending order')} "
        "ELSE CAST(len(list_filter($1, lambda b: b <= $0)) AS BIGINT) END)",
        [a.sql for a in arguments],
    )


_DIGITS = "'0123456789abcdefghijklmnopqrstuvwxyz'"
_RADIX = "Radix must be between 2 and 36"


def _from_base(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    radix = failure(_INVALID, _RADIX, result)
    bad = failure(_INVALID, "'Not a valid base-' || $1 || ' number: ' || $0", result, is_sql=True)
    digits = "ltrim(lower($0), '+-')"
    places = f"list_transform(string_split({digits}, ''), lambda c: strpos({_DIGITS}, c) - 1)"
    number = (
        f"list_reduce(list_transform({places}, lambda d: CAST(d AS HUGEINT)), lambda a, d: "
        "CASE WHEN a > 18446744073709551616 THEN a ELSE a * $1 + d END, CAST(0 AS HUGEINT))"
    )
    signed = f"CASE WHEN starts_with($0, '-') THEN -{number} ELSE {number} END"
    return filled(
        f"(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL "
        f"WHEN $1 NOT BETWEEN 2 AND 36 THEN {radix} "
        f"WHEN NOT regexp_full_match($0, '[+-]?[0-9a-zA-Z]+') THEN {bad} "
        f"WHEN list_max({places}) >= $1 THEN {bad} "
        f"ELSE coalesce(TRY_CAST({signed} AS BIGINT), {bad}) END)",
        [a.sql for a in arguments],
    )


def _to_base(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    radix = failure(_INVALID, _RADIX, result)
    return filled(
        f"(CASE WHEN $1 NOT BETWEEN 2 AND 36 THEN {radix} "
        "WHEN $0 < 0 THEN '-' || lower(to_base(-$0, CAST($1 AS INTEGER))) "
        "ELSE lower(to_base($0, CAST($1 AS INTEGER))) END)",
        [a.sql for a in arguments],
    )


def _as_java(name: str, inside: str = "isfinite($0)") -> Emission:
    """`java_math`'s function for arguments that are `inside`, DuckDB's for others: NaN comes of
    those, which DuckDB would take for NULL out of Python."""

    def emit(arguments: Arguments, result: t.Type, context: Context) -> str:
        given = values(arguments)
        computed = python_call(f"java_math:{name}", given, result, context)
        if all(v.is_constant for v in given):
            return computed
        otherwise = f"{name}({', '.join(f'${i}' for i in range(len(given)))})"
        return fill(f"(CASE WHEN {inside} THEN {computed} ELSE {otherwise} END)", given)

    return emit


def _plain(name: str) -> Entry:
    return (f"{name}(double) -> double", f"{name}($0)")


def _randoms(name: str) -> tuple[Entry, ...]:
    return (
        (f"{name}() -> double", "random()"),
        *((f"{name}({type}) -> {type}", _random) for type in INTEGRAL),
        *((f"{name}({type}, {type}) -> {type}", _random) for type in INTEGRAL),
    )


SCALARS: tuple[Entry, ...] = (
    *((f"abs({name}) -> {name}", _abs) for name in INTEGRAL),
    ("abs(decimal(p,s)) -> decimal(p,s)", "abs($0)"),
    ("abs(double) -> double", "abs($0)"),
    ("abs(real) -> real", "abs($0)"),
    *map(_plain, ("cos", "exp", "ln", "sin", "sqrt", "tan")),
    ("acos(double) -> double", _as_java("acos", "abs($0) <= 1")),
    ("asin(double) -> double", _as_java("asin", "abs($0) <= 1")),
    ("atan(double) -> double", _as_java("atan")),
    ("atan2(double, double) -> double", _as_java("atan2", "isfinite($0) AND isfinite($1)")),
    ("cbrt(double) -> double", _as_java("cbrt")),
    ("cosh(double) -> double", _as_java("cosh")),
    ("log10(double) -> double", _as_java("log10", "$0 > 0 AND isfinite($0)")),
    ("sinh(double) -> double", _as_java("sinh")),
    ("tanh(double) -> double", _as_java("tanh")),
    ("degrees(double) -> double", "($0 * 57.29577951308232e0)"),
    ("radians(double) -> double", "($0 * 0.017453292519943295e0)"),
    ("e() -> double", "CAST('2.718281828459045' AS DOUBLE)"),
    ("pi() -> double", "CAST('3.141592653589793' AS DOUBLE)"),
    ("infinity() -> double", "CAST('inf' AS DOUBLE)"),
    ("nan() -> double", "CAST('nan' AS DOUBLE)"),
    ("is_finite(double) -> boolean", "isfinite($0)"),
    ("is_infinite(double) -> boolean", "isinf($0)"),
    ("is_nan(double) -> boolean", "isnan($0)"),
    ("is_nan(real) -> boolean", "isnan($0)"),
    ("log(double, double) -> double", "(ln($1) / ln($0))"),
    ("log2(double) -> double", "(ln($0) / 0.6931471805599453e0)"),
    *((f"mod({name}, {name}) -> {name}", _mod) for name in INTEGRAL),
    ("mod(double, double) -> double", "($0 % $1)"),
    ("mod(real, real) -> real", "($0 % $1)"),
    (
        "mod(decimal(a_precision,a_scale), decimal(b_precision,b_scale)) -> decimal("
        "max(1, min(b_precision - b_scale, a_precision - a_scale) + max(a_scale, b_scale)), "
        "max(a_scale, b_scale))",
        _mod,
    ),
    ("power(double, double) -> double", "pow($0, $1)"),
    ("pow(double, double) -> double", "pow($0, $1)"),
    *(entry for name in ("random", "rand") for entry in _randoms(name)),
    *((f"sign({name}) -> {name}", _sign) for name in (*INTEGRAL, "double", "real")),
    ("sign(decimal(p,s)) -> decimal(1,0)", _sign),
    ("width_bucket(double, double, double, bigint) -> bigint", _width_bucket),
    ("width_bucket(double, array(double)) -> bigint", _width_bucket_bins),
    ("from_base(varchar(x), bigint) -> bigint", _from_base),
    ("to_base(bigint, bigint) -> varchar(64)", _to_base),
    *ROUNDING,
)
