"""A MySQL server's databases as SQL text, read as a stream and compressed on the way.

In: a server that holds still. Out: what a client makes the same databases of, in four parts:

    tables, routines and views  ->  rows  ->  rows of floating numbers  ->  triggers

so that no trigger fires for a row that comes back; and the events, which may change rows as soon as
they are there, by themselves. mysqldump writes them all but for the rows of tables with FLOAT or
DOUBLE columns, of which it would cut the digits and lose the sign of a zero.
"""

from __future__ import annotations

import hashlib
import subprocess
import threading
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
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
_AS_ROOT = ("--user=root", "--default-character-set=utf8mb4")
_DUMP = (
    "mysqldump", *_AS_ROOT, "--single-transaction", "--quick", "--hex-blob", "--no-tablespaces",
    "--set-gtid-purged=OFF", "--skip-triggers",
)  # fmt: skip
_STRUCTURE = (*_DUMP, "--no-data", "--routines")
_ROWS = (*_DUMP, "--no-create-info")
_TRIGGERS = (*_DUMP, "--no-create-info", "--no-data", "--triggers")
_EVENTS = (*_DUMP, "--no-create-info", "--no-data", "--events")
_SELECT = (
    "mysql", *_AS_ROOT, "--max-allowed-packet=1G", "--quick", "--batch", "--skip-column-names",
    "--init-command=SET time_zone = '+00:00', sql_mode = ''", "--execute",
)  # fmt: skip
CLIENT = (
    # The server says how long a statement may be.
    "mysql", *_AS_ROOT, "--max-allowed-packet=1G",
    # Else it changes the ends of lines in the text of routines, or leaves remarks out.
    "--binary-mode", "--comments",
)  # fmt: skip
_TOO_LONG = b"too long"
"""In place of a value whose digits are longer than any text of the server."""
_TIED = (
    "sh", "-c",
    'exec 3<&0; "$@" </dev/null & made=$!; { read -r _ <&3; kill $made; } >/dev/null 2>&1 &'
    " wait $made; code=$?; kill $! 2>/dev/null; exit $code",
    "sh",
)  # fmt: skip
"""Begins a command that ends when its standard input does: one in a container goes on by itself when
who reads it is killed."""
_BROKEN_VIEW = "(1356)"
_GRACE = 10
"""Seconds."""
_BEGIN = """
SET NAMES utf8mb4;
SET time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0, unique_checks = 0;
"""


class BackupFailed(LakeshellError):
    pass


@dataclass(frozen=True, slots=True)
class _Part:
    """A command of the container that prints SQL, or rows for `insert` when there is one."""

    words: Sequence[str]
    insert: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """`longest` is how many bytes of text the server takes back as one row."""

    parts: Sequence[_Part]
    longest: int


def client(compose: Compose, *words: str, stdout: int) -> subprocess.Popen[bytes]:
    """The password goes through the environment: words of a command line are seen by everyone."""
    password = compose.installation.secrets[secrets.MYSQL_ROOT]
    return compose.piped(Service.MYSQL, *words, stdout=stdout, lent={"MYSQL_PWD": password})


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def contents(sql: Cursor, databases: Sequence[str]) -> Contents:
    sql.execute("SELECT @@GLOBAL.max_allowed_packet")
    (packet,) = sql.fetchone() or (0,)
    floating = _floating(sql, databases)
    ignored = [f"--ignore-table={schema}.{table}" for schema, table in floating]
    named = ("--databases", "--", *databases)
    parts = [
        _Part((*_STRUCTURE, *named)),
        _Part((*_ROWS, *ignored, *named)),
        *(_floating_rows(sql, schema, table) for schema, table in floating),
        _Part((*_TRIGGERS, *named)),
    ]
    # Beside a row, its statement has up to a megabyte of others.
    return Contents(parts, packet - 2 * MB)


def events(compose: Compose, databases: Sequence[str]) -> bytes:
    return b"".join(_output(compose, (*_EVENTS, "--databases", "--", *databases)))


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
    digits = f"CONCAT('x''', HEX({name}), '''')"
    if characters is not None or kind == "json":
        digits = f"CONCAT('_utf8mb4 x''', HEX(CONVERT({name} USING utf8mb4)), '''')"
    return f"IF({name} IS NULL, NULL, COALESCE({digits}, '{_TOO_LONG.decode()}'))"


class Dump:
    """All parts one after the other, compressed while they are read. Raises `BackupFailed` in place
    of its end when one ended badly, so that an upload is given up. To be closed."""

    def __init__(self, compose: Compose, contents: Contents, reporter: Reporter) -> None:
        self._reporter = reporter
        self._chunks = _sql(compose, contents)
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
        self._chunks.close()


def _sql(compose: Compose, contents: Contents) -> Generator[bytes]:
    for part in contents.parts:
        output = _output(compose, part.words)
        with closing(output):
            rows = restorable(output, contents.longest)
            yield from inserts(part.insert, rows) if part.insert else rows


def _output(compose: Compose, words: Sequence[str]) -> Generator[bytes]:
    """What a command in the container prints. It ends with its reader, however that one ends."""
    process = client(compose, *_TIED, *words, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    heard = Heard(process.stderr)
    try:
        while chunk := process.stdout.read(MB):
            yield chunk
        process.wait()
    finally:
        process.stdout.close()
        process.stdin.close()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.returncode != 0:
        said = heard.last().removeprefix(f"{words[0]}: ")
        hint = "see also: lakeshell stack logs mysql"
        if _BROKEN_VIEW in said:
            hint = "mend or drop that view, and save it again"
        raise BackupFailed(f"{words[0]} failed: {said}", hint=hint)


def restorable(chunks: Iterator[bytes], longest: int) -> Iterator[bytes]:
    """The same. Raises `BackupFailed` for a line, which is a row at least, that is too long."""
    length = 0
    for chunk in chunks:
        length += len(chunk.partition(b"\n")[0])
        if length > longest:
            raise _too_long()
        if b"\n" in chunk:
            length = len(chunk.rpartition(b"\n")[2])
        yield chunk


def inserts(insert: str, rows: Iterator[bytes]) -> Iterator[bytes]:
    """Lines of literals between tabs as statements, of so many rows as come at once."""
    yield _BEGIN.encode()
    rest = b""
    for chunk in rows:
        lines, end, rest = (rest + chunk).rpartition(b"\n")
        if _TOO_LONG in lines:
            raise _too_long()
        if end:
            values = lines.replace(b"\t", b",").replace(b"\n", b"),\n(")
            yield insert.encode() + b"\n(" + values + b");\n"


def _too_long() -> BackupFailed:
    return BackupFailed(
        "a row is longer than one statement of the server could bring back",
        hint="more memory makes room for it: memory_max in [stack.mysql], then lakeshell stack up",
    )


class Heard:
    """What a command says on stderr, read beside its work: one with much to say would wait."""

    def __init__(self, stderr: IO[bytes]) -> None:
        self._said: list[bytes] = []
        self._listener = threading.Thread(target=self._listen, args=(stderr,), daemon=True)
        self._listener.start()

    def _listen(self, stderr: IO[bytes]) -> None:
        with stderr:
            self._said.append(stderr.read())

    def last(self) -> str:
        """The last line, when the command has ended."""
        self._listener.join(_GRACE)
        said = b"".join(self._said).decode("utf-8", "replace")
        lines = [line for line in said.splitlines() if line.strip()]
        return lines[-1].strip() if lines else "no reason given"
