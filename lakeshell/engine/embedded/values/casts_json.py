"""Casts between JSON and other types.

In: a bound value and the wanted type. Out: a `Typed`. To JSON is DuckDB SQL that writes the text;
from JSON is Python, which reads it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.values.emission import filled, python_call, text
from lakeshell.engine.embedded.values.typed import Typed, duckdb_type, rejected
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Context
    from lakeshell.sql.ast.nodes import Position

_PLAIN = frozenset(
    ["boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "varchar"]
)
# A code point as JSON has it; beyond the basic plane as two of UTF-16, as Jackson does.
_CODE = (
    "CASE c WHEN '\"' THEN '\\\"' WHEN '\\' THEN '\\\\' WHEN chr(8) THEN '\\b' "
    "WHEN chr(9) THEN '\\t' WHEN chr(10) THEN '\\n' WHEN chr(12) THEN '\\f' "
    "WHEN chr(13) THEN '\\r' ELSE CASE WHEN unicode(c) < 32 THEN printf('\\u%04X', unicode(c)) "
    "WHEN unicode(c) > 65535 THEN printf('\\u%04X\\u%04X', 55296 + (unicode(c) - 65536) // 1024, "
    "56320 + (unicode(c) - 65536) % 1024) ELSE c END END"
)
_QUOTED = (
    r"""(CASE WHEN regexp_matches($0, '[\x00-\x1f"\\\x{10000}-\x{10FFFF}]') THEN """
    "'\"' || array_to_string(list_transform(regexp_extract_all($0, '(?s).'), "
    f"lambda c: {_CODE}), '') || '\"' ELSE '\"' || $0 || '\"' END)"
)

_PARSED = re.compile(r"py_json_parse_[0-9a-f]+\((.*)\)", re.DOTALL)
"""What `json.json_parse` makes."""


def quoted_sql(said: str) -> str:
    """SQL of the JSON string of a VARCHAR."""
    return filled(_QUOTED, [said])


def to_json(value: Typed, at: Position, context: Context, safe: bool) -> Typed:
    """Raises `QueryRejected` over a type that has no JSON form."""
    if value.type == t.UNKNOWN:
        return Typed("CAST(NULL AS VARCHAR)", t.JSON, at, None)
    if not _writable(value.type):
        message = f"Cannot cast {value.type} to json"
        raise rejected("TYPE_MISMATCH", message, at)
    return Typed(json_sql(value.sql, value.type, at), t.JSON, at)


def _writable(type: t.Type) -> bool:
    match type:
        case t.ArrayType():
            return _writable(type.element)
        case t.MapType():
            return type.key.name in _PLAIN and _writable(type.value)
        case t.RowType():
            return all(_writable(f.type) for f in type.fields)
        case t.TimestampType():
            return not type.with_zone
    return type.name in _PLAIN or type in (t.DATE, t.JSON, t.UNKNOWN)


def json_sql(sql: str, type: t.Type, at: Position, depth: int = 0) -> str:
    """SQL of the JSON text; NULL for NULL."""
    match type:
        case t.ArrayType():
            item = f"j{depth}"
            made = json_sql(item, type.element, at, depth + 1)
            return (
                f"('[' || array_to_string(list_transform({sql}, "
                f"lambda {item}: coalesce({made}, 'null')), ',') || ']')"
            )
        case t.MapType():
            return _map_sql(sql, type, at, depth)
        case t.RowType():
            return _row_sql(sql, type, at, depth)
    return _plain_sql(sql, type)


def _plain_sql(sql: str, type: t.Type) -> str:
    from lakeshell.engine.embedded.values import casts_text, number_text

    match type:
        case t.VarcharType():
            return quoted_sql(sql)
        case t.DecimalType():
            return casts_text.decimal_text(sql, type)
        case t.TimestampType():
            return f"('\"' || {casts_text.timestamp_text(sql, type.precision)} || '\"')"
    if type == t.DATE:
        return f"('\"' || {casts_text.date_text(sql)} || '\"')"
    if type in (t.REAL, t.DOUBLE):
        shown = number_text.java_real("$0") if type == t.REAL else number_text.java_double("$0")
        return filled(
            f"(CASE WHEN isfinite($0) THEN {shown} ELSE '\"' || {shown} || '\"' END)", [sql]
        )
    if type == t.JSON:
        return sql
    return f"CAST({sql} AS VARCHAR)"


def _key_sql(sql: str, type: t.Type) -> str:
    """A key's text, before it is quoted."""
    made = _plain_sql(sql, type)
    if isinstance(type, t.VarcharType):
        return sql
    return f"trim({made}, '\"')" if type in (t.REAL, t.DOUBLE) else made


def _map_sql(sql: str, type: t.MapType, at: Position, depth: int) -> str:
    item = f"j{depth}"
    key = _key_sql(f"{item}.key", type.key)
    made = json_sql(f"{item}.value", type.value, at, depth + 1)
    pairs = (
        f"list_transform(map_entries({sql}), lambda {item}: "
        f"struct_pack(k := {key}, v := coalesce({made}, 'null')))"
    )
    written = quoted_sql(f"{item}.k")
    return (
        f"('{{' || array_to_string(list_transform(list_sort({pairs}), "
        f"lambda {item}: {written} || ':' || {item}.v), ',') || '}}')"
    )


def _row_sql(sql: str, type: t.RowType, at: Position, depth: int) -> str:
    parts = []
    for i, field in enumerate(type.fields):
        name = _quoted_name(field.name or "")
        made = json_sql(f"struct_extract({sql}, 'f{i}')", field.type, at, depth)
        parts.append(f"{text(name + ':')} || coalesce({made}, 'null')")
    joined = " || ',' || ".join(parts)
    return f"(CASE WHEN {sql} IS NOT NULL THEN '{{' || {joined} || '}}' END)"


def _quoted_name(name: str) -> str:
    from lakeshell.engine.embedded.functions.json_text import quoted

    return quoted(name)


def from_json(value: Typed, to: t.Type, at: Position, context: Context, safe: bool) -> Typed:
    """Raises `QueryRejected` over a type that JSON doesn't cast to."""
    if to == t.JSON:
        return value.moved(at)
    if not _readable(to):
        raise rejected("TYPE_MISMATCH", f"Cannot cast json to {to}", at)
    name = Typed(text(str(to)), t.VARCHAR, value=str(to))
    parsed = _PARSED.fullmatch(value.sql)
    if parsed and not safe and isinstance(to, t.ArrayType | t.MapType | t.RowType):
        said = Typed(parsed[1], t.VARCHAR)
        path = "jsoncast_python:cast_parsed_json"
        return Typed(python_call(path, [said, name], to, context, nullable=True), to, at)
    path = "jsoncast_python:" + ("try_cast_json" if safe else "cast_json")
    if to in (t.REAL, t.DOUBLE):
        made = python_call(f"{path}_number", [value, name], t.VARCHAR, context, nullable=True)
        return Typed(f"CAST({made} AS {duckdb_type(to)})", to, at)
    made = python_call(path, [value, name], to, context, nullable=True)
    return Typed(made, to, at)


def _readable(type: t.Type) -> bool:
    match type:
        case t.ArrayType():
            return _readable(type.element)
        case t.MapType():
            return type.key.name in _PLAIN and _readable(type.value)
        case t.RowType():
            return all(_readable(f.type) for f in type.fields)
    return type.name in _PLAIN or type == t.JSON
