"""JSON_VALUE, JSON_QUERY and JSON_EXISTS over one text, in Python.

In: JSON text, the path and the clauses. Out: plain values; for what ON EMPTY and ON ERROR decide,
a status and the value. Raises `QueryFailed` where they say ERROR.
"""

from __future__ import annotations

from typing import Any

from lakeshell.engine.embedded.functions.json_text import (
    Number,
    Stream,
    last_of_repeated,
    quoted,
    read_tree,
    written,
)
from lakeshell.engine.embedded.functions.jsoncast_python import cast_json
from lakeshell.engine.embedded.functions.jsonpath_evaluation import PathFailure, evaluate
from lakeshell.engine.embedded.values.emission import PythonFailure, not_run
from lakeshell.errors import QueryFailed
from lakeshell.sql import datatypes as t
from lakeshell.sql.javanumbers import double_text

FOUND, EMPTY, FAILED = 0, 1, 2
"""What came of a call."""


def _sequence(text: str, path: str) -> list[Any]:
    if not text.strip(" \t\n\r"):
        raise not_run("JSON paths over an empty text")
    try:
        value = _first_value(text)
    except (ValueError, RecursionError) as error:
        raise PythonFailure(
            "conversion to JSON failed: ", code="JSON_INPUT_CONVERSION_ERROR"
        ) from error
    try:
        return evaluate(path, value)
    except PathFailure as failed:
        raise PythonFailure(failed.message, code=failed.code) from failed


def _first_value(text: str) -> Any:
    """What the text begins with: what stands behind it doesn't matter."""
    try:
        return read_tree(text)
    except ValueError:
        return last_of_repeated(Stream(text).value())


def _is_refusal(failed: QueryFailed) -> bool:
    return failed.code == "NOT_SUPPORTED"


def item_text(item: Any) -> str:
    """An item's JSON."""
    match item:
        case bool() | None | Number() | str():
            return written(item)
        case int():
            return str(item)
        case float():
            shown = double_text(item)
            return shown if shown[-1].isdigit() else f'"{shown}"'
        case list():
            return "[" + ",".join(map(item_text, item)) + "]"
        case dict():
            return "{" + ",".join(f"{quoted(k)}:{item_text(v)}" for k, v in item.items()) + "}"
    raise TypeError(type(item).__name__)


def json_exists(text: str, path: str, on_error: str) -> bool | None:
    try:
        return bool(_sequence(text, path))
    except QueryFailed as failed:
        if on_error == "error" or _is_refusal(failed):
            raise
        return {"true": True, "false": False}.get(on_error)


def json_value(
    text: str, path: str, returning: str, on_empty: str, on_error: str
) -> dict[str, Any]:
    """`{"status": …, "value": …}`."""
    try:
        items = _sequence(text, path)
        if items:
            return {"status": FOUND, "value": _value(items, returning)}
    except QueryFailed as failed:
        if on_error == "error" or _is_refusal(failed):
            raise
        return {"status": FAILED, "value": None}
    if on_empty == "error":
        raise _unextractable("JSON path found no items")
    return {"status": EMPTY, "value": None}


def _value(items: list[Any], returning: str) -> Any:
    if len(items) > 1:
        raise _unextractable("JSON path found multiple items")
    (item,) = items
    if isinstance(item, list | dict):
        message = "JSON path found an item that cannot be converted to an SQL value"
        raise _unextractable(message)
    return None if item is None else _converted(item, returning)


def _unextractable(message: str) -> PythonFailure:
    return PythonFailure(
        f"cannot extract SQL scalar from JSON: {message}", code="JSON_VALUE_RESULT_ERROR"
    )


def _converted(item: Any, returning: str) -> Any:
    type = t.parse_type(returning)
    if isinstance(item, Number) and item.is_integer and not -(2**63) <= int(item) < 2**63:
        raise _unextractable("JSON path found an item that cannot be converted to an SQL value")
    try:
        if isinstance(type, t.VarcharType) and type.length is not None:
            made = cast_json(item_text(item), "varchar")
            if (len(made) > type.length and not isinstance(item, str)) or isinstance(item, Number):
                return made if len(made) <= type.length else _refused_length()
            return made[: type.length]
        made = cast_json(item_text(item), returning)
        if made != made:
            raise not_run("JSON_VALUE of NaN")
        return made
    except QueryFailed as failed:
        if _is_refusal(failed):
            raise
        raise _unextractable(
            f"Cannot cast value of type {_type_of(item)} to declared return type of function "
            f"JSON_VALUE: {type}"
        ) from failed


def _refused_length() -> str:
    raise PythonFailure(
        "the embedded engine does not run JSON_VALUE of a number returning a shorter varchar",
        code="NOT_SUPPORTED",
    )


def _type_of(item: Any) -> str:
    match item:
        case bool():
            return "boolean"
        case Number() if item.is_integer:
            return "integer" if -(2**31) <= int(item) < 2**31 else "bigint"
        case Number() | float():
            return "double"
        case int():
            return "integer"
    return "varchar"


def json_query(
    text: str, path: str, wrapper: str, quotes: str, on_empty: str, on_error: str
) -> str | None:
    try:
        items = _sequence(text, path)
        if items:
            return _query(items, wrapper, quotes)
    except QueryFailed as failed:
        if on_error == "error" or _is_refusal(failed):
            raise
        return _EMPTIES.get(on_error)
    if on_empty == "error":
        raise _unconvertible("JSON path found no items")
    return _EMPTIES.get(on_empty)


_EMPTIES = {"empty array": "[]", "empty object": "{}"}


def _query(items: list[Any], wrapper: str, quotes: str) -> str:
    if wrapper == "unconditional" or (
        wrapper == "conditional" and (len(items) > 1 or not isinstance(items[0], list | dict))
    ):
        return item_text(items)
    if len(items) > 1:
        raise _unconvertible("JSON path found multiple items")
    (item,) = items
    if quotes == "omit" and isinstance(item, str) and not isinstance(item, Number):
        return item
    return item_text(item)


def _unconvertible(message: str) -> PythonFailure:
    return PythonFailure(
        f"conversion from JSON failed: {message}", code="JSON_OUTPUT_CONVERSION_ERROR"
    )
