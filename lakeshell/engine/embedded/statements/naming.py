"""Names of schemas and tables in statements, completed by the session and checked.

In: names as written. Out: full names, and what stands behind them, or Trino's error.
"""

from __future__ import annotations

from lakeshell.engine.embedded.statements.host import Host
from lakeshell.engine.embedded.values.typed import refused, rejected
from lakeshell.errors import NotFound, QueryFailed
from lakeshell.model import LAKE, CatalogTable, TableKind, TableName
from lakeshell.sql import ast
from lakeshell.store.metadata import TableMetadata

INFORMATION_SCHEMA = "information_schema"


def full_name(name: ast.QualifiedName, host: Host, at: ast.Position) -> tuple[str, str, str]:
    """Catalog, schema and table."""
    keys = name.keys
    if len(keys) > 3:
        raise rejected("SYNTAX_ERROR", f"Too many dots in table name: {name}", None)
    session = host.session
    if len(keys) == 3:
        return keys[0], keys[1], keys[2]
    if len(keys) == 2:
        return session.catalog, keys[0], keys[1]
    if session.schema is None:
        raise rejected(
            "MISSING_SCHEMA_NAME", "Schema must be specified when session schema is not set", at
        )
    return session.catalog, session.schema, keys[0]


def schema_name(name: ast.QualifiedName | None, host: Host, at: ast.Position) -> tuple[str, str]:
    """Catalog and schema."""
    if name is None:
        if host.session.schema is None:
            raise rejected(
                "MISSING_SCHEMA_NAME", "Schema must be specified when session schema is not set", at
            )
        return host.session.catalog, host.session.schema
    keys = name.keys
    if len(keys) > 2:
        raise rejected("SYNTAX_ERROR", f"Too many parts in schema name: {name}", at)
    return (keys[0], keys[1]) if len(keys) == 2 else (host.session.catalog, keys[0])


def new_name(name: ast.QualifiedName, host: Host, at: ast.Position, doing: str) -> TableName:
    """A table or view that is to be made: only the lake takes any."""
    if not in_known_catalog(name, host, at):
        catalog = full_name(name, host, at)[0]
        raise rejected("CATALOG_NOT_FOUND", f"Catalog '{catalog}' not found", at)
    return lake_name(name, host, at, doing)


def lake_name(name: ast.QualifiedName, host: Host, at: ast.Position, doing: str) -> TableName:
    """A table that is to be changed: only the lake's can be. In an unknown catalog is no table."""
    catalog, schema, table = full_name(name, host, at)
    if catalog == LAKE:
        return TableName(schema, table)
    if not in_known_catalog(name, host, at):
        raise rejected("TABLE_NOT_FOUND", f"Table '{catalog}.{schema}.{table}' does not exist", at)
    raise rejected("NOT_SUPPORTED", f"This connector does not support {doing}", None)


def in_known_catalog(name: ast.QualifiedName, host: Host, at: ast.Position) -> bool:
    return full_name(name, host, at)[0] in host.tables.catalogs()


def has_schema(schema: str, host: Host) -> bool:
    """Raises `QueryFailed` for one that is closed to who asks."""
    host.tables.check_open(schema)
    return any(database.name == schema for database in host.catalog.databases())


def iceberg(name: TableName, host: Host) -> TableMetadata | None:
    """The table's metadata; None where the name is no Iceberg table."""
    return host.tables.metadata(name)


def registered(name: TableName, host: Host) -> CatalogTable | None:
    try:
        return host.catalog.table(name)
    except NotFound:
        return None


def missing(name: TableName, at: ast.Position | None, kind: str = "Table") -> QueryFailed:
    code = "TABLE_NOT_FOUND" if kind == "Table" else "VIEW_NOT_FOUND"
    return rejected(code, f"{kind} 'lake.{name.database}.{name.table}' does not exist", at)


def writable(name: TableName, host: Host, at: ast.Position, doing: str) -> TableMetadata:
    """The Iceberg table that rows or columns of are to be changed."""
    if "$" in name.table or name.database == INFORMATION_SCHEMA:
        raise rejected(
            "NOT_SUPPORTED", "This connector does not support modifying table rows", None
        )
    metadata = iceberg(name, host)
    if metadata is not None:
        return metadata
    other = registered(name, host)
    if other is None:
        raise missing(name, at)
    if other.kind is TableKind.VIEW:
        raise rejected("NOT_SUPPORTED", f"{doing} views is not supported", at)
    raise refused(f"changes of {name}, which is a table of a source that was crawled", at)
