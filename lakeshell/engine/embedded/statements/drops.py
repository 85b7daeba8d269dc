"""DROP and RENAME of tables, views and schemas."""

from __future__ import annotations

from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import (
    full_name,
    has_schema,
    iceberg,
    in_known_catalog,
    lake_name,
    registered,
)
from lakeshell.engine.embedded.values.typed import refused, rejected
from lakeshell.errors import QueryFailed
from lakeshell.model import LAKE, TableKind, TableName
from lakeshell.sql import ast


def drop(statement: ast.Drop, host: Host) -> Outcome:
    if statement.kind == "schema":
        from lakeshell.engine.embedded.statements.schemas import drop_schema

        return drop_schema(statement, host)
    done = changed(f"DROP {statement.kind.upper()}")
    if not in_known_catalog(statement.name, host, statement.at):
        return _nothing_to_drop(statement, full_name(statement.name, host, statement.at), done)
    name = lake_name(statement.name, host, statement.at, f"dropping {statement.kind}s")
    kind = _kind(name, host)
    shown = f"'{LAKE}.{name.database}.{name.table}'"
    if statement.kind == "materialized view":
        if kind is not None:
            raise refused("DROP MATERIALIZED VIEW", statement.at)
        return _nothing_to_drop(statement, (LAKE, *name), done)
    if statement.kind == "table":
        if kind is TableKind.VIEW:
            raise rejected(
                "GENERIC_USER_ERROR",
                f"Table {shown} does not exist, but a view with that name exists. Did you mean "
                f"DROP VIEW {LAKE}.{name.database}.{name.table}?",
                statement.at,
            )
        if kind is None:
            return _nothing_to_drop(statement, (LAKE, *name), done)
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
    else:
        return _nothing_to_drop(statement, (LAKE, *name), done)
    host.tables.forget(name)
    return done


def _nothing_to_drop(statement: ast.Drop, name: tuple[str, ...], done: Outcome) -> Outcome:
    if statement.if_exists:
        return done
    code = "TABLE_NOT_FOUND" if statement.kind == "table" else "GENERIC_USER_ERROR"
    shown = f"{statement.kind.capitalize()} '{'.'.join(name)}'"
    raise rejected(code, f"{shown} does not exist", statement.at)


def _kind(name: TableName, host: Host) -> TableKind | None:
    if iceberg(name, host) is not None:
        return TableKind.ICEBERG
    found = registered(name, host)
    return None if found is None else found.kind


def rename(statement: ast.Rename, host: Host) -> Outcome:
    if statement.kind == "schema":
        raise refused("ALTER SCHEMA … RENAME", statement.at)
    done = changed(f"RENAME {statement.kind.upper()}")
    if statement.if_exists and not in_known_catalog(statement.name, host, statement.at):
        return done
    name = lake_name(statement.name, host, statement.at, "renaming tables")
    kind = _kind(name, host)
    wanted_view = statement.kind == "view"
    if kind is None or (kind is TableKind.VIEW) != wanted_view:
        if kind is None and statement.if_exists:
            return done
        raise _not_of_kind(name, kind, statement)
    catalog, schema, table = full_name(
        statement.target if len(statement.target.parts) > 1 else _beside(statement, name), host,
        statement.at,
    )  # fmt: skip
    if catalog not in host.tables.catalogs():
        message = f"Target catalog '{catalog}' not found"
        raise rejected("CATALOG_NOT_FOUND", message, statement.at)
    if catalog != LAKE:
        raise rejected(
            "NOT_SUPPORTED", "Table rename across catalogs is not supported", statement.at
        )
    target = TableName(schema, table)
    if not has_schema(schema, host):
        raise rejected("NOT_FOUND", f"Schema {schema} not found", None)
    found = _kind(target, host)
    if found is TableKind.VIEW and not wanted_view:
        shown = f"{LAKE}.{schema}.{table}"
        message = f"Target table '{shown}' does not exist, but a view with that name exists."
        raise rejected("GENERIC_USER_ERROR", message, statement.at)
    if found is not None:
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


def _not_of_kind(name: TableName, kind: TableKind | None, statement: ast.Rename) -> QueryFailed:
    """There is nothing of that name to rename, or it is a view and no table, or a table."""
    shown = f"{LAKE}.{name.database}.{name.table}"
    message = f"{statement.kind.capitalize()} '{shown}' does not exist"
    if kind is None:
        return rejected("TABLE_NOT_FOUND", message, statement.at)
    other, code = (
        ("view", "GENERIC_USER_ERROR") if kind is TableKind.VIEW else ("table", "TABLE_NOT_FOUND")
    )
    hint = f"ALTER {other.upper()} {shown} RENAME TO ...?"
    message += f", but a {other} with that name exists. Did you mean {hint}"
    return rejected(code, message, statement.at)


def _beside(statement: ast.Rename, name: TableName) -> ast.QualifiedName:
    """An unqualified target stays in the schema of what is renamed."""
    schema = ast.Identifier(name.database)
    return ast.QualifiedName((ast.Identifier(LAKE), schema, *statement.target.parts))
