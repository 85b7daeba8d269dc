"""One connection to a MySQL server through pymysql, opened when it is first needed.

In: an address, statements. Out: rows, or a `LakeshellError` that says what is the matter. A
connection that the server closed between two statements is opened anew, once: nothing here has
state of its own in a session but its settings.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, RawIOBase
from typing import Any

import pymysql
from pymysql.constants import CR, ER

from lakeshell.errors import ConnectionFailed, LakeshellError, ObjectGone
from lakeshell.source import mysql_address, valve
from lakeshell.source.mysql_address import MysqlAddress

SESSION = (
    "SET time_zone = '+00:00', sql_mode = '', sql_quote_show_create = 1, lock_wait_timeout = 20"
)
"""Whoever holds a table locked for longer is named rather than waited for."""
_LOST = frozenset((CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, 4031))
_UNANSWERED = frozenset((CR.CR_CONN_HOST_ERROR, *_LOST))
_OF_DRIVER = range(2000, 3000)
"""Codes that no server sends: the driver says so that it cannot talk to one."""
_TURNED_AWAY = frozenset((
    ER.CON_COUNT_ERROR, ER.OUT_OF_RESOURCES, ER.DBACCESS_DENIED_ERROR, ER.ACCESS_DENIED_ERROR,
    ER.BAD_DB_ERROR, ER.SERVER_SHUTDOWN, ER.HOST_IS_BLOCKED, ER.HOST_NOT_PRIVILEGED,
    ER.CANT_CREATE_THREAD, ER.TOO_MANY_USER_CONNECTIONS, ER.USER_LIMIT_REACHED,
    ER.MUST_CHANGE_PASSWORD_LOGIN, 3118, 3159,
))  # fmt: skip
"""What a server says to whom it lets in no more, or not at all; 3118 locked the account, 3159 asks
for encryption."""
_OLD = frozenset((ER.PARSE_ERROR, ER.SP_DOES_NOT_EXIST, ER.UNKNOWN_SYSTEM_VARIABLE))
_GONE = frozenset((
    ER.NO_SUCH_TABLE, ER.BAD_TABLE_ERROR, ER.BAD_FIELD_ERROR, ER.VIEW_INVALID, ER.WRONG_OBJECT,
))  # fmt: skip
_HINTS = {
    ER.ACCESS_DENIED_ERROR: "see the user, and where the password comes from: "
    "lakeshell connection show {connection}",
    ER.DBACCESS_DENIED_ERROR: "grant it: GRANT SELECT, SHOW VIEW ON DATABASE.* TO USER",
    ER.TABLEACCESS_DENIED_ERROR: "grant it: GRANT SELECT ON TABLE TO USER, or leave the table out",
    ER.BAD_DB_ERROR: "see the database's name at the end of the connection's url",
    ER.NO_SUCH_USER: "give the view a definer that there is: ALTER DEFINER = CURRENT_USER VIEW ..., "
    "or exclude it from the crawl",
}


_MEND = "mend the table or view in the source, or exclude it from the crawl"


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


class MysqlServer:
    """Safe to use from many threads, one statement at a time."""

    def __init__(self, address: MysqlAddress) -> None:
        self.address = address
        self._lock = threading.RLock()
        self._open: Any = None

    def close(self) -> None:
        with self._lock:
            if self._open is not None:
                with suppress(pymysql.Error):
                    self._open.close()
                self._open = None

    def literal(self, text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._lock, failures(self.address):
            try:
                return self._asked(sql)
            except pymysql.err.OperationalError as error:
                if self._open is None or error.args[0] not in _LOST:
                    raise
                self.close()
                return self._asked(sql)

    def _asked(self, sql: str) -> list[tuple[Any, ...]]:
        if self._open is None:
            self._open = connect(self.address)
        with self._open.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())


def connect(address: MysqlAddress, **more: Any) -> Any:
    """A pymysql connection in UTC. Raises pymysql's errors, `OSError` for unreadable files."""
    # What listens there may be something else, and silent: only the greeting is waited for so long.
    given = {**address.pymysql(), "read_timeout": mysql_address.CONNECT_SECONDS, **more}
    made = pymysql.connect(**given, init_command=SESSION, autocommit=True)
    valve.keep_alive(made._sock)
    made._read_timeout = valve.SILENT_SECONDS
    made._rfile = BufferedReader(_Answers(made._sock, address))
    return made


class _Answers(RawIOBase):
    """What a server sends for as long as it takes, if only it is there."""

    def __init__(self, connected: socket.socket, address: MysqlAddress) -> None:
        self._connected = connected
        self._address = address

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            try:
                return self._connected.recv_into(buffer)
            except TimeoutError:
                still_there(self._address)


def still_there(address: MysqlAddress) -> None:
    """Raises `ConnectionFailed` for a server that answers nobody, as a paused one does: what it
    computes need not be waited for."""
    try:
        connect(address).close()
    except (pymysql.Error, OSError) as error:
        # That it refuses one more is an answer, too.
        if not error.args or error.args[0] in _UNANSWERED:
            raise ConnectionFailed(
                f"the source {address} has stopped answering", hint=address.start_hint
            ) from error


@contextmanager
def failures(address: MysqlAddress) -> Iterator[None]:
    """Turns the driver's errors into ours."""
    try:
        yield
    except (pymysql.Error, OSError, RuntimeError) as error:
        raise failure(address, error) from error


def failure(address: MysqlAddress, error: Exception) -> LakeshellError:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    said = str(error.args[1] if len(error.args) > 1 else error).rstrip(".")
    if code in _GONE:
        return ObjectGone(
            f"the source {address} has changed: {said}", hint="crawl the source again"
        )
    if code == ER.LOCK_WAIT_TIMEOUT:
        return LakeshellError(
            f"another session of the source {address} holds a table locked",
            hint="see which: SHOW PROCESSLIST; run it again when that has ended",
        )
    if isinstance(error, pymysql.Error) and code and not _is_of_connection(code):
        usual = "MySQL 8.0 or later is needed" if code in _OLD else _MEND
        return LakeshellError(
            f"the source {address} refused a statement: {said}", hint=_HINTS.get(code, usual)
        )
    return ConnectionFailed(
        f"the source {address} cannot be reached: {said}",
        hint=_HINTS.get(code, address.start_hint).replace("{connection}", address.connection),
    )


def _is_of_connection(code: int) -> bool:
    return code in _OF_DRIVER or code in _TURNED_AWAY or code in _LOST
