"""Python's values as SQL literals, for the `?`s of a statement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from lakeshell.dbapi.failures import DataError, ProgrammingError

_LONGEST = 2**63
_MILLISECOND = timedelta(milliseconds=1)


def literal(value: Any) -> str:
    """Raises `DataError` for a value that no literal has, `ProgrammingError` for a strange type."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int():
            return str(int(value)) if -_LONGEST < value < _LONGEST else f"DECIMAL '{int(value)}'"
        case float():
            return _double(value)
        case Decimal():
            if not value.is_finite():
                raise DataError(f"a decimal cannot be {value}", hint="give it as a float")
            return f"DECIMAL '{value:f}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case bytes() | bytearray() | memoryview():
            return f"X'{bytes(value).hex()}'"
        case datetime() | date() | time():
            return _moment(value)
        case timedelta():
            return _interval(value)
        case UUID():
            return f"UUID '{value}'"
        case Mapping():
            keys, values = (", ".join(map(literal, part)) for part in (value, value.values()))
            return f"MAP(ARRAY[{keys}], ARRAY[{values}])"
        case tuple():
            return f"ROW({', '.join(map(literal, value))})"
        case list():
            return f"ARRAY[{', '.join(map(literal, value))}]"
    raise ProgrammingError(
        f"a value of Python's type {type(value).__name__} cannot be a parameter",
        hint="give a number, text, bytes, date, time, UUID, list, tuple or dict",
    )


def _double(value: float) -> str:
    if math.isnan(value):
        return "nan()"
    if math.isinf(value):
        return "infinity()" if value > 0 else "-infinity()"
    return f"DOUBLE '{value!r}'"


def _moment(value: date | time) -> str:
    if isinstance(value, datetime):
        zone = getattr(value.tzinfo, "key", None)
        if zone is not None:
            return f"TIMESTAMP '{value.replace(tzinfo=None).isoformat(' ')} {zone}'"
        return f"TIMESTAMP '{_offset(value.isoformat(' '), value.tzinfo is not None)}'"
    if isinstance(value, time):
        return f"TIME '{_offset(value.isoformat(), value.tzinfo is not None)}'"
    return f"DATE '{value.isoformat()}'"


def _offset(text: str, zoned: bool) -> str:
    """A blank before the offset, which Trino takes in hours and minutes."""
    return f"{text[:-6]} {text[-6:]}" if zoned else text


def _interval(value: timedelta) -> str:
    milliseconds, rest = divmod(value, _MILLISECOND)
    if rest:
        raise DataError(
            f"an interval of {value} is finer than milliseconds", hint="Trino's end there"
        )
    sign, whole = ("-" if milliseconds < 0 else ""), abs(milliseconds)
    seconds, left = divmod(whole, 1000)
    days, seconds = divmod(seconds, 86_400)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return (
        f"INTERVAL {sign or '+'}'{days} {hours:02}:{minutes:02}:{seconds % 60:02}.{left:03}' "
        "DAY TO SECOND"
    )
