"""What stands behind a table's name: `scope.Tables` over the lake, the connections, the engine.

In: catalog, schema and table in lower case, and perhaps a version. Out: a `TableFound` with a
handle that `scans` reads, or a `ViewFound`, or Trino's error for a name that means nothing. Reads
the catalog and metadata files; opens a source only to describe a table of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from lakeshell.engine.embedded.binding.scope import RelationColumn, TableFound, ViewFound
from lakeshell.engine.embedded.execution.scans import MODIFIED, PARTITION, PATH
from lakeshell.engine.embedded.tables.handles import Computed, IcebergTable, InPlace
from lakeshell.engine.embedded.tables.membership import Closed
from lakeshell.engine.embedded.values.typed import Typed, refused
from lakeshell.errors import NotFound, ObjectGone, QueryFailed, QueryRejected
from lakeshell.model import LAKE, CatalogTable, ObjectName, SourceTable, TableKind, TableName
from lakeshell.sql.datatypes import VARCHAR, TimestampType
from lakeshell.store.metadata import TableMetadata

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.engine.embedded.tables.information_schema import Listed
    from lakeshell.ports import Catalog, Source

INFORMATION_SCHEMA = "information_schema"
SYSTEM = "system"
MAIN = "main"
_HIDDEN = (
    RelationColumn(PATH, VARCHAR, True),
    RelationColumn(MODIFIED, TimestampType(3, True), True),
    RelationColumn(PARTITION, VARCHAR, True),
)


class Surroundings(NamedTuple):
    """What a lookup works with. `evaluate` gives the Python value of a version's expression."""

    catalog: Catalog
    metadata: Callable[[TableName], TableMetadata | None]
    connections: Callable[[], Sequence[str]]
    open_source: Callable[[str], Source]
    evaluate: Callable[[Typed], Any]
    zone: str
    now: dt.datetime
    closed: Closed = Closed()


class TableLookup:
    """`scope.Tables` for one statement. What was found once is found the same again."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._metadata: dict[TableName, TableMetadata | None] = {}
        self.found: list[TableFound | ViewFound] = []
        """Everything that was found, in turn."""

    # --- finding ---------------------------------------------------------------------------

    def find(
        self,
        catalog: str,
        schema: str,
        table: str,
        version: Typed | None = None,
        version_kind: str | None = None,
    ) -> TableFound | ViewFound:
        found = self._find(catalog, schema, table, version, version_kind)
        self.found.append(found)
        return found

    def _find(
        self, catalog: str, schema: str, table: str, version: Typed | None, version_kind: str | None
    ) -> TableFound | ViewFound:
        name = (catalog, schema, table)
        self._around.closed.check(catalog, schema, table)
        if catalog == LAKE:
            found = self._in_lake(name, version, version_kind)
            if isinstance(found, ViewFound) or version is None:
                return found
            if isinstance(found.handle, IcebergTable):
                return self._at_version(found, version, version_kind or "")
        elif catalog == SYSTEM:
            found = self._in_system(name)
        else:
            found = self._in_connection(name)
        if version is not None:
            raise QueryFailed(
                "This connector does not support versioned tables", code="NOT_SUPPORTED"
            )
        return found

    def check_open(self, schema: str) -> None:
        """Raises `QueryFailed` for a database of the lake that is closed to who asks."""
        self._around.closed.check(LAKE, schema)

    def catalogs(self) -> list[str]:
        """Every catalog, in order of name."""
        return sorted({LAKE, SYSTEM, *(c.lower() for c in self._around.connections())})

    def schemas(self, catalog: str) -> list[str]:
        """Every schema of a catalog, `information_schema` among them."""
        from lakeshell.engine.embedded.tables.information_schema import schemas

        return schemas(catalog, self._around)

    def listed(self, catalog: str, schema: str) -> list[Listed]:
        """Tables and views of a schema, in order of name."""
        from lakeshell.engine.embedded.tables.information_schema import listed

        return listed(catalog, self._around, schema)

    def _in_lake(
        self, name: tuple[str, str, str], version: Typed | None, kind: str | None
    ) -> TableFound | ViewFound:
        _, schema, table = name
        if schema == INFORMATION_SCHEMA:
            return self._information(name)
        base, mark, part = table.partition("$")
        own = TableName(schema, base)
        metadata = self.metadata(own)
        if mark:
            if metadata is None:
                raise self._missing(name)
            from lakeshell.engine.embedded.tables.metadata_tables import metadata_table

            made = metadata_table(metadata, part, self._around.zone)
            if made is None:
                raise self._missing(name)
            return TableFound(name, made.columns, Computed(made.rows))
        if metadata is not None:
            return iceberg_table(name, metadata)
        try:
            found = self._around.catalog.table(own)
        except NotFound as error:
            raise self._missing(name) from error
        return self._registered(name, found)

    def _registered(
        self, name: tuple[str, str, str], table: CatalogTable
    ) -> TableFound | ViewFound:
        columns = tuple(RelationColumn(c.name.lower(), c.type) for c in table.columns)
        match table.kind:
            case TableKind.VIEW:
                return ViewFound(
                    name,
                    table.definition,
                    table.parameters.get("viewCatalog") or LAKE,
                    table.parameters.get("viewSchema") or None,
                    columns,
                )
            case TableKind.SOURCE:
                return TableFound(name, columns, self._source_handle(table))
        raise refused(f"queries of {table.kind.value} tables in place ({table.name})")

    def _missing(self, name: tuple[str, str, str]) -> QueryRejected:
        schema = name[1]
        known = [database.name for database in self._around.catalog.databases()]
        if schema not in known:
            return QueryRejected(f"Schema '{schema}' does not exist", code="SCHEMA_NOT_FOUND")
        return _table_missing(name)

    # --- Iceberg ---------------------------------------------------------------------------

    def metadata(self, name: TableName) -> TableMetadata | None:
        """The current metadata of an Iceberg table; None where the name is none."""
        self._around.closed.check(LAKE, name.database, name.table)
        if name not in self._metadata:
            self._metadata[name] = self._around.metadata(name)
        return self._metadata[name]

    def forget(self, name: TableName) -> None:
        """The table was changed: the next look finds what it is now."""
        self._metadata.pop(name, None)

    def _at_version(self, found: TableFound, version: Typed, kind: str) -> TableFound:
        from lakeshell.engine.embedded.tables.timetravel import snapshot_at

        handle = found.handle
        assert isinstance(handle, IcebergTable)
        snapshot = snapshot_at(handle.metadata, found.name, version, kind, self._around)
        return iceberg_table(found.name, handle.metadata, snapshot.id)

    # --- in place --------------------------------------------------------------------------

    def _in_connection(self, name: tuple[str, str, str]) -> TableFound:
        catalog, schema, table = name
        connection = next((c for c in self._around.connections() if c.lower() == catalog), None)
        if connection is None:
            raise QueryRejected(f"Catalog '{catalog}' not found", code="CATALOG_NOT_FOUND")
        if schema == INFORMATION_SCHEMA:
            return self._information(name)
        with closing(self._around.open_source(connection)) as source:
            objects = [o.name for o in source.objects()]
            schema = _spelled(schema, objects)
            self._around.closed.check(catalog, schema, table)
            own = _folded(objects, schema, table)
            if own is None:
                if schema not in {o.schema.lower() for o in objects}:
                    raise QueryRejected(
                        f"Schema '{schema}' does not exist", code="SCHEMA_NOT_FOUND"
                    )
                near = _nearest(table, (o.name for o in objects if o.schema.lower() == schema))
                raise _table_missing(name, near)
            described = source.describe(own)
        return TableFound(
            name,
            tuple(RelationColumn(c.name.lower(), c.type) for c in described.columns),
            self._in_place(connection, described),
        )

    def _source_handle(self, table: CatalogTable) -> InPlace:
        """A crawled table: read as it was catalogued, wherever its source has it."""
        parameters = table.parameters
        own = ObjectName(parameters["sourceSchema"], parameters["sourceTable"])
        connection = parameters["connectionName"].lower()
        self._around.closed.check(connection, own.schema.lower(), own.name)
        described = SourceTable(
            own, kind=_object_kind(parameters), columns=table.columns
        )  # fmt: skip
        return self._in_place(parameters["connectionName"], described)

    def _in_place(self, connection: str, table: SourceTable) -> InPlace:
        spelled = {column.name.lower(): column.name for column in table.columns}

        def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
            wanted = [spelled[column] for column in columns]
            return _read_source(self._around.open_source(connection), table, wanted, columns)

        return InPlace(connection, read, table.rows)

    # --- what the engine makes itself --------------------------------------------------------

    def _information(self, name: tuple[str, str, str]) -> TableFound:
        from lakeshell.engine.embedded.tables.information_schema import information_table

        made = information_table(name[0], name[2], self._around)
        if made is None:
            raise _table_missing(name)
        return TableFound(name, made.columns, Computed(made.rows))

    def _in_system(self, name: tuple[str, str, str]) -> TableFound:
        if name[1] == INFORMATION_SCHEMA:
            return self._information(name)
        from lakeshell.engine.embedded.tables.information_schema import system_table

        made = system_table(name[1], name[2], self.catalogs())
        if made is None:
            raise refused(f"system.{name[1]}.{name[2]}")
        return TableFound(name, made.columns, Computed(made.rows))


def iceberg_table(
    name: tuple[str, str, str], metadata: TableMetadata, snapshot_id: int | None = None
) -> TableFound:
    """The table as it is, or as it was at a snapshot, with that snapshot's columns."""
    if snapshot_id is None:
        snapshot, fields = metadata.current_snapshot, metadata.schema()
    else:
        snapshot = metadata.snapshots[snapshot_id]
        fields = metadata.schema(snapshot.schema_id)
    columns = tuple(RelationColumn(field.name, field.type) for field in fields)
    return TableFound(name, (*columns, *_HIDDEN), IcebergTable(metadata, snapshot, fields))


def _spelled(schema: str, objects: Sequence[ObjectName]) -> str:
    """A source with one schema has it under the name `main` too, as SQLite itself calls it."""
    known = {o.schema.lower() for o in objects}
    return known.pop() if schema == MAIN and MAIN not in known and len(known) == 1 else schema


def _folded(objects: Iterable[ObjectName], schema: str, table: str) -> ObjectName | None:
    same = [o for o in objects if o.schema.lower() == schema and o.name.lower() == table]
    if len(same) > 1:
        spelled = ", ".join(sorted(str(o) for o in same))
        raise QueryFailed(
            f"Ambiguous name: {schema}.{table} may mean {spelled}", code="AMBIGUOUS_NAME"
        )
    return same[0] if same else None


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [k.lower() for k in known], 1)
    return f"did you mean {near[0]!r}?" if near else ""


def _table_missing(name: tuple[str, str, str], hint: str = "") -> QueryRejected:
    from lakeshell.sql.names import quote_identifier

    written = ".".join(map(quote_identifier, name))
    return QueryRejected(f"Table '{written}' does not exist", code="TABLE_NOT_FOUND", hint=hint)


def _object_kind(parameters: dict[str, str]) -> Any:
    from lakeshell.model import ObjectKind

    return ObjectKind.VIEW if parameters.get("typeOfData") == "view" else ObjectKind.TABLE


def _read_source(
    source: Source, table: SourceTable, wanted: Sequence[str], names: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """The rows under the columns' folded names; the source is closed when they end."""
    with closing(source):
        try:
            reader = source.read(table, wanted)
        except ObjectGone as error:
            raise QueryFailed(
                error.message, code="TABLE_NOT_FOUND", hint=error.hint or "crawl the source again"
            ) from error
        with closing(reader):
            for batch in reader:
                yield batch.rename_columns(names)
