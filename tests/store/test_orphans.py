"""Which files of a warehouse belong to no table: in a folder and on object storage alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from fakes import columns

from lakeshell.model import TableName
from lakeshell.store.files import FoundFile
from lakeshell.store.iceberg import IcebergStore
from lakeshell.store.opening import local_store, s3_store
from lakeshell.store.orphans import Leftovers, leftovers
from tests import reach

NAME = TableName("raw", "film")
ROWS = pa.RecordBatch.from_pydict({"id": [1, 2, 3]})


@pytest.fixture(params=["folder", "object storage"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IcebergStore]:
    """With one table that was written three times."""
    from lakeshell.catalog.hive import HiveCatalog
    from lakeshell.model import Database
    from lakeshell.store.metastore import Metastore
    from lakeshell.store.s3 import S3Files

    if request.param == "folder":
        made = local_store(tmp_path)
        _write(made)
        yield made
        return
    files = S3Files(reach.s3(reach.own("orphans")))
    metastore = Metastore(reach.metastore(reach.own("orphans")))
    warehouse = files.address.warehouse
    reach.empty_catalog(metastore, warehouse)
    made = s3_store(metastore, files)
    catalog = HiveCatalog(metastore=metastore, files=files, warehouse=warehouse)
    catalog.create_database(Database("raw"))
    _write(made)
    yield made
    files.delete_folder(warehouse)
    reach.drop_catalog(metastore)


def _write(store: IcebergStore) -> None:
    for mode in ("create", "append", "overwrite"):
        store.write(NAME, [ROWS], mode=mode, columns=columns(id="bigint"))


def put(store: IcebergStore, name: str, content: bytes = b"lost") -> str:
    location = f"{store.tables.warehouse}/{name}"
    with store.tables.files.create(location) as sink:
        sink.write(content)
    return location


def found(
    store: IcebergStore, *others: str, before: datetime | None = None
) -> tuple[list[str], list[str]]:
    moment = before or datetime.now(UTC) + timedelta(minutes=1)
    left: Leftovers = leftovers(store.tables, [NAME], others, moment)
    assert all(file.size == 4 for file in left.files)
    return [file.location for file in left.files], list(left.tables)


def table_folder(store: IcebergStore) -> str:
    location = store.tables.location_of(NAME)
    assert location is not None
    return location.partition("/metadata/")[0].removeprefix("file://")


def test_every_file_of_every_snapshot_is_the_tables(store: IcebergStore) -> None:
    files: list[FoundFile] = list(store.tables.files.walk(store.tables.warehouse))
    assert len(files) > 9
    assert found(store) == ([], [])


def test_what_killed_writers_left_is_found_and_removed(store: IcebergStore) -> None:
    inside = table_folder(store).removeprefix(f"{store.tables.warehouse}/")
    lost = [
        put(store, f"{inside}/data/lost.parquet"),
        put(store, f"{inside}/metadata/99999-0a.metadata.json"),
        put(store, "raw/never-born/data/x.parquet"),
    ]
    assert sorted(found(store)[0]) == sorted(lost)
    before = {file.location for file in store.tables.files.walk(store.tables.warehouse)}
    store.tables.files.delete_all(lost, store.tables.warehouse)
    assert found(store) == ([], [])
    after = {file.location for file in store.tables.files.walk(store.tables.warehouse)}
    assert after == before - set(lost)


def test_what_is_younger_may_be_a_writers_at_work(store: IcebergStore) -> None:
    put(store, "raw/never-born/data/x.parquet")
    assert found(store, before=datetime.now(UTC) - timedelta(minutes=1)) == ([], [])


def test_other_tables_and_those_that_nobody_registered_are_let_be(store: IcebergStore) -> None:
    other = put(store, "raw/listed/1.csv")
    put(store, "raw/gone-1/data/x.parquet")
    put(store, "raw/gone-1/metadata/00001-0a.metadata.json")
    files, whole = found(store, other.rpartition("/")[0])
    assert files == []
    assert whole == [f"{store.tables.warehouse}/raw/gone-1"]
    assert found(store)[0] == [other]


def test_metadata_that_a_table_has_forgotten_is_its_own(store: IcebergStore) -> None:
    inside = table_folder(store).removeprefix(f"{store.tables.warehouse}/")
    put(store, f"{inside}/metadata/00000-forgotten.metadata.json")
    assert found(store) == ([], [])
