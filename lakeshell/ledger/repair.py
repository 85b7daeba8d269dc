"""A damaged ledger in SQLite: kept aside as it is, and a new one made of what can still be read.

In: the ledger's file. Out: the name of the kept file, and how many records were saved. The damaged
file and its journal are never written to: what is read is a copy.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from lakeshell.errors import AlreadyExists, LakeshellError
from lakeshell.ledger.copying import copy
from lakeshell.ledger.found import FoundFile
from lakeshell.ledger.sqlite import SqliteDatabase, SqliteLedger

_JOURNALS = ("-wal", "-shm")


def damage(path: Path) -> str:
    """What is wrong with a ledger's file, in a line; empty for nothing."""
    try:
        database = SqliteDatabase(path)
        try:
            return database.check()
        finally:
            database.close()
    except LakeshellError as error:
        return error.message


def repair(
    path: Path, now: datetime, told: Callable[[str, int], None] = lambda table, rows: None
) -> tuple[Path, dict[str, int], list[str]]:
    """Gives the kept file, the saved rows by table, and what could not be read."""
    kept = path.with_name(f"{path.name}.damaged-{now:%Y%m%d-%H%M%S}")
    if kept.exists():
        raise AlreadyExists(f"{kept} is there already", hint="try again in a second")
    lost: list[str] = []
    with TemporaryDirectory(dir=path.parent, prefix="ledger-") as folder:
        made = Path(folder) / "new.db"
        wreck = Path(folder) / "wreck.db"
        _copied(path, wreck)
        ledger = SqliteLedger(made)
        try:
            with closing(FoundFile(wreck, str(path))) as source:
                saved = copy(
                    source,
                    ledger.database,
                    told=told,
                    give_up=lambda error: lost.append(error.message),
                )
            ledger.index_texts()
        finally:
            ledger.close()
        for journal in ("", *_JOURNALS):
            with suppress(FileNotFoundError):
                path.with_name(path.name + journal).rename(kept.with_name(kept.name + journal))
        made.rename(path)
    return kept, saved, lost


def _copied(path: Path, target: Path) -> None:
    for journal in ("", *_JOURNALS):
        with suppress(FileNotFoundError):
            shutil.copyfile(
                path.with_name(path.name + journal), target.with_name(target.name + journal)
            )
