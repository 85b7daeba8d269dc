"""A SQLite file opened read-only through the one SQLite that reads it.

In: a path, statements. Out: rows, or a `LakeshellError` that says what is the matter with the file.
Everything about a source's file goes through the ADBC driver and nothing through Python's own
`sqlite3`: two SQLite libraries in one process would undo each other's locks on the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import adbc_driver_sqlite.dbapi as adbc
from adbc_driver_manager import Error as DriverError
from adbc_driver_manager import NotSupportedError

from lakeshell.errors import ConnectionFailed, LakeshellError, ObjectGone

_DRIVERS_WORDS = re.compile(r"^(?:[A-Z_]+: |\[SQLite\] |Failed to (?:prepare|step) query: )+")
BUSY_MILLISECONDS = 5_000
_OTHER_KIND = ("Type mismatch", "malformed JSON")


class OtherKind(Exception):
    """A value of another kind than its column's first batch came from the driver."""


def quoted(name: str) -> str:
    """An identifier; in double quotes SQLite would take an unknown one for a string."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_ANOTHER = "lakeshell connection set NAME --url sqlite:///PATH"


class SqliteFile:
    """One connection to the file. With `one_view`, it sees the file as it is at the first
    statement until it is closed; otherwise each statement sees it as it is then."""

    def __init__(self, path: Path, *, one_view: bool = False) -> None:
        self.path = path
        if path.is_dir():
            raise ConnectionFailed(
                f"the source {path} is a folder and no SQLite file",
                hint=f"name a file in it: {_ANOTHER}",
            )
        if not path.is_file():
            raise ConnectionFailed(
                f"the source file {path} does not exist",
                hint=f"put it back, or name another: {_ANOTHER}",
            )
        if not os.access(path, os.R_OK):
            raise ConnectionFailed(
                f"the source file {path} cannot be read: Permission denied",
                hint=f"its owner lets you read it with: chmod a+r {path}",
            )
        with self.failures():
            self.connection = adbc.connect(
                f"file:{quote(os.fsencode(path.absolute()))}?mode=ro", autocommit=True
            )
        try:
            self.rows(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
            if one_view:
                self.rows("BEGIN")
        except LakeshellError:
            self.close()
            raise

    def close(self) -> None:
        self.connection.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.failures(), closing(self.connection.cursor()) as cursor:
            cursor.execute(sql)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turns the driver's errors into ours; raises `OtherKind` for a value's kind."""
        try:
            yield
        except (DriverError, OSError, UnicodeDecodeError) as error:
            if isinstance(error, NotSupportedError):
                # Ctrl-C: the driver manager asks the driver to cancel, which this one cannot.
                raise KeyboardInterrupt from error
            if any(words in str(error) for words in _OTHER_KIND):
                raise OtherKind from error
            raise _failure(self.path, error) from error


def _failure(path: Path, error: Exception) -> LakeshellError:
    said = _DRIVERS_WORDS.sub("", str(error).partition("\nquery:")[0])
    if "no such" in said or "has no column" in said:
        return ObjectGone(f"the source {path} has changed: {said}", hint="crawl the source again")
    return ConnectionFailed(
        f"the source {path} cannot be read: {said}",
        hint="see whether another program holds it locked, whether you may read it, and whether "
        "it is a whole SQLite file: sqlite3 FILE 'PRAGMA integrity_check'",
    )
