"""Binds subqueries inside expressions: scalar, EXISTS, IN and quantified comparisons.

In: the node and the place it stands at. Out: a `Typed` with SQL's three values: NULL where the
rows leave the answer open. DuckDB's own IN serves where it compares as Trino does; anything else
is counted out over the subquery's rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded import casts, operators
from lakeshell.engine.embedded.query import Block
from lakeshell.engine.embedded.scope import Field, Scope
from lakeshell.engine.embedded.signatures import is_comparable, is_orderable
from lakeshell.engine.embedded.typed import Typed, common_zone, rejected
from lakeshell.sql import ast
from lakeshell.sql.coercion import common_type
from lakeshell.sql.datatypes import BOOLEAN, UNKNOWN, RowField, RowType, Type

if TYPE_CHECKING:
    from lakeshell.engine.embedded.expressions import Expressions


def _block(self: Expressions, query: ast.Query, at: ast.Position) -> tuple[Block, bool]:
    """The bound query, and whether it is correlated."""
    if self.in_lambda:
        raise rejected("NOT_SUPPORTED", "Lambda expression cannot contain subqueries", at)
    with self.binder.nested(self.scope) as nested:
        block = self.binder.subquery(query, Scope(parent=self.scope))
    block.mark(self.binder)
    return block, nested.correlated


def scalar(self: Expressions, node: ast.ScalarSubquery) -> Typed:
    """The value of the one row, NULL without rows; several rows fail when it runs."""
    block, _ = _block(self, node.query, node.at)
    if len(block.columns) == 1:
        column = block.columns[0]
        return Typed(f"({block.sql})", column.type, node.at, zone=column.zone)
    alias = self.binder.alias()
    fields = block.fields(alias)
    row = ", ".join(f"f{n} := {field.sql}" for n, field in enumerate(fields))
    sql = f"(SELECT struct_pack({row}) FROM ({block.sql}) AS {alias})"
    return Typed(sql, _row_type(fields), node.at, zone=_zone(fields))


def exists(self: Expressions, node: ast.Exists) -> Typed:
    block = self.binder.subquery(node.query, Scope(parent=self.scope))
    return Typed(f"(EXISTS ({block.sql}))", BOOLEAN, node.at)


def in_subquery(self: Expressions, node: ast.InSubquery) -> Typed:
    value = self.bind(node.value)
    block, correlated = _block(self, node.query, node.at)
    return _contained(self, value, block, correlated, node)


def quantified(self: Expressions, node: ast.Quantified) -> Typed:
    """`= ANY` is IN, `<> ALL` is NOT IN; the others are counted out."""
    value = self.bind(node.value)
    block, correlated = _block(self, node.query, node.at)
    type = _common(value, block, node)
    if node.op in ("=", "<>"):
        if not is_comparable(type):
            message = (
                f"Type [{type}] must be comparable in order to be used in quantified comparison"
            )
            raise rejected("TYPE_MISMATCH", message, node.at)
    elif not is_orderable(type):
        message = f"Type [{type}] must be orderable in order to be used in quantified comparison"
        raise rejected("TYPE_MISMATCH", message, node.at)
    every = node.quantifier.lower() == "all"
    if (node.op, every) == ("=", False):
        return _contained(self, value, block, correlated, node)
    if (node.op, every) == ("<>", True):
        contained = _contained(self, value, block, correlated, node)
        return operators.not_(contained, node.at, self.context)
    return _compared(self, node.op, every, value, block, type, node.at)


def _common(value: Typed, block: Block, node: ast.Node) -> RowType:
    """The row type that the value and the rows share; a single value is a row of one field."""
    rows = _row_type(block.columns)
    own = value.type
    if not isinstance(own, RowType) and own != UNKNOWN:
        own = RowType((RowField(None, own),))
    common = common_type(own, rows)
    if not isinstance(common, RowType):
        message = (
            f"Value expression and result of subquery must be of the same type: {own} vs {rows}"
        )
        raise rejected("TYPE_MISMATCH", message, node.at)
    return common


def _contained(
    self: Expressions, value: Typed, block: Block, correlated: bool, node: ast.Node
) -> Typed:
    """IN. Trino hashes the rows, so NaN is found, and NULL inside a row, as by DuckDB's IN; it
    compares one by one where the subquery is correlated."""
    type = _common(value, block, node)
    if correlated and _hashed_otherwise(type):
        return _compared(self, "=", False, value, block, type, node.at)
    alias = self.binder.alias()
    wanted, row = _sides(self, value, block.fields(alias), type, node.at)
    query = (
        block.sql if row.sql == f"{alias}.c0" else f"SELECT {row.sql} FROM ({block.sql}) AS {alias}"
    )
    return Typed(f"({wanted.sql} IN ({query}))", BOOLEAN, node.at)


def _hashed_otherwise(type: RowType) -> bool:
    """Whether equality by hash differs from `=`."""
    return len(type.fields) > 1 or type.fields[0].type.name in (
        "double", "real", "array", "map", "row",
    )  # fmt: skip


def _compared(
    self: Expressions,
    op: str,
    every: bool,
    value: Typed,
    block: Block,
    type: RowType,
    at: ast.Position,
) -> Typed:
    """Counts out the comparison with each row: true, false or neither."""
    alias, compared = self.binder.alias(), self.binder.alias()
    wanted, row = _sides(self, value, block.fields(alias), type, at)
    held = operators.compare(op, wanted, row, at, self.context)
    test = f"NOT {compared}.h" if every else f"{compared}.h"
    decided, otherwise = ("false", "true") if every else ("true", "false")
    sql = (
        f"(SELECT CASE WHEN bool_or({test}) THEN {decided} "
        f"WHEN bool_or({compared}.h IS NULL) THEN NULL ELSE {otherwise} END "
        f"FROM (SELECT {held.sql} AS h FROM ({block.sql}) AS {alias}) AS {compared})"
    )
    return Typed(sql, BOOLEAN, at)


def _sides(
    self: Expressions, value: Typed, fields: list[Field], type: RowType, at: ast.Position
) -> tuple[Typed, Typed]:
    """The value and a row of the subquery, alike: both rows, or both the only field."""
    if len(fields) == 1:
        only = type.fields[0].type
        if isinstance(value.type, RowType):
            value = Typed(
                f"struct_extract({value.sql}, 'f0')", value.type.fields[0].type, at, zone=value.zone
            )
        return _coerced(self, value, only), _coerced(self, _value(fields[0]), only)
    packed = ", ".join(f"f{n} := {field.sql}" for n, field in enumerate(fields))
    row = Typed(f"struct_pack({packed})", _row_type(fields), at, zone=_zone(fields))
    return _coerced(self, value, type), _coerced(self, row, type)


def _value(field: Field) -> Typed:
    return Typed(field.sql, field.type, zone=field.zone)


def _coerced(self: Expressions, value: Typed, type: Type) -> Typed:
    return value if value.type == type else casts.coerce(value, type, self.context)


def _row_type(fields: list[Field] | tuple[Field, ...]) -> RowType:
    return RowType(tuple(RowField(field.name, field.type) for field in fields))


def _zone(fields: list[Field]) -> str | None:
    return common_zone(Typed("", field.type, zone=field.zone) for field in fields)
