"""Databases that are closed to whoever asks: a catalog without them.

In: a catalog and what is closed. Out: the same catalog, in which a closed database is not listed,
and Trino's refusal for what names it. Files of the lake are not guarded: who can read them can read
all. Views are read with the rights of who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from lakeshell.errors import QueryFailed
from lakeshell.model import LAKE, CatalogTable, Database, TableName
from lakeshell.ports import Catalog

HINT = "a workgroup has it for its members: lakeshell workgroup list"


@dataclass(frozen=True, slots=True)
class Closed:
    """`databases` as workgroups name them: `raw`, or `connection.schema` for one in place."""

    databases: Collection[str] = frozenset()

    def has(self, catalog: str, schema: str) -> bool:
        return (schema if catalog == LAKE else f"{catalog}.{schema}".lower()) in self.databases

    def check(self, catalog: str, schema: str, table: str = "") -> None:
        """Raises `QueryFailed`, as Trino does where its rules of access refuse."""
        if self.has(catalog, schema):
            what = f"table {catalog}.{schema}.{table}" if table else f"schema {catalog}.{schema}"
            raise QueryFailed(
                f"Access Denied: Cannot access {what}", code="PERMISSION_DENIED", hint=HINT
            )


class OpenCatalog:
    """`ports.Catalog` without what is closed."""

    def __init__(self, catalog: Catalog, closed: Closed) -> None:
        self._catalog = catalog
        self._closed = closed

    def databases(self) -> Sequence[Database]:
        return [d for d in self._catalog.databases() if not self._closed.has(LAKE, d.name)]

    def create_database(self, database: Database, *, exist_ok: bool = False) -> None:
        self._closed.check(LAKE, database.name)
        self._catalog.create_database(database, exist_ok=exist_ok)

    def drop_database(self, name: str) -> None:
        self._closed.check(LAKE, name)
        self._catalog.drop_database(name)

    def names(self, database: str | None = None) -> Sequence[TableName]:
        return [n for n in self._catalog.names(database) if not self._closed.has(LAKE, n.database)]

    def names_by_database(self) -> Mapping[str, Sequence[str]]:
        held = self._catalog.names_by_database().items()
        return {each: names for each, names in held if not self._closed.has(LAKE, each)}

    def tables(self, database: str | None = None) -> Sequence[CatalogTable]:
        return [
            t for t in self._catalog.tables(database) if not self._closed.has(LAKE, t.name.database)
        ]

    def table(self, name: TableName) -> CatalogTable:
        self._check(name)
        return self._catalog.table(name)

    def put(self, table: CatalogTable) -> CatalogTable:
        self._check(table.name)
        return self._catalog.put(table)

    def put_many(
        self, tables: Sequence[CatalogTable], on_put: Callable[[int], None] | None = None
    ) -> Sequence[CatalogTable]:
        for table in tables:
            self._check(table.name)
        return self._catalog.put_many(tables, on_put)

    def refusal(self, name: TableName) -> str:
        return self._catalog.refusal(name)

    def drop(self, name: TableName) -> None:
        self._check(name)
        self._catalog.drop(name)

    def rename(self, name: TableName, target: TableName) -> None:
        self._check(name)
        self._check(target)
        self._catalog.rename(name, target)

    def versions(self, name: TableName) -> Sequence[CatalogTable]:
        self._check(name)
        return self._catalog.versions(name)

    def close(self) -> None:
        self._catalog.close()

    def _check(self, name: TableName) -> None:
        self._closed.check(LAKE, name.database, name.table)
