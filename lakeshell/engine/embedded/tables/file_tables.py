"""The metadata tables that go down to data files: files, entries, all_entries, partitions.

In: a table's metadata. Out: columns of Trino's names and types, and rows made when they are read.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from lakeshell.engine.embedded.binding.scope import RelationColumn
from lakeshell.engine.embedded.tables.computed import MadeTable
from lakeshell.sql.datatypes import (
    BIGINT,
    INTEGER,
    JSON,
    VARBINARY,
    VARCHAR,
    ArrayType,
    MapType,
    RowField,
    RowType,
)
from lakeshell.store.metadata import (
    DATA,
    DataFile,
    Entry,
    Field,
    PartitionField,
    Snapshot,
    TableMetadata,
    read_entries,
    read_manifests,
    trino_type,
)
from lakeshell.store.partitions import (
    as_python,
    bound,
    human,
    partition_fields,
    result_type,
)
from lakeshell.store.planning import bound_value, live_files

Row = tuple[Any, ...]
_SIZES = MapType(INTEGER, BIGINT)
_BOUNDS = MapType(INTEGER, VARCHAR)


class _Leaf:
    """A primitive field, at whatever depth; `name` is its path with dots."""

    __slots__ = ("id", "name", "written")

    def __init__(self, id: int, name: str, written: str) -> None:
        self.id = id
        self.name = name
        self.written = written


class _Shape:
    """What the rows of one table are made with."""

    def __init__(self, metadata: TableMetadata) -> None:
        self.metadata = metadata
        self.partitions = partition_fields(metadata)
        self.sources = {field.id: field for field in metadata.schema()}
        leaves = [leaf for f in metadata.schema() for leaf in _leaves(f.id, f.name, f.written)]
        self.leaves = sorted(leaves, key=lambda leaf: leaf.name)
        self.types = {leaf.id: leaf.written for leaf in leaves}

    def partition_type(self) -> RowType | None:
        if not self.partitions:
            return None
        return RowType(
            tuple(RowField(f.name, trino_type(self.result_type(f))) for f in self.partitions)
        )

    def result_type(self, field: PartitionField) -> Any:
        return result_type(field.transform, self.sources[field.source_id].written)

    def partition(self, file: DataFile) -> Row:
        """The file's partition values by field of any spec; NULL where its spec lacks it."""
        own = {f.id: f.name for f in self.metadata.specs.get(file.spec_id, ())}
        return tuple(
            as_python(file.partition.get(own[f.id]), self.result_type(f)) if f.id in own else None
            for f in self.partitions
        )


def _leaves(id: int, name: str, written: Any) -> Iterator[_Leaf]:
    if isinstance(written, str):
        yield _Leaf(id, name, written)
        return
    match written["type"]:
        case "list":
            yield from _leaves(written["element-id"], f"{name}.element", written["element"])
        case "map":
            yield from _leaves(written["key-id"], f"{name}.key", written["key"])
            yield from _leaves(written["value-id"], f"{name}.value", written["value"])
        case _:
            for field in written["fields"]:
                yield from _leaves(field["id"], f"{name}.{field['name']}", field["type"])


# --- files ---------------------------------------------------------------------------------


def _file_fields(shape: _Shape) -> list[RowField]:
    fields = [
        RowField("content", INTEGER), RowField("file_path", VARCHAR),
        RowField("file_format", VARCHAR), RowField("spec_id", INTEGER),
    ]  # fmt: skip
    partition = shape.partition_type()
    if partition is not None:
        fields.append(RowField("partition", partition))
    return [
        *fields,
        RowField("record_count", BIGINT), RowField("file_size_in_bytes", BIGINT),
        RowField("column_sizes", _SIZES), RowField("value_counts", _SIZES),
        RowField("null_value_counts", _SIZES), RowField("nan_value_counts", _SIZES),
        RowField("lower_bounds", _BOUNDS), RowField("upper_bounds", _BOUNDS),
        RowField("key_metadata", VARBINARY), RowField("split_offsets", ArrayType(BIGINT)),
        RowField("equality_ids", ArrayType(INTEGER)), RowField("sort_order_id", INTEGER),
    ]  # fmt: skip


def _file_row(shape: _Shape, file: DataFile) -> Row:
    partition = (shape.partition(file),) if shape.partitions else ()
    return (
        file.content, file.path, file.format, file.spec_id, *partition, file.rows, file.size,
        file.column_sizes, file.value_counts, file.null_counts, file.nan_counts,
        _bounds(shape, file.lower), _bounds(shape, file.upper),
        file.key_metadata, file.split_offsets, file.equality_ids,
        file.sort_order_id if file.content != DATA else file.sort_order_id or 0,
    )  # fmt: skip


def _bounds(shape: _Shape, bounds: Mapping[int, bytes]) -> dict[int, str]:
    return {
        id: human(bound_value(raw, shape.types[id]), "identity", shape.types[id])
        for id, raw in bounds.items()
        if id in shape.types
    }


def _metrics(shape: _Shape, file: DataFile) -> str:
    """Every column's figures as the JSON that Iceberg calls readable metrics."""
    made = {
        leaf.name: {
            "column_size": file.column_sizes.get(leaf.id),
            "value_count": file.value_counts.get(leaf.id),
            "null_value_count": file.null_counts.get(leaf.id),
            "nan_value_count": file.nan_counts.get(leaf.id),
            "lower_bound": _json(bound(file.lower.get(leaf.id), leaf.written), leaf.written),
            "upper_bound": _json(bound(file.upper.get(leaf.id), leaf.written), leaf.written),
        }
        for leaf in shape.leaves
    }
    return json.dumps(made, separators=(",", ":"), ensure_ascii=False)


def _json(value: Any, written: str) -> Any:
    """Iceberg's JSON of a single value."""
    match value:
        case Decimal():
            return f"{value:f}"
        case dt.datetime():
            text = value.replace(tzinfo=None).isoformat()
            return text + ("+00:00" if written == "timestamptz" else "")
        case dt.date() | dt.time():
            return value.isoformat()
        case bytes():
            return base64.b16encode(value).decode()
    return value


def _files(metadata: TableMetadata) -> MadeTable:
    shape = _Shape(metadata)
    columns = [RelationColumn(f.name or "", f.type) for f in _file_fields(shape)]

    def rows() -> Iterator[Row]:
        for file in live_files(metadata.current_snapshot):
            yield (*_file_row(shape, file), _metrics(shape, file))

    return MadeTable((*columns, RelationColumn("readable_metrics", JSON)), rows)


# --- entries -------------------------------------------------------------------------------


def _entries_table(
    snapshots: Callable[[TableMetadata], Iterable[Snapshot]],
) -> Callable[[TableMetadata], MadeTable]:
    def made(metadata: TableMetadata) -> MadeTable:
        shape = _Shape(metadata)
        columns = (
            RelationColumn("status", INTEGER), RelationColumn("snapshot_id", BIGINT),
            RelationColumn("sequence_number", BIGINT),
            RelationColumn("file_sequence_number", BIGINT),
            RelationColumn("data_file", RowType(tuple(_file_fields(shape)))),
            RelationColumn("readable_metrics", JSON),
        )  # fmt: skip
        return MadeTable(columns, lambda: _entry_rows(shape, snapshots(metadata)))

    return made


def _entry_rows(shape: _Shape, snapshots: Iterable[Snapshot]) -> Iterator[Row]:
    seen: set[str] = set()
    for snapshot in snapshots:
        for manifest in read_manifests(snapshot):
            if manifest.path in seen:
                continue
            seen.add(manifest.path)
            for entry in read_entries(manifest, deleted=True):
                yield _entry_row(shape, entry)


def _entry_row(shape: _Shape, entry: Entry) -> Row:
    return (
        entry.status, entry.snapshot_id, entry.sequence, entry.file_sequence,
        _file_row(shape, entry.file), _metrics(shape, entry.file),
    )  # fmt: skip


def _current(metadata: TableMetadata) -> Sequence[Snapshot]:
    return [metadata.current_snapshot] if metadata.current_snapshot is not None else []


def _all(metadata: TableMetadata) -> Iterable[Snapshot]:
    return metadata.snapshots.values()


# --- partitions ----------------------------------------------------------------------------


def _partitions(metadata: TableMetadata) -> MadeTable:
    shape = _Shape(metadata)
    identity = {
        f.source_id
        for f in metadata.specs.get(metadata.default_spec_id, ())
        if f.transform == "identity"
    }
    measured = [f for f in metadata.schema() if f.id not in identity and isinstance(f.written, str)]
    partition = shape.partition_type()
    columns = [RelationColumn("partition", partition)] if partition is not None else []
    columns += [RelationColumn(n, BIGINT) for n in ("record_count", "file_count", "total_size")]
    if measured:
        columns.append(RelationColumn("data", RowType(tuple(map(_measure, measured)))))
    return MadeTable(tuple(columns), lambda: _partition_rows(shape, measured))


def _measure(field: Field) -> RowField:
    figures = (
        RowField("min", field.type), RowField("max", field.type),
        RowField("null_count", BIGINT), RowField("nan_count", BIGINT),
    )  # fmt: skip
    return RowField(field.name, RowType(figures))


def _partition_rows(shape: _Shape, measured: Sequence[Field]) -> Iterator[Row]:
    groups: dict[Row, list[DataFile]] = {}
    for file in live_files(shape.metadata.current_snapshot):
        if file.content == DATA:
            groups.setdefault(shape.partition(file), []).append(file)
    for partition, files in groups.items():
        row: Row = (sum(f.rows for f in files), len(files), sum(f.size for f in files))
        if shape.partitions:
            row = (partition, *row)
        if measured:
            row = (*row, tuple(_figures(field, files) for field in measured))
        yield row


def _figures(field: Field, files: Sequence[DataFile]) -> Row | None:
    """Lowest, highest, NULLs, NaNs over the files; a bound that one file lacks is unknown."""
    nulls = [file.null_counts.get(field.id) for file in files]
    null_count = None if None in nulls else sum(n for n in nulls if n is not None)
    lower = _extreme(field, files, [file.lower for file in files], min)
    upper = _extreme(field, files, [file.upper for file in files], max)
    nans = [file.nan_counts[field.id] for file in files if field.id in file.nan_counts]
    if lower is None and upper is None and null_count is None:
        return None
    return lower, upper, null_count, sum(nans) if nans else None


def _extreme(
    field: Field,
    files: Sequence[DataFile],
    bounds: Sequence[Mapping[int, bytes]],
    choose: Callable[[list[Any]], Any],
) -> Any:
    """Files with nothing but NULLs have no bounds and take none away."""
    known = []
    for file, held in zip(files, bounds, strict=True):
        if file.null_counts.get(field.id) == file.rows:
            continue
        if field.id not in held:
            return None
        known.append(bound_value(held[field.id], field.written))
    return as_python(choose(known), field.written) if known else None


TABLES: Mapping[str, Callable[[TableMetadata], MadeTable]] = {
    "files": _files,
    "entries": _entries_table(_current),
    "all_entries": _entries_table(_all),
    "partitions": _partitions,
}
