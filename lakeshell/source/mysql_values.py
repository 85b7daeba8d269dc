"""How the values of a MySQL column leave the server exactly, and become Arrow arrays.

    column -> an SQL expression of whole numbers, doubles, text or bytes -> a raw array -> its type

No driver changes such values. Decimals, dates and times of day leave as whole numbers where 64 bits
hold them, which costs half of what text does:

    decimal(p,s), p up to 18    value * 10^s
    date                        its digits, 20240229
    datetime, timestamp         its digits, 20240229123456, if it has no fraction of a second

Digits and no count of days, for MySQL has dates that are no day: 0000-00-00, 2024-01-00.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakeshell.source.arrays import Convert, Undecided, whole_column
from lakeshell.source.values import Value
from lakeshell.sql.arrow import arrow_type
from lakeshell.sql.datatypes import (
    DATE,
    JSON,
    REAL,
    VARBINARY,
    DecimalType,
    TimestampType,
    TimeType,
    Type,
)

MAX_DIGITS = 18
"""Decimals of so many digits fit 64 bits."""
_DAY = 1_000_000
"""What the digits of a day are followed by, in those of a time: six more."""


def expression(name: str, kind: str, type: Type) -> str:
    """SQL for the values of the column `name` (quoted)."""
    kind = kind.partition("(")[0].split()[0].lower()
    match type:
        case DecimalType(precision=precision, scale=scale) if precision <= MAX_DIGITS:
            return f"CAST({name} * {10**scale} AS SIGNED)"
        case TimestampType(precision=0):
            return f"CAST({name} AS SIGNED)"
        case DecimalType() | TimestampType() | TimeType():
            return f"CAST({name} AS CHAR)"
    if kind == "bit":
        return f"CAST({name} AS UNSIGNED)"
    if kind == "float":
        # As text a FLOAT shows six digits; as a double, all that it has.
        return f"({name} + 0e0)"
    if kind == "year":
        return f"IF({name} = 0, '0000-00-00', CONCAT({name}, '-01-01'))"
    if type == DATE:
        return f"CAST({name} AS SIGNED)"
    if type == JSON or kind in ("enum", "set"):
        return f"CAST({name} AS CHAR)"
    return f"HEX({name})" if type == VARBINARY else name


def whole(type: Type) -> Convert:
    """Converts a whole array of `expression`'s values; raises `Undecided`."""
    match type:
        case DecimalType(precision=precision) if precision <= MAX_DIGITS:
            return partial(_units, type)
        case DecimalType():
            return partial(_cast_text, arrow_type(type))
        case TimestampType(with_zone=True):
            return partial(_zoned, whole(TimestampType(type.precision)))
        case TimestampType(precision=0):
            return _instants
    made = {VARBINARY: _from_hex, REAL: _real, DATE: _days}.get(type)
    return whole_column(type) if made is None else made


def values(array: pa.Array, type: Type) -> Iterator[Value]:
    """The values of such an array one by one, whole numbers of something else as its text."""
    text: Callable[[int], str] | None = None
    if pa.types.is_integer(array.type):
        match type:
            case DecimalType():
                text = partial(_decimal_text, type.scale)
            case TimestampType():
                text = _instant_text
            case _ if type == DATE:
                text = _date_text
    for value in array.to_pylist():
        yield value if text is None or value is None else text(value)


def _decimal_text(scale: int, units: int) -> str:
    return format(Decimal(units).scaleb(-scale), "f")


def _date_text(digits: int) -> str:
    written = f"{digits:08}"
    return f"{written[:-4]}-{written[-4:-2]}-{written[-2:]}"


def _instant_text(digits: int) -> str:
    day, time = divmod(digits, _DAY)
    written = f"{time:06}"
    return f"{_date_text(day)} {written[:2]}:{written[2:4]}:{written[4:]}"


def plain(array: pa.Array) -> pa.Array:
    """A driver's array as int64, float64, string or binary."""
    kind = array.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return array.cast(pa.int64())
    if pa.types.is_floating(kind):
        return array.cast(pa.float64())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return array.cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        # A driver takes text under a binary collation for bytes.
        whole_bytes = array.cast(pa.binary())
        try:
            return whole_bytes.cast(pa.string())
        except pa.ArrowInvalid:
            return whole_bytes
    if pa.types.is_null(kind):
        return array.cast(pa.string())
    return array


def _units(type: DecimalType, array: pa.Array) -> pa.Array:
    """The same 128-bit integers, read as so many units of the scale."""
    bounds = pc.min_max(_integers(array)).as_py()
    largest = max(abs(bounds["min"] or 0), abs(bounds["max"] or 0))
    if largest >= 10**type.precision:
        raise Undecided
    wide = array.cast(pa.decimal128(19, 0))
    return pa.Array.from_buffers(arrow_type(type), len(wide), wide.buffers(), wide.null_count)


def _days(array: pa.Array) -> pa.Array:
    if array.type == pa.string():
        return _cast_text(pa.date32(), array)
    # The few days that many rows share are read as text, which refuses what is no day.
    coded = _integers(array).dictionary_encode()
    digits = pc.utf8_lpad(coded.dictionary.cast(pa.string()), 8, "0")
    parts = [pc.utf8_slice_codeunits(digits, *part) for part in ((0, 4), (4, 6), (6, 8))]
    days = _cast_text(pa.date32(), pc.binary_join_element_wise(*parts, "-"))
    return days.take(coded.indices)


def _instants(array: pa.Array) -> pa.Array:
    day = pc.divide(_integers(array), _DAY)
    time = pc.subtract(array, pc.multiply(day, _DAY))
    # An hour's digits count 10,000 each and not 3,600, a minute's 100 and not 60.
    late = pc.multiply(pc.divide(time, 100), 40)
    later = pc.multiply(pc.divide(time, 10_000), 2_400)
    seconds = pc.subtract(pc.subtract(time, late), later)
    days = _days(day).cast(pa.int32()).cast(pa.int64())
    counted = pc.add(pc.multiply(days, 86_400), seconds)
    return counted.cast(pa.timestamp("s")).cast(pa.timestamp("us"))


def _integers(array: pa.Array) -> pa.Array:
    if array.type != pa.int64():
        raise Undecided
    return array


def _guarded(convert: Callable[[], Any]) -> Any:
    try:
        return convert()
    except pa.ArrowInvalid as error:
        raise Undecided from error


def _cast_text(wanted: pa.DataType, array: pa.Array) -> pa.Array:
    if array.type != pa.string():
        raise Undecided
    return _guarded(lambda: array.cast(wanted))


def _real(array: pa.Array) -> pa.Array:
    if array.type != pa.float64():
        raise Undecided
    return array.cast(pa.float32(), safe=False)


def _zoned(local: Convert, array: pa.Array) -> pa.Array:
    instants = local(array).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    zones = pc.if_else(array.is_valid(), pa.scalar("UTC"), pa.scalar(None, pa.string()))
    fields = arrow_type(TimestampType(6, True))
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays([instants, zones], fields=list(fields), mask=mask)


def _from_hex(array: pa.Array) -> pa.Array:
    """Hexadecimal digits as bytes, through one decode of the whole column."""
    if array.type != pa.string():
        raise Undecided
    lengths = pc.fill_null(pc.divide(pc.binary_length(array).cast(pa.int64()), 2), 0)
    ends = pc.cumulative_sum(lengths).cast(pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    text = b"".join(v for v in array.cast(pa.binary()).to_pylist() if v is not None)
    data = pa.py_buffer(bytes.fromhex(text.decode("ascii")))
    made = pa.Array.from_buffers(pa.binary(), len(array), [None, offsets.buffers()[1], data])
    if array.null_count:
        made = pc.if_else(array.is_valid(), made, pa.scalar(None, pa.binary()))
    return made
