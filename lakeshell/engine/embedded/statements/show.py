"""SHOW and DESCRIBE.

In: what is to be shown. Out: a listing with Trino's column names and order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lakeshell.engine.embedded.binding.scope import ViewFound
from lakeshell.engine.embedded.statements.columns import described
from lakeshell.engine.embedded.statements.host import Host, Outcome, listing
from lakeshell.engine.embedded.statements.naming import (
    full_name,
    iceberg,
    missing,
    registered,
    schema_name,
)
from lakeshell.engine.embedded.statements.sessions import PROPERTIES
from lakeshell.engine.embedded.values.typed import refused, rejected
from lakeshell.errors import QueryRejected
from lakeshell.model import LAKE, Column, TableKind, TableName
from lakeshell.sql import ast
from lakeshell.sql.datatypes import ArrayType, DecimalType, MapType, RowType, Type
from lakeshell.sql.names import quote_identifier


def show(statement: ast.Show, host: Host) -> Outcome:
    return _SHOWN[statement.kind](statement, host)


def _liked(names: Iterable[str], statement: ast.Show) -> list[str]:
    """The names that the LIKE pattern takes, in order."""
    if statement.like is None:
        return sorted(names)
    pattern = _pattern(statement.like, statement.escape)
    return sorted(name for name in names if pattern.fullmatch(name))


def _pattern(like: str, escape: str | None) -> re.Pattern[str]:
    made, at = [], 0
    while at < len(like):
        char = like[at]
        if escape and char == escape and at + 1 < len(like):
            at += 1
            made.append(re.escape(like[at]))
        else:
            made.append({"%": ".*", "_": "."}.get(char) or re.escape(char))
        at += 1
    return re.compile("".join(made), re.DOTALL)


def _catalogs(statement: ast.Show, host: Host) -> Outcome:
    return listing(("Catalog",), [(n,) for n in _liked(host.tables.catalogs(), statement)])


def _schemas(statement: ast.Show, host: Host) -> Outcome:
    catalog = host.session.catalog if statement.name is None else statement.name.keys[0]
    if catalog not in host.tables.catalogs():
        raise rejected("CATALOG_NOT_FOUND", f"Catalog '{catalog}' not found", None)
    return listing(("Schema",), [(n,) for n in _liked(host.tables.schemas(catalog), statement)])


def _tables(statement: ast.Show, host: Host) -> Outcome:
    catalog, schema = schema_name(statement.name, host, statement.at)
    _check_catalog(catalog, statement, host)
    if schema not in host.tables.schemas(catalog):
        raise rejected("SCHEMA_NOT_FOUND", f"Schema '{schema}' does not exist", statement.at)
    if schema == "information_schema":
        raise refused("SHOW TABLES of information_schema", statement.at)
    names = [table.name.lower() for table in host.tables.listed(catalog, schema)]
    return listing(("Table",), [(n,) for n in _liked(names, statement)])


def _columns(statement: ast.Show, host: Host) -> Outcome:
    assert statement.name is not None
    catalog, schema, table = full_name(statement.name, host, statement.at)
    comments: dict[str, str] = {}
    if catalog == LAKE:
        metadata = iceberg(TableName(schema, table), host)
        if metadata is not None:
            comments = {c.name.lower(): c.comment for c in described(metadata)}
        else:
            other = registered(TableName(schema, table), host)
            columns = () if other is None else other.columns
            comments = {c.name.lower(): c.comment for c in columns}
    try:
        found = host.tables.find(catalog, schema, table)
    except QueryRejected as error:
        error.line, error.column = statement.at
        raise
    rows = {
        column.name: (column.name, display_name(column.type), "", comments.get(column.name, ""))
        for column in found.columns
        if not column.hidden
    }
    wanted = set(_liked(rows, statement))
    shown = [row for name, row in rows.items() if name in wanted]
    return listing(("Column", "Type", "Extra", "Comment"), shown)


def _check_catalog(catalog: str, statement: ast.Show, host: Host) -> None:
    if catalog not in host.tables.catalogs():
        raise rejected("CATALOG_NOT_FOUND", f"Catalog '{catalog}' not found", statement.at)


# --- SHOW CREATE ---------------------------------------------------------------------------


def _create_table(statement: ast.Show, host: Host) -> Outcome:
    assert statement.name is not None
    catalog, schema, table = full_name(statement.name, host, statement.at)
    name = TableName(schema, table)
    metadata = iceberg(name, host) if catalog == LAKE else None
    if metadata is None:
        other = registered(name, host) if catalog == LAKE else None
        if other is not None and other.kind is TableKind.VIEW:
            raise rejected(
                "NOT_SUPPORTED",
                f"Relation '{catalog}.{schema}.{table}' is a view, not a table",
                statement.at,
            )
        if "$" in table and catalog == LAKE:
            raise refused("SHOW CREATE TABLE of a metadata table", statement.at)
        if catalog not in host.tables.catalogs():
            shown = f"{catalog}.{schema}.{table}"
            raise rejected("TABLE_NOT_FOUND", f"Table '{shown}' does not exist", statement.at)
        if other is None and catalog == LAKE:
            raise missing(name, statement.at)
        raise refused("SHOW CREATE TABLE of a table of a source", statement.at)
    from lakeshell.store.layout import partitioning_words, sort_words

    loaded = host.store.load(name)
    properties = {
        "format": "'PARQUET'",
        "format_version": str(metadata.format_version),
        "location": _text(metadata.table_location),
        "max_commit_retry": metadata.properties.get("commit.retry.num-retries", "4"),
    }
    partitioning = partitioning_words(loaded.schema(), loaded.spec())
    if partitioning:
        properties["partitioning"] = f"ARRAY[{','.join(map(_text, partitioning))}]"
    order = sort_words(loaded.schema(), loaded.sort_order())
    if order:
        properties["sorted_by"] = f"ARRAY[{','.join(map(_text, order))}]"
    columns = ",\n".join(f"   {_definition(column)}" for column in described(metadata))
    comment = metadata.properties.get("comment")
    said = f"\nCOMMENT {_text(comment)}" if comment is not None else ""
    listed = ",\n".join(f"   {key} = {value}" for key, value in sorted(properties.items()))
    shown = ".".join(map(quote_identifier, (catalog, schema, table)))
    text = f"CREATE TABLE {shown} (\n{columns}\n){said}\nWITH (\n{listed}\n)"
    return listing(("Create Table",), [(text,)])


def _definition(column: Column) -> str:
    text = f"{quote_identifier(column.name)} {written_type(column.type)}"
    if not column.nullable:
        text += " NOT NULL"
    if column.comment:
        text += f" COMMENT {_text(column.comment)}"
    return text


def written_type(type: Type) -> str:
    """The type as SHOW CREATE TABLE spells it."""
    match type:
        case DecimalType():
            return f"decimal({type.precision}, {type.scale})"
        case ArrayType():
            return f"array({written_type(type.element)})"
        case MapType():
            return f"map({written_type(type.key)}, {written_type(type.value)})"
        case RowType():
            fields = [
                f"{quote_identifier(field.name or '')} {written_type(field.type)}"
                for field in type.fields
            ]
            return f"ROW({', '.join(fields)})"
    return str(type)


def display_name(type: Type) -> str:
    """The type as listings of columns spell it: fields of rows without quotes."""
    match type:
        case ArrayType():
            return f"array({display_name(type.element)})"
        case MapType():
            return f"map({display_name(type.key)}, {display_name(type.value)})"
        case RowType():
            fields = [f"{field.name} {display_name(field.type)}" for field in type.fields]
            return f"row({', '.join(fields)})"
    return str(type)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _create_view(statement: ast.Show, host: Host) -> Outcome:
    assert statement.name is not None
    catalog, schema, table = full_name(statement.name, host, statement.at)
    shown = f"{catalog}.{schema}.{table}"
    try:
        found = host.tables.find(catalog, schema, table)
    except QueryRejected as error:
        raise rejected("TABLE_NOT_FOUND", f"View '{shown}' does not exist", statement.at) from error
    if not isinstance(found, ViewFound):
        raise rejected(
            "NOT_SUPPORTED",
            f"Relation '{shown}' is a table, not a view",
            statement.at,
        )
    from lakeshell.engine.embedded.wording.queries import view_text

    view = registered(TableName(schema, table), host)
    if view is None:
        raise refused("SHOW CREATE VIEW of a source's view", statement.at)
    security = view.parameters.get("viewSecurity", "DEFINER")
    comment = f" COMMENT {_text(view.comment)}" if view.comment else ""
    name = ".".join(map(quote_identifier, (catalog, schema, table)))
    text = f"CREATE VIEW {name}{comment} SECURITY {security} AS\n{view_text(view.definition)}"
    return listing(("Create View",), [(text.rstrip("\n"),)])


def _create_schema(statement: ast.Show, host: Host) -> Outcome:
    catalog, schema = schema_name(statement.name, host, statement.at)
    known = catalog in host.tables.catalogs() and schema in host.tables.schemas(catalog)
    if not known:
        raise rejected(
            "SCHEMA_NOT_FOUND", f"Schema '{catalog}.{schema}' does not exist", statement.at
        )
    raise refused("SHOW CREATE SCHEMA", statement.at)


# --- the engine itself ---------------------------------------------------------------------


def _functions(statement: ast.Show, host: Host) -> Outcome:
    raise refused("SHOW FUNCTIONS", statement.at)


def _session(statement: ast.Show, host: Host) -> Outcome:
    from lakeshell.engine.embedded.statements.session_properties import OF_LAKE, OF_SYSTEM

    wanted = _liked((*OF_SYSTEM, *(f"{LAKE}.{name}" for name in OF_LAKE)), statement)
    if not set(wanted) <= PROPERTIES.keys():
        raise refused("SHOW SESSION of properties that only Trino has", statement.at)
    rows = [
        (name, host.session.properties.get(name, default), default, kind, said)
        for name, (default, kind, said) in sorted(PROPERTIES.items())
        if name in wanted
    ]
    return listing(("Name", "Value", "Default", "Type", "Description"), rows)


def _stats(statement: ast.Show, host: Host) -> Outcome:
    raise refused("SHOW STATS", statement.at)


_SHOWN = {
    "catalogs": _catalogs,
    "schemas": _schemas,
    "tables": _tables,
    "columns": _columns,
    "create table": _create_table,
    "create view": _create_view,
    "create schema": _create_schema,
    "functions": _functions,
    "session": _session,
    "stats": _stats,
}
