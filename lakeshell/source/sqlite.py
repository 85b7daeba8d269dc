"""A SQLite database as a source, opened read-only.

In: a file and the name that its one database goes by (its connection's). Out: its tables and views,
their columns as Trino types, their rows as Arrow. Never writes to the file and never changes a
value: see `declared` for the types, `values` for what fits them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakeshell.errors import ConnectionFailed, ObjectGone, UsageError
from lakeshell.model import Column, ObjectKind, ObjectName, SourceObject, SourceTable
from lakeshell.source.ddl import comments
from lakeshell.source.declared import Unmapped, trino_type
from lakeshell.sql.datatypes import (
    BIGINT,
    DATE,
    DOUBLE,
    VARBINARY,
    VARCHAR,
    TimestampType,
    TimeType,
    Type,
)

if TYPE_CHECKING:
    import pyarrow as pa

BUSY_SECONDS = 5.0
SAMPLED_ROWS = 10_000
"""Rows that are looked at for the type of a column whose declaration says nothing."""
SAMPLED_BYTES = 32 * 2**20
"""About so many bytes are read at once."""
_ASKED_AT_ONCE = 250
_KINDS = ("integer", "real", "text", "blob")
# What SQLite itself calls the type of a view's expression: nothing that anybody declared.
_EXPRESSIONS = {"", "int", "num", "real", "text", "blob", "any"}


class SqliteSource:
    """`ports.Source` over one SQLite file. `database` is the schema of every object's name."""

    def __init__(self, path: Path, database: str) -> None:
        self.path = path
        self.database = database
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def test(self) -> Sequence[tuple[str, str]]:
        with self._reading() as db:
            encoding = db.execute("PRAGMA encoding").fetchone()[0]
            journal = db.execute("PRAGMA journal_mode").fetchone()[0]
            size = self.path.stat().st_size
        objects = self.objects()
        views = sum(o.kind is ObjectKind.VIEW for o in objects)
        return (
            ("file", f"{self.path}, {size / 2**20:,.1f} MB"),
            ("database", f"SQLite {sqlite3.sqlite_version}, {encoding}, journal {journal}"),
            ("objects", f"{len(objects) - views} tables, {views} views in {self.database!r}"),
            ("read", self._first_row(objects)),
        )

    def _first_row(self, objects: Sequence[SourceObject]) -> str:
        from lakeshell.source.sqlite_rows import quoted

        for found in objects:
            if found.kind is ObjectKind.TABLE:
                with self._reading() as db:
                    db.execute(f"SELECT * FROM {quoted(found.name.name)} LIMIT 1").fetchone()
                return f"a row of {found.name.name}"
        return "nothing to read"

    def objects(self) -> Sequence[SourceObject]:
        with self._reading() as db:
            hidden = _shadow_tables(db)
            rows = db.execute(
                r"""SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')
                    AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name"""
            ).fetchall()
        return [
            SourceObject(ObjectName(self.database, name), ObjectKind(kind))
            for name, kind in rows
            if name not in hidden
        ]

    def describe(self, name: ObjectName) -> SourceTable:
        with self._reading() as db:
            kind, spelled, definition = self._find(db, name)
            try:
                declared = db.execute(
                    'SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?) WHERE hidden <> 1',
                    (spelled,),
                ).fetchall()
                table = self._described(db, kind, spelled, definition, declared)
            except sqlite3.OperationalError as error:
                if "locked" in str(error) or "disk" in str(error):
                    raise
                raise ObjectGone(
                    f"the {kind.value} {name} cannot be read: {error}",
                    hint="mend it in the source, or exclude it from the crawl",
                ) from error
        return table

    def read(
        self, table: SourceTable, columns: Sequence[str], batch_rows: int = 65_536
    ) -> pa.RecordBatchReader:
        import pyarrow as pa

        from lakeshell.source.sqlite_rows import Rows

        known = {column.name: column for column in table.columns}
        unknown = next((name for name in columns if name not in known), None)
        if unknown is not None:
            raise UsageError(
                f"{table.name} has no column {unknown!r}", hint=f"it has: {', '.join(known)}"
            )
        wanted = [known[name] for name in columns]
        rows = min(batch_rows, self._rows_at_once(table, wanted))
        read = Rows(self.path, table, wanted, rows)
        return pa.RecordBatchReader.from_batches(read.schema, read.batches())

    # --- describing ------------------------------------------------------------------------

    def _find(self, db: sqlite3.Connection, name: ObjectName) -> tuple[ObjectKind, str, str]:
        row = db.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
            " AND name = ?1 COLLATE NOCASE ORDER BY name = ?1 DESC",
            (name.name,),
        ).fetchone()
        if row is None or name.schema.lower() != self.database.lower():
            raise ObjectGone(f"there is no {name} in the source", hint="crawl the source again")
        return ObjectKind(row[0]), row[1], row[2] or ""

    def _described(
        self,
        db: sqlite3.Connection,
        kind: ObjectKind,
        spelled: str,
        definition: str,
        declared: Sequence[tuple[str, str, int, int]],
    ) -> SourceTable:
        said, by_column = comments(definition) if kind is ObjectKind.TABLE else ("", {})
        types = {name: _declared_type(kind, written) for name, written, _, _ in declared}
        unsure = [name for name, written, _, _ in declared if _unsure(types[name], written)]
        seen = _kinds_of(db, spelled, unsure)
        keys = sorted((pk, name) for name, _, _, pk in declared if pk)
        columns: list[Column] = []
        skipped: list[tuple[str, str]] = []
        for name, written, notnull, pk in declared:
            type = _settled(types[name], seen.get(name))
            if isinstance(type, Unmapped):
                skipped.append((name, type.reason))
                continue
            rowid = pk == 1 and len(keys) == 1 and written.upper() == "INTEGER"
            comment = by_column.get(name, "")
            columns.append(Column(name, type, not (notnull or rowid), comment, written))
        return SourceTable(
            ObjectName(self.database, spelled),
            kind,
            tuple(columns),
            primary_key=tuple(name for _, name in keys),
            rows=_count(db, spelled) if kind is ObjectKind.TABLE else None,
            comment=said,
            skipped=tuple(skipped),
        )

    def _rows_at_once(self, table: SourceTable, columns: Sequence[Column]) -> int:
        """So many rows that a batch stays near `SAMPLED_BYTES`, by the first rows' sizes."""
        from lakeshell.source.sqlite_rows import quoted

        sized = [c.name for c in columns if c.type.name in ("varchar", "varbinary", "json")]
        if not sized:
            return SAMPLED_BYTES
        total = " + ".join(f"ifnull(length({quoted(n)}), 0)" for n in sized[:_ASKED_AT_ONCE])
        listed = ", ".join(quoted(n) for n in sized[:_ASKED_AT_ONCE])
        with self._reading() as db:
            try:
                row = db.execute(
                    f"SELECT max({total}) FROM"
                    f" (SELECT {listed} FROM {quoted(table.name.name)} LIMIT 200)"
                ).fetchone()
            except sqlite3.OperationalError as error:
                if "no such" not in str(error):
                    raise
                raise ObjectGone(
                    f"{table.name} has changed in the source: {error}", hint="crawl it again"
                ) from error
        return int(SAMPLED_BYTES // max(row[0] or 1, 1)) + 1

    # --- the file --------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        from lakeshell.source.sqlite_rows import read_only_uri

        if not self.path.is_file():
            raise ConnectionFailed(
                f"the source file {self.path} does not exist",
                hint="put it back, or change the connection's url",
            )
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    read_only_uri(self.path),
                    uri=True,
                    timeout=BUSY_SECONDS,
                    check_same_thread=False,
                )
                self._connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            yield self._connection
        except sqlite3.DatabaseError as error:
            raise ConnectionFailed(
                f"the source {self.path} cannot be read: {error}",
                hint="see whether another program holds it locked, whether you may read it and "
                "whether it is a SQLite file",
            ) from error


def _shadow_tables(db: sqlite3.Connection) -> set[str]:
    """Tables behind a full-text index and the like, which are its own business."""
    if sqlite3.sqlite_version_info < (3, 37):
        return set()
    return {
        row[0] for row in db.execute("SELECT name FROM pragma_table_list WHERE type = 'shadow'")
    }


def _count(db: sqlite3.Connection, name: str) -> int:
    from lakeshell.source.sqlite_rows import quoted

    count: int = db.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]
    return count


def _declared_type(kind: ObjectKind, written: str) -> Type | Unmapped | None:
    if written.strip().lower() in ("", "any"):
        return None
    if kind is ObjectKind.VIEW and written.strip().lower() in _EXPRESSIONS:
        return None
    return trino_type(written)


def _unsure(type: Type | Unmapped | None, written: str) -> bool:
    """Times are kept as text by most programs and as numbers by some: the values tell."""
    if written.strip().lower().startswith("year"):
        return False
    return type is None or type == DATE or isinstance(type, TimestampType | TimeType)


def _kinds_of(
    db: sqlite3.Connection, table: str, columns: Sequence[str]
) -> dict[str, tuple[bool, ...]]:
    """Which of `_KINDS` the first rows hold, for each column."""
    from lakeshell.source.sqlite_rows import quoted

    found: dict[str, tuple[bool, ...]] = {}
    for start in range(0, len(columns), _ASKED_AT_ONCE):
        asked = columns[start : start + _ASKED_AT_ONCE]
        tests = ", ".join(f"max(typeof({quoted(c)}) = '{k}')" for c in asked for k in _KINDS)
        listed = ", ".join(quoted(c) for c in asked)
        row: tuple[Any, ...] = db.execute(
            f"SELECT {tests} FROM (SELECT {listed} FROM {quoted(table)} LIMIT {SAMPLED_ROWS})"
        ).fetchone()
        for index, column in enumerate(asked):
            found[column] = tuple(bool(seen) for seen in row[index * 4 : index * 4 + 4])
    return found


def _settled(type: Type | Unmapped | None, seen: tuple[bool, ...] | None) -> Type | Unmapped:
    if seen is None:
        assert type is not None
        return type
    integer, real, text, blob = seen
    if type is not None and (isinstance(type, Unmapped) or text or blob or not (integer or real)):
        return type
    if blob:
        if integer or real:
            return Unmapped("its values are numbers and bytes, which no one type holds")
        return VARBINARY
    if text or not (integer or real):
        return VARCHAR
    return DOUBLE if real else BIGINT
