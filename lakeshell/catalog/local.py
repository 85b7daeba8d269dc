"""The lake's catalog in one SQLite file, `.lakeshell/catalog.db`.

In: databases and tables to register. Out: what is registered, each table with its versions. The
file also holds pyiceberg's own tables: Iceberg tables are listed from there and described from
their metadata files, and a database is a namespace there. Many processes may use the file at once;
each change is one transaction. Never makes, changes or removes an Iceberg table's files.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lakeshell.catalog import iceberg
from lakeshell.catalog.migrations import migrate
from lakeshell.catalog.names import (
    database_taken,
    folded,
    name_taken,
    no_database,
    no_table,
    not_registered,
    not_unregistered,
    taken,
)
from lakeshell.catalog.rows import FIELDS, from_row, same_version, stamp, to_row
from lakeshell.errors import ConnectionFailed, NotEmpty, NotFound
from lakeshell.model import LAKE, CatalogTable, Database, TableKind, TableName

BUSY_SECONDS = 30.0
INFORMATION_SCHEMA = "information_schema"
_ICEBERG = "catalog_name = ? AND (iceberg_type IS NULL OR iceberg_type = 'TABLE')"
_ICEBERG += " AND metadata_location IS NOT NULL"
_NAMES = f"""SELECT database, name FROM catalog_tables
    UNION ALL SELECT table_namespace, table_name FROM iceberg_tables WHERE {_ICEBERG}""".replace(
    "catalog_name = ?", "catalog_name = ?1"
)
_ONE_ICEBERG = f"{_ICEBERG} AND table_namespace = ? AND table_name = ?"
_CURRENT = f"""SELECT t.database, t.name, t.created, {FIELDS}
    FROM catalog_tables t JOIN catalog_versions v ON v.table_id = t.id AND v.version = t.version"""


class LocalCatalog:
    """`ports.Catalog` on the SQLite file `path`, which is made if it is missing.

    `now` gives the time in UTC. Safe to use from many threads.
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self.now = now
        self._lock = threading.RLock()
        with _failures(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._db.execute("PRAGMA foreign_keys = ON")
                migrate(self._db, path)
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # --- databases -------------------------------------------------------------------------

    def databases(self) -> Sequence[Database]:
        with self._reading() as db:
            rows = db.execute(
                """SELECT namespace,
                       max(CASE WHEN property_key = 'comment' THEN property_value END),
                       max(CASE WHEN property_key = 'location' THEN property_value END)
                   FROM iceberg_namespace_properties WHERE catalog_name = ?
                   GROUP BY namespace ORDER BY namespace""",
                (LAKE,),
            ).fetchall()
        return [Database(name, comment or "", location or "") for name, comment, location in rows]

    def create_database(self, database: Database, *, exist_ok: bool = False) -> None:
        name = database.name.lower()
        with self._writing() as db:
            if name == INFORMATION_SCHEMA or self._has_database(db, name):
                if exist_ok:
                    return
                raise database_taken(name)
            properties = {
                "exists": "true", "comment": database.comment, "location": database.location
            }  # fmt: skip
            db.executemany(
                "INSERT INTO iceberg_namespace_properties VALUES (?, ?, ?, ?)",
                [(LAKE, name, key, value) for key, value in properties.items() if value],
            )

    def drop_database(self, name: str) -> None:
        name = name.lower()
        with self._writing() as db:
            self._check_database(db, name)
            held = self._names(db, name)
            if held:
                raise NotEmpty(
                    f"the database {name} is not empty: it has {len(held)} tables",
                    hint=f"drop them first: {', '.join(t.table for t in held[:5])}",
                )
            db.execute(
                "DELETE FROM iceberg_namespace_properties WHERE catalog_name = ? AND namespace = ?",
                (LAKE, name),
            )

    # --- tables ----------------------------------------------------------------------------

    def names(self, database: str | None = None) -> Sequence[TableName]:
        with self._reading() as db:
            return self._names(db, None if database is None else database.lower())

    def names_by_database(self) -> Mapping[str, Sequence[str]]:
        """SQLite puts the names together: a row of each table would hold the interpreter's lock."""
        found: dict[str, Sequence[str]] = {known.name: () for known in self.databases()}
        with self._reading() as db:
            rows = db.execute(
                f"SELECT database, group_concat(name, char(0)) FROM ({_NAMES}) GROUP BY 1", (LAKE,)
            ).fetchall()
        found |= {name: sorted(held.split("\0")) for name, held in rows}
        return dict(sorted(found.items()))

    def tables(self, database: str | None = None) -> Sequence[CatalogTable]:
        folded = None if database is None else database.lower()
        with self._reading() as db:
            own = db.execute(
                f"{_CURRENT} WHERE ?1 IS NULL OR t.database = ?1", (folded,)
            ).fetchall()
            others = db.execute(
                f"""SELECT table_namespace, table_name, metadata_location FROM iceberg_tables
                    WHERE {_ICEBERG} AND (?2 IS NULL OR table_namespace = ?2)""".replace(
                    "catalog_name = ?", "catalog_name = ?1"
                ),
                (LAKE, folded),
            ).fetchall()
        found = [from_row(TableName(*row[:2]), row[2], row[3:]) for row in own]
        found += [iceberg.listed(TableName(*row[:2]), row[2]) for row in others]
        return sorted(found, key=lambda table: table.name)

    def table(self, name: TableName) -> CatalogTable:
        name = folded(name)
        with self._reading() as db:
            row = db.execute(f"{_CURRENT} WHERE t.database = ? AND t.name = ?", name).fetchone()
            if row is not None:
                return from_row(name, row[2], row[3:])
            location = self._iceberg_location(db, name)
            if location is None:
                raise self._not_found(db, name)
        return iceberg.read(name, location)[-1]

    def versions(self, name: TableName) -> Sequence[CatalogTable]:
        name = folded(name)
        with self._reading() as db:
            rows = db.execute(
                f"""SELECT t.created, {FIELDS} FROM catalog_tables t
                    JOIN catalog_versions v ON v.table_id = t.id
                    WHERE t.database = ? AND t.name = ? ORDER BY v.version""",
                name,
            ).fetchall()
            if rows:
                return [from_row(name, row[0], row[1:]) for row in rows]
            location = self._iceberg_location(db, name)
            if location is None:
                raise self._not_found(db, name)
        return iceberg.read(name, location)

    def put(self, table: CatalogTable) -> CatalogTable:
        """Statistics among the parameters (`rows.STATISTICS`) change the current version in place;
        any other change makes a new one. Raises `NotFound` for the database, `AlreadyExists` when
        the name is that of a table of another kind."""
        with self._writing() as db:
            return self._put(db, table)

    def put_many(
        self, tables: Sequence[CatalogTable], on_put: Callable[[int], None] | None = None
    ) -> Sequence[CatalogTable]:
        """In one transaction."""
        made: list[CatalogTable] = []
        with self._writing() as db:
            for table in tables:
                made.append(self._put(db, table))
                if on_put is not None:
                    on_put(len(made))
        return made

    def refusal(self, name: TableName) -> str:
        return ""

    def _put(self, db: sqlite3.Connection, table: CatalogTable) -> CatalogTable:
        table = replace(table, name=folded(table.name))
        if table.kind is TableKind.ICEBERG:
            raise not_registered(table.name)
        self._check_database(db, table.name.database)
        if self._iceberg_location(db, table.name) is not None:
            raise taken(table.name, TableKind.ICEBERG)
        row = db.execute(f"{_CURRENT} WHERE t.database = ? AND t.name = ?", table.name).fetchone()
        if row is None:
            return self._insert(db, table)
        old = from_row(table.name, row[2], row[3:])
        if old.kind is not table.kind:
            raise taken(table.name, old.kind)
        return self._change(db, old, table)

    def drop(self, name: TableName) -> None:
        """With all its versions. An Iceberg table is dropped by its store, files and all."""
        name = folded(name)
        with self._writing() as db:
            done = db.execute("DELETE FROM catalog_tables WHERE database = ? AND name = ?", name)
            if done.rowcount:
                return
            if self._iceberg_location(db, name) is not None:
                raise not_unregistered(name)
            raise self._not_found(db, name)

    def rename(self, name: TableName, target: TableName) -> None:
        name, target = folded(name), folded(target)
        with self._writing() as db:
            held = self._names(db)
            if name not in held:
                raise self._not_found(db, name)
            self._check_database(db, target.database)
            if name == target:
                return
            if target in held:
                raise name_taken(target)
            db.execute(
                "UPDATE catalog_tables SET database = ?, name = ? WHERE database = ? AND name = ?",
                (*target, *name),
            )
            db.execute(
                f"""UPDATE iceberg_tables SET table_namespace = ?, table_name = ?
                    WHERE {_ONE_ICEBERG}""",
                (*target, LAKE, *name),
            )

    # --- parts -----------------------------------------------------------------------------

    def _insert(self, db: sqlite3.Connection, table: CatalogTable) -> CatalogTable:
        now = self.now()
        made = db.execute(
            "INSERT INTO catalog_tables (database, name, version, created) VALUES (?, ?, 1, ?)",
            (*table.name, stamp(now)),
        )
        assert made.lastrowid is not None
        return self._add_version(db, made.lastrowid, replace(table, version=1, created=now), now)

    def _change(
        self, db: sqlite3.Connection, old: CatalogTable, table: CatalogTable
    ) -> CatalogTable:
        (id,) = db.execute(
            "SELECT id FROM catalog_tables WHERE database = ? AND name = ?", table.name
        ).fetchone()
        if same_version(old, table):
            if old.parameters != table.parameters:
                db.execute(
                    "UPDATE catalog_versions SET parameters = ? WHERE table_id = ? AND version = ?",
                    (to_row(table)[2], id, old.version),
                )
            return replace(old, parameters=dict(table.parameters))
        made = replace(table, version=old.version + 1, created=old.created)
        db.execute("UPDATE catalog_tables SET version = ? WHERE id = ?", (made.version, id))
        return self._add_version(db, id, made, self.now())

    def _add_version(
        self, db: sqlite3.Connection, id: int, table: CatalogTable, now: datetime
    ) -> CatalogTable:
        db.execute(
            "INSERT INTO catalog_versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (id, table.version, *to_row(table), stamp(now)),
        )
        return replace(table, updated=now)

    def _names(self, db: sqlite3.Connection, database: str | None = None) -> list[TableName]:
        wanted = f"SELECT * FROM ({_NAMES}) WHERE ?2 IS NULL OR database = ?2 ORDER BY 1, 2"
        return [TableName._make(row) for row in db.execute(wanted, (LAKE, database))]

    def _iceberg_location(self, db: sqlite3.Connection, name: TableName) -> str | None:
        row = db.execute(
            f"SELECT metadata_location FROM iceberg_tables WHERE {_ONE_ICEBERG}", (LAKE, *name)
        ).fetchone()
        return None if row is None else row[0]

    def _has_database(self, db: sqlite3.Connection, name: str) -> bool:
        found = db.execute(
            "SELECT 1 FROM iceberg_namespace_properties WHERE catalog_name = ? AND namespace = ?",
            (LAKE, name),
        ).fetchone()
        return found is not None

    def _check_database(self, db: sqlite3.Connection, name: str) -> None:
        if self._has_database(db, name):
            return
        rows = db.execute("SELECT DISTINCT namespace FROM iceberg_namespace_properties").fetchall()
        raise no_database(name, [row[0] for row in rows])

    def _not_found(self, db: sqlite3.Connection, name: TableName) -> NotFound:
        return no_table(name, self._names(db))

    # --- the file --------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _failures(self.path):
            yield self._db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _failures(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself where the disk is full.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise ConnectionFailed(
            f"the lake's catalog {path} cannot be used: {error}",
            hint="see whether another process holds it, whether the disk is full and whether the "
            "folder may be written to",
        ) from error
    except sqlite3.DatabaseError as error:
        raise ConnectionFailed(
            f"the lake's catalog {path} is damaged: {error}",
            hint="restore the file from a backup; the tables' data is untouched by this",
        ) from error
