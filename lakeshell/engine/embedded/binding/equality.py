"""When two expressions are the same: the same structure over the same columns.

`a + 1` and `t.a + 1` are the same where `a` is `t.a`. Names are compared by the field that they
mean, so each expression comes with its scope.
"""

from __future__ import annotations

from lakeshell.engine.embedded.binding.expressions import column_name
from lakeshell.engine.embedded.binding.scope import Scope
from lakeshell.errors import QueryRejected
from lakeshell.sql import ast


def expression_key(node: object, scope: Scope) -> object:
    """A value that is equal for the same expressions, and hashable."""
    if isinstance(node, ast.Identifier | ast.Dereference):
        parts = column_name(node)
        if parts is not None:
            try:
                resolved = scope.resolve(parts, node.at)
            except QueryRejected:
                resolved = None
            if resolved is not None:
                return ("column", id(resolved.field))
    if isinstance(node, ast.Dereference):
        return (ast.Dereference, expression_key(node.base, scope), node.field.key)
    if isinstance(node, ast.Query):
        return node
    if isinstance(node, ast.Node):
        parts_of = (
            node._said() if isinstance(node, ast.Identifier)
            else tuple(getattr(node, name) for name in node._fields)
        )  # fmt: skip
        return (type(node), *(expression_key(part, scope) for part in parts_of))
    if isinstance(node, tuple):
        return tuple(expression_key(part, scope) for part in node)
    return node


def same_expression(a: ast.Node, a_scope: Scope, b: ast.Node, b_scope: Scope) -> bool:
    return expression_key(a, a_scope) == expression_key(b, b_scope)
