"""Trino's text of a value: what trino-cli prints for it.

In: an Arrow array and the Trino type of its values. Out: their texts, None for NULL. Pure Python
and complete; `output.vector` is the fast way for the common types of large results and gives the
same texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lakeshell.sql import javamap
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
from lakeshell.sql.javanumbers import double_text, real_text
from lakeshell.sql.zones import local_micros

if TYPE_CHECKING:
    import pyarrow as pa

Texts = list[str | None]

LINE_BYTES = 16
"""Bytes of a line of a binary value, in the formats that break it and inside other values."""

_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FIRST = -62_135_596_800_000_000
_LAST = 253_402_300_800_000_000


def texts(array: pa.Array, type: Type, line_bytes: int = 0) -> Texts:
    """The text of each value; a binary value is broken after `line_bytes`, 0 for never."""
    match type:
        case ArrayType():
            return _arrays(array, type)
        case MapType():
            return _maps(array, type)
        case RowType():
            return _rows(array, type)
        case TimestampType():
            return _timestamps(array, type)
        case TimeType():
            return _times(array, type)
        case CharType():
            return [None if v is None else v.ljust(type.length) for v in array.to_pylist()]
        case DecimalType():
            return _each(array.to_pylist(), lambda v: f"{v:f}")
    match type.name:
        case "double":
            return _each(array.to_pylist(), double_text)
        case "real":
            return _each(array.to_pylist(), real_text)
        case "boolean":
            return [None if v is None else "true" if v else "false" for v in array.to_pylist()]
        case "varbinary":
            return _each(array.to_pylist(), lambda v: hex_text(v, line_bytes))
        case "date":
            return _each(integers(array, 32), date_text)
        case "interval day to second":
            return _each(array.to_pylist(), day_interval_text)
        case "interval year to month":
            return _each(array.to_pylist(), year_interval_text)
    return [None if v is None else str(v) for v in array.to_pylist()]


def _each(values: Iterable[Any], text: Callable[[Any], str]) -> Texts:
    return [None if v is None else text(v) for v in values]


def integers(array: pa.Array, bits: int) -> list[int | None]:
    """A date's days or a timestamp's units, where Python's own types end at year 9999."""
    import pyarrow as pa

    found: list[int | None] = array.view(pa.int32() if bits == 32 else pa.int64()).to_pylist()
    return found


def validity(array: pa.Array) -> Sequence[bool]:
    if array.null_count == 0:
        return [True] * len(array)
    import pyarrow as pa

    bitmap = array.buffers()[0]
    bits = pa.Array.from_buffers(pa.bool_(), len(array), [None, bitmap], offset=array.offset)
    found: list[bool] = bits.to_pylist()
    return found


# --- scalars -------------------------------------------------------------------------------


def hex_text(value: bytes, line_bytes: int = 0) -> str:
    if not line_bytes or len(value) <= line_bytes:
        return value.hex(" ")
    lines = range(0, len(value), line_bytes)
    return "\n".join(value[at : at + line_bytes].hex(" ") for at in lines)


def date_text(days: int) -> str:
    """`2024-02-29`, `-0044-03-15`, `+10000-01-01`; days since 1970-01-01."""
    ordinal = days + _EPOCH_DAY
    if 1 <= ordinal <= 3_652_059:
        return date.fromordinal(ordinal).isoformat()
    cycles, rest = divmod(ordinal - 1, 146_097)
    day = date.fromordinal(rest + 1)
    year = day.year + 400 * cycles
    sign = "+" if year > 9999 else "-" if year < 0 else ""
    return f"{sign}{abs(year):04d}-{day.month:02d}-{day.day:02d}"


def timestamp_text(micros: int, precision: int, finer: str = "") -> str:
    """Microseconds since 1970-01-01; `finer` are the digits after the sixth."""
    if _FIRST <= micros < _LAST:
        whole = (_EPOCH + timedelta(microseconds=micros)).isoformat(" ", "microseconds")
    else:
        days, rest = divmod(micros, _DAY)
        whole = f"{date_text(days)} {_clock(rest)}"
    if precision == 0:
        return whole[:-7]
    if precision <= 6:
        return whole[: len(whole) - 6 + precision]
    return whole + (finer + "000000")[: precision - 6]


def _clock(micros: int) -> str:
    seconds, fraction = divmod(micros, 1_000_000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.{fraction:06d}"


def day_interval_text(millis: int) -> str:
    """`1 02:03:04.567`; milliseconds."""
    sign, rest = ("-", -millis) if millis < 0 else ("", millis)
    seconds, fraction = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{sign}{hours // 24} {hours % 24:02d}:{minute:02d}:{second:02d}.{fraction:03d}"


def year_interval_text(months: int) -> str:
    """`1-2`; months."""
    sign, rest = ("-", -months) if months < 0 else ("", months)
    return f"{sign}{rest // 12}-{rest % 12}"


def _timestamps(array: pa.Array, type: TimestampType) -> Texts:
    if type.with_zone:
        return _zoned(array, type.precision)
    micros, finer = _units(array)
    return [
        None if v is None else timestamp_text(v, type.precision, f)
        for v, f in zip(micros, finer, strict=True)
    ]


def _units(array: pa.Array) -> tuple[list[int | None], list[str]]:
    """Microseconds, and the three digits of the nanoseconds where the array has them."""
    if array.type.unit == "ns":
        nanos = integers(array, 64)
        micros = [None if v is None else v // 1000 for v in nanos]
        return micros, ["" if v is None else f"{v % 1000:03d}" for v in nanos]
    factor = {"us": 1, "ms": 1_000, "s": 1_000_000}[array.type.unit]
    found = integers(array, 64)
    if factor != 1:
        found = [None if v is None else v * factor for v in found]
    return found, [""] * len(found)


def _zoned(array: pa.Array, precision: int) -> Texts:
    instants, zones = array.flatten()
    micros, finer = _units(instants)
    return [
        None
        if v is None or zone is None
        else f"{timestamp_text(local_micros(v, zone), precision, f)} {zone}"
        for v, f, zone in zip(micros, finer, zones.to_pylist(), strict=True)
    ]


def _times(array: pa.Array, type: TimeType) -> Texts:
    if type.with_zone:
        clocks, offsets = array.flatten()
        return [
            None if clock is None or minutes is None else clock + _offset(minutes)
            for clock, minutes in zip(_clocks(clocks, type), offsets.to_pylist(), strict=True)
        ]
    return _clocks(array, type)


def _clocks(array: pa.Array, type: TimeType) -> Texts:
    end = 9 + type.precision if type.precision else 8
    return [None if v is None else f"{_clock(v)}000000"[:end] for v in integers(array, 64)]


def _offset(minutes: int) -> str:
    hours, minute = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{minute:02d}"


# --- values of several parts ---------------------------------------------------------------


def _parts(array: pa.Array, type: Type) -> list[str]:
    return [t if t is not None else "NULL" for t in texts(array, type, LINE_BYTES)]


def spans(array: pa.Array) -> tuple[int, int, list[int], Sequence[bool]]:
    """Of a list or map array: where its children begin and end, its offsets, what is not NULL."""
    offsets: list[int] = array.offsets.to_pylist()
    start, end = offsets[0], offsets[-1]
    return start, end - start, [at - start for at in offsets], validity(array)


def _arrays(array: pa.Array, type: ArrayType) -> Texts:
    start, count, offsets, valid = spans(array)
    parts = _parts(array.values.slice(start, count), type.element)
    return [
        f"[{', '.join(parts[offsets[i] : offsets[i + 1]])}]" if known else None
        for i, known in enumerate(valid)
    ]


def _maps(array: pa.Array, type: MapType) -> Texts:
    start, count, offsets, valid = spans(array)
    keys = array.keys.slice(start, count)
    names = _parts(keys, type.key)
    values = _parts(array.items.slice(start, count), type.value)
    known_keys = javamap.comparable(keys, names, type.key)
    made: Texts = []
    for i, known in enumerate(valid):
        if not known:
            made.append(None)
            continue
        span = range(offsets[i], offsets[i + 1])
        order = javamap.order([known_keys[at] for at in span], type.key) if len(span) > 1 else (0,)
        pairs = (f"{names[span[at]]}={values[span[at]]}" for at in order if span)
        made.append(f"{{{', '.join(pairs)}}}")
    return made


def _rows(array: pa.Array, type: RowType) -> Texts:
    columns = []
    for child, field in zip(array.flatten(), type.fields, strict=True):
        parts = _parts(child, field.type)
        columns.append(parts if field.name is None else [f"{field.name}={part}" for part in parts])
    return [
        f"{{{', '.join(row)}}}" if known else None
        for row, known in zip(zip(*columns, strict=True), validity(array), strict=True)
    ]


def is_numeric(type: Type) -> bool:
    """What trino-cli aligns to the right."""
    return isinstance(type, DecimalType) or type.name in (
        "tinyint", "smallint", "integer", "bigint", "real", "double",
    )  # fmt: skip
