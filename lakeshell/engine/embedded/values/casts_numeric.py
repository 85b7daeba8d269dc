"""Casts among boolean and the numeric types, as DuckDB SQL.

In: SQL of the source's type and the `Casting`. Out: SQL of the target's. Trino rounds halves away
from zero and fails out of range; DuckDB rounds floats to even, so they are rounded first.
"""

from __future__ import annotations

from lakeshell.engine.embedded.values.casts import OUT_OF_RANGE, Casting, Conversion
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.number_text import java_double, java_real
from lakeshell.engine.embedded.values.typed import duckdb_type
from lakeshell.sql import datatypes as t

_WIDTH = {"tinyint": 0, "smallint": 1, "integer": 2, "bigint": 3}
EXACT_DIGITS = 15
"""Digits of a decimal that a double holds exactly."""
MAX_REAL = "3.4028235677973366e38"
"""Half a step beyond the greatest real: from here on a double becomes infinite."""


def conversion(source: t.Type, target: t.Type) -> Conversion | None:
    a, b = source.name, target.name
    if a == "boolean":
        return _from_boolean
    if b == "boolean":
        return _to_boolean
    if a in _WIDTH:
        return _integral_to_decimal if b == "decimal" else _from_integral
    if a == "decimal":
        if b == "decimal":
            return _decimal_to_decimal
        return _decimal_to_integral if b in _WIDTH else _decimal_to_float
    if b == "decimal":
        return _float_to_decimal
    return _float_to_integral if b in _WIDTH else _float_to_float


def _plain(x: str, casting: Casting) -> str:
    return f"CAST({x} AS {duckdb_type(casting.target)})"


def _from_boolean(x: str, casting: Casting) -> str:
    if isinstance(casting.target, t.DecimalType):
        return f"CAST(CAST({x} AS INTEGER) AS {duckdb_type(casting.target)})"
    return _plain(x, casting)


def _to_boolean(x: str, casting: Casting) -> str:
    return f"({x} <> 0)"


def _tried(x: str, casting: Casting, failing: str, tried: str = "$0") -> str:
    """The cast, or `failing` (a template, too) where it does not fit."""
    held = duckdb_type(casting.target)
    if casting.safe:
        return filled(f"TRY_CAST({tried} AS {held})", [x])
    return filled(
        f"(CASE WHEN $0 IS NULL THEN NULL ELSE coalesce(TRY_CAST({tried} AS {held}), {failing}) END)",
        [x],
    )


def _from_integral(x: str, casting: Casting) -> str:
    source, target = casting.source.name, casting.target.name
    if target in ("real", "double") or _WIDTH[source] <= _WIDTH[target]:
        return _plain(x, casting)
    failing = casting.fail(f"'Out of range for {target}: ' || $0", OUT_OF_RANGE, is_sql=True)
    return _tried(x, casting, failing)


def decimal_name(type: t.Type) -> str:
    assert isinstance(type, t.DecimalType)
    return f"DECIMAL({type.precision}, {type.scale})"


def _integral_to_decimal(x: str, casting: Casting) -> str:
    from lakeshell.sql.coercion import INTEGRAL_DIGITS

    target = casting.target
    assert isinstance(target, t.DecimalType)
    if INTEGRAL_DIGITS[casting.source] <= target.precision - target.scale:
        return _plain(x, casting)
    name = casting.source.name.upper()
    message = f"'Cannot cast {name} ''' || $0 || ''' to {decimal_name(target)}'"
    return _tried(x, casting, casting.fail(message, is_sql=True))


def _decimal_to_decimal(x: str, casting: Casting) -> str:
    source, target = casting.source, casting.target
    assert isinstance(source, t.DecimalType) and isinstance(target, t.DecimalType)
    rounds = source.scale > target.scale
    if source.precision - source.scale + rounds <= target.precision - target.scale:
        return _plain(x, casting)
    message = f"'Cannot cast {decimal_name(source)} ''' || $0 || ''' to {decimal_name(target)}'"
    return _tried(x, casting, casting.fail(message, is_sql=True))


def _decimal_to_integral(x: str, casting: Casting) -> str:
    target = casting.target.name
    digits = {"tinyint": 2, "smallint": 4, "integer": 9, "bigint": 18}[target]
    source = casting.source
    assert isinstance(source, t.DecimalType)
    if source.precision - source.scale + (source.scale > 0) <= digits:
        return _plain(x, casting)
    # Trino shows the rounded number, and the unrounded one where even a bigint can't hold it
    rounded = (
        "$0"
        if target == "bigint"
        else "coalesce(CAST(TRY_CAST($0 AS BIGINT) AS VARCHAR), CAST($0 AS VARCHAR))"
    )
    message = f"'Cannot cast ''' || {rounded} || ''' to {target.upper()}'"
    return _tried(x, casting, casting.fail(message, is_sql=True))


def _decimal_to_float(x: str, casting: Casting) -> str:
    source = casting.source
    assert isinstance(source, t.DecimalType)
    held = duckdb_type(casting.target)
    if source.precision > 18:
        return f"CAST(CAST({x} AS VARCHAR) AS {held})"
    if casting.target == t.DOUBLE and source.precision <= EXACT_DIGITS:
        return _plain(x, casting)
    unscaled = x
    if source.scale:
        unscaled = f"replace(CAST({x} AS VARCHAR), '.', '')"
    whole = f"CAST(CAST({unscaled} AS BIGINT) AS {held})"
    return f"({whole} / CAST({10**source.scale} AS {held}))" if source.scale else whole


def _float_to_float(x: str, casting: Casting) -> str:
    if casting.target == t.DOUBLE:
        return _plain(x, casting)
    return filled(
        f"(CASE WHEN abs($0) >= {MAX_REAL} AND NOT isnan($0) THEN "
        "CAST(CASE WHEN $0 > 0 THEN 'inf' ELSE '-inf' END AS FLOAT) ELSE CAST($0 AS FLOAT) END)",
        [x],
    )


def _shown(casting: Casting) -> str:
    """A float as Java writes it, for a message."""
    return java_real("$0") if casting.source == t.REAL else java_double("$0")


def _float_to_decimal(x: str, casting: Casting) -> str:
    name = casting.source.name.upper()
    message = (
        f"'Cannot cast {name} ''' || {_shown(casting)} || ''' to {decimal_name(casting.target)}'"
    )
    failing = casting.fail(message, is_sql=True)
    return _tried(x, casting, failing, "CAST($0 AS VARCHAR)")


def _float_to_integral(x: str, casting: Casting) -> str:
    source, target = casting.source.name, casting.target.name
    range_failing = casting.fail(
        f"'Out of range for {target}: ' || {_shown(casting)}", OUT_OF_RANGE, is_sql=True
    )
    nan_failing = casting.fail(f"Cannot cast {source} NaN to {target}")
    if target == "bigint" and source == "double":
        range_failing = casting.fail(
            f"'Unable to cast ' || {_shown(casting)} || ' to bigint'", is_sql=True
        )
        nan_failing = casting.fail("Unable to cast NaN to bigint")
    if target == "bigint" and source == "real":
        # Java's Math.round stops at the ends of bigint
        range_failing = (
            "CASE WHEN $0 > 0 THEN 9223372036854775807 ELSE -9223372036854775807 - 1 END"
        )
    failing = f"CASE WHEN isnan($0) THEN {nan_failing} ELSE {range_failing} END"
    held = duckdb_type(casting.target)
    rounded = f"TRY_CAST({_rounded(casting)} AS {held})"
    return filled(f"(CASE WHEN $0 IS NULL THEN NULL ELSE coalesce({rounded}, {failing}) END)", [x])


def _rounded(casting: Casting) -> str:
    # reals are rounded as Math.round does, halves upwards
    if casting.source == t.REAL:
        return "floor(CAST($0 AS DOUBLE) + 0.5)"
    return "round($0)"
