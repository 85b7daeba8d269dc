"""How many bytes an engine reads of a file, by its manifest alone. The figures of Trino are those that
it reported for files like these (scripts/bench/estimate.py measures them)."""

from __future__ import annotations

import pytest

from lakeshell.runtime.stack import TRINO
from lakeshell.store.metadata import DATA, DataFile, Field
from lakeshell.store.reading import CHUNKS, Layout, constant_bytes

MB = 2**20
FOOTER = 48 * 2**10


def file(sizes: dict[int, int], offsets: list[int] | None = None, size: int = 0) -> DataFile:
    return DataFile(
        content=DATA, path="f", format="PARQUET", spec_id=0, partition={}, rows=1,
        size=size or sum(sizes.values()) + 1000, column_sizes=sizes, value_counts={},
        null_counts={}, nan_counts={}, lower={}, upper={}, key_metadata=None,
        split_offsets=offsets, equality_ids=None, sort_order_id=None, sequence=1,
    )  # fmt: skip


def trino(of: DataFile, *read: int) -> int:
    return Layout(sorted(of.column_sizes) or [1, 2], frozenset(read)).bytes_of(of, TRINO)


def test_duckdb_reads_the_chunks_of_the_columns() -> None:
    made = file({1: 10, 2: 20, 3: 30})
    assert Layout([1, 2, 3], frozenset({1, 3})).bytes_of(made, CHUNKS) == 40
    assert Layout([1, 2, 3], frozenset()).bytes_of(made, CHUNKS) == 0
    assert Layout([1, 9], frozenset({9})).bytes_of(made, CHUNKS) == 0


def test_trino_reads_small_files_whole() -> None:
    assert trino(file({1: MB, 2: MB}), 1) == 2 * MB + 1000
    assert trino(file({1: MB, 2: MB})) == 0


def test_of_others_it_reads_the_footer_first() -> None:
    made = file({1: 5 * MB, 2: 3 * MB, 3: 700})
    assert trino(made, 1) == 5 * MB + FOOTER
    assert trino(made, 3) == 700 + FOOTER


def test_a_short_gap_is_read_along_and_a_long_one_is_not() -> None:
    near = file({1: 3 * MB, 2: MB, 3: 2 * MB})
    assert trino(near, 1, 3) == 6 * MB + FOOTER
    far = file({1: 3 * MB, 2: MB + 1, 3: 2 * MB})
    assert trino(far, 1, 3) == 5 * MB + FOOTER
    # Together they would be longer than what is read at once.
    long = file({1: 6 * MB, 2: MB, 3: 2 * MB})
    assert trino(long, 1, 3) == 8 * MB + FOOTER
    # A chunk that is itself longer is read by itself.
    large = file({1: 9 * MB, 2: 10, 3: 2 * MB})
    assert trino(large, 1, 3) == 11 * MB + FOOTER


def test_many_small_row_groups_are_read_almost_whole() -> None:
    """What Trino reported for a file of 23 row groups, whose manifest has no use for their places."""
    made = file({1: 4_350_894, 2: 14_091_144, 3: 8_119_252}, [4] * 23, 26_569_998)
    for read, reported in (((1,), 23_806_251), ((2,), 24_469_377), ((3,), 23_386_918)):
        assert trino(made, *read) == pytest.approx(reported, rel=0.005)
    assert trino(made, 1, 2, 3) == pytest.approx(26_610_442, rel=0.0001)


def test_a_file_that_can_be_parted_is_read_in_parts() -> None:
    made = file({1: 40 * MB, 2: 4 * MB}, [4, 20 * MB, 40 * MB])
    assert trino(made, 2) == pytest.approx(4 * MB + 3 * FOOTER, abs=3)
    whole = file({1: 300 * MB, 2: 4 * MB})
    assert trino(whole, 2) == 4 * MB + 3 * FOOTER


def test_a_last_row_group_is_smaller_and_so_are_its_gaps() -> None:
    made = file({1: 11 * MB, 2: 8 * MB, 3: 11 * MB}, [4, 4 + 30 * MB * 10 // 11])
    read_along = 8 * MB // 11
    assert trino(made, 1, 3) == pytest.approx(22 * MB + read_along + 2 * FOOTER, abs=4)
    assert trino(made, 1) == pytest.approx(11 * MB + 2 * FOOTER, abs=4)


def test_without_sizes_of_columns_it_is_the_whole_file() -> None:
    assert trino(file({}, size=5 * MB), 1) == 5 * MB


@pytest.mark.parametrize(
    ("written", "value", "expected"),
    [
        ("string", "AIR", 8), ("string", "ü", 7), ("string", None, 5), ("int", 1, 5),
        ("long", 1, 9), ("date", 1, 5), ("boolean", True, 2), ("decimal(10, 2)", 1, 9),
        ("decimal(38, 2)", 1, 17), ("binary", b"abc", 8),
    ],
)  # fmt: skip
def test_values_of_partitions_count_by_their_place_in_memory(
    written: str, value: object, expected: int
) -> None:
    assert constant_bytes(Field(1, "x", written, False, ""), value) == expected
