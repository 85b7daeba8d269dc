"""Trino's functions between local times, instants, zones, seconds and durations.

In: coerced arguments, zones as literals. Out: DuckDB SQL, `with time zone` in a known zone.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Emission,
    Entry,
    fails_with,
    fill,
    filled,
    invalid,
    python,
    refusing,
    text,
    values,
)
from lakeshell.engine.embedded.values.typed import Typed, duckdb_literal, failure, refused
from lakeshell.engine.embedded.values.zones import (
    canonical_zone,
    fixed_offset,
    kept_instant,
    local,
    zone_of_offset,
)
from lakeshell.errors import NotSupported
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Context

_INSTANT = t.TimestampType(3, True)
_MOST = 2**51 - 1
# Java's Math.round, of seconds to milliseconds; then Trino's bounds of a packed instant.
_FROM_SECONDS = (
    "(CASE WHEN isnan($0) THEN TIMESTAMP '1970-01-01 00:00:00' "
    f"WHEN abs(floor($0 * 1000 + 0.5)) <= {_MOST} "
    "THEN make_timestamp(CAST(floor($0 * 1000 + 0.5) AS BIGINT) * 1000) "
    "WHEN $0 IS NOT NULL THEN "
    + fails_with(
        "'Millis overflow: ' || CASE WHEN $0 * 1000 >= 9223372036854775807 "
        "THEN '9223372036854775807' WHEN $0 * 1000 <= -9223372036854775808 "
        "THEN '-9223372036854775808' ELSE CAST(CAST(floor($0 * 1000 + 0.5) AS BIGINT) AS VARCHAR) "
        "END",
        _INSTANT,
    )
    + " END)"
)


def _from_unixtime(arguments: Arguments, result: t.Type, context: Context) -> Typed:
    seconds, *place = values(arguments)
    made = filled(_FROM_SECONDS, [seconds.sql])
    if not place:
        return Typed(made, _INSTANT, zone=context.zone)
    if any(not v.is_constant for v in place):
        raise refused("from_unixtime with a time zone that is not a literal", place[0].at)
    if any(v.value is None for v in place):
        return Typed(duckdb_literal(None, _INSTANT), _INSTANT, zone="UTC")
    if len(place) == 1:
        said = str(place[0].value)
        zone = canonical_zone(said)
        failing = failure("NOT_SUPPORTED", f"Time zone not supported: {said}", _INSTANT)
    else:
        minutes = place[0].value * 60 + place[1].value
        zone = zone_of_offset(minutes)
        failing = failure(
            "INVALID_FUNCTION_ARGUMENT", f"Invalid offset minutes {minutes}", _INSTANT
        )
    return _in_zone(made, seconds, zone, failing, _INSTANT)


def _in_zone(made: str, value: Typed, zone: str | None, failing: str, type: t.Type) -> Typed:
    """`made` in `zone`; where that isn't known, what fails over a value."""
    if zone is not None:
        return Typed(made, type, zone=zone)
    return Typed(f"(CASE WHEN {value.sql} IS NOT NULL THEN {failing} END)", type, zone="UTC")


def _zoned(name: str) -> Emission:
    """at_timezone and with_timezone."""

    def emit(arguments: Arguments, result: t.Type, context: Context) -> Typed:
        value, place = values(arguments)
        if not place.is_constant:
            raise refused(f"{name} with a time zone that is not a literal", place.at)
        if place.value is None:
            return Typed(duckdb_literal(None, result), result, zone="UTC")
        said = str(place.value)
        zone = canonical_zone(said)
        message = f"'{said}' is not a valid time zone"
        failing = failure("INVALID_FUNCTION_ARGUMENT", message, result)
        made = value.sql
        if name == "with_timezone" and zone is not None:
            made = filled(kept_instant("$0", zone, "$0"), [value.sql])
        return _in_zone(made, value, zone, failing, result)

    return emit


def _timezone(arguments: Arguments, result: t.Type, context: Context) -> str:
    (value,) = values(arguments)
    return f"(CASE WHEN {value.sql} IS NOT NULL THEN {text(value.zone or 'UTC')} END)"


def _offset_part(template: str) -> Emission:
    def emit(arguments: Arguments, result: t.Type, context: Context) -> str:
        (value,) = values(arguments)
        fixed = fixed_offset(value.zone)
        if fixed is None:
            read = local("$0", value.zone)
            minutes = f"CAST((epoch({read}) - epoch($0)) // 60 AS BIGINT)"
            return filled("(" + template.replace("$m", minutes) + ")", [value.sql])
        part = template.replace("$m", f"CAST({fixed} AS BIGINT)")
        return f"(CASE WHEN {value.sql} IS NOT NULL THEN {part} END)"

    return emit


def _to_unixtime(arguments: Arguments, result: t.Type, context: Context) -> str:
    (value,) = values(arguments)
    assert isinstance(value.type, t.TimestampType)
    if value.type.precision <= 3:
        return fill("(CAST(epoch_ms($0) AS DOUBLE) / 1000)", [value])
    # As two sums of doubles, for so does Trino round.
    whole = "CAST(floor(epoch_us($0) / 1000) AS BIGINT)"
    return fill(
        f"(CAST({whole} AS DOUBLE) / 1000 + "
        f"CAST((epoch_us($0) - {whole} * 1000) * 1000000 AS DOUBLE) / 1000000000000)",
        [value],
    )


def _now(arguments: Arguments, result: t.Type, context: Context) -> Typed:
    moment = context.now.astimezone(dt.UTC).replace(tzinfo=None)
    held = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return Typed(duckdb_literal(held, _INSTANT), _INSTANT, zone=context.zone)


def _current_timezone(arguments: Arguments, result: t.Type, context: Context) -> str:
    return text(context.zone)


def _nanoseconds(arguments: Arguments, result: t.Type, context: Context) -> str:
    raise NotSupported("timestamps finer than microseconds")


def human_readable_seconds(seconds: float) -> str:
    if seconds != seconds or seconds in (float("inf"), float("-inf")):
        shown = "NaN" if seconds != seconds else ("Infinity" if seconds > 0 else "-Infinity")
        raise invalid(f"Invalid argument found: {shown}")
    rest = min(int(abs(seconds) + 0.5), 2**63 - 1)
    said = []
    for unit, length in (("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count, rest = divmod(rest, length)
        said.append((count, unit))
    said.append((rest, "second"))
    shown_parts = [f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in said if n > 0]
    return ", ".join(shown_parts) or "0 seconds"


_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", re.ASCII)
_UNITS = {
    "ns": Decimal("0.000001"),
    "us": Decimal("0.001"),
    "ms": Decimal(1),
    "s": Decimal(1000),
    "m": Decimal(60_000),
    "h": Decimal(3_600_000),
    "d": Decimal(86_400_000),
}


def parse_duration(said: str) -> int:
    """Milliseconds of `1.5h`."""
    match = _DURATION.fullmatch(said)
    if match is None:
        if not said:
            raise invalid("duration is empty")
        raise invalid(f"duration is not a valid data duration string: {said}")
    if match[2] not in _UNITS:
        raise invalid(f"Unknown time unit: {match[2]}")
    try:
        exact = Decimal(match[1]) * _UNITS[match[2]]
    except InvalidOperation as error:
        raise invalid(f"Invalid duration: {said}") from error
    return int((exact + Decimal("0.5")).to_integral_value(ROUND_FLOOR))


SCALARS: tuple[Entry, ...] = (
    ("from_unixtime(double) -> timestamp(3) with time zone", _from_unixtime),
    ("from_unixtime(double, bigint, bigint) -> timestamp(3) with time zone", _from_unixtime),
    ("from_unixtime(double, varchar(x)) -> timestamp(3) with time zone", _from_unixtime),
    ("from_unixtime_nanos(bigint) -> timestamp(9) with time zone", _nanoseconds),
    ("from_unixtime_nanos(decimal(p,s)) -> timestamp(9) with time zone", _nanoseconds),
    ("from_iso8601_timestamp_nanos(varchar(x)) -> timestamp(9) with time zone", _nanoseconds),
    ("to_unixtime(timestamp(p) with time zone) -> double", _to_unixtime),
    (
        "at_timezone(timestamp(p) with time zone, varchar(x)) -> timestamp(p) with time zone",
        _zoned("at_timezone"),
    ),
    (
        "at_timezone(timestamp(p) with time zone, interval day to second)"
        " -> timestamp(p) with time zone",
        refusing("at_timezone with an interval"),
    ),
    (
        "with_timezone(timestamp(p), varchar(x)) -> timestamp(p) with time zone",
        _zoned("with_timezone"),
    ),
    ("timezone(timestamp(p) with time zone) -> varchar", _timezone),
    ("timezone(time(p) with time zone) -> varchar", _timezone),
    ("timezone_hour(timestamp(p) with time zone) -> bigint", _offset_part("$m // 60")),
    ("timezone_hour(time(p) with time zone) -> bigint", _offset_part("$m // 60")),
    ("timezone_minute(timestamp(p) with time zone) -> bigint", _offset_part("$m % 60")),
    ("timezone_minute(time(p) with time zone) -> bigint", _offset_part("$m % 60")),
    ("now() -> timestamp(3) with time zone", _now),
    ("current_timezone() -> varchar", _current_timezone),
    (
        "human_readable_seconds(double) -> varchar",
        python("datetime_zones:human_readable_seconds"),
    ),
    (
        "parse_duration(varchar(x)) -> interval day to second",
        python("datetime_zones:parse_duration"),
    ),
)
