"""A damaged ledger in SQLite: kept aside as it is, and a new one made of what can still be read.

In: the ledger's file. Out: the name of the kept file, and how many records were saved. The damaged
file and its journal are never written to: what is read is a copy.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from lakeshell.errors import AlreadyExists, LakeshellError
from lakeshell.ledger.copying import copy
from lakeshell.ledger.found import FoundFile
from lakeshell.ledger.sqlite import SqliteDatabase, SqliteLedger
from lakeshell.model import QueryState

_JOURNALS = ("-wal", "-shm")
_LARGEST = 2**40
"""Bytes: no ledger is larger, so a header that says so is damaged itself."""
_MOMENTS = {"started", "finished", "saved", "at", "upto"}
_END = 253_402_300_800_000_000
"""Microseconds from 1970 to the year 10,000."""
_NUMBERS = {
    "elapsed", "scanned", "rows", "cost", "queued", "planned", "attempt", "bytes", "dpu", "version",
}  # fmt: skip
_NULLABLE = {
    "finished", "elapsed", "scanned", "rows", "cost", "queued", "planned", "bytes", "cancelled_by",
}  # fmt: skip


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
                    sound=lambda values: _is_sound(values, lost),
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
    with target.open("r+b") as file:
        # Of a file that was cut off SQLite reads nothing at all: what is gone is then empty pages.
        head = file.read(32)
        page, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
        whole = (65_536 if page == 1 else page) * pages
        if head.startswith(b"SQLite format 3") and target.stat().st_size < whole < _LARGEST:
            file.truncate(whole)


def _is_sound(values: Mapping[str, object], lost: list[str]) -> bool:
    """Whether a row is still a record: what it holds is of its kind, and what must be there is."""
    for name, value in values.items():
        if name in _MOMENTS:
            right = isinstance(value, int) and 0 <= value < _END
        elif name == "state":
            right = value in set(QueryState)
        elif name == "parameters":
            right = isinstance(value, str) and _is_object(value)
        else:
            right = isinstance(value, int | float if name in _NUMBERS else str)
        if not right and not (value is None and name in _NULLABLE):
            lost.append(f"a record's {name!r} is {value!r:.40}")
            return False
    return True


def _is_object(written: str) -> bool:
    try:
        return isinstance(json.loads(written), dict)
    except ValueError:
        return False
