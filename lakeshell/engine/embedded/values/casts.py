"""Casts: explicit, implicit, and those of INSERT.

In: a `Typed` and the type wanted. Out: a `Typed` of that type, or Trino's TYPE_MISMATCH. What can
only fail on a value fails when DuckDB evaluates it, with Trino's error, or makes NULL under
TRY_CAST. The conversions themselves are in `casts_numeric`, `casts_text` and `casts_temporal`.
"""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from lakeshell.engine.embedded.values.typed import (
    NOT_CONSTANT,
    Context,
    Typed,
    duckdb_literal,
    duckdb_type,
    failure,
    has_zone,
    refused,
    rejected,
)
from lakeshell.sql import datatypes as t
from lakeshell.sql.coercion import can_coerce

if TYPE_CHECKING:
    from lakeshell.sql.ast.nodes import Position

INVALID = "INVALID_CAST_ARGUMENT"
OUT_OF_RANGE = "NUMERIC_VALUE_OUT_OF_RANGE"


class Casting:
    """One cast: its types, where it is, and whether it may fail. Zones are those of the values."""

    __slots__ = ("at", "context", "safe", "source", "source_zone", "target", "target_zone")

    def __init__(
        self, value: Typed, target: t.Type, at: Position, context: Context, safe: bool
    ) -> None:
        self.source = value.type
        self.target = target
        self.at = at
        self.context = context
        self.safe = safe
        self.source_zone = value.zone
        self.target_zone = value.zone if has_zone(value.type) else context.zone

    def part(self, source: t.Type, target: t.Type) -> Casting:
        """The same for a part of the value."""
        made = Casting(Typed("", source), target, self.at, self.context, self.safe)
        made.source_zone, made.target_zone = self.source_zone, self.target_zone
        return made

    def fail(self, message: str, code: str = INVALID, *, is_sql: bool = False) -> str:
        if self.safe:
            return "NULL"
        return failure(code, message, self.target, is_sql=is_sql)


Conversion: TypeAlias = Callable[[str, Casting], str]

_NUMERIC = ["boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal"]
_TEMPORAL = ["date", "time", "timestamp", "time with time zone", "timestamp with time zone"]


def cast(value: Typed, to: t.Type, at: Position, context: Context, safe: bool = False) -> Typed:
    """CAST, or TRY_CAST when `safe`; `at` is where the CAST starts."""
    if value.type == to:
        return value.moved(at)
    if value.type == t.UNKNOWN:
        return Typed(duckdb_literal(None, to), to, at, None, _zone_of(to, value, context))
    if t.JSON in (value.type, to):
        return _json(value, to, at, context, safe)
    constant = None if safe else _widened_constant(value, to)
    if constant is not None:
        return constant.moved(at)
    nested = isinstance(to, t.ArrayType | t.MapType | t.RowType)
    casting = Casting(value, to, at, context, safe and not nested)
    folded = _folded(value, casting)
    if folded is not None:
        return folded
    sql = converted(value.sql, casting)
    if safe and nested:
        # one part that fails makes the whole NULL
        sql = f"TRY({sql})"
    return Typed(sql, to, at, zone=casting.target_zone if has_zone(to) else None)


def coerce(value: Typed, to: t.Type, context: Context) -> Typed:
    """Implicit widening. The caller has made sure, with `can_coerce`, that it is allowed."""
    if value.type == to:
        return value
    constant = _widened_constant(value, to)
    if constant is not None:
        return constant
    return cast(value, to, value.at, context).moved(value.at)


def assign(value: Typed, to: t.Type, context: Context) -> Typed:
    """The value as a column of type `to` takes it in INSERT, UPDATE and MERGE.

    Like a coercion, but shorter text is fine where only blanks are lost; Trino says
    INVALID_CAST_ARGUMENT otherwise. The caller has checked `can_assign`.
    """
    match value.type, to:
        case ((t.VarcharType() | t.CharType()), (t.VarcharType() | t.CharType())):
            if to.length is not None and not can_coerce(value.type, to):
                return _truncated(value, to, context)
    return cast(value, to, value.at, context)


def can_assign(source: t.Type, target: t.Type) -> bool:
    """Whether INSERT takes `source` for a column of `target`."""
    if can_coerce(source, target):
        return True
    match source, target:
        case ((t.VarcharType() | t.CharType()), (t.VarcharType() | t.CharType())):
            return True
        case t.ArrayType(), t.ArrayType():
            return can_assign(source.element, target.element)
        case t.RowType(), t.RowType():
            pairs = zip(source.fields, target.fields, strict=False)
            return len(source.fields) == len(target.fields) and all(
                can_assign(a.type, b.type) for a, b in pairs
            )
    return False


def _truncated(value: Typed, to: t.VarcharType | t.CharType, context: Context) -> Typed:
    x, n = f"rtrim({value.sql}, ' ')", to.length
    message = f"'Cannot truncate non-space characters when casting from {value.type} to {to}'"
    fails = failure("INVALID_CAST_ARGUMENT", message, to, is_sql=True)
    kept = cast(value, to, value.at, context)
    sql = f"(CASE WHEN length({x}) > {n} THEN {fails} ELSE {kept.sql} END)"
    return Typed(sql, to, value.at)


def _zone_of(type: t.Type, value: Typed, context: Context) -> str | None:
    return (value.zone or context.zone) if has_zone(type) else None


def _json(value: Typed, to: t.Type, at: Position, context: Context, safe: bool) -> Typed:
    functions: Any = importlib.import_module("lakeshell.engine.embedded.values.casts_json")
    made: Typed = (
        functions.to_json(value, at, context, safe)
        if to == t.JSON
        else functions.from_json(value, to, at, context, safe)
    )
    return made


def _widened_constant(value: Typed, to: t.Type) -> Typed | None:
    """A literal as a literal of the wider type; None where it is left to DuckDB."""
    known = value.value
    if known is NOT_CONSTANT:
        return None
    if known is None:
        return Typed(duckdb_literal(None, to), to, value.at, None, value.zone)
    made: Any = NOT_CONSTANT
    match value.type, to:
        case t.VarcharType(), t.VarcharType(length=None):
            made = known
        case t.VarcharType(), t.VarcharType(length=int() as n) if len(known) <= n:
            made = known
        case t.VarcharType(), t.CharType(length=n) if len(known) <= n:
            made = known.rstrip(" ")
        case _, t.DecimalType() if isinstance(known, int) and value.type in t.INTEGRAL:
            if abs(known) < 10 ** (to.precision - to.scale):
                made = Decimal(known)
        case t.DecimalType(), t.DecimalType():
            if can_coerce(value.type, to) and abs(known) < 10 ** (to.precision - to.scale):
                made = known
        case _, _ if value.type in t.INTEGRAL and to in t.INTEGRAL:
            if can_coerce(value.type, to):
                made = known
        case _, t.DOUBLE if value.type in t.INTEGRAL or isinstance(value.type, t.DecimalType):
            made = float(known)
        case t.DATE, t.TimestampType(with_zone=False, precision=p) if p <= 6:
            made = dt.datetime.combine(known, dt.time())
        case t.TimestampType(precision=p), t.TimestampType(precision=q) if p <= q <= 6:
            if value.type.name == to.name:
                made = known
    if made is NOT_CONSTANT:
        return None
    return Typed(duckdb_literal(made, to), to, value.at, made, value.zone)


def _folded(value: Typed, casting: Casting) -> Typed | None:
    """Text with a time zone in it: only a literal's zone is known while binding."""
    target = casting.target
    if not isinstance(casting.source, t.VarcharType) or not isinstance(value.value, str):
        return None
    if not isinstance(target, t.TimestampType | t.TimeType) or not target.with_zone:
        return None
    from lakeshell.engine.embedded.values import instants

    made = instants.parsed(value.value, target, casting.context.zone)
    if made is None:
        message = f"Value cannot be cast to {target.name.split()[0]}: {value.value}"
        return Typed(casting.fail(message), target, casting.at, zone=casting.context.zone)
    moment, zone = made
    return Typed(duckdb_literal(moment, target), target, casting.at, moment, zone)


def converted(sql: str, casting: Casting) -> str:
    """DuckDB SQL that converts `sql`; raises TYPE_MISMATCH where Trino has no such cast."""
    source, target = casting.source, casting.target
    if source == target:
        return sql
    if source == t.UNKNOWN:
        return duckdb_literal(None, target)
    match source, target:
        case t.ArrayType(), t.ArrayType():
            return _array(sql, casting.part(source.element, target.element), target)
        case t.MapType(), t.MapType():
            return _map(sql, casting, source, target)
        case t.RowType(), t.RowType() if len(source.fields) == len(target.fields):
            return _row(sql, casting, source, target)
        case t.RowType(), _ if len(source.fields) == 1 and not isinstance(target, t.RowType):
            field = casting.part(source.fields[0].type, target)
            return converted(f"struct_extract({sql}, 'f0')", field)
    found = _conversion(source, target)
    if found is None:
        message = f"Cannot cast {source} to {target}"
        raise rejected("TYPE_MISMATCH", message, casting.at)
    if "json" in (source.name, target.name):
        raise refused(f"a cast between json and parts of {source}", casting.at)
    duckdb_type(source), duckdb_type(target)
    return found(sql, casting)


def _conversion(source: t.Type, target: t.Type) -> Conversion | None:
    a, b = source.name, target.name
    if a in _NUMERIC and b in _NUMERIC:
        module = "casts_numeric"
    elif a in _TEMPORAL and b in _TEMPORAL:
        module = "casts_temporal"
    elif "varchar" in (a, b) or "char" in (a, b) or "uuid" in (a, b):
        module = "casts_text"
    else:
        return None
    loaded: Any = importlib.import_module(f"lakeshell.engine.embedded.values.{module}")
    found: Conversion | None = loaded.conversion(source, target)
    return found


def is_natural(source: t.Type, target: t.Type) -> bool:
    """Whether DuckDB's own CAST does what Trino's does, for every value."""
    if duckdb_type(source) == duckdb_type(target):
        if isinstance(source, t.VarcharType):
            return can_coerce(source, target) and isinstance(target, t.VarcharType)
        return source.name == target.name and can_coerce(source, target)
    if isinstance(source, t.DecimalType):
        return (
            isinstance(target, t.DecimalType)
            and source.scale <= target.scale
            and source.precision - source.scale <= target.precision - target.scale
        )
    return source in (*t.INTEGRAL, t.REAL) and (
        target in (*t.INTEGRAL, t.DOUBLE) and can_coerce(source, target)
    )


def _array(sql: str, casting: Casting, target: t.Type) -> str:
    if is_natural(casting.source, casting.target):
        return f"CAST({sql} AS {duckdb_type(target)})"
    return f"list_transform({sql}, lambda e: {converted('e', casting)})"


def _map(sql: str, casting: Casting, source: t.MapType, target: t.MapType) -> str:
    key = casting.part(source.key, target.key)
    value = casting.part(source.value, target.value)
    if is_natural(source.key, target.key) and is_natural(source.value, target.value):
        return f"CAST({sql} AS {duckdb_type(target)})"
    keys = f"list_transform(map_keys(m), lambda e: {converted('e', key)})"
    values = f"list_transform(map_values(m), lambda e: {converted('e', value)})"
    fails = casting.fail("duplicate keys")
    built = (
        f"CASE WHEN m IS NULL THEN NULL WHEN len(list_distinct({keys})) < len({keys}) "
        f"THEN {fails} ELSE map({keys}, {values}) END"
    )
    return f"list_transform([{sql}], lambda m: {built})[1]"


def _row(sql: str, casting: Casting, source: t.RowType, target: t.RowType) -> str:
    pairs = list(zip(source.fields, target.fields, strict=True))
    if all(is_natural(a.type, b.type) for a, b in pairs):
        return f"CAST({sql} AS {duckdb_type(target)})"
    fields = ", ".join(
        f"f{i} := " + converted(f"struct_extract(r, 'f{i}')", casting.part(a.type, b.type))
        for i, (a, b) in enumerate(pairs)
    )
    built = f"CASE WHEN r IS NULL THEN NULL ELSE struct_pack({fields}) END"
    return f"list_transform([{sql}], lambda r: {built})[1]"
