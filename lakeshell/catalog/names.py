"""What catalogs say of names: unknown ones with the nearest known, and ones that are taken.

In: names. Out: errors for their callers to raise, names in lower case.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.errors import AlreadyExists, NotFound, UsageError
from lakeshell.model import TableKind, TableName


def folded(name: TableName) -> TableName:
    return TableName(name.database.lower(), name.table.lower())


def no_database(name: str, known: Sequence[str]) -> NotFound:
    near = _nearest(name, known, 1)
    return NotFound(
        f"there is no database {name!r}",
        hint=f"did you mean {near[0]!r}?"
        if near
        else f"make it: lakeshell query -e 'CREATE SCHEMA {name}'",
    )


def no_table(name: TableName, held: Sequence[TableName]) -> NotFound:
    near = [str(t) for t in held if t.table == name.table]
    near += _nearest(str(name), [str(t) for t in held], 3)
    named = ", ".join(list(dict.fromkeys(near))[:3])
    return NotFound(
        f"there is no table {name}",
        hint=f"did you mean {named}?" if named else "`lakeshell catalog tables` lists them",
    )


def taken(name: TableName, kind: TableKind) -> AlreadyExists:
    what = {"iceberg": "an Iceberg table", "view": "a view", "source": "a crawled table"}
    return AlreadyExists(
        f"{name} exists already, as {what.get(kind.value, 'a table of files')}",
        hint="choose another name, or drop it first",
    )


def name_taken(name: TableName) -> AlreadyExists:
    return AlreadyExists(f"the table {name} exists already", hint="choose another name, or drop it")


def database_taken(name: str) -> AlreadyExists:
    return AlreadyExists(
        f"the database {name} exists already", hint="choose another name, or use it"
    )


def not_registered(name: TableName) -> UsageError:
    return UsageError(
        f"{name} cannot be registered as an Iceberg table",
        hint=f"make it: CREATE TABLE lake.{name} (...)",
    )


def not_unregistered(name: TableName) -> UsageError:
    return UsageError(
        f"{name} is an Iceberg table, whose files would be left behind",
        hint=f"drop it with them: lakeshell query -e 'DROP TABLE {name}'",
    )


def _nearest(name: str, known: Sequence[str], most: int) -> list[str]:
    import difflib

    return difflib.get_close_matches(name, known, most, cutoff=0.7)
