"""The columns that an expression or a subquery names, without binding it."""

from __future__ import annotations

from collections.abc import Iterator

from lakeshell.engine.embedded.binding.expressions import column_name
from lakeshell.engine.embedded.binding.scope import Field, Scope
from lakeshell.errors import QueryRejected
from lakeshell.sql import ast


def references(node: ast.Node, scope: Scope) -> Iterator[tuple[ast.Node, Field]]:
    """Each name in the expression, with the field it means in `scope`; subqueries left out."""
    from lakeshell.engine.embedded.binding.aggregation import inside

    skipped: set[int] = set()
    for found in inside(node):
        if id(found) in skipped or not isinstance(found, ast.Identifier | ast.Dereference):
            continue
        field = _meaning(found, scope)
        if field is not None:
            skipped.update(id(n) for n in found.walk())
            yield found, field
        if isinstance(found, ast.Dereference):
            skipped.add(id(found.field))


def _meaning(node: ast.Node, scope: Scope) -> Field | None:
    parts = column_name(node)
    if parts is None:
        return None
    try:
        resolved = scope.resolve(parts, node.at)
    except QueryRejected:
        return None
    return None if resolved is None else resolved.field
