"""Expressions, by Trino's precedence.

In: tokens. Out: expression nodes, each `at` where Trino's own node stands: operators at the
operator, predicates (`IN`, `LIKE`, `IS NULL`, …) at their first word, everything else at its first
token.

From loosest to tightest: OR, AND, NOT, a predicate (one only), `||`, `+ -`, `* / %`, sign,
`AT TIME ZONE`, `[…]` and `.`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.sql.ast.expressions import (
    Arithmetic,
    AtTimeZone,
    Between,
    Comparison,
    FunctionCall,
    InList,
    InSubquery,
    IsNull,
    Lambda,
    Like,
    Logical,
    Not,
    Quantified,
    RowConstructor,
    ScalarSubquery,
    StringLiteral,
    Unary,
)
from lakeshell.sql.ast.nodes import Identifier, Position, QualifiedName
from lakeshell.sql.ast.queries import Query
from lakeshell.sql.parser.calls import CallParser
from lakeshell.sql.parser.cursor import (
    IDENTIFIERS,
    MAX_CHAIN,
    QUERY_STARTS,
    STRINGS,
    too_large,
)
from lakeshell.sql.parser.literals import NUMBERS

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression

_PRECEDENCE = {"||": 1, "+": 2, "-": 2, "*": 3, "/": 3, "%": 3}
_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_PREDICATES = _COMPARISONS | {"IS", "IN", "NOT", "LIKE", "BETWEEN"}
QUERY_CONTINUES = frozenset({"UNION", "INTERSECT", "EXCEPT", "ORDER", "OFFSET", "LIMIT", "FETCH"})


class ExpressionParser(CallParser):
    def expression(
        self, left: Expression | None = None, place: Position | None = None
    ) -> Expression:
        self.deeper()
        place = place or self.place
        terms = [self._conjunction(left, place)]
        while self.kinds[self.index] == "OR":
            self.index += 1
            terms.append(self._conjunction(None, self.places[self.index]))
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Logical("or", tuple(terms), at=place)

    def _conjunction(self, left: Expression | None, place: Position) -> Expression:
        first = self._negation() if left is None else self._predicated(left)
        if self.kinds[self.index] != "AND":
            return first
        terms = [first]
        while self.kinds[self.index] == "AND":
            self.index += 1
            terms.append(self._negation())
        return Logical("and", tuple(terms), at=place)

    def _negation(self) -> Expression:
        if self.kinds[self.index] != "NOT":
            return self._predicated(None)
        places: list[Position] = []
        while self.kind == "NOT":
            places.append(self.expect("NOT"))
            self.deeper()
        value = self._predicated(None)
        for place in reversed(places):
            value = Not(value, at=place)
        self.depth -= len(places)
        return value

    # --- predicates ------------------------------------------------------------------------

    def _predicated(self, left: Expression | None) -> Expression:
        value = self.value(1, left)
        kind = self.kinds[self.index]
        if kind not in _PREDICATES:
            return value
        place = self.places[self.index]
        self.index += 1
        if kind in _COMPARISONS:
            return self._compared(value, kind, place)
        if kind == "IS":
            return self._is(value, place)
        if kind != "NOT":
            return self._predicate(value, kind, place)
        kind = self.expect_one("BETWEEN", "IN", "LIKE")
        return Not(self._predicate(value, kind, place), at=place)

    def _compared(self, value: Expression, op: str, place: Position) -> Expression:
        quantifier = self.kinds[self.index]
        if quantifier in ("ALL", "ANY", "SOME") and self.ahead() == "(":
            if self.ahead(2) in QUERY_STARTS:
                return self._quantified(value, op, place)
            if self.leads_to_query(1):
                paren = self.index + 1
                call = self.attempt("value", lambda: self.undecidedly(self.value, paren))
                if call is None:
                    return self._quantified(value, op, place)
                return Comparison(op, value, call, at=place)
        return Comparison(op, value, self.value(), at=place)

    def _quantified(self, value: Expression, op: str, place: Position) -> Expression:
        quantifier = self.expect_one("ALL", "ANY", "SOME")
        query = self.undecidedly(lambda: self.in_parentheses(self.query), self.index)
        return Quantified(op, "all" if quantifier == "ALL" else "any", value, query, at=place)

    def _is(self, value: Expression, place: Position) -> Expression:
        negated = self.accept("NOT")
        if self.expect_one(*(("NULL", "DISTINCT") if negated else ("NOT", "NULL", "DISTINCT"))) == (
            "NULL"
        ):
            return IsNull(value, negated, at=place)
        self.expect("FROM")
        made = Comparison("IS DISTINCT FROM", value, self.value(), at=place)
        return Not(made, at=place) if negated else made

    def _predicate(self, value: Expression, kind: str, place: Position) -> Expression:
        if kind == "BETWEEN":
            low = self.value()
            self.expect("AND")
            return Between(value, low, self.value(), at=place)
        if kind == "LIKE":
            pattern = self.value()
            escape = self.value() if self.accept("ESCAPE") else None
            return Like(value, pattern, escape, at=place)
        return self._in(value, place)

    def _in(self, value: Expression, place: Position) -> Expression:
        """The list or query of IN; without NOT, Trino's reading of `IN` waits for its end."""
        before = self.index - 1
        if self.kinds[before - 1] != "NOT":
            self.undecided.append(before)
            made = self._in_parentheses(value, place)
            self.undecided.pop()
            return made
        return self._in_parentheses(value, place)

    def _in_parentheses(self, value: Expression, place: Position) -> Expression:
        self.expect("(")
        if self.kind in QUERY_STARTS:
            found: Query | tuple[Expression, ...] = self.query()
        elif self.leads_to_query():
            inner = self.place
            first = self.query_or_expression()
            if not isinstance(first, Query):
                found = (first,)
            else:  # Trino reads `IN ((SELECT 1))` as a list of one subquery
                found = first if first.at == inner else (ScalarSubquery(first, at=inner),)
        else:
            found = (self.expression(),)
        if isinstance(found, Query):
            self.expect(")")
            return InSubquery(value, found, at=place)
        if self.accept(","):
            found += self.listed(self.expression)
        self.expect(")")
        return InList(value, found, at=place)

    # --- operators -------------------------------------------------------------------------

    def value(self, minimum: int = 1, left: Expression | None = None) -> Expression:
        made = self._signed() if left is None else self._zoned(left)
        chain = 0
        while True:
            op = self.kinds[self.index]
            precedence = _PRECEDENCE.get(op, 0)
            if precedence < minimum or precedence == 0:
                return made
            chain += 1
            if chain > MAX_CHAIN:
                raise too_large()
            place = self.places[self.index]
            self.index += 1
            right = self._signed() if precedence == 3 else self.value(precedence + 1)
            if precedence == 1:
                concat = QualifiedName((Identifier("concat", at=place),), at=place)
                made = FunctionCall(concat, (made, right), at=place)
            else:
                made = Arithmetic(op, made, right, at=place)

    def _signed(self) -> Expression:
        kind = self.kinds[self.index]
        if kind not in ("-", "+") or (kind == "-" and self.ahead() in NUMBERS):
            return self._zoned(self.primary())
        place = self.places[self.index]
        self.index += 1
        self.deeper()
        made = Unary(kind, self._signed(), at=place)
        self.depth -= 1
        return made

    def _zoned(self, value: Expression) -> Expression:
        while self.kinds[self.index] == "AT" and self.ahead() == "TIME":
            place = self.expect("AT", "TIME", "ZONE")
            zone: Expression
            if self.kind == "INTERVAL":
                zone = self.interval()
            elif self.kind in STRINGS:
                at = self.place
                zone = StringLiteral(self.string(), at=at)
            else:
                self.fail("INTERVAL", "<string>")
            value = AtTimeZone(value, zone, at=place)
        return value

    # --- parentheses -----------------------------------------------------------------------

    def leads_to_query(self, distance: int = 0) -> bool:
        """Whether a query starts after the parentheses at `distance` from here."""
        start = self.index + distance
        known_from, end = self._parentheses
        if not known_from <= start < end:
            end = start
            while self.kinds[end] == "(":
                end += 1
            self._parentheses = (start, end)
        return end > start and self.kinds[end] in QUERY_STARTS

    def parenthesized(self) -> Expression:
        place = self.place
        if self._lambda_ahead():
            parameters = self._lambda_parameters()
            self.expect("->")
            return Lambda(parameters, self.expression(), at=place)
        self.index += 1
        if self.kind in QUERY_STARTS:
            found: Query | Expression = self.query()
        elif self.leads_to_query():
            found = self.undecidedly(self.query_or_expression)
        elif self.kind == ")":
            self.index += 1
            self.fail("->")
        else:
            found = self.undecidedly(self.expression)
        return self._closed(found, place)

    def _closed(self, found: Query | Expression, place: Position) -> Expression:
        """What stands in parentheses that opened at `place`, up to their end."""
        if isinstance(found, Query):
            self.expect(")")
            return ScalarSubquery(found, at=place)
        if not self.accept(","):
            self.expect(")")
            return found
        items = (found, *self.listed(self.expression))
        self.expect(")")
        return RowConstructor(items, (None,) * len(items), at=place)

    def query_or_expression(self) -> Query | Expression:
        """What starts with the parenthesis here, which leads to a query.

        `((SELECT 1) UNION SELECT 2)` is a query, `((SELECT 1) + 1)` an expression: only what
        follows the inner parenthesis tells.
        """
        self.deeper()
        place = self.expect("(")
        found: Query | Expression
        if self.kind in QUERY_STARTS:
            found = self.query()
        else:
            found = self.query_or_expression()
        self.depth -= 1
        if isinstance(found, Query):
            self.expect(")")
            if self.kind in QUERY_CONTINUES and found.with_ is None:
                return self.continued_query(found, place)
            if self.kind == ")" and found.with_ is None:
                return found
            operand: Expression = ScalarSubquery(found, at=place)
        else:
            operand = self._closed(found, place)
        return self.expression(self.accessed(operand, place), place)

    def _lambda_ahead(self) -> bool:
        at, kinds = self.index + 1, self.kinds
        while kinds[at] in IDENTIFIERS and kinds[at + 1] == ",":
            at += 2
        if kinds[at] in IDENTIFIERS:
            at += 1
        return kinds[at] == ")" and kinds[at + 1] == "->" if kinds[at] != "eof" else False

    def _lambda_parameters(self) -> tuple[Identifier, ...]:
        self.expect("(")
        parameters = () if self.kind == ")" else self.listed(self.identifier)
        self.expect(")")
        return parameters
