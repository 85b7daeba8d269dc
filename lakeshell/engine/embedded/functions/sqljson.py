"""JSON_VALUE, JSON_QUERY, JSON_EXISTS, JSON_OBJECT and JSON_ARRAY.

In: their nodes, and how to bind an expression. Out: a `Typed`. Paths run in Python
(`sqljson_python`); objects and arrays are written by DuckDB SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias
from zlib import crc32

from lakeshell.engine.embedded.functions.jsonpath import parse_path
from lakeshell.engine.embedded.values.casts_json import json_sql, quoted_sql
from lakeshell.engine.embedded.values.emission import INVALID, fails, filled, text
from lakeshell.engine.embedded.values.typed import (
    Typed,
    Udf,
    duckdb_type,
    failure,
    named_type,
    refused,
    rejected,
)
from lakeshell.errors import QueryFailed, QueryRejected
from lakeshell.sql import ast
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Context
    from lakeshell.sql.ast.nodes import Position

Bind: TypeAlias = "Callable[[ast.Expression], Typed]"
_PATH = "lakeshell.engine.embedded.functions.sqljson_python:"
_SMALL_MAP = 12
"""Up to so many keys a Java map doesn't grow, so absent members don't change the order."""
_FORMATTED = (ast.JsonObject, ast.JsonArray)


def json_call(
    node: ast.JsonCall | ast.JsonObject | ast.JsonArray, bind: Bind, context: Context
) -> Typed:
    """The bound call; `bind` binds an expression in the call's place."""
    match node:
        case ast.JsonObject():
            return _object(node, bind, context)
        case ast.JsonArray():
            return _array(node, bind, context)
    value = _input(node, bind)
    if node.passing:
        raise refused("PASSING in a JSON path", node.at)
    _check_path(node)
    match node.name.lower():
        case "json_exists":
            return _exists(node, value, context)
        case "json_value":
            return _value(node, value, bind, context)
    return _query(node, value, context)


def _input(node: ast.JsonCall, bind: Bind) -> Typed:
    value = bind(node.value)
    if value.type == t.UNKNOWN:
        return Typed("CAST(NULL AS VARCHAR)", t.VARCHAR, value.at, None)
    if not isinstance(value.type, t.VarcharType | t.CharType):
        if value.type == t.VARBINARY:
            raise refused("JSON as varbinary", value.at)
        message = f"Cannot read input of type {value.type} as JSON using formatting JSON"
        raise rejected("TYPE_MISMATCH", message, value.at)
    return value


def _check_path(node: ast.JsonCall) -> None:
    try:
        parse_path(node.path.value)
    except QueryRejected as wrong:
        place = node.path.at  # of the quote
        column = place.column + (wrong.column or 0)
        raise rejected(wrong.code, wrong.message, ast.Position(place.line, column)) from wrong
    except QueryFailed as failed:
        raise refused(failed.message.partition(" does not run ")[2], node.at) from failed


def _call(name: str, value: Typed, clauses: list[str], result: str, context: Context) -> str:
    udf = Udf(
        f"py_{name}_{crc32(result.encode()):x}",
        _PATH + name,
        ["VARCHAR"] * (1 + len(clauses)),
        result,
        "special",
    )
    called = f"{context.needs.function(udf)}($0, {', '.join(map(text, clauses))})"
    return filled(f"(CASE WHEN $0 IS NOT NULL THEN {called} END)", [value.sql])


def _exists(node: ast.JsonCall, value: Typed, context: Context) -> Typed:
    made = _call(
        "json_exists", value, [node.path.value, node.on_error or "false"], "BOOLEAN", context
    )
    return Typed(made, t.BOOLEAN, node.at)


def _returned(node: ast.JsonCall | ast.JsonObject | ast.JsonArray) -> t.Type:
    if node.returning is None:
        return t.VARCHAR
    return named_type(node.returning.text, node.at)


_RETURNED = frozenset(
    ["boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varchar"]
)


def _value(node: ast.JsonCall, value: Typed, bind: Bind, context: Context) -> Typed:
    result = _returned(node)
    if result.name not in _RETURNED and not isinstance(result, t.DecimalType):
        raise refused(f"JSON_VALUE returning {result}", node.at)
    held = duckdb_type(result)
    clauses = [node.path.value, str(result), node.on_empty or "null", node.on_error or "null"]
    called = _call("json_value", value, clauses, f"STRUCT(status INTEGER, value {held})", context)
    defaults = [
        _default(given, result, node, bind, context)
        for said, given in (
            (node.on_empty, node.empty_default),
            (node.on_error, node.error_default),
        )
        if said == "default" and given is not None
    ]
    if not defaults:
        return Typed(f"({called}).value", result, node.at)
    empty, failed = (
        defaults.pop(0) if said == "default" else f"CAST(NULL AS {held})"
        for said in (node.on_empty, node.on_error)
    )
    made = filled(
        f"(CASE ($0).status WHEN 1 THEN {empty} WHEN 2 THEN {failed} ELSE ($0).value END)",
        [called],
    )
    return Typed(made, result, node.at)


def _default(
    given: ast.Expression, result: t.Type, node: ast.JsonCall, bind: Bind, context: Context
) -> str:
    from lakeshell.engine.embedded.values.casts import coerce
    from lakeshell.sql.coercion import can_coerce

    bound = bind(given)
    if not can_coerce(bound.type, result):
        message = (
            f"Function JSON_VALUE default result must evaluate to a {result} (actual: {bound.type})"
        )
        raise rejected("TYPE_MISMATCH", message, bound.at)
    return coerce(bound, result, context).sql


def _query(node: ast.JsonCall, value: Typed, context: Context) -> Typed:
    result = _returned(node)
    if not isinstance(result, t.VarcharType) or result.length is not None:
        if result == t.JSON:
            message = "Cannot output JSON value as json using formatting JSON"
            raise rejected("TYPE_MISMATCH", message, node.at)
        raise refused(f"JSON_QUERY returning {result}", node.at)
    clauses = [
        node.path.value,
        node.wrapper,
        node.quotes or "keep",
        node.on_empty or "null",
        node.on_error or "null",
    ]
    return Typed(_call("json_query", value, clauses, "VARCHAR", context), result, node.at)


# --- constructors ------------------------------------------------------------------------------


def _member(node: ast.Expression, bind: Bind, context: Context, function: str, at: Position) -> str:
    """SQL of a member's JSON text, NULL for NULL; `at` is where the constructor stands."""
    from lakeshell.engine.embedded.values.casts import cast

    bound = bind(node)
    if isinstance(node, _FORMATTED) or (
        isinstance(node, ast.JsonCall) and node.name.lower() == "json_query"
    ):
        return bound.sql
    kind = bound.type
    if isinstance(kind, t.ArrayType | t.MapType | t.RowType):
        message = f"Unsupported type of value passed to {function} function: {kind}"
        raise rejected("NOT_SUPPORTED", message, at)
    if kind == t.UNKNOWN:
        return "CAST(NULL AS VARCHAR)"
    if kind.name in _RETURNED or isinstance(kind, t.DecimalType):
        return json_sql(bound.sql, kind, bound.at)
    if isinstance(kind, t.CharType):
        return quoted_sql(f"rpad({bound.sql}, {kind.length}, ' ')")
    if kind == t.VARBINARY:
        raise refused(f"varbinary in {function}", bound.at)
    return quoted_sql(cast(bound, t.VARCHAR, bound.at, context).sql)


def _constructed(parts: list[str], null_on_null: bool, opened: str, closed: str) -> str:
    if null_on_null:
        joined = ", ".join(f"coalesce({part}, 'null')" for part in parts)
        listed = f"[{joined}]"
    else:
        listed = f"list_filter([{', '.join(parts)}], lambda part: part IS NOT NULL)"
    if not parts:
        return text(opened + closed)
    return f"('{opened}' || array_to_string({listed}, ',') || '{closed}')"


def _array(node: ast.JsonArray, bind: Bind, context: Context) -> Typed:
    _check_returned(node)
    parts = [_member(item, bind, context, "JSON_ARRAY", node.at) for item in node.items]
    return Typed(_constructed(parts, node.null_on_null, "[", "]"), t.VARCHAR, node.at)


def _check_returned(node: ast.JsonObject | ast.JsonArray) -> None:
    result = _returned(node)
    if not isinstance(result, t.VarcharType) or result.length is not None:
        raise refused(f"JSON constructors returning {result}", node.at)


def _object(node: ast.JsonObject, bind: Bind, context: Context) -> Typed:
    _check_returned(node)
    keys = [bind(key) for key, _ in node.members]
    for key in keys:
        if not isinstance(key.type, t.VarcharType):
            raise refused(f"a key of {key.type} in JSON_OBJECT", key.at)
    parts: list[str] = []
    for key, (_, member) in zip(keys, node.members, strict=True):
        said = _member(member, bind, context, "JSON_OBJECT", node.at)
        if node.null_on_null:
            said = f"coalesce({said}, 'null')"
        parts.append(f"({quoted_sql(key.sql)} || ':' || {said})")
    if len(parts) > 1:
        parts = [parts[i] for i in _order(keys, node)]
    made = _constructed(parts, False, "{", "}")
    return Typed(_checked(made, keys, node, node.at), t.VARCHAR, node.at)


def _order(keys: list[Typed], node: ast.JsonObject) -> Sequence[int]:
    """Trino writes members in the order of a Java map of their keys."""
    from lakeshell.sql.javamap import order

    if not all(key.is_constant for key in keys):
        raise refused("JSON_OBJECT with several keys that are not literals", node.at)
    if not node.null_on_null and len(keys) > _SMALL_MAP:
        raise refused(f"JSON_OBJECT of more than {_SMALL_MAP} members, absent on NULL", node.at)
    said = [str(key.value) for key in keys]
    return order(said, t.VARCHAR) if len(set(said)) == len(said) else range(len(said))


def _checked(made: str, keys: list[Typed], node: ast.JsonObject, at: Position) -> str:
    if node.unique_keys:
        again = fails("duplicate key passed to JSON_OBJECT function", t.VARCHAR, INVALID)
    else:
        message = "cannot construct a JSON object with duplicate key"
        again = failure("NOT_SUPPORTED", message, t.VARCHAR)
    known = [key.value for key in keys if key.is_constant]
    if len(known) == len(keys) and None not in known:
        return made if len(set(known)) == len(known) else again
    listed = f"[{', '.join(key.sql for key in keys)}]"
    missing = fails(
        "null value passed for JSON object key to JSON_OBJECT function", t.VARCHAR, INVALID
    )
    return filled(
        f"(CASE WHEN list_count($0) < len($0) THEN {missing} "
        f"WHEN len(list_distinct($0)) < len($0) THEN {again} ELSE {made} END)",
        [listed],
    )
