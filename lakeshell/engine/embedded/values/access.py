"""Building and taking apart: arrays, rows, subscripts, fields, `||`, EXTRACT, AT TIME ZONE.

In: `Typed`s. Out: a `Typed`, or Trino's error at the part to blame.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.engine.embedded.values.casts import coerce
from lakeshell.engine.embedded.values.conditions import common
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.typed import (
    Context,
    Typed,
    common_zone,
    duckdb_type,
    failure,
    has_zone,
    refused,
    rejected,
)
from lakeshell.sql import datatypes as t
from lakeshell.sql.ast.nodes import Position
from lakeshell.sql.coercion import can_coerce

_INVALID = "INVALID_FUNCTION_ARGUMENT"


def array(items: Sequence[Typed], at: Position, context: Context) -> Typed:
    """`ARRAY[…]`; without items an array of unknown."""
    values = common(items, at, "All ARRAY elements", context)
    element = values[0].type if values else t.UNKNOWN
    zone = common_zone(values, at) if has_zone(element) else None
    type = t.ArrayType(element)
    sql = ", ".join(v.sql for v in values)
    return Typed(f"CAST([{sql}] AS {duckdb_type(type)})", type, at, zone=zone)


def row(
    items: Sequence[Typed], names: Sequence[str | None], at: Position, context: Context
) -> Typed:
    """`ROW(…)`; `names` are those of `ROW(1 AS a)`."""
    type = t.RowType(tuple(t.RowField(n, v.type) for n, v in zip(names, items, strict=True)))
    zone = common_zone(items, at) if has_zone(type) else None
    duckdb_type(type)
    fields = ", ".join(f"f{i} := {v.sql}" for i, v in enumerate(items))
    return Typed(f"struct_pack({fields})", type, at, zone=zone)


def dereference(base: Typed, name: str, at: Position) -> Typed:
    """The field of a row; the caller knows that there is exactly one of that name."""
    assert isinstance(base.type, t.RowType)
    for i, field in enumerate(base.type.fields):
        if field.name is not None and field.name.lower() == name.lower():
            return _field(base, i, field.type, at)
    raise rejected("INVALID_COLUMN_REFERENCE", f"Invalid reference '{name}'", at)


def _field(base: Typed, index: int, type: t.Type, at: Position) -> Typed:
    zone = base.zone if has_zone(type) else None
    return Typed(f"struct_extract({base.sql}, 'f{index}')", type, at, zone=zone)


# --- subscripts ----------------------------------------------------------------------------------


def subscript(base: Typed, index: Typed, at: Position, context: Context) -> Typed:
    match base.type:
        case t.RowType():
            return _row_subscript(base, base.type, index, at)
        case t.ArrayType(element=element) if can_coerce(index.type, t.BIGINT):
            sql = _array_subscript(base.sql, coerce(index, t.BIGINT, context), element)
            zone = base.zone if has_zone(element) else None
            return Typed(sql, element, at, zone=zone)
        case t.MapType(key=key, value=value) if can_coerce(index.type, key):
            sql = _map_subscript(base.sql, coerce(index, key, context), value, context)
            zone = base.zone if has_zone(value) else None
            return Typed(sql, value, at, zone=zone)
    message = f"Cannot use {index.type} for subscript of {base.type}"
    raise rejected("TYPE_MISMATCH", message, base.at)


def _row_subscript(base: Typed, type: t.RowType, index: Typed, at: Position) -> Typed:
    number = index.value
    if not isinstance(number, int) or index.type not in (t.INTEGER, t.BIGINT):
        message = "Subscript expression on ROW requires a constant index"
        raise rejected("EXPRESSION_NOT_CONSTANT", message, index.at)
    if number <= 0:
        message = f"Invalid subscript index: {number}. ROW indices start at 1"
        raise rejected(_INVALID, message, index.at)
    if number > len(type.fields):
        message = f"Subscript index out of bounds: {number}, max value is {len(type.fields)}"
        raise rejected(_INVALID, message, index.at)
    return _field(base, number - 1, type.fields[number - 1].type, at)


def _array_subscript(x: str, index: Typed, element: t.Type) -> str:
    beyond = failure(
        _INVALID,
        "'Array subscript must be less than or equal to array length: ' || $1 || ' > ' || len($0)",
        element,
        is_sql=True,
    )
    if isinstance(index.value, int) and index.value > 0:
        n = index.value
        return filled(f"(CASE WHEN len($0) < {n} THEN {beyond} ELSE $0[{n}] END)", [x, str(n)])
    zero = failure(_INVALID, "SQL array indices start at 1", element)
    below = failure(_INVALID, "'Array subscript is negative: ' || $1", element, is_sql=True)
    return filled(
        f"(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL WHEN $1 = 0 THEN {zero} "
        f"WHEN $1 < 0 THEN {below} WHEN $1 > len($0) THEN {beyond} ELSE $0[$1] END)",
        [x, index.sql],
    )


def _map_subscript(x: str, key: Typed, value: t.Type, context: Context) -> str:
    if isinstance(key.type, t.ArrayType | t.RowType | t.MapType):
        shown = "''"
        message = "'Key not present in map'"
    else:
        from lakeshell.engine.embedded.values.casts import cast

        shown = cast(Typed("$1", key.type, key.at, zone=key.zone), t.VARCHAR, key.at, context).sql
        message = f"'Key not present in map: ' || {shown}"
    missing = failure(_INVALID, message, value, is_sql=True)
    return filled(
        f"(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL WHEN NOT map_contains($0, $1) "
        f"THEN {missing} ELSE $0[$1] END)",
        [x, key.sql],
    )


# --- ||, EXTRACT, AT TIME ZONE --------------------------------------------------------------------


def concat(values: Sequence[Typed], at: Position, context: Context) -> Typed:
    """`a || b || …`, as the function `concat`."""
    from lakeshell.engine.embedded.functions import registry

    return registry.call_scalar("concat", values, at, context)


_FIELDS = {
    "dow": "day_of_week", "doy": "day_of_year", "yow": "year_of_week", "day_of_month": "day",
}  # fmt: skip
_DATE_FIELDS = frozenset(
    ["year", "quarter", "month", "week", "day", "day_of_week", "day_of_year", "year_of_week"]
)
_TIME_FIELDS = frozenset(["hour", "minute", "second"])
_ZONE_FIELDS = frozenset(["timezone_hour", "timezone_minute"])


def extract(field: str, value: Typed, at: Position, context: Context) -> Typed:
    """`EXTRACT(field FROM value)`, as the function of the field's name."""
    name = _FIELDS.get(field, field)
    if not _has_field(name, value.type):
        message = f"Cannot extract {field.upper()} from {value.type}"
        raise rejected("TYPE_MISMATCH", message, value.at)
    from lakeshell.engine.embedded.functions import registry

    return registry.call_scalar(name, [value], at, context)


def _has_field(name: str, type: t.Type) -> bool:
    match type:
        case t.Type(name="date"):
            return name in _DATE_FIELDS
        case t.TimestampType(with_zone=zoned):
            return name in _DATE_FIELDS | _TIME_FIELDS or (zoned and name in _ZONE_FIELDS)
        case t.TimeType(with_zone=zoned):
            return name in _TIME_FIELDS or (zoned and name in _ZONE_FIELDS)
        case t.INTERVAL_DAY:
            return name in _TIME_FIELDS | {"day"}
        case t.INTERVAL_YEAR:
            return name in ("year", "month")
    return False


def at_time_zone(value: Typed, zone: Typed, at: Position, context: Context) -> Typed:
    """`value AT TIME ZONE zone`: the same instant, shown in another zone."""
    from lakeshell.engine.embedded.values.instants import known_zone

    type = value.type
    if not isinstance(type, t.TimestampType | t.TimeType):
        message = (
            f"Type of value must be a time or timestamp with or without time zone (actual {type})"
        )
        raise rejected("TYPE_MISMATCH", message, value.at)
    name: str | None
    if isinstance(zone.value, str):
        name = known_zone(zone.value)
        if name is None:
            message = f"'{zone.value}' is not a valid time zone"
            raise rejected(_INVALID, message, None)
    elif zone.type == t.INTERVAL_DAY and isinstance(zone.value, int):
        name = _interval_zone(zone.value)
    else:
        raise refused("AT TIME ZONE with a zone that is no literal", zone.at)
    if isinstance(type, t.TimeType):
        raise refused("AT TIME ZONE of a time", at)
    instant = coerce(value, t.TimestampType(type.precision, True), context)
    return Typed(instant.sql, instant.type, at, zone=name)


def _interval_zone(millis: int) -> str:
    minutes, rest = divmod(abs(millis), 60_000)
    if rest or minutes > 14 * 60:
        raise rejected(_INVALID, f"Invalid time zone offset interval: {millis}", None)
    if minutes == 0:
        return "UTC"
    return f"{'-' if millis < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
