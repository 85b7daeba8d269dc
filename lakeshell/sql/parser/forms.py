"""Calls with a grammar of their own: CAST, CASE, TRIM, EXTRACT, LISTAGG and their like.

In: tokens. Out: expression nodes, each at its first token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.sql.ast.expressions import (
    Cast,
    CurrentName,
    CurrentTime,
    Dereference,
    Exists,
    Extract,
    FunctionCall,
    Grouping,
    SearchedCase,
    SimpleCase,
    StringLiteral,
    Trim,
    WhenClause,
)
from lakeshell.sql.ast.nodes import Identifier, Position, QualifiedName
from lakeshell.sql.parser.jsonforms import JsonParser

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression

EXTRACT_FIELDS = (
    "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAY_OF_MONTH", "DAY_OF_WEEK", "DOW", "DAY_OF_YEAR",
    "DOY", "YEAR_OF_WEEK", "YOW", "HOUR", "MINUTE", "SECOND", "TIMEZONE_MINUTE", "TIMEZONE_HOUR",
)  # fmt: skip
_SIDES = ("LEADING", "TRAILING", "BOTH")
_NORMAL_FORMS = ("NFD", "NFC", "NFKD", "NFKC")


def _named(name: str, place: Position) -> QualifiedName:
    return QualifiedName((Identifier(name, at=place),), at=place)


class FormParser(JsonParser):
    def cast(self) -> Expression:
        place = self.place
        safe = self.expect_one("CAST", "TRY_CAST") == "TRY_CAST"
        self.expect("(")
        value = self.expression()
        self.expect("AS")
        type_name = self.type_name()
        self.expect(")")
        return Cast(value, type_name, safe, at=place)

    def case(self) -> Expression:
        place = self.expect("CASE")
        operand = None if self.kind == "WHEN" else self.expression()
        whens = [self._when()]
        while self.kind == "WHEN":
            whens.append(self._when())
        default = self.expression() if self.accept("ELSE") else None
        self.expect("END")
        if operand is None:
            return SearchedCase(tuple(whens), default, at=place)
        return SimpleCase(operand, tuple(whens), default, at=place)

    def _when(self) -> WhenClause:
        place = self.expect("WHEN")
        condition = self.expression()
        self.expect("THEN")
        return WhenClause(condition, self.expression(), at=place)

    def exists(self) -> Expression:
        place = self.expect("EXISTS")
        return Exists(self.in_parentheses(self.query), at=place)

    def grouping(self) -> Expression:
        place = self.expect("GROUPING")
        self.expect("(")
        columns: tuple[Expression, ...] = ()
        if self.kind != ")":
            columns = self.listed(self._grouping_column)
        self.expect(")")
        return Grouping(columns, at=place)

    def _grouping_column(self) -> Expression:
        name = self.qualified_name()
        made: Expression = name.parts[0]
        for field in name.parts[1:]:
            made = Dereference(made, field, at=name.at)
        return made

    def current_time(self) -> Expression:
        place = self.place
        name = self.expect_one(
            "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"
        )
        precision = None
        if name != "CURRENT_DATE" and self.accept("("):
            text = self.texts[self.index]
            self.expect("integer")
            precision = int(text) if text.isdigit() else 0
            self.expect(")")
        return CurrentTime(name.lower(), precision, at=place)

    def current_name(self) -> Expression:
        place = self.place
        name = self.expect_one("CURRENT_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH")
        return CurrentName(name.lower(), at=place)

    # --- text ------------------------------------------------------------------------------

    def trim(self) -> Expression:
        return self.undecidedly(self._trim)

    def _trim(self) -> Expression:
        place = self.expect("TRIM")
        self.expect("(")
        if self.kind in _SIDES:
            made = self.attempt("trim", lambda: self._sided_trim(place))
            if made is not None:
                return made
        if self.accept("FROM"):
            self.reject_late(
                "The 'trim' function must have specification, char or both arguments "
                "when it takes FROM",
                place,
            )
            characters, value = None, self.value()
        else:
            characters, value = None, self.value()
            if self.accept("FROM"):
                characters, value = value, self.value()
            elif self.accept(","):
                characters = self.value()
        self.expect(")")
        return Trim("both", value, characters, at=place)

    def _sided_trim(self, place: Position) -> Expression:
        side = self.expect_one(*_SIDES).lower()
        characters = None if self.kind == "FROM" else self.value()
        self.expect("FROM")
        value = self.value()
        self.expect(")")
        return Trim(side, value, characters, at=place)

    def extract(self) -> Expression:
        place = self.expect("EXTRACT")
        self.expect("(")
        text = self.texts[self.index]
        self.identifier()
        if text.upper() not in EXTRACT_FIELDS:
            self.reject_late(
                f"Invalid EXTRACT field {text}, valid fields are: {', '.join(EXTRACT_FIELDS)}",
                place,
            )
        self.expect("FROM")
        value = self.value()
        self.expect(")")
        return Extract(text.lower(), value, at=place)

    def normalize(self) -> Expression:
        place = self.expect("NORMALIZE")
        self.expect("(")
        value = self.value()
        form = self.expect_one(*_NORMAL_FORMS) if self.accept(",") else "NFC"
        self.expect(")")
        return FunctionCall(
            _named("normalize", place), (value, StringLiteral(form, at=place)), at=place
        )

    def position(self) -> Expression:
        """`POSITION(a IN b)`, which is `strpos(b, a)`."""
        place = self.expect("POSITION")
        self.expect("(")
        part = self.value()
        self.expect("IN")
        whole = self.value()
        self.expect(")")
        return FunctionCall(_named("strpos", place), (whole, part), at=place)

    def substring(self) -> Expression:
        """`SUBSTRING(a FROM b FOR c)`, which is `substr(a, b, c)`."""
        place = self.expect("SUBSTRING")
        self.expect("(")
        arguments = [self.value()]
        self.expect("FROM")
        arguments.append(self.value())
        if self.accept("FOR"):
            arguments.append(self.value())
        self.expect(")")
        return FunctionCall(_named("substr", place), tuple(arguments), at=place)
