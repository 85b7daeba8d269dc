"""DROP and RENAME of tables, views and schemas."""

from __future__ import annotations

from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import (
    full_name,
    has_schema,
    iceberg,
    lake_name,
    missing,
    registered,
)
from lakeshell.engine.embedded.typed import refused, rejected
from lakeshell.model import LAKE, TableKind, TableName
from lakeshell.sql import ast


def drop(statement: ast.Drop, host: Host) -> Outcome:
    if statement.kind == "schema":
        from lakeshell.engine.embedded.statements.schemas import drop_schema

        return drop_schema(statement, host)
    name = lake_name(statement.name, host, statement.at, f"dropping {statement.kind}s")
    kind = _kind(name, host)
    shown = f"'{LAKE}.{name.database}.{name.table}'"
    done = changed(f"DROP {statement.kind.upper()}")
    if statement.kind == "table":
        if kind is TableKind.VIEW:
            raise rejected(
                "GENERIC_USER_ERROR",
                f"Table {shown} does not exist, but a view with that name exists. Did you mean "
                f"DROP VIEW {LAKE}.{name.database}.{name.table}?",
                statement.at,
            )
        if kind is None:
            if statement.if_exists:
                return done
            raise missing(name, statement.at)
        if kind is TableKind.ICEBERG:
            host.store.drop(name)
        else:
            host.catalog.drop(name)
    elif kind is TableKind.VIEW:
        host.catalog.drop(name)
    elif kind is not None:
        raise rejected(
            "GENERIC_USER_ERROR",
            f"View {shown} does not exist, but a table with that name exists. Did you mean "
            f"DROP TABLE {LAKE}.{name.database}.{name.table}?",
            statement.at,
        )
    elif not statement.if_exists:
        raise rejected("GENERIC_USER_ERROR", f"View {shown} does not exist", statement.at)
    host.tables.forget(name)
    return done


def _kind(name: TableName, host: Host) -> TableKind | None:
    if iceberg(name, host) is not None:
        return TableKind.ICEBERG
    found = registered(name, host)
    return None if found is None else found.kind


def rename(statement: ast.Rename, host: Host) -> Outcome:
    if statement.kind == "schema":
        raise refused("ALTER SCHEMA … RENAME", statement.at)
    name = lake_name(statement.name, host, statement.at, "renaming tables")
    kind = _kind(name, host)
    done = changed(f"RENAME {statement.kind.upper()}")
    wanted_view = statement.kind == "view"
    if kind is None or (kind is TableKind.VIEW) != wanted_view:
        if kind is None and statement.if_exists:
            return done
        raise missing(name, statement.at, "View" if wanted_view else "Table")
    catalog, schema, table = full_name(
        statement.target if len(statement.target.parts) > 1 else _beside(statement, name), host,
        statement.at,
    )  # fmt: skip
    if catalog != LAKE:
        raise rejected(
            "NOT_SUPPORTED", "Table rename across catalogs is not supported", statement.at
        )
    target = TableName(schema, table)
    if not has_schema(schema, host):
        raise rejected("NOT_FOUND", f"Schema {schema} not found", None)
    if _kind(target, host) is not None:
        raise rejected(
            "TABLE_ALREADY_EXISTS",
            f"Target table '{LAKE}.{schema}.{table}' already exists",
            statement.at,
        )
    if kind is TableKind.ICEBERG:
        host.store.rename(name, target)
    else:
        host.catalog.rename(name, target)
    host.tables.forget(name)
    host.tables.forget(target)
    return done


def _beside(statement: ast.Rename, name: TableName) -> ast.QualifiedName:
    """An unqualified target stays in the schema of what is renamed."""
    schema = ast.Identifier(name.database)
    return ast.QualifiedName((ast.Identifier(LAKE), schema, *statement.target.parts))
