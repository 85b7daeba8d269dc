"""Literals: numbers, strings, intervals, typed strings.

In: tokens. Out: literal nodes. A sign before a number belongs to it, as in Trino: so
-9223372036854775808 is a bigint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.sql.ast.expressions import (
    BinaryLiteral,
    DecimalLiteral,
    DoubleLiteral,
    GenericLiteral,
    IntervalLiteral,
    LongLiteral,
    StringLiteral,
)
from lakeshell.sql.parser.cursor import STRINGS
from lakeshell.sql.parser.strings import InvalidString, binary_value
from lakeshell.sql.parser.types import INTERVAL_FIELDS, TypeParser

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression

NUMBERS = frozenset({"integer", "decimal", "double"})
_BASES = {"0x": 16, "0o": 8, "0b": 2}


class LiteralParser(TypeParser):
    def number(self) -> Expression:
        """A number, with its minus where one stands before it."""
        place = self.place
        sign = "-" if self.accept("-") else ""
        kind, text = self.kind, self.texts[self.index]
        self.index += 1
        if kind == "integer":
            value = long_value(text)
            value = -value if sign else value
            if not -(2**63) <= value < 2**63:
                self.reject_late(f"Invalid numeric literal: {sign}{text}", place)
            return LongLiteral(value, at=place)
        if kind == "decimal":
            return DecimalLiteral(sign + text.replace("_", ""), at=place)
        return DoubleLiteral(sign + text, at=place)

    def string_literal(self) -> StringLiteral:
        place = self.place
        return StringLiteral(self.string(), at=place)

    def binary_literal(self) -> BinaryLiteral:
        place, text = self.place, self.texts[self.index]
        self.expect("binary")
        try:
            return BinaryLiteral(binary_value(text), at=place)
        except InvalidString as fault:
            self.reject_late(str(fault), place)
            return BinaryLiteral(b"", at=place)

    def typed_string(self) -> Expression:
        """`DATE '2024-01-01'`: any name, or `DOUBLE PRECISION`, before a string."""
        place = self.place
        if self.accept_words("DOUBLE", "PRECISION"):
            return GenericLiteral("double", self.string(), at=place)
        name = self.identifier()
        value = self.string()
        if not name.quoted and name.key == "x":
            self.reject_late(
                "Spaces are not allowed between 'X' and the starting quote of a binary literal",
                place,
            )
        if not name.quoted and name.key == "decimal":
            return DecimalLiteral(value, at=place)
        kind = f'"{name.value}"' if name.quoted else name.key
        return GenericLiteral(kind, value, name.value if not name.quoted else kind, at=place)

    def interval(self) -> Expression:
        """`INTERVAL '1' DAY`; without a field it is a string of a type named interval."""
        place = self.place
        if self.ahead() in STRINGS and not self._field_follows():
            return self.typed_string()
        self.expect("INTERVAL")
        negative = self.kind == "-"
        if self.kind in ("-", "+"):
            self.index += 1
        value = self.string()
        start = self.expect_one(*INTERVAL_FIELDS).lower()
        end = None
        if self.kind == "TO" and self.ahead() in INTERVAL_FIELDS:  # otherwise an alias named to
            self.index += 1
            end = self.expect_one(*INTERVAL_FIELDS).lower()
        return IntervalLiteral(value, negative, start, end, at=place)

    def _field_follows(self) -> bool:
        distance = 4 if self.ahead() == "ustring" and self.ahead(2) == "UESCAPE" else 2
        return self.ahead(distance) in INTERVAL_FIELDS


def long_value(text: str) -> int:
    digits = text.replace("_", "").lower()
    base = _BASES.get(digits[:2], 10)
    return int(digits[2:] if base != 10 else digits, base)
