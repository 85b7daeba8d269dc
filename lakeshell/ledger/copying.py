"""A ledger's records from one database to another: from a file to MySQL, back, or out of a wreck.

In: what gives rows, and the database that takes them. Out: how many of each table are new there.
What is there already stays as it is, so it may be done again, and while both are in use.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

from lakeshell.errors import LakeshellError
from lakeshell.ledger.database import Database, Row
from lakeshell.ledger.events import EVENT
from lakeshell.ledger.records import QUERY, RUN

COLUMNS: Mapping[str, Sequence[str]] = {
    "queries": (*QUERY, "process", "cancelled_by"),
    "runs": (*RUN, "process"),
    "saved_versions": ("workgroup", "name", "version", "saved", "user", "text"),
    "origins": ("origin", "upto"),
    "workgroup_events": EVENT,
}
_KEYS = {"queries": "number", "runs": "id"}
"""What the rows are read in order of; tables without one are small and read at once."""
_OLD_KEYS = {**_KEYS, "queries": "id"}
"""An older Lakeshell did not number its queries."""
_ABSENT = {"engine_id": "''", "reused": "''"}
"""What stands for a column that an older Lakeshell did not have, where nothing may not."""
_PAGE = 2_000
_LAST = 2**62


class Reading(Protocol):
    """What is needed of where the records come from. Its errors are `LakeshellError`s."""

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]: ...

    def columns(self, table: str) -> Collection[str]:
        """None of a table that is not there."""


def is_ledger(source: Reading) -> bool:
    """Whether it has what every Lakeshell writes. Raises for what cannot be read at all."""
    return set(source.columns("queries")) >= {*QUERY[:8], "process"}


def copy(
    source: Reading,
    target: Database,
    *,
    told: Callable[[str, int], None] = lambda table, rows: None,
    give_up: Callable[[LakeshellError], None] | None = None,
    sound: Callable[[Mapping[str, object]], bool] = lambda values: True,
) -> dict[str, int]:
    """`told` hears how many rows of a table went by. `give_up` hears what cannot be read, and the
    rest is copied; without it that is raised. What is not `sound` is left out."""
    added = {}
    there = _there(source, give_up)
    keys = _KEYS if "number" in there.get("queries", ()) else _OLD_KEYS
    for table, has in there.items():
        known = [name for name in COLUMNS[table] if name in has or name in _ABSENT]
        asked = [f'"{name}"' if name in has else _ABSENT[name] for name in known]
        added[table] = passed = 0
        adding = target.adding(table, known)
        for page in _pages(source, table, asked, keys.get(table), give_up):
            kept = [row for row in page if sound(dict(zip(known, row, strict=True)))]
            with target.transaction():
                added[table] += target.write_many(adding, kept)
            passed += len(page)
            told(table, passed)
            if table == "origins":
                for origin, upto in kept:
                    target.write(
                        "UPDATE origins SET upto = ? WHERE origin = ? AND upto < ?",
                        (upto, origin, upto),
                    )
    return added


def _there(
    source: Reading, give_up: Callable[[LakeshellError], None] | None
) -> dict[str, Collection[str]]:
    """The columns of each table that it has: it may be an older Lakeshell's."""
    found: dict[str, Collection[str]] = {}
    for table in COLUMNS:
        try:
            found[table] = source.columns(table)
        except LakeshellError as error:
            if give_up is None:
                raise
            give_up(error)
    if give_up is not None and found.get("queries") == set():
        give_up(LakeshellError("its table of queries is gone"))
    return {table: columns for table, columns in found.items() if columns}


def _pages(
    source: Reading,
    table: str,
    asked: Sequence[str],
    key: str | None,
    give_up: Callable[[LakeshellError], None] | None,
) -> Iterator[list[Row]]:
    """The rows of a table; `asked` are expressions."""
    if key is None:
        try:
            yield source.read(f"SELECT {', '.join(asked)} FROM {table}")
        except LakeshellError as error:
            if give_up is None:
                raise
            give_up(error)
        return
    if key == "number":
        yield from _numbered(source, table, asked, give_up)
        return
    last: dict[bool, object] = {}
    for backwards in (False, True):
        size = _PAGE
        while True:
            try:
                page = _page(source, table, asked, key, last, backwards, size)
            except LakeshellError as error:
                if give_up is None:
                    raise
                # What stands before the damage in the same page of rows is still wanted.
                size //= 2
                if size:
                    continue
                give_up(error)
                break
            if not page:
                return
            last[backwards] = page[-1][0]
            yield [row[1:] for row in page]


def _numbered(
    source: Reading,
    table: str,
    asked: Sequence[str],
    give_up: Callable[[LakeshellError], None] | None,
) -> Iterator[list[Row]]:
    """The same by numbers: what stands behind some damage is found by leaping over it."""
    last, size, leap = -1, _PAGE, 1
    while last < _LAST:
        try:
            page = _page(source, table, asked, "number", {False: last}, False, size)
        except LakeshellError as error:
            if give_up is None:
                raise
            if size > 1:
                size //= 2
                continue
            give_up(error)
            last, leap = last + leap, leap * 2
            continue
        if not page:
            return
        last, size, leap = page[-1][0], min(_PAGE, size * 2), 1
        yield [row[1:] for row in page]


def _page(
    source: Reading,
    table: str,
    asked: Sequence[str],
    key: str,
    last: Mapping[bool, object],
    backwards: bool,
    size: int,
) -> list[Row]:
    """The next rows in a direction, before what came from the other one. Their key comes first."""
    ends = [f"{key} {'<' if end else '>'} ?" for end in last]
    where = f"WHERE {' AND '.join(ends)}" if ends else ""
    return source.read(
        f"SELECT {key}, {', '.join(asked)} FROM {table} {where}"
        f" ORDER BY {key} {'DESC' if backwards else 'ASC'} LIMIT {size}",
        list(last.values()),
    )
