"""The runtime on nothing but Python: the catalog a SQLite file, Iceberg in a folder, DuckDB for SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from lakeshell.errors import ConfigurationError
from lakeshell.ports import Catalog, Engine, Source
from lakeshell.runtime.place import Place

if TYPE_CHECKING:
    from lakeshell.store.iceberg import IcebergStore


class EmbeddedRuntime:
    """`lake.Runtime`. Each method opens one adapter; who calls it closes it."""

    engine_name = "duckdb"

    def __init__(self, place: Place) -> None:
        self.place = place

    def catalog(self) -> Catalog:
        from lakeshell.catalog.local import LocalCatalog

        return LocalCatalog(self.place.state / "catalog.db")

    def store(self) -> IcebergStore:
        from lakeshell.store.opening import local_store

        return local_store(self.place.state)

    def engine(
        self,
        catalog: Callable[[], Catalog],
        store: Callable[[], IcebergStore],
        open_source: Callable[[str], Source],
    ) -> Engine:
        from lakeshell.engine.embedded.engine import EmbeddedEngine
        from lakeshell.store.current import local_current

        return EmbeddedEngine(
            catalog=catalog(),
            store=store,
            metadata=local_current(self.place.state),
            connections=self.place.connections.names,
            open_source=open_source,
            memory_limit=self.place.settings.memory_limit,
            threads=self.place.settings.threads,
            closed=self._closed,
        )

    def _closed(self, user: str) -> Collection[str]:
        from lakeshell.definitions.workgroups import Workgroups
        from lakeshell.workgroup import closed_to

        try:
            groups = Workgroups(self.place.folder / "workgroups").all()
        except ConfigurationError as error:
            error.hint += "; no query runs before, for it may keep a database for its members"
            raise
        return closed_to(groups, user)
