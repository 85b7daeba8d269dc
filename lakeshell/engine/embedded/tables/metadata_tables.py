"""The metadata tables of an Iceberg table: `"film$snapshots"` and the others, as Trino has them.

In: a table's metadata. Out: columns of Trino's names and types, and rows made when they are read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from lakeshell.engine.embedded.binding.scope import RelationColumn
from lakeshell.engine.embedded.tables.computed import MadeTable
from lakeshell.engine.embedded.values.typed import refused
from lakeshell.sql.datatypes import (
    BIGINT,
    BOOLEAN,
    INTEGER,
    VARCHAR,
    ArrayType,
    MapType,
    RowField,
    RowType,
    TimestampType,
    Type,
)
from lakeshell.store.metadata import (
    Manifest,
    Snapshot,
    TableMetadata,
    read_manifests,
)
from lakeshell.store.partitions import human, result_type
from lakeshell.store.planning import bound_value

INSTANT = TimestampType(3, True)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Row = tuple[Any, ...]


def metadata_table(metadata: TableMetadata, part: str, zone: str = "UTC") -> MadeTable | None:
    """The table that `name$part` means, its instants in `zone`; None where there is none."""
    from lakeshell.engine.embedded.tables import file_tables

    part = part.lower()
    if part in file_tables.TABLES:
        made = file_tables.TABLES[part](metadata)
        return made._replace(make=lambda: _as_in_trino(metadata, part, made.make))
    found = _TABLES.get(part)
    if found is None:
        return None
    columns, rows = found
    fields = tuple(
        RelationColumn(column, type, zone=zone if type == INSTANT else None)
        for column, type in columns
    )
    if "manifests" in part:
        return MadeTable(fields, lambda: _as_in_trino(metadata, part, lambda: rows(metadata)))
    return MadeTable(fields, lambda: rows(metadata))


BY_ROW = "lakeshell.by-row"
"""In a snapshot's summary: the statement changed single rows of files."""


def by_row(metadata: TableMetadata) -> bool:
    """Whether rows were changed since the files were last put together: this engine rewrites such
    a file, Trino adds a file that lists the rows that are gone."""
    snapshot = metadata.current_snapshot
    while snapshot is not None and snapshot.operation != "replace":
        if BY_ROW in snapshot.summary:
            return True
        if snapshot.summary.get("total-data-files") == "0":
            return False
        snapshot = metadata.snapshots.get(snapshot.parent) if snapshot.parent is not None else None
    return False


def _as_in_trino(
    metadata: TableMetadata, part: str, rows: Callable[[], Iterable[Sequence[Any]]]
) -> Iterable[Sequence[Any]]:
    if by_row(metadata):
        raise refused(
            f'"${part}" of a table with rows that UPDATE, DELETE or MERGE changed, until it is '
            "optimized (Trino keeps delete files)"
        )
    return rows()


def moment(milliseconds: int) -> dt.datetime:
    return _EPOCH + dt.timedelta(milliseconds=milliseconds)


# --- snapshots -----------------------------------------------------------------------------


def _snapshots(metadata: TableMetadata) -> Iterator[Row]:
    for snapshot in metadata.snapshots.values():
        summary = {k: v for k, v in snapshot.summary.items() if k not in ("operation", BY_ROW)}
        yield (
            moment(snapshot.timestamp), snapshot.id, snapshot.parent, snapshot.operation,
            snapshot.manifest_list, summary,
        )  # fmt: skip


def _history(metadata: TableMetadata) -> Iterator[Row]:
    ancestors = set()
    snapshot = metadata.current_snapshot
    while snapshot is not None:
        ancestors.add(snapshot.id)
        snapshot = metadata.snapshots.get(snapshot.parent) if snapshot.parent is not None else None
    for snapshot in metadata.snapshots.values():
        yield moment(snapshot.timestamp), snapshot.id, snapshot.parent, snapshot.id in ancestors


def _refs(metadata: TableMetadata) -> Iterator[Row]:
    for name, ref in metadata.refs.items():
        yield (
            name, str(ref.get("type", "branch")).upper(), ref["snapshot-id"],
            ref.get("max-ref-age-ms"), ref.get("min-snapshots-to-keep"),
            ref.get("max-snapshot-age-ms"),
        )  # fmt: skip


def _metadata_log(metadata: TableMetadata) -> Iterator[Row]:
    """What was current when each version of the metadata was: by the table's own log."""
    log = [*metadata.metadata_log, (metadata.updated, metadata.location)]
    for when, location in log:
        past = [entry for entry in metadata.snapshot_log if entry[0] <= when]
        snapshot = metadata.snapshots.get(past[-1][1]) if past else None
        yield (
            moment(when), location, snapshot.id if snapshot else None,
            snapshot.schema_id if snapshot else None, snapshot.sequence if snapshot else None,
        )  # fmt: skip


# --- properties ----------------------------------------------------------------------------

_RESERVED = frozenset((
    "format-version", "uuid", "snapshot-count", "current-snapshot-summary", "current-snapshot-id",
    "current-snapshot-timestamp-ms", "current-schema", "default-partition-spec",
    "default-sort-order",
))  # fmt: skip


def _properties(metadata: TableMetadata) -> Iterator[Row]:
    current = metadata.current_snapshot
    yield "format", f"iceberg/{metadata.properties.get('write.format.default', 'PARQUET')}"
    yield "provider", "iceberg"
    yield "current-snapshot-id", str(current.id) if current else "none"
    yield "location", metadata.table_location
    yield "format-version", str(metadata.format_version)
    order = _sort_order(metadata)
    if order:
        yield "sort-order", order
    for key, value in metadata.properties.items():
        if key not in _RESERVED:
            yield key, value


def _sort_order(metadata: TableMetadata) -> str:
    """`a ASC NULLS FIRST, b DESC NULLS LAST` where every key is a plain column."""
    names = {field.id: field.name for field in metadata.schema()}
    for order in metadata.sort_orders:
        if order["order-id"] == metadata.default_sort_order:
            keys = order["fields"]
            if any(key["transform"] != "identity" for key in keys):
                return ""
            return ", ".join(
                f"{names[key['source-id']]} {key['direction'].upper()} "
                f"{key['null-order'].upper().replace('-', ' ')}"
                for key in keys
            )
    return ""


# --- manifests -----------------------------------------------------------------------------

SUMMARY = RowType((
    RowField("contains_null", BOOLEAN), RowField("contains_nan", BOOLEAN),
    RowField("lower_bound", VARCHAR), RowField("upper_bound", VARCHAR),
))  # fmt: skip


def _manifests(metadata: TableMetadata) -> Iterator[Row]:
    if metadata.current_snapshot is None:
        return
    for manifest in read_manifests(metadata.current_snapshot):
        counts = manifest.counts
        yield (
            manifest.path, manifest.length, manifest.spec_id, manifest.snapshot_id,
            counts["added_files_count"], counts["added_rows_count"],
            counts["existing_files_count"], counts["existing_rows_count"],
            counts["deleted_files_count"], counts["deleted_rows_count"],
            _summaries(metadata, manifest),
        )  # fmt: skip


def _all_manifests(metadata: TableMetadata) -> Iterator[Row]:
    for snapshot in metadata.snapshots.values():
        for manifest in read_manifests(snapshot):
            yield _all_manifests_row(metadata, snapshot, manifest)


def _all_manifests_row(metadata: TableMetadata, snapshot: Snapshot, manifest: Manifest) -> Row:
    counts = [manifest.counts[f"{kind}_files_count"] for kind in ("added", "existing", "deleted")]
    none = [0, 0, 0]
    data, deletes = (counts, none) if manifest.content == 0 else (none, counts)
    return (
        manifest.path, manifest.length, manifest.spec_id, manifest.snapshot_id,
        *data, *deletes, _summaries(metadata, manifest), snapshot.id,
    )  # fmt: skip


def _summaries(metadata: TableMetadata, manifest: Manifest) -> list[Row]:
    columns = metadata.all_fields
    made = []
    for field, summary in zip(
        metadata.specs.get(manifest.spec_id, ()), manifest.summaries, strict=False
    ):
        source = columns[field.source_id].written
        type = result_type(field.transform, source)
        bounds = (
            None if raw is None else bound_value(raw, type)
            for raw in (summary.get("lower_bound"), summary.get("upper_bound"))
        )
        made.append((
            summary["contains_null"], summary.get("contains_nan"),
            *(human(value, field.transform, source) for value in bounds),
        ))  # fmt: skip
    return made


_COUNTED = (("path", VARCHAR), ("length", BIGINT), ("partition_spec_id", INTEGER),
            ("added_snapshot_id", BIGINT), ("added_data_files_count", INTEGER))  # fmt: skip
_TABLES: Mapping[
    str,
    tuple[tuple[tuple[str, Type], ...], Callable[[TableMetadata], Iterable[Row]]],
] = {
    "snapshots": (
        (("committed_at", INSTANT), ("snapshot_id", BIGINT), ("parent_id", BIGINT),
         ("operation", VARCHAR), ("manifest_list", VARCHAR),
         ("summary", MapType(VARCHAR, VARCHAR))),
        _snapshots,
    ),
    "history": (
        (("made_current_at", INSTANT), ("snapshot_id", BIGINT), ("parent_id", BIGINT),
         ("is_current_ancestor", BOOLEAN)),
        _history,
    ),
    "refs": (
        (("name", VARCHAR), ("type", VARCHAR), ("snapshot_id", BIGINT),
         ("max_reference_age_in_ms", BIGINT), ("min_snapshots_to_keep", INTEGER),
         ("max_snapshot_age_in_ms", BIGINT)),
        _refs,
    ),
    "metadata_log_entries": (
        (("timestamp", INSTANT), ("file", VARCHAR), ("latest_snapshot_id", BIGINT),
         ("latest_schema_id", INTEGER), ("latest_sequence_number", BIGINT)),
        _metadata_log,
    ),
    "properties": ((("key", VARCHAR), ("value", VARCHAR)), _properties),
    "manifests": (
        (*_COUNTED, ("added_rows_count", BIGINT), ("existing_data_files_count", INTEGER),
         ("existing_rows_count", BIGINT), ("deleted_data_files_count", INTEGER),
         ("deleted_rows_count", BIGINT), ("partition_summaries", ArrayType(SUMMARY))),
        _manifests,
    ),
    "all_manifests": (
        (*_COUNTED, ("existing_data_files_count", INTEGER),
         ("deleted_data_files_count", INTEGER), ("added_delete_files_count", INTEGER),
         ("existing_delete_files_count", INTEGER), ("deleted_delete_files_count", INTEGER),
         ("partition_summaries", ArrayType(SUMMARY)), ("reference_snapshot_id", BIGINT)),
        _all_manifests,
    ),
}  # fmt: skip
