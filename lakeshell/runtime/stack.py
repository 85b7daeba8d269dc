"""The runtime on services: Trino for SQL, a Hive Metastore for the catalog, S3 for the tables.

Which services: those that the settings name, or else the lake's own stack in Docker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lakeshell.errors import ConfigurationError, NotFound
from lakeshell.model import CatalogTable, Estimate, TableName
from lakeshell.ports import Catalog, Engine, Session, Source
from lakeshell.runtime.place import Place
from lakeshell.stack.services import Service
from lakeshell.store.reading import Reading

if TYPE_CHECKING:
    from lakeshell.engine.trino.address import TrinoAddress
    from lakeshell.source.mysql_address import MysqlAddress
    from lakeshell.stack.installation import Installation
    from lakeshell.store.current import Current
    from lakeshell.store.iceberg import IcebergStore
    from lakeshell.store.metastore import Metastore
    from lakeshell.store.s3 import S3Files


TRINO = Reading(
    whole_below=3 * 2**20,
    footer=48 * 2**10,
    gap=2**20,
    merged=8 * 2**20,
    part=128 * 2**20,
    constants=True,
    deletes=False,
)
"""How Trino reads Parquet files, by its defaults, as `physicalInputBytes` counts it: measured."""


class StackRuntime:
    """`lake.Runtime`. `notice` is told what a user waits for."""

    engine_name = "trino"

    def __init__(self, place: Place, notice: Callable[[str], None]) -> None:
        self.place = place
        self.notice = notice
        self._addresses: dict[str, MysqlAddress | None] = {}

    def catalog(self) -> Catalog:
        from lakeshell.catalog.hive import HiveCatalog

        return HiveCatalog(
            metastore=self.metastore,
            files=self.files,
            warehouse=self.files.address.warehouse,
            jdbc=self._jdbc,
        )

    def store(self) -> IcebergStore:
        from lakeshell.store.opening import s3_store

        return s3_store(self.metastore, self.files)

    def engine(
        self,
        catalog: Callable[[], Catalog],
        store: Callable[[], IcebergStore],
        open_source: Callable[[str], Source],
    ) -> Engine:
        from lakeshell.engine.trino.engine import TrinoEngine

        def estimated(sql: str, session: Session, parameters: Sequence[str]) -> Estimate:
            return self._planner(catalog(), store, open_source).estimate(sql, session, parameters)

        return TrinoEngine(
            address=self._trino,
            catalog=catalog,
            connections=self.place.connections.names,
            estimator=estimated,
            counter=self._counted,
            stater=lambda *order: self._planner(catalog(), store, open_source).state(*order),
            notice=self.notice,
        )

    def _planner(
        self,
        catalog: Catalog,
        store: Callable[[], IcebergStore],
        open_source: Callable[[str], Source],
    ) -> Engine:
        """The other runtime's engine over this lake: it plans on metadata, and runs nothing."""
        from lakeshell.engine.embedded.engine import EmbeddedEngine

        return EmbeddedEngine(
            catalog=catalog,
            store=store,
            metadata=self._current,
            connections=self.place.connections.names,
            open_source=open_source,
            reading=TRINO,
        )

    def _counted(self, name: TableName, columns: frozenset[int]) -> Estimate:
        """What a scan of a table's columns takes, by their ids and those inside them."""
        from lakeshell.store.planning import fields_of, plan

        metadata = self._current(name)
        if metadata is None:
            raise NotFound(f"there is no Iceberg table {name}")
        found = plan(metadata, metadata.current_snapshot, fields_of(metadata, columns))
        return Estimate(found.bytes_read(TRINO), len(found.files), found.rows, coarse=True)

    @property
    def _current(self) -> Current:
        from lakeshell.store.current import pointed_current
        from lakeshell.store.metastore_pointers import MetastorePointers

        pointers = MetastorePointers(self.metastore, self.files.address.warehouse)
        return pointed_current(pointers, self.files)

    # --- addresses -------------------------------------------------------------------------

    def _with(self, service: Service) -> Installation:
        """The lake's own stack, with the service running where it was stopped for being idle."""
        from lakeshell.runtime.installed import wake

        found = self._installed
        wake(self.place, service, self.notice)
        return found

    @cached_property
    def _installed(self) -> Installation:
        """Raises `NotFound` for a lake that names no services and has no stack of its own."""
        from lakeshell.stack.installation import open_installation

        return open_installation(self.place.state)

    @cached_property
    def metastore(self) -> Metastore:
        from lakeshell.store.metastore import DEFAULT_PORT, Metastore, MetastoreAddress

        uri = self.place.settings.metastore or self._with(Service.METASTORE).metastore_uri
        parts = urlsplit(uri)
        if parts.scheme != "thrift" or not parts.hostname:
            raise ConfigurationError(
                f"catalog.uri = {uri!r} is no Metastore", hint="it is written thrift://HOST:9083"
            )
        address = MetastoreAddress(host=parts.hostname, port=parts.port or DEFAULT_PORT)
        return Metastore(address)

    @cached_property
    def files(self) -> S3Files:
        from lakeshell.store.s3 import S3Address, S3Files

        storage = self.place.settings.storage
        if self.place.settings.trino.url is None:
            own = self._with(Service.MINIO)
            return S3Files(
                S3Address(
                    endpoint=own.s3_endpoint,
                    region=own.region,
                    access_key=own.secrets["S3_ACCESS_KEY"],
                    secret_key=own.secrets["S3_SECRET_KEY"],
                    warehouse=own.warehouse,
                )
            )
        return S3Files(
            S3Address(
                endpoint=storage.endpoint or "",
                region=storage.region,
                access_key=self.place.environment.get(storage.access_key_env, ""),
                secret_key=self.place.environment.get(storage.secret_key_env, ""),
                warehouse=storage.warehouse,
            )
        )

    @property
    def _trino(self) -> TrinoAddress:
        return self.address()

    def address(self, *, wake: bool = True) -> TrinoAddress:
        """Where Trino is. `wake` starts the lake's own where it was stopped for being idle."""
        from lakeshell.engine.trino.address import TrinoAddress

        trino = self.place.settings.trino
        if trino.url is None:
            own = self._with(Service.TRINO) if wake else self._installed
            return TrinoAddress(own.trino_url)
        return TrinoAddress(
            trino.url,
            user=trino.user or "",
            password=self._secret("engine.password_env", trino.password_env),
            jwt=self._secret("engine.token_env", trino.token_env),
            ca_file=str(self.place.folder / trino.ca_file) if trino.ca_file else "",
            start_hint="see whether it runs and engine.url is right; lakeshell doctor checks all",
        )

    def _secret(self, key: str, variable: str | None) -> str:
        if variable is None:
            return ""
        if variable not in self.place.environment:
            raise ConfigurationError(
                f"{key} names the variable {variable}, which is not set",
                hint=f"set it first: export {variable}=...",
            )
        return self.place.environment[variable]

    def _jdbc(self, table: CatalogTable) -> Mapping[str, str]:
        """How Hive reaches the source of a crawled table, without a secret."""
        schema, name = (table.parameters.get(key) for key in ("sourceSchema", "sourceTable"))
        address = self._source_address(table.parameters.get("connectionName", ""))
        if address is None or schema is None or name is None:
            return {}
        return {
            "hive.sql.database.type": "MYSQL",
            "hive.sql.jdbc.driver": "com.mysql.cj.jdbc.Driver",
            "hive.sql.jdbc.url": f"jdbc:mysql://{address.host}:{address.port}/{schema}",
            "hive.sql.dbcp.username": address.user,
            "hive.sql.table": name,
        }

    def _source_address(self, name: str) -> MysqlAddress | None:
        """Looked up once, for a crawl asks for each of its tables. None for a connection that is
        gone or that Hive cannot read."""
        if name not in self._addresses:
            found = None
            if name in self.place.connections.names():
                connection = self.place.connections.get(name)
                if connection.scheme == "mysql":
                    found = connection.mysql_address(self.place.environment, self.place.folder)
            self._addresses[name] = found
        return self._addresses[name]
