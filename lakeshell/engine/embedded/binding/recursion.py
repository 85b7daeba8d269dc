"""Whether a WITH query is recursive in the way that Trino runs, and its two parts.

In: a table of a WITH RECURSIVE. Out: its anchor and its step, or None for a plain query, or
Trino's errors about references to itself that are not allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lakeshell.engine.embedded.binding.ordering import clause_place
from lakeshell.engine.embedded.values.typed import rejected
from lakeshell.errors import QueryRejected
from lakeshell.sql import ast


class Recursion(NamedTuple):
    anchor: ast.Body
    step: ast.Body
    distinct: bool


def recursion_of(table: ast.CommonTable) -> Recursion | None:
    """Raises INVALID_RECURSIVE_REFERENCE and the other faults of a recursive query."""
    parts = _expandable(table)
    if parts is None:
        found = list(_references(table.query, table.name.key))
        if found:
            raise _invalid("recursive reference not allowed in this context", found[0])
    return parts


def _expandable(table: ast.CommonTable) -> Recursion | None:
    query, name = table.query, table.name.key
    if table.columns is None:
        message = "missing column aliases in recursive WITH query"
        raise rejected("MISSING_COLUMN_ALIASES", message, table.at)
    for node in query.walk():
        if isinstance(node, ast.With) and node.recursive:
            raise rejected("NESTED_RECURSIVE", "nested recursive WITH query", node.at)
    body = query.body
    if not isinstance(body, ast.SetOperation) or body.op.lower() != "union":
        return None
    found = list(_references(body.left, name))
    if found:
        message = "WITH table name is referenced in the base relation of recursion"
        raise _invalid(message, found[0])
    found = list(_references(body.right, name))
    if len(found) > 1:
        message = "multiple recursive references in the step relation of recursion"
        raise _invalid(message, found[1])
    if not found:
        return None
    _check_step(body.right, name, found[0])
    _check_clauses(query)
    return Recursion(body.left, body.right, body.distinct)


def _check_step(step: ast.Body, name: str, reference: ast.Node) -> None:
    specification = step
    while isinstance(specification, ast.Query):
        if specification.limit is not None:
            message = "FETCH FIRST / LIMIT clause in the step relation of recursion"
            raise rejected("INVALID_LIMIT_CLAUSE", message, specification.limit.at)
        specification = specification.body
    outside = "recursive reference outside of FROM clause of the step relation of recursion"
    if not isinstance(specification, ast.Select) or specification.from_ is None:
        raise _invalid(outside, reference)
    if not any(True for _ in _references(specification.from_, name)):
        raise _invalid(outside, reference)
    _check_joins(specification.from_, name)


def _check_joins(from_: ast.Relation, name: str) -> None:
    """A reference may not stand where a later row could take back an earlier one."""
    joins = [node for node in from_.walk() if isinstance(node, ast.Join)]
    for join in joins:
        word = join.kind.upper()
        if join.kind in ("right", "full"):
            _forbid(join.left, name, f"recursive reference in left source of {word} join")
        if join.kind in ("left", "full"):
            _forbid(join.right, name, f"recursive reference in right source of {word} join")
    operations = [node for node in from_.walk() if isinstance(node, ast.SetOperation)]
    for operation in operations:
        op = operation.op.lower()
        if op == "intersect" and not operation.distinct:
            _forbid(operation, name, "recursive reference in INTERSECT ALL")
        if op == "except":
            word = "DISTINCT" if operation.distinct else "ALL"
            _forbid(
                operation.right, name, f"recursive reference in right relation of EXCEPT {word}"
            )
            if not operation.distinct:
                _forbid(operation.left, name, "recursive reference in left relation of EXCEPT ALL")


def _forbid(node: ast.Node, name: str, message: str) -> None:
    for found in _references(node, name):
        raise _invalid(message, found)


def _check_clauses(query: ast.Query) -> None:
    if query.with_ is not None:
        raise rejected("NOT_SUPPORTED", "immediate WITH clause in recursive query", query.with_.at)
    if query.order_by:
        message = "immediate ORDER BY clause in recursive query"
        raise rejected("NOT_SUPPORTED", message, clause_place(query.order_by))
    if query.offset is not None:
        message = "immediate OFFSET clause in recursive query"
        raise rejected("NOT_SUPPORTED", message, query.offset.at)
    if query.limit is not None:
        message = "immediate FETCH FIRST / LIMIT clause in recursive query"
        raise rejected("INVALID_LIMIT_CLAUSE", message, query.limit.at)


def _references(node: ast.Node, name: str) -> Iterator[ast.Table]:
    """The tables called `name`, but for queries that define the name anew."""
    if isinstance(node, ast.With) and any(table.name.key == name for table in node.tables):
        return
    if isinstance(node, ast.Table) and node.name.keys == (name,):
        yield node
    for child in node.children():
        yield from _references(child, name)


def _invalid(message: str, node: ast.Node) -> QueryRejected:
    return rejected("INVALID_RECURSIVE_REFERENCE", message, node.at)
