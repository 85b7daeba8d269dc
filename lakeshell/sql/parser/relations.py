"""Relations: what may stand in FROM.

In: tokens. Out: relation nodes, each at its first token (a join at its left side's). What only
the stack runs is refused by name: JSON_TABLE, MATCH_RECOGNIZE, table arguments of functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.sql.ast.nodes import Identifier, Position
from lakeshell.sql.ast.queries import (
    Aliased,
    Join,
    Lateral,
    Query,
    Sampled,
    Table,
    TableFunction,
    TableSubquery,
    TableVersion,
    Unnest,
)
from lakeshell.sql.parser.cursor import IDENTIFIERS, MAX_CHAIN, QUERY_STARTS, too_large
from lakeshell.sql.parser.expressions import QUERY_CONTINUES, ExpressionParser

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression
    from lakeshell.sql.ast.queries import Relation

_JOINS = frozenset({"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL"})
_CLAUSE_AFTER = {
    "LIMIT": frozenset({"integer", "?", "ALL"}),
    "OFFSET": frozenset({"integer", "?"}),
    "FETCH": frozenset({"FIRST", "NEXT"}),
    "TABLESAMPLE": frozenset({"BERNOULLI", "SYSTEM"}),
    "MATCH_RECOGNIZE": frozenset({"("}),
}


class RelationParser(ExpressionParser):
    def alias(self) -> Identifier | None:
        """`AS name` or `name`, or nothing: a word that starts the next clause is no alias."""
        if self.accept("AS"):
            return self.identifier()
        kind = self.kinds[self.index]
        if kind not in IDENTIFIERS or self._clause_ahead(kind):
            return None
        return self.identifier()

    def _clause_ahead(self, kind: str) -> bool:
        if kind == "WINDOW":
            following = self.ahead()
            return following in IDENTIFIERS and (
                self.ahead(2) == "AS" or following not in _CLAUSE_AFTER
            )
        return kind in _CLAUSE_AFTER and self.ahead() in _CLAUSE_AFTER[kind]

    # --- joins -----------------------------------------------------------------------------

    def relation(self, left: Relation | None = None, place: Position | None = None) -> Relation:
        self.deeper()
        place = place or self.place
        made = self.sampled() if left is None else left
        chain = 0
        while self.kinds[self.index] in _JOINS:
            made = self._joined(made, place)
            chain += 1
            if chain > MAX_CHAIN:
                raise too_large()
        self.depth -= 1
        return made

    def _joined(self, left: Relation, place: Position) -> Relation:
        if self.accept("CROSS"):
            self.expect("JOIN")
            return Join("cross", left, self.sampled(), at=place)
        natural = self.accept("NATURAL")
        kind = self._join_kind()
        if natural:
            return Join(kind, left, self.sampled(), natural=True, at=place)
        right = self.relation()
        if self.accept("ON"):
            return Join(kind, left, right, on=self.expression(), at=place)
        if self.kind != "USING":
            self.fail("ON", "USING")
        self.index += 1
        return Join(kind, left, right, using=self.identifiers(), at=place)

    def _join_kind(self) -> str:
        kind = "inner"
        if self.kind in ("LEFT", "RIGHT", "FULL"):
            kind = self.expect_one("LEFT", "RIGHT", "FULL").lower()
            self.accept("OUTER")
        else:
            self.accept("INNER")
        self.expect("JOIN")
        return kind

    def sampled(self) -> Relation:
        place = self.place
        return self._sample(self._aliased(self._primary_relation(), place), place)

    def _sample(self, made: Relation, place: Position) -> Relation:
        if not (self.kind == "TABLESAMPLE" and self._clause_ahead("TABLESAMPLE")):
            return made
        self.index += 1
        method = self.expect_one("BERNOULLI", "SYSTEM").lower()
        percentage = self.in_parentheses(self.expression)
        return Sampled(made, method, percentage, at=place)

    def _aliased(self, made: Relation, place: Position) -> Relation:
        name = self.alias()
        if name is not None:
            columns = self.identifiers() if self.kind == "(" else None
            made = Aliased(made, name, columns, at=place)
        if self.kind == "MATCH_RECOGNIZE" and self.ahead() == "(":
            self.refuse("MATCH_RECOGNIZE", self.place)
        return made

    # --- primaries -------------------------------------------------------------------------

    def _primary_relation(self) -> Relation:
        kind, place = self.kind, self.place
        if kind == "(":
            return self._parenthesized_relation()
        if kind == "UNNEST":
            return self._unnest()
        if kind == "LATERAL" and self.ahead() == "(":
            self.index += 1
            return Lateral(self.in_parentheses(self.query), at=place)
        if kind == "TABLE":
            return self._table_function()
        if kind == "JSON_TABLE":
            self.refuse("JSON_TABLE", place)
        return self.table()

    def table(self) -> Table:
        """A table's name and, perhaps, the version of it that is meant."""
        place = self.place
        name = self.qualified_name()
        if self.kind != "FOR":
            return Table(name, at=place)
        version_place = self.expect("FOR")
        kind = self.expect_one("TIMESTAMP", "VERSION").lower()
        self.expect("AS", "OF")
        return Table(name, TableVersion(kind, self.value(), at=version_place), at=place)

    def _unnest(self) -> Relation:
        place = self.expect("UNNEST")
        expressions = self.in_parentheses(lambda: self.listed(self.expression))
        ordinality = self.kind == "WITH"
        if ordinality:
            self.undecidedly(lambda: self.expect("WITH", "ORDINALITY"), self.index)
        return Unnest(expressions, ordinality, at=place)

    def _parenthesized_relation(self) -> Relation:
        place = self.place
        if self.ahead() in QUERY_STARTS and not (self.ahead() == "TABLE" and self.ahead(2) == "("):
            return TableSubquery(self.in_parentheses(self.query), at=place)
        self.expect("(")
        if self.leads_to_query():
            found = self.undecidedly(self._query_or_relation)
        else:
            found = self.relation()
        self.expect(")")
        return TableSubquery(found, at=place) if isinstance(found, Query) else found

    def _query_or_relation(self) -> Query | Relation:
        """What starts with the parenthesis here, which leads to a query.

        `((SELECT 1) UNION SELECT 2)` is a query, `((SELECT 1) a JOIN b …)` a relation: only what
        follows the inner parenthesis tells.
        """
        self.deeper()
        place = self.expect("(")
        found: Query | Relation
        if self.kind == "TABLE" and self.ahead() == "(":
            found = self.relation()
        elif self.kind in QUERY_STARTS:
            found = self.query()
        else:
            found = self._query_or_relation()
        self.expect(")")
        self.depth -= 1
        if isinstance(found, Query):
            if found.with_ is None and self.kind in QUERY_CONTINUES and not self._alias_ahead():
                return self.continued_query(found, place)
            if found.with_ is None and self.kind == ")":
                return found
            found = TableSubquery(found, at=place)
        return self.relation(self._sample(self._aliased(found, place), place), place)

    def _alias_ahead(self) -> bool:
        return self.kind in _CLAUSE_AFTER and not self._clause_ahead(self.kind)

    def _table_function(self) -> Relation:
        self.expect("TABLE", "(")
        place = self.place
        name = self.qualified_name()
        self.expect("(")
        arguments: tuple[tuple[Identifier | None, Expression], ...] = ()
        if self.kind not in (")", "COPARTITION"):
            arguments = self.listed(self._table_argument)
        if self.kind == "COPARTITION":
            self.refuse("COPARTITION of table functions", self.place)
        self.expect(")", ")")
        return TableFunction(name, arguments, at=place)

    def _table_argument(self) -> tuple[Identifier | None, Expression]:
        name = None
        if self.is_identifier() and self.ahead() == "=>":
            name = self.identifier()
            self.expect("=>")
        if self.kind == "TABLE":
            self.refuse("a table as an argument of a table function", self.place)
        if self.kind == "DESCRIPTOR" and self.ahead() == "(":
            self.refuse("a descriptor as an argument of a table function", self.place)
        return name, self.expression()

    def named_argument(self) -> tuple[Identifier | None, Expression]:
        """`name => value` or `value`."""
        if self.is_identifier() and self.ahead() == "=>":
            name = self.identifier()
            self.expect("=>")
            return name, self.expression()
        return None, self.expression()
