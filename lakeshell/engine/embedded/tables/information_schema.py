"""`information_schema` of each catalog, and what there is of the catalog `system`.

In: a catalog's name and what a lookup works with. Out: tables of Trino's names and types, whose
rows are made when they are read. Opens a source only to list it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from lakeshell.engine.embedded.binding.scope import RelationColumn
from lakeshell.engine.embedded.tables.computed import MadeTable
from lakeshell.errors import QueryFailed
from lakeshell.model import LAKE, Column, ObjectKind, TableKind
from lakeshell.sql.datatypes import BIGINT, BOOLEAN, VARCHAR

if TYPE_CHECKING:
    from lakeshell.engine.embedded.tables.lookup import Surroundings

INFORMATION_SCHEMA = "information_schema"
SYSTEM = "system"
Row = tuple[Any, ...]


class Listed(NamedTuple):
    """A table or view of a catalog. `definition` is a view's SQL."""

    schema: str
    name: str
    is_view: bool
    columns: Callable[[], Sequence[Column]]
    definition: str | None = None
    comment: str = ""


class _Made(NamedTuple):
    columns: tuple[RelationColumn, ...]
    rows: Callable[[str, Surroundings], Iterable[Row]]


def information_table(catalog: str, table: str, around: Surroundings) -> MadeTable | None:
    """None where Trino's `information_schema` has no such table."""
    found = _TABLES.get(table)
    if found is None:
        return None
    return MadeTable(found.columns, lambda: found.rows(catalog, around))


def system_table(schema: str, table: str, catalogs: Sequence[str]) -> MadeTable | None:
    """The few tables of `system` that mean something in one process."""
    if (schema, table) == ("metadata", "catalogs"):
        names = _texts("catalog_name", "connector_id", "connector_name")
        kinds = {LAKE: "iceberg", SYSTEM: SYSTEM}
        return MadeTable(names, lambda: [(c, c, kinds.get(c, "sqlite")) for c in catalogs])
    if (schema, table) == ("runtime", "nodes"):
        names = (
            *_texts("node_id", "http_uri", "node_version"),
            RelationColumn("coordinator", BOOLEAN),
            *_texts("state"),
        )
        return MadeTable(names, lambda: [("embedded", "", "476", True, "active")])
    return None


# --- what a catalog holds ------------------------------------------------------------------


def schemas(catalog: str, around: Surroundings) -> list[str]:
    """Names in lower case, `information_schema` among them, in order."""
    if catalog == LAKE:
        found = {database.name for database in around.catalog.databases()}
    elif catalog == SYSTEM:
        found = {"metadata", "runtime"}
    else:
        found = {table.schema for table in listed(catalog, around)}
    return sorted({*found, INFORMATION_SCHEMA})


def listed(catalog: str, around: Surroundings, schema: str | None = None) -> list[Listed]:
    """Tables and views of a catalog in order, `information_schema` left out."""
    if catalog == SYSTEM:
        return []
    return _of_lake(around, schema) if catalog == LAKE else _of_connection(catalog, around, schema)


def _of_lake(around: Surroundings, schema: str | None) -> list[Listed]:
    def columns(found: tuple[Column, ...]) -> Callable[[], Sequence[Column]]:
        return lambda: found

    return [
        Listed(
            table.name.database,
            table.name.table,
            table.kind is TableKind.VIEW,
            columns(table.columns),
            table.definition or None,
            table.comment,
        )
        for table in around.catalog.tables(schema)
    ]


def _of_connection(catalog: str, around: Surroundings, schema: str | None) -> list[Listed]:
    connection = next((c for c in around.connections() if c.lower() == catalog), None)
    if connection is None:
        raise QueryFailed(f"Catalog '{catalog}' not found", code="CATALOG_NOT_FOUND")

    with closing(around.open_source(connection)) as source:
        made = []
        for found in source.objects():
            if schema is not None and found.name.schema.lower() != schema:
                continue
            if around.closed.has(catalog, found.name.schema.lower()):
                continue
            described = source.describe(found.name)
            view = found.kind is ObjectKind.VIEW
            made.append(_of_source(described.columns, found.name, view, described.comment))
    return sorted(made, key=lambda table: (table.schema, table.name))


def _of_source(
    columns: tuple[Column, ...], name: tuple[str, str], view: bool, comment: str
) -> Listed:
    """A JDBC catalog of Trino shows a source's views as tables."""
    del view
    return Listed(name[0].lower(), name[1].lower(), False, lambda: columns, None, comment)


# --- its tables ----------------------------------------------------------------------------


def _texts(*names: str) -> tuple[RelationColumn, ...]:
    return tuple(RelationColumn(name, VARCHAR) for name in names)


def _own() -> Iterator[tuple[str, Sequence[RelationColumn]]]:
    for name, made in _TABLES.items():
        yield name, made.columns


def _table_rows(catalog: str, around: Surroundings) -> Iterator[Row]:
    for name, _ in _own():
        yield catalog, INFORMATION_SCHEMA, name, "BASE TABLE"
    for table in listed(catalog, around):
        yield catalog, table.schema, table.name, "VIEW" if table.is_view else "BASE TABLE"


def _column_rows(catalog: str, around: Surroundings) -> Iterator[Row]:
    for name, columns in _own():
        for n, own in enumerate(columns, 1):
            yield catalog, INFORMATION_SCHEMA, name, own.name, n, None, "YES", str(own.type)
    for table in listed(catalog, around):
        for n, column in enumerate(table.columns(), 1):
            nullable = "YES" if column.nullable else "NO"
            yield (
                catalog, table.schema, table.name, column.name.lower(), n, None, nullable,
                str(column.type),
            )  # fmt: skip


def _view_rows(catalog: str, around: Surroundings) -> Iterator[Row]:
    from lakeshell.engine.embedded.wording.queries import view_text

    for table in listed(catalog, around):
        if table.is_view:
            yield catalog, table.schema, table.name, view_text(table.definition or "")


def _schema_rows(catalog: str, around: Surroundings) -> Iterator[Row]:
    for schema in schemas(catalog, around):
        yield catalog, schema


def _no_rows(catalog: str, around: Surroundings) -> Iterable[Row]:
    return ()


def _no_roles(catalog: str, around: Surroundings) -> Iterable[Row]:
    raise QueryFailed("This connector does not support roles", code="NOT_SUPPORTED")


_NAME = ("table_catalog", "table_schema", "table_name")
_TABLES: Mapping[str, _Made] = {
    "applicable_roles": _Made(
        _texts("grantee", "grantee_type", "role_name", "is_grantable"), _no_roles
    ),
    "columns": _Made(
        (
            *_texts(*_NAME, "column_name"),
            RelationColumn("ordinal_position", BIGINT),
            *_texts("column_default", "is_nullable", "data_type"),
        ),
        _column_rows,
    ),
    "enabled_roles": _Made(_texts("role_name"), _no_roles),
    "roles": _Made(_texts("role_name"), _no_roles),
    "schemata": _Made(_texts("catalog_name", "schema_name"), _schema_rows),
    "table_privileges": _Made(
        _texts(
            "grantor", "grantor_type", "grantee", "grantee_type", *_NAME,
            "privilege_type", "is_grantable", "with_hierarchy",
        ),
        _no_rows,
    ),
    "tables": _Made(_texts(*_NAME, "table_type"), _table_rows),
    "views": _Made(_texts(*_NAME, "view_definition"), _view_rows),
}  # fmt: skip
