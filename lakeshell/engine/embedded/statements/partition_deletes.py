"""DELETEs by partition columns alone, for which Trino drops whole partitions and reads no row.

Trino 476 then counts NULL as the least of all values, so `WHERE d < DATE '2024-02-01'` also deletes
the partition of the rows whose `d` is NULL: such a DELETE is refused, neither imitated nor answered
otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator

from lakeshell.engine.embedded.binding.expressions import column_name
from lakeshell.engine.embedded.values.typed import refused
from lakeshell.sql import ast
from lakeshell.store.metadata import TableMetadata
from lakeshell.store.planning import live_files


def refuse_lost_nulls(statement: ast.Delete, metadata: TableMetadata) -> None:
    """Raises NotSupported where Trino would delete a partition of NULLs without being asked to."""
    if statement.where is None:
        return
    columns = metadata.all_fields
    sources = {
        columns[field.source_id].name: field.name
        for field in metadata.specs[metadata.default_spec_id]
        if field.source_id in columns
    }
    named = _columns(statement.where)
    if not named or not named <= sources.keys():
        return
    reached = {sources[column] for column in named - _bounded_below(statement.where)}
    if not reached or not any(map(_is_open_below, statement.where.walk())):
        return
    for file in live_files(metadata.current_snapshot):
        if any(file.partition.get(name) is None for name in reached):
            raise refused(
                "DELETE by a range of a partition column that is also NULL in some rows "
                "(Trino 476 would delete those rows too)",
                statement.where.at,
            )


def drops_partitions(where: ast.Expression | None, metadata: TableMetadata) -> bool:
    """Whether Trino deletes by the partitions alone, reading no row: where plain partition columns
    are compared with literals."""
    if where is None:
        return True
    columns = metadata.all_fields
    plain = {
        columns[field.source_id].name
        for field in metadata.specs[metadata.default_spec_id]
        if field.transform == "identity" and field.source_id in columns
    }
    named = _columns(where)
    return bool(named) and named <= plain and all(isinstance(n, _SIMPLE) for n in where.walk())


_SIMPLE = (
    ast.Identifier, ast.Dereference, ast.Comparison, ast.Logical, ast.Not, ast.IsNull, ast.Between,
    ast.InList, ast.StringLiteral, ast.LongLiteral, ast.DecimalLiteral, ast.DoubleLiteral,
    ast.BooleanLiteral, ast.GenericLiteral,
)  # fmt: skip


def _columns(node: ast.Node) -> set[str]:
    """The columns named, as `d` or as `t.d`."""
    parts = column_name(node)
    if parts is not None:
        return {parts[-1]}
    if isinstance(node, ast.FunctionCall):
        return set().union(*map(_columns, node.arguments))
    return set().union(*map(_columns, node.children()))


def _bounded_below(where: ast.Expression) -> set[str]:
    """The columns that a term of the condition already keeps from being NULL."""
    found = set()
    for term in _terms(where):
        match term:
            case ast.Comparison(op="=" | ">" | ">=", left=value):
                parts = column_name(value)
            case ast.Between(value=value) | ast.InList(value=value):
                parts = column_name(value)
            case _:
                parts = None
        if parts is not None:
            found.add(parts[-1])
    return found


def _terms(node: ast.Expression) -> Iterator[ast.Expression]:
    if isinstance(node, ast.Logical) and node.op.upper() == "AND":
        for term in node.terms:
            yield from _terms(term)
    else:
        yield node


def _is_open_below(node: ast.Node) -> bool:
    """Whether a term can be met by values without a least one."""
    match node:
        case ast.Comparison(op=op):
            return op not in ("=", ">", ">=") or column_name(node.left) is None
        case ast.Not():
            return True
    return False
