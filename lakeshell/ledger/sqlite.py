"""The ledger in one SQLite file. Transactions are short and waited for; a damaged file is said to
be damaged, and is never replaced by a new one without a word."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lakeshell.errors import ConfigurationError, LakeshellError
from lakeshell.ledger.database import Row, insert, not_text
from lakeshell.ledger.ledger import SqlLedger
from lakeshell.ledger.sqlite_tables import migrate

_WAIT = 30.0
"""Seconds that a writer waits for the others."""
_SILENT = 2.0
"""Seconds after which it says so."""
_NEW = 60.0
"""Seconds after which an empty file is no longer one that another process is just making."""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
Notice = Callable[[str], None]
REPAIR = "`lakeshell ledger repair` keeps the file aside and saves what can still be read"


class SqliteDatabase:
    """A `Database` in a file, made where there is none. `migrated`: its tables are new."""

    def __init__(self, path: Path, notice: Notice = lambda text: None) -> None:
        """`notice` is told what a user waits for."""
        self.path = path
        self._notice = notice
        self.place = str(path.absolute())
        self._lock = threading.RLock()
        self._reading = threading.Lock()
        self._reader: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._refuse_emptied()
            self._db = sqlite3.connect(
                path, timeout=_WAIT, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.OperationalError) as error:
            raise ConfigurationError(
                f"the ledger {path} cannot be opened: {error}",
                hint="it must be a file that you may write, in a folder that you may write",
            ) from error
        with self._translated():
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            _prepare(self._db)
            self.migrated = migrate(self._db, str(path))
            self._db.execute(f"PRAGMA busy_timeout = {min(_SILENT, _WAIT) * 1000:.0f}")

    def close(self) -> None:
        with self._lock, self._reading:
            self._db.close()
            if self._reader is not None:
                self._reader.close()

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        with self._translated():
            if self._lock.acquire(blocking=False):
                try:
                    return self._db.execute(sql, values).fetchall()
                finally:
                    self._lock.release()
            # Another thread writes, or waits until it can: whoever only reads waits for nobody.
            with self._reading:
                if self._reader is None:
                    self._reader = sqlite3.connect(
                        self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False
                    )
                    _prepare(self._reader)
                return self._reader.execute(sql, values).fetchall()

    def write(self, sql: str, values: Sequence[Any] = ()) -> int:
        with self._lock, self._translated():
            return self._patiently(lambda: self._db.execute(sql, values)).rowcount

    def write_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        with self._lock, self._translated():
            return max(0, self._db.executemany(sql, rows).rowcount)

    def columns(self, table: str) -> Collection[str]:
        return {row[1] for row in self.read(f"PRAGMA table_info({table})")}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            self.write("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.write("ROLLBACK")
                raise
            self.write("COMMIT")

    def adding(self, table: str, columns: Sequence[str]) -> str:
        return insert(table, columns) + " ON CONFLICT DO NOTHING"

    def using(self, index: str) -> str:
        return f"INDEXED BY {index}" if index else "NOT INDEXED"

    def day(self, micros: str) -> str:
        return f"date({micros} / 1000000, 'unixepoch')"

    def ceiling(self, expression: str, unit: int) -> str:
        whole = f"CAST({expression} AS INTEGER) / {unit}"
        return f"{whole} + ({expression} > ({whole}) * {unit})"

    def holding(self, part: str) -> tuple[str, tuple[Any, ...]]:
        # SQLite's own lower() knows no letters but those of ASCII.
        if part.isascii():
            return "instr(lower(sql), lower(?)) > 0", (part,)
        return "holds(sql, ?)", (part.lower(),)

    def check(self) -> str:
        """What is wrong with the file, in a line; empty for nothing. Reads all of it."""
        (first, *_) = self.read("PRAGMA quick_check(1)")
        return "" if first[0] == "ok" else str(first[0]).replace("\n", " ")

    def _patiently(self, write: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
        """A statement that was kept out did nothing, and is sent again."""
        until, told = time.monotonic() + _WAIT, False
        while True:
            try:
                return write()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            if not told:
                told = True
                self._notice(
                    f"another process holds the ledger locked; waiting for it up to {_WAIT:.0f} s"
                )

    def _refuse_emptied(self) -> None:
        """SQLite takes a file of no bytes, or one whose journal is left alone, for a new one."""
        journal = self.path.with_name(self.path.name + "-wal")
        emptied = ""
        if self.path.exists():
            found = self.path.stat()
            if found.st_size == 0 and time.time() - found.st_mtime > _NEW:
                emptied = "it has no bytes any more"
        elif journal.exists() and journal.stat().st_size:
            emptied = f"it is gone, and its journal {journal.name} is left"
        if emptied:
            raise ConfigurationError(f"the ledger {self.path} is damaged: {emptied}", hint=REPAIR)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError as error:
            raise not_text(error) from error
        except sqlite3.IntegrityError as error:
            raise LakeshellError(
                f"the ledger has this record already: {error}", hint="report this"
            ) from error
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in _DAMAGED:
                raise ConfigurationError(
                    f"the ledger {self.path} is damaged: {error}", hint=REPAIR
                ) from error
            raise ConfigurationError(
                f"the ledger {self.path} cannot be used: {error}",
                hint="free some disk space if it is full; see who holds it if it is locked, and "
                "whether you may write it",
            ) from error


def _prepare(db: sqlite3.Connection) -> None:
    db.create_function("holds", 2, _holds, deterministic=True)


def _holds(text: str, part: str) -> bool:
    """SQL's `holds`: whether a part is in a text, in any case. `part` is in lower case."""
    return part in text.lower()


class SqliteLedger(SqlLedger):
    """A `ports.Ledger` in a file."""

    database: SqliteDatabase

    def __init__(self, path: Path, notice: Notice = lambda text: None) -> None:
        self.path = path
        super().__init__(SqliteDatabase(path, notice))
        if self.database.migrated:
            self.index_texts()
