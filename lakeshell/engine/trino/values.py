"""Values of Trino's protocol, as JSON has them, into Arrow arrays of the ports' form.

In: the values of one column and its type. Out: an array (`sql.arrow`). Whole columns are converted
in Arrow; single values in Python only where Arrow's parsers end: years beyond 9999, zones with
daylight saving, binary. A value that the form cannot hold exactly is refused, never cut.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from lakeshell.errors import QueryFailed
from lakeshell.sql.arrow import arrow_type
from lakeshell.sql.datatypes import (
    ArrayType,
    CharType,
    DecimalType,
    MapType,
    RowType,
    TimestampType,
    TimeType,
    Type,
)
from lakeshell.sql.zones import offset_micros

Values = Sequence[Any]

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DATE = re.compile(r"([+-]?)(\d+)-(\d\d)-(\d\d)")
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
_FEW = 256
"""Up to so many values are made one by one: for Arrow's casts a cold query waits 40 ms, which is
what importing them takes."""


def arrow_array(values: Values, type: Type) -> pa.Array:
    """`values` are what JSON gives for values of `type`: numbers, texts, lists, None for NULL."""
    match type:
        case DecimalType():
            return _decimals(values, arrow_type(type))
        case CharType():
            return pa.array([v and v.rstrip(" ") for v in values], pa.string())
        case TimestampType(with_zone=True):
            return _zoned_timestamps(values, type)
        case TimestampType():
            return _timestamps(values, type)
        case TimeType(with_zone=True):
            return _zoned_times(values, type)
        case TimeType():
            return _each(values, lambda text: _clock(text, type), pa.time64("us"))
        case ArrayType():
            return _arrays(values, type)
        case MapType():
            return _maps(values, type)
        case RowType():
            return _rows(values, type)
    made = _SINGLE.get(type.name)
    return pa.array(values, arrow_type(type)) if made is None else made(values)


def _each(values: Values, convert: Callable[[Any], Any], kind: pa.DataType) -> pa.Array:
    """One integer for each value, seen as `kind`; or `kind` itself where it is no number."""
    found = [None if value is None else convert(value) for value in values]
    if not pa.types.is_temporal(kind):
        return pa.array(found, kind)
    return pa.array(found, pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)


def _missing(values: Values) -> pa.Array:
    return pa.array([value is None for value in values], pa.bool_())


def _too_fine(text: str, type: Type, form: str) -> QueryFailed:
    return QueryFailed(
        f"{text}, a {type}, is finer than results can hold",
        code="NOT_SUPPORTED",
        hint=f"cast the column to {form}, or to varchar",
    )


# --- numbers and bytes ---------------------------------------------------------------------


def _floats(kind: pa.DataType) -> Callable[[Values], pa.Array]:
    def made(values: Values) -> pa.Array:
        try:
            return pa.array(values, kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            # NaN and the infinities come as texts.
            return pa.array([None if v is None else float(v) for v in values], kind)

    return made


def _decimals(values: Values, kind: pa.DataType) -> pa.Array:
    if len(values) > _FEW:
        return pa.array(values, pa.string()).cast(kind)
    return pa.array([None if value is None else Decimal(value) for value in values], kind)


def _dates(values: Values) -> pa.Array:
    if len(values) <= _FEW:
        return _each(values, _days, pa.date32())
    try:
        return pa.array(values, pa.string()).cast(pa.date32())
    except pa.ArrowInvalid:
        return _each(values, _days, pa.date32())


def _days(text: str) -> int:
    """Days since 1970-01-01 of a day of any year."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"no date: {text!r}")
    sign, year, month, day = match.groups()
    whole = int(year) * (-1 if sign == "-" else 1)
    cycle = (whole - 2000) // _CYCLE_YEARS
    near = date(whole - cycle * _CYCLE_YEARS, int(month), int(day))
    return near.toordinal() - _EPOCH_DAY + cycle * _CYCLE_DAYS


def _months(text: str) -> int:
    years, _, months = text.removeprefix("-").partition("-")
    return (int(years) * 12 + int(months)) * (-1 if text.startswith("-") else 1)


def _milliseconds(text: str) -> int:
    days, _, clock = text.removeprefix("-").partition(" ")
    whole = int(days) * _DAY + _micros(clock)
    return whole // 1000 * (-1 if text.startswith("-") else 1)


_SINGLE: dict[str, Callable[[Values], pa.Array]] = {
    "real": _floats(pa.float32()),
    "double": _floats(pa.float64()),
    "date": _dates,
    "varbinary": lambda values: _each(values, base64.b64decode, pa.binary()),
    "interval year to month": lambda values: _each(values, _months, pa.int32()),
    "interval day to second": lambda values: _each(values, _milliseconds, pa.int64()),
}


# --- times ---------------------------------------------------------------------------------


def _micros(clock: str) -> int:
    """Microseconds of `01:02:03.456`; what is finer is left out."""
    whole, _, fraction = clock.partition(".")
    hours, minutes, seconds = whole.split(":")
    seconds_all = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return seconds_all * _SECOND + int(fraction.ljust(6, "0")[:6])


def _clock(text: str, type: TimeType) -> int:
    if type.precision > 6 and text.partition(".")[2][6:].strip("0"):
        raise _too_fine(text, type, "time(6)")
    return _micros(text)


def _zoned_times(values: Values, type: TimeType) -> pa.Array:
    kind = arrow_type(type)
    clocks = [None if v is None else v[:-6] for v in values]
    offsets = [None if v is None else _offset(v[-6:]) for v in values]
    parts = [_each(clocks, lambda text: _clock(text, type), pa.time64("us"))]
    parts.append(pa.array(offsets, pa.int32()))
    return pa.StructArray.from_arrays(parts, fields=list(kind), mask=_missing(values))


def _offset(text: str) -> int:
    """Minutes of `+01:30`."""
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return -minutes if text[0] == "-" else minutes


def _timestamps(values: Values, type: TimestampType) -> pa.Array:
    kind = arrow_type(type)
    if len(values) <= _FEW and kind.unit == "us":
        return _each(values, _moment, kind)
    texts = pa.array(values, pa.string())
    if type.precision > 9:
        for value in values:
            if value is not None and value.partition(".")[2][9:].strip("0"):
                raise _too_fine(value, type, "timestamp(9)")
        texts = pa.array([v and v[: 9 - type.precision] for v in values], pa.string())
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        if kind.unit == "us":
            return _each(values, _moment, kind)
    # In nanoseconds a moment is held from 1677 to 2262 only.
    finer = [None if v is None else _moment(v) * 1000 + _nanos(v) for v in values]
    if any(v is not None and not -(2**63) <= v < 2**63 for v in finer):
        raise QueryFailed(
            f"a {type} before 1677 or after 2262 is more than results can hold",
            code="NOT_SUPPORTED",
            hint="cast the column to timestamp(6), or to varchar",
        )
    return pa.array(finer, pa.int64()).view(kind)


def _nanos(text: str) -> int:
    return int(text.partition(".")[2][6:9].ljust(3, "0"))


def _moment(text: str) -> int:
    """Microseconds since 1970-01-01 of a local time; what is finer is left out."""
    day, _, clock = text.partition(" ")
    return _days(day) * _DAY + _micros(clock)


def _zoned_timestamps(values: Values, type: TimestampType) -> pa.Array:
    kind = arrow_type(type)
    cut = [(None, None) if v is None else _parted(v, type) for v in values]
    local = _timestamps([moment for moment, _ in cut], TimestampType(min(type.precision, 6)))
    zones = [zone for _, zone in cut]
    if not set(zones) <= {"UTC", None}:
        found = local.view(pa.int64()).to_pylist()
        local = pa.array(
            [
                m if zone is None else _instant(m, zone)
                for m, zone in zip(found, zones, strict=True)
            ],
            pa.int64(),
        )
    instants = local.view(pa.int64()).view(kind.field(0).type)
    parts = [instants, pa.array(zones, pa.string())]
    return pa.StructArray.from_arrays(parts, fields=list(kind), mask=_missing(values))


def _parted(text: str, type: TimestampType) -> tuple[str, str]:
    moment, _, zone = text.rpartition(" ")
    if type.precision > 6:
        whole, _, fraction = moment.partition(".")
        if fraction[6:].strip("0"):
            raise _too_fine(text, type, "timestamp(6) with time zone")
        moment = f"{whole}.{fraction[:6]}"
    return moment, zone


def _instant(local: int, zone: str) -> int:
    guess = local - offset_micros(local, zone)
    return local - offset_micros(guess, zone)


# --- values of several parts ---------------------------------------------------------------


def _offsets(values: Values) -> pa.Array:
    offsets = [0]
    for value in values:
        offsets.append(offsets[-1] + len(value or ()))
    return pa.array(offsets, pa.int32())


def _arrays(values: Values, type: ArrayType) -> pa.Array:
    flat = [item for value in values if value is not None for item in value]
    items = arrow_array(flat, type.element)
    return pa.ListArray.from_arrays(
        _offsets(values), items, type=arrow_type(type), mask=_missing(values)
    )


def _maps(values: Values, type: MapType) -> pa.Array:
    keys = [key for value in values if value is not None for key in value]
    items = [item for value in values if value is not None for item in value.values()]
    return pa.MapArray.from_arrays(
        _offsets(values),
        arrow_array([_key(key, type.key) for key in keys], type.key),
        arrow_array(items, type.value),
        type=arrow_type(type),
        mask=_missing(values),
    )


def _key(text: str, type: Type) -> Any:
    """A map's key is always a text in JSON."""
    if type.name in ("tinyint", "smallint", "integer", "bigint"):
        return int(text)
    if type.name == "boolean":
        return text == "true"
    if type.name in ("real", "double"):
        return float(text)
    if isinstance(type, ArrayType | MapType | RowType):
        raise QueryFailed(
            f"a map with keys of type {type} does not come through Trino's protocol",
            code="NOT_SUPPORTED",
            hint="select map_keys(…) and map_values(…), or map_entries(…), instead",
        )
    return text


def _rows(values: Values, type: RowType) -> pa.Array:
    children = [
        arrow_array([None if v is None else v[at] for v in values], field.type)
        for at, field in enumerate(type.fields)
    ]
    return pa.StructArray.from_arrays(
        children, fields=list(arrow_type(type)), mask=_missing(values)
    )
