"""Binds a SELECT with aggregates: GROUP BY, HAVING, and what may stand above them.

In: a SELECT half bound. Out: a `Block` of two layers: the inner one groups and aggregates, the
outer one is the select list over its keys and aggregates. Which expressions are constant within a
group is decided as Trino decides it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.binding.equality import expression_key
from lakeshell.engine.embedded.binding.expressions import Expressions, column_name
from lakeshell.engine.embedded.binding.scope import Field, Scope
from lakeshell.engine.embedded.functions import registry
from lakeshell.engine.embedded.values.typed import Typed, rejected
from lakeshell.sql import ast
from lakeshell.sql.coercion import is_comparable
from lakeshell.sql.datatypes import BOOLEAN, UNKNOWN

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.query import Block
    from lakeshell.engine.embedded.binding.select import Item, SelectBinding

MOST_GROUPING_SETS = 2048


def function_name(call: ast.FunctionCall) -> str:
    """The name to look up; `system.builtin.` before it means the same."""
    keys = call.name.keys
    return keys[-1] if keys[:-1] == ("system", "builtin") else ".".join(keys)


def inside(node: ast.Node) -> Iterator[ast.Node]:
    """The node and those below it, subqueries left out, in the order written."""
    pending: list[ast.Node] = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Query):
            continue
        yield node
        pending.extend(reversed(list(node.children())))


def is_aggregate(node: ast.Node) -> bool:
    """A call that aggregates a group, not a window."""
    if isinstance(node, ast.Listagg):
        return True
    return (
        isinstance(node, ast.FunctionCall)
        and node.window is None
        and registry.is_aggregate(function_name(node))
    )


def has_aggregates(node: ast.Node) -> bool:
    return any(is_aggregate(n) for n in inside(node))


def forbid_aggregates(node: ast.Expression, clause: str) -> None:
    """Raises EXPRESSION_NOT_SCALAR where `clause` has aggregates, windows or GROUPING()."""
    nodes = list(inside(node))
    found = [n for n in nodes if is_aggregate(n)]
    found += [n for n in nodes if isinstance(n, ast.FunctionCall) and n.window is not None]
    found += [n for n in nodes if isinstance(n, ast.Grouping)]
    if found:
        from lakeshell.engine.embedded.wording.expressions import expression_text

        said = ", ".join(expression_text(n) for n in found)
        message = (
            f"{clause} cannot contain aggregations, window functions or grouping operations: "
            f"[{said}]"
        )
        raise rejected("EXPRESSION_NOT_SCALAR", message, node.at)


class Keys:
    """The keys of a GROUP BY, each once, and the sets that it groups by (of their numbers)."""

    def __init__(self) -> None:
        self.nodes: list[ast.Expression] = []
        self.values: list[Typed] = []
        self.fields: list[Field | None] = []
        self.sets: list[tuple[int, ...]] = [()]
        self._numbers: dict[object, int] = {}

    def add(self, node: ast.Expression, value: Typed, field: Field | None, key: object) -> int:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.nodes)
            self.nodes.append(node)
            self.values.append(value)
            self.fields.append(field)
        return number

    def number(self, key: object) -> int | None:
        return self._numbers.get(key)

    @property
    def expression_types(self) -> set[type[ast.Node]]:
        return {
            type(node) for node, field in zip(self.nodes, self.fields, strict=True) if field is None
        }


class Aggregated:
    """The layer above a GROUP BY: gives keys and aggregates as columns of the inner SELECT."""

    def __init__(self, selection: SelectBinding, keys: Keys, keeps_rows: bool) -> None:
        """`keeps_rows` unless each aggregate has a FILTER and none of its rows are a group."""
        self.binder = selection.binder
        self.keeps_rows = keeps_rows
        self.source = selection.source
        self.keys = keys
        self.alias = selection.binder.alias("g")
        self.scope = Scope(self.source.fields, self.source.parent, boundary=self.source.boundary)
        self.scope.translation = self
        self._by_field = {id(field): n for n, field in enumerate(keys.fields) if field is not None}
        self._types = keys.expression_types
        self.aggregates: dict[str, Typed] = {}
        self._columns: dict[str, str] = {}
        self._lift = selection.binder.alias("o")
        self._lifted: dict[str, str] = {}

    def field(self, field: Field, node: ast.Node) -> Typed:
        """A grouped column. Only names inside subqueries come here unchecked."""
        number = self._by_field.get(id(field))
        if number is None:
            from lakeshell.engine.embedded.wording.expressions import expression_text

            message = (
                f"Subquery uses '{expression_text(node)}' which must appear in GROUP BY clause"
            )
            raise rejected("EXPRESSION_NOT_AGGREGATE", message, node.at)
        return self.key(number, node.at)

    def key(self, number: int, at: ast.Position) -> Typed:
        value = self.keys.values[number]
        return Typed(f"{self.alias}.k{number}", value.type, at, zone=value.zone)

    def find(self, node: ast.Node, scope: Scope) -> Typed | None:
        """The key that the expression is, where it is one."""
        if type(node) not in self._types:
            return None
        number = self.keys.number(expression_key(node, scope))
        return None if number is None else self.key(number, node.at)

    def aggregate(self, made: Typed) -> Typed:
        """An aggregate over the source, as a column."""
        column = self._columns.get(made.sql)
        if column is None:
            column = self._columns[made.sql] = f"{self.alias}.a{len(self._columns)}"
            self.aggregates[column] = made
        return Typed(column, made.type, made.at, zone=made.zone)

    def lift(self, outer: Typed) -> Typed:
        """An outer query's column inside an aggregate, brought into the source.

        DuckDB would take an aggregate of outer columns alone for the outer query's.
        """
        column = self._lifted.setdefault(outer.sql, f"{self._lift}.o{len(self._lifted)}")
        return Typed(column, outer.type, outer.at, zone=outer.zone)

    def grouping(self, node: ast.Grouping) -> Typed:
        """GROUPING(): a bit for each argument that its set leaves out, the first one highest."""
        from lakeshell.sql.datatypes import BIGINT, INTEGER

        type = INTEGER if len(node.columns) < 32 else BIGINT
        names = []
        for column in node.columns:
            number = self.keys.number(expression_key(column, self.scope))
            assert number is not None
            names.append(self.keys.values[number].sql)
        held = "INTEGER" if type == INTEGER else "BIGINT"
        if len(self.keys.sets) == 1:
            return Typed(f"CAST(0 AS {held})", type, node.at)
        return self.aggregate(Typed(f"CAST(GROUPING({', '.join(names)}) AS {held})", type, node.at))

    def inner(self, from_: str, where: str) -> str:
        """The inner SELECT: keys as k0, k1, …, aggregates as a0, a1, …"""
        items = [f"{value.sql} AS k{n}" for n, value in enumerate(self.keys.values)]
        items += [f"{made.sql} AS a{n}" for n, made in enumerate(self.aggregates.values())]
        sets = self.keys.sets
        if not items or (sets == [()] and not self.aggregates):
            items.append("count(*) AS rows")
        if self._lifted:
            lifted = ", ".join(f"{sql} AS o{n}" for n, sql in enumerate(self._lifted))
            lateral = f"(SELECT {lifted}) AS {self._lift}"
            from_ = f"{from_} CROSS JOIN LATERAL {lateral}" if from_ else f" FROM {lateral}"
        sql = f"SELECT {', '.join(items)}{from_}{where}"
        if sets == [()]:
            return sql
        if len(sets) == 1 and sorted(sets[0]) == list(range(len(self.keys.values))):
            return f"{sql} GROUP BY {', '.join(str(n + 1) for n in sets[0])}"
        grouped = ", ".join(f"({', '.join(str(n + 1) for n in one)})" for one in sets)
        return f"{sql} GROUP BY GROUPING SETS ({grouped})"


def _all_filtered(selection: SelectBinding) -> bool:
    order = selection.ordering.items if selection.ordering is not None else ()
    having = selection.select.having
    places = [*selection.select.items, *order, *([] if having is None else [having])]
    return all(
        isinstance(node, ast.FunctionCall | ast.Listagg) and node.filter is not None
        for place in places
        for node in inside(place)
        if is_aggregate(node)
    )


def bind_aggregated(selection: SelectBinding) -> Block:
    """Finds the errors in Trino's order, then binds above the aggregation."""
    binder, select, source = selection.binder, selection.select, selection.source
    items = selection.items()
    with binder.trial():
        plain = selection.expressions(source)
        bounds = [selection.item(plain, item) for item in items]
    keys = bind_keys(selection, items)
    _check_having(selection, plain)
    outputs = selection.outputs(items, bounds)
    with binder.trial():
        sort_keys, _ = selection.order(source, items, outputs)
    _check(selection, items, keys, Scope(outputs, source), [key.node for key in sort_keys])
    selection.check_windows(items, sort_keys)

    above = Aggregated(
        selection, keys, bool(keys.nodes) or source.folded or not _all_filtered(selection)
    )
    expressions = Expressions(binder, above.scope, above=above, windows=selection.windows)
    selection.windows.scope = above.scope
    selection.above = above
    bounds = [selection.item(expressions, item) for item in items]
    having = ""
    if select.having is not None:
        with binder.collecting(None):
            condition = expressions.condition(select.having, "HAVING clause")
        having = f" WHERE {condition.sql}"
    outputs = selection.outputs(items, bounds)
    sort_keys, rows = selection.order(above.scope, items, outputs)
    inner = above.inner(selection.from_, selection.where)
    return selection.emit(
        f"FROM ({inner}) AS {above.alias}{having}", items, bounds, sort_keys, rows
    )


def _check_having(selection: SelectBinding, plain: Expressions) -> None:
    having = selection.select.having
    if having is None:
        return
    from lakeshell.engine.embedded.binding.windows import window_calls

    for call in window_calls(having):
        message = "HAVING clause cannot contain window functions or row pattern measures"
        raise rejected("NESTED_WINDOW", message, call.at)
    with selection.binder.trial():
        type = plain.bind(having).type
    if type not in (BOOLEAN, UNKNOWN):
        message = f"HAVING clause must evaluate to a boolean: actual type {type}"
        raise rejected("TYPE_MISMATCH", message, having.at)


# --- GROUP BY ------------------------------------------------------------------------------


def bind_keys(selection: SelectBinding, items: Sequence[Item]) -> Keys:
    """The keys and sets of the GROUP BY; without one, a single group."""
    keys = Keys()
    group_by = selection.select.group_by
    if group_by is None:
        return keys
    _check_sets_count(group_by)
    elements: list[list[tuple[int, ...]]] = []
    if group_by.auto:
        elements.append([tuple(_auto_keys(selection, items, keys))])
    for element in group_by.elements:
        elements.append(_element(selection, element, items, keys))
    for value in keys.values:
        if not is_comparable(value.type):
            message = f"{value.type} is not comparable, and therefore cannot be used in GROUP BY"
            raise rejected("TYPE_MISMATCH", message, selection.select.at)
    sets = [
        tuple(dict.fromkeys(itertools.chain.from_iterable(chosen)))
        for chosen in itertools.product(*elements)
    ]
    if group_by.distinct:
        sets = list({frozenset(one): one for one in reversed(sets)}.values())[::-1]
    keys.sets = sets
    return keys


def _element(
    selection: SelectBinding, element: ast.GroupingSet, items: Sequence[Item], keys: Keys
) -> list[tuple[int, ...]]:
    """The sets of one element of GROUP BY."""
    if element.kind == "simple":
        return [tuple(_simple(selection, node, items, keys) for node in element.sets[0])]
    sets = [tuple(_column(selection, node, keys) for node in one) for one in element.sets]
    if element.kind == "rollup":
        return [tuple(itertools.chain(*sets[:n])) for n in range(len(sets), -1, -1)]
    if element.kind == "cube":
        distinct = list({frozenset(one): one for one in reversed(sets)}.values())[::-1]
        return [
            tuple(itertools.chain(*chosen))
            for size in range(len(distinct), -1, -1)
            for chosen in itertools.combinations(distinct, size)
        ]
    return sets


def _simple(
    selection: SelectBinding, node: ast.Expression, items: Sequence[Item], keys: Keys
) -> int:
    if isinstance(node, ast.LongLiteral):
        if not 1 <= node.value <= len(items):
            message = f"GROUP BY position {node.value} is not in select list"
            raise rejected("INVALID_COLUMN_REFERENCE", message, node.at)
        return _item_key(selection, items[node.value - 1], keys)
    forbid_aggregates(node, "GROUP BY clause")
    return _key(selection, node, keys)


def _item_key(selection: SelectBinding, item: Item, keys: Keys) -> int:
    """The output column that an ordinal stands for, as a key."""
    if item.field is not None:
        field = item.field
        selection.binder.mark((field,))
        value = Typed(field.sql, field.type, selection.select.at, zone=field.zone)
        name = ast.Identifier(field.name or "", at=selection.select.at)
        return keys.add(name, value, field, ("column", id(field)))
    assert item.node is not None
    forbid_aggregates(item.node, "GROUP BY clause")
    if item.part is None:
        return _key(selection, item.node, keys)
    node = ast.Subscript(item.node, ast.LongLiteral(item.part + 1), at=item.node.at)
    return _key(selection, node, keys)


def _key(selection: SelectBinding, node: ast.Expression, keys: Keys) -> int:
    with selection.binder.collecting(None):
        value = Expressions(selection.binder, selection.source).bind(node)
    key = expression_key(node, selection.source)
    return keys.add(node, value, _source_field(selection.source, node), key)


def _column(selection: SelectBinding, node: ast.Expression, keys: Keys) -> int:
    """A key of GROUPING SETS, ROLLUP or CUBE, which must be a column."""
    with selection.binder.collecting(None):
        value = Expressions(selection.binder, selection.source).bind(node)
    field = _source_field(selection.source, node)
    if field is None:
        from lakeshell.engine.embedded.wording.expressions import expression_text

        message = f"GROUP BY expression must be a column reference: {expression_text(node)}"
        raise rejected("INVALID_COLUMN_REFERENCE", message, node.at)
    return keys.add(node, value, field, expression_key(node, selection.source))


def _source_field(source: Scope, node: ast.Node) -> Field | None:
    parts = column_name(node)
    resolved = source.resolve(parts, node.at) if parts is not None else None
    return None if resolved is None else resolved.field


def _auto_keys(selection: SelectBinding, items: Sequence[Item], keys: Keys) -> Iterator[int]:
    for item in items:
        if item.node is not None and is_aggregate(item.node):
            continue
        yield _item_key(selection, item, keys)


def _check_sets_count(group_by: ast.GroupBy) -> None:
    product = 1
    for element in group_by.elements:
        count = len(element.sets)
        sizes = {"cube": 2**count, "rollup": count + 1, "sets": count}
        product *= sizes.get(element.kind, 1)
        if product > 2**31 - 1:
            said = 2**31 - 1
            message = f"GROUP BY has more than {said} grouping sets"
        elif product > MOST_GROUPING_SETS:
            message = f"GROUP BY has {product} grouping sets"
        else:
            continue
        message += f" but can contain at most {MOST_GROUPING_SETS}"
        raise rejected("TOO_MANY_GROUPING_SETS", message, group_by.at)


def _check(
    selection: SelectBinding,
    items: Sequence[Item],
    keys: Keys,
    order_scope: Scope,
    order_by: Sequence[ast.Expression],
) -> None:
    """What Trino checks after all types are known, in its order."""
    from lakeshell.engine.embedded.binding.constancy import Constancy

    select = selection.select
    selection.check_grouping(list(items), order_by)
    constancy = Constancy(keys, selection.source)
    for item in items:
        if item.field is not None:
            constancy.check_field(item.field)
        else:
            assert item.node is not None
            constancy.check(item.node)
    if select.having is not None:
        constancy.check(select.having)
    for _, spec in select.windows:
        for node in (*spec.partition_by, *(key.key for key in spec.order_by)):
            constancy.check(node)
    above = Constancy(keys, selection.source, order_scope)
    for node in order_by:
        above.check(node)
