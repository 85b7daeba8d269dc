"""A SQLite database as a source, opened read-only.

In: a file and the name that its one database goes by (its connection's). Out: its tables and views,
their columns as Trino types, their rows as Arrow. Never writes to the file and never changes a
value: see `declared` for the types, `values` for what fits them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakeshell.errors import ObjectGone
from lakeshell.model import Column, ObjectKind, ObjectName, SourceObject, SourceTable
from lakeshell.source.columns import chosen_columns
from lakeshell.source.ddl import comments
from lakeshell.source.declared import Unmapped, trino_type
from lakeshell.source.sqlite_file import SqliteFile, literal, quoted
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

COUNTED_ROWS = 100_000
SAMPLED_ROWS = 10_000
"""Rows that are looked at for the type of a column whose declaration says nothing."""
SAMPLED_BYTES = 8 * 2**20
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
        self._open: SqliteFile | None = None

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def test(self) -> Sequence[tuple[str, str]]:
        ((encoding,),) = self._rows("PRAGMA encoding")
        ((version,),) = self._rows("SELECT sqlite_version()")
        objects = self.objects()
        views = sum(o.kind is ObjectKind.VIEW for o in objects)
        return (
            ("file", f"{self.path}, {self.path.stat().st_size / 2**20:,.1f} MB"),
            ("database", f"{encoding} text, read by SQLite {version}"),
            ("objects", f"{len(objects) - views} tables, {views} views in {self.database!r}"),
            ("read", self._first_row(objects)),
        )

    def _first_row(self, objects: Sequence[SourceObject]) -> str:
        for found in objects:
            if found.kind is ObjectKind.TABLE:
                self._rows(
                    f"SELECT count(*) FROM (SELECT * FROM {quoted(found.name.name)} LIMIT 1)"
                )
                return f"a row of {found.name.name}"
        return "nothing to read"

    def objects(self) -> Sequence[SourceObject]:
        rows = self._rows(
            r"""SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')
                AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
                AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
                ORDER BY name"""
        )
        return [
            SourceObject(ObjectName(self.database, name), ObjectKind(kind)) for name, kind in rows
        ]

    def describe(self, name: ObjectName) -> SourceTable:
        kind, spelled, definition = self._find(name)
        try:
            declared = self._rows(
                'SELECT name, type, "notnull", pk'
                f" FROM pragma_table_xinfo({literal(spelled)}) WHERE hidden <> 1"
            )
            return self._described(kind, spelled, definition, declared)
        except ObjectGone as error:
            raise ObjectGone(
                f"the {kind.value} {name} cannot be read: {error.message.partition(' has changed: ')[2]}",
                hint="mend it in the source, or exclude it from the crawl",
            ) from error

    def describe_many(self, names: Sequence[ObjectName]) -> Iterator[SourceTable | ObjectGone]:
        for name in names:
            try:
                yield self.describe(name)
            except ObjectGone as error:
                yield error

    def read(
        self, table: SourceTable, columns: Sequence[str], batch_rows: int = 16_384
    ) -> pa.RecordBatchReader:
        import pyarrow as pa

        from lakeshell.source.sqlite_rows import Rows

        wanted = chosen_columns(table, columns)
        rows = min(batch_rows, self._rows_at_once(table, wanted))
        read = Rows(self.path, table, wanted, rows)
        return pa.RecordBatchReader.from_batches(read.schema, read.batches())

    # --- describing ------------------------------------------------------------------------

    def _find(self, name: ObjectName) -> tuple[ObjectKind, str, str]:
        wanted = literal(name.name)
        rows = self._rows(
            "SELECT type, name, ifnull(sql, '') FROM sqlite_master"
            f" WHERE type IN ('table', 'view') AND name = {wanted} COLLATE NOCASE"
            f" ORDER BY name = {wanted} DESC"
        )
        if not rows or name.schema.lower() != self.database.lower():
            raise ObjectGone(f"there is no {name} in the source", hint="crawl the source again")
        return ObjectKind(rows[0][0]), rows[0][1], rows[0][2]

    def _described(
        self,
        kind: ObjectKind,
        spelled: str,
        definition: str,
        declared: Sequence[tuple[Any, ...]],
    ) -> SourceTable:
        said, by_column = comments(definition) if kind is ObjectKind.TABLE else ("", {})
        nameless = [("", "a column without a name")] * sum(not row[0] for row in declared)
        declared = [row for row in declared if row[0]]
        types = {name: _declared_type(kind, written) for name, written, _, _ in declared}
        unsure = [name for name, written, _, _ in declared if _unsure(types[name], written)]
        seen = self._kinds_of(spelled, unsure)
        keys = sorted((pk, name) for name, _, _, pk in declared if pk)
        columns: list[Column] = []
        skipped: list[tuple[str, str]] = nameless
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
            rows=self._count(spelled) if kind is ObjectKind.TABLE else None,
            comment=said,
            skipped=tuple(skipped),
        )

    def _rows_at_once(self, table: SourceTable, columns: Sequence[Column]) -> int:
        """So many rows that a batch stays near `SAMPLED_BYTES`, by the first rows' sizes."""

        sized = [c.name for c in columns if c.type.name in ("varchar", "varbinary", "json")]
        if not sized:
            return SAMPLED_BYTES
        total = " + ".join(f"ifnull(length({quoted(n)}), 0)" for n in sized[:_ASKED_AT_ONCE])
        listed = ", ".join(quoted(n) for n in sized[:_ASKED_AT_ONCE])
        ((longest,),) = self._rows(
            f"SELECT max({total}) FROM (SELECT {listed} FROM {quoted(table.name.name)} LIMIT 200)"
        )
        return int(SAMPLED_BYTES // max(longest or 1, 1)) + 1

    def _count(self, table: str) -> int | None:
        """Exact up to `COUNTED_ROWS`; beyond, the last row's number where there is a sane one.
        Whoever reads a table in place describes it first, and must not wait for a whole scan."""
        ((count,),) = self._rows(
            f"SELECT count(*) FROM (SELECT 1 FROM {quoted(table)} LIMIT {COUNTED_ROWS + 1})"
        )
        if count <= COUNTED_ROWS:
            return int(count)
        try:
            ((last,),) = self._rows(f"SELECT max(rowid) FROM {quoted(table)}")
        except ObjectGone:  # no such column: it is a table WITHOUT ROWID
            return None
        sane = isinstance(last, int) and count <= last <= self.path.stat().st_size
        return last if sane else None

    def _kinds_of(self, table: str, columns: Sequence[str]) -> dict[str, tuple[bool, ...]]:
        """Which of `_KINDS` the first rows hold, for each column."""
        found: dict[str, tuple[bool, ...]] = {}
        for start in range(0, len(columns), _ASKED_AT_ONCE):
            asked = columns[start : start + _ASKED_AT_ONCE]
            tests = ", ".join(f"max(typeof({quoted(c)}) = '{k}')" for c in asked for k in _KINDS)
            listed = ", ".join(quoted(c) for c in asked)
            (row,) = self._rows(
                f"SELECT {tests} FROM (SELECT {listed} FROM {quoted(table)} LIMIT {SAMPLED_ROWS})"
            )
            for index, column in enumerate(asked):
                found[column] = tuple(bool(seen) for seen in row[index * 4 : index * 4 + 4])
        return found

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        if self._open is None:
            self._open = SqliteFile(self.path)
        return self._open.rows(sql)


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
