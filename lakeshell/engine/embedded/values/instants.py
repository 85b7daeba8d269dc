"""Instants and local times: values `with time zone`, whose zone is known while binding.

In: SQL of TIMESTAMP (UTC or local) or text, and a zone's name. Out: SQL of the other, or a parsed
moment. A local time that a zone has twice is its first; one that it skips moves on by the gap.
"""

from __future__ import annotations

import datetime as dt
import re

from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.typed import quote_text, refused
from lakeshell.sql import datatypes as t

_UTC = ("UTC", "Z", "GMT", "+00:00", "-00:00")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


def offset_minutes(zone: str) -> int | None:
    """Of a zone that is an offset; None for a named one."""
    if zone in _UTC:
        return 0
    match = _OFFSET.fullmatch(zone)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return -minutes if match[1] == "-" else minutes


def local(x: str, zone: str) -> str:
    """The local TIMESTAMP of an instant."""
    minutes = offset_minutes(zone)
    if minutes == 0:
        return x
    if minutes is not None:
        return f"({x} + to_minutes({minutes}))"
    return f"timezone({quote_text(zone)}, timezone('UTC', {x}))"


def utc(x: str, zone: str) -> str:
    """The instant of a local TIMESTAMP."""
    minutes = offset_minutes(zone)
    if minutes == 0:
        return x
    if minutes is not None:
        return f"({x} - to_minutes({minutes}))"
    moment = f"timezone('UTC', timezone({quote_text(zone)}, $0))"
    # DuckDB takes the second of two equal local times
    earlier = f"({moment} - to_minutes(60))"
    half = f"({moment} - to_minutes(30))"
    return filled(
        f"(CASE WHEN {local(earlier, zone)} = $0 THEN {earlier} "
        f"WHEN {local(half, zone)} = $0 THEN {half} ELSE {moment} END)",
        [x],
    )


def local_time(x: str, zone: str) -> str:
    """The local TIME of a time in UTC; the zone is an offset."""
    minutes = offset_minutes(zone) or 0
    return x if minutes == 0 else f"({x} + to_minutes({minutes}))"


_TIMESTAMP = re.compile(
    r"([-+]?\d{4,})-(\d{1,2})-(\d{1,2})"
    r"( (?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*(.+)?)?",
    re.ASCII,
)
_TIME = re.compile(
    r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?\s*(([+-]\d\d):(\d\d))?", re.ASCII
)


class Moment:
    """A parsed text: its local time (None where Python has no such year), digits, and zone."""

    __slots__ = ("digits", "local", "zone")

    def __init__(self, local: dt.datetime, digits: int, zone: str | None) -> None:
        self.local = local
        self.digits = digits
        self.zone = zone


def parse_moment(text: str, precision: int | None = None) -> Moment | None:
    """A timestamp's text, rounded to `precision`; None where Trino refuses it.

    Raises OverflowError for years that Python doesn't know and for more digits than microseconds.
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, _, hour, minute, second, fraction, zone = match.groups()
    if not 1 <= int(year) <= 9999:
        raise OverflowError(text)
    try:
        moment = dt.datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
        )
    except ValueError:
        return None
    micros = rounded_micros(fraction or "", precision)
    return Moment(moment + dt.timedelta(microseconds=micros), len(fraction or ""), zone)


def rounded_micros(fraction: str, precision: int | None) -> int:
    if not fraction:
        return 0
    digits = min(len(fraction), 6) if precision is None else precision
    if len(fraction) > 6 and precision is None:
        raise OverflowError(fraction)
    scaled = int(fraction)
    if len(fraction) > digits:
        step: int = 10 ** (len(fraction) - digits)
        scaled = (scaled + step // 2) // step
    else:
        scaled *= 10 ** (digits - len(fraction))
    micros: int = scaled * 10 ** (6 - digits)
    return micros


def known_zone(name: str) -> str | None:
    """The zone as Trino writes it; None for a name that it doesn't know."""
    from lakeshell.engine.embedded.values.zones import canonical_zone

    return canonical_zone(name)


def instant(moment: dt.datetime, zone: str) -> tuple[dt.datetime, bool]:
    """The UTC time of a local one, and whether the zone skips it."""
    minutes = offset_minutes(zone)
    if minutes is not None:
        return moment - dt.timedelta(minutes=minutes), False
    import zoneinfo

    known = zoneinfo.ZoneInfo(zone)
    made = moment.replace(tzinfo=known).astimezone(dt.UTC)
    back = made.astimezone(known).replace(tzinfo=None)
    return made.replace(tzinfo=None), back != moment


def parsed(
    text: str, target: t.TimestampType | t.TimeType, session_zone: str
) -> tuple[dt.datetime | dt.time, str] | None:
    """A literal text as an instant and its zone; None where Trino's cast refuses it."""
    if isinstance(target, t.TimestampType):
        moment = parse_moment(text.strip(), target.precision)
        if moment is None:
            return None
        zone = session_zone if moment.zone is None else known_zone(moment.zone)
        return None if zone is None else (instant(moment.local, zone)[0], zone)
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    return parse_zoned_time(match, target.precision, session_zone)


def parse_zoned_time(
    match: re.Match[str], precision: int, session_zone: str = "UTC"
) -> tuple[dt.time, str] | None:
    """A time and its offset, which is the session's where the text has none."""
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[5] is None and offset_minutes(session_zone) is None:
        raise refused("a time without a zone where the session's is no offset")
    zone = known_zone(match[5] or session_zone)
    if hour > 23 or minute > 59 or second > 59 or zone is None:
        return None
    micros = rounded_micros(match[4] or "", precision)
    day = dt.datetime(2000, 1, 2, hour, minute, second) + dt.timedelta(microseconds=micros)
    return (day - dt.timedelta(minutes=offset_minutes(zone) or 0)).time(), zone


def parse_time(text: str) -> re.Match[str] | None:
    return _TIME.fullmatch(text)
