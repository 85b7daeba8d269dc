"""INSERT, UPDATE, DELETE, TRUNCATE: rows of an Iceberg table changed in one commit.

Files are rewritten whole (copy on write): one query counts the rows that change in each file, a
second reads what the files concerned hold afterwards. Both see the snapshot that the commit then
stands on. `merge` does MERGE the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.statements.columns import described
from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import lake_name, writable
from lakeshell.engine.embedded.statements.partition_deletes import (
    drops_partitions,
    refuse_lost_nulls,
)
from lakeshell.engine.embedded.tables.metadata_tables import BY_ROW
from lakeshell.engine.embedded.values.typed import rejected
from lakeshell.errors import QueryFailed
from lakeshell.model import Column, TableName
from lakeshell.sql import ast
from lakeshell.sql.coercion import common_type
from lakeshell.sql.datatypes import TimestampType, Type
from lakeshell.store.metadata import TableMetadata
from lakeshell.store.planning import live_files

if TYPE_CHECKING:
    import pyarrow as pa

PATH = ast.Identifier("$path", True)


def insert(statement: ast.Insert, host: Host) -> Outcome:
    name = lake_name(statement.table, host, statement.at, "inserts")
    metadata = writable(name, host, statement.at, "Inserting into")
    columns = {column.name: column for column in described(metadata)}
    names = list(columns)
    if statement.columns is not None:
        names = [identifier.key for identifier in statement.columns]
        for position, column in enumerate(names):
            if column not in columns:
                raise rejected(
                    "COLUMN_NOT_FOUND",
                    f"Insert column name does not exist in target table: {column}",
                    statement.at,
                )
            if column in names[:position]:
                raise rejected(
                    "DUPLICATE_COLUMN_NAME",
                    f"Insert column name is specified more than once: {column}",
                    statement.at,
                )
    wanted = [columns[column].type for column in names]
    query = _in_utc(statement.query, wanted)
    bound = host.binder().query(query)
    found = [column.type for column in bound.columns]
    if len(wanted) != len(found) or not all(map(can_assign, found, wanted)):
        raise rejected(
            "TYPE_MISMATCH",
            "Insert query has mismatched column types: "
            f"Table: [{_listed(wanted)}], Query: [{_listed(found)}]",
            statement.at,
        )
    if found != wanted:
        bound = host.binder().query(with_types(query, wanted))
    rows = renamed(host.read(bound), names)
    first = next((batch for batch in rows if batch.num_rows), None)
    if first is None:
        return changed("INSERT", 0)
    written = host.store.write(name, chain((first,), rows), mode="append")
    host.tables.forget(name)
    return changed("INSERT", written.rows)


def _in_utc(query: ast.Query, wanted: Sequence[Type]) -> ast.Query:
    """VALUES for columns with a time zone: each literal at UTC, where the table has it anyway, so
    that the literals of one column may be of several zones."""
    zoned = [isinstance(type, TimestampType) and type.with_zone for type in wanted]
    body = query.body
    if not any(zoned) or not isinstance(body, ast.Values):
        return query
    rows = tuple(
        ast.RowConstructor(
            tuple(_at_utc(item) if z else item for item, z in zip(row.items, zoned, strict=True)),
            row.names,
            at=row.at,
        )
        if isinstance(row, ast.RowConstructor) and len(row.items) == len(zoned)
        else row
        for row in body.rows
    )
    made = ast.Values(rows, at=body.at)
    return ast.Query(made, query.with_, query.order_by, query.offset, query.limit, at=query.at)


def _at_utc(node: ast.Expression) -> ast.Expression:
    if isinstance(node, ast.GenericLiteral) and node.type == "timestamp":
        return ast.AtTimeZone(node, ast.StringLiteral("UTC"), at=node.at)
    return node


def can_assign(found: Type, wanted: Type) -> bool:
    """Whether a column takes values of another type. What they are may yet not fit."""
    return common_type(found, wanted) is not None


def _listed(types: Sequence[Type]) -> str:
    return ", ".join(map(str, types))


def with_types(query: ast.Query, types: Sequence[Type]) -> ast.Query:
    """The query with each column cast to its target, as Trino's plan has it."""
    names = tuple(ast.Identifier(f"c{n}") for n in range(len(types)))
    rows = ast.Aliased(ast.TableSubquery(query), ast.Identifier("q"), names)
    items = tuple(
        ast.SelectExpression(converted(name, type)) for name, type in zip(names, types, strict=True)
    )
    return ast.Query(ast.Select(False, items, rows))


def converted(value: ast.Expression, type: Type) -> ast.Cast:
    return ast.Cast(value, ast.TypeName(str(type)))


def truncate(statement: ast.Truncate, host: Host) -> Outcome:
    name = lake_name(statement.table, host, statement.at, "truncating tables")
    metadata = writable(name, host, statement.at, "Truncating")
    files = {file.path for file in live_files(metadata.current_snapshot)}
    replace(name, metadata, files, (), "delete", host, by_row=False)
    return changed("TRUNCATE TABLE")


def delete(statement: ast.Delete, host: Host) -> Outcome:
    name = lake_name(statement.table, host, statement.at, "modifying table rows")
    metadata = writable(name, host, statement.at, "Deleting from")
    refuse_lost_nulls(statement, metadata)
    table = ast.Table(statement.table)
    counts = matching(table, statement.where, metadata, host)
    by_row = not drops_partitions(statement.where, metadata)
    if not counts and by_row:
        return changed("DELETE", 0)
    rows: Iterable[pa.RecordBatch] = ()
    if statement.where is not None:
        kept = ast.Not(_is_true(statement.where))
        columns = [ast.SelectExpression(_identifier(c.name)) for c in described(metadata)]
        rows = rows_after(table, columns, list(counts), kept, described(metadata), host)
    replace(name, metadata, counts, rows, "delete", host, by_row=by_row)
    return changed("DELETE", sum(counts.values()) or None)


def update(statement: ast.Update, host: Host) -> Outcome:
    name = lake_name(statement.table, host, statement.at, "modifying table rows")
    metadata = writable(name, host, statement.at, "Updating")
    columns = described(metadata)
    values = _assigned(statement, columns, host)
    table = ast.Table(statement.table)
    counts = matching(table, statement.where, metadata, host)
    if not counts:
        return changed("UPDATE", 0)
    items = []
    for column in columns:
        old = _identifier(column.name)
        new: ast.Expression = old
        if column.name in values:
            new = converted(values[column.name], column.type)
            if statement.where is not None:
                new = ast.SearchedCase((ast.WhenClause(statement.where, new),), old)
        items.append(ast.SelectExpression(new))
    rows = rows_after(table, items, list(counts), None, columns, host)
    try:
        replace(name, metadata, counts, rows, "overwrite", host)
    except QueryFailed as error:
        if error.code == "CONSTRAINT_VIOLATION":
            raise QueryFailed(error.message, code="INVALID_ARGUMENTS") from error
        raise
    return changed("UPDATE", sum(counts.values()))


def _assigned(
    statement: ast.Update, columns: Sequence[Column], host: Host
) -> dict[str, ast.Expression]:
    """The new value of each column named. Raises what Trino raises before it runs."""
    types = {column.name: column.type for column in columns}
    values: dict[str, ast.Expression] = {}
    for assignment in statement.assignments:
        column = assignment.column.key
        if column not in types:
            raise rejected(
                "COLUMN_NOT_FOUND",
                f"The UPDATE SET target column {assignment.column.value} doesn't exist",
                assignment.column.at,
            )
        if column in values:
            raise QueryFailed(
                f"Multiple entries with same key: {column}=[] and {column}=[]",
                code="GENERIC_INTERNAL_ERROR",
            )
        values[column] = assignment.value
    items = tuple(ast.SelectExpression(value) for value in values.values())
    select = ast.Select(False, items, ast.Table(statement.table), statement.where)
    found = [column.type for column in host.binder().query(ast.Query(select)).columns]
    wanted = [types[column] for column in values]
    if not all(map(can_assign, found, wanted)):
        raise rejected(
            "TYPE_MISMATCH",
            "UPDATE table column types don't match SET expressions: "
            f"Table: [{_listed(wanted)}], Expressions: [{_listed(found)}]",
            statement.at,
        )
    return values


# --- what others use too -------------------------------------------------------------------


def matching(
    table: ast.Relation, where: ast.Expression | None, metadata: TableMetadata, host: Host
) -> dict[str, int]:
    """How many rows meet the condition in each data file that has some."""
    if where is None:
        return {file.path: file.rows for file in live_files(metadata.current_snapshot)}
    counted = ast.FunctionCall(_function("count"), star=True)
    items = (ast.SelectExpression(PATH), ast.SelectExpression(counted))
    grouped = ast.GroupBy(False, (ast.GroupingSet("simple", ((PATH,),)),))
    select = ast.Select(False, items, table, where, grouped)
    reader = host.read(host.binder().query(ast.Query(select)))
    return {
        path: count
        for batch in reader
        for path, count in zip(
            batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True
        )
    }


def renamed(batches: pa.RecordBatchReader, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The same batches under the target's column names."""
    import pyarrow as pa

    for batch in batches:
        yield pa.RecordBatch.from_arrays(batch.columns, names=list(names))


def rows_after(
    table: ast.Relation,
    items: Sequence[ast.SelectExpression],
    paths: Sequence[str],
    where: ast.Expression | None,
    columns: Sequence[Column],
    host: Host,
) -> Iterator[pa.RecordBatch]:
    """What the files hold afterwards, as batches with the table's column names."""
    terms: list[ast.Expression] = [in_files(paths)]
    if where is not None:
        terms.append(where)
    condition = terms[0] if len(terms) == 1 else ast.Logical("AND", tuple(terms))
    select = ast.Select(False, tuple(items), table, condition)
    bound = host.binder().query(ast.Query(select))
    return renamed(host.read(bound), [column.name for column in columns])


def in_files(paths: Sequence[str]) -> ast.Expression:
    return ast.InList(PATH, tuple(ast.StringLiteral(path) for path in paths))


def replace(
    name: TableName,
    metadata: TableMetadata,
    files: Mapping[str, int] | set[str],
    rows: Iterable[pa.RecordBatch],
    operation: str,
    host: Host,
    *,
    by_row: bool = True,
) -> None:
    """`by_row`: Trino would note the rows that are gone in delete files, and rewrite none."""
    snapshot = metadata.current_snapshot
    host.store.replace_files(
        name,
        None if snapshot is None else snapshot.id,
        set(files),
        rows,
        operation=operation,
        snapshot_properties={BY_ROW: "true"} if by_row else {},
    )
    host.tables.forget(name)


def _is_true(condition: ast.Expression) -> ast.Expression:
    return ast.FunctionCall(_function("coalesce"), (condition, ast.BooleanLiteral(False)))


def _function(name: str) -> ast.QualifiedName:
    return ast.QualifiedName((ast.Identifier(name),))


def _identifier(name: str) -> ast.Identifier:
    return ast.Identifier(name, True)
