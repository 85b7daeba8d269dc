"""A statement's text as the server gets it, and where its places are in the text as written.

In: the text, and what to write in place of parts of it. Out: a `Wording`. Names of catalogued
source tables become those of their connection's catalog, and statements with values for their
`?`s are wrapped; every other character goes to the server as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from lakeshell.engine.trino.names import full_name, named_tables
from lakeshell.errors import LakeshellError, NotFound, QueryFailed, QueryRejected
from lakeshell.model import LAKE, CatalogTable, TableKind, TableName
from lakeshell.ports import Catalog, Session
from lakeshell.sql import ast
from lakeshell.sql.lexer import tokenize
from lakeshell.sql.names import quote_identifier
from lakeshell.sql.parser import parse_statement

_IMMEDIATE = "EXECUTE IMMEDIATE "


class Change(NamedTuple):
    """`text` in place of the characters from `start` up to `end`."""

    start: int
    end: int
    text: str


class Wording(NamedTuple):
    """`text` goes to the server. `changes` are in order; `wrapped`: within EXECUTE IMMEDIATE."""

    written: str
    text: str
    changes: tuple[Change, ...] = ()
    wrapped: bool = False
    values: tuple[str, ...] = ()
    """Those of the `?`s of one that is wrapped."""
    connections: tuple[str, ...] = ()
    """Those whose tables stand for catalogued ones."""

    def located(self, error: LakeshellError) -> LakeshellError:
        """The same error, at the place in the text as written."""
        if isinstance(error, QueryFailed) and error.line is not None and error.column is not None:
            error.line, error.column = self._place(error.line, error.column, error.code)
        return error

    def _place(self, line: int, column: int, code: str) -> tuple[int, int]:
        value = None if code == "SYNTAX_ERROR" else self._value_at(line, column)
        if value is not None:
            return value
        if self.wrapped and (line == 1 or code == "SYNTAX_ERROR"):
            # Trino counts from the quote that opens the statement: on its first line, and while
            # it parses on every line.
            column -= len(_IMMEDIATE) + 1
        shift = 0
        starts = _line_starts(self.written)
        if not 0 < line <= len(starts):
            return line, max(1, column)
        for change in self.changes:
            # No change reaches over a line's end, so lines stay the same.
            if not starts[line - 1] <= change.start < (*starts, len(self.written) + 1)[line]:
                continue
            at = change.start - starts[line - 1] + 1 + shift
            if column >= at + len(change.text):
                shift += len(change.text) - (change.end - change.start)
            elif column > at:
                return line, change.start - starts[line - 1] + 1
        return line, max(1, column - shift)

    def _value_at(self, line: int, column: int) -> tuple[int, int] | None:
        """The `?` whose value stands at a place of what the server got; None for another place."""
        starts = _line_starts(self.text)
        at = starts[line - 1] + column - 1 if 0 < line <= len(starts) else -1
        first = len(self.text) - len(", ".join(self.values))
        if not self.wrapped or at < first:
            return None
        ends = accumulate((len(value) + 2 for value in self.values), initial=first)
        number = sum(at >= end for end in ends) - 1
        tokens = tokenize(self.written)
        marks = [tokens.offsets[n] for n, text in enumerate(tokens.texts) if text == "?"]
        if number >= len(marks):
            return None
        before = self.written[: marks[number]]
        return before.count("\n") + 1, marks[number] - (before.rfind("\n") + 1) + 1


def bound(statement: str | Wording, parameters: Sequence[str]) -> Wording:
    """The statement with the literals of its `?`s."""
    made = Wording(statement, statement) if isinstance(statement, str) else statement
    if not parameters:
        return made
    inner = made.text.replace("'", "''")
    using = f"{_IMMEDIATE}'{inner}' USING {', '.join(parameters)}"
    return made._replace(text=using, wrapped=True, values=tuple(parameters))


def prepared_text(sql: str, session: Session) -> tuple[str, str] | None:
    """Name and text of the prepared query that EXECUTE runs; None for another statement."""
    try:
        statement = parse_statement(sql)
    except QueryFailed:
        return None
    if not isinstance(statement, ast.Execute):
        return None
    for name in (statement.name.value, statement.name.key):
        if name in session.prepared:
            return name, session.prepared[name]
    return None


def at_the_source(sql: str, session: Session, catalog: Callable[[], Catalog]) -> Wording | None:
    """The statement with catalogued source tables by the names that their connections give them.

    None when there are none, or when only Trino can parse it. An unaliased table keeps its name
    as its alias, so that columns qualified by it stay valid.
    """
    try:
        statement = parse_statement(sql)
    except QueryFailed:
        return None
    if isinstance(statement, ast.ExecuteImmediate):
        return _immediate(sql, session, catalog)
    places = _Places(sql)
    changes: list[Change] = []
    plain: set[tuple[str, str]] = set()
    connections: dict[str, None] = {}
    for name, full, role in named_tables(statement, session):
        found = _source_table(full, catalog) if full[0] == LAKE else None
        if found is None:
            continue
        start, end = places.span(name.parts)
        own = _at_source(found)
        connections[found.parameters["connectionName"]] = None
        text = ".".join(map(quote_identifier, own))
        if role == "plain":
            last = places.span(name.parts[-1:])
            text = f"{text} AS {sql[last[0] : last[1]]}"
            plain.add(full[1:])
        changes.append(Change(start, end, text))
    if not changes:
        return None
    changes += _shortened(statement, plain, places)
    changes.sort()
    return Wording(sql, _applied(sql, changes), tuple(changes), connections=tuple(connections))


def check_replaced(sql: str, session: Session, catalog: Callable[[], Catalog]) -> None:
    """Trino 476 writes a table in place of a view, says so, and keeps the view: its rows are nowhere.
    Raises `QueryRejected` before."""
    if "replace" not in sql.lower():
        return
    try:
        statement = parse_statement(sql)
    except QueryFailed:
        return
    if not isinstance(statement, ast.CreateTable | ast.CreateTableAs) or not statement.replace:
        return
    full = full_name(statement.name, session)
    if full is None or full[0] != LAKE:
        return
    name = TableName(full[1], full[2])
    try:
        found = catalog().table(name)
    except NotFound:
        return
    if found.kind is TableKind.VIEW:
        raise QueryRejected(
            f"Failed to create table {name}: Table already exists: '{name}'",
            code="ICEBERG_COMMIT_ERROR",
            hint=f"it is a view, which no table replaces: DROP VIEW {name}",
        )


def _immediate(sql: str, session: Session, catalog: Callable[[], Catalog]) -> Wording | None:
    """The same of the statement that stands in the string of an EXECUTE IMMEDIATE."""
    tokens = tokenize(sql)
    at = tokens.offsets[2] + 1
    if tokens.kinds[2] != "string":
        return None
    quoted = tokens.texts[2][1:-1]
    made = at_the_source(quoted.replace("''", "'"), session, catalog)
    if made is None:
        return None
    # Each quote inside is two characters of the statement as written.
    ends = list(_unquoted(quoted))
    changes = tuple(
        Change(at + ends[c.start], at + ends[c.end], c.text.replace("'", "''"))
        for c in made.changes
    )
    return Wording(sql, _applied(sql, changes), changes, connections=made.connections)


def _unquoted(quoted: str) -> Iterator[int]:
    """Where each character of a string literal's text, and its end, is in what stands there."""
    at = 0
    while at < len(quoted):
        yield at
        at += 2 if quoted.startswith("''", at) else 1
    yield at


def _at_source(table: CatalogTable) -> tuple[str, str, str]:
    said = table.parameters
    return said["connectionName"].lower(), said["sourceSchema"], said["sourceTable"]


def _source_table(
    full: tuple[str, str, str], catalog: Callable[[], Catalog]
) -> CatalogTable | None:
    try:
        found = catalog().table(TableName(full[1], full[2]))
    except NotFound:
        return None
    return found if found.kind is TableKind.SOURCE else None


def _shortened(
    statement: ast.Node, tables: set[tuple[str, str]], places: _Places
) -> Iterator[Change]:
    """References by schema and table, of tables that now go by their alias: the table is enough."""
    seen: set[int] = set()
    for node in statement.walk():
        if id(node) in seen:
            continue
        whole = node.target if isinstance(node, ast.SelectAll) else node
        if not isinstance(whole, ast.Dereference):
            continue
        seen.update(id(below) for below in whole.walk())
        parts = _chain(whole)
        keys = tuple(part.key for part in parts)
        least = 0 if isinstance(node, ast.SelectAll) else 1
        for lead in (0, 1):
            if (
                keys[lead : lead + 2] in tables
                and len(keys) >= lead + 2 + least
                and keys[:lead] in ((), (LAKE,))
            ):
                start, _ = places.span(parts[:1])
                end, _ = places.span(parts[lead + 1 : lead + 2])
                yield Change(start, end, "")
                break


def _chain(node: ast.Node) -> tuple[ast.Identifier, ...]:
    """`a.b.c` as its names; nothing for what is not made of names alone."""
    match node:
        case ast.Identifier():
            return (node,)
        case ast.Dereference(base=base, field=field):
            before = _chain(base)
            return (*before, field) if before else ()
    return ()


class _Places:
    """Offsets of names in the text."""

    def __init__(self, sql: str) -> None:
        tokens = tokenize(sql)
        self._spans = {
            place: (offset, offset + len(text))
            for place, offset, text in zip(tokens.places, tokens.offsets, tokens.texts, strict=True)
        }

    def span(self, parts: Sequence[ast.Identifier]) -> tuple[int, int]:
        return self._spans[parts[0].at][0], self._spans[parts[-1].at][1]


def _applied(sql: str, changes: Iterable[Change]) -> str:
    made: list[str] = []
    at = 0
    for change in changes:
        made += [sql[at : change.start], change.text]
        at = change.end
    return "".join((*made, sql[at:]))


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n")[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    return starts
