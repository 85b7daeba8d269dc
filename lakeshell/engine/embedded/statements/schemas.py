"""CREATE SCHEMA and what DROP SCHEMA does."""

from __future__ import annotations

from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import has_schema, schema_name
from lakeshell.engine.embedded.values.typed import rejected
from lakeshell.model import LAKE, Database, TableKind
from lakeshell.sql import ast


def create_schema(statement: ast.CreateSchema, host: Host) -> Outcome:
    catalog, schema = schema_name(statement.name, host, statement.at)
    _only_lake(catalog, host, statement.at, "creating schemas")
    for property in statement.properties:
        if property.name.lower() != "location":
            raise rejected(
                "INVALID_SCHEMA_PROPERTY",
                f"Catalog '{LAKE}' schema property '{property.name}' does not exist",
                property.at,
            )
    if has_schema(schema, host) or schema == "information_schema":
        if statement.if_not_exists:
            return changed("CREATE SCHEMA")
        raise rejected(
            "SCHEMA_ALREADY_EXISTS", f"Schema '{catalog}.{schema}' already exists", statement.at
        )
    host.catalog.create_database(Database(schema))
    return changed("CREATE SCHEMA")


def drop_schema(statement: ast.Drop, host: Host) -> Outcome:
    catalog, schema = schema_name(statement.name, host, statement.at)
    known = catalog in host.tables.catalogs()
    if known:
        _only_lake(catalog, host, statement.at, "dropping schemas")
    if not known or not has_schema(schema, host):
        if statement.if_exists:
            return changed("DROP SCHEMA")
        raise rejected(
            "SCHEMA_NOT_FOUND", f"Schema '{catalog}.{schema}' does not exist", statement.at
        )
    tables = host.catalog.tables(schema)
    if tables and not statement.cascade:
        raise rejected("SCHEMA_NOT_EMPTY", f"Cannot drop non-empty schema '{schema}'", statement.at)
    for table in tables:
        if table.kind is TableKind.ICEBERG:
            host.store.drop(table.name)
        else:
            host.catalog.drop(table.name)
    host.catalog.drop_database(schema)
    return changed("DROP SCHEMA")


def _only_lake(catalog: str, host: Host, at: ast.Position, doing: str) -> None:
    if catalog == LAKE:
        return
    if catalog not in host.tables.catalogs():
        raise rejected("CATALOG_NOT_FOUND", f"Catalog '{catalog}' not found", at)
    raise rejected("NOT_SUPPORTED", f"This connector does not support {doing}", None)
