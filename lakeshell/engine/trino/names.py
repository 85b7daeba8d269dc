"""The tables that a statement reads, by their full names: which of them are read in place.

In: a parsed statement and the session. Out: each table in a FROM with its catalog, schema and
name in lower case. Common tables are no tables; what a statement writes to is not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from lakeshell.engine.trino.running import InPlace
from lakeshell.errors import QueryFailed
from lakeshell.ports import Session
from lakeshell.sql import ast
from lakeshell.sql.parser import parse_statement


class NamedTable(NamedTuple):
    """`role`: `plain` in a FROM without an alias, `aliased`, `whole` (`TABLE t`), `shown`."""

    node: ast.QualifiedName
    full: tuple[str, str, str]
    role: str


def read_in_place(sql: str, session: Session, connections: Collection[str]) -> InPlace:
    """What of a statement's reading is not metered; nothing for one that only Trino can parse."""
    known = {name.lower(): name for name in connections}
    try:
        statement = parse_statement(sql)
        if isinstance(statement, ast.ExecuteImmediate):
            statement = statement.statement
        tables = list(named_tables(statement, session))
    except QueryFailed:
        return InPlace()
    found = [known[table.full[0]] for table in tables if table.full[0] in known]
    return InPlace(tuple(dict.fromkeys(found)), bool(found) and len(found) == len(tables))


def named_tables(statement: ast.Node, session: Session) -> Iterator[NamedTable]:
    """In no order. Statements within EXECUTE IMMEDIATE are left out: they stand in a string."""
    for name, role in _named(statement, frozenset()):
        full = full_name(name, session)
        if full is not None:
            yield NamedTable(name, full, role)


def full_name(name: ast.QualifiedName, session: Session) -> tuple[str, str, str] | None:
    match name.keys:
        case (table,) if session.schema is not None:
            return session.catalog.lower(), session.schema, table
        case (schema, table):
            return session.catalog.lower(), schema, table
        case (catalog, schema, table):
            return catalog, schema, table
    return None


def _named(node: ast.Node, common: frozenset[str]) -> Iterator[tuple[ast.QualifiedName, str]]:
    """`common` are the names of common tables that hide tables here."""
    match node:
        case ast.ExecuteImmediate():
            return
        case ast.Query(with_=ast.With(recursive=recursive, tables=tables)):
            yield from _in_with(node, recursive, tables, common)
            return
        case ast.Aliased(relation=ast.Table() as table):
            yield from _table(table, "aliased", common)
            return
        case ast.TableBody(table=table):
            yield from _table(table, "whole", common)
            return
        case ast.Table():
            yield from _table(node, "plain", common)
            return
        case ast.Show(kind="columns" | "create table" | "stats", name=ast.QualifiedName() as name):
            yield name, "shown"
            return
    for child in node.children():
        yield from _named(child, common)


def _in_with(
    query: ast.Query,
    recursive: bool,
    tables: tuple[ast.CommonTable, ...],
    common: frozenset[str],
) -> Iterator[tuple[ast.QualifiedName, str]]:
    """A common table is known to those after it, and to itself where it is recursive."""
    for table in tables:
        own = common | {table.name.key}
        yield from _named(table.query, own if recursive else common)
        common = own
    for child in query.children():
        if not isinstance(child, ast.With):
            yield from _named(child, common)


def _table(
    table: ast.Table, role: str, common: frozenset[str]
) -> Iterator[tuple[ast.QualifiedName, str]]:
    if table.version is not None:
        # A table of a source has no versions: Trino says so.
        return
    if len(table.name.parts) > 1 or table.name.keys[0] not in common:
        yield table.name, role
