"""Binds one SELECT: FROM, WHERE, the select list, GROUP BY, HAVING, ORDER BY, in Trino's order.

In: an `ast.Select`, the scope round it, the ORDER BY and LIMIT that belong to it. Out: a `Block`.
Errors come in the order in which Trino finds them: a SELECT with aggregates is bound twice, first
over its source for types and errors, then above the aggregation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from lakeshell.engine.embedded.binding.expressions import Expressions, column_name
from lakeshell.engine.embedded.binding.ordering import Bounds, Key, Ordering, emit
from lakeshell.engine.embedded.binding.query import Block, output
from lakeshell.engine.embedded.binding.relations import bind_relation
from lakeshell.engine.embedded.binding.scope import Field, Resolved, Scope
from lakeshell.engine.embedded.binding.windows import Windows
from lakeshell.engine.embedded.values.typed import Typed, rejected
from lakeshell.sql import ast
from lakeshell.sql.coercion import is_comparable
from lakeshell.sql.datatypes import RowType

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.aggregation import Aggregated
    from lakeshell.engine.embedded.binding.binder import Binder


class Item(NamedTuple):
    """One output column before it is bound: an expression, or a field that `*` stands for.

    `part` is the field of the row that `node.*` stands for, from 0.
    """

    name: str | None
    node: ast.Expression | None
    field: Field | None = None
    scope: Scope | None = None
    part: int | None = None


class Bound(NamedTuple):
    value: Typed
    sources: tuple[Field, ...]


def bind_select(
    binder: Binder, select: ast.Select, scope: Scope, ordering: Ordering | None
) -> Block:
    return SelectBinding(binder, select, scope, ordering).bind()


class SelectBinding:
    def __init__(
        self, binder: Binder, select: ast.Select, scope: Scope, ordering: Ordering | None
    ) -> None:
        self.binder = binder
        self.select = select
        self.ordering = ordering
        if select.from_ is None:
            self.from_ = ""
            self.source = Scope(parent=scope)
        else:
            bound = bind_relation(binder, select.from_, scope)
            self.from_ = f" FROM {bound.sql}"
            self.source = bound.scope
        self.source.folded = select.from_ is None or _is_literal(select.from_)
        self.where = ""
        self.windows = Windows(binder, select)
        self.above: Aggregated | None = None

    def bind(self) -> Block:
        self.windows.check(self.source)
        if self.select.where is not None:
            self._where(self.select.where)
        if self._aggregated():
            from lakeshell.engine.embedded.binding.aggregation import bind_aggregated

            return bind_aggregated(self)
        items = self.items()
        expressions = self.expressions(self.source)
        bounds = [self.item(expressions, item) for item in items]
        fields = self.outputs(items, bounds)
        keys, rows = self.order(self.source, items, fields)
        self.check_grouping(items, [key.node for key in keys])
        self.check_windows(items, keys)
        return self.emit(f"{self.from_}{self.where}".strip(), items, bounds, keys, rows)

    def expressions(self, scope: Scope) -> Expressions:
        return Expressions(self.binder, scope, windows=self.windows)

    def emit(
        self,
        source: str,
        items: list[Item],
        bounds: list[Bound],
        keys: list[Key],
        rows: Bounds,
    ) -> Block:
        """The SELECT over `source`, which begins with FROM."""
        keys = keys if self.ordering is not None and self.ordering.effective else []
        sql = emit(
            self.binder,
            [bound.value.sql for bound in bounds],
            source,
            keys,
            rows,
            distinct=self.select.distinct,
        )
        columns = [
            output(item.name, bound.value, bound.sources)
            for item, bound in zip(items, bounds, strict=True)
        ]
        if self.select.distinct:
            self.binder.mark(tuple(columns))
        return Block(sql, columns)

    # --- WHERE ---------------------------------------------------------------------------------

    def _where(self, where: ast.Expression) -> None:
        from lakeshell.engine.embedded.binding.aggregation import forbid_aggregates
        from lakeshell.engine.embedded.binding.pruning import note_conjuncts

        forbid_aggregates(where, "WHERE clause")
        with self.binder.collecting(None):
            condition = self._condition(Expressions(self.binder, self.source), where)
        note_conjuncts(self.binder, where, self.source)
        self.where = f" WHERE {condition.sql}"

    def _condition(self, expressions: Expressions, where: ast.Expression) -> Typed:
        from lakeshell.engine.embedded.binding.pruning import conjuncts, is_simple
        from lakeshell.engine.embedded.values.conditions import conjunction

        terms = list(conjuncts(where))
        if len(terms) == 1:
            return expressions.condition(where, "WHERE clause")
        bound = [expressions.bind(term) for term in terms]
        # each side of a join tests its own terms before it is joined
        joined = isinstance(self.select.from_, ast.Join)
        simple = [joined or is_simple(term) for term in terms]
        folded = self.source.folded
        return conjunction(bound, simple, where.at, self.binder.context, folded=folded)

    def _aggregated(self) -> bool:
        from lakeshell.engine.embedded.binding.aggregation import has_aggregates

        if self.select.group_by is not None or self.select.having is not None:
            return True
        keys = self.ordering.items if self.ordering is not None else ()
        return any(has_aggregates(node) for node in (*self.select.items, *keys))

    # --- the select list -----------------------------------------------------------------------

    def items(self) -> list[Item]:
        """The output columns in order, `*` spread out."""
        items: list[Item] = []
        for item in self.select.items:
            if isinstance(item, ast.SelectAll):
                items.extend(self._spread(item))
            elif item.alias is not None:
                items.append(Item(item.alias.value, item.value))
            else:
                items.append(Item(_implied_name(item.value), item.value))
        return items

    def item(self, expressions: Expressions, item: Item) -> Bound:
        """The value of an output column, and the columns that it is made of."""
        used: set[Field] = set()
        with self.binder.collecting(used):
            value = self._value(expressions, item)
        self._distinct_type(value, item)
        return Bound(value, tuple(used))

    def _value(self, expressions: Expressions, item: Item) -> Typed:
        if item.field is not None:
            scope = item.scope or self.source
            if scope is self.source and self.above is not None:
                scope = self.above.scope
            name = ast.Identifier(item.field.name or "", at=self.select.at)
            return expressions.column(Resolved(item.field, scope, True), name)
        assert item.node is not None
        if item.part is None:
            return expressions.bind(item.node)
        row = expressions.bind(item.node)
        assert isinstance(row.type, RowType)
        type = row.type.fields[item.part].type
        return Typed(f"struct_extract({row.sql}, 'f{item.part}')", type, row.at, zone=row.zone)

    def _distinct_type(self, value: Typed, item: Item) -> None:
        if not self.select.distinct or is_comparable(value.type):
            return
        message = f"DISTINCT can only be applied to comparable types (actual: {value.type})"
        if item.node is not None and item.part is None:
            from lakeshell.engine.embedded.wording.expressions import expression_text

            message += f": {expression_text(item.node)}"
        raise rejected("TYPE_MISMATCH", message, self.select.at)

    def _spread(self, item: ast.SelectAll) -> list[Item]:
        if item.target is None:
            return self._spread_all(item)
        parts = column_name(item.target)
        if parts is not None:
            found = self._table(item, parts)
            if found is not None:
                fields = [f for f in found.visible() if f.qualifier and f.matches(parts)]
                return self._spread_fields(item, fields, found)
        return self._spread_row(item)

    def _spread_all(self, item: ast.SelectAll) -> list[Item]:
        if item.aliases:
            raise rejected("NOT_SUPPORTED", "Column aliases not supported", item.at)
        fields = self.source.visible()
        if not fields and self.select.from_ is None:
            message = "SELECT * not allowed in queries without FROM clause"
            raise rejected("COLUMN_NOT_FOUND", message, item.at)
        return self._spread_fields(item, fields, self.source)

    def _table(self, item: ast.SelectAll, parts: tuple[str, ...]) -> Scope | None:
        """The scope whose relation `parts` name; None where they name a row column."""
        scope: Scope | None = self.source
        while scope is not None:
            table = scope.tables(parts) if len(parts) < 4 else None
            row = scope.row_fields(parts) if len(parts) > 1 else None
            if table is not None and row is not None:
                message = f"Reference '{'.'.join(parts)}' is ambiguous"
                raise rejected("AMBIGUOUS_NAME", message, item.at)
            if table is not None:
                return table
            if row is not None:
                return None
            scope = scope.outer()
        message = f"Unable to resolve reference {'.'.join(parts)}"
        raise rejected("TABLE_NOT_FOUND", message, item.at)

    def _spread_fields(self, item: ast.SelectAll, fields: list[Field], scope: Scope) -> list[Item]:
        if not fields:
            message = "SELECT * not allowed from relation that has no columns"
            raise rejected("COLUMN_NOT_FOUND", message, item.at)
        names = self._aliases(item, [field.name for field in fields])
        return [Item(name, None, field, scope) for name, field in zip(names, fields, strict=True)]

    def _spread_row(self, item: ast.SelectAll) -> list[Item]:
        assert item.target is not None
        with self.binder.trial():
            row = self.expressions(self.source).bind(item.target)
        if not isinstance(row.type, RowType):
            raise rejected("TYPE_MISMATCH", "expected expression of type Row", self.select.at)
        names = self._aliases(item, [field.name for field in row.type.fields])
        return [Item(name, item.target, part=n) for n, name in enumerate(names)]

    def _aliases(self, item: ast.SelectAll, names: list[str | None]) -> list[str | None]:
        if not item.aliases:
            return names
        if len(item.aliases) != len(names):
            message = (
                f"Column alias list has {len(item.aliases)} entries but relation has "
                f"{len(names)} columns"
            )
            raise rejected("MISMATCHED_COLUMN_ALIASES", message, item.aliases[0].at)
        return [a.value if a.quoted else a.value.upper() for a in item.aliases]

    # --- ORDER BY ------------------------------------------------------------------------------

    def outputs(self, items: list[Item], bounds: list[Bound]) -> list[Field]:
        """The output columns as ORDER BY sees them: they read what the select list reads."""
        return [
            Field(
                item.name,
                bound.value.type,
                bound.value.sql,
                zone=bound.value.zone,
                sources=bound.sources,
            )
            for item, bound in zip(items, bounds, strict=True)
        ]

    def order(
        self, source: Scope, items: list[Item], outputs: list[Field]
    ) -> tuple[list[Key], Bounds]:
        """The sort keys, over the outputs before the source, and the bounds."""
        if self.ordering is None:
            return [], Bounds()
        scope = Scope(outputs, source)
        expressions = self.expressions(scope)
        expressions.above = self.above
        with self.binder.collecting(None if self.ordering.effective else set()):
            keys = self.ordering.keys(expressions, outputs, self.select)
        if self.select.distinct:
            keys = [self._distinct_key(key, items, scope) for key in keys]
        return keys, self.ordering.bounds(Expressions(self.binder, Scope(parent=source)))

    def _distinct_key(self, key: Key, items: list[Item], scope: Scope) -> Key:
        """With DISTINCT a sort key is one of the outputs."""
        if key.ordinal is not None:
            return key
        from lakeshell.engine.embedded.binding.equality import same_expression

        for n, item in enumerate(items):
            if item.field is not None:
                parts = column_name(key.node)
                resolved = scope.resolve(parts, key.node.at) if parts else None
                if resolved is not None and resolved.field is item.field:
                    return key._replace(ordinal=n + 1)
            elif (
                item.part is None
                and item.node is not None
                and same_expression(key.node, scope, item.node, self.source)
            ):
                return key._replace(ordinal=n + 1)
        message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
        raise rejected("EXPRESSION_NOT_IN_DISTINCT", message, self.select.at)

    def check_grouping(self, items: list[Item], order_by: Sequence[ast.Expression]) -> None:
        """GROUPING() needs a GROUP BY."""
        if self.select.group_by is not None:
            return
        from lakeshell.engine.embedded.binding.aggregation import inside

        for node in (*(item.node for item in items), self.select.having, *order_by):
            if node is not None and any(isinstance(n, ast.Grouping) for n in inside(node)):
                message = (
                    "A GROUPING() operation can only be used with a corresponding GROUPING "
                    "SET/CUBE/ROLLUP/GROUP BY clause"
                )
                raise rejected("MISSING_GROUP_BY", message, self.select.at)

    def check_windows(self, items: list[Item], keys: list[Key]) -> None:
        for node in (*(item.node for item in items), *(key.node for key in keys)):
            if node is not None:
                self.windows.validate(node)


def _implied_name(node: ast.Expression) -> str | None:
    if isinstance(node, ast.Identifier):
        return node.value
    if isinstance(node, ast.Dereference) and column_name(node) is not None:
        return node.field.value
    return None


def _is_literal(relation: ast.Relation) -> bool:
    if isinstance(relation, ast.Aliased):
        return _is_literal(relation.relation)
    if isinstance(relation, ast.TableSubquery):
        query = relation.query
        return isinstance(query.body, ast.Values) and query.limit is None and query.offset is None
    return isinstance(relation, ast.Values)
