"""What a name may mean at a place in a query, and the values that binding hands out.

In: relations' fields, one scope round another. Out: the field that a name means, or Trino's
`COLUMN_NOT_FOUND` and `AMBIGUOUS_NAME`. Nothing here knows DuckDB's own name resolution: each
field carries the DuckDB text that reads it, unique in the whole statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lakeshell.engine.embedded.values.typed import rejected
from lakeshell.errors import QueryRejected
from lakeshell.sql import ast
from lakeshell.sql.datatypes import RowType, Type

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Typed


class RelationColumn(NamedTuple):
    """A column of a table or view, named in lower case; `hidden` ones are not in `*`.

    `zone` is the zone of its values, for types with one; None means UTC.
    """

    name: str
    type: Type
    hidden: bool = False
    zone: str | None = None


class TableFound(NamedTuple):
    """A table behind a name; `handle` belongs to whoever found it."""

    name: tuple[str, str, str]
    columns: tuple[RelationColumn, ...]
    handle: object = None


class ViewFound(NamedTuple):
    """A view behind a name. `catalog` and `schema` complete the unqualified names inside it."""

    name: tuple[str, str, str]
    query_text: str
    catalog: str | None
    schema: str | None
    columns: tuple[RelationColumn, ...]


class Tables(Protocol):
    """Where the binder asks for tables."""

    def find(
        self,
        catalog: str,
        schema: str,
        table: str,
        version: Typed | None = None,
        version_kind: str | None = None,
    ) -> TableFound | ViewFound:
        """What stands behind the name, in lower case; `table` may be `t$snapshots`.

        Raises `QueryRejected` without a place: CATALOG_NOT_FOUND, SCHEMA_NOT_FOUND,
        TABLE_NOT_FOUND; the binder adds the place.
        """


class Conjunct(NamedTuple):
    """A condition on one column that every row of the scan must meet, for pruning files.

    `op`: `= <> < <= > >= in is_null is_not_null`; `values` are Python values of the column's type.
    """

    column: str
    op: str
    values: tuple[object, ...]


class Scan:
    """One read of a table. The emitted SQL reads it as the relation named `alias`."""

    __slots__ = ("alias", "columns", "conjuncts", "table")

    def __init__(self, alias: str, table: TableFound) -> None:
        self.alias = alias
        self.table = table
        self.columns: set[str] = set()
        self.conjuncts: tuple[Conjunct, ...] = ()


class BoundColumn(NamedTuple):
    name: str
    type: Type
    zone: str | None = None


class BoundQuery(NamedTuple):
    """A query in DuckDB's SQL, its columns named c0, c1, …; `columns` say what they are."""

    sql: str
    columns: tuple[BoundColumn, ...]
    scans: tuple[Scan, ...]


class Field:
    """A column that a scope offers. Two fields are the same only if they are the same object.

    `sql` reads it. A field of a scan names its `column` there; one of a query has the fields that
    it was made of as `sources`. `marked` once the statement's result depends on it.
    """

    __slots__ = (
        "column", "hidden", "marked", "name", "qualifier", "scan", "sources", "sql", "type", "zone",
    )  # fmt: skip

    def __init__(
        self,
        name: str | None,
        type: Type,
        sql: str,
        *,
        zone: str | None = None,
        qualifier: tuple[str, ...] = (),
        hidden: bool = False,
        scan: Scan | None = None,
        sources: tuple[Field, ...] = (),
    ) -> None:
        self.name = name
        self.type = type
        self.sql = sql
        self.zone = zone
        self.qualifier = qualifier
        self.hidden = hidden
        self.scan = scan
        self.column = name or ""
        self.sources = sources
        self.marked = False

    def matches(self, prefix: tuple[str, ...]) -> bool:
        """Whether `prefix` names this field's relation, as far as it goes."""
        return not prefix or self.qualifier[-len(prefix) :] == prefix

    def renamed(self, name: str | None, qualifier: tuple[str, ...] = ()) -> Field:
        made = Field(
            name,
            self.type,
            self.sql,
            zone=self.zone,
            qualifier=qualifier,
            hidden=self.hidden,
            scan=self.scan,
            sources=self.sources,
        )
        made.column = self.column
        return made


class Resolved(NamedTuple):
    """A name's meaning: the field, the scope that offers it, whether inside the same query."""

    field: Field
    scope: Scope
    local: bool


class Scope:
    """The fields of one relation, before the scope round it.

    `boundary` says that `parent` belongs to an outer query. `named` are the WITH queries.
    `translation`, where there is one, gives what a field is after aggregation; `refusal` is why
    these fields may not be read where the scope is seen. `folded` says that the rows are literals,
    over which Trino computes while it plans.
    """

    __slots__ = (
        "_index", "boundary", "fields", "folded", "named", "parent", "refusal", "translation",
    )  # fmt: skip

    def __init__(
        self,
        fields: Sequence[Field] = (),
        parent: Scope | None = None,
        *,
        boundary: bool = False,
        named: dict[str, object] | None = None,
    ) -> None:
        self.fields = tuple(fields)
        self.parent = parent
        self.boundary = boundary
        self.named = named or {}
        self.refusal: str | None = None
        self.folded = False
        self.translation: Translation | None = None
        self._index: dict[str, list[Field]] | None = None

    def visible(self) -> list[Field]:
        return [field for field in self.fields if not field.hidden]

    def find(self, parts: tuple[str, ...]) -> list[Field]:
        """This relation's own fields that `parts` (qualifiers and a name) may mean."""
        if self._index is None:
            self._index = {}
            for field in self.fields:
                if field.name is not None:
                    self._index.setdefault(field.name.lower(), []).append(field)
        prefix = parts[:-1]
        return [f for f in self._index.get(parts[-1], ()) if f.matches(prefix)]

    def resolve(self, parts: tuple[str, ...], at: ast.Position) -> Resolved | None:
        """The field that `parts` mean here or further out; None when there is none."""
        scope: Scope | None = self
        local = True
        while scope is not None:
            found = scope.find(parts)
            if len(found) > 1:
                raise ambiguous(".".join(parts), at)
            if found:
                return Resolved(found[0], scope, local)
            if any(scope.find(parts[:n]) for n in range(1, len(parts))):
                return None
            local = local and not scope.boundary
            scope = scope.parent
        return None

    def is_column_reference(self, parts: tuple[str, ...]) -> bool:
        """Whether a shorter form of `parts` is a column somewhere in these scopes."""
        return any(scope.find(parts[:n]) for scope in self.outwards() for n in range(1, len(parts)))

    def outwards(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def locals(self) -> Iterator[Scope]:
        """This scope and those round it inside the same query."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = None if scope.boundary else scope.parent

    def outer(self) -> Scope | None:
        """The scope of the query round this one."""
        last = self
        for scope in self.locals():
            last = scope
        return last.parent if last.boundary else None

    def named_query(self, name: str) -> object | None:
        for scope in self.outwards():
            if name in scope.named:
                return scope.named[name]
        return None

    def tables(self, prefix: tuple[str, ...]) -> Scope | None:
        """The innermost scope of this query with a relation that `prefix` names."""
        for scope in self.locals():
            if any(f.qualifier and f.matches(prefix) for f in scope.fields):
                return scope
        return None

    def row_fields(self, parts: tuple[str, ...]) -> Scope | None:
        """The innermost scope of this query where `parts` begin with table and row column."""
        for scope in self.locals():
            if any(isinstance(f.type, RowType) for f in scope.find(parts[:2])):
                return scope
        return None


class Translation(Protocol):
    """What the fields of a scope become above a GROUP BY."""

    def field(self, field: Field, node: ast.Node) -> Typed:
        """Raises EXPRESSION_NOT_AGGREGATE for a field that is not grouped."""


def ambiguous(name: str, at: ast.Position) -> QueryRejected:
    return rejected("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", at)


def missing(name: str, at: ast.Position) -> QueryRejected:
    return rejected("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", at)
