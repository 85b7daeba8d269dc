"""What a Trino type may silently become, and the type that two types have in common.

In: types. Out: types and yes or no. Pure; converting values is the engines' work.
"""

from __future__ import annotations

from collections.abc import Iterable

from lakeshell.sql.datatypes import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    MAX_PRECISION,
    REAL,
    SMALLINT,
    TINYINT,
    UNKNOWN,
    ArrayType,
    CharType,
    DecimalType,
    MapType,
    RowField,
    RowType,
    TimestampType,
    TimeType,
    Type,
    VarcharType,
)

MAX_CHAR = 65_536

_WIDER = {
    TINYINT: ("smallint", "integer", "bigint", "real", "double"),
    SMALLINT: ("integer", "bigint", "real", "double"),
    INTEGER: ("bigint", "real", "double"),
    BIGINT: ("real", "double"),
    REAL: ("double",),
}
_PLAIN = {t.name: t for t in (SMALLINT, INTEGER, BIGINT, REAL, DOUBLE)}
INTEGRAL_DIGITS = {TINYINT: 3, SMALLINT: 5, INTEGER: 10, BIGINT: 19}
"""The precision of the decimal that holds every value of an integral type."""


def can_coerce(source: Type, target: Type) -> bool:
    """Whether a value of `source` is taken where `target` is wanted, without a cast."""
    found = _compatible(source, target)
    return found is not None and found[1]


def common_type(first: Type, second: Type) -> Type | None:
    """The type that both become when they meet (in CASE, IN, UNION, `=`); None without one."""
    found = _compatible(first, second)
    return None if found is None else found[0]


def common_type_of(types: Iterable[Type]) -> Type | None:
    """The common type of all; `unknown` for none."""
    made: Type = UNKNOWN
    for type in types:
        common = common_type(made, type)
        if common is None:
            return None
        made = common
    return made


def widened(source: Type, base: str) -> Type | None:
    """The narrowest type named `base` that holds every value of `source`, where Trino widens."""
    if source.name == base:
        return source
    if base in _WIDER.get(source, ()):
        return _PLAIN[base]
    match source:
        case DecimalType() if base in ("real", "double"):
            return _PLAIN[base]
        case VarcharType() if base == "char":
            return CharType(min(MAX_CHAR, MAX_CHAR if source.length is None else source.length))
        case TimeType() if base == "time with time zone":
            return TimeType(source.precision, True)
        case TimestampType() if base == "timestamp with time zone" and not source.with_zone:
            return TimestampType(source.precision, True)
    if source in INTEGRAL_DIGITS and base == "decimal":
        return DecimalType(INTEGRAL_DIGITS[source], 0)
    if source == DATE and base in ("timestamp", "timestamp with time zone"):
        return TimestampType(0, base != "timestamp")
    if source == UNKNOWN:
        return {"varchar": VarcharType(0), "char": CharType(0), "decimal": DecimalType(1, 0)}.get(
            base, _PLAIN.get(base)
        )
    return None


def _compatible(source: Type, target: Type) -> tuple[Type, bool] | None:
    """The common type, and whether it is `target` so that `source` may become it."""
    if source in (target, UNKNOWN):
        return target, True
    if target == UNKNOWN:
        return source, False
    if source.name == target.name:
        return _same_name(source, target)
    wider = widened(source, target.name)
    if wider is not None:
        return _compatible(wider, target)
    wider = widened(target, source.name)
    if wider is not None:
        found = _compatible(source, wider)
        return None if found is None else (found[0], False)
    return None


def _same_name(source: Type, target: Type) -> tuple[Type, bool] | None:
    common: Type
    match source, target:
        case DecimalType(), DecimalType():
            common = common_decimal(source, target)
        case VarcharType(), VarcharType():
            lengths = (source.length, target.length)
            common = VarcharType(
                None if None in lengths else max(n for n in lengths if n is not None)
            )
        case CharType(), CharType():
            common = CharType(max(source.length, target.length))
        case TimestampType(), TimestampType():
            common = TimestampType(max(source.precision, target.precision), target.with_zone)
        case TimeType(), TimeType():
            common = TimeType(max(source.precision, target.precision), target.with_zone)
        case RowType(), RowType():
            return _rows(source, target)
        case ArrayType(), ArrayType():
            element = _compatible(source.element, target.element)
            return None if element is None else (ArrayType(element[0]), element[1])
        case MapType(), MapType():
            key = _compatible(source.key, target.key)
            value = _compatible(source.value, target.value)
            if key is None or value is None:
                return None
            return MapType(key[0], value[0]), key[1] and value[1]
        case _:
            return None
    return common, common == target


def common_decimal(first: DecimalType, second: DecimalType) -> DecimalType:
    scale = max(first.scale, second.scale)
    whole = max(first.precision - first.scale, second.precision - second.scale)
    return DecimalType(min(MAX_PRECISION, whole + scale), scale)


def _rows(source: RowType, target: RowType) -> tuple[Type, bool] | None:
    if len(source.fields) != len(target.fields):
        return None
    fields: list[RowField] = []
    coercible = True
    for mine, wanted in zip(source.fields, target.fields, strict=True):
        found = _compatible(mine.type, wanted.type)
        if found is None:
            return None
        fields.append(RowField(mine.name if mine.name == wanted.name else None, found[0]))
        coercible = coercible and found[1]
    return RowType(tuple(fields)), coercible


_UNCOMPARABLE = {"hyperloglog", "p4hyperloglog", "setdigest", "geometry", "function", "jsonpath"}


def is_comparable(type: Type) -> bool:
    """Whether `=` knows the type."""
    match type:
        case ArrayType():
            return is_comparable(type.element)
        case MapType():
            return is_comparable(type.key) and is_comparable(type.value)
        case RowType():
            return all(is_comparable(f.type) for f in type.fields)
    return type.name not in _UNCOMPARABLE


def is_orderable(type: Type) -> bool:
    """Whether `<` and ORDER BY know the type."""
    match type:
        case ArrayType():
            return is_orderable(type.element)
        case RowType():
            return all(is_orderable(f.type) for f in type.fields)
        case MapType():
            return False
    return type.name not in _UNCOMPARABLE and type.name not in ("json", "color")
