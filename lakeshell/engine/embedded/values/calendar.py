"""Arithmetic of dates, times, timestamps and intervals.

In: two `Typed`s of which one at least is such. Out: a `Typed`, or None where Trino has no such
operator. Months are clamped to the end of the month; days of an interval are 24 hours.
"""

from __future__ import annotations

from lakeshell.engine.embedded.values.casts import coerce
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.instants import local, utc
from lakeshell.engine.embedded.values.typed import Context, Typed, common_zone, failure
from lakeshell.sql import datatypes as t
from lakeshell.sql.ast.nodes import Position
from lakeshell.sql.coercion import can_coerce, common_type

DAY = 86_400_000


def arithmetic(op: str, left: Typed, right: Typed, at: Position, context: Context) -> Typed | None:
    """`at` is the operator's place."""
    if t.UNKNOWN in (left.type, right.type):
        return _with_null(op, left, right, at, context)
    if op in "*/":
        return _scaled(op, left, right, at, context)
    if _is_interval(left.type) and left.type == right.type and op in "+-":
        return Typed(_summed(op, left, right), left.type, at)
    if _is_interval(left.type) and op == "+" and not _is_interval(right.type):
        left, right = right, left
    if _is_interval(right.type) and op in "+-":
        return _moved(op, left, right, at)
    return _difference(left, right, at, context) if op == "-" else None


def _summed(op: str, left: Typed, right: Typed) -> str:
    if left.type == t.INTERVAL_DAY:
        return f"({left.sql} {op} {right.sql})"
    beyond = failure(
        "GENERIC_INTERNAL_ERROR",
        "'Value ' || s || CASE WHEN s > 0 THEN ' exceeds MAX_INT' ELSE ' is less than MIN_INT' END "
        "|| ' for type interval year to month'",
        left.type,
        is_sql=True,
    )
    return (
        f"(list_transform([CAST({left.sql} AS BIGINT) {op} {right.sql}], lambda s: CASE "
        f"WHEN s BETWEEN -2147483648 AND 2147483647 THEN CAST(s AS INTEGER) "
        f"WHEN s IS NOT NULL THEN {beyond} END)[1])"
    )


def _is_interval(type: t.Type) -> bool:
    return type in (t.INTERVAL_DAY, t.INTERVAL_YEAR)


def null_is_ambiguous(op: str, known: t.Type, null_first: bool) -> bool:
    """Whether a NULL beside `known` could be of several types, so that Trino has no best operator."""
    temporal = isinstance(known, t.TimestampType | t.TimeType)
    match op:
        case "+":
            return _is_interval(known) or isinstance(known, t.TimestampType)
        case "-":
            return (_is_interval(known) and null_first) or (temporal and not null_first)
        case "*":
            return known in (t.BIGINT, t.DOUBLE)
        case "/":
            return known == t.DOUBLE and null_first
    return False


def _with_null(op: str, left: Typed, right: Typed, at: Position, context: Context) -> Typed | None:
    null_first = left.type == t.UNKNOWN
    known = right if null_first else left
    type: t.Type | None = None
    match known.type:
        case t.Type(name="date") | t.TimestampType() | t.TimeType() if op == "-" and null_first:
            type = t.INTERVAL_DAY
        case t.Type(name="date") if op in "+-":
            type = t.DATE
        case t.TimeType(precision=p, with_zone=zoned) if op == "+":
            type = t.TimeType(max(p, 3), zoned)
        case _ if _is_interval(known.type) and (op in "-*" or (op == "/" and not null_first)):
            type = known.type
    if type is None:
        return None
    null = coerce(left if null_first else right, type, context)
    return Typed(null.sql, type, at, zone=null.zone)


def _moved(op: str, moment: Typed, interval: Typed, at: Position) -> Typed | None:
    months = interval.type == t.INTERVAL_YEAR
    match moment.type:
        case t.Type(name="date"):
            return Typed(_moved_date(op, moment.sql, interval, months), t.DATE, at)
        case t.TimestampType(precision=p, with_zone=zoned):
            type: t.Type = moment.type
            if months:
                sql = f"({moment.sql} {op} to_months({interval.sql}))"
                if zoned:
                    zone = moment.zone or "UTC"
                    local_moment = f"({local(moment.sql, zone)} {op} to_months({interval.sql}))"
                    sql = utc(local_moment, zone)
            else:
                type = t.TimestampType(max(p, 3), zoned)
                sql = f"({moment.sql} {op} to_microseconds({interval.sql} * 1000))"
            return Typed(sql, type, at, zone=moment.zone)
        case t.TimeType(precision=p, with_zone=zoned) if not months:
            sql = f"({moment.sql} {op} to_microseconds({interval.sql} * 1000))"
            return Typed(sql, t.TimeType(max(p, 3), zoned), at, zone=moment.zone)
    return None


def _moved_date(op: str, x: str, interval: Typed, months: bool) -> str:
    if months:
        return f"CAST({x} {op} to_months({interval.sql}) AS DATE)"
    if isinstance(interval.value, int) and interval.value % DAY == 0:
        return f"({x} {op} {interval.value // DAY})"
    message = "Cannot add hour, minutes or seconds to a date"
    if op == "-":
        message = "Cannot subtract hour, minutes or seconds from a date"
    failing = failure("INVALID_FUNCTION_ARGUMENT", message, t.DATE)
    return filled(
        f"(CASE WHEN $1 % {DAY} <> 0 THEN {failing} ELSE $0 {op} CAST($1 // {DAY} AS INTEGER) END)",
        [x, interval.sql],
    )


def _difference(left: Typed, right: Typed, at: Position, context: Context) -> Typed | None:
    common = common_type(left.type, right.type)
    if common is None:
        return None
    if common == t.DATE:
        days = f"CAST({left.sql} - {right.sql} AS BIGINT)"
        return Typed(f"({days} * {DAY})", t.INTERVAL_DAY, at)
    left, right = coerce(left, common, context), coerce(right, common, context)
    match common:
        case t.TimestampType():
            if not common.with_zone:
                common_zone((left, right), at)
            micros = f"(epoch_us({left.sql}) - epoch_us({right.sql}))"
            return Typed(_millis(micros, common.precision), t.INTERVAL_DAY, at)
        case t.TimeType(with_zone=False):
            micros = f"(epoch_us({left.sql}) - epoch_us({right.sql}))"
            return Typed(_millis(micros, common.precision), t.INTERVAL_DAY, at)
    return None


def _millis(micros: str, precision: int) -> str:
    """Milliseconds, halves rounded up."""
    if precision <= 3:
        return f"({micros} // 1000)"
    return f"CAST(floor(({micros} + 500) / 1000) AS BIGINT)"


def _scaled(op: str, left: Typed, right: Typed, at: Position, context: Context) -> Typed | None:
    if _is_interval(right.type) and op == "*":
        left, right = right, left
    if not _is_interval(left.type) or not can_coerce(right.type, t.DOUBLE):
        return None
    whole = right.type in t.INTEGRAL
    if op == "*" and whole:
        factor = coerce(right, t.BIGINT, context).sql
        if left.type == t.INTERVAL_DAY:
            return Typed(_wrapped(f"(CAST({left.sql} AS HUGEINT) * {factor})"), left.type, at)
        return Typed(_fitted(f"({left.sql} * {factor})", left.type), left.type, at)
    factor = coerce(right, t.DOUBLE, context).sql
    if op == "*":
        failing = failure("INVALID_FUNCTION_ARGUMENT", "Cannot multiply by double NaN", left.type)
        sql = f"(CASE WHEN isnan($1) THEN {failing} ELSE {_cut('$0 * $1', left.type)} END)"
    else:
        shown = "CASE WHEN isnan($1) THEN 'NaN' ELSE '0.0' END"
        failing = failure(
            "INVALID_FUNCTION_ARGUMENT",
            f"'Cannot divide by double ' || {shown}",
            left.type,
            is_sql=True,
        )
        sql = (
            f"(CASE WHEN $1 = 0 OR isnan($1) THEN {failing} ELSE {_cut('$0 / $1', left.type)} END)"
        )
    return Typed(filled(sql, [left.sql, factor]), left.type, at)


def _wrapped(product: str) -> str:
    """A HUGEINT's lower 64 bits as a BIGINT: Trino's milliseconds run over without an error."""
    turn, half = "18446744073709551616", "9223372036854775808"
    rest = f"((({product} + {half}) % {turn} + {turn}) % {turn} - {half})"
    return f"CAST({rest} AS BIGINT)"


def _cut(product: str, type: t.Type) -> str:
    if type == t.INTERVAL_DAY:
        # as Java cuts: what is too large is the largest
        return (
            f"(CASE WHEN {product} >= 9223372036854775807e0 THEN 9223372036854775807 "
            f"WHEN {product} < -9223372036854775807e0 THEN -9223372036854775807 - 1 "
            f"ELSE CAST(trunc({product}) AS BIGINT) END)"
        )
    return _fitted(f"trunc({product})", type)


def _fitted(sql: str, type: t.Type) -> str:
    return f"CAST({sql} AS {'INTEGER' if type == t.INTERVAL_YEAR else 'BIGINT'})"
