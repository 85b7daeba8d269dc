"""A declared SQL type as a Trino type.

In: a type as a table's definition writes it (`DECIMAL(10,2) UNSIGNED`, `varchar(40)`). Out: the
Trino type that Trino's MySQL and PostgreSQL connectors give it. SQLite enforces no declared type,
so where the two differ the wider one holds (`TEXT`, `FLOAT`, `DATETIME` without a precision), and
SQLite's own words mean what SQLite keeps under them: `INTEGER` has 64 bits, `REAL` is a double.
Looks at no value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakeshell.sql.datatypes import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    JSON,
    MAX_PRECISION,
    SMALLINT,
    TINYINT,
    UUID,
    VARBINARY,
    VARCHAR,
    CharType,
    DecimalType,
    TimestampType,
    TimeType,
    Type,
    VarcharType,
)

MICROSECONDS = 6
_MAX_CHAR = 65_536
_MAX_VARCHAR = 2_147_483_646
_WORDS = re.compile(r"[^\s(),']+")
_LISTED = re.compile(r"'((?:[^']|'')*)'")

_PLAIN: dict[str, Type] = {
    "tinyint": TINYINT,
    "smallint": SMALLINT, "int2": SMALLINT, "smallserial": SMALLINT,
    "mediumint": INTEGER, "int": INTEGER, "int4": INTEGER, "serial": INTEGER,
    "integer": BIGINT, "bigint": BIGINT, "int8": BIGINT, "bigserial": BIGINT,
    "real": DOUBLE, "double": DOUBLE, "double precision": DOUBLE, "float": DOUBLE,
    "float4": DOUBLE, "float8": DOUBLE,
    "boolean": BOOLEAN, "bool": BOOLEAN, "bit": BOOLEAN,
    "date": DATE, "year": DATE,
    "json": JSON, "jsonb": JSON, "uuid": UUID,
    "blob": VARBINARY, "tinyblob": VARBINARY, "mediumblob": VARBINARY, "longblob": VARBINARY,
    "binary": VARBINARY, "varbinary": VARBINARY, "bytea": VARBINARY,
    "text": VARCHAR, "longtext": VARCHAR, "clob": VARCHAR, "citext": VARCHAR, "string": VARCHAR,
    "tinytext": VarcharType(255), "mediumtext": VarcharType(16_777_215),
}  # fmt: skip
_UNSIGNED: dict[str, Type] = {
    "tinyint": SMALLINT,
    "smallint": INTEGER,
    "mediumint": INTEGER,
    "int": BIGINT,
    "integer": BIGINT,
    "bigint": DecimalType(20, 0),
}
_VARCHARS = {
    "varchar", "varchar2", "nvarchar", "nvarchar2", "character varying", "varying character",
    "national varchar", "national character varying",
}  # fmt: skip
_CHARS = {"char", "nchar", "character", "native character", "national character", "national char"}
_DECIMALS = {"decimal", "dec", "numeric", "number", "fixed"}
_TIMESTAMPS = {"datetime", "timestamp", "timestamp without time zone", "datetime2"}
_ZONED = {"timestamptz", "timestamp with time zone"}


@dataclass(frozen=True, slots=True)
class Unmapped:
    """No Trino type holds such a column; `reason` says why."""

    reason: str


def trino_type(declared: str) -> Type | Unmapped | None:
    """None where the declaration says nothing of the values: it is empty, a number without a
    precision, or a word that neither database knows."""
    outside, inside = _split(declared)
    words = [w.lower() for w in _WORDS.findall(outside)]
    unsigned = "unsigned" in words
    name = " ".join(w for w in words if w not in ("unsigned", "signed", "zerofill"))
    numbers = [int(n) for n in re.findall(r"-?\d+", inside)] if "'" not in inside else []
    if unsigned and name in _UNSIGNED:
        return _UNSIGNED[name]
    if name in ("enum", "set"):
        return _listed(name, inside)
    if name in ("bit", "bit varying", "varbit") and (numbers or [1])[0] != 1:
        return Unmapped(f"{declared} is a string of bits, which Trino has no type for")
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _DECIMALS:
        return _decimal(declared, numbers)
    if name in _VARCHARS or name in _CHARS:
        return _text(name in _CHARS, numbers)
    return _temporal(name, numbers)


def _split(declared: str) -> tuple[str, str]:
    """What stands outside the first pair of parentheses, and inside."""
    start, end = declared.find("("), declared.rfind(")")
    if start < 0 or end < start:
        return declared, ""
    return f"{declared[:start]} {declared[end + 1 :]}", declared[start + 1 : end]


def _decimal(declared: str, numbers: list[int]) -> Type | Unmapped | None:
    if not numbers:
        return None
    precision, scale = (*numbers, 0)[:2]
    if scale < 0:
        precision, scale = precision - scale, 0
    if precision > MAX_PRECISION:
        return Unmapped(f"{declared} has more than the {MAX_PRECISION} digits of Trino's decimals")
    if scale > precision or precision < 1:
        return None
    return DecimalType(precision, scale)


def _text(fixed: bool, numbers: list[int]) -> Type:
    if not numbers or numbers[0] < 1 or numbers[0] > _MAX_VARCHAR:
        return VARCHAR
    if fixed and numbers[0] <= _MAX_CHAR:
        return CharType(numbers[0])
    return VarcharType(numbers[0])


def _listed(name: str, inside: str) -> Type:
    values = [v.replace("''", "'") for v in _LISTED.findall(inside)]
    if not values:
        return VARCHAR
    lengths = [len(v) for v in values]
    longest = max(lengths) if name == "enum" else sum(lengths) + len(values) - 1
    return VarcharType(max(longest, 1))


def _temporal(name: str, numbers: list[int]) -> Type | None:
    precision = numbers[0] if numbers else MICROSECONDS
    if not 0 <= precision <= MICROSECONDS:
        precision = MICROSECONDS
    if name in _TIMESTAMPS:
        return TimestampType(precision)
    if name in _ZONED:
        return TimestampType(precision, True)
    if name in ("time", "time without time zone"):
        return TimeType(precision)
    return None
