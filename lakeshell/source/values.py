"""One value of a source as a value of its column's Trino type, or a refusal.

In: what SQLite keeps (None, int, float, str, bytes) and a type. Out: the Python value that pyarrow
puts in an array of that type. A value is never changed: `Misfit` says what does not fit.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from lakeshell.source.jsontext import Inexact, canonical
from lakeshell.sql.datatypes import (
    BOOLEAN,
    DATE,
    DOUBLE,
    JSON,
    REAL,
    UUID,
    VARBINARY,
    CharType,
    DecimalType,
    TimestampType,
    TimeType,
    Type,
    VarcharType,
)

Value = int | float | str | bytes | None

BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_EXACT_FLOAT = 2**53
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_TIME = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?"
_MOMENT = re.compile(rf"(\d{{4}})-(\d{{2}})-(\d{{2}})(?:[ T]{_TIME})?\s*(Z|[+-]\d{{2}}:?\d{{2}})?")
_CLOCK = re.compile(_TIME)
_FIRST_YEAR, _LAST_YEAR = 1901, 2155


class Misfit(ValueError):
    """The value cannot be had in the type without a change; says why."""


def converter(type: Type, declared: str = "") -> Callable[[Value], Any]:
    """The function that turns each value but NULL into one of `type`."""
    if type.name in BITS:
        return _integer(BITS[type.name])
    if declared.strip().lower().startswith("year"):
        return _year
    match type:
        case DecimalType():
            return lambda value: _decimal(value, type.precision, type.scale)
        case VarcharType() | CharType():
            return lambda value: _text(value, type.length, isinstance(type, CharType))
        case TimestampType():
            return lambda value: _timestamp(value, type.precision, type.with_zone)
        case TimeType():
            return lambda value: _time(value, type.precision)
    return _PLAIN[type]


def text_of(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Misfit(f"its byte {error.start + 1} is not UTF-8") from error


def _integer(bits: int) -> Callable[[Value], int]:
    limit = 1 << (bits - 1)

    def convert(value: Value) -> int:
        number = _whole(value)
        if not -limit <= number < limit:
            raise Misfit(f"it is out of the range of {bits} bits")
        return number

    return convert


def _whole(value: Value) -> int:
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if not value.is_integer():
            raise Misfit("it is not a whole number")
        if abs(value) >= _EXACT_FLOAT:
            raise Misfit("it is kept as a floating-point number, which has lost its last digits")
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+\s*", value, re.ASCII):
        return int(value)
    raise Misfit(f"it is {_kind(value)}, not a whole number")


def _decimal(value: Value, precision: int, scale: int) -> Decimal:
    number = next((n for n in _readings(value) if _digits_after(n) <= scale), None)
    if number is None:
        raise Misfit(f"it has more than {scale} digits after the point")
    if number and number.adjusted() + 1 > precision - scale:
        raise Misfit(f"it has more than {precision - scale} digits before the point")
    return number


def _readings(value: Value) -> list[Decimal]:
    """The numbers that a value may stand for. A float is known to 15 digits: 0.1 + 0.2 is 0.3."""
    if isinstance(value, int):
        return [Decimal(value)]
    if isinstance(value, float):
        if value in (float("inf"), float("-inf")):
            raise Misfit("it is not a finite number")
        if value.is_integer() and abs(value) >= _EXACT_FLOAT:
            raise Misfit("it is kept as a floating-point number, which has lost its last digits")
        return [Decimal(repr(value)), Decimal(f"{value:.15g}")]
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        try:
            return [Decimal(value.strip())]
        except InvalidOperation as error:
            raise Misfit("it is not a number") from error
    raise Misfit(f"it is {_kind(value)}, not a number")


def _digits_after(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent >= 0:
        return 0
    digits = number.as_tuple().digits
    zeros = 0
    while zeros < len(digits) and digits[-1 - zeros] == 0:
        zeros += 1
    return 0 if zeros == len(digits) else max(-exponent - zeros, 0)


def _double(value: Value) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        if int(float(value)) != value:
            raise Misfit("it has more digits than a double keeps")
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    raise Misfit(f"it is {_kind(value)}, not a number")


def _text(value: Value, length: int | None, fixed: bool) -> str:
    if isinstance(value, bytes):
        made = text_of(value)
    elif isinstance(value, float):
        made = f"{value:.15g}" if not value.is_integer() else f"{value!r}"
    else:
        made = str(value)
    if fixed:
        made = made.rstrip(" ")
    if length is not None and len(made) > length:
        raise Misfit(f"it has {len(made)} characters")
    return made


def _bytes(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise Misfit(f"it is {_kind(value)}, not bytes")


def _boolean(value: Value) -> bool:
    if isinstance(value, str) and value.strip().lower() in ("true", "t", "false", "f"):
        return value.strip().lower() in ("true", "t")
    if value == b"\x00" or value == b"\x01":
        return value == b"\x01"
    if not isinstance(value, bytes) and value in (0, 1, "0", "1"):
        return int(value or 0) == 1
    raise Misfit("it is neither true nor false")


def _date(value: Value) -> date:
    moment = _moment(value, "a date")
    if moment.time() != time.min or moment.tzinfo is not None:
        raise Misfit("it has a time of day")
    return moment.date()


def _year(value: Value) -> date:
    year = _whole(value)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise Misfit(f"a YEAR is from {_FIRST_YEAR} to {_LAST_YEAR}")
    return date(year, 1, 1)


def _timestamp(value: Value, precision: int, zoned: bool) -> Any:
    moment = _moment(value, "a time")
    _check_precision(moment.microsecond, precision)
    if zoned:
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        return {"instant": at, "zone": "UTC"}
    if moment.tzinfo is not None:
        if moment.utcoffset():
            raise Misfit("it has a time zone, which its type does not keep")
        return moment.replace(tzinfo=None)
    return moment


def _moment(value: Value, what: str) -> datetime:
    if isinstance(value, bytes):
        value = text_of(value)
    match = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise Misfit(f"it is {_kind(value)} and not {what} such as 2026-11-24 10:15:00")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        clock = time(int(hour or 0), int(minute or 0), int(second or 0), _microseconds(fraction))
        zoned = None if zone is None else datetime.strptime(zone, "%z").tzinfo
        return datetime.combine(date(int(year), int(month), int(day)), clock, zoned)
    except ValueError as error:
        if isinstance(error, Misfit):
            raise
        raise Misfit(f"there is no such day or time: {error}") from error


def _time(value: Value, precision: int) -> time:
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise Misfit("it is not a time of day such as 10:15:00")
    hour, minute, second, fraction = match.groups()
    microsecond = _microseconds(fraction)
    _check_precision(microsecond, precision)
    try:
        return time(int(hour), int(minute), int(second or 0), microsecond)
    except ValueError as error:
        raise Misfit(f"there is no such time of day: {error}") from error


def _microseconds(fraction: str | None) -> int:
    if fraction is None:
        return 0
    if fraction[6:].strip("0"):
        raise Misfit("it has more than 6 digits of a second")
    return int(fraction[:6].ljust(6, "0"))


def _check_precision(microsecond: int, precision: int) -> None:
    if microsecond % 10 ** (6 - precision):
        raise Misfit(f"it has more than {precision} digits of a second")


def _json(value: Value) -> str:
    written = _text(value, None, False)
    try:
        return canonical(written)
    except Inexact as error:
        raise Misfit(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise Misfit(f"it is not JSON: {error}") from error


def _uuid(value: Value) -> str:
    try:
        if isinstance(value, bytes):
            return str(uuid.UUID(bytes=value))
        return str(uuid.UUID(str(value)))
    except ValueError as error:
        raise Misfit("it is not a UUID") from error


def _kind(value: Value) -> str:
    return {int: "a number", float: "a number", str: "text", bytes: "bytes"}.get(
        type(value), "nothing"
    )


_PLAIN: dict[Type, Callable[[Value], Any]] = {
    BOOLEAN: _boolean,
    DOUBLE: _double,
    REAL: _double,
    DATE: _date,
    VARBINARY: _bytes,
    JSON: _json,
    UUID: _uuid,
}
