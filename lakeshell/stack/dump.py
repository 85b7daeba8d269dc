"""A MySQL server's databases as SQL text, read as a stream and compressed on the way.

In: a server that holds still. Out: what a client makes the same databases of, in four parts:

    tables, routines and views  ->  rows  ->  rows of floating numbers  ->  triggers and events

so that no trigger fires for a row that comes back. mysqldump writes them all but for the rows of
tables with FLOAT or DOUBLE columns, of which it would cut the digits and lose the sign of a zero.
"""

from __future__ import annotations

import hashlib
import subprocess
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from lakeshell.errors import LakeshellError
from lakeshell.stack import secrets
from lakeshell.stack.compose import Compose
from lakeshell.stack.services import Service

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

    from lakeshell.ports import Reporter

MB = 2**20
_CHARACTERS = "--default-character-set=utf8mb4"
_DUMP = (
    "mysqldump", "--user=root", "--single-transaction", "--quick", "--hex-blob", "--no-tablespaces",
    _CHARACTERS, "--set-gtid-purged=OFF",
)  # fmt: skip
_STRUCTURE = (*_DUMP, "--no-data", "--skip-triggers", "--routines")
_ROWS = (*_DUMP, "--no-create-info", "--skip-triggers")
_LAST = (*_DUMP, "--no-create-info", "--no-data", "--triggers", "--events")
_SELECT = (
    "mysql", "--user=root", _CHARACTERS, "--quick", "--batch", "--skip-column-names",
    "--init-command=SET time_zone = '+00:00', sql_mode = ''", "--execute",
)  # fmt: skip
CLIENT = (
    "mysql", "--user=root", _CHARACTERS,
    # Else it changes the ends of lines in the text of routines, or leaves remarks out.
    "--binary-mode", "--comments",
)  # fmt: skip
_BEGIN = """
SET NAMES utf8mb4;
SET time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0, unique_checks = 0;
"""


class BackupFailed(LakeshellError):
    pass


@dataclass(frozen=True, slots=True)
class _Part:
    """A command of the container that prints SQL, or rows of `INSERT` when that is said."""

    words: Sequence[str]
    insert: str = ""


def client(
    compose: Compose, *words: str, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """The password goes through the environment: words of a command line are seen by everyone."""
    password = compose.installation.secrets[secrets.MYSQL_ROOT]
    return compose.piped(Service.MYSQL, *words, stdin=stdin, lent={"MYSQL_PWD": password})


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def parts(sql: Cursor, databases: Sequence[str]) -> Sequence[_Part]:
    floating = _floating(sql, databases)
    ignored = [f"--ignore-table={schema}.{table}" for schema, table in floating]
    named = ("--databases", "--", *databases)
    return [
        _Part((*_STRUCTURE, *named)),
        _Part((*_ROWS, *ignored, *named)),
        *(_floating_rows(sql, schema, table) for schema, table in floating),
        _Part((*_LAST, *named)),
    ]


def _floating(sql: Cursor, databases: Sequence[str]) -> Sequence[tuple[str, str]]:
    sql.execute(
        "SELECT DISTINCT table_schema, table_name FROM information_schema.columns"
        " JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_type = 'BASE TABLE' AND data_type IN ('float', 'double')"
        " AND generation_expression = '' AND table_schema IN %s ORDER BY 1, 2",
        (tuple(databases),),
    )
    return list(sql.fetchall())


def _floating_rows(sql: Cursor, schema: str, table: str) -> _Part:
    sql.execute(
        "SELECT column_name, data_type, character_set_name FROM information_schema.columns"
        " WHERE table_schema = %s AND table_name = %s AND generation_expression = ''"
        " ORDER BY ordinal_position",
        (schema, table),
    )
    columns = [
        (quoted(name), kind.lower(), characters) for name, kind, characters in sql.fetchall()
    ]
    place = f"{quoted(schema)}.{quoted(table)}"
    values = ", ".join(_literal(*column) for column in columns)
    names = ", ".join(name for name, _, _ in columns)
    return _Part(
        (*_SELECT, f"SELECT {values} FROM {place}"), f"INSERT INTO {place} ({names}) VALUES"
    )


def _literal(name: str, kind: str, characters: str | None) -> str:
    """An expression for the column's value as a literal of SQL, in ASCII, with neither tab nor
    backslash in it."""
    match kind:
        case "float":
            # As text it has six digits; as a double, all.
            return f"CONCAT('''', {name} + 0e0, '''')"
        case "bit":
            return f"CAST({name} AS UNSIGNED)"
        case "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "year":
            return name
        case "double" | "date" | "time" | "datetime" | "timestamp":
            return f"CONCAT('''', {name}, '''')"
    if characters is not None or kind == "json":
        return f"CONCAT('_utf8mb4 x''', HEX(CONVERT({name} USING utf8mb4)), '''')"
    return f"CONCAT('x''', HEX({name}), '''')"


class Dump:
    """All parts one after the other, compressed while they are read. Raises `BackupFailed` in place
    of its end when one ended badly or `close` came first, so that an upload is given up."""

    def __init__(self, compose: Compose, parts: Sequence[_Part], reporter: Reporter) -> None:
        self._compose = compose
        self._reporter = reporter
        self._chunks = self._sql(parts)
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()
        self._closed = False
        self._press = zlib.compressobj(1, zlib.DEFLATED, 31)
        self._held = b""
        self._read = 0
        self._ended = False
        self._sum = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._sum.hexdigest()

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._held) < size):
            chunk = next(self._chunks, b"")
            self._read += len(chunk)
            self._reporter.advance(self._read // MB, None, "MB")
            if chunk:
                self._held += self._press.compress(chunk)
            else:
                self._held += self._press.flush()
                self._ended = True
        given = self._held if size < 0 else self._held[:size]
        self._held = self._held[len(given) :]
        self._sum.update(given)
        self.size += len(given)
        return given

    def close(self) -> None:
        """From any thread, while another reads."""
        with self._guard:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()
            process.wait()

    def _sql(self, parts: Sequence[_Part]) -> Iterator[bytes]:
        for part in parts:
            output = self._output(part.words)
            yield from inserts(part.insert, output) if part.insert else output

    def _output(self, words: Sequence[str]) -> Iterator[bytes]:
        with self._guard:
            if self._closed:
                raise BackupFailed("the dump was cut off", hint="run it again")
            process = self._process = client(self._compose, *words)
        assert process.stdout is not None
        assert process.stderr is not None
        heard = Heard(process.stderr)
        while chunk := process.stdout.read(MB):
            yield chunk
        if process.wait() != 0:
            raise BackupFailed(
                f"{words[0]} failed: {heard.last()}", hint="see also: lakeshell stack logs mysql"
            )


def inserts(insert: str, rows: Iterator[bytes]) -> Iterator[bytes]:
    """Lines of literals between tabs as statements, of so many rows as come at once."""
    yield _BEGIN.encode()
    rest = b""
    for chunk in rows:
        lines, end, rest = (rest + chunk).rpartition(b"\n")
        if end:
            values = lines.replace(b"\t", b",").replace(b"\n", b"),\n(")
            yield insert.encode() + b"\n(" + values + b");\n"


class Heard:
    """What a command says on stderr, read beside its work: one with much to say would wait."""

    def __init__(self, stderr: IO[bytes]) -> None:
        self._said: list[bytes] = []
        self._listener = threading.Thread(
            target=lambda: self._said.append(stderr.read()), daemon=True
        )
        self._listener.start()

    def last(self) -> str:
        """The last line, when the command has ended."""
        self._listener.join()
        said = b"".join(self._said).decode("utf-8", "replace")
        lines = [line for line in said.splitlines() if line.strip()]
        return lines[-1].strip() if lines else "no reason given"
