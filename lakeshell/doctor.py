"""Checks of every part of a lake: what was found and the command that mends it.

In: an open lake. Out: findings, one part after the other, each made only when asked for, so that a
slow part does not hide what is known already. Changes nothing: `cleaning` does.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lakeshell.cleaning import abandoned, cut_off_backups
from lakeshell.cost.sizes import files_text, size_text
from lakeshell.errors import LakeshellError, command_line

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.model import CatalogTable

LOW_SPACE = 2**30
"""Bytes free in the lake's folder below which a load may fail."""


LONG_LOCK = 60
"""Seconds: a commit holds its table's lock for one or two."""


_COMMAND = re.compile(r"[^:;`]+: (lakeshell [^:;`]+)(?:; lakeshell doctor checks [a-z ]+)?")


class Health(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` is a command or a change of a file; empty when nothing is wrong."""

    part: str
    health: Health
    found: str
    mend: str = ""


ASIDE = ("mysql", "workers", "trino's catalogs")
"""Parts of a stack that the catalog and most queries do without."""
MANY = 2_000
"""Tables of which each is looked at where that must be quick."""


def findings(lake: Lake, *, quick: bool = False) -> Iterator[Finding]:
    """Every check, in the order in which parts lean on each other. A `quick` look, which a console has
    for its first screen, wakes no service and runs no query: what would have to is left out, and so
    is what is asked of each of more than `MANY` tables."""
    yield _python()
    yield _folder(lake)
    stores: tuple[tuple[str, _Definitions], ...] = (
        ("connection", lake.connections),
        ("crawler", lake.crawlers),
        ("job", lake.jobs),
        ("workgroup", lake.workgroups),
    )
    for kind, store in stores:
        yield from _each(kind, store.names, partial(_definition, store))
    secrets = _guarded("secrets", lambda: "known" if lake.place else "")
    if secrets.health is Health.FAILED:
        # Nothing is reached without them.
        yield secrets
        return
    broken = []
    if lake.has_stack:
        for finding in _stack(lake):
            yield finding
            if finding.health is Health.FAILED and not finding.part.startswith(ASIDE):
                broken.append(finding.part)
        yield from _backups(lake)
    if lake.settings.engine == "trino":
        yield from _served(lake)
    yield _guarded("ledger", lambda: _ledger(lake))
    if broken and lake.settings.engine == "trino":
        # What leans on a broken part says the same again, or waits for it in vain.
        fails = "fails" if len(broken) == 1 else "fail"
        said = f"not looked at while {' and '.join(broken)} {fails}"
        yield Finding("catalog and engine", Health.WARNING, said, "mend that first")
    elif quick and lake.catalog_sleeps():
        yield Finding("catalog", Health.OK, "sleeps until it is needed")
    else:
        yield _guarded("catalog", lambda: _catalog(lake))
        if quick and _count(lake) > MANY:
            said = f"more than {MANY:,} are not looked at one by one here"
            yield Finding("tables", Health.OK, said, "lakeshell doctor")
        else:
            yield from _tables(lake)
            yield from _locks(lake)
            yield from _views(lake)
        # On a cluster a query is somebody's: in the history, on the bill, and a use that keeps it up.
        if not (quick and lake.is_on_own_stack):
            yield _guarded("engine", lambda: _engine(lake))
        # Which files somebody still writes is asked of the engine, which may have slept until here. On
        # object storage, looking at every file is nothing for a first screen.
        large = quick and (lake.settings.engine == "trino" or _count(lake) > MANY)
        if not large:
            yield _warehouse(lake)
    if not quick:
        yield from _results(lake)
    looked_at = partial(_own_source, lake) if quick else partial(_source, lake)
    yield from _each("source", lake.connections.names, looked_at)


def _each(
    kind: str, names: Callable[[], Sequence[str]], check: Callable[[str], str]
) -> Iterator[Finding]:
    try:
        known = names()
    except LakeshellError as error:
        yield Finding(f"{kind}s", Health.FAILED, error.message, error.hint)
        return
    for name in known:
        yield _guarded(f"{kind} {name}", partial(check, name))


def _guarded(part: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(part, Health.OK, check())
    except LakeshellError as error:
        return Finding(part, Health.FAILED, error.message, _mend(error.hint))


def _mend(hint: str) -> str:
    """The command alone, where a hint is one in some words: it is typed as it stands."""
    found = _COMMAND.fullmatch(hint)
    return found[1] if found else hint


def _stack(lake: Lake) -> Iterator[Finding]:
    from lakeshell.stack.checks import checks

    for part, check in checks(lake.stack):
        yield _guarded(part, check)


def _backups(lake: Lake) -> Iterator[Finding]:
    """Only what was cut off: it takes room."""
    try:
        left = cut_off_backups(lake)
    except LakeshellError:
        # Said where object storage is looked at.
        return
    for name in left:
        said = "was cut off; what is left of it takes room"
        yield Finding(f"backup {name}", Health.WARNING, said, "lakeshell doctor --clean")


def _served(lake: Lake) -> Iterator[Finding]:
    """Where there is something to watch: a stack whose Trino runs, or a Trino elsewhere."""
    from lakeshell.serve import serving
    from lakeshell.stack.services import Service

    if lake.is_on_own_stack and Service.TRINO in lake.asleep():
        return
    process = serving(lake.state)
    if process is not None:
        yield Finding("serve", Health.OK, f"process {process} watches limits and idle services")
        return
    mend = "lakeshell stack start" if lake.is_on_own_stack else "keep one running: lakeshell serve"
    said = "nobody watches budgets, limits that Trino cannot keep, and idle services"
    yield Finding("serve", Health.WARNING, said, mend)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    health = Health.OK if sys.version_info >= (3, 11) else Health.FAILED
    mend = "" if health is Health.OK else "install Python 3.11 or later, and Lakeshell with it"
    return Finding("python", health, version, mend)


def _folder(lake: Lake) -> Finding:
    if not os.access(lake.folder, os.W_OK):
        return Finding(
            "folder",
            Health.FAILED,
            f"{lake.folder} cannot be written to",
            f"chown -R $(whoami) {lake.folder}",
        )
    free = shutil.disk_usage(lake.folder).free
    said = f"{lake.folder}, {free / 2**30:,.1f} GB free"
    if free < LOW_SPACE:
        return Finding("folder", Health.WARNING, said, "free some space before the next load")
    return Finding("folder", Health.OK, said)


class _Definitions(Protocol):
    def names(self) -> Sequence[str]: ...
    def get(self, name: str) -> object: ...


def _definition(store: _Definitions, name: str) -> str:
    script = getattr(store.get(name), "script", None)
    if isinstance(script, Path) and not script.is_file():
        raise LakeshellError(
            f"its script {script} is missing", hint="put it back, or propose the job again"
        )
    return "reads well"


def _ledger(lake: Lake) -> str:
    from lakeshell.ledger.sqlite import REPAIR, SqliteLedger

    ledger = lake.sql_ledger
    if isinstance(ledger, SqliteLedger):
        wrong = ledger.database.check()
        if wrong:
            raise LakeshellError(f"{ledger.path} is damaged: {wrong}", hint=REPAIR)
    counts = ledger.counts()
    said = f"{counts['queries']:,} queries, {counts['runs']:,} runs in {ledger.database.place}"
    kept = sorted(path.name for path in lake.state.glob("ledger.db.damaged-*[0-9]"))
    return f"{said}; kept of an earlier damage: {', '.join(kept)}" if kept else said


def _catalog(lake: Lake) -> str:
    databases = lake.catalog.databases()
    return f"{len(databases)} databases, {len(lake.catalog.names())} tables"


def _count(lake: Lake) -> int:
    try:
        return len(lake.catalog.names())
    except LakeshellError:
        return 0


def _unconnected(lake: Lake, tables: Iterable[CatalogTable]) -> Iterator[Finding]:
    """One finding for each connection that is gone: a Metastore that lakes share has many tables of
    those of others."""
    from lakeshell.model import TableKind

    known = {name.lower() for name in lake.connections.names()}
    orphans: dict[str, list[str]] = {}
    for table in tables:
        connection = table.parameters.get("connectionName", "").lower()
        if table.kind is TableKind.SOURCE and connection not in known:
            orphans.setdefault(connection, []).append(str(table.name))
    for connection, names in orphans.items():
        first, *others = names
        more = f" and {len(others):,} table{'s'[: len(others) > 1]} more" if others else ""
        yield Finding(
            f"table {first}{more}",
            # With a Metastore of others, they may well be somebody else's.
            Health.FAILED if lake.settings.trino.url is None else Health.WARNING,
            f"the connection {connection!r} is not in this lake",
            command_line("connection", "add", connection, "URL"),
        )


def _tables(lake: Lake) -> Iterator[Finding]:
    """Only what is wrong: a table whose place is gone, or whose connection is."""
    from lakeshell.model import TableKind

    try:
        tables = lake.catalog.tables()
    except LakeshellError:
        return
    yield from _unconnected(lake, tables)
    for table in tables:
        # The catalog lists a table whose metadata file cannot be read without its columns.
        if table.kind is TableKind.ICEBERG and not table.columns:
            yield Finding(
                f"table {table.name}",
                Health.FAILED,
                f"its metadata in {table.location} is gone or damaged",
                f"restore the folder, or: lakeshell query -e 'DROP TABLE {table.name}'",
            )


def _locks(lake: Lake) -> Iterator[Finding]:
    """Only those that a commit should have given back by now."""
    try:
        held = lake.store.locks()
    except LakeshellError:
        return
    for lock in held:
        if lock.dead or lock.age > LONG_LOCK:
            mend = (
                "lakeshell doctor --clean" if lock.dead else f"lakeshell catalog unlock {lock.name}"
            )
            said = f"is locked by {lock.holder}"
            yield Finding(f"table {lock.name}", Health.WARNING, said, mend)


def _views(lake: Lake) -> Iterator[Finding]:
    """Only those that cannot be read any more."""
    from lakeshell.query.views import stale_views

    try:
        found = stale_views(lake.catalog.tables(), lambda: lake.engine, lake.session)
    except LakeshellError:
        # Said where the catalog and the engine are looked at.
        return
    for view, why in found:
        mend = command_line("catalog", "recreate-view", view.name)
        yield Finding(f"view {view.name}", Health.WARNING, f"it is stale: {why}", mend)


def _warehouse(lake: Lake) -> Finding:
    try:
        left = abandoned(lake)
    except LakeshellError as error:
        return Finding("warehouse", Health.FAILED, error.message, error.hint)
    said, mend = [], []
    if left.files:
        size = size_text(sum(file.size for file in left.files))
        said.append(f"{files_text(len(left.files))}, {size}, of no table: a writer was killed")
        mend.append("lakeshell doctor --clean")
    if left.tables:
        said.append(f"the catalog knows nothing of the tables in {', '.join(left.tables)}")
        mend.append("register them (CALL lake.system.register_table), or remove the folders")
    if said:
        return Finding("warehouse", Health.WARNING, "; ".join(said), "; ".join(mend))
    return Finding("warehouse", Health.OK, "every file belongs to a table")


def _results(lake: Lake) -> Iterator[Finding]:
    """Of workgroups that keep theirs on object storage: no query fails where that is away, and what it
    does not take is found on this machine alone."""
    try:
        groups = [group for group in lake.workgroups.all() if group.shares_results]
    except LakeshellError:
        # Said where the workgroups are read.
        return

    def kept(location: str) -> str:
        lake.object_storage.check(location)
        return f"are kept in {location}"

    for group in groups:
        yield _guarded(f"results of {group.name}", partial(kept, str(group.result_location)))


def _engine(lake: Lake) -> str:
    running = lake.engine.run("SELECT 1", lake.session())
    try:
        rows = sum(batch.num_rows for batch in running.batches())
    finally:
        running.close()
    return f"answers; {rows} row for SELECT 1"


def _own_source(lake: Lake, name: str) -> str:
    """Of the stack's own source database its service was looked at, and asking it would wake it."""
    from lakeshell.runtime.installed import is_own

    connection = lake.connections.get(name)
    if not lake.has_stack or connection.scheme != "mysql":
        return _source(lake, name)
    address = connection.mysql_address(lake.place.environment, lake.folder)
    return "is the stack's mysql" if is_own(lake.place, address) else _source(lake, name)


def _source(lake: Lake, name: str) -> str:
    source = lake.source(name)
    try:
        return ", ".join(f"{stage}: {found}" for stage, found in source.test())
    finally:
        source.close()
