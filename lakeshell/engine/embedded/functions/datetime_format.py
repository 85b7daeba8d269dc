"""Trino's functions between dates and text, by MySQL's, Joda-Time's and ISO's formats.

In: coerced arguments, the format a literal. Out: DuckDB SQL; texts that DuckDB doesn't read
exactly as Joda-Time does go to Python.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.functions import iso8601, joda
from lakeshell.engine.embedded.functions.datetime_patterns import (
    joda_pieces,
    mysql_pieces,
    plain_format,
    printed,
)
from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Emission,
    Entry,
    filled,
    invalid,
    not_run,
    python_call,
    text,
    values,
)
from lakeshell.engine.embedded.values.typed import (
    Typed,
    duckdb_literal,
    failure,
    refused,
)
from lakeshell.engine.embedded.values.zones import fixed_offset, local
from lakeshell.errors import QueryFailed
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from collections.abc import Callable

    from lakeshell.engine.embedded.values.typed import Context

_EPOCH = dt.datetime(1970, 1, 1)


def _format_of(argument: Typed, function: str) -> str | None:
    if not argument.is_constant:
        raise refused(f"{function} with a format that is not a literal", argument.at)
    return None if argument.value is None else str(argument.value)


def _printing(name: str, pieces_of: Callable[[str], tuple[joda.Piece, ...]]) -> Emission:
    def emit(arguments: Arguments, result: t.Type, context: Context) -> str:
        value, given = values(arguments)
        format = _format_of(given, name)
        if format is None:
            return duckdb_literal(None, result)
        try:
            pieces = pieces_of(format)
        except QueryFailed as failed:
            failing = failure(failed.code, failed.message, t.VARCHAR)
            return f"(CASE WHEN {value.sql} IS NOT NULL THEN {failing} END)"
        assert isinstance(value.type, t.TimestampType)
        zoned = {"zone", "offset", "zonename"} & {p.kind for p in pieces}
        if zoned and not value.type.with_zone:
            failing = failure("INVALID_FUNCTION_ARGUMENT", _NO_ZONE, t.VARCHAR)
            return f"(CASE WHEN {value.sql} IS NOT NULL THEN {failing} END)"
        read = local(value.sql, value.zone)
        if value.type.precision > 3:
            read = f"date_trunc('millisecond', {read} + to_microseconds(500))"
        fixed = fixed_offset(value.zone)
        offset = (
            str(fixed) if fixed is not None else f"((epoch({read}) - epoch({value.sql})) // 60)"
        )
        made = printed(pieces, read, f"CAST({offset} AS BIGINT)", value.zone or "UTC")
        if made is None:
            raise refused(f"{name} with a time zone's name ('z') in its format", given.at)
        return made

    return emit


_NO_ZONE = (
    "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format, "
    "as this type does not contain TZ information"
)


@functools.lru_cache(maxsize=128)
def _mysql(format: str) -> tuple[joda.Piece, ...]:
    return mysql_pieces(format)


@functools.lru_cache(maxsize=128)
def _joda(format: str) -> tuple[joda.Piece, ...]:
    return joda_pieces(format)


def parse_mysql(said: str, format: str) -> dt.datetime:
    """date_parse."""
    if format == "%Y-%m-%d":
        return dt.datetime.combine(iso8601.plain_date(said), dt.time())
    return _datetime(joda.parse(_mysql(format), said).local, said)


def _datetime(milliseconds: int, said: str) -> dt.datetime:
    return _EPOCH + dt.timedelta(milliseconds=milliseconds)


def parse_joda(said: str, format: str, zone: str) -> dt.datetime:
    """parse_datetime, for texts of the zone `zone` or of none."""
    pieces = _joda(format)
    if any(piece.kind == "zonename" for piece in pieces):
        raise not_run("parse_datetime with a time zone's name ('z')")
    parsed = joda.parse(pieces, said)
    return _instant(said, parsed, zone, "parse_datetime")


def parse_iso(said: str, zone: str) -> dt.datetime:
    """from_iso8601_timestamp, likewise."""
    return _instant(said, iso8601.timestamp(said), zone, "from_iso8601_timestamp")


def _instant(said: str, parsed: joda.Parsed, zone: str, function: str) -> dt.datetime:
    if parsed.zone is not None and parsed.zone != zone:
        raise not_run(f"{function} over values of several time zones")
    moment = _datetime(parsed.local, said)
    fixed = fixed_offset(zone)
    if fixed is not None:
        return moment - dt.timedelta(minutes=fixed)
    from zoneinfo import ZoneInfo

    utc = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)
    if utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != moment:
        gap = "Illegal instant due to time zone offset transition"
        raise invalid(f'Cannot parse "{said}": {gap} ({zone})')
    return utc.replace(tzinfo=None)


def _date_parse(arguments: Arguments, result: t.Type, context: Context) -> str:
    said, given = values(arguments)
    format = _format_of(given, "date_parse")
    slow = python_call("datetime_format:parse_mysql", [said, given], result, context)
    if format is None or said.is_constant:
        return slow
    try:
        fast = plain_format(_mysql(format))
    except QueryFailed:
        return slow
    return _fast(said, fast, slow)


def _fast(said: Typed, fast: tuple[str, str] | None, slow: str) -> str:
    """DuckDB's own reading where it is Joda-Time's, else `slow`."""
    if fast is None:
        return slow
    pattern, format = fast
    template = (
        f"(CASE WHEN regexp_full_match($0, {text(pattern)}) "
        f"THEN coalesce(try_strptime($0, {text(format)}), $1) ELSE $1 END)"
    )
    return template.replace("$0", said.sql).replace("$1", slow)


def _zoned_parse(
    arguments: Arguments, context: Context, path: str, zone_said: Callable[[], str | None]
) -> Typed:
    """A parsed moment: in the text's zone where the text is a literal, else in the session's."""
    given = values(arguments)
    zone = context.zone
    result = t.TimestampType(3, True)
    if all(v.is_constant and v.value is not None for v in given):
        try:
            zone = zone_said() or zone
        except QueryFailed as failed:
            return Typed(failure(failed.code, failed.message, result), result, zone=zone)
    zone_literal = Typed(text(zone), t.VARCHAR, value=zone)
    return Typed(python_call(path, [*given, zone_literal], result, context), result, zone=zone)


def _parse_datetime(arguments: Arguments, result: t.Type, context: Context) -> Typed:
    said, given = values(arguments)
    format = _format_of(given, "parse_datetime")
    if format is not None:
        try:
            pieces = _joda(format)
        except QueryFailed:
            pieces = ()
        if any(p.kind == "zonename" for p in pieces):
            raise refused("parse_datetime with a time zone's name ('z') in its format", given.at)
    return _zoned_parse(
        arguments,
        context,
        "datetime_format:parse_joda",
        lambda: joda.parse(_joda(format or ""), str(said.value)).zone,
    )


def _from_iso8601_timestamp(arguments: Arguments, result: t.Type, context: Context) -> Typed:
    (said,) = values(arguments)
    return _zoned_parse(
        arguments,
        context,
        "datetime_format:parse_iso",
        lambda: iso8601.timestamp(str(said.value)).zone,
    )


def _to_iso8601(arguments: Arguments, result: t.Type, context: Context) -> str:
    (value,) = values(arguments)
    if value.type == t.DATE:
        return f"strftime({value.sql}, '%Y-%m-%d')"
    assert isinstance(value.type, t.TimestampType)
    precision = value.type.precision
    read = local(value.sql, value.zone)
    made = f"strftime({read}, '%Y-%m-%dT%H:%M:%S')"
    if precision:
        made += f" || '.' || substr(strftime({read}, '%f'), 1, {precision})"
    if value.type.with_zone:
        made += " || " + _iso_offset(value, read)
    return f"({made})"


def _iso_offset(value: Typed, read: str) -> str:
    fixed = fixed_offset(value.zone)
    if fixed is not None:
        return "'Z'" if fixed == 0 else text(str(value.zone))
    shape = (
        "CASE WHEN $0 = 0 THEN 'Z' ELSE printf('%s%02d:%02d', "
        "CASE WHEN $0 < 0 THEN '-' ELSE '+' END, abs($0) // 60, abs($0) % 60) END"
    )
    return filled(f"({shape})", [f"CAST((epoch({read}) - epoch({value.sql})) // 60 AS BIGINT)"])


def _from_iso8601_date(arguments: Arguments, result: t.Type, context: Context) -> str:
    (said,) = values(arguments)
    slow = python_call("iso8601:date", [said], result, context)
    if said.is_constant:
        return slow
    fast = _fast(said, (r"\d{4}-\d\d-\d\d", "%Y-%m-%d"), slow)
    return f"CAST({fast} AS DATE)"


SCALARS: tuple[Entry, ...] = (
    ("date_format(timestamp(p), varchar(x)) -> varchar", _printing("date_format", _mysql)),
    (
        "date_format(timestamp(p) with time zone, varchar(x)) -> varchar",
        _printing("date_format", _mysql),
    ),
    ("format_datetime(timestamp(p), varchar(x)) -> varchar", _printing("format_datetime", _joda)),
    (
        "format_datetime(timestamp(p) with time zone, varchar(x)) -> varchar",
        _printing("format_datetime", _joda),
    ),
    ("date_parse(varchar(x), varchar(y)) -> timestamp(3)", _date_parse),
    (
        "parse_datetime(varchar(x), varchar(y)) -> timestamp(3) with time zone",
        _parse_datetime,
    ),
    ("to_iso8601(date) -> varchar(16)", _to_iso8601),
    ("to_iso8601(timestamp(p)) -> varchar(22 + min(p, 1) + p)", _to_iso8601),
    ("to_iso8601(timestamp(p) with time zone) -> varchar(28 + min(p, 1) + p)", _to_iso8601),
    (
        "from_iso8601_timestamp(varchar(x)) -> timestamp(3) with time zone",
        _from_iso8601_timestamp,
    ),
    ("from_iso8601_date(varchar(x)) -> date", _from_iso8601_date),
)
