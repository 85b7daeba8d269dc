"""Trino's functions of dates and times: fields, truncation, addition, differences.

In: coerced arguments; an instant's zone is known while binding. Out: DuckDB SQL that counts as
Joda-Time does. Formats are `datetime_format`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.values import instants
from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Emission,
    Entry,
    fails_with,
    filled,
    refusing,
    sql,
    values,
)
from lakeshell.engine.embedded.values.typed import Typed, duckdb_type
from lakeshell.engine.embedded.values.zones import kept_instant, local
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Context

_CLOCK = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000}
"""Units of fixed length, in milliseconds."""
_DATE_UNITS = ("day", "week", "month", "quarter", "year")

_FIELDS = {
    "year": "year($0)",
    "quarter": "quarter($0)",
    "month": "month($0)",
    "week": "week($0)",
    "week_of_year": "week($0)",
    "day": "day($0)",
    "day_of_month": "day($0)",
    "day_of_week": "isodow($0)",
    "dow": "isodow($0)",
    "day_of_year": "dayofyear($0)",
    "doy": "dayofyear($0)",
    "year_of_week": "isoyear($0)",
    "yow": "isoyear($0)",
    "last_day_of_month": "last_day($0)",
}
_CLOCK_FIELDS = {
    "hour": "hour($0)",
    "minute": "minute($0)",
    "second": "second($0)",
    "millisecond": "(millisecond($0) % 1000)",
}
_INTERVAL_FIELDS = {
    "day": "($0 // 86400000)",
    "day_of_month": "($0 // 86400000)",
    "hour": "(($0 % 86400000) // 3600000)",
    "minute": "(($0 % 3600000) // 60000)",
    "second": "(($0 % 60000) // 1000)",
    "millisecond": "($0 % 1000)",
}


def local_sql(value: Typed) -> str:
    """What a date or time reads on the clock: an instant's local time in its zone."""
    if isinstance(value.type, t.TimestampType) and value.type.with_zone:
        return local(value.sql, value.zone)
    if isinstance(value.type, t.TimeType) and value.type.with_zone:
        return instants.local_time(value.sql, value.zone or "UTC")
    return value.sql


def _field(template: str) -> Emission:
    def emit(arguments: Arguments, result: t.Type, context: Context) -> str:
        (value,) = values(arguments)
        field = filled(template, [local_sql(value)])
        return field if result == t.DATE else f"CAST({field} AS {duckdb_type(result)})"

    return emit


def _by_unit(unit: Typed, units: Sequence[str], made: Callable[[str], str], kind: str, type: t.Type) -> str:  # fmt: skip
    """The SQL for the unit that is said, `made` for each; fails at run time on another."""
    said = "lower($0)" if kind == "TIME" else "$0"
    failing = fails_with(f"'''' || {said} || ''' is not a valid {kind} field'", type)
    if unit.is_constant:
        chosen = str(unit.value).lower()
        if unit.value is None:
            return f"CAST(NULL AS {duckdb_type(type)})"
        return made(chosen) if chosen in units else filled(failing, [unit.sql])
    whens = " ".join(f"WHEN '{name}' THEN {made(name)}" for name in units)
    return filled(f"(CASE WHEN $0 IS NULL THEN NULL ELSE CASE lower($0) {whens} ELSE {failing} END END)", [unit.sql])  # fmt: skip


def _kind(type: t.Type) -> tuple[str, tuple[str, ...]]:
    """What Trino calls the type in errors, and its units."""
    if type == t.DATE:
        return "DATE", _DATE_UNITS
    if isinstance(type, t.TimeType):
        return "TIME", tuple(_CLOCK)
    return "TIMESTAMP", (*_CLOCK, *_DATE_UNITS)


def _guard(nullable: Sequence[Typed], made: str) -> str:
    """NULL before any failure."""
    tests = " OR ".join(
        f"{v.sql} IS NULL" for v in nullable if v.value is None or not v.is_constant
    )
    return f"(CASE WHEN {tests} THEN NULL ELSE {made} END)" if tests else made


def _date_trunc(arguments: Arguments, result: t.Type, context: Context) -> str:
    unit, value = values(arguments)
    kind, units = _kind(value.type)
    held = duckdb_type(result)

    def made(name: str) -> str:
        if isinstance(value.type, t.TimeType):
            step = _CLOCK[name] * 1000
            return filled(
                f"(TIME '00:00:00' + to_microseconds(epoch_us($0) // {step} * {step}))", [value.sql]
            )
        if not (isinstance(value.type, t.TimestampType) and value.type.with_zone):
            return f"CAST(date_trunc('{name}', {value.sql}) AS {held})"
        if name in _CLOCK:
            here = local_sql(value)
            return filled(f"($0 - ({here} - date_trunc('{name}', {here})))", [value.sql])
        return filled(
            kept_instant(f"date_trunc('{name}', {local('$0', value.zone)})", value.zone, "$0"),
            [value.sql],
        )

    chosen = _by_unit(unit, units, made, kind, result)
    return chosen if unit.is_constant and unit.value in units else _guard([value], chosen)


_SPAN = {
    "millisecond": "to_milliseconds({})", "second": "to_seconds({})",
    "minute": "to_minutes({})", "hour": "to_hours({})", "day": "to_days({})",
    "week": "to_days(7 * {})", "month": "to_months({})", "quarter": "to_months(3 * {})",
    "year": "to_months(12 * {})",
}  # fmt: skip


def _date_add(arguments: Arguments, result: t.Type, context: Context) -> str:
    unit, amount, value = values(arguments)
    kind, units = _kind(value.type)
    overflow = fails_with(
        "'integer overflow'",
        t.INTEGER,
        "GENERIC_INTERNAL_ERROR" if kind == "DATE" else "INVALID_FUNCTION_ARGUMENT",
    )
    small = amount.is_constant and amount.value is not None and abs(amount.value) < 2**31
    count = (
        f"CAST({amount.value} AS INTEGER)"
        if small
        else filled(
            "(CASE WHEN $0 BETWEEN -2147483648 AND 2147483647 THEN CAST($0 AS INTEGER) "
            f"WHEN $0 IS NOT NULL THEN {overflow} END)",
            [amount.sql],
        )
    )

    def made(name: str) -> str:
        if isinstance(value.type, t.TimeType):
            per_day = 86_400_000 // _CLOCK[name]
            span = f"to_milliseconds(({amount.sql} % {per_day}) * {_CLOCK[name]})"
            return _rounded(f"({value.sql} + {span})", name, result)
        span = _SPAN[name].format(count)
        if not (isinstance(value.type, t.TimestampType) and value.type.with_zone):
            return _rounded(f"CAST({value.sql} + {span} AS {duckdb_type(result)})", name, result)
        if name in _CLOCK:
            return _rounded(f"({value.sql} + {span})", name, result)
        moved = f"({local('$0', value.zone)} + {span})"
        return filled(kept_instant(moved, value.zone, "$0"), [value.sql])

    chosen = _by_unit(unit, units, made, kind, result)
    return _guard([amount, value], chosen)


def _rounded(moved: str, unit: str, type: t.Type) -> str:
    """Milliseconds added to a type without them round half up."""
    precision = getattr(type, "precision", 3)
    if unit != "millisecond" or precision >= 3:
        return moved
    step = 10 ** (6 - precision)
    if isinstance(type, t.TimeType):
        whole = f"(epoch_us($0) + {step // 2}) // {step} * {step} % 86400000000"
        return filled(f"(TIME '00:00:00' + to_microseconds({whole}))", [moved])
    floor = f"CAST(floor((epoch_us($0) + {step // 2}) / {step}) AS BIGINT)"
    return filled(f"make_timestamp({floor} * {step})", [moved])


# As Joda-Time counts whole months: the last day of a month reaches any later day of another.
_MONTHS = (
    "((year($1) * 12 + month($1)) - (year($0) * 12 + month($0)) - "
    "CASE WHEN (CASE WHEN $1 >= last_day($1) THEN least(day($0), day($1)) ELSE day($0) END, "
    "$0 - date_trunc('day', $0)) > (day($1), $1 - date_trunc('day', $1)) THEN 1 ELSE 0 END)"
)
# A 29 February counts as the 28th towards a year without one.
_YEARS = (
    "(year($1) - year($0) - CASE WHEN (CASE WHEN month($0) = 2 AND day($0) = 29 "
    "AND day(last_day($1 - to_months(month($1) - 2))) = 28 THEN 228 "
    "ELSE month($0) * 100 + day($0) END, $0 - date_trunc('day', $0)) > "
    "(month($1) * 100 + day($1), $1 - date_trunc('day', $1)) THEN 1 ELSE 0 END)"
)


def _ordered(template: str) -> str:
    """`template` for $0 <= $1, negated for the others."""
    swapped = template.replace("$0", "$x").replace("$1", "$0").replace("$x", "$1")
    return f"(CASE WHEN $0 <= $1 THEN {template} ELSE -{swapped} END)"


def whole_months(first: str, second: str) -> str:
    """SQL of the whole months from one TIMESTAMP to another."""
    return _ordered(_MONTHS).replace("$0", "$x").replace("$1", second).replace("$x", first)


def _date_diff(arguments: Arguments, result: t.Type, context: Context) -> str:
    unit, first, second = values(arguments)
    kind, units = _kind(first.type)
    if isinstance(first.type, t.TimeType):
        chosen = _by_unit(
            unit,
            units,
            lambda name: (
                f"((epoch_us({second.sql}) - epoch_us({first.sql})) // {_CLOCK[name] * 1000})"
            ),
            kind,
            result,
        )
        return _guard([first, second], chosen)
    precise = isinstance(first.type, t.TimestampType) and first.type.precision > 3
    plain, read = [first.sql, second.sql], [first.sql, second.sql]
    if isinstance(first.type, t.TimestampType) and first.type.with_zone and not precise:
        # Beyond milliseconds Trino counts days and longer in UTC.
        read = [local(v.sql, first.zone) for v in (first, second)]

    def made(name: str) -> str:
        if name in _CLOCK:
            counted = f"((epoch_ms($1) - epoch_ms($0)) // {_CLOCK[name]})"
            return _milliseconds(counted, plain, precise)
        if name in ("day", "week"):
            length = 86_400_000 * (7 if name == "week" else 1)
            if first.type == t.DATE:
                days = "($1 - $0)" if name == "day" else "(($1 - $0) // 7)"
                return filled(f"CAST({days} AS BIGINT)", read)
            return _milliseconds(f"((epoch_ms($1) - epoch_ms($0)) // {length})", read, precise)
        template = _ordered(_YEARS if name == "year" else _MONTHS)
        if name == "quarter":
            template = f"({template} // 3)"
        stamps = [f"CAST({v} AS TIMESTAMP)" for v in read]
        return f"CAST({_milliseconds(template, stamps, precise)} AS BIGINT)"

    return _guard([first, second], _by_unit(unit, units, made, kind, result))


def _milliseconds(template: str, stamps: Sequence[str], precise: bool) -> str:
    if precise:
        stamps = [f"date_trunc('millisecond', {s})" for s in stamps]
    return filled(template, stamps)


def _date(arguments: Arguments, result: t.Type, context: Context) -> Typed | str:
    from lakeshell.engine.embedded.values.casts import cast

    (value,) = values(arguments)
    if isinstance(value.type, t.VarcharType):
        return cast(value, t.DATE, value.at, context)
    return f"CAST({local_sql(value)} AS DATE)"


def _units(name: str, shape: str, results: str, emission: Emission) -> tuple[Entry, ...]:
    kinds = (
        "date", "timestamp(p)", "timestamp(p) with time zone", "time(p)",
    )  # fmt: skip
    return tuple(
        (f"{name}({shape.replace('T', kind)}) -> {results.replace('T', kind)}", emission)
        for kind in kinds
    )


SCALARS: tuple[Entry, ...] = (
    *(
        (f"{name}({kind}) -> {'date' if name.startswith('last') else 'bigint'}", _field(template))
        for name, template in _FIELDS.items()
        for kind in ("date", "timestamp(p)", "timestamp(p) with time zone")
    ),
    *(
        (f"{name}({kind}) -> bigint", _field(template))
        for name, template in _CLOCK_FIELDS.items()
        for kind in (
            "time(p)",
            "time(p) with time zone",
            "timestamp(p)",
            "timestamp(p) with time zone",
        )
    ),
    *(
        (f"{name}(interval day to second) -> bigint", sql(template))
        for name, template in _INTERVAL_FIELDS.items()
    ),
    ("year(interval year to month) -> bigint", sql("CAST($0 // 12 AS BIGINT)")),
    ("month(interval year to month) -> bigint", sql("CAST($0 % 12 AS BIGINT)")),
    *(
        (f"{shape} -> {result}", refusing(f"{shape.partition('(')[0]} of time with time zone"))
        for shape, result in (
            ("date_trunc(varchar(x), time(p) with time zone)", "time(p) with time zone"),
            ("date_add(varchar(x), bigint, time(p) with time zone)", "time(p) with time zone"),
            (
                "date_diff(varchar(x), time(p) with time zone, time(p) with time zone)",
                "bigint",
            ),
        )
    ),
    *_units("date_trunc", "varchar(x), T", "T", _date_trunc),
    *_units("date_add", "varchar(x), bigint, T", "T", _date_add),
    *_units("date_diff", "varchar(x), T, T", "bigint", _date_diff),
    ("date(varchar(x)) -> date", _date),
    ("date(timestamp(p)) -> date", _date),
    ("date(timestamp(p) with time zone) -> date", _date),
    ("to_milliseconds(interval day to second) -> bigint", "$0"),
)
