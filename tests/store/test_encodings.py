"""Which columns of a data file get a dictionary, and which are written as differences."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lakeshell.store.encodings import LEAST_REPEATS, LOOKED_AT, differing, repeating

ROWS = 2 * LOOKED_AT


def table(**columns: pa.Array) -> pa.Table:
    return pa.table(columns)


def test_values_that_repeat_have_one_and_others_none(tmp_path: Path) -> None:
    numbers = pa.array(range(ROWS), pa.int64())
    rows = table(
        id=numbers,
        kind=pa.array(["a", "b", None, "d"] * (ROWS // 4)),
        text=pa.array([f"text {n}" for n in range(ROWS)]),
        tags=pa.array([[n, n + 1] for n in range(ROWS)]),
        pairs=pa.array([[(str(n), n)] for n in range(ROWS)], pa.map_(pa.string(), pa.int64())),
        place=pa.array([{"x": n, "y": [{"z": n}]} for n in range(ROWS)]),
        **{"a.b": pa.array([1] * ROWS)},
    )
    path = tmp_path / "file.parquet"
    with pq.ParquetWriter(path, rows.schema, use_dictionary=repeating(rows)) as writer:
        writer.write_table(rows)
    group = pq.ParquetFile(path).metadata.row_group(0)
    chunks = [group.column(at) for at in range(group.num_columns)]
    coded = {c.path_in_schema for c in chunks if "RLE_DICTIONARY" in c.encodings}
    assert coded == {
        "kind", "a.b", "tags.list.element", "pairs.key_value.key", "pairs.key_value.value",
        "place.x", "place.y.list.element.z",
    }  # fmt: skip
    assert pq.read_table(path).equals(rows)


def test_the_first_rows_decide() -> None:
    few = LOOKED_AT // LEAST_REPEATS
    rows = table(
        often=pa.array([n % few for n in range(ROWS)]),
        seldom=pa.array([n % (few + 1) for n in range(ROWS)]),
        later=pa.array([n if n < LOOKED_AT else 0 for n in range(ROWS)]),
    )
    assert repeating(rows) == ["often"]


def test_every_type_of_a_column_can_be_looked_at() -> None:
    types = [
        pa.bool_(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.decimal128(38, 5),
        pa.date32(), pa.time64("us"), pa.timestamp("us"), pa.timestamp("us", "UTC"),
        pa.timestamp("ns"), pa.string(), pa.large_string(), pa.binary(), pa.binary(16),
    ]  # fmt: skip
    rows = table(**{f"c{at}": pa.nulls(8, type) for at, type in enumerate(types)})
    assert repeating(rows) == [f"c{at}" for at in range(len(types))]
    assert repeating(rows.slice(0, 0)) == [f"c{at}" for at in range(len(types))]


def test_uuids_are_counted_too() -> None:
    kinds = [b"a" * 16, b"b" * 16, None, b"d" * 16] * (ROWS // 4)
    ids = [n.to_bytes(16) for n in range(ROWS)]
    rows = table(kind=pa.array(kinds, pa.uuid()), id=pa.array(ids, pa.uuid()))
    assert repeating(rows) == ["kind"]


def test_whole_numbers_without_a_dictionary_are_written_as_differences() -> None:
    whole = [
        pa.int32(), pa.int64(), pa.date32(), pa.time64("us"), pa.timestamp("us"),
        pa.timestamp("us", "UTC"), pa.decimal128(5, 2), pa.decimal128(18, 0),
    ]  # fmt: skip
    others = [pa.bool_(), pa.float64(), pa.decimal128(19, 0), pa.string(), pa.binary(), pa.uuid()]
    rows = table(**{f"c{at}": pa.nulls(0, type) for at, type in enumerate(whole + others)})
    assert differing(rows, []) == [f"c{at}" for at in range(len(whole))]
    assert differing(rows, ["c0", "c2"]) == [f"c{at}" for at in (1, 3, 4, 5, 6, 7)]
    nested = table(list=pa.nulls(0, pa.list_(pa.int64())), **{"a.b": pa.nulls(0, pa.int64())})
    assert differing(nested, []) == ["list.list.element", "a.b"]
