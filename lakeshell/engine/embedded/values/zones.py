"""Time zones as Trino names them, and the SQL between an instant and its local time.

In: a zone's name, and SQL of TIMESTAMP: an instant in UTC or a local time. Out: the zone's own
name, or an error; the other of the two.
"""

from __future__ import annotations

import functools
import re

from lakeshell.engine.embedded.values import instants
from lakeshell.engine.embedded.values.typed import quote_text

_UTC = frozenset(
    [
        "GMT",
        "GMT+0",
        "GMT-0",
        "GMT0",
        "Etc/GMT",
        "Etc/GMT+0",
        "Etc/GMT-0",
        "Etc/GMT0",
        "UT",
        "UT+0",
        "UT-0",
        "Etc/UT",
        "Etc/UT+0",
        "Etc/UT-0",
        "UTC",
        "UTC+0",
        "UTC-0",
        "Etc/UTC",
        "Etc/UTC+0",
        "Etc/UTC-0",
        "+0000",
        "+00:00",
        "-0000",
        "-00:00",
        "Z",
        "Zulu",
        "UCT",
        "Greenwich",
        "Universal",
        "Etc/Universal",
        "Etc/UCT",
        "Etc/Zulu",
        "Etc/Greenwich",
    ]
)
_UNKNOWN_TO_JAVA = frozenset(
    ["America/Coyhaique", "EST", "Factory", "HST", "MST", "ROC", "localtime"]
)
_PREFIXED = re.compile(r"(Etc/GMT|Etc/UTC|Etc/UT|GMT|UTC|UT)([+-])(\d{1,2})(?::(\d{1,2}))?$")
_OFFSET = re.compile(r"([+-])(?:(\d)|(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)$")
_MOST_MINUTES = 14 * 60


def canonical_zone(name: str) -> str | None:
    """Trino's own name of the zone; None where Trino doesn't know it."""
    if name in _UTC:
        return "UTC"
    prefixed = _PREFIXED.match(name)
    if prefixed:
        minutes = int(prefixed[3]) * 60 + int(prefixed[4] or 0)
        sign = prefixed[2]
        if prefixed[1] == "Etc/GMT":
            sign = "-" if sign == "+" else "+"
        return zone_of_offset(-minutes if sign == "-" else minutes)
    offset = _OFFSET.match(name)
    if offset:
        if int(offset[5] or 0):
            return None
        minutes = int(offset[2] or offset[3]) * 60 + int(offset[4] or 0)
        if int(offset[4] or 0) > 59:
            return None
        return zone_of_offset(-minutes if offset[1] == "-" else minutes)
    return name if _is_region(name) else None


def zone_of_offset(minutes: int) -> str | None:
    """`+02:00` for 120; None beyond 14 hours."""
    if minutes == 0:
        return "UTC"
    if abs(minutes) > _MOST_MINUTES:
        return None
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def fixed_offset(zone: str | None) -> int | None:
    """Minutes east of UTC; None for a region, whose offset changes."""
    if zone is None or zone == "UTC":
        return 0
    if zone[0] not in "+-":
        return None
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes


@functools.lru_cache(maxsize=256)
def _is_region(name: str) -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name in _UNKNOWN_TO_JAVA or not re.fullmatch(r"[A-Z][A-Za-z0-9_+/-]*", name):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def local(instant: str, zone: str | None) -> str:
    """The local time in `zone` of an instant."""
    return instants.local(instant, zone or "UTC")


def instant(local_time: str, zone: str | None) -> str:
    """The instant of a local time in `zone`: the later one where clocks go back, and moved on by
    what the clocks leave out where they go forward.
    """
    minutes = fixed_offset(zone)
    if minutes is None:
        return f"timezone('UTC', timezone({quote_text(zone or 'UTC')}, {local_time}))"
    return local_time if minutes == 0 else f"({local_time} - to_minutes({minutes}))"


def kept_instant(local_time: str, zone: str | None, original: str) -> str:
    """As `instant`, but with the offset that holds at the instant `original`, where that fits."""
    if fixed_offset(zone) is not None:
        return instant(local_time, zone)
    candidate = f"({original} + ({local_time} - {local(original, zone)}))"
    return (
        f"(CASE WHEN {local(candidate, zone)} = {local_time} THEN {candidate} "
        f"ELSE {instant(local_time, zone)} END)"
    )
