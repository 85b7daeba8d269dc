"""Binds WITH: common tables, plain and recursive.

In: a WITH clause and the scope round its query. Out: a scope that knows the tables by name, and
the definitions that DuckDB needs. A table read once is written where it is read, one read more
often is defined once; one that reads columns of an outer query is written wherever it is read.

A recursive table is unrolled as far as `max_recursion_depth` goes, for Trino fails beyond.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.binding.query import Block, bind_body, bind_query, coerced
from lakeshell.engine.embedded.binding.scope import Field, Scope
from lakeshell.engine.embedded.values.typed import failure, rejected
from lakeshell.sql import ast
from lakeshell.sql.coercion import can_coerce
from lakeshell.sql.datatypes import BOOLEAN

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.binder import Binder
    from lakeshell.engine.embedded.binding.relations import BoundRelation

DEFAULT_DEPTH = 10
_VOLATILE = re.compile(r"\b(?:random|uuid|gen_random_uuid)\(")
"""What makes DuckDB's SQL give other rows at each read, as Trino has it for each reference."""


class Named:
    """A common table. `name` is its name in DuckDB; `shared` ones may be read by that name."""

    def __init__(
        self, key: str, name: str, block: Block, columns: tuple[str | None, ...], shared: bool
    ) -> None:
        self.key = key
        self.name = name
        self.block = block
        self.columns = columns
        self.shared = shared

    def read(self, binder: Binder, scope: Scope) -> BoundRelation:
        from lakeshell.engine.embedded.binding.relations import BoundRelation

        alias = binder.alias()
        fields = [
            field.renamed(name, (self.key,))
            for field, name in zip(self.block.fields(alias), self.columns, strict=True)
        ]
        source = self.name if self.shared else f"({self.block.sql})"
        return BoundRelation(f"{source} AS {alias}", Scope(fields, scope))


class CommonTables:
    """One WITH clause."""

    def __init__(self, binder: Binder, scope: Scope) -> None:
        self.binder = binder
        self.outer = scope
        self.named: dict[str, object] = {}
        self.tables: list[Named] = []

    def bind(self, clause: ast.With) -> Scope:
        """Binds each table in the scope of those before it; the scope of the query itself."""
        for table in clause.tables:
            key = table.name.key
            if key in self.named:
                message = f"WITH query name '{key}' specified more than once"
                raise rejected("DUPLICATE_NAMED_QUERY", message, table.at)
            with self.binder.nested(self.outer) as nested:
                made = self._recursive(table) if clause.recursive else None
                made = made or self._plain(table)
            shared = not nested.correlated and not _VOLATILE.search(made.sql)
            self._add(key, table, made, shared)
        return self.scope()

    def scope(self) -> Scope:
        return Scope((), self.outer, named=dict(self.named))

    def define(self, sql: str) -> str:
        """The query's SQL with the tables that it reads: defined before it if read more than once,
        else written where they are read."""
        defined: list[tuple[str, str]] = []
        for table in reversed(self.tables):
            if not table.shared:
                continue
            marker = f"{table.name} AS "
            reads = sql.count(marker) + sum(text.count(marker) for _, text in defined)
            if reads > 1:
                defined.append((table.name, table.block.sql))
            elif reads == 1:
                inline = f"({table.block.sql}) AS "
                sql = sql.replace(marker, inline)
                defined = [(name, text.replace(marker, inline)) for name, text in defined]
        if not defined:
            return sql
        definitions = ", ".join(f"{name} AS ({text})" for name, text in reversed(defined))
        return f"WITH {definitions} {sql}"

    def _add(self, key: str, table: ast.CommonTable, block: Block, shared: bool) -> None:
        columns: tuple[str | None, ...] = tuple(column.name for column in block.columns)
        if table.columns is not None:
            check_aliases(table.columns, len(block.columns))
            columns = tuple(column.value for column in table.columns)
        named = Named(key, self.binder.unguessable("w"), block, columns, shared)
        self.named[key] = named
        self.tables.append(named)

    def _plain(self, table: ast.CommonTable) -> Block:
        scope = Scope(parent=self.scope(), boundary=True)
        with self.binder.collecting(None):
            return bind_query(self.binder, table.query, scope)

    # --- recursion -----------------------------------------------------------------------------

    def _recursive(self, table: ast.CommonTable) -> Block | None:
        """The rows of every step; None where the table doesn't refer to itself as it may."""
        from lakeshell.engine.embedded.binding.recursion import recursion_of

        parts = recursion_of(table)
        if parts is None:
            return None
        assert table.columns is not None
        scope = self.scope()
        with self.binder.collecting(None):
            anchor = bind_body(self.binder, parts.anchor, scope)
            check_aliases(table.columns, len(anchor.columns))
            anchor.mark(self.binder)
            names = tuple(column.value for column in table.columns)
            previous = Named(table.name.key, self.binder.unguessable("w"), anchor, names, True)
            inner = Scope((), self.outer, named={**self.named, table.name.key: previous})
            step = bind_body(self.binder, parts.step, inner)
        types = [column.type for column in anchor.columns]
        _check_step(parts.step, anchor, step)
        step.mark(self.binder)
        step = coerced(self.binder, step, types)
        sql = self._unrolled(anchor.sql, step.sql, previous.name, parts.distinct)
        columns = [
            Field(name, column.type, "", zone=column.zone)
            for name, column in zip(names, anchor.columns, strict=True)
        ]
        return Block(sql, columns)

    def _unrolled(self, anchor: str, step: str, reference: str, distinct: bool) -> str:
        given = self.binder.context.session.properties.get("max_recursion_depth")
        depth = int(given) if given is not None else DEFAULT_DEPTH
        names = [f"{reference}_{n}" for n in range(depth + 1)]
        marker = f"{reference} AS "
        definitions = [f"{names[0]} AS ({anchor})"]
        for before, name in itertools.pairwise(names):
            definitions.append(f"{name} AS ({step.replace(marker, before + ' AS ')})")
        message = (
            f"Recursion depth limit exceeded ({depth}). Use 'max_recursion_depth' session property "
            "to modify the limit."
        )
        fails = failure("NOT_SUPPORTED", message, BOOLEAN)
        beyond = step.replace(marker, names[-1] + " AS ")
        all_rows = " UNION ALL ".join(f"SELECT * FROM {name}" for name in names)
        word = "SELECT DISTINCT *" if distinct else "SELECT *"
        alias = self.binder.alias()
        return (
            f"WITH {', '.join(definitions)} {word} FROM ({all_rows} UNION ALL "
            f"SELECT * FROM ({beyond}) AS {alias} WHERE {fails}) AS {alias}"
        )


def check_aliases(aliases: tuple[ast.Identifier, ...], count: int) -> None:
    """Raises Trino's errors of a list of column names."""
    if len(aliases) != count:
        message = f"Column alias list has {len(aliases)} entries but relation has {count} columns"
        raise rejected("MISMATCHED_COLUMN_ALIASES", message, aliases[0].at)
    seen: set[str] = set()
    for alias in aliases:
        if alias.key in seen:
            message = f"Column name '{alias.value}' specified more than once"
            raise rejected("DUPLICATE_COLUMN_NAME", message, alias.at)
        seen.add(alias.key)


def _check_step(node: ast.Node, anchor: Block, step: Block) -> None:
    if len(anchor.columns) != len(step.columns):
        message = (
            "base and step relations of recursion have different number of fields: "
            f"{len(anchor.columns)}, {len(step.columns)}"
        )
        raise rejected("TYPE_MISMATCH", message, node.at)
    for n, (base, made) in enumerate(zip(anchor.columns, step.columns, strict=True)):
        if not can_coerce(made.type, base.type):
            message = (
                f"recursion step relation output type ({made.type}) is not coercible to recursion "
                f"base relation output type ({base.type}) at column {n + 1}"
            )
            raise rejected("TYPE_MISMATCH", message, node.at)
