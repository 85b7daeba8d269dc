"""The source database, whole, into object storage and back, checked table by table.

A backup is objects below `mysql/TIME/`: `dump.sql.gz`, `users.sql`, `events.sql` and, written last,
the `manifest.json` that makes it one: checksums of the tables and of the dump. While it is taken,
writes to the database wait, so that the checksums are of the very rows that are dumped. Brought back
are first the users, whom views and routines name, then the tables, then the rights, which name those,
and events when nothing is compared any more, for they may change what is.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.errors import AlreadyExists, LakeshellError, NotFound
from lakeshell.locking import Held, locked
from lakeshell.stack.accounts import accounts, written
from lakeshell.stack.compose import Compose
from lakeshell.stack.control import cursor
from lakeshell.stack.dump import (
    CLIENT,
    MB,
    BackupFailed,
    Dump,
    Heard,
    client,
    contents,
    events,
    quoted,
)
from lakeshell.stack.services import Service
from lakeshell.stack.storage import ObjectStorage

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

    from lakeshell.ports import Reporter

PREFIX = "mysql/"
_MANIFEST = "manifest.json"
_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")
_PATIENCE = 120
_LOCK_WAIT = 1205
_GONE = (1054, 1146, 1305)
"""MySQL's codes for a column, a table and a routine that there is not."""


class UnderWay(LakeshellError):
    pass


@dataclass(frozen=True, slots=True)
class Backup:
    """`checksums` are MySQL's own of each `database.table`, `size` and `sha256` the compressed
    dump's; `taken` is in UTC."""

    name: str
    taken: str
    version: str
    size: int
    sha256: str
    databases: Sequence[str]
    checksums: Mapping[str, int]


# --- taking one ----------------------------------------------------------------------------


def take(
    compose: Compose,
    now: datetime,
    reporter: Reporter,
    then: Callable[[], None] = lambda: None,
) -> Backup:
    """`then` is done before anybody may write again. Raises `BackupFailed`; nothing that looks like a
    backup is left then, and what is left of an earlier one that was cut off is removed."""
    storage = ObjectStorage(compose.installation)
    clear(storage)
    folder = _free_folder(storage, now)
    with _session(compose) as holder, _session(compose) as sql:
        if not _databases(sql):
            raise NotFound("the source database is empty", hint="there is nothing to back up")
        reporter.step("waiting for changes under way to end")
        databases = _hold_still(holder)
        try:
            made = _taken(compose, sql, databases, folder, now, reporter)
        except BaseException:
            with suppress(LakeshellError):
                clear(storage)
            raise
        then()
    return made


def _hold_still(sql: Cursor) -> Sequence[str]:
    """The databases, of which nobody changes a row or a definition while this session lasts. Waits for
    changes under way, and other changes wait behind: not for long. Who reads waits for nothing, as it
    would behind a statement that reads for long with FLUSH TABLES WITH READ LOCK."""
    from pymysql import OperationalError

    sql.execute("SET SESSION lock_wait_timeout = %s", (_PATIENCE,))
    try:
        sql.execute("LOCK INSTANCE FOR BACKUP")
        databases = _databases(sql)
        places = [
            f"{quoted(schema)}.{quoted(table)} READ" for schema, table in _tables(sql, databases)
        ]
        if places:
            sql.execute(f"LOCK TABLES {', '.join(places)}")
    except OperationalError as error:
        if error.args[0] != _LOCK_WAIT:
            raise
        raise BackupFailed(
            f"changes or transactions of others did not end within {_PATIENCE} seconds",
            hint="see which: SHOW PROCESSLIST; save it when they have ended",
        ) from error
    return databases


def _free_folder(storage: ObjectStorage, now: datetime) -> str:
    while storage.keys(folder := PREFIX + now.strftime("%Y%m%dT%H%M%SZ") + "/"):
        now += timedelta(seconds=1)
    return folder


def _taken(
    compose: Compose,
    sql: Cursor,
    databases: Sequence[str],
    folder: str,
    now: datetime,
    reporter: Reporter,
) -> Backup:
    storage = ObjectStorage(compose.installation)
    reporter.step("checksums of the tables")
    sums = _checksums(sql, databases, reporter)
    sql.execute("SELECT VERSION()")
    version = str((sql.fetchone() or ("",))[0])
    storage.put(folder + "users.sql", written(sql).encode())
    storage.put(folder + "events.sql", events(compose, databases))
    reporter.step(f"dumping {len(sums)} tables to object storage")
    with closing(Dump(compose, contents(sql, databases), reporter)) as dump:
        storage.upload(folder + "dump.sql.gz", dump, {"version": version})
    name = folder.removeprefix(PREFIX).removesuffix("/")
    made = Backup(
        name, now.isoformat(timespec="seconds"), version, dump.size, dump.sha256, databases, sums
    )
    storage.put(folder + _MANIFEST, json.dumps(asdict(made), indent=1).encode())
    return made


# --- one that was cut off ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remains:
    """Of backups that have no manifest: objects, and uploads that were never ended."""

    keys: Sequence[str]
    uploads: Sequence[tuple[str, str]]

    @property
    def names(self) -> Sequence[str]:
        keys = [*self.keys, *(key for key, _ in self.uploads)]
        return sorted({key.removeprefix(PREFIX).partition("/")[0] for key in keys})


def remains(storage: ObjectStorage) -> Remains:
    """Those of one that is being taken, too."""
    keys = storage.keys(PREFIX)
    whole = {key.removesuffix(_MANIFEST) for key in keys if key.endswith("/" + _MANIFEST)}
    left = [key for key in keys if key.rpartition("/")[0] + "/" not in whole]
    return Remains(left, storage.unfinished(PREFIX))


def clear(storage: ObjectStorage) -> Sequence[str]:
    """Removes the remains; the names of the backups that they are of. Only for one who is `alone`."""
    left = remains(storage)
    for key, upload in left.uploads:
        storage.give_up(key, upload)
    for key in left.keys:
        storage.delete(key)
    return left.names


@contextmanager
def alone(folder: Path, *, disturbing: bool = False) -> Iterator[None]:
    """One at a time takes a backup or brings one back, and nobody starts or stops services meanwhile,
    which is called `disturbing` and hinders no other that is. `folder` is the installation's. The
    lock goes with its holder. Raises `UnderWay`."""
    try:
        with locked(folder / ".backup-lock", shared=disturbing):
            yield
    except Held as error:
        other = "" if disturbing else ", or services are started or stopped"
        raise UnderWay(
            f"mysql is being saved or brought back by another command{other}",
            hint="wait for its end, then run this again",
        ) from error


# --- bringing one back ---------------------------------------------------------------------


def backups(storage: ObjectStorage) -> Sequence[Backup]:
    """The whole ones, oldest first."""
    keys = [key for key in storage.keys(PREFIX) if key.endswith("/" + _MANIFEST)]
    return [Backup(**json.loads(storage.read(key))) for key in sorted(keys)]


def find(storage: ObjectStorage, name: str | None) -> Backup:
    """The one of that name, the latest for None. Raises `NotFound`."""
    known = backups(storage)
    if not known:
        raise NotFound("there is no backup of mysql", hint="lakeshell stack backup mysql")
    if name is None:
        return known[-1]
    for backup in known:
        if backup.name == name:
            return backup
    raise NotFound(
        f"there is no backup {name!r}", hint=f"there are: {', '.join(b.name for b in known)}"
    )


def restore(
    compose: Compose, name: str | None, reporter: Reporter, *, replace: bool = False
) -> Backup:
    """Into an empty database, or in place of what is there. Raises `AlreadyExists` before it
    changes anything, `BackupFailed` when a table did not come back as it was."""
    storage = ObjectStorage(compose.installation)
    backup = find(storage, name)
    folder = PREFIX + backup.name + "/"
    users = accounts(storage.read(folder + "users.sql").decode())
    if storage.size(folder + "dump.sql.gz") != backup.size:
        raise _changed(backup)
    with _session(compose) as sql:
        present = _databases(sql)
        if present and not replace:
            raise AlreadyExists(
                f"the source database is not empty: it has {', '.join(present)}",
                hint="add --replace to delete what is there first",
            )
        # A table may be referred to from another database.
        sql.execute("SET foreign_key_checks = 0")
        for database in present:
            sql.execute(f"DROP DATABASE {quoted(database)}")
    reporter.step(f"restoring {len(backup.checksums)} tables of {backup.name}")
    with _session(compose) as sql:
        _do(sql, users.made, reporter)
    _feed(compose, _unpacked(storage, folder + "dump.sql.gz", backup, reporter))
    with _session(compose) as sql:
        _do(sql, users.rights, reporter)
        reporter.step("comparing checksums")
        found = _checksums(sql, backup.databases, reporter)
    wrong = [t for t, checksum in backup.checksums.items() if found.get(t) != checksum]
    if wrong:
        raise BackupFailed(
            f"{len(wrong)} tables did not come back as they were, {wrong[0]} among them",
            hint="restore again with --replace, or an older one with --backup NAME",
        )
    # One from before events were kept by themselves has them in its dump.
    if storage.keys(folder + "events.sql"):
        _feed(compose, [storage.read(folder + "events.sql")])
    return backup


def _do(sql: Cursor, statements: Sequence[str], reporter: Reporter) -> None:
    """MySQL keeps a right to a table or column that was dropped, and takes none to one that is not
    there: such a right is left out, and that is said."""
    from pymysql import MySQLError

    for statement in statements:
        try:
            sql.execute(statement)
        except MySQLError as error:
            code, said = (*error.args, "", "")[:2]
            if code not in _GONE:
                raise BackupFailed(
                    f"mysql did not take the users of the backup: {said}",
                    hint="restore again with --replace",
                ) from error
            reporter.warn(f"left out, for what it names is gone: {statement}")


def _unpacked(
    storage: ObjectStorage, key: str, backup: Backup, reporter: Reporter
) -> Iterator[bytes]:
    """The dump's text. Raises `BackupFailed` at its end when its bytes are not those written."""
    seen = hashlib.sha256()
    unpack = zlib.decompressobj(31)
    read = 0
    for chunk in storage.chunks(key):
        seen.update(chunk)
        read += len(chunk)
        reporter.advance(read // MB, max(backup.size // MB, 1), "MB")
        yield unpack.decompress(chunk)
    yield unpack.flush()
    if seen.hexdigest() != backup.sha256:
        raise _changed(backup)


def _changed(backup: Backup) -> BackupFailed:
    return BackupFailed(
        f"the dump of {backup.name} was changed in object storage",
        hint="restore an older one with --backup NAME --replace",
    )


def _feed(compose: Compose, chunks: Iterator[bytes] | Sequence[bytes]) -> None:
    """Runs SQL text in the mysql client of the container."""
    process = client(compose, *CLIENT, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    assert process.stderr is not None
    heard = Heard(process.stderr)
    try:
        for chunk in chunks:
            process.stdin.write(chunk)
        process.stdin.close()
    except BrokenPipeError:
        pass
    except BaseException:
        process.kill()
        raise
    if process.wait() != 0:
        raise BackupFailed(
            f"mysql did not take the dump: {heard.last()}",
            hint="restore again with --replace",
        )


# --- what both need ------------------------------------------------------------------------


@contextmanager
def _session(compose: Compose) -> Iterator[Cursor]:
    """One that lasts however long a dump does."""
    from pymysql import MySQLError

    with cursor(compose.installation, Service.MYSQL) as sql:
        try:
            sql.execute("SET SESSION wait_timeout = 31536000")
            yield sql
        except MySQLError as error:
            raise BackupFailed(
                f"mysql broke off: {error.args[-1]}",
                hint="run it again, which starts mysql; see why: lakeshell stack logs mysql",
            ) from error


def _databases(sql: Cursor) -> list[str]:
    sql.execute("SHOW DATABASES")
    return sorted(name for (name,) in sql.fetchall() if name not in _SYSTEM)


def _tables(sql: Cursor, databases: Sequence[str]) -> Sequence[tuple[str, str]]:
    if not databases:
        return []
    sql.execute(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_type = 'BASE TABLE' AND table_schema IN %s ORDER BY 1, 2",
        (tuple(databases),),
    )
    return list(sql.fetchall())


def _checksums(sql: Cursor, databases: Sequence[str], reporter: Reporter) -> dict[str, int]:
    tables = _tables(sql, databases)
    found = {}
    for done, (database, table) in enumerate(tables, 1):
        sql.execute(f"CHECKSUM TABLE {quoted(database)}.{quoted(table)}")
        found[f"{database}.{table}"] = int((sql.fetchone() or ("", 0))[1] or 0)
        reporter.advance(done, len(tables), "tables")
    return found
