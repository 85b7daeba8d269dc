"""Binds what stands in FROM: tables, views, WITH queries, joins, aliases, samples.

In: an `ast.Relation` and the scope round the query. Out: a FROM item of DuckDB and the scope of
its columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lakeshell.engine.embedded.binding.expressions import Expressions
from lakeshell.engine.embedded.binding.query import Block, bind_values
from lakeshell.engine.embedded.binding.scope import Field, Scope, TableFound, ViewFound
from lakeshell.engine.embedded.values import casts, operators
from lakeshell.engine.embedded.values.typed import (
    Typed,
    column_alias,
    has_zone,
    quote_name,
    refused,
    rejected,
)
from lakeshell.errors import QueryRejected
from lakeshell.sql import ast
from lakeshell.sql.coercion import can_coerce, common_type
from lakeshell.sql.datatypes import DOUBLE, UNKNOWN

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.binder import Binder


class BoundRelation(NamedTuple):
    """`sql` may stand in FROM; `joined` where it is a join, to be parenthesised on the right."""

    sql: str
    scope: Scope
    joined: bool = False


def bind_relation(binder: Binder, relation: ast.Relation, scope: Scope) -> BoundRelation:
    """`scope` encloses the query; the relation's own scope has it as its parent."""
    match relation:
        case ast.Table():
            return _table(binder, relation, scope)
        case ast.Aliased():
            return _aliased(binder, relation, scope)
        case ast.Join():
            return _join(binder, relation, scope)
        case ast.TableSubquery():
            return from_block(binder, binder.subquery(relation.query, scope), scope)
        case ast.Lateral():
            bound = from_block(binder, binder.subquery(relation.query, scope), scope)
            return bound._replace(sql=f"LATERAL {bound.sql}")
        case ast.Values():
            return from_block(binder, bind_values(binder, relation, scope), scope)
        case ast.Sampled():
            return _sampled(binder, relation, scope)
        case ast.Unnest():
            from lakeshell.engine.embedded.binding.unnest import bind_unnest

            return bind_unnest(binder, relation, scope)
    assert isinstance(relation, ast.TableFunction)
    from lakeshell.engine.embedded.binding.unnest import bind_table_function

    return bind_table_function(binder, relation, scope)


def from_block(
    binder: Binder, block: Block, scope: Scope, qualifier: tuple[str, ...] = ()
) -> BoundRelation:
    """A query read as a relation."""
    alias = binder.alias()
    fields = block.fields(alias, qualifier)
    return BoundRelation(f"({block.sql}) AS {alias}", Scope(fields, scope))


# --- tables and views ----------------------------------------------------------------------


def _table(binder: Binder, table: ast.Table, scope: Scope) -> BoundRelation:
    parts = table.name.keys
    if len(parts) == 1:
        from lakeshell.engine.embedded.binding.common_tables import Named

        named = scope.named_query(parts[0])
        if isinstance(named, Named):
            return named.read(binder, scope)
    name = qualified(binder, table)
    version = None
    if table.version is not None:
        _check_no_subquery(table.version.value)
        version = Expressions(binder, Scope(parent=scope)).bind(table.version.value)
    try:
        found = binder.tables.find(
            *name, version=version, version_kind=table.version.kind if table.version else None
        )
    except QueryRejected as fault:
        if fault.line is not None:
            raise
        in_version = version is not None and fault.code in ("INVALID_ARGUMENTS", "TYPE_MISMATCH")
        at = table.version.at if table.version is not None and in_version else table.at
        raise rejected(fault.code, fault.message, at, fault.hint) from fault
    if isinstance(found, ViewFound):
        from lakeshell.engine.embedded.binding.views import read_view

        return read_view(binder, found, table, scope)
    return _read(binder, found, parts, scope)


def qualified(binder: Binder, table: ast.Table) -> tuple[str, str, str]:
    """The catalog, schema and table that a name means; raises MISSING_…_NAME."""
    parts = table.name.keys
    if len(parts) > 3:
        message = f"Too many dots in table name: {'.'.join(parts)}"
        raise rejected("SYNTAX_ERROR", message, None)
    catalog = parts[-3] if len(parts) == 3 else binder.catalog
    schema = parts[-2] if len(parts) > 1 else binder.schema
    if catalog is None:
        message = "Catalog must be specified when session catalog is not set"
        raise rejected("MISSING_CATALOG_NAME", message, table.at)
    if schema is None:
        message = "Schema must be specified when session schema is not set"
        raise rejected("MISSING_SCHEMA_NAME", message, table.at)
    return catalog, schema, parts[-1]


def _read(
    binder: Binder, table: TableFound, qualifier: tuple[str, ...], scope: Scope
) -> BoundRelation:
    scan = binder.scan(table)
    alias = binder.alias()
    fields = [
        Field(
            column.name,
            column.type,
            f"{alias}.{column_alias(column.name)}",
            zone=column.zone or ("UTC" if has_zone(column.type) else None),
            qualifier=qualifier,
            hidden=column.hidden,
            scan=scan,
        )
        for column in table.columns
    ]
    for field in fields:
        field.column = field.name or ""
    return BoundRelation(f"{quote_name(scan.alias)} AS {alias}", Scope(fields, scope))


# --- aliases and samples -------------------------------------------------------------------


def _aliased(binder: Binder, node: ast.Aliased, scope: Scope) -> BoundRelation:
    bound = bind_relation(binder, node.relation, scope)
    qualifier = (node.alias.key,)
    if node.columns is None:
        fields = [field.renamed(field.name, qualifier) for field in bound.scope.fields]
        return bound._replace(scope=Scope(fields, scope))
    visible = bound.scope.visible()
    if len(visible) != len(node.columns):
        from lakeshell.engine.embedded.wording.expressions import expression_text

        message = (
            f"Column alias list has {len(node.columns)} entries but "
            f"'{expression_text(node.alias)}' has {len(visible)} columns available"
        )
        raise rejected("MISMATCHED_COLUMN_ALIASES", message, node.at)
    fields = [
        field.renamed(alias.value, qualifier)
        for field, alias in zip(visible, node.columns, strict=True)
    ]
    return bound._replace(scope=Scope(fields, scope))


def _sampled(binder: Binder, node: ast.Sampled, scope: Scope) -> BoundRelation:
    """Each row with the given probability; both methods."""
    percentage = _percentage(binder, node)
    bound = bind_relation(binder, node.relation, scope)
    if percentage >= 100:
        return bound
    alias = binder.alias()
    fields = [
        Field(
            f.name, f.type, f"{alias}.c{n}", zone=f.zone, qualifier=f.qualifier, hidden=f.hidden,
            sources=(f,),
        )
        for n, f in enumerate(bound.scope.fields)
    ]  # fmt: skip
    items = ", ".join(f"{f.sql} AS c{n}" for n, f in enumerate(bound.scope.fields))
    sql = f"(SELECT {items} FROM {bound.sql} WHERE random() < {percentage / 100!r}) AS {alias}"
    return BoundRelation(sql, Scope(fields, scope))


def _check_no_subquery(version: ast.Expression) -> None:
    for inner in version.walk():
        if isinstance(inner, ast.ScalarSubquery):
            message = "Constant expression cannot contain a subquery"
            raise rejected("EXPRESSION_NOT_CONSTANT", message, inner.at)
        if isinstance(inner, ast.Query):
            raise refused("a subquery in a table's version", inner.at)


def _percentage(binder: Binder, node: ast.Sampled) -> float:
    at = node.percentage.at
    for inner in node.percentage.walk():
        if isinstance(inner, ast.Identifier):
            message = "Sample percentage cannot contain column references"
            raise rejected("EXPRESSION_NOT_CONSTANT", message, at)
    value = Expressions(binder, Scope()).bind(node.percentage)
    if not can_coerce(value.type, DOUBLE):
        message = "Sample percentage should be a numeric expression"
        raise rejected("TYPE_MISMATCH", message, at)
    if value.type == UNKNOWN or value.value is None:
        raise rejected("INVALID_ARGUMENTS", "Sample percentage cannot be NULL", at)
    if not value.is_constant:
        raise refused("a computed sample percentage", at)
    percentage = float(value.value)
    if percentage < 0:
        message = "Sample percentage must be greater than or equal to 0"
        raise rejected("NUMERIC_VALUE_OUT_OF_RANGE", message, at)
    if percentage > 100:
        message = "Sample percentage must be less than or equal to 100"
        raise rejected("NUMERIC_VALUE_OUT_OF_RANGE", message, at)
    return percentage


# --- joins ---------------------------------------------------------------------------------

_WORDS = {
    "inner": "INNER JOIN",
    "left": "LEFT JOIN",
    "right": "RIGHT JOIN",
    "full": "FULL JOIN",
    "cross": "CROSS JOIN",
    "implicit": "CROSS JOIN",
}


def _join(binder: Binder, join: ast.Join, scope: Scope) -> BoundRelation:
    if join.natural:
        raise rejected("NOT_SUPPORTED", "Natural join not supported", join.at)
    left = bind_relation(binder, join.left, scope)
    lateral = _innermost(join.right)
    if isinstance(lateral, ast.Lateral | ast.Unnest):
        seen = left.scope
        if join.kind in ("right", "full"):
            seen = Scope(seen.fields, seen.parent, boundary=seen.boundary)
            seen.refusal = f"LATERAL reference not allowed in {join.kind.upper()} JOIN"
        with binder.nested(left.scope) as nested:
            right = bind_relation(binder, join.right, seen)
        right = right._replace(scope=Scope(right.scope.fields, scope))
        _check_lateral(join, lateral)
        if isinstance(lateral, ast.Lateral):
            _check_correlation(join, lateral, nested.reads)
    else:
        right = bind_relation(binder, join.right, scope)
    right_sql = f"({right.sql})" if right.joined else right.sql
    both = f"{left.sql} {_WORDS[join.kind]} {right_sql}"
    if join.using is not None:
        return _using(binder, join, left, right, both, scope)
    output = Scope((*left.scope.fields, *right.scope.fields), scope)
    if join.kind in ("cross", "implicit"):
        return BoundRelation(both, output, True)
    assert join.on is not None
    from lakeshell.engine.embedded.binding.aggregation import forbid_aggregates
    from lakeshell.engine.embedded.binding.pruning import conjuncts
    from lakeshell.engine.embedded.values.conditions import conjunction

    forbid_aggregates(join.on, "JOIN clause")
    expressions = Expressions(binder, output, correlated=join.kind == "inner")
    with binder.collecting(None):
        terms = list(conjuncts(join.on))
        if len(terms) == 1:
            condition = expressions.condition(join.on, "JOIN ON clause")
        else:
            bound = [expressions.bind(term) for term in terms]
            condition = conjunction(bound, [True] * len(terms), join.on.at, binder.context)
    return BoundRelation(f"{both} ON {condition.sql}", output, True)


def _innermost(relation: ast.Relation) -> ast.Relation:
    while isinstance(relation, ast.Aliased):
        relation = relation.relation
    return relation


def _check_correlation(join: ast.Join, right: ast.Lateral, reads: set[int]) -> None:
    from lakeshell.engine.embedded.binding.decorrelation import Use, check

    is_true = join.on is None or (isinstance(join.on, ast.BooleanLiteral) and join.on.value)
    use = Use.LATERAL if is_true else Use.CONDITIONAL
    check(right.query, reads, use, right.query.at)


def _check_lateral(join: ast.Join, right: ast.Relation) -> None:
    """Trino joins UNNEST only ON TRUE, and only from the left."""
    if join.kind in ("cross", "implicit"):
        return
    is_true = isinstance(join.on, ast.BooleanLiteral) and join.on.value
    at = join.on.at if join.on is not None else join.at
    kind = join.kind.upper()
    if isinstance(right, ast.Unnest) and not is_true:
        message = f"{kind} JOIN involving UNNEST is only supported with condition ON TRUE"
        raise rejected("NOT_SUPPORTED", message, at)
    if join.kind == "full" and not is_true:
        message = "FULL JOIN involving LATERAL relation is only supported with condition ON TRUE"
        raise rejected("NOT_SUPPORTED", message, at)


def _using(
    binder: Binder,
    join: ast.Join,
    left: BoundRelation,
    right: BoundRelation,
    both: str,
    scope: Scope,
) -> BoundRelation:
    """The named columns come first, once each, then the other columns of both sides."""
    assert join.using is not None
    seen: set[str] = set()
    used: set[Field] = set()
    merged: list[Field] = []
    conditions: list[str] = []
    for column in join.using:
        if column.key in seen:
            message = f"Column '{column.value}' appears multiple times in USING clause"
            raise rejected("DUPLICATE_COLUMN_NAME", message, column.at)
        seen.add(column.key)
        a = _using_side(left, column, "left")
        b = _using_side(right, column, "right")
        used |= {a, b}
        field, condition = _merged(binder, join.kind, column, a, b)
        merged.append(field)
        conditions.append(condition)
        binder.mark((a, b))
    rest = [f for f in (*left.scope.fields, *right.scope.fields) if f not in used]
    sql = f"{both} ON {' AND '.join(conditions)}"
    return BoundRelation(sql, Scope([*merged, *rest], scope), True)


def _using_side(side: BoundRelation, column: ast.Identifier, word: str) -> Field:
    resolved = side.scope.resolve((column.key,), column.at)
    if resolved is None or resolved.field not in side.scope.fields:
        message = f"Column '{column.value}' is missing from {word} side of join"
        raise rejected("COLUMN_NOT_FOUND", message, column.at)
    return resolved.field


def _merged(
    binder: Binder, kind: str, column: ast.Identifier, a: Field, b: Field
) -> tuple[Field, str]:
    left = Typed(a.sql, a.type, column.at, zone=a.zone)
    right = Typed(b.sql, b.type, column.at, zone=b.zone)
    condition = operators.compare("=", left, right, column.at, binder.context)
    common = common_type(a.type, b.type)
    assert common is not None
    left = casts.coerce(left, common, binder.context)
    right = casts.coerce(right, common, binder.context)
    sql = left.sql if kind in ("inner", "left") else f"coalesce({left.sql}, {right.sql})"
    zone = left.zone or right.zone
    return Field(column.value, common, sql, zone=zone, sources=(a, b)), condition.sql
