"""Iceberg tables read from their metadata alone: snapshots, files, pruning, bytes of columns."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fakes import batch, columns

from lakeshell.errors import QueryFailed
from lakeshell.model import TableName
from lakeshell.sql.datatypes import parse_type
from lakeshell.store.iceberg import IcebergStore
from lakeshell.store.metadata import (
    TableMetadata,
    local_path,
    read_entries,
    read_manifests,
    read_metadata,
    trino_type,
)
from lakeshell.store.opening import local_store
from lakeshell.store.partitions import human, partition_path
from lakeshell.store.planning import Condition, bound_value, live_files, plan

NAME = TableName("raw", "film")
COLUMNS = columns(id="bigint", title="varchar", rate="decimal(5,2)", day="date", score="double")


@pytest.fixture
def store(tmp_path: Path) -> IcebergStore:
    return local_store(tmp_path)


def current(store: IcebergStore) -> TableMetadata:
    location = store.tables.location_of(NAME)
    assert location is not None
    return read_metadata(location)


def filled(store: IcebergStore) -> TableMetadata:
    """Three files: ids 0-9, 10-19, 20-29; the last has no titles."""
    store.create(NAME, COLUMNS)
    for start in (0, 10, 20):
        rows = [
            (
                n,
                None if start == 20 else f"film {n:03d} with a title longer than its bounds",
                Decimal(n),
                dt.date(2024, 1, 1) + dt.timedelta(days=n),
                float("nan") if n == 15 else n / 10,
            )
            for n in range(start, start + 10)
        ]
        store.write(NAME, iter([batch(COLUMNS, *rows)]), mode="append")
    return current(store)


def kept(metadata: TableMetadata, column: str, op: str, *values: object) -> list[int]:
    """The first ids of the files that a condition leaves."""
    fields = {field.name: field for field in metadata.schema()}
    made = plan(
        metadata,
        metadata.current_snapshot,
        [fields["id"]],
        [Condition(fields[column], op, values)],
    )
    lower = {file.path: file.lower for file in live_files(metadata.current_snapshot)}
    firsts = (bound_value(lower[file.path][fields["id"].id], "long") for file in made.files)
    return sorted(firsts)


def test_a_table_without_rows_has_nothing_to_read(store: IcebergStore) -> None:
    store.create(NAME, COLUMNS)
    metadata = current(store)
    made = plan(metadata, metadata.current_snapshot, metadata.schema())
    assert (made.files, made.bytes, made.rows) == ((), 0, 0)
    assert plan(metadata, None, metadata.schema()).files == ()


def test_schema_and_snapshots_are_those_of_the_metadata(store: IcebergStore) -> None:
    metadata = filled(store)
    assert [(f.name, str(f.type)) for f in metadata.schema()] == [
        (c.name, str(c.type)) for c in COLUMNS
    ]
    assert len(metadata.snapshots) == 4
    assert metadata.refs["main"]["snapshot-id"] == metadata.current_snapshot.id
    assert [s.operation for s in metadata.snapshots.values()] == ["append"] * 4
    assert not metadata.evolved


def test_an_earlier_snapshot_has_its_own_files(store: IcebergStore) -> None:
    metadata = filled(store)
    counts = [len(live_files(s)) for s in metadata.snapshots.values()]
    assert counts == [0, 1, 2, 3]


def test_bytes_are_those_of_the_columns_chunks(store: IcebergStore) -> None:
    metadata = filled(store)
    wanted = [f for f in metadata.schema() if f.name in ("id", "title")]
    made = plan(metadata, metadata.current_snapshot, wanted)
    expected = 0
    for file in made.files:
        footer = pq.ParquetFile(local_path(file.path)).metadata
        for group in range(footer.num_row_groups):
            chunks = [footer.row_group(group).column(n) for n in range(footer.num_columns)]
            expected += sum(
                c.total_compressed_size for c in chunks if c.path_in_schema in ("id", "title")
            )
    assert made.bytes == expected > 0
    assert made.rows == 30


def test_reading_no_column_costs_nothing(store: IcebergStore) -> None:
    metadata = filled(store)
    made = plan(metadata, metadata.current_snapshot, ())
    assert (made.bytes, made.rows) == (0, 30)


@pytest.mark.parametrize(
    ("column", "op", "values", "expected"),
    [
        ("id", "=", (5,), [0]),
        ("id", "=", (99,), []),
        ("id", "in", (5, 25), [0, 20]),
        ("id", "<", (10,), [0]),
        ("id", "<=", (10,), [0, 10]),
        ("id", ">", (19,), [20]),
        ("id", ">=", (19,), [10, 20]),
        ("id", "<>", (5,), [0, 10, 20]),
        ("title", "=", ("film 005",), [0]),
        ("title", "=", ("film 005 with a title longer than its bounds",), [0]),
        ("title", "=", ("film 0190",), []),
        ("title", ">", ("film 015",), [10]),
        ("title", "is_null", (), [20]),
        ("title", "is_not_null", (), [0, 10]),
        ("rate", "=", (Decimal("12.00"),), [10]),
        ("rate", "<", (Decimal("-1"),), []),
        ("day", "=", (dt.date(2024, 1, 25),), [20]),
        ("day", ">", (dt.date(2025, 1, 1),), []),
        ("score", "=", (0.5,), [0]),
        ("score", ">", (2.5,), [20]),
        ("score", "=", (float("nan"),), [0, 10, 20]),
        ("id", "is_null", (), []),
        ("id", "=", ("text",), [0, 10, 20]),
    ],
)
def test_conditions_leave_out_files_that_cannot_meet_them(
    store: IcebergStore, column: str, op: str, values: tuple[object, ...], expected: list[int]
) -> None:
    assert kept(filled(store), column, op, *values) == expected


def test_a_real_column_is_compared_as_real() -> None:
    from lakeshell.store.metadata import Field
    from lakeshell.store.planning import _ordered

    lower = bound_value(b"\xcd\xcc\xcc\x3d", "float")
    field = Field(1, "x", "float", False, "")
    assert lower == _ordered(Decimal("0.1"), field) == _ordered(0.1, field)


def test_identity_partitions_without_bounds_are_left_out(store: IcebergStore) -> None:
    store.create(NAME, columns(id="bigint", kind="varchar"), partitioning=["kind"])
    rows = [(1, "a"), (2, "b"), (3, None)]
    store.write(NAME, iter([batch(columns(id="bigint", kind="varchar"), *rows)]), mode="append")
    metadata = current(store)
    assert kept(metadata, "kind", "=", "b") == [2]
    assert kept(metadata, "kind", "is_null") == [3]
    assert kept(metadata, "kind", "is_not_null") == [1, 2]
    paths = {partition_path(metadata, file) for file in live_files(metadata.current_snapshot)}
    assert paths == {"kind=a", "kind=b", "kind=null"}


def test_entries_keep_their_snapshot_and_sequence(store: IcebergStore) -> None:
    metadata = filled(store)
    snapshot = metadata.current_snapshot
    assert snapshot is not None
    entries = [e for m in read_manifests(snapshot) for e in read_entries(m)]
    assert {e.snapshot_id for e in entries} <= set(metadata.snapshots)
    assert sorted(e.sequence or 0 for e in entries) == [2, 3, 4]


def test_overwriting_again_and_again_leaves_no_more_to_read(store: IcebergStore) -> None:
    for n in range(4):
        rows = iter([batch(COLUMNS, (n, "film", Decimal(1), dt.date(2024, 1, 1), 0.5))])
        store.write(NAME, rows, mode="overwrite", columns=COLUMNS)
    snapshot = current(store).current_snapshot
    assert snapshot is not None
    manifests = read_manifests(snapshot)
    assert [manifest.live for manifest in manifests] == [True, False]
    assert [file.rows for file in live_files(snapshot)] == [1]


def test_a_manifest_without_counts_may_list_files(store: IcebergStore) -> None:
    snapshot = filled(store).current_snapshot
    assert snapshot is not None
    (manifest, *_) = read_manifests(snapshot)
    assert manifest._replace(counts=dict.fromkeys(manifest.counts, 0)).live


def test_a_damaged_metadata_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "00001-x.metadata.json"
    broken.write_text('{"location": ')
    with pytest.raises(QueryFailed, match=str(broken)) as caught:
        read_metadata(str(broken))
    assert caught.value.code == "ICEBERG_INVALID_METADATA"
    with pytest.raises(QueryFailed) as gone:
        read_metadata(str(tmp_path / "gone.json"))
    assert gone.value.code == "ICEBERG_MISSING_METADATA"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("long", "bigint"),
        ("decimal(10, 2)", "decimal(10,2)"),
        ("fixed[16]", "varbinary"),
        ("timestamptz", "timestamp(6) with time zone"),
        ({"type": "list", "element-id": 2, "element": "int"}, "array(integer)"),
        (
            {"type": "struct", "fields": [{"id": 3, "name": "B b", "type": "string"}]},
            'row("B b" varchar)',
        ),
    ],
)
def test_types_are_trinos(written: object, expected: str) -> None:
    assert str(trino_type(written)) == expected
    assert trino_type(written) == parse_type(expected)


@pytest.mark.parametrize(
    ("value", "transform", "source", "expected"),
    [
        (50, "year", "date", "2020"),
        (600, "month", "date", "2020-01"),
        (18262, "day", "timestamp", "2020-01-01"),
        (438288, "hour", "timestamp", "2020-01-01-00"),
        (3, "bucket[4]", "long", "3"),
        (None, "identity", "string", "null"),
        (1577872800123456, "identity", "timestamp", "2020-01-01T10:00:00.123456"),
        (1577836800000000, "identity", "timestamptz", "2020-01-01T00:00Z"),
        (b"\x00\xff", "identity", "binary", "AP8="),
        (True, "identity", "boolean", "true"),
    ],
)
def test_partition_values_as_iceberg_shows_them(
    value: object, transform: str, source: str, expected: str
) -> None:
    assert human(value, transform, source) == expected
