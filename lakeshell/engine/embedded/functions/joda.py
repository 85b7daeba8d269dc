"""Dates and times parsed as Joda-Time parses them, with its errors.

In: a format as a tuple of pieces (see `Piece`) and a text. Out: the local moment in milliseconds
since 1970-01-01, and the zone where the text has one. Plain Python, no SQL.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import NamedTuple

from lakeshell.engine.embedded.values.emission import invalid, not_run
from lakeshell.engine.embedded.values.zones import canonical_zone, zone_of_offset

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
DEFAULT_YEAR = 2000
_DAY = 86_400_000
_EPOCH = dt.date(1970, 1, 1).toordinal()


class Piece(NamedTuple):
    """A field with its least and most digits, or with kind `literal` a text.

    Kinds: `number` (`field` a key of `_RANGES`), `text` (monthOfYear, dayOfWeek or
    halfdayOfDay by name), `twodigit` (`least` its pivot), `fraction`, `offset`, `zone` (an identifier), `literal`.
    """

    kind: str
    field: str
    least: int = 1
    most: int = 2
    signed: bool = False


_RANGES: dict[str, tuple[int, int]] = {
    "monthOfYear": (1, 12),
    "dayOfYear": (1, 366),
    "weekOfWeekyear": (1, 53),
    "dayOfWeek": (1, 7),
    "halfdayOfDay": (0, 1),
    "hourOfDay": (0, 23),
    "clockhourOfDay": (1, 24),
    "clockhourOfHalfday": (1, 12),
    "hourOfHalfday": (0, 11),
    "minuteOfHour": (0, 59),
    "secondOfMinute": (0, 59),
    "millisOfSecond": (0, 999),
}
# Larger units are set first; of equal ones the range's unit decides, smaller first.
_RANK = {
    name: rank
    for rank, name in enumerate(
        [
            "era",
            "year",
            "yearOfEra",
            "centuryOfEra",
            "weekyear",
            "monthOfYear",
            "weekOfWeekyear",
            "dayOfYear",
            "dayOfMonth",
            "dayOfWeek",
            "halfdayOfDay",
            "hourOfDay",
            "clockhourOfDay",
            "hourOfHalfday",
            "clockhourOfHalfday",
            "minuteOfHour",
            "secondOfMinute",
            "millisOfSecond",
        ]
    )
}


class Parsed(NamedTuple):
    """Local milliseconds since 1970-01-01 00:00, and the zone that the text said, if any."""

    local: int
    zone: str | None


def parse(pieces: tuple[Piece, ...], text: str) -> Parsed:
    """Raises `QueryFailed` with Joda-Time's message."""
    fields: list[tuple[str, int]] = []
    zone: str | None = None
    at = 0
    for piece in pieces:
        match piece.kind:
            case "literal":
                end = at + len(piece.field)
                if text[at:end].lower() != piece.field.lower():
                    raise invalid(_malformed(text, at))
                at = end
            case "offset" | "zone":
                zone, at = _zone(piece, text, at)
            case _:
                value, at = _value(piece, text, at)
                name = "year" if piece.kind == "twodigit" else piece.field
                fields.append((name, value))
    if at < len(text):
        raise invalid(_malformed(text, at))
    return Parsed(_moment(fields, text), zone)


def _malformed(text: str, at: int) -> str:
    sample = text if len(text) <= at + 35 else text[: at + 32] + "..."
    if at <= 0:
        return f'Invalid format: "{sample}"'
    if at >= len(text):
        return f'Invalid format: "{sample}" is too short'
    return f'Invalid format: "{sample}" is malformed at "{sample[at:]}"'


def _value(piece: Piece, text: str, at: int) -> tuple[int, int]:
    if piece.kind == "text":
        return _name(piece.field, text, at)
    if piece.kind == "fraction":
        end = at
        while end < len(text) and end - at < piece.most and _is_digit(text[end]):
            end += 1
        if end == at:
            raise invalid(_malformed(text, at))
        return int(text[at : min(end, at + 3)].ljust(3, "0")), end
    if piece.kind == "twodigit":
        return _two_digit_year(piece, text, at)
    return _number(piece, text, at)


def _two_digit_year(piece: Piece, text: str, at: int) -> tuple[int, int]:
    """Two digits are the year within 50 of the pivot; `most` over 2 takes other years too."""
    end = at
    if piece.most > 2 and text[at : at + 1] in ("+", "-"):
        end += 1
    while end < len(text) and end - at < piece.most and _is_digit(text[end]):
        end += 1
    digits = text[at:end]
    if len(digits) < 2 and (piece.most == 2 or not digits.isdigit()):
        raise invalid(_malformed(text, at))
    if len(digits) != 2 or not digits.isdigit():
        return int(digits), end
    low = piece.least - 50
    return low + (int(digits) - low) % 100, end


def _is_digit(c: str) -> bool:
    return "0" <= c <= "9"


def _number(piece: Piece, text: str, at: int) -> tuple[int, int]:
    start, end = at, at
    limit = min(piece.most, len(text) - at)
    if piece.signed and limit > 1 and text[at] in "+-" and _is_digit(text[at + 1]):
        end += 1
        limit = min(limit + 1, len(text) - at)
    while end - start < limit and _is_digit(text[end]):
        end += 1
    if end == start:
        raise invalid(_malformed(text, at))
    return int(text[start:end]), end


@functools.cache
def _names(field: str) -> dict[str, int]:
    if field == "halfdayOfDay":
        return {"AM": 0, "PM": 1, "am": 0, "pm": 1}
    full = MONTHS if field == "monthOfYear" else DAYS
    return {
        written: i
        for i, name in enumerate(full, 1)
        for short in (name, name[:3])
        for written in (short, short.lower(), short.upper())
    }


def _name(field: str, text: str, at: int) -> tuple[int, int]:
    known = _names(field)
    for end in range(min(len(text), at + 9), at, -1):
        if text[at:end] in known:
            return known[text[at:end]], end
    raise invalid(_malformed(text, at))


def _zone(piece: Piece, text: str, at: int) -> tuple[str | None, int]:
    if piece.kind == "zone":
        for end in range(len(text), at, -1):
            named = canonical_zone(text[at:end]) if text[at] not in "+-" else None
            if named is not None:
                return named, end
        if text[at : at + 1] not in ("+", "-"):
            raise invalid(_malformed(text, at))
    if text[at : at + 1] == "Z":
        return "UTC", at + 1
    sign = text[at : at + 1]
    if sign not in ("+", "-"):
        raise invalid(_malformed(text, at))
    hours = text[at + 1 : at + 3]
    if len(hours) < 2 or not all(map(_is_digit, hours)) or int(hours) > 23:
        raise invalid(_malformed(text, at))
    end, minutes = at + 3, "00"
    rest = text[end:]
    if rest[:1] == ":" and len(rest) >= 3 and all(map(_is_digit, rest[1:3])):
        minutes, end = rest[1:3], end + 3
    elif len(rest) >= 2 and all(map(_is_digit, rest[:2])):
        minutes, end = rest[:2], end + 2
    if int(minutes) > 59:
        raise invalid(_malformed(text, at))
    total = int(hours) * 60 + int(minutes)
    return zone_of_offset(-total if sign == "-" else total), end


def _moment(fields: list[tuple[str, int]], text: str) -> int:
    ordered = sorted(fields, key=lambda f: _RANK[f[0]])
    if ordered and ordered[0][0] in (
        "monthOfYear",
        "weekOfWeekyear",
        "dayOfYear",
        "dayOfMonth",
        "dayOfWeek",
    ):
        ordered.insert(0, ("year", DEFAULT_YEAR))
    date, clock = dt.date(1970, 1, 1), {"h": 0, "m": 0, "s": 0, "ms": 0}
    try:
        for floor in (True, False):
            for name, value in ordered:
                _check(name, value, text)
                if name in _CLOCK:
                    _CLOCK[name](clock, value, floor)
                else:
                    date = _set_date(date, name, value, floor, text)
    except (ValueError, OverflowError) as error:
        raise not_run(f"dates of such years: {text}") from error
    at = ((clock["h"] * 60 + clock["m"]) * 60 + clock["s"]) * 1000 + clock["ms"]
    return (date.toordinal() - _EPOCH) * _DAY + at


def _check(name: str, value: int, text: str) -> None:
    low, high = _RANGES.get(name, (value, value))
    if not low <= value <= high:
        raise invalid(_out_of_range(text, name, value, low, high))


def _out_of_range(text: str, name: str, value: int, low: int, high: int) -> str:
    return f'Cannot parse "{text}": Value {value} for {name} must be in the range [{low},{high}]'


def _set_hour(clock: dict[str, int], value: int, floor: bool) -> None:
    clock["h"] = value
    if floor:
        clock.update(m=0, s=0, ms=0)


def _set_half_hour(clock: dict[str, int], value: int, floor: bool) -> None:
    _set_hour(clock, clock["h"] // 12 * 12 + value % 12, floor)


def _set_halfday(clock: dict[str, int], value: int, floor: bool) -> None:
    hour = value * 12 + clock["h"] % 12
    if floor:
        clock.update(h=value * 12, m=0, s=0, ms=0)
    else:
        clock["h"] = hour


def _set_minute(clock: dict[str, int], value: int, floor: bool) -> None:
    clock["m"] = value
    if floor:
        clock.update(s=0, ms=0)


def _set_second(clock: dict[str, int], value: int, floor: bool) -> None:
    clock["s"] = value
    if floor:
        clock["ms"] = 0


def _set_milliseconds(clock: dict[str, int], value: int, floor: bool) -> None:
    clock["ms"] = value


_CLOCK = {
    "halfdayOfDay": _set_halfday,
    "hourOfDay": _set_hour,
    "clockhourOfDay": lambda clock, value, floor: _set_hour(clock, value % 24, floor),
    "hourOfHalfday": _set_half_hour,
    "clockhourOfHalfday": _set_half_hour,
    "minuteOfHour": _set_minute,
    "secondOfMinute": _set_second,
    "millisOfSecond": _set_milliseconds,
}


def _month_length(year: int, month: int) -> int:
    following = dt.date(year + month // 12, month % 12 + 1, 1)
    return (following - dt.date(year, month, 1)).days


def _set_date(date: dt.date, name: str, value: int, floor: bool, text: str) -> dt.date:
    match name:
        case "year" | "yearOfEra":
            day = min(date.day, _month_length(value, date.month))
            return dt.date(value, 1, 1) if floor else dt.date(value, date.month, day)
        case "weekyear":
            _, week, weekday = date.isocalendar()
            if floor:
                return dt.date.fromisocalendar(value, 1, 1)
            return dt.date.fromisocalendar(value, week, weekday)
        case "monthOfYear":
            day = 1 if floor else min(date.day, _month_length(date.year, value))
            return date.replace(month=value, day=day)
        case "dayOfMonth":
            most = _month_length(date.year, date.month)
            if not 1 <= value <= most:
                raise invalid(_out_of_range(text, name, value, 1, most))
            return date.replace(day=value)
        case "dayOfYear":
            most = 366 if _month_length(date.year, 2) == 29 else 365
            if value > most:
                raise invalid(_out_of_range(text, name, value, 1, most))
            return dt.date(date.year, 1, 1) + dt.timedelta(value - 1)
        case "weekOfWeekyear":
            year, week, weekday = date.isocalendar()
            most = dt.date(year, 12, 28).isocalendar()[1]
            if value > most:
                raise invalid(_out_of_range(text, name, value, 1, most))
            return dt.date.fromisocalendar(year, value, 1 if floor else weekday)
        case "dayOfWeek":
            return date + dt.timedelta(value - date.isoweekday())
    raise ValueError(name)
