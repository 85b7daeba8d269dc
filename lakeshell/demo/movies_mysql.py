"""The movie-rental source as a database of MySQL.

In: an open connection, the database's name, a scale and a seed. Out: the same rows as in the SQLite
file. The tables are filled in a database beside the named one and moved over in one statement, so
that a killed run leaves nothing that looks whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Any

import pymysql

from lakeshell.demo.movies import SEED, fill
from lakeshell.demo.movies_films import Row
from lakeshell.demo.movies_schema import INDEXES, TABLES, views
from lakeshell.errors import AlreadyExists, LakeshellError
from lakeshell.ports import Reporter

_SESSION = (
    "SET NAMES utf8mb4",
    "SET SESSION sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')",
    "SET SESSION time_zone = '+00:00'",
    # The rows are made so that every key holds; the tests look it up.
    "SET SESSION foreign_key_checks = 0",
    "SET SESSION unique_checks = 0",
)


def generate_mysql(
    connection: pymysql.Connection[Any],
    database: str,
    *,
    scale: int = 1,
    reporter: Reporter,
    seed: int = SEED,
) -> int:
    """Makes the database and gives its number of rows.

    Raises `AlreadyExists` where it has tables, and `LakeshellError` where the server refuses.
    """
    staging = f"{database}__making"
    try:
        with connection.cursor() as cursor:
            if cursor.execute(f"SHOW TABLES FROM {_quoted(database)}"):
                raise AlreadyExists(
                    f"the database {database} has tables and is left as it is",
                    hint=f"drop it first (DROP DATABASE {database}), or name another",
                )
    except pymysql.MySQLError as error:
        if error.args[0] != _UNKNOWN_DATABASE:
            raise _refused(database, error) from error
    try:
        with connection.cursor() as cursor:
            return _make(_Database(cursor), database, staging, scale, Random(seed), reporter)
    except pymysql.MySQLError as error:
        raise _refused(database, error) from error


def _make(
    target: _Database, name: str, staging: str, scale: int, random: Random, reporter: Reporter
) -> int:
    for setting in _SESSION:
        target.execute(setting)
    target.execute(f"DROP DATABASE IF EXISTS {_quoted(staging)}")
    target.execute(f"CREATE DATABASE {_quoted(staging)} CHARACTER SET utf8mb4")
    target.execute(f"USE {_quoted(staging)}")
    for table in TABLES:
        target.execute(_with_comments(table))
    rows = fill(target, scale, random, reporter)
    for index in INDEXES:
        target.execute(index)
    target.execute(f"CREATE DATABASE IF NOT EXISTS {_quoted(name)} CHARACTER SET utf8mb4")
    moved = ", ".join(f"{_quoted(t)} TO {_quoted(name)}.{_quoted(t)}" for t in map(_name, TABLES))
    target.execute(f"RENAME TABLE {moved}")
    target.execute(f"DROP DATABASE {_quoted(staging)}")
    target.execute(f"USE {_quoted(name)}")
    for view in views("mysql"):
        target.execute(view)
    for table in map(_name, TABLES):
        target.execute(f"ANALYZE TABLE {_quoted(table)}")
    return rows


class _Database:
    """A `movies.Target` that is a database of MySQL; each table's rows are one transaction."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def execute(self, statement: str) -> object:
        return self._cursor.execute(statement)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        places = ", ".join(["%s"] * len(rows[0]))
        self._cursor.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        self._cursor.connection.commit()


def _name(table: str) -> str:
    return table.split()[2]


def _with_comments(table: str) -> str:
    """The definition with its `--` remarks as MySQL's comments."""
    lines = []
    comment = ""
    for line in table.splitlines():
        said = re.fullmatch(r"(.*?)(,?)\s*-- (.*)", line)
        if said is None:
            lines.append(line)
        elif said[1].strip():
            lines.append(f"{said[1]} COMMENT '{said[3]}'{said[2]}")
        else:
            comment = f" COMMENT '{said[3]}'"
    return "\n".join(lines) + comment


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


_UNKNOWN_DATABASE = 1049


def _refused(database: str, error: pymysql.MySQLError) -> LakeshellError:
    return LakeshellError(
        f"the database {database} cannot be made: {error.args[-1]}",
        hint="see whether its user may create databases and whether the server's disk is full",
    )
