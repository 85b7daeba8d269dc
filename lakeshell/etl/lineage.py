"""Which columns of which tables each column that a SQL script writes is made from.

In: a script of Trino's SQL. Out: a `Flow`. Names are resolved as far as the script and the known
tables tell; a column whose table cannot be told is drawn by its name alone. What is only read to
choose rows (WHERE, the condition of a join) makes no column, and is not drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lakeshell.errors import QueryFailed
from lakeshell.etl.flow import Columns, Flow, Lane, Step, distinct
from lakeshell.model import TableName
from lakeshell.sql import ast
from lakeshell.sql.lexer import Tokens, tokenize
from lakeshell.sql.parser.entry import parse_statement
from lakeshell.sql.splitter import split_statements
from lakeshell.sql.statement import StatementText

if TYPE_CHECKING:
    from lakeshell.sql.ast import Expression

_ENDS = frozenset({",", "FROM", "WHERE", "GROUP", "UNION", "EXCEPT", "INTERSECT", "ORDER", "LIMIT", ";", "eof"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a relation: what it is made from, and by what."""

    name: str
    sources: tuple[Step, ...]
    transforms: tuple[Step, ...] = ()
    lines: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Relation:
    """What a FROM names: `columns` are None of a table that is not known."""

    alias: str
    table: str
    columns: tuple[_Column, ...] | None


Tables = Mapping[str, tuple[_Column, ...]]
"""The common tables that a query sees."""


def sql_flow(script: str, columns: Columns) -> Flow:
    lanes: list[Lane] = []
    notes: list[str] = []
    for statement in split_statements(script):
        try:
            tree = parse_statement(statement.text)
        except QueryFailed as error:
            line = statement.line + (error.line or 1) - 1
            notes.append(f"line {line}: {error.message.partition('. Expecting')[0]}")
            continue
        lanes += _Statement(statement, columns).lanes(tree)
    return Flow(tuple(lanes), tuple(notes))


class _Statement:
    """One statement of a script: `line` is where it begins in it."""

    def __init__(self, statement: StatementText, columns: Columns) -> None:
        self._first = statement.line - 1
        self._tokens: Tokens = tokenize(statement.text)
        self._known = columns

    def lanes(self, tree: ast.Node) -> Iterator[Lane]:
        match tree:
            case ast.CreateView():
                yield from self._into(tree.name, None, tree.query)
            case ast.CreateTableAs():
                names = None if tree.columns is None else [name.key for name in tree.columns]
                yield from self._into(tree.name, names, tree.query)
            case ast.Insert():
                given = [name.key for name in tree.columns or ()]
                known = given or list(self._known(_name(tree.table)))
                yield from self._into(tree.table, known or None, tree.query)
            case ast.Update():
                scope = [self._table(tree.table, None)]
                for assigned in tree.assignments:
                    yield self._assigned(tree.table, assigned, scope)
            case ast.Merge():
                target = self._table(tree.table, tree.alias)
                yield from self._merged(tree, [target, *self._relations(tree.source, {})])

    def _into(
        self, table: ast.QualifiedName, names: Sequence[str] | None, query: ast.Query
    ) -> Iterator[Lane]:
        """`names` are those of the target's columns, where they are not the query's own."""
        for number, column in enumerate(self._query(query, {})):
            given = names is not None and number < len(names)
            yield self._lane(table, names[number] if names and given else column.name, column)

    def _assigned(
        self, table: ast.QualifiedName, assigned: ast.Assignment, scope: Sequence[_Relation]
    ) -> Lane:
        column = self._made("", assigned.value, scope, {}, self._text(_start(assigned.value)))
        return self._lane(table, assigned.column.key, column)

    def _merged(self, tree: ast.Merge, scope: Sequence[_Relation]) -> Iterator[Lane]:
        for case in tree.cases:
            for assigned in case.assignments:
                yield self._assigned(tree.table, assigned, scope)
            names = [name.key for name in case.columns] or list(self._known(_name(tree.table)))
            for name, value in zip(names, case.values, strict=False):
                column = self._made("", value, scope, {}, self._text(_start(value)))
                yield self._lane(tree.table, name, column)

    def _lane(self, table: ast.QualifiedName, name: str, column: _Column) -> Lane:
        target = Step("target", f"{_shown(table)}.{name or '?'}", "", column.lines)
        return Lane(tuple(distinct(column.sources)), column.transforms, target)

    # --- queries ---------------------------------------------------------------------------

    def _query(self, query: ast.Query, tables: Tables) -> tuple[_Column, ...]:
        seen = dict(tables)
        for table in query.with_.tables if query.with_ is not None else ():
            seen[table.name.key] = _renamed(self._query(table.query, seen), table.columns)
        return self._body(query.body, seen)

    def _body(self, body: ast.Node, tables: Tables) -> tuple[_Column, ...]:
        match body:
            case ast.Query():
                return self._query(body, tables)
            case ast.SetOperation():
                left, right = self._body(body.left, tables), self._body(body.right, tables)
                return tuple(
                    replace(
                        one,
                        sources=one.sources + other.sources,
                        transforms=_once((*one.transforms, *other.transforms)),
                        lines=one.lines | other.lines,
                    )
                    for one, other in zip(left, right, strict=False)
                )
            case ast.TableBody():
                return self._all(self._relations(body.table, tables), body)
            case ast.Select():
                scope = self._relations(body.from_, tables) if body.from_ is not None else ()
                return tuple(self._items(body.items, scope, tables))
        return ()

    def _items(
        self, items: Iterable[ast.Node], scope: Sequence[_Relation], tables: Tables
    ) -> Iterator[_Column]:
        for item in items:
            if isinstance(item, ast.SelectExpression):
                name = item.alias or _last(item.value)
                text = self._text(item.at, item.alias)
                made = self._made("" if name is None else name.key, item.value, scope, tables, text)
                lines = self._span(item)
                yield replace(made, lines=made.lines | lines)
            elif isinstance(item, ast.SelectAll):
                wanted = None if item.target is None else _path(item.target)
                kept = [r for r in scope if wanted is None or r.alias == wanted[-1]]
                yield from self._all(kept, item)

    def _all(self, scope: Iterable[_Relation], at: ast.Node) -> tuple[_Column, ...]:
        """Every column of the relations; `*` of one that is not known."""
        lines = self._lines(at)
        found: list[_Column] = []
        for relation in scope:
            if relation.columns is None:
                step = Step("source", f"{relation.table}.*", "", lines)
                found.append(_Column("*", (step,), (), lines))
            else:
                found += [_standing(column, lines) for column in relation.columns]
        return tuple(found)

    def _made(
        self,
        name: str,
        value: Expression,
        scope: Sequence[_Relation],
        tables: Tables,
        text: str,
    ) -> _Column:
        """What an expression makes: a column as it is, or something of several."""
        lines = self._span(value)
        path = _path(value)
        if path is not None:
            found = self._resolved(path, scope, lines)
            return _Column(name, found.sources, found.transforms, lines)
        parts = list(self._parts(value, scope, tables))
        sources = tuple(step for part in parts for step in part.sources)
        before = tuple(step for part in parts for step in part.transforms)
        own = Step("transform", text, "", lines)
        return _Column(name, sources, _once((*before, own)), lines)

    def _parts(
        self, value: ast.Node, scope: Sequence[_Relation], tables: Tables
    ) -> Iterator[_Column]:
        """The columns that an expression names, those of the queries in it too."""
        if isinstance(value, ast.Query):
            # A query in an expression may name columns of the query around it.
            yield from self._query(value, tables)
            return
        path = _path(value)
        if path is not None:
            yield self._resolved(path, scope, self._lines(value))
            return
        if isinstance(value, ast.Lambda):
            bound = {name.key for name in value.parameters}
            for part in self._parts(value.body, scope, tables):
                if part.name not in bound:
                    yield part
            return
        for child in value.children():
            if not isinstance(child, ast.QualifiedName | ast.TypeName):
                yield from self._parts(child, scope, tables)

    def _resolved(
        self, path: tuple[str, ...], scope: Sequence[_Relation], lines: frozenset[int]
    ) -> _Column:
        column = path[-1]
        qualifier = path[-2] if len(path) > 1 else None
        inside = [r for r in scope if qualifier is None or r.alias == qualifier]
        for relation in inside:
            for known in relation.columns or ():
                if known.name == column:
                    return _standing(known, lines)
        unknown = [r for r in inside if r.columns is None]
        table = unknown[0].table + "." if len(unknown) == 1 else ""
        label = f"{table}{column}" if table else ".".join(path)
        return _Column(column, (Step("source", label, "", lines),), (), lines)

    # --- relations -------------------------------------------------------------------------

    def _relations(self, relation: ast.Node, tables: Tables) -> tuple[_Relation, ...]:
        match relation:
            case ast.Join():
                left = self._relations(relation.left, tables)
                return (*left, *self._relations(relation.right, tables))
            case ast.Aliased():
                alias = relation.alias.key
                under = self._relations(relation.relation, tables)
                if len(under) == 1:
                    columns = under[0].columns
                    if columns is not None:
                        columns = _renamed(columns, relation.columns)
                    return (_Relation(alias, under[0].table, columns),)
                return tuple(replace(each, alias=alias) for each in under)
            case ast.Sampled():
                return self._relations(relation.relation, tables)
            case ast.TableSubquery() | ast.Lateral():
                return (_Relation("", "", self._query(relation.query, tables)),)
            case ast.Table():
                keys = relation.name.keys
                if len(keys) == 1 and keys[0] in tables:
                    return (_Relation(keys[0], keys[0], tables[keys[0]]),)
                return (self._table(relation.name, None),)
        return ()

    def _table(self, name: ast.QualifiedName, alias: ast.Identifier | None) -> _Relation:
        shown = _shown(name)
        known = self._known(_name(name))
        columns = tuple(_Column(each, (Step("source", f"{shown}.{each}"),)) for each in known)
        key = name.keys[-1] if alias is None else alias.key
        return _Relation(key, shown, columns or None)

    # --- places ----------------------------------------------------------------------------

    def _lines(self, node: ast.Node) -> frozenset[int]:
        return frozenset({self._first + node.at.line})

    def _span(self, node: ast.Node) -> frozenset[int]:
        """From the first to the last line that anything below the node stands in."""
        lines = [each.at.line for each in node.walk()]
        return frozenset(range(self._first + min(lines), self._first + max(lines) + 1))

    def _text(self, start: ast.Position, alias: ast.Identifier | None = None) -> str:
        """The expression that begins there, on one line."""
        tokens = self._tokens
        first = next((i for i, place in enumerate(tokens.places) if place >= start), 0)
        depth, last = 0, first
        for last in range(first, len(tokens.kinds)):
            kind = tokens.kinds[last]
            if depth == 0 and (kind in _ENDS or kind == ")" or _at(tokens, last, alias)):
                break
            depth += (kind in ("(", "[", "CASE")) - (kind in (")", "]", "END"))
        text = tokens.source[tokens.offsets[first] : tokens.offsets[last]]
        line = " ".join(text.split())
        return line[:-3].rstrip() if alias is not None and line.upper().endswith(" AS") else line


def _at(tokens: Tokens, index: int, alias: ast.Identifier | None) -> bool:
    return alias is not None and tokens.places[index] == alias.at


def _standing(column: _Column, lines: frozenset[int]) -> _Column:
    """The column where these lines name it."""
    moved = tuple(replace(step, lines=step.lines | lines) for step in column.sources)
    return replace(column, sources=moved, lines=lines)


def _start(value: ast.Node) -> ast.Position:
    return min(each.at for each in value.walk())


def _renamed(
    columns: tuple[_Column, ...], names: Sequence[ast.Identifier] | None
) -> tuple[_Column, ...]:
    if names is None:
        return columns
    return tuple(replace(c, name=n.key) for c, n in zip(columns, names, strict=False))


def _once(steps: Iterable[Step]) -> tuple[Step, ...]:
    return tuple(distinct(list(steps)))


def _path(value: ast.Node) -> tuple[str, ...] | None:
    """The parts of a name; None of anything else."""
    if isinstance(value, ast.Identifier):
        return (value.key,)
    if isinstance(value, ast.Dereference):
        base = _path(value.base)
        return None if base is None else (*base, value.field.key)
    return None


def _last(value: ast.Node) -> ast.Identifier | None:
    """The name that a column has by itself."""
    if isinstance(value, ast.Identifier):
        return value
    return value.field if isinstance(value, ast.Dereference) else None


def _name(name: ast.QualifiedName) -> TableName:
    keys = name.keys
    return TableName(keys[-2] if len(keys) > 1 else "", keys[-1])


def _shown(name: ast.QualifiedName) -> str:
    keys = name.keys
    return ".".join(keys[1:] if len(keys) == 3 and keys[0] == "lake" else keys)
