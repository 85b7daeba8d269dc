"""Reads a view: its query bound where the view was made, its columns as they were declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded.binding.query import Block
from lakeshell.engine.embedded.binding.scope import Field, RelationColumn, Scope, ViewFound
from lakeshell.engine.embedded.values import casts
from lakeshell.engine.embedded.values.typed import Typed, rejected
from lakeshell.errors import NotSupported, QueryFailed
from lakeshell.sql import ast
from lakeshell.sql.coercion import can_coerce

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.binder import Binder
    from lakeshell.engine.embedded.binding.relations import BoundRelation


def read_view(binder: Binder, view: ViewFound, table: ast.Table, scope: Scope) -> BoundRelation:
    """Raises VIEW_IS_RECURSIVE, VIEW_IS_STALE, INVALID_VIEW at the view's name."""
    from lakeshell.engine.embedded.binding.binder import View
    from lakeshell.engine.embedded.binding.relations import BoundRelation

    if any(outer.name == view.name for outer in binder.views):
        raise rejected("VIEW_IS_RECURSIVE", "View is recursive", table.at)
    binder.views.append(View(view.name, view.catalog, view.schema))
    try:
        block = _query(binder, view, table)
    finally:
        binder.views.pop()
    stale = _stale(view.columns, block)
    if stale is not None:
        name = ".".join(view.name)
        message = f"View '{name}' is stale or in invalid state: {stale}"
        raise rejected("VIEW_IS_STALE", message, table.at)
    alias = binder.alias()
    fields = []
    for field, column in zip(block.fields(alias), view.columns, strict=True):
        value = Typed(field.sql, field.type, zone=field.zone)
        if field.type != column.type:
            value = casts.coerce(value, column.type, binder.context)
        fields.append(
            Field(
                column.name, column.type, value.sql, zone=value.zone,
                qualifier=table.name.keys, sources=(field,),
            )
        )  # fmt: skip
    return BoundRelation(f"({block.sql}) AS {alias}", Scope(fields, scope))


def _query(binder: Binder, view: ViewFound, table: ast.Table) -> Block:
    from lakeshell.engine.embedded.binding.query import bind_query
    from lakeshell.sql.parser import parse_statement

    name = ".".join(view.name)
    try:
        statement = parse_statement(view.query_text)
    except QueryFailed as fault:
        message = f"Failed parsing stored view '{name}': {_located(fault)}"
        raise rejected("INVALID_VIEW", message, table.at) from fault
    query = getattr(statement, "query", statement)
    assert isinstance(query, ast.Query)
    try:
        with binder.collecting(None):
            return bind_query(binder, query, Scope())
    except NotSupported as fault:
        raise NotSupported(fault.construct, line=table.at.line, column=table.at.column) from fault
    except QueryFailed as fault:
        message = f"Failed analyzing stored view '{name}': {_located(fault)}"
        raise rejected("INVALID_VIEW", message, table.at) from fault


def _located(fault: QueryFailed) -> str:
    if fault.line is None:
        return fault.message
    return f"line {fault.line}:{fault.column}: {fault.message}"


def _stale(columns: tuple[RelationColumn, ...], block: Block) -> str | None:
    """What has changed under the view; None when nothing has."""
    if len(columns) != len(block.columns):
        return (
            f"stored view column count ({len(columns)}) does not match column count derived from "
            f"the view query analysis ({len(block.columns)})"
        )
    for n, (column, field) in enumerate(zip(columns, block.columns, strict=True)):
        projected = f"projected from query view at position {n}"
        stored = f"column [{column.name}] of type {column.type} stored in view definition"
        if field.name is None:
            return f"a column of type {field.type} {projected} has no name"
        if field.name.lower() != column.name.lower():
            return (
                f"column [{field.name}] of type {field.type} {projected} has a different name "
                f"from {stored}"
            )
        if not can_coerce(field.type, column.type):
            return (
                f"column [{field.name}] of type {field.type} {projected} cannot be coerced to "
                f"{stored}"
            )
    return None
