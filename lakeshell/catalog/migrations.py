"""The catalog file's tables, as numbered steps that each file goes through once.

In: an open connection. Out: the same file at the newest step. A step, once released, never
changes; a file from a newer Lakeshell is refused rather than guessed at.
"""

from __future__ import annotations

import sqlite3

from lakeshell.errors import ConfigurationError
from lakeshell.store.pointers import SCHEMA

_TABLES = (
    """CREATE TABLE catalog_tables (
        id INTEGER PRIMARY KEY,
        database TEXT NOT NULL,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        created TEXT NOT NULL,
        UNIQUE (database, name))""",
    """CREATE TABLE catalog_versions (
        table_id INTEGER NOT NULL REFERENCES catalog_tables (id) ON DELETE CASCADE,
        version INTEGER NOT NULL,
        kind TEXT NOT NULL,
        columns TEXT NOT NULL,
        parameters TEXT NOT NULL,
        location TEXT NOT NULL,
        comment TEXT NOT NULL,
        definition TEXT NOT NULL,
        owner TEXT NOT NULL,
        updated TEXT NOT NULL,
        PRIMARY KEY (table_id, version)) WITHOUT ROWID""",
    # One name is one table, whoever makes it first: an Iceberg table is not made (its writer sees
    # that no row came to be) or renamed onto the name of another table.
    """CREATE TRIGGER iceberg_table_made BEFORE INSERT ON iceberg_tables
       WHEN EXISTS (SELECT 1 FROM catalog_tables
                    WHERE database = NEW.table_namespace AND name = NEW.table_name)
       BEGIN SELECT RAISE(IGNORE); END""",
    """CREATE TRIGGER iceberg_table_renamed
       BEFORE UPDATE OF table_namespace, table_name ON iceberg_tables
       WHEN EXISTS (SELECT 1 FROM catalog_tables
                    WHERE database = NEW.table_namespace AND name = NEW.table_name)
       BEGIN SELECT RAISE(ABORT, 'the name is taken'); END""",
)
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("iceberg tables and namespaces", SCHEMA),
    ("tables and their versions", _TABLES),
)


def step_of(connection: sqlite3.Connection) -> int:
    """The number of the last step that this file went through; 0 for a new one."""
    try:
        row = connection.execute("SELECT max(number) FROM catalog_migrations").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return 0
    return row[0] or 0


def migrate(connection: sqlite3.Connection, path: object) -> None:
    """Takes the file to the newest step, alone among the processes that open it at once."""
    done = step_of(connection)
    if done > len(STEPS):
        raise ConfigurationError(
            f"the catalog {path} was made by a newer Lakeshell (step {done}, not {len(STEPS)})",
            hint="update Lakeshell; the file is as it was",
        )
    if done == len(STEPS):
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS catalog_migrations ("
            "number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
            " applied TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"
        )
        for number in range(step_of(connection) + 1, len(STEPS) + 1):
            name, statements = STEPS[number - 1]
            for statement in statements:
                connection.execute(statement)
            connection.execute(
                "INSERT INTO catalog_migrations (number, name) VALUES (?, ?)", (number, name)
            )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
