"""A ledger's records from one database to another: from a file to MySQL, back, or out of a wreck.

In: what gives rows, and the database that takes them. Out: how many of each table are new there.
What is there already stays as it is, so it may be done again, and while both are in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from lakeshell.errors import LakeshellError
from lakeshell.ledger.database import Database, Row, names
from lakeshell.ledger.events import EVENT
from lakeshell.ledger.records import QUERY, RUN

COLUMNS: Mapping[str, Sequence[str]] = {
    "queries": (*QUERY, "process", "cancelled_by"),
    "runs": (*RUN, "process"),
    "saved_versions": ("workgroup", "name", "version", "saved", "user", "text"),
    "origins": ("origin", "upto"),
    "workgroup_events": EVENT,
}
KEYS = {"queries": "number", "runs": "id"}
"""What the rows are read in order of; tables without one are small and read at once."""
_PAGE = 2_000


class Reading(Protocol):
    """The half of a `Database` that is needed of where the records come from."""

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]: ...


def copy(
    source: Reading,
    target: Database,
    *,
    columns: Mapping[str, Sequence[str]] = COLUMNS,
    keys: Mapping[str, str] = KEYS,
    told: Callable[[str, int], None] = lambda table, rows: None,
    give_up: Callable[[LakeshellError], None] | None = None,
) -> dict[str, int]:
    """`columns` are those that the source has; `told` hears how many rows of a table went by.
    `give_up` hears what cannot be read, and the rest is copied; without it that is raised."""
    added = {}
    for table, known in columns.items():
        added[table] = passed = 0
        adding = target.adding(table, known)
        for page in _pages(source, table, known, keys, give_up):
            with target.transaction():
                added[table] += target.write_many(adding, page)
            passed += len(page)
            told(table, passed)
            if table == "origins":
                for origin, upto in page:
                    target.write(
                        "UPDATE origins SET upto = ? WHERE origin = ? AND upto < ?",
                        (upto, origin, upto),
                    )
    return added


def _pages(
    source: Reading,
    table: str,
    columns: Sequence[str],
    keys: Mapping[str, str],
    give_up: Callable[[LakeshellError], None] | None,
) -> Iterator[list[Row]]:
    key = keys.get(table)
    if key is None:
        try:
            yield source.read(f"SELECT {names(columns)} FROM {table}")
        except LakeshellError as error:
            if give_up is None:
                raise
            give_up(error)
        return
    last: dict[bool, object] = {}
    for backwards in (False, True):
        size = _PAGE
        while True:
            try:
                page = _page(source, table, columns, key, last, backwards, size)
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


def _page(
    source: Reading,
    table: str,
    columns: Sequence[str],
    key: str,
    last: Mapping[bool, object],
    backwards: bool,
    size: int,
) -> list[Row]:
    """The next rows in a direction, before what came from the other one. Their key comes first."""
    ends = [f"{key} {'<' if end else '>'} ?" for end in last]
    where = f"WHERE {' AND '.join(ends)}" if ends else ""
    return source.read(
        f"SELECT {key}, {names(columns)} FROM {table} {where}"
        f" ORDER BY {key} {'DESC' if backwards else 'ASC'} LIMIT {size}",
        list(last.values()),
    )
