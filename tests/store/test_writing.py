"""How rows become data files: reading a little ahead, row groups of a bounded size, failures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes import columns

from lakeshell.errors import NotFound
from lakeshell.model import TableName
from lakeshell.store import datafiles, iceberg
from lakeshell.store.iceberg import IcebergStore, Layout
from lakeshell.store.limits import FOLDER, OBJECT_STORAGE
from lakeshell.store.metadata import DataFile, read_metadata
from lakeshell.store.opening import local_store
from lakeshell.store.planning import live_files

NAME = TableName("raw", "payment")
COLUMNS = columns(id="bigint")


def batches(count: int | None, rows: int) -> Iterator[pa.RecordBatch]:
    for n in itertools.count() if count is None else range(count):
        yield pa.RecordBatch.from_arrays([pa.array(range(n * rows, (n + 1) * rows))], ["id"])


def parquet_files(folder: Path) -> list[Path]:
    return list(folder.rglob("*.parquet"))


def written(store: IcebergStore) -> list[DataFile]:
    location = store.tables.location_of(NAME)
    assert location is not None
    return live_files(read_metadata(location).current_snapshot)


def test_a_row_group_is_what_gathered_and_no_remainder(tmp_path: Path) -> None:
    store = local_store(tmp_path)
    rows = FOLDER.row_group_rows // 4 + 1
    store.write(NAME, batches(9, rows), mode="create", columns=COLUMNS)
    (path,) = parquet_files(tmp_path)
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
    assert groups == [4 * rows, 4 * rows, rows]
    assert pq.read_table(path).column("id").to_pylist() == list(range(9 * rows))


def test_on_object_storage_row_groups_are_large_and_bounded_in_bytes(tmp_path: Path) -> None:
    def groups(batch: pa.RecordBatch, times: int, type: str) -> list[int]:
        store = local_store(tmp_path)
        store.tables.limits = OBJECT_STORAGE
        store.write(NAME, [batch] * times, mode="overwrite", columns=columns(id=type))
        metadata = pq.read_metadata(written(store)[0].path)
        return [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]

    many = pa.record_batch([pa.array(range(100_000), pa.int32())], ["id"])
    assert groups(many, 12, "integer") == [1_100_000, 100_000]
    wide = pa.record_batch([pa.array(["x" * 1_000] * 10_000)], ["id"])
    taken = OBJECT_STORAGE.row_group_bytes // wide.nbytes + 1
    assert groups(wide, 13, "varchar") == [
        taken * 10_000,
        taken * 10_000,
        (13 - 2 * taken) * 10_000,
    ]


def test_a_manifest_says_where_each_row_group_begins(tmp_path: Path) -> None:
    store = local_store(tmp_path)
    rows = FOLDER.row_group_rows
    # The first column has a dictionary, which stands before its pages.
    kinds = pa.array(["a", "b", "c", "d"] * (rows // 4))
    batch = pa.record_batch([kinds, pa.array(range(rows))], ["kind", "id"])
    kinds_and_ids = columns(kind="varchar", id="bigint")
    store.write(NAME, [batch] * 3, mode="create", columns=kinds_and_ids)
    (file,) = written(store)
    footer = pq.read_metadata(file.path)
    begin, expected = 4, []
    for n in range(footer.num_row_groups):
        group = footer.row_group(n)
        expected.append(begin)
        begin += sum(group.column(c).total_compressed_size for c in range(group.num_columns))
    assert "RLE_DICTIONARY" in footer.row_group(0).column(0).encodings
    assert len(expected) == 3
    assert file.split_offsets == expected


def test_a_column_can_be_pruned_within_a_row_group(tmp_path: Path) -> None:
    store = local_store(tmp_path)
    store.write(NAME, batches(1, 100_000), mode="create", columns=COLUMNS)
    chunk = pq.read_metadata(written(store)[0].path).row_group(0).column(0)
    assert chunk.has_column_index
    assert chunk.has_offset_index
    assert (chunk.statistics.min, chunk.statistics.max) == (0, 99_999)


@pytest.mark.parametrize(
    ("properties", "files", "codec"),
    [
        ({}, 1, "ZSTD"),
        ({"write.target-file-size-bytes": "1"}, 3, "ZSTD"),
        ({"write.parquet.compression-codec": "SNAPPY"}, 1, "SNAPPY"),
        ({"write.parquet.compression-codec": "uncompressed"}, 1, "UNCOMPRESSED"),
        # What is no size and no codec is as if it was not said.
        ({"write.target-file-size-bytes": "0", "write.parquet.compression-codec": "x"}, 1, "ZSTD"),
    ],
)
def test_a_table_says_how_large_its_files_are_and_how_they_are_compressed(
    tmp_path: Path, properties: dict[str, str], files: int, codec: str
) -> None:
    store = local_store(tmp_path)
    rows = batches(3, FOLDER.row_group_rows)
    layout = Layout(properties=properties)
    store.write(NAME, rows, mode="create", columns=COLUMNS, layout=layout)
    made = written(store)
    assert sum(file.rows for file in made) == 3 * FOLDER.row_group_rows
    assert len(made) == files
    assert pq.read_metadata(made[0].path).row_group(0).column(0).compression == codec


def test_reading_goes_ahead_of_writing_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iceberg, "_WAITING_BYTES", 8 * 1_000)
    read = 0
    ahead: list[int] = []

    class Files:
        def write(self, batch: Any) -> None:
            ahead.append(read - len(ahead))

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal read
        for batch in batches(200, rows=125):
            assert batch.nbytes == 1_000
            read += 1
            yield batch

    seen: list[int] = []
    iceberg._pour(counted(), Files(), seen.append)  # type: ignore[arg-type]
    assert len(ahead) == 200
    assert max(ahead) <= 10
    assert seen == [125 * (n + 1) for n in range(200)]


def test_a_write_that_fails_ends_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0
    write = datafiles.DataFiles.write

    def failing(self: Any, batch: Any) -> None:
        nonlocal written
        written += 1
        if written == 5:
            raise OSError(28, "No space left on device")
        write(self, batch)

    monkeypatch.setattr(datafiles.DataFiles, "write", failing)
    store = local_store(tmp_path)
    with pytest.raises(Exception, match="the disk is full"):
        store.write(NAME, batches(None, 1_000), mode="create", columns=COLUMNS)
    assert parquet_files(tmp_path) == []
    with pytest.raises(NotFound):
        store.load(NAME)


def test_a_source_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> Iterator[pa.RecordBatch]:
        yield from batches(3, 100_000)
        raise ConnectionResetError("gone")

    store = local_store(tmp_path)
    with pytest.raises(Exception, match="gone"):
        store.write(NAME, failing(), mode="create", columns=COLUMNS)
    assert parquet_files(tmp_path) == []
