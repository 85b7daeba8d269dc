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
from lakeshell.store.limits import FOLDER
from lakeshell.store.opening import local_store

NAME = TableName("raw", "payment")
COLUMNS = columns(id="bigint")


def batches(count: int | None, rows: int) -> Iterator[pa.RecordBatch]:
    for n in itertools.count() if count is None else range(count):
        yield pa.RecordBatch.from_arrays([pa.array(range(n * rows, (n + 1) * rows))], ["id"])


def parquet_files(folder: Path) -> list[Path]:
    return list(folder.rglob("*.parquet"))


def test_a_row_group_is_what_gathered_and_no_remainder(tmp_path: Path) -> None:
    store = local_store(tmp_path)
    rows = FOLDER.row_group_rows // 4 + 1
    store.write(NAME, batches(9, rows), mode="create", columns=COLUMNS)
    (path,) = parquet_files(tmp_path)
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
    assert groups == [4 * rows, 4 * rows, rows]
    assert pq.read_table(path).column("id").to_pylist() == list(range(9 * rows))


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
