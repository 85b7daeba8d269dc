"""Trino's types as values.

In: a type's name (`decimal(10,2)`). Out: a `Type` that prints as Trino prints it and compares by
what it is. Nothing here converts values: see `coercion` for what may become what.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_PRECISION = 38
MAX_TIME_PRECISION = 12
MAX_VARCHAR = 2**31 - 1
MAX_CHAR = 65_536


class InvalidType(ValueError):
    """A type name that Trino does not know, or whose arguments it refuses."""


class InvalidParameter(InvalidType):
    """A precision or scale out of its range, which Trino says in other words than an unknown type."""


@dataclass(frozen=True)
class Type:
    """A type without parts: `bigint`, `boolean`, `json`; the base of the others."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class DecimalType(Type):
    precision: int
    scale: int

    def __init__(self, precision: int, scale: int) -> None:
        object.__setattr__(self, "name", "decimal")
        object.__setattr__(self, "precision", precision)
        object.__setattr__(self, "scale", scale)

    def __str__(self) -> str:
        return f"decimal({self.precision},{self.scale})"


@dataclass(frozen=True)
class VarcharType(Type):
    """`length` in characters; None without a bound."""

    length: int | None

    def __init__(self, length: int | None = None) -> None:
        object.__setattr__(self, "name", "varchar")
        object.__setattr__(self, "length", length)

    def __str__(self) -> str:
        return "varchar" if self.length is None else f"varchar({self.length})"


@dataclass(frozen=True)
class CharType(Type):
    length: int

    def __init__(self, length: int) -> None:
        object.__setattr__(self, "name", "char")
        object.__setattr__(self, "length", length)

    def __str__(self) -> str:
        return f"char({self.length})"


@dataclass(frozen=True)
class TimeType(Type):
    """`time(p)` or, `with_zone`, `time(p) with time zone`; precision in digits of a second."""

    precision: int
    with_zone: bool

    def __init__(self, precision: int = 3, with_zone: bool = False) -> None:
        object.__setattr__(self, "name", "time with time zone" if with_zone else "time")
        object.__setattr__(self, "precision", precision)
        object.__setattr__(self, "with_zone", with_zone)

    def __str__(self) -> str:
        return f"time({self.precision})" + (" with time zone" if self.with_zone else "")


@dataclass(frozen=True)
class TimestampType(Type):
    """`timestamp(p)` or, `with_zone`, `timestamp(p) with time zone`."""

    precision: int
    with_zone: bool

    def __init__(self, precision: int = 3, with_zone: bool = False) -> None:
        object.__setattr__(self, "name", "timestamp with time zone" if with_zone else "timestamp")
        object.__setattr__(self, "precision", precision)
        object.__setattr__(self, "with_zone", with_zone)

    def __str__(self) -> str:
        return f"timestamp({self.precision})" + (" with time zone" if self.with_zone else "")


@dataclass(frozen=True)
class ArrayType(Type):
    element: Type

    def __init__(self, element: Type) -> None:
        object.__setattr__(self, "name", "array")
        object.__setattr__(self, "element", element)

    def __str__(self) -> str:
        return f"array({self.element})"


@dataclass(frozen=True)
class MapType(Type):
    key: Type
    value: Type

    def __init__(self, key: Type, value: Type) -> None:
        object.__setattr__(self, "name", "map")
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "value", value)

    def __str__(self) -> str:
        return f"map({self.key}, {self.value})"


@dataclass(frozen=True)
class RowField:
    name: str | None
    type: Type


@dataclass(frozen=True)
class RowType(Type):
    fields: tuple[RowField, ...]

    def __init__(self, fields: tuple[RowField, ...]) -> None:
        object.__setattr__(self, "name", "row")
        object.__setattr__(self, "fields", fields)

    def __str__(self) -> str:
        said = (
            str(f.type) if f.name is None else f"{_field_name(f.name)} {f.type}"
            for f in self.fields
        )
        return f"row({', '.join(said)})"


@dataclass(frozen=True)
class FunctionType(Type):
    """The type of a lambda."""

    arguments: tuple[Type, ...]
    result: Type

    def __init__(self, arguments: tuple[Type, ...], result: Type) -> None:
        object.__setattr__(self, "name", "function")
        object.__setattr__(self, "arguments", arguments)
        object.__setattr__(self, "result", result)

    def __str__(self) -> str:
        return f"function({','.join(map(str, (*self.arguments, self.result)))})"


BOOLEAN = Type("boolean")
TINYINT = Type("tinyint")
SMALLINT = Type("smallint")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = VarcharType()
VARBINARY = Type("varbinary")
DATE = Type("date")
JSON = Type("json")
UUID = Type("uuid")
UNKNOWN = Type("unknown")
INTERVAL_DAY = Type("interval day to second")
INTERVAL_YEAR = Type("interval year to month")

INTEGRAL = (TINYINT, SMALLINT, INTEGER, BIGINT)
NUMERIC_NAMES = frozenset(t.name for t in (*INTEGRAL, REAL, DOUBLE)) | {"decimal"}

_PLAIN = {
    t.name: t
    for t in (
        BOOLEAN, *INTEGRAL, REAL, DOUBLE, VARBINARY, DATE, JSON, UUID, UNKNOWN,
        INTERVAL_DAY, INTERVAL_YEAR,
        *(Type(n) for n in ("ipaddress", "hyperloglog", "p4hyperloglog", "setdigest", "geometry",
                            "jsonpath", "json2016", "color")),
    )
} | {"int": INTEGER}  # fmt: skip


def _field_name(name: str) -> str:
    return (
        '"' + name.replace('"', '""') + '"' if not re.fullmatch(r"[a-z_][a-z0-9_]*", name) else name
    )


def parse_type(text: str) -> Type:
    """The type that `text` names, in any case; raises `InvalidType`."""
    reader = _Reader(text)
    made = reader.type()
    reader.end()
    return made


class _Reader:
    """Recursive descent over a type's name; cheap, for it runs for every catalogued column."""

    _TOKEN = re.compile(r'\s*("(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_]*|\d+|[(),<>:])')

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        at = 0
        stripped = text.rstrip()
        while at < len(stripped):
            match = self._TOKEN.match(stripped, at)
            if match is None:
                raise InvalidType(f"Unknown type: {text}")
            self.tokens.append(match[1])
            at = match.end()
        self.next = 0

    def peek(self, ahead: int = 0) -> str:
        at = self.next + ahead
        return self.tokens[at] if at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.next += 1
        return token

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise InvalidType(f"Unknown type: {self.text}")

    def end(self) -> None:
        if self.next != len(self.tokens):
            raise InvalidType(f"Unknown type: {self.text}")

    def words(self, *expected: str) -> bool:
        found = all(self.peek(i).lower() == word for i, word in enumerate(expected))
        if found:
            self.next += len(expected)
        return found

    def numbers(self, most: int) -> list[int]:
        made: list[int] = []
        if self.peek() == "(":
            self.take()
            while self.peek() != ")":
                token = self.take()
                if not token.isdigit():
                    raise InvalidType(f"Unknown type: {self.text}")
                made.append(int(token))
                if self.peek() == ",":
                    self.take()
            self.take()
        if len(made) > most:
            raise InvalidType(f"Unknown type: {self.text}")
        return made

    def type(self) -> Type:
        name = self.take().lower()
        match name:
            case "decimal":
                return self._decimal(self.numbers(2))
            case "varchar":
                return self._varchar(self.numbers(1))
            case "char":
                return self._char(self.numbers(1))
            case "time" | "timestamp":
                return self._time(name)
            case "double":
                self.words("precision")
                return DOUBLE
            case "interval":
                if self.words("day", "to", "second"):
                    return INTERVAL_DAY
                if self.words("year", "to", "month"):
                    return INTERVAL_YEAR
            case "array":
                self.expect("(")
                element = self.type()
                self.expect(")")
                return ArrayType(element)
            case "map":
                self.expect("(")
                key = self.type()
                self.expect(",")
                value = self.type()
                self.expect(")")
                return MapType(key, value)
            case "row":
                return self._row()
        if name in _PLAIN:
            return _PLAIN[name]
        raise InvalidType(f"Unknown type: {self.text}")

    def _varchar(self, numbers: list[int]) -> Type:
        if not numbers or numbers[0] == MAX_VARCHAR:
            return VARCHAR
        if numbers[0] > MAX_VARCHAR:
            raise InvalidType(f"Unknown type: {self.text}")
        return VarcharType(numbers[0])

    def _char(self, numbers: list[int]) -> Type:
        length = numbers[0] if numbers else 1
        if length > MAX_CHAR:
            raise InvalidType(f"Unknown type: {self.text}")
        return CharType(length)

    def _decimal(self, numbers: list[int]) -> Type:
        precision, scale = (*numbers, 0)[:2] if numbers else (MAX_PRECISION, 0)
        if not 1 <= precision <= MAX_PRECISION:
            raise InvalidParameter(
                f"DECIMAL precision must be in range [1, {MAX_PRECISION}]: {precision}"
            )
        if scale > precision:
            raise InvalidParameter(
                f"DECIMAL scale must be in range [0, precision ({precision})]: {scale}"
            )
        return DecimalType(precision, scale)

    def _time(self, name: str) -> Type:
        numbers = self.numbers(1)
        precision = numbers[0] if numbers else 3
        if precision > MAX_TIME_PRECISION:
            raise InvalidType(f"{name.upper()} precision must be in range [0, 12]: {precision}")
        zone = self.words("with", "time", "zone")
        if not zone:
            self.words("without", "time", "zone")
        return TimeType(precision, zone) if name == "time" else TimestampType(precision, zone)

    def _row(self) -> Type:
        self.expect("(")
        fields: list[RowField] = []
        while True:
            fields.append(self._field())
            token = self.take()
            if token == ")":
                return RowType(tuple(fields))
            if token != ",":
                raise InvalidType(f"Unknown type: {self.text}")

    def _field(self) -> RowField:
        token = self.peek()
        if token.startswith('"'):
            self.take()
            return RowField(token[1:-1].replace('""', '"'), self.type())
        start = self.next
        try:
            anonymous = self.type()
            if self.peek() in (",", ")"):
                return RowField(None, anonymous)
        except InvalidType:
            pass
        self.next = start + 1
        return RowField(token, self.type())
