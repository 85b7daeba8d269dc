"""What a database must give to hold a ledger: statements, transactions, and where its SQL differs.

The ledger's statements are written once. Names are quoted as `"name"`, values are marked `?`, and
what dialects say differently is asked for here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from lakeshell.errors import UsageError

Row = tuple[Any, ...]


class Database(Protocol):
    """Usable from every thread of the process. Its errors are `LakeshellError`s."""

    @property
    def place(self) -> str:
        """Where it is, without a password."""

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Row]: ...

    def write(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Gives the rows that it met."""

    def write_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        """The same INSERT for many rows; gives how many it added."""

    def columns(self, table: str) -> Collection[str]: ...

    def transaction(self) -> AbstractContextManager[None]:
        """All of what is written within it, or nothing. No other thread comes between."""

    def adding(self, table: str, columns: Sequence[str]) -> str:
        """An INSERT that adds nothing where the key, the first column, is taken."""

    def using(self, index: str) -> str:
        """Behind a table: read it by this index; empty is by its own key."""

    def day(self, micros: str) -> str:
        """An expression's UTC day, as 2026-11-24."""

    def ceiling(self, expression: str, unit: int) -> str:
        """In whole units, begun ones too."""

    def holding(self, part: str) -> tuple[str, tuple[Any, ...]]:
        """The condition that a query's text holds a part, in any case."""

    def close(self) -> None: ...


def names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def marks(count: int) -> str:
    return ", ".join("?" * count)


def insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({names(columns)}) VALUES ({marks(len(columns))})"


def not_text(error: UnicodeEncodeError) -> UsageError:
    """What a text is called that no database takes."""
    return UsageError(f"{error.object!r} is not UTF-8", hint="write it as UTF-8, or leave it out")
