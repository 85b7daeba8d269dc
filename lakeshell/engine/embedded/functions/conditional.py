"""IF, NULLIF, COALESCE, TRY, GREATEST, LEAST, typeof: calls that are forms of the language.

In: the arguments as bound. Out: a `Typed`. TRY covers what fails while running inside it, not what
is wrong with its text.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.engine.embedded.functions.registry import Call, Entry
from lakeshell.engine.embedded.values.casts import coerce
from lakeshell.engine.embedded.values.comparison import compare
from lakeshell.engine.embedded.values.conditions import as_boolean, common
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.literals import constant
from lakeshell.engine.embedded.values.typed import (
    Context,
    Typed,
    common_zone,
    has_zone,
    ordering_key,
    refused,
    rejected,
)
from lakeshell.sql import datatypes as t
from lakeshell.sql.coercion import common_type


def _values(call: Call) -> list[Typed]:
    return [a for a in call.raw if isinstance(a, Typed)]


def _if(call: Call) -> Typed:
    values = _values(call)
    if len(values) not in (2, 3):
        message = "Invalid number of arguments for 'if' function"
        raise rejected("SYNTAX_ERROR", message, call.at)
    condition = as_boolean(values[0], "IF condition", call.context)
    results = values[1:]
    type = results[0].type
    if len(results) == 2:
        found = common_type(results[0].type, results[1].type)
        if found is None:
            message = (
                f"Result types for IF must be the same: {results[0].type} vs {results[1].type}"
            )
            raise rejected("TYPE_MISMATCH", message, call.at)
        type = found
    results = [coerce(r, type, call.context) for r in results]
    zone = common_zone(results, call.at) if has_zone(type) else None
    otherwise = f" ELSE {results[1].sql}" if len(results) == 2 else ""
    sql = f"(CASE WHEN {condition.sql} THEN {results[0].sql}{otherwise} END)"
    return Typed(sql, type, call.at, zone=zone)


def _coalesce(call: Call) -> Typed:
    values = _values(call)
    if len(values) < 2:
        message = "The 'coalesce' function must have at least two arguments"
        raise rejected("SYNTAX_ERROR", message, call.at)
    values = common(values, call.at, "All COALESCE operands", call.context)
    zone = common_zone(values, call.at) if has_zone(values[0].type) else None
    sql = f"coalesce({', '.join(v.sql for v in values)})"
    return Typed(sql, values[0].type, call.at, zone=zone)


def _nullif(call: Call) -> Typed:
    values = _values(call)
    if len(values) != 2:
        message = "Invalid number of arguments for 'nullif' function"
        raise rejected("SYNTAX_ERROR", message, call.at)
    first, second = values
    if common_type(first.type, second.type) is None:
        message = f"Types are not comparable with NULLIF: {first.type} vs {second.type}"
        raise rejected("TYPE_MISMATCH", message, call.at)
    equal = compare("=", first, second, call.at, call.context)
    sql = f"(CASE WHEN {equal.sql} THEN NULL ELSE {first.sql} END)"
    return Typed(sql, first.type, call.at, zone=first.zone)


def _try(call: Call) -> Typed:
    values = _values(call)
    if len(values) != 1:
        message = "The 'try' function must have exactly one argument"
        raise rejected("SYNTAX_ERROR", message, call.at)
    value = values[0]
    for construct in ("random()", "(SELECT"):
        if construct in value.sql:
            raise refused(f"TRY of {construct.strip('(')}", call.at)
    return Typed(f"TRY({value.sql})", value.type, call.at, zone=value.zone)


def _extreme(name: str, values: Sequence[Typed], type: t.Type) -> str:
    """NULL if any is NULL; NaN only if all are."""
    if isinstance(type, t.ArrayType | t.RowType | t.MapType):
        raise refused(f"{name} of {type}", values[0].at)
    sqls = [ordering_key(v) for v in values]
    listed = ", ".join(f"${i}" for i in range(len(sqls)))
    made = f"{name}({listed})"
    if type in (t.REAL, t.DOUBLE):
        numbers = ", ".join(
            f"CASE WHEN isnan(${i}) THEN NULL ELSE ${i} END" for i in range(len(sqls))
        )
        made = f"coalesce({name}({numbers}), $0)"
    if isinstance(type, t.CharType):
        made = f"rtrim({made}, ' ')"
    missing = " OR ".join(f"${i} IS NULL" for i in range(len(sqls)))
    return filled(f"(CASE WHEN {missing} THEN NULL ELSE {made} END)", sqls)


def _typeof(call: Call) -> Typed:
    values = _values(call)
    if len(values) != 1:
        raise rejected(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({', '.join(str(v.type) for v in values)}) for function "
            "typeof. Expected: typeof(t) T",
            call.at,
        )
    return constant(str(values[0].type), t.VARCHAR, call.at)


def _extreme_scalar(name: str) -> Entry:
    def emit(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
        return _extreme(name, arguments, result)

    return (f"{name}(E...) -> E | E:orderable", emit)


SCALARS: tuple[Entry, ...] = (
    ("if", _if),
    ("coalesce", _coalesce),
    ("nullif", _nullif),
    ("try", _try),
    _extreme_scalar("greatest"),
    _extreme_scalar("least"),
    ("typeof", _typeof),
)
