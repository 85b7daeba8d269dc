"""USE, SET SESSION, RESET SESSION, SET TIME ZONE."""

from __future__ import annotations

from lakeshell.engine.embedded.binding.scope import Scope
from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import has_schema
from lakeshell.engine.embedded.values.typed import TIME_ZONE, refused, rejected
from lakeshell.engine.embedded.wording.expressions import expression_text
from lakeshell.errors import QueryFailed
from lakeshell.model import LAKE
from lakeshell.sql import ast

PROPERTIES: dict[str, tuple[str, str, str]] = {
    "query_max_run_time": (
        "100.00d",
        "varchar",
        "Maximum run time of a query (includes the queueing time)",
    ),
    "query_max_scan_physical_bytes": ("", "varchar", "Maximum scan physical bytes of a query"),
    "max_recursion_depth": (
        "10",
        "integer",
        "Maximum recursion depth for recursive common table expression",
    ),
}
"""Session properties that this engine has: default, type, what it is for."""


def use(statement: ast.Use, host: Host) -> Outcome:
    keys = statement.name.keys
    catalog, schema = (keys[0], keys[1]) if len(keys) == 2 else (host.session.catalog, keys[0])
    if catalog not in host.tables.catalogs():
        raise rejected("CATALOG_NOT_FOUND", f"Catalog '{catalog}' not found", None)
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
        raise _no_property(statement, host)
    if statement.value is None:
        host.session.properties.pop(name, None)
        return changed("RESET SESSION")
    typed = host.binder().expression(statement.value, Scope())
    wanted = PROPERTIES[name][1]
    value = host.evaluate(typed)
    if typed.type.name != wanted:
        raise rejected(
            "INVALID_SESSION_PROPERTY",
            f"Unable to set session property '{name}' to '{value}': Cannot cast type {typed.type} "
            f"to {wanted}",
            None,
        )
    host.session.properties[name] = str(value)
    return changed("SET SESSION")


def set_time_zone(statement: ast.SetTimeZone, host: Host) -> Outcome:
    from lakeshell.engine.embedded.values.zones import canonical_zone, zone_of_offset

    done = changed("SET TIME ZONE")
    if statement.value is None:
        host.session.properties.pop(TIME_ZONE, None)
        return done
    typed = host.binder().expression(statement.value, Scope())
    value = host.evaluate(typed)
    if typed.type.name == "varchar":
        zone = canonical_zone(value)
        if zone is None:
            raise rejected("NOT_SUPPORTED", f"Time zone not supported: {value}", None)
    elif typed.type.name == "interval day to second":
        minutes = value // 60_000
        zone = zone_of_offset(minutes)
        if zone is None:
            raise rejected("INVALID_FUNCTION_ARGUMENT", f"Invalid offset minutes {minutes}", None)
    else:
        raise rejected(
            "TYPE_MISMATCH",
            "Expected expression of varchar or interval day-time type, but "
            f"'{expression_text(statement.value)}' has {typed.type} type",
            None,
        )
    host.session.properties[TIME_ZONE] = zone
    return done


def _no_property(statement: ast.SetSession, host: Host) -> QueryFailed:
    """What Trino does not know is rejected, what only it knows is refused."""
    from lakeshell.engine.embedded.statements.session_properties import OF_LAKE, OF_SYSTEM

    *catalogs, own = statement.name.keys
    at = statement.at if statement.value is None else statement.value.at
    if len(catalogs) > 1:
        return rejected(
            "INVALID_SESSION_PROPERTY", f"Invalid session property '{statement.name}'", None
        )
    if catalogs and catalogs[0] not in host.tables.catalogs():
        return rejected("CATALOG_NOT_FOUND", f"Catalog '{catalogs[0]}' not found", at)
    if own in (OF_SYSTEM if not catalogs else OF_LAKE if catalogs == [LAKE] else ()):
        return refused(f"the session property {statement.name}", statement.name.at)
    message = f"Session property '{statement.name}' does not exist"
    return rejected("INVALID_SESSION_PROPERTY", message, at)
