"""ISO 8601 dates and timestamps read as Joda-Time reads them, and plain dates as Java does.

In: text. Out: dates, or local moments with the zone that the text says. Plain Python, no SQL.
"""

from __future__ import annotations

import datetime as dt
import re

from lakeshell.engine.embedded.functions.joda import MONTHS, Parsed, Piece, parse
from lakeshell.engine.embedded.values.emission import invalid, not_run

_PLAIN = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_EPOCH = dt.date(1970, 1, 1)
_YEAR = Piece("number", "year", 4, 9, True)
_WEEKYEAR = Piece("number", "weekyear", 4, 9, True)
_DASH = Piece("literal", "-")
_MONTH = Piece("number", "monthOfYear", 2)
_DAY = Piece("number", "dayOfMonth", 2)


def plain_date(said: str) -> dt.date:
    """`2020-02-03`, or as much as Joda-Time's `yyyy-MM-dd` takes."""
    match = _PLAIN.fullmatch(said)
    if match is None:
        parsed = parse((_YEAR, _DASH, _MONTH, _DASH, _DAY), said)
        return _EPOCH + dt.timedelta(milliseconds=parsed.local)
    year, month, day = map(int, match.groups())
    if not 1 <= month <= 12:
        raise invalid(f"Invalid value for MonthOfYear (valid values 1 - 12): {month}")
    if not 1 <= day <= 31:
        raise invalid(f"Invalid value for DayOfMonth (valid values 1 - 28/31): {day}")
    try:
        return dt.date(year, month, day)
    except ValueError as error:
        if day == 29:
            message = f"Invalid date 'February 29' as '{year}' is not a leap year"
        else:
            message = f"Invalid date '{MONTHS[month - 1].upper()} {day}'"
        raise invalid(message) from error


_DATE_FORMS: tuple[tuple[str, tuple[Piece, ...]], ...] = (
    (
        r"[+-]?\d+-?W\d",
        (
            _WEEKYEAR,
            Piece("literal", "-W"),
            Piece("number", "weekOfWeekyear", 2),
            _DASH,
            Piece("number", "dayOfWeek", 1, 1),
        ),
    ),
    (r"[+-]?\d+-\d{3}", (_YEAR, _DASH, Piece("number", "dayOfYear", 3, 3))),
    (r"", (_YEAR, _DASH, _MONTH, _DASH, _DAY)),
)


def _date_pieces(said: str) -> tuple[Piece, ...]:
    """The form that the date's text is in, as long as the text needs it."""
    form = next(pieces for pattern, pieces in _DATE_FORMS if re.match(pattern, said))
    written = len(re.findall(r"-", said.lstrip("+-"))) if said else 0
    numbers = 1 + min(written, len([p for p in form if p.kind == "number"]) - 1)
    kept: list[Piece] = []
    for piece in form:
        if piece.kind == "number":
            if numbers == 0:
                break
            numbers -= 1
        kept.append(piece)
    while kept and kept[-1].kind == "literal":
        kept.pop()
    return tuple(kept)


def date(said: str) -> dt.date:
    """from_iso8601_date."""
    parsed = parse(_date_pieces(said), said)
    return _EPOCH + dt.timedelta(milliseconds=parsed.local)


_TIME_PIECES = (
    Piece("number", "hourOfDay", 2),
    Piece("literal", ":"),
    Piece("number", "minuteOfHour", 2),
    Piece("literal", ":"),
    Piece("number", "secondOfMinute", 2),
)


def timestamp(said: str) -> Parsed:
    """from_iso8601_timestamp: `2020-01-02T03:04:05.678+01:00` and its shorter forms."""
    day, marker, rest = said.partition("T" if "T" in said else "t")
    if not said:
        raise invalid('Invalid format: ""')
    pieces = list(_date_pieces(day)) if day else []
    if marker:
        pieces.append(Piece("literal", "T"))
        clock = re.match(r"[\d:]*", rest)
        written = clock[0].count(":") if clock else 0
        if rest[:1].isdigit():
            pieces.extend(_TIME_PIECES[: 1 + 2 * min(written, 2)])
        tail = rest[len(clock[0]) :] if clock else rest
        if tail[:1] in (".", ",") and tail[1:2].isdigit():
            if written < 2:
                raise not_run(f"fractions of minutes or hours: {said}")
            pieces.append(Piece("literal", tail[0]))
            pieces.append(Piece("fraction", "millisOfSecond", 3, 9))
            tail = tail[1:].lstrip("0123456789")
        if tail[:1] in ("Z", "+", "-"):
            pieces.append(Piece("offset", "zone", 2))
    return parse(tuple(pieces), said)
