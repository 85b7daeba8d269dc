"""CREATE TABLE, CREATE TABLE AS, SET PROPERTIES."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.binding.scope import BoundColumn
from lakeshell.engine.embedded.statements.columns import check_distinct, declared, described
from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import (
    has_schema,
    iceberg,
    lake_name,
    missing,
    new_name,
    registered,
    writable,
)
from lakeshell.engine.embedded.statements.properties import layout
from lakeshell.engine.embedded.statements.rows import renamed, with_types
from lakeshell.engine.embedded.values.typed import refused, rejected
from lakeshell.errors import AlreadyExists, QueryFailed
from lakeshell.model import LAKE, Column, TableKind, TableName
from lakeshell.sql import ast
from lakeshell.sql.datatypes import UNKNOWN
from lakeshell.store.metadata import TableMetadata
from lakeshell.store.storable import storable

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.store.iceberg import Layout


def create_table(statement: ast.CreateTable, host: Host) -> Outcome:
    name = new_name(statement.name, host, statement.at, "creating tables")
    if _exists(name, statement, host):
        return changed("CREATE TABLE")
    columns: list[Column] = []
    seen: set[str] = set()
    for element in statement.elements:
        for column in _of(element, statement, host):
            if column.name in seen:
                raise rejected(
                    "DUPLICATE_COLUMN_NAME",
                    f"Column name '{column.name}' specified more than once",
                    element.at,
                )
            seen.add(column.name)
            columns.append(column)
    made = layout(statement.properties, statement.comment, host)
    _check_schema(name, host)
    _write(statement, name, columns, made, (), host)
    return changed("CREATE TABLE")


def _of(
    element: ast.ColumnDefinition | ast.LikeClause, statement: ast.CreateTable, host: Host
) -> Sequence[Column]:
    if isinstance(element, ast.ColumnDefinition):
        return (declared(element, host),)
    name = lake_name(element.table, host, statement.at, "creating tables")
    metadata = iceberg(name, host)
    if metadata is not None:
        if element.including_properties:
            _refuse_properties_of(metadata, element, statement)
        return described(metadata)
    other = registered(name, host)
    if other is None:
        raise rejected(
            "TABLE_NOT_FOUND",
            f"LIKE table '{LAKE}.{name.database}.{name.table}' does not exist",
            statement.at,
        )
    return other.columns


def _refuse_properties_of(
    metadata: TableMetadata, element: ast.LikeClause, statement: ast.CreateTable
) -> None:
    """Among the properties is the other table's location, which has its files in it."""
    if any(property.name == "location" for property in statement.properties):
        raise refused("LIKE … INCLUDING PROPERTIES with a location", element.at)
    raise QueryFailed(
        f"Cannot create a table on a non-empty location: {metadata.table_location}, "
        "set 'iceberg.unique-table-location=true' in your Iceberg catalog properties to use unique "
        "table locations for every table.",
        code="ICEBERG_FILESYSTEM_ERROR",
    )


def create_table_as(statement: ast.CreateTableAs, host: Host) -> Outcome:
    name = new_name(statement.name, host, statement.at, "creating tables with data")
    if _exists(name, statement, host):
        return changed("CREATE TABLE", 0)
    bound = host.binder().query(statement.query)
    names = _column_names(statement, bound.columns)
    for column_name, found in zip(names, bound.columns, strict=True):
        if found.type == UNKNOWN:
            raise rejected(
                "COLUMN_TYPE_UNKNOWN", f"Column type is unknown: {column_name}", statement.at
            )
    made = layout(statement.properties, statement.comment, host)
    _check_schema(name, host)
    columns = [
        Column(column_name, storable(found.type))
        for column_name, found in zip(names, bound.columns, strict=True)
    ]
    if [column.type for column in columns] != [column.type for column in bound.columns]:
        bound = host.binder().query(with_types(statement.query, [c.type for c in columns]))
    rows: Iterable[pa.RecordBatch] = renamed(host.read(bound), names) if statement.with_data else ()
    count = _write(statement, name, columns, made, rows, host)
    return changed("CREATE TABLE", count)


def _column_names(statement: ast.CreateTableAs, columns: Sequence[BoundColumn]) -> list[str]:
    if statement.columns is not None:
        if len(statement.columns) != len(columns):
            raise rejected(
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(statement.columns)} entries but relation has "
                f"{len(columns)} columns",
                statement.columns[0].at,
            )
        names = [identifier.key for identifier in statement.columns]
        for count, identifier in enumerate(statement.columns, 1):
            check_distinct(names[:count], identifier.at)
    else:
        names = [column.name.lower() for column in columns]
        for position, name in enumerate(names):
            if name == f"_col{position}":
                raise rejected(
                    "MISSING_COLUMN_NAME",
                    f"Column name not specified at position {position + 1}",
                    statement.at,
                )
    check_distinct(names, statement.at)
    return names


def _exists(name: TableName, statement: ast.CreateTable | ast.CreateTableAs, host: Host) -> bool:
    """Whether there is nothing to do. Raises when the name is taken."""
    other = registered(name, host)
    if other is not None and other.kind is TableKind.VIEW:
        raise QueryFailed(
            f"Failed to create table {name}: Table already exists: '{name}'",
            code="ICEBERG_COMMIT_ERROR",
        )
    taken = iceberg(name, host) is not None or other is not None
    if not taken or statement.replace:
        if taken and iceberg(name, host) is None:
            raise refused("OR REPLACE of what is no Iceberg table", statement.at)
        return False
    if statement.if_not_exists:
        return True
    kind = "Table" if isinstance(statement, ast.CreateTable) else "Destination table"
    raise rejected(
        "TABLE_ALREADY_EXISTS",
        f"{kind} '{LAKE}.{name.database}.{name.table}' already exists",
        statement.at,
    )


def _check_schema(name: TableName, host: Host) -> None:
    if not has_schema(name.database, host):
        raise rejected("NOT_FOUND", f"Schema {name.database} not found", None)


def _write(
    statement: ast.CreateTable | ast.CreateTableAs,
    name: TableName,
    columns: Sequence[Column],
    made: Layout,
    rows: Iterable[pa.RecordBatch],
    host: Host,
) -> int:
    mode = "replace" if statement.replace else "create"
    try:
        written = host.store.write(name, rows, mode=mode, columns=columns, layout=made)
    except AlreadyExists as error:
        raise rejected(
            "TABLE_ALREADY_EXISTS",
            f"Destination table '{LAKE}.{name.database}.{name.table}' already exists",
            statement.at,
        ) from error
    host.tables.forget(name)
    return written.rows


def set_properties(statement: ast.SetProperties, host: Host) -> Outcome:
    if statement.kind != "table":
        raise refused(f"ALTER {statement.kind.upper()} … SET PROPERTIES", statement.at)
    name = new_name(statement.name, host, statement.at, "setting table properties")
    if iceberg(name, host) is None:
        other = registered(name, host)
        if other is not None and other.kind is TableKind.VIEW:
            message = "Cannot set properties to a view in ALTER TABLE"
            raise rejected("NOT_SUPPORTED", message, statement.at)
        raise missing(name, statement.at)
    writable(name, host, statement.at, "Setting properties of")
    for property in statement.properties:
        if property.name.lower() in ("partitioning", "sorted_by") or property.value is None:
            raise refused(f"a change of the table property {property.name}", property.at)
    made = layout(statement.properties, None, host)
    host.store.change(name, lambda staged: staged.set_properties(dict(made.properties)))
    host.tables.forget(name)
    return changed("SET PROPERTIES")
