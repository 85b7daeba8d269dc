"""Binds a query: Trino's rules in, DuckDB's SQL out.

In: a syntax tree, the tables behind its names, what the statement may know of its surroundings.
Out: a `BoundQuery`, or Trino's analysis error at Trino's line and column, or `NotSupported`.
Nothing runs here, and nothing is left to DuckDB's own name resolution: every relation has an alias
and every column a name that is unique in the statement.

A `Binder` lives for one statement and holds what all its parts share; the parts are `query`
(whole queries, set operations, VALUES), `select` (one SELECT), `aggregation`, `windows`,
`relations` (FROM), `unnest`, `subqueries` and `expressions`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from lakeshell.engine.embedded.binding.scope import (
    BoundColumn,
    BoundQuery,
    Field,
    Scan,
    Scope,
    TableFound,
    Tables,
)
from lakeshell.sql import ast

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.query import Block
    from lakeshell.engine.embedded.values.typed import Context, Typed


class View(NamedTuple):
    """A view being expanded: where unqualified names inside it point."""

    name: tuple[str, str, str]
    catalog: str | None
    schema: str | None


class Nested:
    """A query being bound inside another; `reads` are the ids of the nodes that read the other's
    columns."""

    __slots__ = ("outside", "reads")

    def __init__(self, outside: Scope) -> None:
        self.outside = outside
        self.reads: set[int] = set()

    @property
    def correlated(self) -> bool:
        return bool(self.reads)


class Binder:
    """Binds the parts of one statement. `scans` grows as tables are found."""

    def __init__(self, tables: Tables, context: Context) -> None:
        self.tables = tables
        self.context = context
        self.scans: list[Scan] = []
        self.views: list[View] = []
        self._count = 0
        self._collected: set[Field] | None = None
        self._queries: list[Nested] = []
        self.correlation = True

    # --- what callers ask for ----------------------------------------------------------------

    def query(self, query: ast.Query) -> BoundQuery:
        """The whole of a SELECT statement; raises `QueryRejected`, `NotSupported`."""
        from lakeshell.engine.embedded.binding.query import bind_query

        block = bind_query(self, query, Scope(), top=True)
        for column in block.columns:
            self.mark(column.sources)
        columns = tuple(
            BoundColumn(column.name or f"_col{n}", column.type, column.zone)
            for n, column in enumerate(block.columns)
        )
        return BoundQuery(block.sql, columns, tuple(self.scans))

    def relation(self, relation: ast.Relation) -> tuple[str, Scope]:
        """A FROM item and the scope of its columns."""
        from lakeshell.engine.embedded.binding.relations import bind_relation

        bound = bind_relation(self, relation, Scope())
        return bound.sql, bound.scope

    def expression(self, node: ast.Expression, scope: Scope) -> Typed:
        """One expression over the columns of `scope`, neither aggregated nor windowed."""
        from lakeshell.engine.embedded.binding.expressions import Expressions

        return Expressions(self, scope).bind(node)

    # --- what the parts share ----------------------------------------------------------------

    @property
    def catalog(self) -> str | None:
        return self.views[-1].catalog if self.views else self.context.session.catalog

    @property
    def schema(self) -> str | None:
        return self.views[-1].schema if self.views else self.context.session.schema

    def alias(self, prefix: str = "r") -> str:
        """A name that nothing else in the statement has."""
        self._count += 1
        return f"{prefix}{self._count}"

    def unguessable(self, prefix: str) -> str:
        """Such a name that no text literal of the user's can hold, so that it may be replaced."""
        return f"{self.alias(prefix)}_{os.urandom(8).hex()}"

    def scan(self, table: TableFound) -> Scan:
        made = Scan(self.alias("s"), table)
        self.scans.append(made)
        return made

    def refer(self, field: Field) -> None:
        """Notes that the expression being bound reads `field`."""
        if self._collected is None:
            self.mark((field,))
        else:
            self._collected.add(field)

    def mark(self, fields: tuple[Field, ...]) -> None:
        """Notes that the statement's result depends on `fields`, down to the scans."""
        pending = list(fields)
        while pending:
            field = pending.pop()
            if field.marked:
                continue
            field.marked = True
            if field.scan is not None and field.name is not None:
                field.scan.columns.add(field.column)
            pending.extend(field.sources)

    @contextmanager
    def collecting(self, into: set[Field] | None) -> Iterator[None]:
        """Gathers the fields read inside instead of marking them; None marks them at once."""
        before, self._collected = self._collected, into
        try:
            yield
        finally:
            self._collected = before

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Binds for the types and the errors alone: tables found inside are forgotten."""
        scans = len(self.scans)
        with self.collecting(set()):
            yield
        del self.scans[scans:]

    @contextmanager
    def nested(self, outside: Scope) -> Iterator[Nested]:
        """A query that `outside` encloses is bound inside."""
        made = Nested(outside)
        self._queries.append(made)
        try:
            yield made
        finally:
            self._queries.pop()

    def reach(self, scope: Scope, node: ast.Node) -> None:
        """Notes that `node` reads a column of `scope` from a query inside it."""
        for query in self._queries:
            if any(s is scope for s in query.outside.outwards()):
                query.reads.add(id(node))

    def subquery(self, query: ast.Query, scope: Scope, *, correlated: bool = True) -> Block:
        """A query inside an expression or a relation, which may refer to `scope`, unless
        `correlated` is false."""
        from lakeshell.engine.embedded.binding.query import bind_query

        before, self.correlation = self.correlation, correlated
        try:
            with self.collecting(None):
                return bind_query(self, query, Scope(parent=scope, boundary=True))
        finally:
            self.correlation = before
