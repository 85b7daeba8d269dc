"""Notes the conditions of a WHERE that let whole files be skipped.

In: the WHERE and its scope. Out: `Scan.conjuncts`. Only what every row of the result must meet,
and only a column against literals; anything else is left to DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.binding.expressions import column_name
from lakeshell.engine.embedded.binding.scope import Conjunct, Field, Scope
from lakeshell.engine.embedded.values import literals
from lakeshell.errors import QueryFailed
from lakeshell.sql import ast
from lakeshell.sql.coercion import can_coerce
from lakeshell.sql.datatypes import CharType, DecimalType, Type

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.binder import Binder

_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_LITERALS = (
    ast.BooleanLiteral, ast.LongLiteral, ast.DecimalLiteral, ast.DoubleLiteral,
    ast.StringLiteral, ast.GenericLiteral, ast.Unary,
)  # fmt: skip


def note_conjuncts(binder: Binder, where: ast.Expression, scope: Scope) -> None:
    """Adds the simple conditions of `where` to the scans whose columns they are on."""
    for term in conjuncts(where):
        for field, conjunct in _conjuncts(binder, term, scope):
            assert field.scan is not None
            field.scan.conjuncts = (*field.scan.conjuncts, conjunct)


def conjuncts(node: ast.Expression) -> Iterator[ast.Expression]:
    """The terms of a condition, which all must hold."""
    if isinstance(node, ast.Logical) and node.op.upper() == "AND":
        for term in node.terms:
            yield from conjuncts(term)
    else:
        yield node


def is_simple(term: ast.Expression) -> bool:
    """Whether a condition compares a column with literals."""
    match term:
        case ast.Comparison():
            sides = (term.left, term.right)
            return any(column_name(a) is not None for a in sides) and any(
                isinstance(a, _LITERALS) for a in sides
            )
        case ast.Between():
            return column_name(term.value) is not None and all(
                isinstance(a, _LITERALS) for a in (term.low, term.high)
            )
        case ast.InList():
            return column_name(term.value) is not None and all(
                isinstance(a, _LITERALS) for a in term.items
            )
        case ast.IsNull():
            return column_name(term.value) is not None
        case ast.Not():
            return is_simple(term.value)
    return False


def _conjuncts(
    binder: Binder, term: ast.Expression, scope: Scope
) -> Iterator[tuple[Field, Conjunct]]:
    match term:
        case ast.Comparison() if term.op in _MIRRORED:
            for column, op, other in (
                (term.left, term.op, term.right),
                (term.right, _MIRRORED[term.op], term.left),
            ):
                field = _field(column, scope)
                if field is not None:
                    yield from _compared(binder, field, op, (other,))
                    return
        case ast.Between():
            field = _field(term.value, scope)
            if field is not None:
                yield from _compared(binder, field, ">=", (term.low,))
                yield from _compared(binder, field, "<=", (term.high,))
        case ast.InList():
            field = _field(term.value, scope)
            if field is not None:
                yield from _compared(binder, field, "in", term.items)
        case ast.IsNull(negated=True):
            field = _field(term.value, scope)
            if field is not None:
                yield field, Conjunct(field.column, "is_not_null", ())


def _field(node: ast.Expression, scope: Scope) -> Field | None:
    parts = column_name(node)
    resolved = scope.resolve(parts, node.at) if parts is not None else None
    if resolved is None or resolved.scope is not scope or resolved.field.scan is None:
        return None
    return resolved.field


def _compared(
    binder: Binder, field: Field, op: str, nodes: tuple[ast.Expression, ...]
) -> Iterator[tuple[Field, Conjunct]]:
    values = []
    for node in nodes:
        found = _constant(binder, node, field.type)
        if found is None:
            return
        values.append(found)
    yield field, Conjunct(field.column, op, tuple(values))


def _constant(binder: Binder, node: ast.Expression, type: Type) -> object | None:
    """The literal's value where it is of the column's type or widens to it; else None."""
    if not isinstance(node, _LITERALS) or isinstance(type, CharType):
        return None
    sign = 1
    while isinstance(node, ast.Unary):
        sign = -sign if node.op == "-" else sign
        node = node.value
    if not isinstance(node, _LITERALS):
        return None
    try:
        value = literals.literal(node, binder.context)
    except QueryFailed:
        return None
    found: object = value.value
    if isinstance(found, int) and isinstance(type, DecimalType):
        found = Decimal(found)
    elif value.zone is not None or not can_coerce(value.type, type):
        return None
    if sign < 0:
        numeric = isinstance(found, int | Decimal) and not isinstance(found, bool)
        return -found if numeric else None  # type: ignore[operator]
    return found if value.is_constant else None
