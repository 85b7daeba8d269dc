"""Casts of JSON text to other types, as Trino's, in Python.

In: JSON text and a type's name. Out: the value as DuckDB takes it (maps as their keys and values,
rows as their fields). Raises `QueryFailed`.
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from lakeshell.engine.embedded.functions.json_text import (
    Number,
    Stream,
    members,
    plain_text,
    read,
    written,
)
from lakeshell.engine.embedded.values.emission import PythonFailure, not_run
from lakeshell.errors import QueryFailed
from lakeshell.sql import datatypes as t
from lakeshell.sql.javanumbers import double_text

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_FLOAT_TEXT = re.compile(
    r"[\x00-\x20]*[+-]?(NaN|Infinity|((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)[fFdD]?)[\x00-\x20]*",
    re.ASCII,
)
_BLANKS = "".join(map(chr, range(33)))
_TRUE = ("t", "true", "1")
_FALSE = ("f", "false", "0")


class _Misfit(Exception):
    """A value that its type doesn't take, without a message of its own."""


def _bad(message: str) -> PythonFailure:
    return PythonFailure(message, code="INVALID_CAST_ARGUMENT")


@functools.lru_cache(maxsize=128)
def _type(name: str) -> t.Type:
    return t.parse_type(name)


def try_cast_json(text: str, type_name: str) -> Any:
    try:
        return cast_json(text, type_name)
    except QueryFailed:
        return None


def cast_parsed_json(text: str, type_name: str) -> Any:
    """`CAST(json_parse(text) AS …)` of an array, map or row, which Trino does in one step.

    Keys stay in the text's order, and a text that is no JSON fails as a cast.
    """
    type = _type(type_name)
    if not text.strip(" \t\n\r"):
        return _parts(lambda: None, type, text)
    return _parts(lambda: _whole(text), type, text, absent=False)


def _whole(text: str) -> Any:
    try:
        return read(text)
    except ValueError as error:
        stream = Stream(text)
        try:
            stream.value()
            trailing = stream.token()
        except (ValueError, RecursionError):
            raise _Misfit from error
        raise _bad(f"Unexpected trailing token: {trailing}") from error


def _parts(read_value: Callable[[], Any], type: t.Type, text: str, absent: bool = True) -> Any:
    try:
        value = read_value()
        if value is None and absent:
            wanted = {"array": "array", "map": "object"}.get(type.name, "array or object")
            raise _bad(f"Expected a json {wanted}, but got null")
        return _nested(value, type)
    except QueryFailed as failed:
        if failed.code == "NOT_SUPPORTED":
            raise
        raise _bad(f"Cannot cast to {type}. {failed.message}\n{_shortened(text)}") from failed
    except _Misfit as misfit:
        raise _bad(f"Cannot cast to {type}.\n{_shortened(text)}") from misfit


def cast_json(text: str, type_name: str) -> Any:
    type = _type(type_name)
    value = read(text)
    if isinstance(type, t.ArrayType | t.MapType | t.RowType):
        return _parts(lambda: value, type, text, absent=False)
    try:
        if isinstance(value, list | dict):
            raise _Misfit
        return _scalar(value, type)
    except _Misfit as misfit:
        shown = _shortened(text)
        raise _bad(f"Cannot cast '{shown}' to {_upper(type)}") from misfit


def _upper(type: t.Type) -> str:
    if isinstance(type, t.DecimalType):
        return f"DECIMAL({type.precision},{type.scale})"
    return type.name


def _shortened(text: str) -> str:
    data = text.encode("utf-8", "replace")
    return text if len(data) <= 1000 else data[:1000].decode("utf-8", "ignore") + "...(truncated)"


def cast_json_number(text: str, type_name: str) -> str | None:
    """`cast_json` to real or double as text: DuckDB takes a Python NaN for NULL."""
    made = cast_json(text, type_name)
    return None if made is None else repr(made)


def try_cast_json_number(text: str, type_name: str) -> str | None:
    try:
        return cast_json_number(text, type_name)
    except QueryFailed:
        return None


def _nested(value: Any, type: t.Type) -> Any:
    if type == t.JSON:
        return written(value)
    if value is None:
        return None
    match type:
        case t.ArrayType():
            if not isinstance(value, list):
                raise _bad(f"Expected a json array, but got {_token(value)}")
            return [_nested(item, type.element) for item in value]
        case t.MapType():
            return _map(value, type)
        case t.RowType():
            return _row(value, type)
    if isinstance(value, list | dict):
        raise _bad(f"Unexpected token when cast to {_upper(type)}: {_token(value)}")
    made = _scalar(value, type)
    if made != made:
        raise not_run("NaN out of JSON inside arrays, maps and rows")
    return made


def _token(value: Any) -> str:
    """The first token of a value."""
    match value:
        case list():
            return "["
        case dict():
            return "{"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
    return str(value)


def _map(value: Any, type: t.MapType) -> dict[str, list[Any]]:
    if not isinstance(value, dict):
        raise _bad(f"Expected a json object, but got {_token(value)}")
    keys = [_scalar(key, type.key) for key, _ in members(value)]
    if len(set(keys)) < len(keys):
        raise _bad("Duplicate map keys are not allowed")
    return {"key": keys, "value": [_nested(item, type.value) for _, item in members(value)]}


def _row(value: Any, type: t.RowType) -> dict[str, Any]:
    fields = type.fields
    if isinstance(value, list):
        made = [_nested(item, f.type) for item, f in zip(value, fields, strict=False)]
        if len(made) < len(fields):
            missing = fields[len(made)].type
            if isinstance(missing, t.ArrayType | t.MapType | t.RowType) or missing == t.JSON:
                raise _Misfit
            raise _bad(f"Unexpected token when cast to {_upper(missing)}: ]")
        if len(value) > len(fields):
            raise _bad(f"Expected json array ending, but got {_token(value[len(fields)])}")
        return {f"f{i}": item for i, item in enumerate(made)}
    if not isinstance(value, dict):
        raise _bad(f"Expected a json array or object, but got {_token(value)}")
    if fields[0].name is None:
        raise _bad("Cannot cast a JSON object to anonymous row type. Input must be a JSON array.")
    places = {f.name: i for i, f in enumerate(fields)}
    written_fields: dict[int, Any] = {}
    for key, item in members(value):
        place = places.get(key.lower())
        if place is None:
            continue
        if place in written_fields:
            raise _bad(f"Duplicate field: {key.lower()}")
        written_fields[place] = _nested(item, fields[place].type)
    return {f"f{i}": written_fields.get(i) for i in range(len(fields))}


def _scalar(value: Any, type: t.Type) -> Any:
    if value is None:
        return None
    if isinstance(type, t.VarcharType):
        return _varchar(value, type)
    if isinstance(type, t.DecimalType):
        return _decimal(value, type)
    return _SCALARS[type.name](value, type.name)


def _varchar(value: Any, type: t.VarcharType) -> str:
    match value:
        case bool():
            text = "true" if value else "false"
        case Number():
            text = str(value) if value.is_integer else _cast_double_text(float(value))
        case _:
            text = plain_text(value)
    if type.length is not None and len(text) > type.length:
        raise PythonFailure(
            "the embedded engine does not run casts of longer json to varchar of a length",
            code="NOT_SUPPORTED",
        )
    return text


def _cast_double_text(value: float) -> str:
    """As CAST writes a double: always scientific."""
    shown = double_text(value)
    if not shown[-1].isdigit():
        return shown
    sign, mantissa = ("-", shown[1:]) if shown[0] == "-" else ("", shown)
    if "E" in mantissa:
        return shown
    digits = mantissa.replace(".", "")
    exponent = mantissa.index(".") - 1
    stripped = digits.lstrip("0")
    if not stripped:
        return f"{sign}0E0"
    exponent -= len(digits) - len(stripped)
    stripped = stripped.rstrip("0")
    return f"{sign}{stripped[0]}.{stripped[1:] or '0'}E{exponent}"


def _integral(value: Any, name: str) -> int:
    half = 2 ** (_BITS[name] - 1)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Number):
        if value.is_integer:
            made = int(value)
            if not -half <= made < half:
                raise _Misfit
            return made
        return _rounded(float(value), name, half)
    digits = value.strip(_BLANKS)
    if not re.fullmatch(r"[+-]?\d+", digits, re.ASCII) or not -half <= int(digits) < half:
        shown = "INT" if name == "integer" else name.upper()
        raise _bad(f"Cannot cast '{value}' to {shown}")
    return int(digits)


def _rounded(value: float, name: str, half: int) -> int:
    made = int(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP)) if abs(value) < 1e30 else half
    if not -half <= made < half:
        if name == "bigint":
            raise _bad(f"Unable to cast {double_text(value)} to bigint")
        raise _bad(f"Cannot cast '{double_text(value)}' to integer")
    return made


def _double(value: Any, name: str) -> float:
    if isinstance(value, bool | Number):
        return float(value)
    if not _FLOAT_TEXT.fullmatch(value):
        raise _bad(f"Cannot cast '{value}' to {name.upper()}")
    said = value.strip(_BLANKS).rstrip("fFdD")
    return float("nan") if said.lstrip("+-") == "NaN" else float(said)


def _real(value: Any, name: str) -> float:
    made = _double(value, name)
    try:
        return float(struct.unpack("<f", struct.pack("<f", made))[0])
    except OverflowError:
        return float("inf") if made > 0 else float("-inf")


def _boolean(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, Number):
        if value.is_integer and not -(2**63) <= int(value) < 2**63:
            raise _Misfit
        return float(value) != 0
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise _bad(f"Cannot cast '{value}' to BOOLEAN")


def _decimal(value: Any, type: t.DecimalType) -> Decimal:
    if isinstance(value, bool):
        exact = Decimal(int(value))
    else:
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value, re.ASCII):
            raise _Misfit
        exact = Decimal(value)
    try:
        made = exact.quantize(Decimal(1).scaleb(-type.scale), ROUND_HALF_UP)
    except InvalidOperation:
        made = exact
    if made.adjusted() + 1 > type.precision - type.scale and made != 0:
        raise _bad(f"Cannot cast input json to {_upper(type)}")
    return made


_SCALARS: dict[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(_BITS, _integral),
    "double": _double,
    "real": _real,
    "boolean": _boolean,
}
