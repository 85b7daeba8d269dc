"""The movie-rental source of the walk-through: made up, seeded, the same on every machine.

In: where to put it, a scale and a seed. Out: a database of 16 tables and 8 views, whose rentals and
payments grow with the scale while memory does not. It appears whole or not at all, and an existing
one is never touched. `generate` makes a SQLite file, `movies_mysql` a database of MySQL.
"""

from __future__ import annotations

import fcntl
import glob
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Protocol

from lakeshell.demo import movies_films, movies_people, movies_trade
from lakeshell.demo.movies_schema import INDEXES, TABLES, views
from lakeshell.errors import AlreadyExists, LakeshellError
from lakeshell.ports import Reporter

SEED = 20_261_124
INCLUDE = ("movies/%",)
EXCLUDE = (
    "*act*",
    "*_list",
    "*_stock",
    "sales_*",
    "{address,city,country}",
    "{inventory,language}",
    "{staff,store}",
)
"""With these a crawl takes film, category, film_category, customer, rental and payment only."""


class Target(Protocol):
    """A database that is being filled."""

    def execute(self, statement: str) -> object: ...
    def insert(self, table: str, rows: Sequence[movies_films.Row]) -> None: ...


def generate(path: Path, *, scale: int = 1, reporter: Reporter, seed: int = SEED) -> int:
    """Makes the database and gives its number of rows.

    Raises `AlreadyExists`, and `LakeshellError` where the file cannot be written.
    """
    if path.exists():
        raise AlreadyExists(f"{path} exists and is left as it is", hint="name another file")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        with temporary.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with closing(sqlite3.connect(temporary, isolation_level=None)) as database:
                rows = _fill_file(database, scale, Random(seed), reporter)
            os.fsync(file.fileno())
            temporary.replace(path)
    except (sqlite3.Error, OSError) as error:
        raise LakeshellError(
            f"the source {path} cannot be written: {error}",
            hint="see whether the disk is full and whether the folder may be written to",
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    return rows


def _remove_abandoned(path: Path) -> None:
    """What killed processes left half-made: the kernel holds no lock for them any more."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        with suppress(OSError), part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()


def _fill_file(database: sqlite3.Connection, scale: int, random: Random, reporter: Reporter) -> int:
    # A file that is renamed only when it is whole needs no journal.
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("BEGIN")
    target = _File(database)
    for statement in TABLES:
        target.execute(statement)
    rows = fill(target, scale, random, reporter)
    for statement in (*INDEXES, *views("sqlite")):
        target.execute(statement)
    database.execute("COMMIT")
    return rows


class _File:
    """A `Target` that is a SQLite file."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.execute = database.execute
        self._many = database.executemany

    def insert(self, table: str, rows: Sequence[movies_films.Row]) -> None:
        places = ", ".join("?" * len(rows[0]))
        self._many(f"INSERT INTO {table} VALUES ({places})", rows)


def fill(target: Target, scale: int, random: Random, reporter: Reporter) -> int:
    """The rows of every table, whose tables are there; gives their number."""
    reporter.step("films, people and places")
    rows, trade = _standing(target, random, scale)
    total = scale * (movies_trade.RENTALS + movies_trade.PAYMENTS)
    reporter.step("rentals and payments")
    traded = 0
    for rentals, payments in trade.blocks():
        target.insert("rental", rentals)
        target.insert("payment", payments)
        traded += len(rentals) + len(payments)
        reporter.advance(traded, total, "rows")
    return rows + traded


def _standing(target: Target, random: Random, scale: int) -> tuple[int, movies_trade.Trade]:
    """Everything that does not grow with the scale."""
    shelf, films, assigned = movies_films.films(random)
    actors, cast = movies_films.actors(random)
    world = movies_people.world(random)
    inventory, copies = movies_films.copies(random, shelf, len(world.store))
    wishes = movies_people.wishes(random, world.customers, len(shelf))
    rows = 0
    for table, content in (
        ("language", movies_films.languages()),
        ("category", movies_films.categories()),
        ("film", films),
        ("film_category", assigned),
        ("actor", actors),
        ("film_actor", cast),
        ("country", world.country),
        ("city", world.city),
        ("address", world.address),
        ("store", world.store),
        ("staff", world.staff),
        ("customer", world.customer),
        ("inventory", inventory),
        ("wish_list", wishes),
    ):
        made = list(content)
        target.insert(table, made)
        rows += len(made)
    return rows, movies_trade.Trade(random, shelf, copies, world.customers, scale)
