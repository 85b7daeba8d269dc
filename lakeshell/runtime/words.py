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


def words_of(
    catalog: Catalog, databases: Sequence[str | None], closed: Collection[str]
) -> Sequence[Vocabulary]:
    """What names a statement of a session may use, in each of `databases`, by one look: none of
    databases that are closed to its user."""
    from lakeshell.query.completion import Vocabulary

    def columns(name: TableName) -> Sequence[Column]:
        """None of a table that is gone or cannot be read."""
        with suppress(LakeshellError):
            return catalog.table(name).columns
        return ()

    found, functions = catalog.names_by_database().items(), tuple(function_names())
    held = {name: tables for name, tables in found if name not in closed}
    return [Vocabulary(held, functions, database, columns) for database in databases]
