"""A ledger's file as it is found: of another lake, of an older Lakeshell, or damaged.

In: a file. Out: its rows. Nothing is made or changed in it, and it may be no ledger at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from lakeshell.errors import ConfigurationError
from lakeshell.ledger.database import Row


class FoundFile:
    """`ledger.copying.Reading` of a file. `place` is said in messages."""

    def __init__(self, path: Path, place: str) -> None:
        self.place = place
        try:
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None
            )
        except sqlite3.OperationalError as error:
            raise self._failed(error) from error
        # What is no UTF-8 any more is lost, not the record that it stands in.
        self._db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        with suppress(sqlite3.DatabaseError):
            self._db.execute("PRAGMA query_only = ON")
            # A table can be read though the definition of another, or of an index, is damaged.
            self._db.execute("PRAGMA writable_schema = ON")

    def close(self) -> None:
        self._db.close()

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        try:
            return self._db.execute(sql, values).fetchall()
        except (sqlite3.DatabaseError, OverflowError) as error:
            raise self._failed(error) from error

    def columns(self, table: str) -> Collection[str]:
        return {row[1] for row in self.read(f"PRAGMA table_info({table})")}

    def _failed(self, error: Exception) -> ConfigurationError:
        return ConfigurationError(
            f"{self.place} cannot be read: {error}",
            hint="a ledger is the .lakeshell/ledger.db of a lake; a damaged one is mended there: "
            "lakeshell ledger repair --lake DIR",
        )
