"""A commit whose answer is lost: what was written stays, whatever is said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes import columns

from lakeshell.errors import ConnectionFailed, LakeshellError
from lakeshell.model import TableName
from lakeshell.store.iceberg import IcebergStore
from lakeshell.store.metadata import read_metadata
from lakeshell.store.opening import local_store
from lakeshell.store.planning import live_files
from lakeshell.store.pointers import CommitUnknown, NoAnswer

NAME = TableName("raw", "payment")
COLUMNS = columns(id="bigint")


def rows(*ids: int) -> list[pa.RecordBatch]:
    return [pa.RecordBatch.from_arrays([pa.array(ids, pa.int64())], ["id"])]


def ids(store: IcebergStore) -> list[int]:
    location = store.tables.location_of(NAME)
    assert location is not None
    files = live_files(read_metadata(location).current_snapshot)
    return sorted(id for f in files for id in pq.read_table(f.path).column("id").to_pylist())


def data_files(folder: Path) -> int:
    return len(list(folder.rglob("*.parquet")))


@pytest.fixture
def store(tmp_path: Path) -> IcebergStore:
    made = local_store(tmp_path)
    made.write(NAME, rows(1, 2), mode="create", columns=COLUMNS)
    return made


def losing(
    store: IcebergStore, monkeypatch: pytest.MonkeyPatch, error: BaseException, *, done: bool
) -> None:
    """The next commit is made, or not, and then there is an error in the place of its answer."""
    replace: Callable[..., bool] = store.tables.pointers.replace

    def lost(*given: Any) -> bool:
        if done:
            assert replace(*given)
        raise error

    monkeypatch.setattr(store.tables.pointers, "replace", lost)


def unreachable(store: IcebergStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the commit on nobody answers."""
    current, replace = store.tables.pointers.current, store.tables.pointers.replace
    gone: list[bool] = []

    def asked(name: TableName) -> str | None:
        if gone:
            raise ConnectionFailed("nobody answers")
        return current(name)

    def lost(*given: Any) -> bool:
        assert replace(*given)
        gone.append(True)
        raise ConnectionFailed("nobody answers", hint="start it")

    monkeypatch.setattr(store.tables.pointers, "current", asked)
    monkeypatch.setattr(store.tables.pointers, "replace", lost)


@pytest.mark.parametrize("error", [ConnectionFailed("lost"), NoAnswer("too late")])
def test_one_that_was_made_is_found(
    store: IcebergStore, monkeypatch: pytest.MonkeyPatch, error: LakeshellError
) -> None:
    losing(store, monkeypatch, error, done=True)
    assert store.write(NAME, rows(3), mode="append").rows == 1
    monkeypatch.undo()
    assert ids(store) == [1, 2, 3]


def test_one_that_was_not_made_leaves_nothing(
    store: IcebergStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    losing(store, monkeypatch, ConnectionFailed("lost"), done=False)
    with pytest.raises(ConnectionFailed, match=r"^lost$"):
        store.write(NAME, rows(3), mode="append")
    monkeypatch.undo()
    assert (ids(store), data_files(tmp_path)) == ([1, 2], 1)


def test_one_that_may_yet_be_made_keeps_its_files(
    store: IcebergStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    losing(store, monkeypatch, NoAnswer("too late"), done=False)
    with pytest.raises(CommitUnknown, match=r"raw\.payment was written is not known") as caught:
        store.write(NAME, rows(3), mode="append")
    assert "whether it went through" in caught.value.hint
    monkeypatch.undo()
    assert (ids(store), data_files(tmp_path)) == ([1, 2], 2)


def test_one_that_nobody_can_be_asked_about_keeps_its_files(
    store: IcebergStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable(store, monkeypatch)
    with pytest.raises(CommitUnknown) as caught:
        store.write(NAME, rows(3), mode="append")
    assert caught.value.hint.startswith("start it; ")
    monkeypatch.undo()
    assert ids(store) == [1, 2, 3]


def test_one_that_is_interrupted_before_its_answer_keeps_its_files(
    store: IcebergStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    losing(store, monkeypatch, KeyboardInterrupt(), done=True)
    with pytest.raises(KeyboardInterrupt):
        store.write(NAME, rows(3), mode="append")
    monkeypatch.undo()
    assert ids(store) == [1, 2, 3]
