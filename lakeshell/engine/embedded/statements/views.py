"""CREATE VIEW: the query's text and its columns, in the catalog."""

from __future__ import annotations

from lakeshell.engine.embedded.statements.columns import check_distinct
from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import (
    has_schema,
    iceberg,
    new_name,
    registered,
)
from lakeshell.engine.embedded.values.typed import refused, rejected
from lakeshell.model import LAKE, CatalogTable, Column, TableKind, TableName
from lakeshell.sql import ast
from lakeshell.sql.datatypes import UNKNOWN


def create_view(statement: ast.CreateView, host: Host) -> Outcome:
    name = new_name(statement.name, host, statement.at, "creating views")
    known = _taken(name, statement, host)
    bound = host.binder().query(statement.query)
    names = [column.name.lower() for column in bound.columns]
    check_distinct([column.name for column in bound.columns], statement.at)
    for position, column in enumerate(names):
        if column == f"_col{position}":
            raise rejected(
                "MISSING_COLUMN_NAME",
                f"Column name not specified at position {position + 1}",
                statement.at,
            )
    if len(set(names)) < len(names):
        raise refused("a view with columns whose names differ in case alone", statement.at)
    for column_name, column_type in ((c.name, c.type) for c in bound.columns):
        if column_type == UNKNOWN:
            raise rejected(
                "COLUMN_TYPE_UNKNOWN", f"Column type is unknown: {column_name}", statement.at
            )
    if not has_schema(name.database, host):
        raise rejected("NOT_FOUND", f"Schema {name.database} not found", None)
    if known:
        host.catalog.drop(name)
    session = host.session
    parameters = {"viewCatalog": session.catalog, "viewSchema": session.schema or ""}
    if statement.security == "invoker":
        parameters["viewSecurity"] = "INVOKER"
    host.catalog.put(
        CatalogTable(
            name,
            TableKind.VIEW,
            tuple(Column(n, c.type) for n, c in zip(names, bound.columns, strict=True)),
            parameters,
            comment=statement.comment or "",
            definition=statement.text,
            owner=session.user,
        )
    )
    return changed("CREATE VIEW")


def _taken(name: TableName, statement: ast.CreateView, host: Host) -> bool:
    """Whether there is a view to replace. Raises when the name is taken otherwise."""
    shown = f"'{LAKE}.{name.database}.{name.table}'"
    known = registered(name, host)
    if iceberg(name, host) is not None or (known and known.kind is not TableKind.VIEW):
        raise rejected("TABLE_ALREADY_EXISTS", f"Table already exists: {shown}", statement.at)
    if known is not None and not statement.replace:
        raise rejected("TABLE_ALREADY_EXISTS", f"View already exists: {shown}", statement.at)
    return known is not None
