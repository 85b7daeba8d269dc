"""A column of values as SQLite keeps them, as an Arrow array of its column's Trino type.

In: int64, float64, string or binary arrays. Out: an array of the type's Arrow form, or
`Undecided` where whole columns cannot be converted at once and each value must be looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from lakeshell.source.values import BITS
from lakeshell.sql.arrow import arrow_type
from lakeshell.sql.datatypes import (
    BOOLEAN,
    DATE,
    DOUBLE,
    VARBINARY,
    CharType,
    DecimalType,
    TimestampType,
    TimeType,
    Type,
    VarcharType,
)

FLOAT_DIGITS = 15
"""Decimals of so many digits are kept by a double without loss."""

Convert = Callable[[pa.Array], pa.Array]


class Undecided(Exception):
    """Some value of the array needs a look of its own."""


def whole_column(type: Type, declared: str = "") -> Convert:
    """The function that converts a whole array; it raises `Undecided`."""
    if type.name in BITS:
        return partial(_cast, pa.int64(), arrow_type(type))
    if declared.strip().lower().startswith("year"):
        return _none
    match type:
        case DecimalType() if type.precision <= FLOAT_DIGITS:
            return partial(_decimal, type)
        case DecimalType() if type.scale <= FLOAT_DIGITS:
            return partial(_tagged_decimal, type)
        case VarcharType() | CharType():
            return partial(_text, type.length, isinstance(type, CharType))
        case TimestampType(with_zone=False) | TimeType(with_zone=False):
            return partial(_temporal, arrow_type(type), 10 ** (6 - type.precision))
    plain: dict[Type, Convert] = {
        DOUBLE: partial(_cast, pa.float64(), pa.float64()),
        DATE: partial(_cast, pa.string(), pa.date32()),
        VARBINARY: partial(_cast, pa.binary(), pa.binary()),
        BOOLEAN: _boolean,
    }
    return plain.get(type, _none)


def _none(array: pa.Array) -> pa.Array:
    raise Undecided


def _cast(expected: pa.DataType, wanted: pa.DataType, array: pa.Array) -> pa.Array:
    if array.type != expected:
        raise Undecided
    if pa.types.is_string(expected):
        _check_utf8(array)
    try:
        return array if expected == wanted else array.cast(wanted)
    except pa.ArrowInvalid as error:
        raise Undecided from error


def _check_utf8(array: pa.Array) -> None:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid as error:
        raise Undecided from error


def _text(length: int | None, fixed: bool, array: pa.Array) -> pa.Array:
    if array.type != pa.string():
        raise Undecided
    _check_utf8(array)
    if fixed:
        array = pc.utf8_rtrim(array, characters=" ")
    if length is not None:
        longest = pc.max(pc.binary_length(array)).as_py() or 0
        if longest > length and (pc.max(pc.utf8_length(array)).as_py() or 0) > length:
            raise Undecided
    return array


def _temporal(wanted: pa.DataType, unit: int, array: pa.Array) -> pa.Array:
    if pa.types.is_time(wanted) and pa.types.is_string(array.type):
        # Arrow reads no times of day, but times of a day.
        dated = pc.binary_join_element_wise("1970-01-01", array, " ")
        made = _cast(pa.string(), pa.timestamp("us"), dated).cast(wanted)
    else:
        made = _cast(pa.string(), wanted, array)
    if unit > 1:
        count = made.cast(pa.int64())
        if not _all(pc.equal(count, pc.multiply(pc.divide(count, unit), unit))):
            raise Undecided
    return made


def _decimal(type: DecimalType, array: pa.Array) -> pa.Array:
    """Of doubles that are each the nearest one to a decimal of the wanted scale."""
    if array.type != pa.float64():
        raise Undecided
    power = 10.0**type.scale
    units = pc.round(pc.multiply(array, power))
    if not _all(pc.less(pc.abs(units), 10.0 ** min(type.precision, FLOAT_DIGITS))):
        raise Undecided
    if not _all(pc.equal(pc.divide(units, power), array)):
        raise Undecided
    wide = units.cast(pa.int64()).cast(pa.decimal128(19, 0))
    # The same 128-bit integers, read as so many units of the scale.
    return pa.Array.from_buffers(arrow_type(type), len(wide), wide.buffers(), wide.null_count)


def _tagged_decimal(type: DecimalType, array: pa.Array) -> pa.Array:
    """Of numbers behind a letter for their kind, `i` or `r`, where a double would hold each."""
    if array.type != pa.string():
        raise Undecided
    kinds = pc.utf8_slice_codeunits(array, 0, 1)
    if not _all(pc.or_(pc.equal(kinds, "i"), pc.equal(kinds, "r"))):
        raise Undecided
    return _decimal(type, _cast(pa.string(), pa.float64(), pc.utf8_slice_codeunits(array, 1)))


def _boolean(array: pa.Array) -> pa.Array:
    if array.type != pa.int64():
        raise Undecided
    if not _all(pc.and_(pc.greater_equal(array, 0), pc.less_equal(array, 1))):
        raise Undecided
    return array.cast(pa.bool_())


def _all(conditions: pa.Array) -> bool:
    return pc.all(conditions, skip_nulls=True).as_py() is not False
