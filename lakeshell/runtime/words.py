"""The names that statements may use: of the catalog, and Trino's functions, the same in every runtime."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from lakeshell.errors import LakeshellError
from lakeshell.model import Column, TableName

if TYPE_CHECKING:
    from lakeshell.ports import Catalog
    from lakeshell.query.completion import Vocabulary


def function_names() -> Sequence[str]:
    from lakeshell.engine.embedded.functions import names

    found: set[str] = set()
    for kind in (names.SCALARS, names.AGGREGATES, names.WINDOWS):
        found.update(names.index(kind))
    return sorted(found)


def words_of(catalog: Catalog, database: str | None, closed: Collection[str]) -> Vocabulary:
    """What names a statement of a session in `database` may use: none of databases that are closed to
    its user."""
    from lakeshell.query.completion import vocabulary

    def columns(name: TableName) -> Sequence[Column]:
        """None of a table that is gone or cannot be read."""
        with suppress(LakeshellError):
            return catalog.table(name).columns
        return ()

    databases = [known.name for known in catalog.databases() if known.name not in closed]
    tables = [name for name in catalog.names() if name.database not in closed]
    return vocabulary(tables, databases, function_names(), database, columns)
