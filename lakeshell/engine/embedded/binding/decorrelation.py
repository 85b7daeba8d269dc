"""Which correlated subqueries Trino can plan.

In: a bound subquery and the nodes in it that read columns of queries round it. Out: nothing, or
Trino's NOT_SUPPORTED at the subquery, or `NotSupported` where Trino's answer is not known here.
DuckDB runs nearly all of them, Trino those alone that it can turn into a join: the outer columns
may stand in conditions of WHERE, not in what is selected, aggregated, limited or grouped, unless
the inner column is fixed by `inner = outer`. (Trino's PlanNodeDecorrelator and the rules that use
it say so; the shapes they take are those below.)
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from lakeshell.engine.embedded.binding.aggregation import has_aggregates, is_aggregate
from lakeshell.engine.embedded.binding.expressions import column_name
from lakeshell.engine.embedded.binding.windows import window_calls
from lakeshell.engine.embedded.values.typed import refused, rejected
from lakeshell.sql import ast


class Use(Enum):
    """Where the subquery stands."""

    SCALAR = auto()
    EXISTS = auto()
    IN = auto()
    EXTREME = auto()
    """Under a comparison with ALL or ANY, which takes its least or greatest row."""
    LATERAL = auto()
    CONDITIONAL = auto()
    """LATERAL in a join with a condition."""


class _Rejected(Exception):
    """Trino cannot plan it."""


class _Unknown(Exception):
    """Whether Trino can plan it is not known."""


class _Fixed(NamedTuple):
    """Columns of a subquery that its correlated conditions name, and those that `=` fixes."""

    named: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()

    @property
    def free(self) -> frozenset[str]:
        return self.named - self.fixed


def check(query: ast.Query, reads: set[int], use: Use, at: ast.Position) -> None:
    """`reads` are the ids of the nodes that read outer columns, none of them if uncorrelated."""
    if not reads:
        return
    try:
        _Check(reads, use).query(query)
    except _Rejected:
        message = "Given correlated subquery is not supported"
        raise rejected("NOT_SUPPORTED", message, at) from None
    except _Unknown:
        raise refused("a correlated subquery of this form", at) from None


def _conjuncts(condition: ast.Expression | None) -> Iterator[ast.Expression]:
    if isinstance(condition, ast.Logical) and condition.op.lower() == "and":
        for term in condition.terms:
            yield from _conjuncts(term)
    elif condition is not None:
        yield condition


class _Check:
    def __init__(self, reads: set[int], use: Use) -> None:
        self.reads = reads
        self.use = use
        self.named: dict[str, ast.Query] = {}

    def outer(self, *nodes: object) -> bool:
        """Whether outer columns are read inside."""
        return any(
            id(inner) in self.reads
            for node in nodes
            if isinstance(node, ast.Node)
            for inner in node.walk()
        )

    def query(self, query: ast.Query) -> None:
        if query.with_ is not None and self.outer(query.with_):
            if query.with_.recursive:
                raise _Unknown
            self.named.update((table.name.key, table.query) for table in query.with_.tables)
        if query.offset is not None or self.outer(*query.order_by, query.limit):
            raise _Unknown
        body = query.body
        while isinstance(body, ast.Query):
            if body.limit is not None or body.offset is not None or body.with_ is not None:
                raise _Unknown
            body = body.body
        if isinstance(body, ast.SetOperation):
            pruned = any(
                isinstance(n, ast.Select) and isinstance(n.where, ast.BooleanLiteral)
                for n in body.walk()
            )
            raise _Unknown if pruned else _Rejected
        if isinstance(body, ast.Values):
            if len(body.rows) > 1:
                raise _Rejected
            return self.one_row(query)
        if isinstance(body, ast.Select):
            self.select(body, query)
        return None

    def one_row(self, query: ast.Query) -> None:
        """A row that is computed alone."""
        if self.use in (Use.IN, Use.EXTREME, Use.CONDITIONAL):
            raise _Rejected if self.use is Use.CONDITIONAL else _Unknown
        if query.limit is not None:
            raise _Unknown

    # --- SELECT ------------------------------------------------------------------------------

    def select(self, select: ast.Select, query: ast.Query) -> None:
        items = [getattr(i, "value", None) or getattr(i, "target", None) for i in select.items]
        values = [item for item in items if item is not None]
        if self.use is Use.EXISTS:
            values = []
        aggregated = any(has_aggregates(v) for v in values) or (
            select.having is not None and has_aggregates(select.having)
        )
        if select.group_by is None and aggregated:
            return self.aggregate(select, values)
        plain = not (select.where or select.group_by or select.having or select.distinct)
        if plain and (select.from_ is None or self.single(select.from_)):
            return self.one_row(query)
        if select.group_by is None and select.having is not None:
            raise _Unknown
        if self.unnest(select):
            return self.unnested(select, values)
        if self.outer(*values):
            raise _Unknown if select.group_by is not None else _Rejected
        if any(window_calls(value) for value in values):
            raise _Rejected
        fixed = self.source(select)
        if select.group_by is not None:
            self.grouped(select, select.group_by, fixed)
        elif select.distinct:
            self.keyed(fixed, values)
        self.limited(query, fixed, values)
        return None

    def aggregate(self, select: ast.Select, values: list[ast.Expression]) -> None:
        """All rows into one."""
        calls = [n for v in (*values, select.having) if v for n in v.walk() if is_aggregate(n)]
        below = self.outer(*calls, select.where, select.from_)
        if not below and self.outer(*values) and self.use is not Use.SCALAR:
            raise _Unknown
        if self.unnest(select):
            if select.where is not None or self.outer(*calls):
                raise _Rejected
            if select.having is not None or self.use in (Use.IN, Use.EXTREME, Use.CONDITIONAL):
                raise _Unknown
            return
        if not below:
            return
        if self.use is Use.IN or select.having is not None or self.outer(*calls):
            raise _Rejected
        if self.use in (Use.EXTREME, Use.CONDITIONAL):
            raise _Unknown
        self.source(select)

    def grouped(self, select: ast.Select, group_by: ast.GroupBy, fixed: _Fixed) -> None:
        if self.outer(select.having, group_by):
            raise _Unknown
        if any(element.kind != "simple" for element in group_by.elements) or group_by.auto:
            raise _Unknown
        keys = [key for element in group_by.elements for each in element.sets for key in each]
        items = [getattr(item, "value", None) for item in select.items]
        named = [items[key.value - 1] if isinstance(key, ast.LongLiteral) else key for key in keys]
        self.keyed(fixed, [key for key in named if key is not None])

    def keyed(self, fixed: _Fixed, keys: list[ast.Expression]) -> None:
        """Rows made distinct by `keys`: what the conditions name must be one of them or fixed."""
        names = {name[-1] for key in keys if (name := column_name(key)) is not None}
        if fixed.free - names:
            raise _Unknown if self.use in (Use.LATERAL, Use.CONDITIONAL) else _Rejected

    def limited(self, query: ast.Query, fixed: _Fixed, values: list[ast.Expression]) -> None:
        if query.limit is None or (query.limit.count is None and not query.limit.fetch):
            return
        count = query.limit.count
        if query.limit.with_ties or not (count is None or isinstance(count, ast.LongLiteral)):
            raise _Unknown
        number = 1 if count is None else count.value
        if number == 0:
            if self.use is not Use.EXISTS:
                raise _Unknown
            return
        if fixed.free:
            raise _Rejected
        if number == 1 and not query.order_by:
            if self.use is Use.IN:
                raise _Rejected
            for value in values:
                name = column_name(value)
                if name is None or name[-1] not in fixed.fixed:
                    raise _Rejected

    # --- FROM and WHERE ----------------------------------------------------------------------

    def source(self, select: ast.Select) -> _Fixed:
        """What the correlated conditions say of the columns of FROM."""
        conditions = list(_conjuncts(select.where))
        relation = select.from_
        while isinstance(relation, ast.Aliased):
            relation = relation.relation
        inner = _Fixed()
        if isinstance(relation, ast.Join) and relation.kind == "inner" and relation.on is not None:
            conditions.extend(_conjuncts(relation.on))
            if self.outer(relation.left, relation.right):
                raise _Unknown
        elif isinstance(relation, ast.TableSubquery) and self.outer(relation):
            inner = self.derived(relation.query)
        elif isinstance(relation, ast.Table) and relation.name.keys[0] in self.named:
            inner = self.derived(self.named[relation.name.keys[0]])
        elif self.named and relation is not None:
            raise _Unknown
        elif isinstance(relation, ast.Values) and self.outer(relation):
            raise _Rejected if len(relation.rows) > 1 else _Unknown
        elif relation is not None and self.outer(relation):
            raise _Unknown
        return self.conditions(conditions, inner)

    def derived(self, query: ast.Query) -> _Fixed:
        """A subquery in FROM that reads outer columns itself: in its WHERE."""
        select = query.body
        if isinstance(select, ast.SetOperation):
            raise _Rejected
        if (
            not isinstance(select, ast.Select)
            or query.limit is not None
            or query.offset is not None
        ):
            raise _Unknown
        values = [getattr(item, "value", None) for item in select.items]
        if select.from_ is None:
            raise _Unknown
        if self.outer(*values):
            raise _Rejected
        grouping = select.group_by is not None or select.distinct or select.having is not None
        if grouping or any(
            v is not None and (has_aggregates(v) or window_calls(v)) for v in values
        ):
            raise _Unknown
        inner = self.source(select)
        # The columns may have other names outside, so none counts as fixed.
        return _Fixed(inner.named | {"?"}, frozenset())

    def conditions(self, conditions: list[ast.Expression], inner: _Fixed) -> _Fixed:
        named, fixed = set(inner.named), set(inner.fixed)
        for condition in conditions:
            if not self.outer(condition):
                continue
            named.update(self.names(condition))
            if isinstance(condition, ast.Comparison) and condition.op == "=":
                for side, other in (
                    (condition.left, condition.right),
                    (condition.right, condition.left),
                ):
                    name = column_name(side)
                    if name is not None and not self.outer(side) and self.only_outer(other):
                        fixed.add(name[-1])
        return _Fixed(frozenset(named), frozenset(fixed))

    def names(self, node: ast.Node) -> Iterator[str]:
        """The columns of FROM that a correlated condition names."""
        if isinstance(node, ast.Query) and self.outer(node):
            raise _Rejected
        if id(node) in self.reads:
            return
        name = column_name(node)
        if name is not None:
            yield name[-1]
            return
        for child in node.children():
            yield from self.names(child)

    def only_outer(self, node: ast.Expression) -> bool:
        """Whether every column that the expression reads is an outer one."""
        if id(node) in self.reads:
            return True
        if isinstance(node, ast.Identifier | ast.Query):
            return False
        return all(self.only_outer(child) for child in node.children())  # type: ignore[arg-type]

    # --- UNNEST ------------------------------------------------------------------------------

    def single(self, relation: ast.Relation | None) -> bool:
        """Whether FROM is one row that is computed alone."""
        while isinstance(relation, ast.Aliased):
            relation = relation.relation
        if isinstance(relation, ast.Values):
            return len(relation.rows) == 1
        if not isinstance(relation, ast.TableSubquery):
            return False
        select = relation.query.body
        return isinstance(select, ast.Select) and select.from_ is None and select.where is None

    def unnest(self, select: ast.Select) -> bool:
        relation = select.from_
        while isinstance(relation, ast.Aliased):
            relation = relation.relation
        return isinstance(relation, ast.Unnest) and self.outer(relation)

    def unnested(self, select: ast.Select, values: list[ast.Expression]) -> None:
        if select.where is not None or self.use is Use.IN:
            raise _Rejected
        plain = not (select.group_by or select.distinct or select.having)
        if not plain or self.outer(*values) or any(window_calls(value) for value in values):
            raise _Unknown
        if self.use in (Use.EXTREME, Use.CONDITIONAL):
            raise _Unknown
