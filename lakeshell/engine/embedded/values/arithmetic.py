"""`+ - * / %` and the unary sign, over numbers; dates and intervals go to `calendar`.

In: two `Typed`s. Out: a `Typed` with Trino's result type, whose SQL fails as Trino does: division
by zero, overflow of integers per type and of decimals beyond 38 digits.
"""

from __future__ import annotations

from lakeshell.engine.embedded.values.casts import coerce
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.typed import (
    Context,
    Typed,
    duckdb_literal,
    duckdb_type,
    failure,
    refused,
    rejected,
)
from lakeshell.sql import datatypes as t
from lakeshell.sql.ast.nodes import Position
from lakeshell.sql.coercion import common_type

_AMBIGUOUS = "Could not choose a best candidate operator. Explicit type casts must be added."
_NEGATABLE = "\nCandidates are:\n" + "".join(
    f"\t * ({name}):{name}\n"
    for name in (
        "bigint", "integer", "smallint", "tinyint", "double", "real", "interval day to second",
        "interval year to month", "decimal(1,0)",
    )
)  # fmt: skip
_OPERATORS = {"+": "+", "-": "-", "*": "*", "/": "//", "%": "%"}


def arithmetic(op: str, left: Typed, right: Typed, at: Position, context: Context) -> Typed:
    """`left op right`; `at` is the operator's place."""
    if t.UNKNOWN in (left.type, right.type):
        from lakeshell.engine.embedded.values.calendar import null_is_ambiguous

        null_first = left.type == t.UNKNOWN
        known = right.type if null_first else left.type
        if known == t.UNKNOWN or null_is_ambiguous(op, known, null_first):
            raise rejected("AMBIGUOUS_FUNCTION_CALL", _AMBIGUOUS, None)
    if _is_number(left.type) and _is_number(right.type):
        return _numbers(op, left, right, at, context)
    from lakeshell.engine.embedded.values import calendar

    made = calendar.arithmetic(op, left, right, at, context)
    if made is None:
        message = f"Cannot apply operator: {left.type} {op} {right.type}"
        raise rejected("TYPE_MISMATCH", message, at)
    return made


def _is_number(type: t.Type) -> bool:
    return type.name in t.NUMERIC_NAMES or type == t.UNKNOWN


def _numbers(op: str, left: Typed, right: Typed, at: Position, context: Context) -> Typed:
    if left.type == t.UNKNOWN:
        left = coerce(left, _type_of_null(right.type), context)
    if right.type == t.UNKNOWN:
        right = coerce(right, _type_of_null(left.type), context)
    common = common_type(left.type, right.type)
    assert common is not None
    if isinstance(common, t.DecimalType):
        return _decimals(op, left, right, at, context)
    left, right = coerce(left, common, context), coerce(right, common, context)
    a, b = left.sql, right.sql
    if common in (t.REAL, t.DOUBLE):
        return Typed(f"({a} {op} {b})", common, at)
    if op == "%" and not (isinstance(right.value, int) and right.value > 0):
        # DuckDB overflows where the least number is divided by -1
        sql = filled("(CASE WHEN $1 = -1 THEN $0 - $0 ELSE $0 % $1 END)", [a, b])
        return Typed(sql, common, at)
    return Typed(f"({a} {_OPERATORS[op]} {b})", common, at)


def _type_of_null(beside: t.Type) -> t.Type:
    return t.DecimalType(1, 0) if isinstance(beside, t.DecimalType) else beside


# --- decimals ------------------------------------------------------------------------------------


def _as_decimal(type: t.Type) -> t.DecimalType:
    from lakeshell.sql.coercion import widened

    made = widened(type, "decimal")
    assert isinstance(made, t.DecimalType)
    return made


def decimal_result(op: str, left: t.DecimalType, right: t.DecimalType) -> t.DecimalType:
    """The type of `left op right`; raises `InvalidType` where its scale has no place."""
    p, s, q, r = left.precision, left.scale, right.precision, right.scale
    scale = max(s, r)
    if op == "*":
        precision, scale = p + q, s + r
    elif op == "/":
        precision = p + r + max(r - s, 0)
    elif op == "%":
        precision = min(q - r, p - s) + scale
    else:
        precision = 1 + max(p - s, q - r) + scale
    precision = min(t.MAX_PRECISION, precision)
    if scale > precision:
        raise t.InvalidType(f"DECIMAL scale must be in range [0, precision ({precision})]: {scale}")
    return t.DecimalType(max(precision, 1), scale)


def _decimals(op: str, left: Typed, right: Typed, at: Position, context: Context) -> Typed:
    first, second = _as_decimal(left.type), _as_decimal(right.type)
    try:
        result = decimal_result(op, first, second)
    except t.InvalidType as error:
        raise rejected("INVALID_FUNCTION_ARGUMENT", str(error), None) from None
    left, right = coerce(left, first, context), coerce(right, second, context)
    if op in "+-":
        sql = _sum(op, left, right, result)
    elif op == "*":
        sql = _product(left, right, first, second, result)
    elif op == "/":
        sql = _quotient(left.sql, right.sql, first, second, result)
    else:
        sql = _remainder(left, right, first, second, result)
    return Typed(sql, result, at)


def _held(value: Typed, precision: int, scale: int) -> str:
    if value.type == t.DecimalType(precision, scale):
        return value.sql
    return f"CAST({value.sql} AS DECIMAL({precision},{scale}))"


def _sum(op: str, left: Typed, right: Typed, result: t.DecimalType) -> str:
    p, s = result.precision, result.scale
    # an operand of 38 digits overflows where it is given more decimal places
    return f"CAST({_held(left, p, s)} {op} {_held(right, p, s)} AS {duckdb_type(result)})"


def _product(
    left: Typed,
    right: Typed,
    first: t.DecimalType,
    second: t.DecimalType,
    result: t.DecimalType,
) -> str:
    a, b = left.sql, right.sql
    if result.precision > 18:
        a, b = _held(left, 38, first.scale), _held(right, 38, second.scale)
    return f"CAST({a} * {b} AS {duckdb_type(result)})"


def unscaled(x: str, type: t.DecimalType, held: str) -> str:
    """The digits of a decimal as a whole number of DuckDB's type `held`."""
    if type.scale == 0:
        return f"CAST({x} AS {held})"
    if type.precision + type.scale <= 38:
        power = f"CAST({10**type.scale} AS DECIMAL({type.scale + 1},0))"
        return f"CAST(CAST({x} AS DECIMAL(38,{type.scale})) * {power} AS {held})"
    return f"CAST(replace(CAST({x} AS VARCHAR), '.', '') AS {held})"


def scaled(x: str, type: t.DecimalType) -> str:
    """A whole number as the decimal whose digits it is."""
    if type.scale == 0:
        return f"CAST({x} AS {duckdb_type(type)})"
    unit = f"CAST('0.{'0' * (type.scale - 1)}1' AS DECIMAL({type.scale},{type.scale}))"
    return f"CAST(CAST({x} AS DECIMAL(38,0)) * {unit} AS {duckdb_type(type)})"


def _quotient(
    a: str, b: str, first: t.DecimalType, second: t.DecimalType, result: t.DecimalType
) -> str:
    shift = result.scale - first.scale + second.scale
    digits = first.precision + shift
    held = "BIGINT" if max(digits, second.precision) <= 17 else "HUGEINT"
    dividend = unscaled(a, first, held)
    if shift:
        dividend = f"({dividend} * CAST({10**shift} AS {held}))"
    body = (
        "CASE WHEN q.d = 0 THEN {zero} ELSE q.n // q.d + "
        "CASE WHEN abs(q.n % q.d) >= abs(q.d) - abs(q.n % q.d) "
        "THEN sign(q.n) * sign(q.d) ELSE 0 END END"
    )
    zero = failure("DIVISION_BY_ZERO", "Division by zero")
    body = scaled("(" + body.replace("{zero}", zero) + ")", result)
    pair = f"struct_pack(n := {dividend}, d := {unscaled(b, second, held)})"
    made = f"(list_transform([{pair}], lambda q: {body})[1])"
    if digits <= 38:
        return made
    # Trino divides with 256 bits; here the shifted dividend must fit 38 digits
    limit = f"CAST('{10 ** (38 - shift)}' AS HUGEINT)"
    beyond = failure("NOT_SUPPORTED", _BEYOND, result)
    whole = unscaled(a, first, "HUGEINT")
    return f"(CASE WHEN abs({whole}) >= {limit} THEN {beyond} ELSE {made} END)"


_BEYOND = "the embedded engine does not run a decimal division of more than 38 digits"


def _remainder(
    left: Typed,
    right: Typed,
    first: t.DecimalType,
    second: t.DecimalType,
    result: t.DecimalType,
) -> str:
    scale = result.scale
    p = max(first.precision - first.scale, second.precision - second.scale) + scale
    if p > t.MAX_PRECISION:
        raise refused(f"the remainder of {first} by {second}", left.at)
    return f"CAST({_held(left, p, scale)} % {_held(right, p, scale)} AS {duckdb_type(result)})"


# --- the sign ------------------------------------------------------------------------------------


def negate(op: str, value: Typed, at: Position, context: Context) -> Typed:
    """`-value` or `+value`; `at` is the sign's place."""
    type = value.type
    if op == "+":
        if type.name not in t.NUMERIC_NAMES and not type.name.startswith("interval"):
            message = f"Unary '+' operator cannot by applied to {type} type"
            raise rejected("TYPE_MISMATCH", message, at)
        return value.moved(at)
    if type == t.UNKNOWN:
        raise rejected("AMBIGUOUS_FUNCTION_CALL", _AMBIGUOUS + _NEGATABLE, None)
    if type.name not in t.NUMERIC_NAMES and not type.name.startswith("interval"):
        raise rejected("TYPE_MISMATCH", f"Cannot negate {type}", at)
    if value.is_constant and value.value is not None:
        if type == t.DOUBLE and value.value == 0:
            was, now = ("-0e0", "0e0") if str(value.value) == "-0.0" else ("0e0", "-0e0")
            context.needs.zeros[was] -= 1
            context.needs.zeros[now] += 1
        folded = _negated_constant(value, at)
        if folded is not None:
            return folded
    if type in t.INTEGRAL:
        return Typed(_negated_integral(value.sql, type), type, at)
    return Typed(f"(-{value.sql})", type, at)


def _negated_constant(value: Typed, at: Position) -> Typed | None:
    number, type = -value.value, value.type
    if type in _LEAST and value.value == _LEAST[type]:
        return None
    return Typed(duckdb_literal(number, type), type, at, number)


_LEAST = {t.TINYINT: -(2**7), t.SMALLINT: -(2**15), t.INTEGER: -(2**31), t.BIGINT: -(2**63)}


def _negated_integral(x: str, type: t.Type) -> str:
    least = _LEAST[type]
    failing = failure("NUMERIC_VALUE_OUT_OF_RANGE", f"{type} negation overflow: {least}", type)
    held = duckdb_type(type)
    return filled(
        f"(CASE WHEN $0 = CAST('{least}' AS {held}) THEN {failing} ELSE CAST(-$0 AS {held}) END)",
        [x],
    )
