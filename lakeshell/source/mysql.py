"""A MySQL server as a source, read with SELECT only.

In: an address. Out: its tables and views, their columns as Trino types, their rows as Arrow.
Everything about the schemas is asked of `information_schema` through pymysql, for many tables in
one question; see `mysql_types` for the types and `mysql_rows` for the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from lakeshell.errors import ObjectGone
from lakeshell.model import Column, ObjectKind, ObjectName, SourceObject, SourceTable
from lakeshell.source.columns import chosen_columns
from lakeshell.source.declared import Unmapped
from lakeshell.source.mysql_address import MysqlAddress
from lakeshell.source.mysql_server import MysqlServer, quoted
from lakeshell.source.mysql_types import FIELDS, Described, trino_type

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_BYTES = 8 * 2**20
"""About so many bytes are read at once."""
NAMED_AT_ONCE = 200
"""More tables than these are asked for by their schema alone."""
_SYSTEM = "('information_schema', 'mysql', 'performance_schema', 'sys', 'ndbinfo')"
_KINDS = {"BASE TABLE": ObjectKind.TABLE, "VIEW": ObjectKind.VIEW}


class _Listed(NamedTuple):
    name: ObjectName
    kind: str
    rows: int | None
    comment: str


class MysqlSource:
    """`ports.Source` over one MySQL server; of one database where the address names one."""

    def __init__(self, address: MysqlAddress) -> None:
        self.address = address
        self._server = MysqlServer(address)

    def close(self) -> None:
        self._server.close()

    def test(self) -> Sequence[tuple[str, str]]:
        ((version, user, cipher),) = self._server.rows(
            "SELECT version(), current_user(), (SELECT variable_value FROM"
            " performance_schema.session_status WHERE variable_name = 'Ssl_cipher')"
        )
        objects = self.objects()
        views = sum(o.kind is ObjectKind.VIEW for o in objects)
        where = repr(self.address.database) if self.address.database else "every database"
        return (
            ("server", f"MySQL {version} at {self.address.authority}"),
            ("login", f"{user}, {f'encrypted with {cipher}' if cipher else 'not encrypted'}"),
            ("objects", f"{len(objects) - views} tables, {views} views in {where}"),
            ("read", self._first_row(objects)),
        )

    def _first_row(self, objects: Sequence[SourceObject]) -> str:
        for found in objects:
            if found.kind is ObjectKind.TABLE:
                self._server.rows(f"SELECT 1 FROM {place(found.name)} LIMIT 1")
                return f"a row of {found.name.name}"
        return "nothing to read"

    def objects(self) -> Sequence[SourceObject]:
        return [SourceObject(o.name, _KINDS[o.kind]) for o in self._listed(self._everything())]

    def describe(self, name: ObjectName) -> SourceTable:
        (found,) = self.describe_many([name])
        if isinstance(found, ObjectGone):
            raise found
        return found

    def describe_many(self, names: Sequence[ObjectName]) -> Iterator[SourceTable | ObjectGone]:
        columns: dict[ObjectName, list[Described]] = {}
        keys: dict[ObjectName, tuple[str, ...]] = {}
        listed: dict[ObjectName, _Listed] = {}
        if names:
            where = self._naming(names)
            listed = {found.name: found for found in self._listed(where)}
            columns = self._columns(where)
            keys = self._keys(where)
        for name in names:
            found = listed.get(name)
            if found is None:
                yield ObjectGone(f"there is no {name} in the source", hint="crawl the source again")
            elif name not in columns:
                yield ObjectGone(
                    f"the view {name} cannot be read: what it selects from is gone, or not yours",
                    hint="mend it in the source, or exclude it from the crawl",
                )
            else:
                yield _described(found, columns[name], keys.get(name, ()))

    def read(
        self, table: SourceTable, columns: Sequence[str], batch_rows: int = 16_384
    ) -> pa.RecordBatchReader:
        import pyarrow as pa

        from lakeshell.source.mysql_rows import Rows, without_rows

        wanted = chosen_columns(table, columns)
        rows = min(batch_rows, self._rows_at_once(table.name))
        read = Rows(self.address, table, wanted, rows)
        # A table that is locked is waited for here, where an interruption gets through.
        self._server.rows(without_rows(read.select))
        return pa.RecordBatchReader.from_batches(read.schema, read.batches())

    # --- asking ----------------------------------------------------------------------------

    def _everything(self) -> str:
        if self.address.database:
            return f"table_schema = {self._server.literal(self.address.database)}"
        return f"table_schema NOT IN {_SYSTEM}"

    def _naming(self, names: Sequence[ObjectName]) -> str:
        schemas = ", ".join(sorted({self._server.literal(name.schema) for name in names}))
        where = f"{self._everything()} AND table_schema IN ({schemas})"
        if len(names) > NAMED_AT_ONCE:
            return where
        tables = ", ".join(self._server.literal(name.name) for name in names)
        return f"{where} AND table_name IN ({tables})"

    def _listed(self, where: str) -> list[_Listed]:
        rows = self._server.rows(
            "SELECT table_schema, table_name, table_type, table_rows, table_comment"
            " FROM information_schema.tables"
            f" WHERE {where} AND table_type IN ('BASE TABLE', 'VIEW') ORDER BY 1, 2"
        )
        return [_Listed(ObjectName(r[0], r[1]), *r[2:]) for r in rows]

    def _columns(self, where: str) -> dict[ObjectName, list[Described]]:
        rows = self._server.rows(
            f"SELECT table_schema, table_name, {FIELDS} FROM information_schema.columns"
            f" WHERE {where} ORDER BY table_schema, table_name, ordinal_position"
        )
        return {
            ObjectName(*key): [Described(*row[2:]) for row in group]
            for key, group in groupby(rows, key=lambda row: row[:2])
        }

    def _keys(self, where: str) -> dict[ObjectName, tuple[str, ...]]:
        rows = self._server.rows(
            "SELECT table_schema, table_name, column_name FROM information_schema.statistics"
            f" WHERE index_name = 'PRIMARY' AND {where}"
            " ORDER BY table_schema, table_name, seq_in_index"
        )
        return {
            ObjectName(*key): tuple(row[2] for row in group)
            for key, group in groupby(rows, key=lambda row: row[:2])
        }

    def _rows_at_once(self, name: ObjectName) -> int:
        """So many rows that a batch stays near `BATCH_BYTES`, by the server's average."""
        found = self._server.rows(
            "SELECT avg_row_length FROM information_schema.tables WHERE table_schema ="
            f" {self._server.literal(name.schema)} AND table_name = {self._server.literal(name.name)}"
        )
        average = (found[0][0] if found else None) or 256
        return max(1, int(BATCH_BYTES // average))


def place(name: ObjectName) -> str:
    return f"{quoted(name.schema)}.{quoted(name.name)}"


def _described(
    found: _Listed, fields: Sequence[Described], primary_key: tuple[str, ...]
) -> SourceTable:
    columns: list[Column] = []
    skipped: list[tuple[str, str]] = []
    for field in fields:
        type = trino_type(field)
        if isinstance(type, Unmapped):
            skipped.append((field.name, type.reason))
            continue
        nullable = field.nullable == "YES"
        columns.append(Column(field.name, type, nullable, field.comment, field.written))
    kind = _KINDS[found.kind]
    said = found.comment if kind is ObjectKind.TABLE else ""
    rows: Any = found.rows
    return SourceTable(
        found.name,
        kind,
        tuple(columns),
        primary_key=primary_key,
        rows=None if rows is None or kind is ObjectKind.VIEW else int(rows),
        comment=said,
        skipped=tuple(skipped),
    )
