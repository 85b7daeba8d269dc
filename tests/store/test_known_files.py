"""What manifests list is read once, with no more of it kept than planning asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import batch, columns

from lakeshell.model import TableName
from lakeshell.store.files import LocalFiles
from lakeshell.store.known_files import KnownFiles
from lakeshell.store.metadata import Manifest, read_manifests, read_metadata
from lakeshell.store.opening import local_store

NAME = TableName("raw", "film")
COLUMNS = columns(id="bigint", title="varchar")


class Counted(LocalFiles):
    """Which files were read."""

    def __init__(self) -> None:
        self.read_of: list[str] = []

    def read(self, location: str) -> bytes:
        self.read_of.append(location)
        return super().read(location)


@pytest.fixture
def manifests(tmp_path: Path) -> list[Manifest]:
    """Three, each of one file of one row."""
    store = local_store(tmp_path)
    store.create(NAME, COLUMNS)
    for n in range(3):
        store.write(NAME, iter([batch(COLUMNS, (n, f"film {n}"))]), mode="append")
    location = store.tables.location_of(NAME)
    assert location is not None
    snapshot = read_metadata(location).current_snapshot
    assert snapshot is not None
    return read_manifests(snapshot)


def test_a_manifest_is_read_once_for_the_same_columns(manifests: list[Manifest]) -> None:
    known, files = KnownFiles(), Counted()
    first = known.of(manifests[0], files, frozenset({1}))
    assert known.of(manifests[0], files, frozenset({1})) == first
    assert len(files.read_of) == 1
    known.of(manifests[0], files, frozenset())
    known.of(manifests[1], files, frozenset({1}))
    assert len(files.read_of) == 3


def test_only_what_is_asked_for_is_kept(manifests: list[Manifest]) -> None:
    (bare,) = KnownFiles().of(manifests[0], Counted(), frozenset())
    (asked,) = KnownFiles().of(manifests[0], Counted(), frozenset({2}))
    assert (dict(bare.lower), dict(bare.upper), dict(bare.value_counts)) == ({}, {}, {})
    assert set(asked.lower) == set(asked.upper) == set(asked.null_counts) == {2}
    # All columns' sizes: what lies between those that are read may be read along.
    assert set(bare.column_sizes) == {1, 2}
    assert (bare.rows, bare.size) == (asked.rows, asked.size)


def test_the_one_longest_unused_gives_way(manifests: list[Manifest]) -> None:
    known, files = KnownFiles(most=2), Counted()
    for n in (0, 1, 0, 2, 0):
        known.of(manifests[n], files, frozenset())
    assert len(files.read_of) == 3
    known.of(manifests[1], files, frozenset())
    assert len(files.read_of) == 4


def test_a_manifest_larger_than_all_that_is_kept_is_not(manifests: list[Manifest]) -> None:
    known, files = KnownFiles(most=0), Counted()
    for _ in range(2):
        assert len(known.of(manifests[0], files, frozenset())) == 1
    assert len(files.read_of) == 2
