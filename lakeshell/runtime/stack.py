"""The runtime on services: Trino for SQL, a Hive Metastore for the catalog, S3 for the tables.

Which services: those that the settings name, or else the lake's own stack in Docker.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lakeshell.errors import ConfigurationError, LakeshellError, NotFound
from lakeshell.model import CatalogTable, Estimate, TableName
from lakeshell.ports import Catalog, Engine, Session, Source
from lakeshell.runtime.place import Place
from lakeshell.stack.services import NEEDS, Service, with_needs
from lakeshell.store.reading import Reading

if TYPE_CHECKING:
    from lakeshell.engine.trino.address import TrinoAddress
    from lakeshell.source.mysql_address import MysqlAddress
    from lakeshell.stack.installation import Installation
    from lakeshell.store.current import Current
    from lakeshell.store.iceberg import IcebergStore
    from lakeshell.store.metastore import Metastore
    from lakeshell.store.metastore_pointers import MetastorePointers
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


def _start(service: Service) -> str:
    with_it = ", ".join(NEEDS[service])
    what = f"it and what it needs ({with_it})" if with_it else "it"
    return f"start {what}: lakeshell stack start {service}; lakeshell doctor checks every part"


def _host_and_port(uri: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(uri)
        found, port = parts.hostname, parts.port
    except ValueError:
        found, port = None, None
    if not found or not uri.startswith("thrift://"):
        raise ConfigurationError(
            f"catalog.uri = {uri!r} is no Metastore", hint="it is written thrift://HOST:9083"
        )
    return found, port


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

        return s3_store(self.metastore, self.files, self.notice)

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
            wake=lambda: self._own and self._wake(Service.TRINO),
            wake_sources=self._wake_sources,
            mend=self._mend,
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

        return pointed_current(self._pointers, self.files)

    @property
    def _pointers(self) -> MetastorePointers:
        from lakeshell.store.metastore_pointers import MetastorePointers

        return MetastorePointers(self.metastore, self.files.address.warehouse)

    # --- addresses -------------------------------------------------------------------------

    @property
    def _own(self) -> bool:
        """Whether the services are those of the lake's own stack."""
        return self.place.settings.trino.url is None

    def _mend(self, code: str) -> str:
        """Which of the lake's own services does not answer that an error of Trino may come of, or was
        not told of something, or who holds which table locked, and the command that mends it; empty
        where nothing is known."""
        from lakeshell.engine.trino.failures import LOCKED

        if code == LOCKED:
            return self._locked()
        if not self._own:
            return ""
        from lakeshell.runtime.installed import mend_source, open_stack

        stack = open_stack(self.place)
        parts = (Service.MYSQL,) if code == "JDBC_ERROR" else with_needs((Service.TRINO,))
        down = [service for service in parts if not stack.answers(service)]
        if not down and code == "CATALOG_NOT_FOUND":
            return "a connection that is new to Trino gets its catalog by `lakeshell stack up`"
        if down == [Service.MYSQL]:
            return f"mysql does not answer; {mend_source(self.place)}"
        verb = "does not answer" if len(down) == 1 else "do not answer"
        return f"{', '.join(down)} {verb}: lakeshell stack start {' '.join(down)}" if down else ""

    def _locked(self) -> str:
        try:
            held = [lock for lock in self._pointers.locks() if not lock.waits]
        except LakeshellError:
            return ""
        return "; ".join(
            f"{lock.name} is locked by {lock.holder}; should that writer be dead: lakeshell catalog"
            f" unlock {lock.name}"
            for lock in held
        )

    def _wake_sources(self, names: Collection[str]) -> bool:
        """The databases of connections that were stopped for being idle; whether any was."""
        if not self._own or self.place.settings.stack.idle_stop <= 0:
            return False
        from lakeshell.runtime.installed import wake_source

        known = self.place.connections
        found = [known.get(name) for name in names if name in known.names()]
        return any(wake_source(self.place, one, self.notice) for one in found)

    def _wake(self, service: Service) -> bool:
        if self.place.settings.stack.idle_stop <= 0:
            return False
        from lakeshell.runtime.installed import wake

        return wake(self.place, service, self.notice)

    def _with(self, service: Service) -> Installation:
        """The lake's own stack, with the service running where it was stopped for being idle."""
        found = self._installed
        self._wake(service)
        return found

    @cached_property
    def _installed(self) -> Installation:
        """Raises `NotFound` for a lake that names no services and has no stack of its own."""
        from lakeshell.stack.installation import open_installation

        return open_installation(self.place.state)

    @cached_property
    def metastore(self) -> Metastore:
        from lakeshell.store.metastore import DEFAULT_PORT, Metastore, MetastoreAddress

        own = self.place.settings.metastore is None
        uri = self.place.settings.metastore or self._with(Service.METASTORE).metastore_uri
        host, port = _host_and_port(uri)
        address = MetastoreAddress(host=host, port=port or DEFAULT_PORT)
        if not own:
            return Metastore(address, notice=self.notice)
        address = replace(address, start_hint=_start(Service.METASTORE))
        return Metastore(address, wake=lambda: self._wake(Service.METASTORE), notice=self.notice)

    @cached_property
    def files(self) -> S3Files:
        from lakeshell.store.s3 import S3Address, S3Files

        if self._own:
            own = self._with(Service.MINIO)
            return S3Files(
                S3Address(
                    endpoint=own.s3_endpoint,
                    region=own.region,
                    access_key=own.secrets["S3_ACCESS_KEY"],
                    secret_key=own.secrets["S3_SECRET_KEY"],
                    warehouse=own.warehouse,
                    start_hint=_start(Service.MINIO),
                    key_hint="it keeps no key of its own: lakeshell stack up gives it that of"
                    " secrets.env",
                ),
                self.notice,
            )
        return _settings_storage(self.place, self.notice)

    @property
    def _trino(self) -> TrinoAddress:
        return self.address()

    def address(self, *, wake: bool = True) -> TrinoAddress:
        """Where Trino is. `wake` starts the lake's own where it was stopped for being idle."""
        from lakeshell.engine.trino.address import TrinoAddress

        trino = self.place.settings.trino
        if trino.url is None:
            own = self._with(Service.TRINO) if wake else self._installed
            return TrinoAddress(own.trino_url, start_hint=_start(Service.TRINO))
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
            "hive.sql.jdbc.url": f"jdbc:mysql://{address.authority}/{schema}",
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


def object_storage(place: Place, notice: Callable[[str], None]) -> S3Files:
    """The lake's own, or the one that its settings name, whatever its engine is."""
    from lakeshell.stack.installation import is_installed

    if place.settings.trino.url is None and is_installed(place.state):
        return StackRuntime(place, notice).files
    return _settings_storage(place, notice)


def _settings_storage(place: Place, notice: Callable[[str], None]) -> S3Files:
    from lakeshell.store.s3 import S3Address, S3Files

    storage = place.settings.storage
    named = (storage.access_key_env, storage.secret_key_env)
    keys = [place.environment.get(name, "") for name in named]
    if any(keys) and not all(keys):
        missing = named[keys.index("")]
        raise ConfigurationError(
            f"the object storage has half a login: the variable {missing} is not set",
            hint=f"set it too: export {missing}=...",
        )
    return S3Files(
        S3Address(
            endpoint=storage.endpoint or "",
            region=storage.region,
            access_key=keys[0],
            secret_key=keys[1],
            warehouse=storage.warehouse,
        ),
        notice,
    )
