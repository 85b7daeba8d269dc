"""A connection of PEP 249: one lake, one session, in one workgroup."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lakeshell.dbapi import failures
from lakeshell.dbapi.cursor import Cursor
from lakeshell.dbapi.failures import InterfaceError, NotSupportedError, translated

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.ports import Session


def connect(
    lake: str | os.PathLike[str] | None = None,
    workgroup: str | None = None,
    database: str | None = None,
    *,
    properties: Mapping[str, str] | None = None,
    timeout: float | None = None,
    reuse: int | None = None,
    source: str = "python",
) -> Connection:
    """A connection to a lake: its folder, found as the command line finds it where it is left out.

    `database` is that of names without one, `properties` are session properties, `timeout` the
    seconds that a statement may take, `reuse` the age in seconds up to which a kept result will do
    (None is what the workgroup says), `source` what the history says it came from. Every statement
    has the limits of the workgroup and is kept in the history. Raises `ProgrammingError` for a
    folder, a workgroup or a database that is not, or that the user may not use.
    """
    from lakeshell import names
    from lakeshell.folder import find_lake
    from lakeshell.lake import Lake

    with translated():
        folder = find_lake(None if lake is None else os.fspath(lake), os.environ, Path.cwd())
        opened = Lake(folder, os.environ)
        session = opened.session(workgroup, source)
        opened.check_member(session.workgroup)
        if database is not None:
            names.check_database(opened, database)
            session.database = database
        session.properties.update(properties or {})
    return Connection(opened, session, timeout, reuse)


class Connection:
    """Statements commit by themselves, each for itself. A context manager: leaving it closes it."""

    Warning = failures.Warning
    Error = failures.Error
    InterfaceError = failures.InterfaceError
    DatabaseError = failures.DatabaseError
    DataError = failures.DataError
    OperationalError = failures.OperationalError
    IntegrityError = failures.IntegrityError
    InternalError = failures.InternalError
    ProgrammingError = failures.ProgrammingError
    NotSupportedError = failures.NotSupportedError

    def __init__(
        self, lake: Lake, session: Session, timeout: float | None = None, reuse: int | None = None
    ) -> None:
        self._lake: Lake | None = lake
        self.session = session
        self.timeout = timeout
        self.reuse = reuse
        self._cursors: list[Cursor] = []

    @property
    def lake(self) -> Lake:
        """Raises `InterfaceError` when the connection is closed."""
        return self._check()

    def _check(self) -> Lake:
        if self._lake is None:
            raise InterfaceError("the connection is closed", hint="connect anew")
        return self._lake

    def cursor(self) -> Cursor:
        self._check()
        made = Cursor(self)
        self._cursors = [cursor for cursor in self._cursors if not cursor.closed]
        self._cursors.append(made)
        return made

    def commit(self) -> None:
        """Nothing waits for it: each statement has committed."""
        self._check()

    def rollback(self) -> None:
        """Raises `NotSupportedError`: what a statement did stays done."""
        self._check()
        raise NotSupportedError(
            "there is nothing to roll back: each statement commits by itself",
            hint="`lakeshell query` takes Iceberg's rollback_to_snapshot",
        )

    def close(self) -> None:
        """Cancels what still runs, and closes the lake."""
        if self._lake is None:
            raise InterfaceError("the connection is closed already")
        for cursor in self._cursors:
            if not cursor.closed:
                cursor.close()
        lake, self._lake = self._lake, None
        with translated():
            lake.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lake is not None:
            self.close()
