"""The ledger in a MySQL schema, shared by a team.

In: how to reach the server. Out: a `Database`. One connection a process, opened when it is first
needed and anew where the server closed it: every statement of the ledger may be sent twice.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count, islice
from typing import Any, TypeVar

import pymysql
from pymysql.constants import CR, ER

from lakeshell.errors import ConfigurationError, ConnectionFailed, LakeshellError
from lakeshell.ledger.database import Row, insert, not_text
from lakeshell.ledger.ledger import SqlLedger
from lakeshell.ledger.mysql_tables import migrate

T = TypeVar("T")

_SESSION = (
    "SET time_zone = '+00:00', sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES',"
    " transaction_isolation = 'READ-COMMITTED', innodb_lock_wait_timeout = 30"
)
_LOST = frozenset((CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, 4031))
_AGAIN = {ER.LOCK_DEADLOCK: 100, ER.LOCK_WAIT_TIMEOUT: 2}
"""What undoes a statement for the sake of another: it is sent again, at most so many times. Of many
who want the same row, any may be the one that is undone, again and again."""
_ASIDE = 0.05
"""Seconds, at most, that it is kept back before: all who come at once would meet again."""
_GREETING, _SILENT = 15, 40
"""Seconds that a server which says nothing is waited for: when it is called, and at a statement,
where it may itself wait for a lock. One that hangs takes connections and answers none."""
_FULL = 1040
_UNREACHABLE = frozenset(
    (CR.CR_CONN_HOST_ERROR, CR.CR_CONNECTION_ERROR, CR.CR_UNKNOWN_HOST, *_LOST, _FULL, 1053)
)
_HINTS = {
    ER.ACCESS_DENIED_ERROR: "see its user, and where the password comes from: [ledger] in lakeshell.toml",
    ER.DBACCESS_DENIED_ERROR: "grant it: GRANT ALL ON SCHEMA.* TO USER",
    ER.TABLEACCESS_DENIED_ERROR: "grant it: GRANT ALL ON SCHEMA.* TO USER",
    ER.BAD_DB_ERROR: "make it: CREATE DATABASE SCHEMA CHARACTER SET utf8mb4",
    ER.DATA_TOO_LONG: "names of users and workgroups have 255 characters at most",
    _FULL: "the server takes no more connections: raise its max_connections",
}
_MANY = 500
"""Rows of one INSERT."""


class MysqlDatabase:
    """`options` are pymysql's; `place` is said in messages, `start_hint` what to do where the
    server does not answer. `as_found` leaves the schema as it is, whatever it holds."""

    def __init__(
        self,
        options: Mapping[str, Any],
        place: str,
        start_hint: str = "",
        *,
        as_found: bool = False,
    ) -> None:
        self.place = place
        self._options = {
            **options,
            "charset": "utf8mb4",
            "init_command": _SESSION,
            "read_timeout": _GREETING,
            "write_timeout": _SILENT,
        }
        self._start_hint = start_hint
        self._lock = threading.RLock()
        self._within = False
        self._open: Any = None
        self._patience: int | None = _SILENT
        if not as_found:
            with self._lock, self._translated():
                # Making tables anew takes as long as it takes.
                self._patience = None
                migrate(self._run, place)
                self._patience = _SILENT

    def close(self) -> None:
        with self._lock:
            if self._open is not None:
                with suppress(pymysql.Error):
                    self._open.close()
                self._open = None

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        def ask(cursor: Any) -> list[Row]:
            cursor.execute(_marked(sql), values or None)
            return list(cursor.fetchall())

        return self._sent(ask)

    def write(self, sql: str, values: Sequence[Any] = ()) -> int:
        def send(cursor: Any) -> int:
            return int(cursor.execute(_marked(sql), values or None))

        return self._sent(send, inserts=sql.startswith("INSERT"))

    def write_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        added, given = 0, iter(rows)
        while part := list(islice(given, _MANY)):
            added += self._sent(lambda cursor, part=part: cursor.executemany(_marked(sql), part))  # type: ignore[misc]
        return added

    def columns(self, table: str) -> Collection[str]:
        asked = (
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = database() AND table_name = ?"
        )
        return {str(row[0]) for row in self.read(asked, (table,))}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What another transaction undoes is not done again: it raises."""
        with self._lock:
            self.write("BEGIN")
            self._within = True
            try:
                yield
                # Another session's would commit nothing, and say that it had.
                self.write("COMMIT")
            except BaseException:
                # A session that ends has committed nothing.
                self.close()
                raise
            finally:
                self._within = False

    def adding(self, table: str, columns: Sequence[str]) -> str:
        key = columns[0]
        return f'{insert(table, columns)} ON DUPLICATE KEY UPDATE "{key}" = {table}."{key}"'

    def using(self, index: str) -> str:
        return f"FORCE INDEX ({index or 'PRIMARY'})"

    def day(self, micros: str) -> str:
        return f"date_format(from_unixtime({micros} DIV 1000000), '%Y-%m-%d')"

    def ceiling(self, expression: str, unit: int) -> str:
        return f"CAST(ceiling({expression} / {unit}e0) AS SIGNED)"

    def holding(self, part: str) -> tuple[str, tuple[Any, ...]]:
        return 'instr(lower("sql"), lower(?)) > 0', (part,)

    # --- the server ------------------------------------------------------------------------

    def _sent(self, work: Callable[[Any], T], *, inserts: bool = False) -> T:
        with self._lock, self._translated():
            for attempt in count():
                try:
                    return self._asked(work)
                except pymysql.err.IntegrityError:
                    # The first time it may have got there, and only its answer was lost.
                    if attempt == 0 or not inserts:
                        raise
                    return 1  # type: ignore[return-value]
                except pymysql.err.MySQLError as error:
                    if not self._is_sent_again(error, attempt):
                        raise
            raise AssertionError

    def _is_sent_again(self, error: Exception, attempt: int) -> bool:
        code = _code(error)
        if code not in _LOST:
            if self._within or attempt >= _AGAIN.get(code, 0):
                return False
            time.sleep(random.uniform(0, _ASIDE))
            return True
        was_open = self._open is not None
        self.close()
        # A server that hangs is not called twice.
        hangs = isinstance(error.__context__, TimeoutError)
        return was_open and attempt == 0 and not self._within and not hangs

    def _run(self, sql: str) -> list[Row]:
        """Without a try again, and with the driver's own errors."""

        def ask(cursor: Any) -> list[Row]:
            cursor.execute(sql)
            return list(cursor.fetchall())

        return self._asked(ask)

    def _asked(self, work: Callable[[Any], T]) -> T:
        if self._open is None:
            self._open = self._called()
        # The driver asks for no other when it is called than afterwards.
        self._open._read_timeout = self._patience
        try:
            with self._open.cursor() as cursor:
                return work(cursor)
        except pymysql.MySQLError:
            raise
        except BaseException:
            # Interrupted in the middle of an answer: the next one would be taken for its rest.
            self.close()
            raise

    def _called(self) -> Any:
        """A new connection. Others end theirs: what is too many is soon over."""
        until = time.monotonic() + _GREETING
        while True:
            try:
                return pymysql.connect(**self._options, autocommit=True)
            except pymysql.err.OperationalError as error:
                if _code(error) != _FULL or time.monotonic() >= until:
                    raise
            time.sleep(random.uniform(0, 10 * _ASIDE))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError as error:
            raise not_text(error) from error
        except pymysql.err.IntegrityError as error:
            raise LakeshellError(
                f"the ledger has this record already: {_said(error)}", hint="report this"
            ) from error
        except (pymysql.Error, OSError, RuntimeError) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> LakeshellError:
        code = _code(error)
        if code in _UNREACHABLE or not isinstance(error, pymysql.Error):
            return ConnectionFailed(
                f"the ledger {self.place} cannot be reached: {_said(error)}",
                hint=self._start_hint or "see whether the server runs; [ledger] in lakeshell.toml",
            )
        return ConfigurationError(
            f"the ledger {self.place} cannot be used: {_said(error)}",
            hint=_HINTS.get(code, "MySQL 8.0 or later is needed, and ALL on the ledger's schema"),
        )


def _marked(sql: str) -> str:
    """With pymysql's marks for values."""
    return sql.replace("%", "%%").replace("?", "%s") if "?" in sql else sql


def _code(error: Exception) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _said(error: Exception) -> str:
    return str(error.args[1] if len(error.args) > 1 else error).rstrip(".")


class MysqlLedger(SqlLedger):
    """A `ports.Ledger` in a schema of MySQL."""

    def __init__(self, options: Mapping[str, Any], place: str, start_hint: str = "") -> None:
        super().__init__(MysqlDatabase(options, place, start_hint))
