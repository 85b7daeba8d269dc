"""USE, SET SESSION, RESET SESSION."""

from __future__ import annotations

from lakeshell.engine.embedded.scope import Scope
from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import has_schema
from lakeshell.engine.embedded.typed import rejected
from lakeshell.model import LAKE
from lakeshell.sql import ast

PROPERTIES: dict[str, tuple[str, str, str]] = {
    "query_max_run_time": ("100.00d", "varchar", "Maximum run time of a query"),
    "query_max_scan_physical_bytes": ("", "varchar", "Maximum scan physical bytes of a query"),
    "max_recursion_depth": ("10", "integer", "Maximum recursion depth for recursive CTE"),
}
"""Session properties that this engine has: default, type, what it is for."""


def use(statement: ast.Use, host: Host) -> Outcome:
    keys = statement.name.keys
    catalog, schema = (keys[0], keys[1]) if len(keys) == 2 else (host.session.catalog, keys[0])
    if catalog not in host.tables.catalogs():
        raise rejected("NOT_FOUND", f"Catalog does not exist: {catalog}", None)
    known = schema == "information_schema"
    if catalog == LAKE and not known:
        known = has_schema(schema, host)
    elif not known:
        known = schema in host.tables.schemas(catalog)
    if not known:
        raise rejected("NOT_FOUND", f"Schema does not exist: {catalog}.{schema}", None)
    host.session.catalog, host.session.database = catalog, schema
    return changed("USE")


def set_session(statement: ast.SetSession, host: Host) -> Outcome:
    name = str(statement.name)
    if name not in PROPERTIES:
        at = statement.at if statement.value is None else statement.value.at
        raise rejected("INVALID_SESSION_PROPERTY", f"Session property '{name}' does not exist", at)
    if statement.value is None:
        host.session.properties.pop(name, None)
        return changed("RESET SESSION")
    value = host.evaluate(host.binder().expression(statement.value, Scope()))
    host.session.properties[name] = str(value)
    return changed("SET SESSION")
