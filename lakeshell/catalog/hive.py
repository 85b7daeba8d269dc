"""The lake's catalog in a Hive Metastore, shared with Trino, Spark and everybody's machines.

In: databases and tables to register. Out: what is registered. Everything goes over Thrift, many
tables over several connections at once. The Metastore holds what a table is now; what it was is in
`history`. A change is made only on the version that it was planned from. Iceberg tables are listed
from there and described from their metadata files, which are never made, changed or removed here.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hive_metastore import ttypes as hive

from lakeshell.catalog import iceberg
from lakeshell.catalog.history import History
from lakeshell.catalog.hive_tables import ID, VERSION, from_hive, in_place_of, to_hive
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
from lakeshell.catalog.rows import same_version
from lakeshell.errors import AlreadyExists, NotEmpty, NotFound, UsageError
from lakeshell.model import CatalogTable, Database, TableKind, TableName
from lakeshell.store.files import Files
from lakeshell.store.metastore import Metastore
from lakeshell.store.metastore_tables import (
    database_folder,
    make_database,
    metadata_location,
)

DEFAULT = "default"
ASKED_AT_ONCE = 100
"""Tables whose descriptions are asked for in one question."""
FILES_AT_ONCE = 8
_NO_STATISTICS = {"DO_NOT_UPDATE_STATS": "true"}


class HiveCatalog:
    """`ports.Catalog` in the Metastore. `files` and `warehouse` are the lake's storage; `jdbc` says
    how Hive reaches a crawled table's source (`hive.sql.*`), without a secret. Safe to use from
    many threads; `metastore` is closed with it."""

    def __init__(
        self,
        *,
        metastore: Metastore,
        files: Files,
        warehouse: str,
        jdbc: Callable[[CatalogTable], Mapping[str, str]] = lambda table: {},
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.metastore = metastore
        self.files = files
        self.warehouse = warehouse.rstrip("/")
        self.history = History(files, f"{self.warehouse}/_lakeshell/versions")
        self.jdbc = jdbc
        self.now = now

    def close(self) -> None:
        self.metastore.close()

    # --- databases -------------------------------------------------------------------------

    def databases(self) -> Sequence[Database]:
        """The Metastore's own `default` is one only where somebody put tables into it."""
        names = self._database_names()
        if DEFAULT in names and not self._names(DEFAULT):
            names.remove(DEFAULT)
        ask = self.metastore.ask_each(
            lambda client, name: client.get_database(self.metastore.qualified(name)), names
        )
        return [self._database(found) for found in ask]

    def _database(self, found: Any) -> Database:
        location = found.locationUri or ""
        own = location.rstrip("/") == database_folder(self.warehouse, found.name)
        return Database(found.name, found.description or "", "" if own else location)

    def create_database(self, database: Database, *, exist_ok: bool = False) -> None:
        name = database.name.lower()
        self._check_name(TableName(name, ""))
        try:
            make_database(self.metastore, self.warehouse, name, database.comment, database.location)
        except AlreadyExists:
            if not exist_ok:
                raise database_taken(name) from None

    def drop_database(self, name: str) -> None:
        name = name.lower()
        self._check_database(name)
        held = self._names(name)
        if held:
            raise NotEmpty(
                f"the database {name} is not empty: it has {len(held)} tables",
                hint=f"drop them first: {', '.join(t.table for t in held[:5])}",
            )
        self.metastore.ask(
            lambda client: client.drop_database(self.metastore.qualified(name), False, False)
        )

    # --- tables ----------------------------------------------------------------------------

    def names(self, database: str | None = None) -> Sequence[TableName]:
        databases = self._database_names() if database is None else [database.lower()]
        return [name for each in databases for name in self._names(each)]

    def names_by_database(self) -> Mapping[str, Sequence[str]]:
        held = {each: [name.table for name in self._names(each)] for each in self._database_names()}
        return {each: names for each, names in held.items() if names or each != DEFAULT}

    def tables(self, database: str | None = None) -> Sequence[CatalogTable]:
        found = self._described(self._found(self.names(database)))
        return sorted(found, key=lambda table: table.name)

    def table(self, name: TableName) -> CatalogTable:
        found = self._one(name)
        location = metadata_location(found.parameters)
        if location is None:
            return from_hive(found)
        return iceberg.read(_name(found), location, self.files)[-1]

    def versions(self, name: TableName) -> Sequence[CatalogTable]:
        found = self._one(name)
        location = metadata_location(found.parameters)
        if location is not None:
            return iceberg.read(_name(found), location, self.files)
        now = from_hive(found)
        id = found.parameters.get(ID)
        if id is None:
            return [now]
        return [*self.history.versions(id, now.name, now.version), now]

    def put(self, table: CatalogTable) -> CatalogTable:
        """Statistics among the parameters (`rows.STATISTICS`) change the current version in place;
        any other change makes a new one. Raises `NotFound` for the database, `AlreadyExists` when
        the name is that of a table of another kind."""
        return self.put_many([table])[0]

    def put_many(
        self, tables: Sequence[CatalogTable], on_put: Callable[[int], None] | None = None
    ) -> Sequence[CatalogTable]:
        named = [replace(table, name=folded(table.name)) for table in tables]
        for table in named:
            if table.kind is TableKind.ICEBERG:
                raise not_registered(table.name)
            self._check_name(table.name)
        for database in {table.name.database for table in named}:
            self._check_database(database)
        known = {_name(t): t for t in self._found([table.name for table in named])}
        made: list[CatalogTable] = []
        # What is asked for again, for its connection was lost, is the same as before.
        orders = [(table, uuid.uuid4().hex, self.now()) for table in named]
        put = self.metastore.ask_each(
            lambda client, order: self._put(client, *order, known.get(order[0].name)), orders
        )
        for table in put:
            made.append(table)
            if on_put is not None:
                on_put(len(made))
        return made

    def refusal(self, name: TableName) -> str:
        for part in (name.database, name.table):
            if not part.isascii():
                return f"the Metastore takes names in ASCII only, and not {part!r}"
        return ""

    def _check_name(self, name: TableName) -> None:
        refused = self.refusal(name)
        if refused:
            raise UsageError(refused, hint="choose another name")

    def drop(self, name: TableName) -> None:
        """With all its versions. An Iceberg table is dropped by its store, files and all."""
        name = folded(name)
        found = self._one(name)
        if metadata_location(found.parameters) is not None:
            raise not_unregistered(name)
        self.metastore.ask(
            lambda client: client.drop_table(
                self.metastore.qualified(name.database), name.table, False
            )
        )
        if int(found.parameters.get(VERSION, 1)) > 1:
            self.history.forget(found.parameters[ID])

    def rename(self, name: TableName, target: TableName) -> None:
        name, target = folded(name), folded(target)
        self._check_name(target)
        found = self._one(name)
        self._check_database(target.database)
        if name == target:
            return
        if target in self._names(target.database):
            raise name_taken(target)
        found.dbName, found.tableName = target
        self._alter(self.metastore.ask, name, found)

    # --- putting ---------------------------------------------------------------------------

    def _put(
        self, client: Any, table: CatalogTable, id: str, now: datetime, known: Any
    ) -> CatalogTable:
        if known is None:
            return self._insert(client, table, id, now)
        if metadata_location(known.parameters) is not None:
            raise taken(table.name, TableKind.ICEBERG)
        old = from_hive(known)
        if old.kind is not table.kind:
            raise taken(table.name, old.kind)
        return self._change(client, known, old, table, known.parameters.get(ID) or id, now)

    def _insert(self, client: Any, table: CatalogTable, id: str, now: datetime) -> CatalogTable:
        made = replace(table, version=1, created=now, updated=now)
        described = self._to_hive(made, id)
        try:
            client.create_table_with_environment_context(
                described, hive.EnvironmentContext(properties=_NO_STATISTICS)
            )
        except hive.AlreadyExistsException:
            if not self._is_put(client, table.name, described):
                raise
        return made

    def _is_put(self, client: Any, name: TableName, described: Any) -> bool:
        """Whether the table is as it was just asked to be: the answer was lost with a connection."""
        request = hive.GetTableRequest(
            dbName=name.database, tblName=name.table, catName=self.metastore.address.catalog
        )
        found = client.get_table_req(request).table
        return bool(found.parameters.items() >= described.parameters.items())

    def _change(
        self,
        client: Any,
        known: Any,
        old: CatalogTable,
        table: CatalogTable,
        id: str,
        now: datetime,
    ) -> CatalogTable:
        if same_version(old, table):
            made = replace(old, parameters=dict(table.parameters))
            if made.parameters == old.parameters:
                return made
        else:
            self.history.keep(id, old)
            made = replace(table, version=old.version + 1, created=old.created, updated=now)
        described = in_place_of(known, self._to_hive(made, id))
        try:
            self._alter(
                lambda question: question(client),
                table.name,
                described,
                known.parameters.get(VERSION),
            )
        except hive.MetaException:
            if not self._is_put(client, table.name, described):
                raise
        return made

    def _to_hive(self, table: CatalogTable, id: str) -> Any:
        folder = f"{self.warehouse}/_lakeshell/tables"
        jdbc = self.jdbc(table) if table.kind is TableKind.SOURCE else {}
        return to_hive(table, self.metastore.address.catalog, id, folder, jdbc)

    def _alter(
        self, ask: Callable[..., Any], name: TableName, table: Any, version: str | None = None
    ) -> None:
        properties = dict(_NO_STATISTICS)
        if version is not None:
            properties |= {"expected_parameter_key": VERSION, "expected_parameter_value": version}
        ask(
            lambda client: client.alter_table_with_environment_context(
                self.metastore.qualified(name.database),
                name.table,
                table,
                hive.EnvironmentContext(properties=properties),
            )
        )

    # --- asking ----------------------------------------------------------------------------

    def _database_names(self) -> list[str]:
        pattern = self.metastore.qualified("*")
        return sorted(self.metastore.ask(lambda client: client.get_databases(pattern)))

    def _check_database(self, name: str) -> None:
        known = self._database_names()
        if name not in known:
            raise no_database(name, [found for found in known if found != DEFAULT])

    def _names(self, database: str) -> list[TableName]:
        try:
            names = self.metastore.ask(
                lambda client: client.get_all_tables(self.metastore.qualified(database))
            )
        except NotFound:
            return []
        return sorted(TableName(database, name) for name in names)

    def _one(self, name: TableName) -> Any:
        """Raises `NotFound` with the nearest names."""
        name = folded(name)
        request = hive.GetTableRequest(
            dbName=name.database, tblName=name.table, catName=self.metastore.address.catalog
        )
        try:
            if self.refusal(name):
                raise NotFound(f"there is no table {name}")
            return self.metastore.ask(lambda client: client.get_table_req(request)).table
        except NotFound:
            held = [table for db in self._database_names() for table in self._names(db)]
            raise no_table(name, held) from None

    def _found(self, names: Sequence[TableName]) -> Iterator[Any]:
        """The Metastore's descriptions of those of the tables that there are."""
        asked: list[tuple[str, list[str]]] = []
        for database in sorted({name.database for name in names}):
            tables = [name.table for name in names if name.database == database]
            asked += [
                (database, tables[i : i + ASKED_AT_ONCE])
                for i in range(0, len(tables), ASKED_AT_ONCE)
            ]
        catalog = self.metastore.address.catalog
        wanted = set(names)
        for answer in self.metastore.ask_each(
            lambda client, part: client.get_table_objects_by_name_req(
                hive.GetTablesRequest(dbName=part[0], tblNames=part[1], catName=catalog)
            ),
            asked,
        ):
            # The Metastore takes a _ in a database's name for any character.
            yield from (table for table in answer.tables if _name(table) in wanted)

    def _described(self, found: Iterator[Any]) -> list[CatalogTable]:
        """Iceberg tables from their metadata, several files at once."""
        made: list[CatalogTable] = []
        pool = ThreadPoolExecutor(FILES_AT_ONCE, "lakeshell-metadata")
        try:
            pending = []
            for table in found:
                location = metadata_location(table.parameters)
                if location is None:
                    made.append(from_hive(table))
                else:
                    pending.append(pool.submit(iceberg.listed, _name(table), location, self.files))
            made += [read.result() for read in pending]
        finally:
            # Who is interrupted waits for no storage that does not answer.
            pool.shutdown(wait=False, cancel_futures=True)
        return made


def _name(found: Any) -> TableName:
    return TableName(found.dbName, found.tableName)
