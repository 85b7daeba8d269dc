"""round, truncate, ceil and floor.

In: arguments of a signature's types. Out: DuckDB SQL. Halves are rounded away from zero, floats by
Java's own steps: scaled up, rounded, scaled down.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.engine.embedded.functions.registry import Emission, Entry
from lakeshell.engine.embedded.values.arithmetic import scaled, unscaled
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.typed import (
    Context,
    Typed,
    duckdb_literal,
    duckdb_type,
    failure,
    refused,
)
from lakeshell.sql import datatypes as t

_INTEGRAL = ("tinyint", "smallint", "integer", "bigint")


def _digits(arguments: Sequence[Typed]) -> int | None:
    """The places to keep: a literal, None for NULL."""
    given = arguments[1].value
    if given is None:
        return None
    if not isinstance(given, int):
        raise refused("rounding to places that are no literal", arguments[1].at)
    return given


# --- integers ------------------------------------------------------------------------------------


def _round_integral(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    places = _digits(arguments)
    if places is None:
        return duckdb_literal(None, result)
    if places >= 0:
        return arguments[0].sql
    if places < -19:
        return f"({arguments[0].sql} - {arguments[0].sql})"
    step = f"CAST('{10**-places}' AS HUGEINT)"
    rounded = f"sign($0) * ((abs(CAST($0 AS HUGEINT)) + {step} // 2) // {step} * {step})"
    code, message = "NUMERIC_VALUE_OUT_OF_RANGE", f"'Out of range for {result}: ' || {rounded}"
    if result == t.BIGINT:
        message = "'numerical overflow: ' || $0"
    elif result == t.INTEGER:
        code, message = "GENERIC_INTERNAL_ERROR", "'integer overflow'"
    failing = failure(code, message, result, is_sql=True)
    return filled(
        f"(CASE WHEN $0 IS NULL THEN NULL ELSE coalesce(TRY_CAST({rounded} AS "
        f"{duckdb_type(result)}), {failing}) END)",
        [arguments[0].sql],
    )


# --- decimals ------------------------------------------------------------------------------------


def _decimal(value: Typed) -> t.DecimalType:
    assert isinstance(value.type, t.DecimalType)
    return value.type


def _round_decimal(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    """To whole numbers, or to places that are kept in the scale."""
    value = arguments[0]
    assert isinstance(result, t.DecimalType)
    if len(arguments) == 1:
        return f"CAST({value.sql} AS {duckdb_type(result)})"
    places, type = _digits(arguments), _decimal(value)
    if places is None:
        return duckdb_literal(None, result)
    if places >= type.scale:
        return f"CAST({value.sql} AS {duckdb_type(result)})"
    step = type.scale - places
    if step > type.precision:
        return _zero(value, result)
    number = unscaled("$0", type, "HUGEINT")
    power = f"CAST('{10**step}' AS HUGEINT)"
    rounded = f"sign($0) * ((abs({number}) + {power} // 2) // {power} * {power})"
    return filled(f"{scaled(rounded, result)}", [value.sql])


def _zero(value: Typed, result: t.Type) -> str:
    return f"(CASE WHEN {value.sql} IS NOT NULL THEN CAST(0 AS {duckdb_type(result)}) END)"


def _truncate_decimal(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    value, type = arguments[0], _decimal(arguments[0])
    assert isinstance(result, t.DecimalType)
    places = _digits(arguments) if len(arguments) > 1 else 0
    if places is None:
        return duckdb_literal(None, result)
    if places >= type.scale:
        return f"CAST({value.sql} AS {duckdb_type(result)})"
    step = type.scale - places
    if step > type.precision or step > 37:
        return _zero(value, result)
    power = f"CAST('{10**step}' AS HUGEINT)"
    whole = f"{unscaled(value.sql, type, 'HUGEINT')} // {power}"
    if len(arguments) == 1:
        return f"CAST({whole} AS {duckdb_type(result)})"
    return scaled(f"({whole} * {power})", result)


def _floor(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    return f"CAST(floor({arguments[0].sql}) AS {duckdb_type(result)})"


def _ceil(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    return f"CAST(ceil({arguments[0].sql}) AS {duckdb_type(result)})"


# --- floats --------------------------------------------------------------------------------------


def _round_float(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    places = _digits(arguments) if len(arguments) > 1 else 0
    if places is None:
        return duckdb_literal(None, result)
    factor = f"pow(10e0, {places})"
    x = f"CAST({arguments[0].sql} AS DOUBLE)" if result == t.REAL else arguments[0].sql
    made = filled(
        f"(CASE WHEN NOT isfinite($0) OR NOT isfinite($0 * {factor}) THEN $0 "
        f"WHEN $0 < 0 THEN -((round(-$0 * {factor}) + 0) / {factor}) "
        f"ELSE (round($0 * {factor}) + 0) / {factor} END)",
        [x],
    )
    return f"CAST({made} AS FLOAT)" if result == t.REAL else made


_WHOLE = "decimal(min(38, p - s + min(1, s)), 0)"


def _whole(name: str, emission: Emission) -> tuple[Entry, ...]:
    return (
        *((f"{name}({type}) -> {type}", "$0") for type in _INTEGRAL),
        (f"{name}(double) -> double", emission),
        (f"{name}(real) -> real", emission),
        (f"{name}(decimal(p,s)) -> {_WHOLE}", emission),
    )


ROUNDING: tuple[Entry, ...] = (
    *((f"round({name}) -> {name}", "$0") for name in _INTEGRAL),
    *((f"round({name}, integer) -> {name}", _round_integral) for name in _INTEGRAL),
    *((f"round({name}) -> {name}", _round_float) for name in ("double", "real")),
    *((f"round({name}, integer) -> {name}", _round_float) for name in ("double", "real")),
    (f"round(decimal(p,s)) -> {_WHOLE}", _round_decimal),
    ("round(decimal(p,s), integer) -> decimal(min(38, p + 1), s)", _round_decimal),
    ("truncate(decimal(p,s)) -> decimal(max(1, p - s), 0)", _truncate_decimal),
    ("truncate(decimal(p,s), integer) -> decimal(p,s)", _truncate_decimal),
    ("truncate(double) -> double", "trunc($0)"),
    ("truncate(real) -> real", "trunc($0)"),
    *(
        entry
        for name, emission in (("ceil", _ceil), ("ceiling", _ceil), ("floor", _floor))
        for entry in _whole(name, emission)
    ),
)
