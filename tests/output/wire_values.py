"""Arrow arrays of the values that Trino's protocol sends as JSON, for comparing with its CLI."""

from __future__ import annotations

import base64
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from lakeshell.model import Column
from lakeshell.sql.arrow import arrow_type
from lakeshell.sql.datatypes import (
    ArrayType,
    DecimalType,
    MapType,
    RowType,
    TimestampType,
    TimeType,
    Type,
    parse_type,
)
from lakeshell.sql.zones import offset_micros

_DAY = 86_400_000_000


def columns_of(described: list[list[str]]) -> list[Column]:
    return [Column(name, parse_type(type)) for name, type in described]


def batch_of(columns: list[Column], rows: list[list[Any]]) -> pa.RecordBatch:
    arrays = [array_of([row[i] for row in rows], c.type) for i, c in enumerate(columns)]
    return pa.RecordBatch.from_arrays(arrays, names=[c.name for c in columns])


def array_of(values: list[Any], type: Type) -> pa.Array:
    kind = arrow_type(type)
    found = [None if v is None else _value(v, type) for v in values]
    match type:
        case ArrayType():
            flat = [x for v in found if v is not None for x in v]
            return pa.ListArray.from_arrays(
                _offsets(found), array_of(flat, type.element), type=kind, mask=_mask(found)
            )
        case MapType():
            pairs = [pair for v in found if v is not None for pair in v]
            return pa.MapArray.from_arrays(
                _offsets(found),
                array_of([_key(k, type.key) for k, _ in pairs], type.key),
                array_of([v for _, v in pairs], type.value),
                type=kind,
                mask=_mask(found),
            )
        case RowType():
            children = [
                array_of([None if v is None else v[i] for v in found], field.type)
                for i, field in enumerate(type.fields)
            ]
            return pa.StructArray.from_arrays(children, fields=list(kind), mask=_mask(found))
        case TimestampType(with_zone=True):
            instants = pa.array([v and v[0] for v in found], pa.int64()).view(kind.field(0).type)
            zones = pa.array([v and v[1] for v in found], pa.string())
            return pa.StructArray.from_arrays(
                [instants, zones], fields=list(kind), mask=_mask(found)
            )
        case TimeType(with_zone=True):
            clocks = pa.array([v and v[0] for v in found], pa.int64()).view(pa.time64("us"))
            offsets = pa.array([v and v[1] for v in found], pa.int32())
            return pa.StructArray.from_arrays(
                [clocks, offsets], fields=list(kind), mask=_mask(found)
            )
        case TimestampType() | TimeType():
            return pa.array(found, pa.int64()).view(kind)
    if type.name == "date":
        return pa.array(found, pa.int32()).view(kind)
    return pa.array(found, kind)


def _mask(values: list[Any]) -> pa.Array:
    return pa.array([v is None for v in values], pa.bool_())


def _offsets(values: list[Any]) -> pa.Array:
    offsets = [0]
    for value in values:
        offsets.append(offsets[-1] + len(value or ()))
    return pa.array(offsets, pa.int32())


def _key(text: str, type: Type) -> Any:
    """Keys of maps are always text on the wire."""
    if type.name in ("tinyint", "smallint", "integer", "bigint"):
        return int(text)
    return text == "true" if type.name == "boolean" else text


def _value(value: Any, type: Type) -> Any:
    match type:
        case DecimalType():
            return Decimal(value)
        case MapType():
            return list(value.items())
        case TimestampType():
            moment, _, zone = value.rpartition(" ") if type.with_zone else (value, "", "")
            units = _moment(moment, type.precision)
            if not zone:
                return units
            guess = units - offset_micros(units, zone)
            return units - offset_micros(guess, zone), zone
        case TimeType():
            clock, sign, offset = re.fullmatch(r"([^+-]+)(?:([+-])(.*))?", value).groups()
            if not type.with_zone:
                return _clock(clock)
            hours, minutes = map(int, offset.split(":"))
            return _clock(clock), (hours * 60 + minutes) * (-1 if sign == "-" else 1)
    match type.name:
        case "real" | "double":
            return float(value.replace("Infinity", "inf")) if isinstance(value, str) else value
        case "varbinary":
            return base64.b64decode(value)
        case "char":
            return value.rstrip(" ")
        case "date":
            return _days(value)
        case "interval year to month":
            sign, years, months = re.fullmatch(r"(-?)(\d+)-(\d+)", value).groups()
            return (int(years) * 12 + int(months)) * (-1 if sign else 1)
        case "interval day to second":
            sign, days, clock = re.fullmatch(r"(-?)(\d+) (.*)", value).groups()
            return (int(days) * _DAY + _clock(clock)) // 1000 * (-1 if sign else 1)
    return value


def _moment(text: str, precision: int) -> int:
    day, _, clock = text.partition(" ")
    if precision <= 6:
        return _days(day) * _DAY + _clock(clock)
    return _days(day) * _DAY * 1000 + _clock(clock[:8]) * 1000 + int(clock[9:].ljust(9, "0"))


def _clock(text: str) -> int:
    whole, _, fraction = text.partition(".")
    hours, minutes, seconds = map(int, whole.split(":"))
    return (hours * 3600 + minutes * 60 + seconds) * 1_000_000 + int(fraction.ljust(6, "0")[:6])


def _days(text: str) -> int:
    sign, year, month, day = re.fullmatch(r"([+-]?)(\d+)-(\d\d)-(\d\d)", text).groups()
    whole = int(year) * (-1 if sign == "-" else 1)
    cycle = (whole - 2000) // 400
    near = date(whole - cycle * 400, int(month), int(day))
    return near.toordinal() - date(1970, 1, 1).toordinal() + cycle * 146_097
