"""An Iceberg table as its metadata file and manifests describe it, read without pyiceberg.

In: the location of a metadata JSON. Out: schemas, snapshots, references and, by fastavro, the
entries of a snapshot's manifests. Reads metadata only, never a data file, and writes nothing;
writing is `store.tables`' and `store.iceberg`'s.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lakeshell.errors import QueryFailed
from lakeshell.sql.datatypes import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    REAL,
    UNKNOWN,
    UUID,
    VARBINARY,
    VARCHAR,
    ArrayType,
    DecimalType,
    MapType,
    RowField,
    RowType,
    TimestampType,
    TimeType,
    Type,
)
from lakeshell.store.files import LOCAL, Files
from lakeshell.store.files import local_path as local_path

_MICROSECONDS = 6
_NANOSECONDS = 9
_TYPES: dict[str, Type] = {
    "boolean": BOOLEAN,
    "int": INTEGER,
    "long": BIGINT,
    "float": REAL,
    "double": DOUBLE,
    "date": DATE,
    "string": VARCHAR,
    "uuid": UUID,
    "binary": VARBINARY,
    "unknown": UNKNOWN,
    "time": TimeType(_MICROSECONDS),
    "timestamp": TimestampType(_MICROSECONDS),
    "timestamptz": TimestampType(_MICROSECONDS, True),
    "timestamp_ns": TimestampType(_NANOSECONDS),
    "timestamptz_ns": TimestampType(_NANOSECONDS, True),
}


def trino_type(written: Any) -> Type:
    """The Trino type of a type as metadata files write it; raises `QueryFailed` for another one."""
    if isinstance(written, str):
        if written.startswith("decimal"):
            precision, _, scale = written[len("decimal(") : -1].partition(",")
            return DecimalType(int(precision), int(scale))
        if written.startswith("fixed"):
            return VARBINARY
        if written not in _TYPES:
            raise QueryFailed(
                f"Cannot convert from Iceberg type '{written}' to Trino type", code="NOT_SUPPORTED"
            )
        return _TYPES[written]
    match written["type"]:
        case "list":
            return ArrayType(trino_type(written["element"]))
        case "map":
            return MapType(trino_type(written["key"]), trino_type(written["value"]))
        case _:
            fields = written["fields"]
            return RowType(tuple(RowField(f["name"], trino_type(f["type"])) for f in fields))


def leaf_ids(field_id: int, written: Any) -> Iterator[int]:
    """The ids of the columns of a data file that hold a field."""
    if isinstance(written, str):
        yield field_id
        return
    match written["type"]:
        case "list":
            yield from leaf_ids(written["element-id"], written["element"])
        case "map":
            yield from leaf_ids(written["key-id"], written["key"])
            yield from leaf_ids(written["value-id"], written["value"])
        case _:
            for field in written["fields"]:
                yield from leaf_ids(field["id"], field["type"])


def inner_names(written: Any) -> Iterator[str]:
    """The names of every field of the rows inside a type."""
    if isinstance(written, str):
        return
    for part in ("element", "key", "value"):
        if part in written:
            yield from inner_names(written[part])
    for field in written.get("fields", ()):
        yield field["name"]
        yield from inner_names(field["type"])


class Field(NamedTuple):
    """A top-level column. `written` is its type as the metadata writes it; `name` in lower case."""

    id: int
    name: str
    written: Any
    required: bool
    doc: str

    @property
    def type(self) -> Type:
        return trino_type(self.written)

    def leaves(self) -> tuple[int, ...]:
        return tuple(leaf_ids(self.id, self.written))


class PartitionField(NamedTuple):
    id: int
    source_id: int
    name: str
    transform: str


class Snapshot(NamedTuple):
    """`timestamp` in milliseconds since the epoch."""

    id: int
    parent: int | None
    timestamp: int
    sequence: int
    manifest_list: str
    summary: Mapping[str, str]
    schema_id: int | None

    @property
    def operation(self) -> str | None:
        return self.summary.get("operation")


class TableMetadata:
    """One version of a table's metadata; `location` is that of the metadata file, `files` what
    holds it and the table's other files."""

    __slots__ = ("_raw", "_snapshots", "files", "location")

    def __init__(self, raw: Mapping[str, Any], location: str, files: Files = LOCAL) -> None:
        self._raw = raw
        self.location = location
        self.files = files
        self._snapshots: dict[int, Snapshot] | None = None

    @property
    def table_location(self) -> str:
        return str(self._raw["location"])

    @property
    def format_version(self) -> int:
        return int(self._raw.get("format-version", 1))

    @property
    def properties(self) -> Mapping[str, str]:
        return self._raw.get("properties") or {}

    @property
    def updated(self) -> int:
        """Milliseconds since the epoch."""
        return int(self._raw["last-updated-ms"])

    @property
    def sequence(self) -> int:
        return int(self._raw.get("last-sequence-number", 0))

    @property
    def sort_orders(self) -> Sequence[Mapping[str, Any]]:
        return self._raw.get("sort-orders") or ()

    @property
    def default_sort_order(self) -> int:
        return int(self._raw.get("default-sort-order-id", 0))

    # --- schemas ---------------------------------------------------------------------------

    @property
    def schemas(self) -> Mapping[int, tuple[Field, ...]]:
        written = self._raw.get("schemas") or [self._raw["schema"]]
        return {s.get("schema-id", 0): _fields(s) for s in written}

    @property
    def current_schema_id(self) -> int:
        return int(self._raw.get("current-schema-id", 0))

    @property
    def evolved(self) -> bool:
        """Whether the table ever had other columns than now: its files may differ in theirs."""
        return len(self._raw.get("schemas") or ()) > 1

    def schema(self, schema_id: int | None = None) -> tuple[Field, ...]:
        """The columns of a schema; of the current one by default."""
        wanted = self.current_schema_id if schema_id is None else schema_id
        written = self._raw.get("schemas") or [self._raw["schema"]]
        for schema in written:
            if schema.get("schema-id", 0) == wanted:
                return _fields(schema)
        raise _damaged(self.location, f"it has no schema {wanted}")

    @property
    def all_fields(self) -> Mapping[int, Field]:
        """Every column that the table has or had, by id."""
        found: dict[int, Field] = {}
        for fields in self.schemas.values():
            found.update((field.id, field) for field in fields)
        found.update((field.id, field) for field in self.schema())
        return found

    # --- partitions ------------------------------------------------------------------------

    @property
    def default_spec_id(self) -> int:
        return int(self._raw.get("default-spec-id", 0))

    @property
    def specs(self) -> Mapping[int, tuple[PartitionField, ...]]:
        written = self._raw.get("partition-specs")
        if written is None:
            written = [{"spec-id": 0, "fields": self._raw.get("partition-spec") or ()}]
        return {
            spec["spec-id"]: tuple(
                PartitionField(f.get("field-id", 0), f["source-id"], f["name"], f["transform"])
                for f in spec["fields"]
            )
            for spec in written
        }

    # --- snapshots -------------------------------------------------------------------------

    @property
    def snapshots(self) -> Mapping[int, Snapshot]:
        if self._snapshots is None:
            written = self._raw.get("snapshots") or ()
            self._snapshots = {s["snapshot-id"]: _snapshot(s) for s in written}
        return self._snapshots

    @property
    def current_snapshot(self) -> Snapshot | None:
        wanted = self._raw.get("current-snapshot-id")
        return None if wanted in (None, -1) else self.snapshots.get(wanted)

    @property
    def refs(self) -> Mapping[str, Mapping[str, Any]]:
        written: dict[str, Mapping[str, Any]] = dict(self._raw.get("refs") or {})
        current = self.current_snapshot
        if current is not None and "main" not in written:
            written["main"] = {"snapshot-id": current.id, "type": "branch"}
        return written

    @property
    def snapshot_log(self) -> Sequence[tuple[int, int]]:
        """(milliseconds since the epoch, snapshot id), oldest first."""
        return [(e["timestamp-ms"], e["snapshot-id"]) for e in self._raw.get("snapshot-log") or ()]

    @property
    def metadata_log(self) -> Sequence[tuple[int, str]]:
        """(milliseconds since the epoch, metadata file) of earlier versions, oldest first."""
        log = self._raw.get("metadata-log") or ()
        return [(e["timestamp-ms"], e["metadata-file"]) for e in log]


def read_metadata(location: str, files: Files = LOCAL) -> TableMetadata:
    """Raises `QueryFailed` where the file is gone or damaged."""
    try:
        raw = files.read(location)
        if location.endswith(".gz.metadata.json"):
            raw = gzip.decompress(raw)
        return TableMetadata(json.loads(raw), location, files)
    except OSError as error:
        raise QueryFailed(
            f"Metadata not found in metadata location for table: {location}",
            code="ICEBERG_MISSING_METADATA",
            hint="the warehouse folder was changed by something else: lakeshell doctor",
        ) from error
    except ValueError as error:
        raise _damaged(location, str(error)) from error


def _damaged(location: str, reason: str) -> QueryFailed:
    return QueryFailed(
        f"Invalid metadata file {location}: {reason}",
        code="ICEBERG_INVALID_METADATA",
        hint="go back to an earlier one of the same folder, or restore the file",
    )


def _fields(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    return tuple(
        Field(
            f["id"], f["name"].lower(), f["type"], bool(f.get("required")), f.get("doc") or ""
        )
        for f in schema["fields"]
    )  # fmt: skip


def _snapshot(written: Mapping[str, Any]) -> Snapshot:
    return Snapshot(
        written["snapshot-id"],
        written.get("parent-snapshot-id"),
        written["timestamp-ms"],
        written.get("sequence-number", 0),
        written.get("manifest-list", ""),
        written.get("summary") or {},
        written.get("schema-id"),
    )


# --- manifests -----------------------------------------------------------------------------

DATA, POSITION_DELETES, EQUALITY_DELETES = 0, 1, 2
ADDED, DELETED = 1, 2


class Manifest(NamedTuple):
    """A line of a manifest list. `content` 0 lists data files, 1 delete files."""

    path: str
    length: int
    spec_id: int
    content: int
    sequence: int
    snapshot_id: int
    counts: Mapping[str, int]
    summaries: Sequence[Mapping[str, Any]]

    @property
    def live(self) -> bool:
        """Whether it may list a file that the snapshot has. Old writers give no counts."""
        counts = self.counts
        return (
            counts["added_files_count"] + counts["existing_files_count"] > 0
            or counts["deleted_files_count"] == 0
        )


class DataFile(NamedTuple):
    """A data or delete file of a snapshot. Sizes in bytes; column figures by field id."""

    content: int
    path: str
    format: str
    spec_id: int
    partition: Mapping[str, Any]
    rows: int
    size: int
    column_sizes: Mapping[int, int]
    value_counts: Mapping[int, int]
    null_counts: Mapping[int, int]
    nan_counts: Mapping[int, int]
    lower: Mapping[int, bytes]
    upper: Mapping[int, bytes]
    key_metadata: bytes | None
    split_offsets: Sequence[int] | None
    equality_ids: Sequence[int] | None
    sort_order_id: int | None
    sequence: int


class Entry(NamedTuple):
    """A line of a manifest. `status`: 0 existing, 1 added, 2 deleted."""

    status: int
    snapshot_id: int | None
    sequence: int | None
    file_sequence: int | None
    file: DataFile


_COUNTS = (
    "added_files_count", "added_rows_count", "existing_files_count", "existing_rows_count",
    "deleted_files_count", "deleted_rows_count",
)  # fmt: skip


def read_manifests(snapshot: Snapshot, files: Files = LOCAL) -> list[Manifest]:
    """The manifests of a snapshot, in their order; raises `QueryFailed`."""
    return [
        Manifest(
            path=line["manifest_path"],
            length=line["manifest_length"],
            spec_id=line.get("partition_spec_id", 0),
            content=line.get("content") or 0,
            sequence=line.get("sequence_number") or 0,
            snapshot_id=line.get("added_snapshot_id") or 0,
            counts={
                name: line.get(name, line.get(name.replace("_files", "_data_files"))) or 0
                for name in _COUNTS
            },
            summaries=line.get("partitions") or (),
        )
        for line in _avro(snapshot.manifest_list, files)
    ]


def read_entries(
    manifest: Manifest, files: Files = LOCAL, *, deleted: bool = False
) -> Iterator[Entry]:
    """The entries of a manifest, those of removed files only on request."""
    for line in _avro(manifest.path, files):
        status = line["status"]
        if status == DELETED and not deleted:
            continue
        sequence = line.get("sequence_number")
        if sequence is None and status == ADDED:
            sequence = manifest.sequence
        snapshot_id = line.get("snapshot_id")
        file_sequence = line.get("file_sequence_number")
        yield Entry(
            status,
            manifest.snapshot_id if snapshot_id is None else snapshot_id,
            sequence,
            sequence if file_sequence is None and status == ADDED else file_sequence,
            _data_file(line["data_file"], manifest.spec_id, sequence or 0),
        )


def _data_file(file: Mapping[str, Any], spec_id: int, sequence: int) -> DataFile:
    return DataFile(
        content=file.get("content") or DATA,
        path=file["file_path"],
        format=str(file["file_format"]).upper(),
        spec_id=spec_id,
        partition=file.get("partition") or {},
        rows=file["record_count"],
        size=file["file_size_in_bytes"],
        column_sizes=_by_id(file.get("column_sizes")),
        value_counts=_by_id(file.get("value_counts")),
        null_counts=_by_id(file.get("null_value_counts")),
        nan_counts=_by_id(file.get("nan_value_counts")),
        lower=_by_id(file.get("lower_bounds")),
        upper=_by_id(file.get("upper_bounds")),
        key_metadata=file.get("key_metadata"),
        split_offsets=file.get("split_offsets"),
        equality_ids=file.get("equality_ids"),
        sort_order_id=file.get("sort_order_id"),
        sequence=sequence,
    )


def _by_id(pairs: Any) -> dict[int, Any]:
    """A map with whole keys, which Avro writes as a list of pairs."""
    if not pairs:
        return {}
    if isinstance(pairs, Mapping):
        return {int(key): value for key, value in pairs.items()}
    return {pair["key"]: pair["value"] for pair in pairs}


def _avro(location: str, files: Files) -> Iterator[Any]:
    import fastavro

    try:
        yield from fastavro.reader(io.BytesIO(files.read(location)))
    except OSError as error:
        raise QueryFailed(
            f"Failed to open file: {location}",
            code="ICEBERG_FILESYSTEM_ERROR",
            hint="the warehouse folder was changed by something else: lakeshell doctor",
        ) from error
    except (ValueError, EOFError, KeyError) as error:
        raise _damaged(location, str(error)) from error
