"""Local time of an instant in a zone, for every year that Trino knows.

In: microseconds since 1970-01-01 UTC and a zone's name (`Europe/Berlin`, `+02:00`, `UTC`). Out:
the same moment's local microseconds. Nothing here reads the machine's own zone.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_CYCLE = 12_622_780_800 * _SECOND
"""400 Gregorian years, after which dates and weekdays, and so a zone's rules, repeat."""
_EARLY = -62_000_000_000 * _SECOND
_LATE = 250_000_000_000 * _SECOND
_REGULAR = 100_000_000 * _SECOND
"""From 1973 on, offsets change at whole quarters of an hour only."""
_QUARTER = 900 * _SECOND


def local_micros(instant: int, zone: str) -> int:
    if zone == "UTC":
        return instant
    return instant + offset_micros(instant, zone)


def offset_micros(instant: int, zone: str) -> int:
    fixed = _fixed(zone)
    if fixed is not None:
        return fixed
    if _REGULAR <= instant < _LATE:
        return _at(instant // _QUARTER * _QUARTER, zone)
    if instant < _EARLY:
        return _at(_EARLY, zone)
    if instant >= _LATE:
        return _at(_LATE - _CYCLE + (instant - _LATE) % _CYCLE, zone)
    return _at(instant, zone)


@functools.lru_cache(maxsize=1024)
def _fixed(zone: str) -> int | None:
    if zone in ("UTC", "Z", "GMT"):
        return 0
    match = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return (-minutes if match[1] == "-" else minutes) * 60 * _SECOND


@functools.lru_cache(maxsize=65_536)
def _at(instant: int, zone: str) -> int:
    offset = (_EPOCH + timedelta(microseconds=instant)).astimezone(_zone(zone)).utcoffset()
    assert offset is not None
    return round(offset.total_seconds()) * _SECOND


@functools.lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)
