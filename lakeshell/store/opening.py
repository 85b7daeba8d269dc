"""A lake's store, where its files and its catalog are: the places that `IcebergStore` can write to.

In: addresses. Out: stores that cost nothing until they are used.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.store.iceberg import IcebergStore

if TYPE_CHECKING:
    from lakeshell.store.metastore import Metastore
    from lakeshell.store.s3 import S3Files
    from lakeshell.store.tables import LakeTables


def local_store(state: Path) -> IcebergStore:
    """In the folder `state` (`.lakeshell`), with the SQLite catalog in it."""

    def open_tables() -> LakeTables:
        from lakeshell.store.files import LOCAL
        from lakeshell.store.pointers import SqlitePointers
        from lakeshell.store.tables import LakeTables

        pointers = SqlitePointers(state)
        return LakeTables(pointers, LOCAL, str(pointers.warehouse))

    return IcebergStore(open_tables)


def s3_store(
    metastore: Metastore, files: S3Files, notice: Callable[[str], None] = lambda text: None
) -> IcebergStore:
    """On object storage, with the tables named in the Hive Metastore. `notice` is told whom a
    commit waits for."""

    def open_tables() -> LakeTables:
        from lakeshell.store.limits import OBJECT_STORAGE
        from lakeshell.store.metastore_pointers import MetastorePointers
        from lakeshell.store.tables import LakeTables

        warehouse = files.address.warehouse
        pointers = MetastorePointers(metastore, warehouse, notice=notice)
        return LakeTables(pointers, files, warehouse, OBJECT_STORAGE)

    return IcebergStore(open_tables)
