"""Queries: SELECT, VALUES, TABLE, set operations, WITH, ORDER BY and limits.

In: tokens. Out: `Query` nodes. INTERSECT binds tighter than UNION and EXCEPT.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lakeshell.sql.ast.expressions import LongLiteral, Parameter, RowConstructor, WindowSpec
from lakeshell.sql.ast.nodes import Identifier, Position
from lakeshell.sql.ast.queries import (
    CommonTable,
    GroupBy,
    GroupingSet,
    Join,
    Limit,
    Query,
    Select,
    SelectAll,
    SelectExpression,
    SetOperation,
    Table,
    TableBody,
    Values,
    With,
)
from lakeshell.sql.parser.cursor import MAX_CHAIN, too_large
from lakeshell.sql.parser.literals import NUMBERS
from lakeshell.sql.parser.relations import RelationParser

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression
    from lakeshell.sql.ast.queries import Body, Relation


class QueryParser(RelationParser):
    def root_query(self) -> Query:
        """A statement's own query, which may define functions or session properties first."""
        if self.kind == "WITH" and self.ahead() == "FUNCTION" and self.ahead(2) != "AS":
            self.refuse("WITH FUNCTION", self.place)
        if self.kind == "WITH" and self.ahead() == "SESSION" and self.ahead(2) not in ("AS", "("):
            self.refuse("WITH SESSION", self.place)
        return self.query()

    def query(self) -> Query:
        place = self.place
        with_ = self._with() if self.kind == "WITH" else None
        return self._query_no_with(with_, place)

    def _query_no_with(self, with_: With | None, place: Position) -> Query:
        self.deeper()
        body = self._term()
        self.depth -= 1
        return self._ordered(body, with_, place)

    def continued_query(self, first: Query, place: Position) -> Query:
        return self._ordered(self._term(first), None, place)

    def _ordered(self, body: Body, with_: With | None, place: Position) -> Query:
        order_by = self.order_by()
        offset = limit = None
        if self.accept("OFFSET"):
            offset = self._row_count()
            if self.kind in ("ROW", "ROWS"):
                self.index += 1
        if self.kind == "LIMIT":
            limit = self._limit()
        elif self.kind == "FETCH":
            limit = self._fetch()
        return Query(body, with_, order_by, offset, limit, at=place)

    def _row_count(self) -> LongLiteral | Parameter:
        if self.kind == "?":
            place = self.expect("?")
            self.parameters += 1
            return Parameter(self.parameters - 1, at=place)
        if self.kind != "integer":
            self.fail("integer", "?")
        made = self.number()
        assert isinstance(made, LongLiteral)
        return made

    def _limit(self) -> Limit:
        place = self.expect("LIMIT")
        if self.accept("ALL"):
            return Limit(None, at=place)
        if self.kind not in ("integer", "?"):
            self.fail("ALL", "integer", "?")
        return Limit(self._row_count(), at=place)

    def _fetch(self) -> Limit:
        place = self.expect("FETCH")
        self.expect_one("FIRST", "NEXT")
        count: LongLiteral | Parameter | None = None
        if self.kind in ("integer", "?"):
            count = self._row_count()
        self.expect_one("ROW", "ROWS")
        with_ties = self.expect_one("ONLY", "WITH") == "WITH"
        if with_ties:
            self.expect("TIES")
        return Limit(count, with_ties, True, at=place)

    # --- WITH ------------------------------------------------------------------------------

    def _with(self) -> With:
        place = self.expect("WITH")
        recursive = self.accept("RECURSIVE")
        return With(recursive, self.listed(self._common_table), at=place)

    def _common_table(self) -> CommonTable:
        place = self.place
        name = self.identifier()
        columns = self.identifiers() if self.kind == "(" else None
        self.expect("AS")
        return CommonTable(name, columns, self.in_parentheses(self.query), at=place)

    # --- set operations --------------------------------------------------------------------

    def _term(self, first: Body | None = None) -> Body:
        return self._chained(
            lambda begun: self._chained(self._primary_query, ("INTERSECT",), begun),
            ("UNION", "EXCEPT"),
            first,
        )

    def _chained(
        self, operand: Callable[[Body | None], Body], ops: tuple[str, ...], first: Body | None
    ) -> Body:
        left = operand(first)
        chain = 0
        while self.kinds[self.index] in ops:
            place = self.place
            op = self.expect_one(*ops).lower()
            distinct = not self.accept("ALL")
            if distinct:
                self.accept("DISTINCT")
            if self.kind == "CORRESPONDING":
                self.refuse(f"{op.upper()} CORRESPONDING", self.place)
            left = SetOperation(op, distinct, left, operand(None), at=place)
            chain += 1
            if chain > MAX_CHAIN:
                raise too_large()
        return left

    def _primary_query(self, begun: Body | None) -> Body:
        if begun is not None:
            return begun
        kind, place = self.kind, self.place
        if kind == "SELECT":
            return self._select()
        if kind == "VALUES":
            self.index += 1
            return Values(self.listed(self.expression), at=place)
        if kind == "TABLE":
            self.index += 1
            name = self.qualified_name()
            return TableBody(Table(name, at=place), at=place)
        if kind != "(":
            self.fail("(", "SELECT", "TABLE", "VALUES")
        self.expect("(")
        made = self._query_no_with(None, self.place)
        self.expect(")")
        return made

    # --- SELECT ----------------------------------------------------------------------------

    def _select(self) -> Select:
        place = self.expect("SELECT")
        distinct = self.set_quantifier("*")
        items = self.listed(self._item)
        source = self._sources(place) if self.accept("FROM") else None
        where = self.expression() if self.accept("WHERE") else None
        group_by = None
        if self.accept("GROUP"):
            self.expect("BY")
            group_by = self._group_by()
        having = self.expression() if self.accept("HAVING") else None
        windows: tuple[tuple[Identifier, WindowSpec], ...] = ()
        if self.accept("WINDOW"):
            windows = self.listed(self._named_window)
        return Select(distinct, items, source, where, group_by, having, windows, at=place)

    def _item(self) -> SelectExpression | SelectAll:
        place = self.place
        if self.accept("*"):
            return SelectAll(at=place)
        value = self._item_value(place)
        if self.kind == "." and self.ahead() == "*":
            self.index += 2
            aliases = self.identifiers() if self.accept("AS") else ()
            return SelectAll(value, aliases, at=place)
        return SelectExpression(value, self.alias(), at=place)

    def _item_value(self, place: Position) -> Expression:
        """The value of an item: up to the end of its first primary, it may yet be `primary.*`."""
        if self.kind in ("NOT", "+") or (self.kind == "-" and self.ahead() not in NUMBERS):
            return self.expression()
        outer, self.star_at = self.star_at, place
        first = self.undecidedly(self.primary)
        self.star_at = outer
        return self.expression(first, place)

    def _sources(self, place: Position) -> Relation:
        made = self.relation()
        chain = 0
        while self.accept(","):
            made = Join("implicit", made, self.relation(), at=place)
            chain += 1
            if chain > MAX_CHAIN:
                raise too_large()
        return made

    def _named_window(self) -> tuple[Identifier, WindowSpec]:
        name = self.identifier()
        self.expect("AS")
        return name, self.in_parentheses(self.window_spec)

    # --- GROUP BY --------------------------------------------------------------------------

    def _group_by(self) -> GroupBy:
        place = self.place
        distinct = self.set_quantifier("CUBE", "ROLLUP", "AUTO")
        if self.kind == "AUTO" and self.ahead() != ",":
            self.index += 1
            return GroupBy(distinct, (), True, at=place)
        return GroupBy(distinct, self.listed(self._grouping_element), at=place)

    def _grouping_element(self) -> GroupingSet:
        place = self.place
        if self.kind == "AUTO":
            self.refuse("AUTO among other grouping elements", place)
        if self.kind in ("ROLLUP", "CUBE"):
            kind = self.expect_one("ROLLUP", "CUBE").lower()
            self.expect("(")
            sets = () if self.kind == ")" else self.listed(self._grouping_set)
            self.expect(")")
            return GroupingSet(kind, sets, at=place)
        if self.kind == "GROUPING" and self.ahead() == "SETS":
            self.index += 2
            sets = self.in_parentheses(lambda: self.listed(self._grouping_set))
            return GroupingSet("sets", sets, at=place)
        return GroupingSet("simple", (self._grouping_set(),), at=place)

    def _grouping_set(self) -> tuple[Expression, ...]:
        """`()`, `(a, b)` or one expression."""
        place = self.place
        if self.kind == "(":
            if self.ahead() == ")" and self.ahead(2) != "->":
                self.index += 2
                return ()
            first = self.undecidedly(self.primary)
            made = self.expression(first, place)
            if isinstance(made, RowConstructor) and made.at == place:
                return made.items
            return (made,)
        return (self.expression(),)
