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

_COMPARED_ALIKE = frozenset(
    (
        "boolean", "tinyint", "smallint", "integer", "bigint", "decimal", "varchar", "char",
        "varbinary", "date", "time", "timestamp", "timestamp with time zone",
        "time with time zone", "uuid", "interval day to second", "interval year to month",
    )
)  # fmt: skip


def _block(self: Expressions, query: ast.Query, at: ast.Position) -> Block:
    if self.in_lambda:
        raise rejected("NOT_SUPPORTED", "Lambda expression cannot contain subqueries", at)
    block = self.binder.subquery(query, Scope(parent=self.scope))
    block.mark(self.binder)
    return block


def scalar(self: Expressions, node: ast.ScalarSubquery) -> Typed:
    """The value of the one row, NULL without rows; several rows fail when it runs."""
    block = _block(self, node.query, node.at)
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
    block = _block(self, node.query, node.at)
    type = _common(value, block, node)
    if len(block.columns) == 1 and type.name in _COMPARED_ALIKE:
        column = block.columns[0]
        zone = common_zone((value, Typed("", column.type, zone=column.zone)), node.at)
        alias = self.binder.alias()
        item = _coerced(self, block.fields(alias)[0], type)
        query = block.sql
        if item.sql != f"{alias}.c0":
            query = f"SELECT {item.sql} FROM ({block.sql}) AS {alias}"
        wanted = casts.coerce(value, type, self.context) if value.type != type else value
        del zone
        return Typed(f"({wanted.sql} IN ({query}))", BOOLEAN, node.at)
    return _compared(self, "=", "any", value, block, type, node.at)


def quantified(self: Expressions, node: ast.Quantified) -> Typed:
    value = self.bind(node.value)
    block = _block(self, node.query, node.at)
    type = _common(value, block, node)
    shown = type if len(block.columns) > 1 else RowType((RowField(None, type),))
    if node.op in ("=", "<>"):
        if not is_comparable(type):
            message = (
                f"Type [{shown}] must be comparable in order to be used in quantified comparison"
            )
            raise rejected("TYPE_MISMATCH", message, node.at)
    elif not is_orderable(type):
        message = f"Type [{shown}] must be orderable in order to be used in quantified comparison"
        raise rejected("TYPE_MISMATCH", message, node.at)
    return _compared(self, node.op, node.quantifier, value, block, type, node.at)


def _common(value: Typed, block: Block, node: ast.Node) -> Type:
    """The type that value and rows share, a row of one field being that field."""
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
    if len(common.fields) == 1 and not (
        isinstance(value.type, RowType) and not isinstance(common.fields[0].type, RowType)
    ):
        return common.fields[0].type
    return common


def _compared(
    self: Expressions,
    op: str,
    quantifier: str,
    value: Typed,
    block: Block,
    type: Type,
    at: ast.Position,
) -> Typed:
    """Counts out the comparison with each row: true, false or neither."""
    alias, compared = self.binder.alias(), self.binder.alias()
    fields = block.fields(alias)
    single = len(fields) == 1 and not (
        isinstance(type, RowType) and not isinstance(fields[0].type, RowType)
    )
    if single:
        row = _coerced(self, fields[0], type)
    else:
        packed = ", ".join(f"f{n} := {field.sql}" for n, field in enumerate(fields))
        row = Typed(f"struct_pack({packed})", _row_type(fields), at, zone=_zone(fields))
        row = casts.coerce(row, type, self.context) if row.type != type else row
    wanted = casts.coerce(value, type, self.context) if value.type != type else value
    held = operators.compare(op, wanted, row, at, self.context)
    decided, otherwise = ("true", "false") if quantifier.lower() != "all" else ("false", "true")
    test = f"{compared}.h" if decided == "true" else f"NOT {compared}.h"
    sql = (
        f"(SELECT CASE WHEN bool_or({test}) THEN {decided} "
        f"WHEN bool_or({compared}.h IS NULL) THEN NULL ELSE {otherwise} END "
        f"FROM (SELECT {held.sql} AS h FROM ({block.sql}) AS {alias}) AS {compared})"
    )
    return Typed(sql, BOOLEAN, at)


def _coerced(self: Expressions, field: Field, type: Type) -> Typed:
    value = Typed(field.sql, field.type, zone=field.zone)
    return value if field.type == type else casts.coerce(value, type, self.context)


def _row_type(fields: list[Field] | tuple[Field, ...]) -> RowType:
    return RowType(tuple(RowField(field.name, field.type) for field in fields))


def _zone(fields: list[Field]) -> str | None:
    return common_zone(Typed("", field.type, zone=field.zone) for field in fields)
