"""Binds subqueries inside expressions: scalar, EXISTS, IN and quantified comparisons.

In: the node and the place it stands at. Out: a `Typed` with SQL's three values: NULL where the
rows leave the answer open. Each is made as Trino makes it: IN by hash unless it is correlated,
comparisons with ALL and ANY by the least and the greatest row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded.binding.decorrelation import Use, check
from lakeshell.engine.embedded.binding.query import Block
from lakeshell.engine.embedded.binding.scope import Field, Scope
from lakeshell.engine.embedded.functions import registry
from lakeshell.engine.embedded.values import casts, operators
from lakeshell.engine.embedded.values.typed import Typed, common_zone, refused, rejected
from lakeshell.sql import ast
from lakeshell.sql.coercion import common_type, is_comparable, is_orderable
from lakeshell.sql.datatypes import BOOLEAN, UNKNOWN, RowField, RowType, Type

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.expressions import Expressions


def _block(self: Expressions, query: ast.Query, at: ast.Position) -> tuple[Block, set[int]]:
    """The bound query, and the nodes in it that read outer columns."""
    if self.in_lambda:
        raise rejected("NOT_SUPPORTED", "Lambda expression cannot contain subqueries", at)
    with self.binder.nested(self.scope) as nested:
        block = self.binder.subquery(query, Scope(parent=self.scope), correlated=self.correlated)
    block.mark(self.binder)
    return block, nested.reads


def scalar(self: Expressions, node: ast.ScalarSubquery) -> Typed:
    """The value of the one row, NULL without rows; several rows fail when it runs."""
    block, reads = _block(self, node.query, node.at)
    check(node.query, reads, Use.SCALAR, node.query.at)
    if len(block.columns) == 1:
        column = block.columns[0]
        return Typed(f"({block.sql})", column.type, node.at, zone=column.zone)
    alias = self.binder.alias()
    fields = block.fields(alias)
    row = ", ".join(f"f{n} := {field.sql}" for n, field in enumerate(fields))
    sql = f"(SELECT struct_pack({row}) FROM ({block.sql}) AS {alias})"
    return Typed(sql, _row_type(fields), node.at, zone=_zone(fields))


def exists(self: Expressions, node: ast.Exists) -> Typed:
    with self.binder.nested(self.scope) as nested:
        block = self.binder.subquery(
            node.query, Scope(parent=self.scope), correlated=self.correlated
        )
    check(node.query, nested.reads, Use.EXISTS, node.at)
    return Typed(f"(EXISTS ({block.sql}))", BOOLEAN, node.at)


def in_subquery(self: Expressions, node: ast.InSubquery) -> Typed:
    value = self.bind(node.value)
    block, reads = _block(self, node.query, node.at)
    made = _contained(self, value, block, bool(reads), node)
    check(node.query, reads, Use.IN, node.at)
    return made


def quantified(self: Expressions, node: ast.Quantified) -> Typed:
    """`= ANY` is IN, `<> ALL` is NOT IN; the others are counted out."""
    value = self.bind(node.value)
    block, reads = _block(self, node.query, node.at)
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
    if node.op in ("=", "<>") and every == (node.op == "<>"):
        check(node.query, reads, Use.IN, node.at)
        made = _contained(self, value, block, bool(reads), node)
    elif len(type.fields) > 1:
        raise refused("a quantified comparison of rows", node.at)
    else:
        check(node.query, reads, Use.EXTREME, node.query.at)
        every = every != (node.op == "<>")
        op = "=" if node.op == "<>" else node.op
        made = _bounded(self, op, every, value, block, type.fields[0].type, node.at)
    return operators.not_(made, node.at, self.context) if node.op == "<>" else made


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
        return _compared(self, value, block, type, node.at)
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
    self: Expressions, value: Typed, block: Block, type: RowType, at: ast.Position
) -> Typed:
    """IN by comparing with each row: true, false or neither."""
    alias, compared = self.binder.alias(), self.binder.alias()
    wanted, row = _sides(self, value, block.fields(alias), type, at)
    held = operators.compare("=", wanted, row, at, self.context)
    sql = (
        f"(SELECT CASE WHEN bool_or({compared}.h) THEN true "
        f"WHEN bool_or({compared}.h IS NULL) THEN NULL ELSE false END "
        f"FROM (SELECT {held.sql} AS h FROM ({block.sql}) AS {alias}) AS {compared})"
    )
    return Typed(sql, BOOLEAN, at)


def _bounded(
    self: Expressions,
    op: str,
    every: bool,
    value: Typed,
    block: Block,
    type: Type,
    at: ast.Position,
) -> Typed:
    """The comparison with the least or the greatest of the rows, as Trino makes it: so
    `NULL = ALL (1, 2)` is false."""
    alias, bounds = self.binder.alias(), self.binder.alias()
    wanted, row = _sides(self, value, block.fields(alias), RowType((RowField(None, type),)), at)
    sides = {}
    for name in ("min", "max"):
        made = registry.call_aggregate(name, [row], at=at, context=self.context)
        sides[name] = made
    least, most = (
        Typed(f"{bounds}.{name}", made.type, at, zone=made.zone) for name, made in sides.items()
    )
    extreme = least if (op in ("<", "<=")) == every else most
    held = operators.compare(op, wanted, extreme, at, self.context).sql
    if op == "=":
        held = f"{operators.compare('=', least, most, at, self.context).sql} AND {held}"
    word, otherwise = ("AND", "true") if every else ("OR", "false")
    aggregates = ", ".join(f"{made.sql} AS {name}" for name, made in sides.items())
    sql = (
        f"(SELECT CASE WHEN {bounds}.n = 0 THEN {otherwise} ELSE ({held}) {word} "
        f"CASE WHEN {bounds}.n <> {bounds}.m THEN NULL ELSE {otherwise} END END FROM "
        f"(SELECT count(*) AS n, count({row.sql}) AS m, {aggregates} "
        f"FROM ({block.sql}) AS {alias}) AS {bounds})"
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
