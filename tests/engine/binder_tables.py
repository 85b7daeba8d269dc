"""A few small tables for the binder's tests, and running what it binds.

The same tables stood in Trino 476 when it gave the answers of `data/binder.json`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

import duckdb

from lakeshell.engine.embedded.binding.binder import Binder
from lakeshell.engine.embedded.binding.scope import (
    BoundQuery,
    RelationColumn,
    TableFound,
    Tables,
    ViewFound,
)
from lakeshell.engine.embedded.execution.failures import translated
from lakeshell.engine.embedded.values.typed import Context, column_alias, duckdb_type, quote_name
from lakeshell.errors import QueryRejected
from lakeshell.ports import Session
from lakeshell.sql import ast
from lakeshell.sql.datatypes import parse_type
from lakeshell.sql.parser import parse_expression, parse_statement
from lakeshell.sql.render import texts

TABLES: dict[str, tuple[dict[str, str], str]] = {
    "t": (
        {
            "id": "integer", "n": "integer", "s": "varchar(1)", "f": "boolean", "d": "double",
            "day": "date", "m": "decimal(3,2)",
        },
        "(1, 10, 'a', true, 1.5, '2024-01-01', 1.50), (2, 20, 'b', false, 2.5, '2024-01-02', 2.50),"
        "(3, NULL, 'c', NULL, CAST('nan' AS DOUBLE), '2024-02-01', NULL), (4, 20, NULL, true, NULL, NULL, 4.25),"
        "(5, 10, 'a', false, -1, '2023-12-31', -7.00)",
    ),
    "u": (
        {"id": "integer", "v": "integer", "s": "varchar(1)"},
        "(1, 10, 'x'), (1, 11, 'y'), (2, NULL, 'z'), (7, 20, 'w'), (NULL, 10, NULL)",
    ),
    "nested": (
        {
            "id": "integer", "arr": "array(integer)", "r": "row(x integer, y varchar)",
            "mp": "map(varchar(1), integer)", "ar": "array(row(a integer, b varchar))",
        },
        "(1, [1, 2, 3], {f0: 1, f1: 'p'}, MAP {'k': 1, 'l': 2}, [{f0: 1, f1: 'q'}, NULL]),"
        "(2, [], NULL, NULL, []), (3, NULL, {f0: NULL, f1: NULL}, MAP {}, NULL),"
        "(4, [NULL, 9], {f0: 4, f1: 'r'}, MAP {'m': NULL}, [{f0: 5, f1: NULL}])",
    ),
    "empty": ({"id": "integer", "n": "integer", "s": "varchar(1)"}, ""),
}  # fmt: skip


class FixedTables(Tables):
    """The tables of `memory.binder`, and `views` by name: their text and declared columns."""

    def __init__(self, views: Mapping[str, tuple[str, dict[str, str]]] | None = None) -> None:
        self.views = views or {}
        self.asked: list[tuple[object, ...]] = []

    def find(
        self, catalog: str, schema: str, table: str, version: Any = None, version_kind: Any = None
    ) -> TableFound | ViewFound:
        name = (catalog, schema, table)
        self.asked.append((*name, *((version_kind, version.value) if version else ())))
        if catalog != "memory":
            raise QueryRejected(f"Catalog '{catalog}' not found", code="CATALOG_NOT_FOUND")
        if schema != "binder":
            raise QueryRejected(f"Schema '{schema}' does not exist", code="SCHEMA_NOT_FOUND")
        if table in self.views:
            text, columns = self.views[table]
            return ViewFound(name, text, catalog, schema, _columns(columns))
        if table not in TABLES:
            message = f"Table '{'.'.join(name)}' does not exist"
            raise QueryRejected(message, code="TABLE_NOT_FOUND")
        hidden = RelationColumn("$path", parse_type("varchar"), hidden=True)
        return TableFound(name, (*_columns(TABLES[table][0]), hidden), table)


def _columns(types: dict[str, str]) -> tuple[RelationColumn, ...]:
    return tuple(RelationColumn(name, parse_type(type)) for name, type in types.items())


def context(parameters: tuple[str, ...] = (), **properties: str) -> Context:
    session = Session("ada", catalog="memory", database="binder", properties=properties)
    now = dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.UTC)
    return Context(session, now, parameters=tuple(parse_expression(p) for p in parameters))


def bind(sql: str, tables: Tables | None = None, parameters: tuple[str, ...] = ()) -> BoundQuery:
    return bind_in(context(parameters), sql, tables)


def bind_in(where: Context, sql: str, tables: Tables | None = None) -> BoundQuery:
    return Binder(tables or FixedTables(), where).query(parsed(sql))


def parsed(sql: str) -> ast.Query:
    statement = parse_statement(sql)
    query = getattr(statement, "query", statement)
    assert isinstance(query, ast.Query)
    return query


def run(
    sql: str, tables: Tables | None = None, parameters: tuple[str, ...] = ()
) -> list[list[str | None]]:
    """The rows as Trino's texts. Raises `QueryFailed` and its kinds."""
    where = context(parameters)
    bound = bind_in(where, sql, tables)
    cursor = _database().cursor()
    try:
        _supply(cursor, where)
        for scan in bound.scans:
            renamed = ", ".join(
                f"{quote_name(c.name)} AS {column_alias(c.name)}" for c in scan.table.columns
            )
            cursor.execute(
                f'CREATE OR REPLACE TEMP VIEW "{scan.alias}" AS '
                f"SELECT {renamed} FROM {scan.table.handle}"
            )
        read = cursor.sql(bound.sql).to_arrow_table().combine_chunks()
    except duckdb.Error as error:
        raise translated(error) from error
    cells = [
        texts(read.column(n).chunk(0), column.type) if read.num_rows else []
        for n, column in enumerate(bound.columns)
    ]
    return [list(row) for row in zip(*cells, strict=True)]


@cache
def _database() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("SET threads = 1; SET max_expression_depth = 10000")
    for name in TABLES:
        made.execute(f"CREATE TABLE {name} AS {_stored(name)}")
    return made


def _supply(cursor: duckdb.DuckDBPyConnection, where: Context) -> None:
    for udf in where.needs.functions.values():
        module, _, name = udf.path.partition(":")
        with suppress(duckdb.NotImplementedException, duckdb.CatalogException):
            create: Any = cursor.create_function
            create(
                udf.name,
                getattr(import_module(module), name),
                list(udf.arguments),
                udf.result,
                type="arrow" if udf.vectorised else "native",
                null_handling=udf.null_handling,
            )
    for create in where.needs.macros.values():
        cursor.execute(create.replace("CREATE TEMP MACRO", "CREATE OR REPLACE TEMP MACRO"))


def _stored(table: str) -> str:
    types, rows = TABLES[table]
    casts = ", ".join(
        f'CAST("{name}" AS {duckdb_type(parse_type(type))}) AS "{name}"'
        for name, type in types.items()
    )
    nulls = ", ".join(["NULL"] * len(types))
    names = ", ".join(f'"{name}"' for name in types)
    given = f"VALUES {rows or f'({nulls})'}"
    kept = "" if rows else " WHERE false"
    return f"SELECT {casts}, 'file' AS \"$path\" FROM ({given}) AS v({names}){kept}"
