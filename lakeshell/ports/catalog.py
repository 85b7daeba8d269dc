"""What the catalog promises: databases and tables, each table with its versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from lakeshell.model import CatalogTable, Database, TableName


class Catalog(Protocol):
    """Databases and tables of the lake, each table with its versions. Names in lower case."""

    def databases(self) -> Sequence[Database]: ...

    def create_database(self, database: Database, *, exist_ok: bool = False) -> None:
        """Raises `AlreadyExists`."""

    def drop_database(self, name: str) -> None:
        """Only an empty one: raises `NotEmpty`, `NotFound`."""

    def names(self, database: str | None = None) -> Sequence[TableName]:
        """Of every table, in order: quick where there are many, for none is described."""

    def names_by_database(self) -> Mapping[str, Sequence[str]]:
        """The same of each database, an empty one too, both in order: the quickest look at all."""

    def tables(self, database: str | None = None) -> Sequence[CatalogTable]:
        """Every table, in order of name; Iceberg tables and views included."""

    def table(self, name: TableName) -> CatalogTable:
        """Raises `NotFound`, with the nearest names in its hint."""

    def put(self, table: CatalogTable) -> CatalogTable:
        """Creates the table, or a new version of it when columns or parameters changed.

        Not for Iceberg tables, which only a `TableStore` makes. Gives the table as it now is.
        """

    def put_many(
        self, tables: Sequence[CatalogTable], on_put: Callable[[int], None] | None = None
    ) -> Sequence[CatalogTable]:
        """`put` of each, as quickly as the catalog can; `on_put` is told how many are done. After
        an error, each table is as it was or as put."""

    def refusal(self, name: TableName) -> str:
        """Why the catalog cannot hold a table of that name; empty where it can."""

    def drop(self, name: TableName) -> None: ...

    def rename(self, name: TableName, target: TableName) -> None:
        """Raises `NotFound`, `AlreadyExists`."""

    def versions(self, name: TableName) -> Sequence[CatalogTable]:
        """Oldest first, the current one last."""

    def close(self) -> None: ...
