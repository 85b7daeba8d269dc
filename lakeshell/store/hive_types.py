"""Trino's types in the Metastore's words, and back.

In: a Trino type. Out: the Hive type of a column that holds it; Trino has more types than Hive, so
the way back alone does not give every one (`catalog.hive_tables` keeps Trino's beside it). In: a
Hive type as another program wrote it. Out: the type that Trino's Hive connector reads it as.
"""

from __future__ import annotations

import re

from lakeshell.sql.datatypes import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    REAL,
    SMALLINT,
    TINYINT,
    VARBINARY,
    VARCHAR,
    ArrayType,
    CharType,
    DecimalType,
    MapType,
    RowField,
    RowType,
    TimestampType,
    Type,
    VarcharType,
)

_MAX_VARCHAR = 65_535
_MAX_CHAR = 255
_PLAIN: dict[Type, str] = {
    BOOLEAN: "boolean",
    TINYINT: "tinyint",
    SMALLINT: "smallint",
    INTEGER: "int",
    BIGINT: "bigint",
    REAL: "float",
    DOUBLE: "double",
    DATE: "date",
    VARBINARY: "binary",
}
_BACK: dict[str, Type] = {name: type for type, name in _PLAIN.items()} | {
    "string": VARCHAR,
    "integer": INTEGER,
    "timestamp": TimestampType(3),
    "timestamp with local time zone": TimestampType(3, True),
    "void": BOOLEAN,
}
_FIELD = re.compile(r"\w+", re.ASCII)


def hive_type(type: Type) -> str:
    """What Hive has nothing for is a string there: times of day, JSON, intervals, odd rows."""
    if type in _PLAIN:
        return _PLAIN[type]
    match type:
        case DecimalType():
            return f"decimal({type.precision},{type.scale})"
        case VarcharType(length=length) if length is not None and 0 < length <= _MAX_VARCHAR:
            return f"varchar({length})"
        case CharType(length=length) if 0 < length <= _MAX_CHAR:
            return f"char({length})"
        case TimestampType():
            return "timestamp with local time zone" if type.with_zone else "timestamp"
        case ArrayType():
            return f"array<{hive_type(type.element)}>"
        case MapType():
            return f"map<{hive_type(type.key)},{hive_type(type.value)}>"
        case RowType(fields=fields) if all(_FIELD.fullmatch(f.name or "") for f in fields):
            inner = ",".join(f"{f.name}:{hive_type(f.type)}" for f in fields)
            return f"struct<{inner}>"
    return "string"


def trino_type(written: str) -> Type:
    """Raises `ValueError` for a type that Trino does not read."""
    type, rest = _parsed(written.strip().lower())
    if rest:
        raise ValueError(f"{written} is no Hive type")
    return type


def _parsed(text: str) -> tuple[Type, str]:
    for name in ("array<", "map<", "struct<"):
        if text.startswith(name):
            return _nested(name, text[len(name) :])
    match = re.match(r"(decimal|varchar|char)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)", text)
    if match:
        kind, first, second = match.groups()
        length = int(first)
        made: Type = DecimalType(length, int(second or 0))
        if kind != "decimal":
            made = VarcharType(length) if kind == "varchar" else CharType(length)
        return made, text[match.end() :]
    if text.startswith("decimal"):
        return DecimalType(10, 0), text[len("decimal") :]
    for name in sorted(_BACK, key=len, reverse=True):
        if text.startswith(name):
            return _BACK[name], text[len(name) :]
    raise ValueError(f"{text} is no Hive type")


def _nested(name: str, text: str) -> tuple[Type, str]:
    if name == "array<":
        element, rest = _parsed(text)
        return ArrayType(element), _after(rest, ">")
    if name == "map<":
        key, rest = _parsed(text)
        value, rest = _parsed(_after(rest, ","))
        return MapType(key, value), _after(rest, ">")
    fields: list[RowField] = []
    rest = text
    while True:
        label, _, rest = rest.partition(":")
        type, rest = _parsed(rest)
        fields.append(RowField(label.strip(), type))
        if not rest.startswith(","):
            return RowType(tuple(fields)), _after(rest, ">")
        rest = rest[1:]


def _after(text: str, mark: str) -> str:
    if not text.startswith(mark):
        raise ValueError(f"{mark!r} is missing before {text!r}")
    return text[len(mark) :].lstrip()
