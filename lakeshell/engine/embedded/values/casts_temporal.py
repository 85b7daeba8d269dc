"""Casts among dates, times and timestamps, as DuckDB SQL.

In: SQL of the source's type and the `Casting`. Out: SQL of the target's. Fewer digits of a second
are rounded half up, which carries into the next second, and past midnight for a time.
"""

from __future__ import annotations

from lakeshell.engine.embedded.values.casts import Casting, Conversion
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.instants import local, local_time, utc
from lakeshell.engine.embedded.values.typed import refused
from lakeshell.sql import datatypes as t

DAY_MICROS = 86_400_000_000
SECOND_MICROS = 1_000_000


def conversion(source: t.Type, target: t.Type) -> Conversion | None:
    if source == t.DATE:
        return _date_to_timestamp if isinstance(target, t.TimestampType) else None
    if isinstance(source, t.TimeType):
        if isinstance(target, t.TimestampType):
            return _time_to_timestamp
        return _time_to_time if isinstance(target, t.TimeType) else None
    if target == t.DATE:
        return _timestamp_to_date
    return _timestamp_to_time if isinstance(target, t.TimeType) else _timestamp_to_timestamp


def rounded(x: str, source: int, target: int) -> str:
    """A TIMESTAMP of `source` digits rounded to `target`."""
    if target >= min(source, 6):
        return x
    step = 10 ** (6 - target)
    if step == 1_000_000:
        return f"date_trunc('second', {x} + to_microseconds(500000))"
    if step == 1_000:
        return f"date_trunc('millisecond', {x} + to_microseconds(500))"
    moved = f"(epoch_us($0) + {step // 2})"
    return filled(f"make_timestamp({moved} - ((({moved}) % {step}) + {step}) % {step})", [x])


def rounded_time(x: str, source: int, target: int) -> str:
    """A TIME of `source` digits rounded to `target`."""
    if target >= min(source, 6):
        return x
    step = 10 ** (6 - target)
    micros = f"((epoch_us({x}) + {step // 2}) // {step} * {step}) % {DAY_MICROS}"
    return f"CAST(make_timestamp({micros}) AS TIME)"


def _zone(casting: Casting) -> str:
    return casting.source_zone or casting.context.zone


def _date_to_timestamp(x: str, casting: Casting) -> str:
    target = casting.target
    assert isinstance(target, t.TimestampType)
    moment = f"CAST({x} AS TIMESTAMP)"
    return utc(moment, casting.context.zone) if target.with_zone else moment


def _timestamp_to_timestamp(x: str, casting: Casting) -> str:
    source, target = casting.source, casting.target
    assert isinstance(source, t.TimestampType) and isinstance(target, t.TimestampType)
    if source.with_zone and not target.with_zone:
        x = local(x, _zone(casting))
    elif target.with_zone and not source.with_zone:
        return utc(rounded(x, source.precision, target.precision), casting.context.zone)
    return rounded(x, source.precision, target.precision)


def _timestamp_to_date(x: str, casting: Casting) -> str:
    source = casting.source
    assert isinstance(source, t.TimestampType)
    if source.with_zone:
        x = local(x, _zone(casting))
    return f"CAST({x} AS DATE)"


def _timestamp_to_time(x: str, casting: Casting) -> str:
    source, target = casting.source, casting.target
    assert isinstance(source, t.TimestampType) and isinstance(target, t.TimeType)
    if target.with_zone:
        raise refused("a cast of timestamps to time with time zone", casting.at)
    if source.with_zone:
        x = local(x, _zone(casting))
        return rounded_time(f"CAST({x} AS TIME)", source.precision, target.precision)
    return _time_of_day(x, casting, target.precision)


def _time_of_day(x: str, casting: Casting, digits: int) -> str:
    """The time of a TIMESTAMP as Trino takes it.

    Before 1970 Trino counts the fraction backwards from the second below, so that 23:59:59.999
    becomes 23:59:58.999, and fails where that lies before midnight.
    """
    step = 10 ** (6 - min(digits, 6))
    rounded = "m"
    if step > 1:
        half = f"CASE WHEN m < 0 THEN {1 - step // 2} ELSE {step // 2} END"
        rounded = f"(m + {half}) // {step} * {step}"
    fails = casting.fail("value must be >= 0", "GENERIC_INTERNAL_ERROR")
    back = f"CASE WHEN epoch_us($0) % {SECOND_MICROS} < 0 THEN {SECOND_MICROS} ELSE 0 END"
    return filled(
        f"list_transform([epoch_us(CAST($0 AS TIME)) - {back}], lambda m: CASE "
        f"WHEN m IS NULL THEN NULL WHEN {rounded} < 0 THEN {fails} "
        f"ELSE CAST(make_timestamp(({rounded}) % {DAY_MICROS}) AS TIME) END)[1]",
        [x],
    )


def _time_to_time(x: str, casting: Casting) -> str:
    source, target = casting.source, casting.target
    assert isinstance(source, t.TimeType) and isinstance(target, t.TimeType)
    if source.with_zone and not target.with_zone:
        x = local_time(x, _zone(casting))
    elif target.with_zone and not source.with_zone:
        raise refused("a cast of time to time with time zone", casting.at)
    return rounded_time(x, source.precision, target.precision)


def _time_to_timestamp(x: str, casting: Casting) -> str:
    source, target = casting.source, casting.target
    assert isinstance(source, t.TimeType) and isinstance(target, t.TimestampType)
    if target.with_zone or source.with_zone:
        raise refused("a cast of time to timestamp with time zone", casting.at)
    from lakeshell.engine.embedded.values.literals import today

    day = today(casting.context)
    return rounded(f"(DATE '{day}' + {x})", source.precision, target.precision)
