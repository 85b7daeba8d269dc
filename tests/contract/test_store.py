"""What every table store promises (`ports.TableStore`), on a folder and on object storage."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakeshell.errors import AlreadyExists, LakeshellError, NotFound, QueryFailed
from lakeshell.model import Column, TableName
from lakeshell.sql.arrow import arrow_schema
from lakeshell.sql.datatypes import parse_type
from lakeshell.store.files import LOCAL, Files
from lakeshell.store.iceberg import IcebergStore
from lakeshell.store.metadata import TableMetadata, read_metadata
from lakeshell.store.metastore import Metastore
from lakeshell.store.opening import local_store, s3_store
from lakeshell.store.planning import Condition, live_files, plan
from lakeshell.store.s3 import S3Files
from tests import reach

SCHEMA = reach.own("lakeshell_store")
FILM = TableName(SCHEMA, "film")
OTHER = TableName(SCHEMA, "other")
COLUMNS = (
    Column("film_id", parse_type("integer"), False, "the key"),
    Column("title", parse_type("varchar(40)")),
    Column("rate", parse_type("decimal(5,2)")),
)


@dataclass
class Lake:
    """A store with the files it writes, and a second store on the same place."""

    store: IcebergStore
    another: IcebergStore
    files: Files

    def metadata(self, name: TableName = FILM) -> TableMetadata:
        location = self.store.tables.location_of(name)
        assert location is not None
        return read_metadata(location, self.files)

    def rows(self, name: TableName = FILM) -> list[dict[str, Any]]:
        found = live_files(self.metadata(name).current_snapshot, self.files)
        tables = [pq.read_table(pa.BufferReader(self.files.read(f.path))) for f in found]
        return sorted(
            (row for table in tables for row in table.to_pylist()), key=lambda row: row["film_id"]
        )


@pytest.fixture(params=["local", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lake]:
    if request.param == "local":
        yield Lake(local_store(tmp_path), local_store(tmp_path), LOCAL)
        return
    files = S3Files(reach.s3("lakeshell_contract_store"))
    metastore = Metastore(reach.metastore())
    stores = [s3_store(metastore, files) for _ in range(2)]
    yield Lake(stores[0], stores[1], files)
    for name in (FILM, OTHER):
        with suppress(NotFound):
            stores[0].drop(name)
    with suppress(NotFound):
        metastore.ask(lambda client: client.drop_database(SCHEMA, False, False))
    metastore.close()


def batches(*ids: int, columns: Sequence[Column] = COLUMNS) -> list[pa.RecordBatch]:
    rows = [{"film_id": i, "title": f"film {i}", "rate": None} for i in ids]
    return [pa.RecordBatch.from_pylist(rows, arrow_schema(columns))]


def test_a_new_table_is_empty_and_keeps_what_it_is_told(lake: Lake) -> None:
    lake.store.create(FILM, COLUMNS, properties={"owner.team": "films"}, comment="what is rented")
    metadata = lake.metadata()
    assert [(f.name, str(f.type), f.required, f.doc) for f in metadata.schema()] == [
        ("film_id", "integer", True, "the key"),
        ("title", "varchar", False, ""),
        ("rate", "decimal(5,2)", False, ""),
    ]
    assert metadata.properties["comment"] == "what is rented"
    assert metadata.properties["owner.team"] == "films"
    assert lake.rows() == []
    with pytest.raises(AlreadyExists):
        lake.store.create(FILM, COLUMNS)


def test_a_write_is_one_snapshot(lake: Lake) -> None:
    told: list[int] = []
    written = lake.store.write(
        FILM, batches(1, 2) + batches(3), mode="overwrite", columns=COLUMNS,
        snapshot_properties={"lakeshell.job": "load"}, on_rows=told.append,
    )  # fmt: skip
    assert (written.rows, written.files, told) == (3, 1, [2, 3])
    metadata = lake.metadata()
    assert list(metadata.snapshots) == [written.snapshot_id]
    assert metadata.current_snapshot is not None
    assert metadata.current_snapshot.summary["lakeshell.job"] == "load"
    (file,) = live_files(metadata.current_snapshot, lake.files)
    assert (file.rows, file.size) == (3, lake.files.size(file.path))
    assert file.size == written.bytes
    assert [row["title"] for row in lake.rows()] == ["film 1", "film 2", "film 3"]


def test_overwriting_twice_doubles_nothing(lake: Lake) -> None:
    for _ in range(2):
        lake.store.write(FILM, batches(1, 2), mode="overwrite", columns=COLUMNS)
    assert len(lake.metadata().snapshots) == 2
    assert [row["film_id"] for row in lake.rows()] == [1, 2]


def test_overwriting_takes_new_columns(lake: Lake) -> None:
    lake.store.write(FILM, batches(1), mode="overwrite", columns=COLUMNS)
    fewer = COLUMNS[:1]
    rows = [pa.RecordBatch.from_pylist([{"film_id": 7}], arrow_schema(fewer))]
    lake.store.write(FILM, rows, mode="overwrite", columns=fewer)
    assert [f.name for f in lake.metadata().schema()] == ["film_id"]
    assert lake.rows() == [{"film_id": 7}]


def test_appending_adds_rows(lake: Lake) -> None:
    with pytest.raises(NotFound):
        lake.store.write(FILM, batches(1), mode="append")
    lake.store.create(FILM, COLUMNS)
    lake.store.write(FILM, batches(1), mode="append")
    lake.store.write(FILM, batches(2), mode="append")
    assert [row["film_id"] for row in lake.rows()] == [1, 2]


def test_a_write_that_fails_leaves_the_table_as_it_was(lake: Lake) -> None:
    lake.store.write(FILM, batches(1), mode="overwrite", columns=COLUMNS)
    before = lake.metadata().location
    folder = f"{lake.metadata().table_location}/data"
    held = lake.files.listed(folder)

    def breaking() -> Iterator[pa.RecordBatch]:
        yield from batches(2)
        raise ValueError("the source broke off")

    with pytest.raises(ValueError, match="broke off"):
        lake.store.write(FILM, breaking(), mode="append")
    nothing = [pa.RecordBatch.from_pylist([{"film_id": None}], arrow_schema(COLUMNS[:1]))]
    with pytest.raises(QueryFailed, match="NOT NULL"):
        lake.store.write(FILM, nothing, mode="append")
    assert lake.metadata().location == before
    assert lake.files.listed(folder) == held


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_table_that_is_dropped_while_it_is_written_gets_no_half_of_it(
    lake: Lake, mode: str, anew: bool
) -> None:
    lake.store.write(FILM, batches(1), mode="overwrite", columns=COLUMNS)

    def dropping() -> Iterator[pa.RecordBatch]:
        yield from batches(2)
        lake.another.drop(FILM)
        if anew:
            lake.another.create(FILM, COLUMNS)

    with pytest.raises(LakeshellError, match="was dropped by somebody else") as caught:
        lake.store.write(FILM, dropping(), mode=mode, columns=COLUMNS)
    assert "run it again" in caught.value.hint
    assert (lake.store.tables.location_of(FILM) is not None) is anew
    assert lake.store.write(FILM, batches(2), mode="overwrite", columns=COLUMNS).rows == 1
    assert [row["film_id"] for row in lake.rows()] == [2]


def test_writers_at_once_all_add_their_rows(lake: Lake) -> None:
    lake.store.create(FILM, COLUMNS)
    failed: list[BaseException] = []

    def append(store: IcebergStore, id: int) -> None:
        try:
            store.write(FILM, batches(id), mode="append")
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=append, args=(store, id))
        for id, store in enumerate((lake.store, lake.another, lake.store), 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [row["film_id"] for row in lake.rows()] == [1, 2, 3]


def test_files_are_replaced_only_in_the_snapshot_they_were_found_in(lake: Lake) -> None:
    lake.store.write(FILM, batches(1, 2), mode="overwrite", columns=COLUMNS)
    found = lake.metadata().current_snapshot
    assert found is not None
    removed = {file.path for file in live_files(found, lake.files)}
    lake.another.write(FILM, batches(3), mode="append")
    with pytest.raises(QueryFailed, match="another writer"):
        lake.store.replace_files(FILM, found.id, removed, batches(1))
    now = lake.metadata().current_snapshot
    assert now is not None
    lake.store.replace_files(FILM, now.id, removed, batches(1))
    assert [row["film_id"] for row in lake.rows()] == [1, 3]


def test_a_dropped_table_and_its_files_are_gone(lake: Lake) -> None:
    lake.store.write(FILM, batches(1), mode="overwrite", columns=COLUMNS)
    metadata = lake.metadata()
    lake.store.drop(FILM)
    assert lake.store.tables.location_of(FILM) is None
    assert not lake.files.exists(metadata.location)
    assert lake.files.listed(f"{metadata.table_location}/data") == []
    with pytest.raises(NotFound):
        lake.store.drop(FILM)


def test_a_renamed_table_keeps_its_rows(lake: Lake) -> None:
    lake.store.write(FILM, batches(1), mode="overwrite", columns=COLUMNS)
    lake.store.rename(FILM, OTHER)
    assert [row["film_id"] for row in lake.rows(OTHER)] == [1]
    lake.store.write(FILM, batches(2), mode="overwrite", columns=COLUMNS)
    with pytest.raises(AlreadyExists):
        lake.store.rename(FILM, OTHER)
    lake.store.drop(OTHER)
    with pytest.raises(NotFound):
        lake.store.rename(OTHER, FILM)


def test_what_a_read_would_take_is_known_beforehand(lake: Lake) -> None:
    lake.store.create(FILM, COLUMNS, partitioning=["film_id"])
    lake.store.write(FILM, batches(1, 2, 3), mode="append")
    metadata = lake.metadata()
    fields = {field.name: field for field in metadata.schema()}
    whole = plan(metadata, metadata.current_snapshot, list(fields.values()))
    part = plan(
        metadata,
        metadata.current_snapshot,
        [fields["title"]],
        [Condition(fields["film_id"], "=", (2,))],
    )
    assert (len(whole.files), len(part.files)) == (3, 1)
    assert 0 < part.bytes < whole.bytes
