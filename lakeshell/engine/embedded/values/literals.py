"""Literals, `current_…` and intervals as typed constants.

In: a literal's node. Out: a `Typed` whose `value` is its Python value, or Trino's INVALID_LITERAL.
Text is read by Trino's rules here in Python, for DuckDB's own literals read it otherwise.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lakeshell.engine.embedded.values.typed import Context, Typed, duckdb_literal, refused, rejected
from lakeshell.sql import ast
from lakeshell.sql import datatypes as t

MAX_INTEGER = 2**31 - 1
MAX_BIGINT = 2**63 - 1


def literal(node: ast.Node, context: Context) -> Typed:
    """Raises INVALID_LITERAL and TYPE_NOT_FOUND at the literal's place."""
    return _READERS[type(node)](node, context)


def constant(value: Any, type: t.Type, at: ast.Position = ast.START) -> Typed:
    """`value` as a literal of `type`."""
    return Typed(duckdb_literal(value, type), type, at, value)


def _null(node: ast.NullLiteral, context: Context) -> Typed:
    return constant(None, t.UNKNOWN, node.at)


def _boolean(node: ast.BooleanLiteral, context: Context) -> Typed:
    return constant(node.value, t.BOOLEAN, node.at)


def _long(node: ast.LongLiteral, context: Context) -> Typed:
    fits = -MAX_INTEGER - 1 <= node.value <= MAX_INTEGER
    return constant(node.value, t.INTEGER if fits else t.BIGINT, node.at)


_DECIMAL = re.compile(r"([+-]?)(0*)(\d*)(?:\.(\d*))?", re.ASCII)


def _decimal(node: ast.DecimalLiteral, context: Context) -> Typed:
    return _decimal_text(node.text, node.at)


def _decimal_text(text: str, at: ast.Position) -> Typed:
    match = _DECIMAL.fullmatch(text)
    if match is None or not (match[2] or match[3] or match[4]):
        raise _invalid(text, "DECIMAL", at)
    fraction = match[4] or ""
    precision = max(1, len(match[3]) + len(fraction))
    if precision > t.MAX_PRECISION:
        raise _invalid(text, "DECIMAL", at)
    number = Decimal(f"{match[1]}{match[3] or '0'}.{fraction or '0'}")
    if not fraction:
        number = Decimal(f"{match[1]}{match[3] or '0'}")
    return constant(number, t.DecimalType(precision, len(fraction)), at)


def _double(node: ast.DoubleLiteral, context: Context) -> Typed:
    value = float(node.text)
    if value == 0:
        context.needs.zeros["-0e0" if node.text.startswith("-") else "0e0"] += 1
    return constant(value, t.DOUBLE, node.at)


def _string(node: ast.StringLiteral, context: Context) -> Typed:
    return constant(node.value, t.VarcharType(len(node.value)), node.at)


def _binary(node: ast.BinaryLiteral, context: Context) -> Typed:
    return constant(node.value, t.VARBINARY, node.at)


def _invalid(text: str, type: str, at: ast.Position) -> Exception:
    return rejected("INVALID_LITERAL", f"'{text}' is not a valid {type} literal", at)


# --- typed literals ------------------------------------------------------------------------------


def _generic(node: ast.GenericLiteral, context: Context) -> Typed:
    name = node.type.lower()
    special = _SPECIAL.get(name.partition("(")[0].strip())
    if special is not None:
        return special(node, context)
    try:
        type = t.parse_type(node.type)
    except t.InvalidType:
        message = (
            f"io.trino.spi.TrinoException: line {node.at.line}:{node.at.column}: "
            f"Unknown resolvedType: {node.type}"
        )
        raise rejected("TYPE_NOT_FOUND", message, None) from None
    value = _value(node.value, type)
    if value is None:
        raise _invalid(node.value, node.type.upper(), node.at)
    return constant(value, type, node.at)


_BOOLEANS = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}
_LIMITS = {t.TINYINT: 2**7, t.SMALLINT: 2**15, t.INTEGER: 2**31, t.BIGINT: 2**63}
_FLOAT = re.compile(r"[+-]?(NaN|Infinity|((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)[fFdD]?)", re.ASCII)
_JAVA_TRIMMED = "".join(map(chr, range(33)))


def _value(text: str, type: t.Type) -> Any:
    """The value that `text` stands for in a cast to `type`; None where it's none."""
    match type:
        case t.VarcharType():
            return text if type.length is None else text[: type.length]
        case t.CharType():
            return text[: type.length].rstrip(" ")
        case t.BOOLEAN:
            return _BOOLEANS.get(text.lower())
        case t.VARBINARY:
            return text.encode()
        case t.UUID:
            found = re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text)
            return uuid.UUID(text) if found else None
        case t.DOUBLE | t.REAL:
            return _float_value(text.strip(_JAVA_TRIMMED), type)
    if type in _LIMITS:
        limit, trimmed = _LIMITS[type], text.strip(_JAVA_TRIMMED)
        if re.fullmatch(r"[+-]?\d+", trimmed, re.ASCII) and -limit <= int(trimmed) < limit:
            return int(trimmed)
        return None
    raise refused(f"{type} literals")


def _float_value(text: str, type: t.Type) -> float | None:
    if _FLOAT.fullmatch(text) is None:
        return None
    special = text.endswith(("NaN", "Infinity"))
    number = float(text if special else text.rstrip("fFdD"))
    if type == t.DOUBLE or number != number or abs(number) == float("inf"):
        return number
    import struct

    try:
        narrowed: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
    return narrowed


_DATE = re.compile(r"([+-]?\d{1,9})-(\d{1,2})-(\d{1,2})", re.ASCII)


def _generic_decimal(node: ast.GenericLiteral, context: Context) -> Typed:
    if "(" in node.type:
        raise refused("DECIMAL literals with a precision", node.at)
    return _decimal_text(node.value, node.at)


def _generic_char(node: ast.GenericLiteral, context: Context) -> Typed:
    if "(" in node.type:
        type = t.parse_type(node.type)
        return constant(_value(node.value, type), type, node.at)
    return constant(node.value.rstrip(" "), t.CharType(len(node.value)), node.at)


def _generic_date(node: ast.GenericLiteral, context: Context) -> Typed:
    match = _DATE.fullmatch(node.value.strip())
    if match is None:
        raise _invalid(node.value, "DATE", node.at)
    year, month, day = (int(part) for part in match.groups())
    if not 1 <= year <= 9999:
        return _far_date(node, year, month, day)
    try:
        return constant(dt.date(year, month, day), t.DATE, node.at)
    except ValueError:
        raise _invalid(node.value, "DATE", node.at) from None


def _far_date(node: ast.GenericLiteral, year: int, month: int, day: int) -> Typed:
    try:
        dt.date(2000 + year % 400, month, day)
    except ValueError:
        raise _invalid(node.value, "DATE", node.at) from None
    if abs(year) > 290_000:
        raise refused(f"the year {year}", node.at)
    return Typed(f"make_date({year}, {month}, {day})", t.DATE, node.at)


def _generic_timestamp(node: ast.GenericLiteral, context: Context) -> Typed:
    from lakeshell.engine.embedded.values import instants

    try:
        moment = instants.parse_moment(node.value)
    except OverflowError:
        raise refused(f"the timestamp '{node.value}'", node.at) from None
    if moment is None:
        raise _invalid(node.value, "TIMESTAMP", node.at)
    type = t.TimestampType(moment.digits, moment.zone is not None)
    if moment.zone is None:
        return constant(moment.local, type, node.at)
    zone = instants.known_zone(moment.zone)
    made, skipped = instants.instant(moment.local, zone) if zone else (moment.local, True)
    if skipped:
        raise _invalid(node.value, "TIMESTAMP", node.at)
    return Typed(duckdb_literal(made, type), type, node.at, made, zone)


def _generic_time(node: ast.GenericLiteral, context: Context) -> Typed:
    from lakeshell.engine.embedded.values import instants

    match = instants.parse_time(node.value)
    if match is None:
        raise _invalid(node.value, "TIME", node.at)
    digits = len(match[4] or "")
    if digits > t.MAX_TIME_PRECISION:
        message = f"TIME precision must be in range [0, 12]: {digits}"
        raise rejected("NUMERIC_VALUE_OUT_OF_RANGE", message, node.at)
    type = t.TimeType(digits, match[5] is not None)
    if match[5] is not None:
        zoned = instants.parse_zoned_time(match, digits)
        if zoned is None:
            raise _invalid(node.value, "TIME", node.at)
        return Typed(duckdb_literal(zoned[0], type), type, node.at, zoned[0], zoned[1])
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise _invalid(node.value, "TIME", node.at)
    if digits > 6:
        raise refused(f"{type} (finer than microseconds)", node.at)
    micros = instants.rounded_micros(match[4] or "", None)
    return constant(dt.time(hour, minute, second, micros), type, node.at)


def _generic_json(node: ast.GenericLiteral, context: Context) -> Typed:
    import json

    from lakeshell.engine.embedded.functions import registry

    try:
        json.loads(node.value)
    except ValueError:
        raise _invalid(node.value, "JSON", node.at) from None
    text = constant(node.value, t.VARCHAR, node.at)
    return registry.call_scalar("json_parse", [text], node.at, context)


_SPECIAL: dict[str, Callable[[ast.GenericLiteral, Context], Typed]] = {
    "decimal": _generic_decimal,
    "char": _generic_char,
    "date": _generic_date,
    "timestamp": _generic_timestamp,
    "time": _generic_time,
    "json": _generic_json,
}


# --- intervals -----------------------------------------------------------------------------------

_MILLIS = {"day": 86_400_000, "hour": 3_600_000, "minute": 60_000, "second": 1_000}
_MONTHS = {"year": 12, "month": 1}
_SEPARATORS = {"hour": " ", "minute": ":", "second": ":", "month": "-"}


def _interval(node: ast.IntervalLiteral, context: Context) -> Typed:
    units = _MONTHS if node.start in _MONTHS else _MILLIS
    names = list(units)
    first, last = names.index(node.start), names.index(node.end or node.start)
    fields = names[first : last + 1]
    amount = _interval_amount(node.value, fields, units)
    if amount is None or abs(amount) > (MAX_INTEGER if units is _MONTHS else MAX_BIGINT):
        said = node.start.upper() + (f" TO {node.end.upper()}" if node.end else "")
        raise rejected("INVALID_LITERAL", f"Invalid INTERVAL {said} value: {node.value}", node.at)
    type = t.INTERVAL_YEAR if units is _MONTHS else t.INTERVAL_DAY
    return constant(-amount if node.negative else amount, type, node.at)


def _interval_amount(text: str, fields: list[str], units: dict[str, int]) -> int | None:
    pattern = ""
    for i, field in enumerate(fields):
        part = r"(\d+)" + (r"(?:\.(\d+))?" if field == "second" else "")
        pattern += part if i == 0 else f"(?:{_SEPARATORS[field]}{part}"
    match = re.fullmatch(f"([+-]?){pattern}{')?' * (len(fields) - 1)}", text, re.ASCII)
    if match is None:
        return None
    amount = 0
    for field, digits in zip(fields, match.groups()[1:], strict=False):
        number = int(digits or 0)
        if number > MAX_INTEGER:
            return None
        amount += number * units[field]
    if fields[-1] == "second":
        amount += int((match.groups()[-1] or "0").ljust(3, "0")[:3])
    return -amount if match[1] == "-" else amount


# --- the session's names and clock ---------------------------------------------------------------


def _current_name(node: ast.CurrentName, context: Context) -> Typed:
    session = context.session
    value = {
        "current_user": session.user,
        "current_catalog": session.catalog,
        "current_schema": session.schema,
        "current_path": "",
    }[node.name]
    return constant(value, t.VARCHAR, node.at)


def local_now(context: Context) -> dt.datetime:
    """The session's local time, without a zone."""
    from lakeshell.engine.embedded.values import instants

    now = context.now.astimezone(dt.UTC)
    minutes = instants.offset_minutes(context.zone)
    if minutes is not None:
        return now.replace(tzinfo=None) + dt.timedelta(minutes=minutes)
    import zoneinfo

    return now.astimezone(zoneinfo.ZoneInfo(context.zone)).replace(tzinfo=None)


def today(context: Context) -> dt.date:
    return local_now(context).date()


def _cut(moment: dt.datetime, precision: int) -> dt.datetime:
    step = 10 ** (6 - min(precision, 6))
    return moment.replace(microsecond=moment.microsecond // step * step)


def _current_time(node: ast.CurrentTime, context: Context) -> Typed:
    precision = 3 if node.precision is None else node.precision
    local = _cut(local_now(context), precision)
    if node.name == "current_date":
        return constant(local.date(), t.DATE, node.at)
    type: t.Type
    if node.name.endswith("timestamp"):
        type = t.TimestampType(precision, node.name == "current_timestamp")
    else:
        type = t.TimeType(precision, node.name == "current_time")
    if precision > t.MAX_TIME_PRECISION:
        message = f"{type.name.upper()} precision must be in range [0, 12]: {precision}"
        raise rejected("NUMERIC_VALUE_OUT_OF_RANGE", message, None)
    if node.name == "localtimestamp":
        return constant(local, type, node.at)
    if node.name == "localtime":
        return constant(local.time(), type, node.at)
    instant = _cut(context.now.astimezone(dt.UTC).replace(tzinfo=None), precision)
    if node.name == "current_timestamp":
        return Typed(duckdb_literal(instant, type), type, node.at, instant, context.zone)
    return Typed(
        duckdb_literal(instant.time(), type), type, node.at, instant.time(), _offset(instant, local)
    )


def _offset(instant: dt.datetime, local: dt.datetime) -> str:
    minutes = round((local - instant).total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


_READERS: dict[type[ast.Node], Callable[[Any, Context], Typed]] = {
    ast.NullLiteral: _null,
    ast.BooleanLiteral: _boolean,
    ast.LongLiteral: _long,
    ast.DecimalLiteral: _decimal,
    ast.DoubleLiteral: _double,
    ast.StringLiteral: _string,
    ast.BinaryLiteral: _binary,
    ast.GenericLiteral: _generic,
    ast.IntervalLiteral: _interval,
    ast.CurrentName: _current_name,
    ast.CurrentTime: _current_time,
}
