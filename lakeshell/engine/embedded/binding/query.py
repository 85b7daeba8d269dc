"""Binds whole queries: WITH, the body, ORDER BY, OFFSET and LIMIT, set operations, VALUES.

In: an `ast.Query` and the scope round it. Out: a `Block`: DuckDB SQL whose columns are c0, c1, …
and what those columns are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.binding.expressions import Expressions
from lakeshell.engine.embedded.binding.ordering import Ordering, emit
from lakeshell.engine.embedded.binding.scope import Field, Scope
from lakeshell.engine.embedded.values import casts
from lakeshell.engine.embedded.values.typed import Typed, common_zone, rejected
from lakeshell.sql import ast
from lakeshell.sql.coercion import common_type
from lakeshell.sql.datatypes import RowField, RowType, Type

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.binder import Binder


class Block:
    """A bound query. `columns` have no SQL of their own: the n-th is c<n> of `sql`."""

    __slots__ = ("columns", "sql")

    def __init__(self, sql: str, columns: Sequence[Field]) -> None:
        self.sql = sql
        self.columns = tuple(columns)

    def fields(self, alias: str, qualifier: tuple[str, ...] = ()) -> list[Field]:
        """The columns as seen from outside, when the query is read as the relation `alias`."""
        return [
            Field(
                column.name,
                column.type,
                f"{alias}.c{n}",
                zone=column.zone,
                qualifier=qualifier,
                sources=(column,),
            )
            for n, column in enumerate(self.columns)
        ]

    def mark(self, binder: Binder) -> None:
        """Notes that every column is read."""
        binder.mark(self.columns)


def bind_query(binder: Binder, query: ast.Query, scope: Scope, *, top: bool = False) -> Block:
    """`scope` is what encloses the query: its WITH queries and, past a boundary, outer columns."""
    if query.with_ is not None:
        from lakeshell.engine.embedded.binding.common_tables import CommonTables

        common = CommonTables(binder, scope)
        scope = common.bind(query.with_)
        block = _ordered_body(binder, query, scope, top)
        return Block(common.define(block.sql), block.columns)
    return _ordered_body(binder, query, scope, top)


def _ordered_body(binder: Binder, query: ast.Query, scope: Scope, top: bool) -> Block:
    if isinstance(query.body, ast.Select):
        from lakeshell.engine.embedded.binding.select import bind_select

        return bind_select(binder, query.body, scope, Ordering.of(query, top))
    block = bind_body(binder, query.body, scope)
    ordering = Ordering.of(query, top)
    if ordering is None:
        return block
    alias = binder.alias()
    fields = block.fields(alias)
    keys = ordering.keys(Expressions(binder, Scope(fields, scope)), fields, query)
    bounds = ordering.bounds(Expressions(binder, Scope(parent=scope)))
    block.mark(binder)
    items = [field.sql for field in fields]
    sql = emit(binder, items, f"FROM ({block.sql}) AS {alias}", keys, bounds)
    return Block(sql, [output(field.name, field, (field,)) for field in fields])


def bind_body(binder: Binder, body: ast.Body, scope: Scope) -> Block:
    """A body without ORDER BY of its own."""
    match body:
        case ast.Select():
            from lakeshell.engine.embedded.binding.select import bind_select

            return bind_select(binder, body, scope, None)
        case ast.SetOperation():
            return _set_operation(binder, body, scope)
        case ast.Values():
            return bind_values(binder, body, scope)
        case ast.TableBody():
            from lakeshell.engine.embedded.binding.relations import bind_relation

            bound = bind_relation(binder, body.table, scope)
            fields = bound.scope.visible()
            items = ", ".join(f"{field.sql} AS c{n}" for n, field in enumerate(fields))
            columns = [output(field.name, field, (field,)) for field in fields]
            return Block(f"SELECT {items} FROM {bound.sql}", columns)
    assert isinstance(body, ast.Query)
    return bind_query(binder, body, Scope(parent=scope, boundary=True))


def output(name: str | None, value: Field | Typed, sources: Sequence[Field]) -> Field:
    """A column of a query's result."""
    return Field(name, value.type, "", zone=value.zone, sources=tuple(sources))


# --- set operations ------------------------------------------------------------------------


def _set_operation(binder: Binder, body: ast.SetOperation, scope: Scope) -> Block:
    sides = _branches(binder, body, scope)
    operator = body.op.upper() + ("" if body.distinct else " ALL")
    if len(sides) > 2 or body.op.lower() != "union" or body.distinct:
        for side in sides:
            side.mark(binder)
    name = body.op.upper()
    types = [column.type for column in sides[0].columns]
    for side in sides[1:]:
        types = _unified(types, [c.type for c in side.columns], name, body)
    _comparable(types, name, body)
    columns = []
    for n, type in enumerate(types):
        peers = [side.columns[n] for side in sides]
        zone = common_zone([Typed("", p.type, zone=p.zone) for p in peers], body.at)
        columns.append(Field(peers[0].name, type, "", zone=zone, sources=tuple(peers)))
    parts = [f"({coerced(binder, side, types).sql})" for side in sides]
    return Block(f" {operator} ".join(parts), columns)


def _branches(binder: Binder, body: ast.SetOperation, scope: Scope) -> list[Block]:
    """Both sides; a left-deep chain of UNION ALL is bound as one, so that it may be long."""
    chain = [body.right]
    left: ast.Body = body.left
    return [bind_body(binder, left, scope), *(bind_body(binder, b, scope) for b in chain)]


def _unified(left: list[Type], right: list[Type], name: str, body: ast.SetOperation) -> list[Type]:
    if len(left) != len(right):
        message = f"{name} query has different number of fields: {len(left)}, {len(right)}"
        raise rejected("TYPE_MISMATCH", message, body.at)
    types: list[Type] = []
    for n, (a, b) in enumerate(zip(left, right, strict=True)):
        common = common_type(a, b)
        if common is None:
            message = f"column {n + 1} in {name} query has incompatible types: {a}, {b}"
            raise rejected("TYPE_MISMATCH", message, body.at)
        types.append(common)
    return types


def _comparable(types: list[Type], name: str, body: ast.SetOperation) -> None:
    from lakeshell.sql.coercion import is_comparable

    if name == "UNION" and not body.distinct:
        return
    for type in types:
        if not is_comparable(type):
            suffix = " DISTINCT" if name == "UNION" else ""
            message = (
                f"Type {type} is not comparable and therefore cannot be used in {name}{suffix}"
            )
            raise rejected("TYPE_MISMATCH", message, body.at)


def coerced(binder: Binder, block: Block, types: Sequence[Type]) -> Block:
    """The block with its columns widened to `types`."""
    if all(column.type == type for column, type in zip(block.columns, types, strict=True)):
        return block
    alias = binder.alias()
    items = []
    columns = []
    for n, (field, type) in enumerate(zip(block.fields(alias), types, strict=True)):
        value = Typed(field.sql, field.type, zone=field.zone)
        if field.type != type:
            value = casts.coerce(value, type, binder.context)
        items.append(f"{value.sql} AS c{n}")
        columns.append(output(field.name, value, (field,)))
    return Block(f"SELECT {', '.join(items)} FROM ({block.sql}) AS {alias}", columns)


# --- VALUES --------------------------------------------------------------------------------


def bind_values(binder: Binder, body: ast.Values, scope: Scope) -> Block:
    """Rows of expressions, each column of the type that all its values share."""
    expressions = Expressions(binder, Scope(parent=scope))
    rows = [_row(expressions, row) for row in body.rows]
    first = rows[0][0]
    common: Type = first
    for type, _ in rows:
        assert isinstance(type, RowType) and isinstance(first, RowType)
        if len(type.fields) != len(first.fields):
            message = (
                f"Values rows have mismatched sizes: {len(first.fields)} vs {len(type.fields)}"
            )
            raise rejected("TYPE_MISMATCH", message, body.at)
        found = common if type == common else common_type(type, common)
        if found is None:
            message = f"Values rows have mismatched types: {first} vs {type}"
            raise rejected("TYPE_MISMATCH", message, body.at)
        common = found
    assert isinstance(common, RowType)
    types = [field.type for field in common.fields]
    alias = binder.alias()
    lines = [_values_line(binder, items, types) for _, items in rows]
    columns = []
    for n, type in enumerate(types):
        zone = common_zone([items[n] for _, items in rows], body.at)
        columns.append(Field(None, type, "", zone=zone))
    names = ", ".join(f"c{n}" for n in range(len(types)))
    return Block(f"SELECT * FROM (VALUES {', '.join(lines)}) AS {alias}({names})", columns)


def _row(expressions: Expressions, row: ast.Expression) -> tuple[Type, list[Typed]]:
    if isinstance(row, ast.RowConstructor):
        items = [expressions.bind(item) for item in row.items]
        return RowType(tuple(RowField(None, item.type) for item in items)), items
    value = expressions.bind(row)
    if not isinstance(value.type, RowType):
        return RowType((RowField(None, value.type),)), [value]
    items = [
        Typed(f"struct_extract({value.sql}, 'f{n}')", field.type, value.at, zone=value.zone)
        for n, field in enumerate(value.type.fields)
    ]
    return value.type, items


def _values_line(binder: Binder, items: list[Typed], types: list[Type]) -> str:
    pairs = zip(items, types, strict=True)
    made = [
        item.sql if item.type == type else casts.coerce(item, type, binder.context).sql
        for item, type in pairs
    ]
    return f"({', '.join(made)})"
