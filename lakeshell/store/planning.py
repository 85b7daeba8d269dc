"""Which files of an Iceberg table a read must open, and how many bytes of them it may read.

In: a table's metadata, a snapshot, the columns that are read, conditions on columns. Out: a
`ScanPlan`. Files that a condition rules out, by partition values or by the columns' bounds, are
left out; what the manifests say too little of is kept. Reads metadata only. `store.reading` tells
how many bytes of the files an engine takes for them.
"""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from lakeshell.errors import NotSupported
from lakeshell.store.files import LOCAL, Files
from lakeshell.store.known_files import KNOWN
from lakeshell.store.metadata import (
    DATA,
    EQUALITY_DELETES,
    DataFile,
    Field,
    PartitionField,
    Snapshot,
    TableMetadata,
    read_entries,
    read_manifests,
)
from lakeshell.store.reading import CHUNKS, Layout, Reading, constant_bytes

IDENTITY = "identity"
_EPOCH = dt.datetime(1970, 1, 1)
_EPOCH_DATE = _EPOCH.date()
_MICROSECOND = dt.timedelta(microseconds=1)


class Condition(NamedTuple):
    """What every row that is wanted meets: `op` is one of `= < <= > >= in is_null is_not_null`.

    Other operators are taken and prune nothing. `values` are Python values of the field's type.
    """

    field: Field
    op: str
    values: tuple[Any, ...]


class ScanPlan(NamedTuple):
    """`deletes` are delete files that concern these files; `fields` are the columns that are read."""

    files: tuple[DataFile, ...]
    deletes: tuple[DataFile, ...]
    fields: tuple[Field, ...]
    specs: Mapping[int, Sequence[PartitionField]]
    leaves: tuple[int, ...]
    """Ids of the data files' columns, in their order."""

    @property
    def rows(self) -> int:
        """Rows in the files, deleted ones included."""
        return sum(file.rows for file in self.files)

    @property
    def layout(self) -> Layout:
        read = frozenset(leaf for field in self.fields for leaf in field.leaves())
        return Layout(self.leaves, read)

    @property
    def is_coarse(self) -> bool:
        """Whether some file's manifest tells no column's size: ORC and Avro have none."""
        return bool(self.fields) and any(not file.column_sizes for file in self.files)

    @property
    def bytes(self) -> int:
        """Of the columns' chunks alone, compressed."""
        return self.bytes_read(CHUNKS)

    def bytes_read(self, reading: Reading) -> int:
        """What an engine reads that reads like this, delete files too."""
        layout = self.layout
        read = sum(file.size for file in self.deletes) if reading.deletes else 0
        for file in self.files:
            if not self.fields and self.deletes:
                # Which rows are left is known from their places in the file.
                read += file.size if file.size <= reading.whole_below else reading.footer
            elif reading.constants and self._constant(file):
                read += file.rows * self._constants(file)
            else:
                read += layout.bytes_of(file, reading)
        return read

    def _constant(self, file: DataFile) -> bool:
        """Whether the partition's values tell all that is read of the file."""
        if not self.fields:
            return False
        sources = {p.source_id for p in self.specs.get(file.spec_id, ()) if p.transform == IDENTITY}
        return all(field.id in sources for field in self.fields)

    def _constants(self, file: DataFile) -> int:
        names = {p.source_id: p.name for p in self.specs.get(file.spec_id, ())}
        return sum(
            constant_bytes(field, file.partition.get(names[field.id])) for field in self.fields
        )


def live_files(snapshot: Snapshot | None, files: Files = LOCAL) -> list[DataFile]:
    """Every data and delete file of a snapshot; `files` holds its manifests."""
    if snapshot is None:
        return []
    listed = [manifest for manifest in read_manifests(snapshot, files) if manifest.live]
    return [entry.file for manifest in listed for entry in read_entries(manifest, files)]


def plan(
    metadata: TableMetadata,
    snapshot: Snapshot | None,
    fields: Sequence[Field],
    conditions: Sequence[Condition] = (),
) -> ScanPlan:
    """The files to read for `fields`."""
    specs = metadata.specs
    files: list[DataFile] = []
    deletes: list[DataFile] = []
    asked = frozenset(condition.field.id for condition in conditions)
    for file in _planned_files(snapshot, metadata.files, asked):
        if file.content != DATA:
            deletes.append(file)
        elif may_match(file, specs.get(file.spec_id, ()), conditions):
            files.append(file)
    leaves = tuple(leaf for field in metadata.schema() for leaf in field.leaves())
    return ScanPlan(tuple(files), _applying(deletes, files), tuple(fields), specs, leaves)


def _planned_files(
    snapshot: Snapshot | None, files: Files, columns: frozenset[int]
) -> Iterator[DataFile]:
    if snapshot is not None:
        for manifest in read_manifests(snapshot, files):
            if manifest.live:
                yield from KNOWN.of(manifest, files, columns)


def fields_of(metadata: TableMetadata, ids: frozenset[int]) -> list[Field]:
    """The columns of these ids, and the fields inside columns."""
    return [found for field in metadata.schema() for found in _inside(field, ids)]


def _inside(field: Field, ids: frozenset[int]) -> Iterator[Field]:
    if field.id in ids:
        yield field
        return
    if isinstance(field.written, str):
        return
    for part in ("element", "key", "value"):
        if part in field.written:
            inner = Field(field.written[f"{part}-id"], part, field.written[part], False, "")
            yield from _inside(inner, ids)
    for inner in field.written.get("fields", ()):
        yield from _inside(Field(inner["id"], inner["name"], inner["type"], False, ""), ids)


def _applying(deletes: list[DataFile], files: list[DataFile]) -> tuple[DataFile, ...]:
    if not files:
        return ()
    oldest = min(file.sequence for file in files)
    return tuple(file for file in deletes if file.sequence >= oldest)


def check_deletes(deletes: Sequence[DataFile]) -> None:
    """Raises `NotSupported` for deletes that only Trino applies."""
    for file in deletes:
        if file.content == EQUALITY_DELETES:
            raise NotSupported("a table with equality deletes, before `EXECUTE optimize` on Trino")
        if file.format != "PARQUET":
            raise NotSupported(f"a table with {file.format} delete files")


# --- pruning -------------------------------------------------------------------------------


def may_match(
    file: DataFile, spec: Sequence[PartitionField], conditions: Sequence[Condition]
) -> bool:
    """False only where no row of `file` can meet every condition."""
    return all(_may_meet(file, spec, condition) for condition in conditions)


def _may_meet(file: DataFile, spec: Sequence[PartitionField], condition: Condition) -> bool:
    field = condition.field
    for part in spec:
        if part.source_id == field.id and part.transform == IDENTITY:
            value = file.partition.get(part.name)
            if value is None:
                return condition.op == "is_null" or condition.op not in _KNOWN
            break
    nulls = file.null_counts.get(field.id)
    if condition.op == "is_null":
        return nulls is None or nulls > 0
    if condition.op not in _KNOWN:
        return True
    if nulls is not None and nulls == file.value_counts.get(field.id, -1):
        return False
    if condition.op == "is_not_null":
        return True
    lower = _bound(file.lower, field)
    upper = _bound(file.upper, field)
    if field.written in ("float", "double") and _compares_with_nan(condition):
        return True
    wanted = [_ordered(value, field) for value in condition.values]
    if any(value is None for value in wanted):
        return True
    return _RANGES[condition.op](lower, upper, wanted)


def _compares_with_nan(condition: Condition) -> bool:
    return any(value != value for value in condition.values)


def _within(lower: Any, upper: Any, value: Any) -> bool:
    return (lower is None or lower <= value) and (upper is None or value <= upper)


_RANGES: Mapping[str, Callable[[Any, Any, list[Any]], bool]] = {
    "=": lambda lower, upper, values: _within(lower, upper, values[0]),
    "in": lambda lower, upper, values: any(_within(lower, upper, v) for v in values),
    "<": lambda lower, upper, values: lower is None or lower < values[0],
    "<=": lambda lower, upper, values: lower is None or lower <= values[0],
    ">": lambda lower, upper, values: upper is None or upper > values[0],
    ">=": lambda lower, upper, values: upper is None or upper >= values[0],
}
_KNOWN = frozenset((*_RANGES, "is_null", "is_not_null"))


# --- values in an order --------------------------------------------------------------------


def _bound(bounds: Mapping[int, bytes], field: Field) -> Any:
    raw = bounds.get(field.id)
    return None if raw is None else bound_value(raw, field.written)


_WHOLE = frozenset((
    "int", "long", "date", "time", "timestamp", "timestamptz", "timestamp_ns", "timestamptz_ns",
))  # fmt: skip


def bound_value(raw: bytes, written: Any) -> Any:
    """A bound as something that compares as the type's values do; None where it cannot be read.

    Whole numbers for numbers, dates, times and instants (in the type's own unit), `Decimal`,
    bytes for text, and so on. A bound may be narrower than the type: it was widened since.
    """
    if not isinstance(written, str):
        return None
    if written in _WHOLE:
        return int.from_bytes(raw, "little", signed=True) if len(raw) in (4, 8) else None
    if written in ("float", "double"):
        value = _FLOATS[len(raw)].unpack(raw)[0] if len(raw) in _FLOATS else None
        return None if value != value else value
    if written == "boolean":
        return raw != b"\x00"
    if written.startswith("decimal"):
        scale = int(written[len("decimal(") : -1].partition(",")[2])
        return Decimal(int.from_bytes(raw, "big", signed=True)).scaleb(-scale)
    return raw


_FLOATS = {4: struct.Struct("<f"), 8: struct.Struct("<d")}


def _nearest(value: float, written: str) -> float | None:
    """What a literal is when it is compared with such a column."""
    if written == "double":
        return value
    try:
        return float(_FLOATS[4].unpack(_FLOATS[4].pack(value))[0])
    except OverflowError:
        return None


def _ordered(value: Any, field: Field) -> Any:
    """A value of a condition as `bound_value` would give it; None where that isn't known."""
    written = field.written
    match value:
        case bool():
            return value if written == "boolean" else None
        case str():
            if written == "uuid":
                return uuid.UUID(value).bytes
            return value.encode() if written == "string" else None
        case bytes():
            return value
        case uuid.UUID():
            return value.bytes
        case dt.datetime() if written in ("timestamp", "timestamptz"):
            naive = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
            return (naive - _EPOCH) // _MICROSECOND
        case dt.datetime():
            return None
        case dt.date():
            return (value - _EPOCH_DATE).days if written == "date" else None
        case dt.time():
            whole = dt.timedelta(
                hours=value.hour,
                minutes=value.minute,
                seconds=value.second,
                microseconds=value.microsecond,
            )
            return whole // _MICROSECOND if written == "time" else None
        case int() | float() | Decimal() if isinstance(written, str):
            if written in ("float", "double"):
                return _nearest(float(value), written)
            whole_or_decimal = written in ("int", "long") or written.startswith("decimal")
            return value if whole_or_decimal else None
        case _:
            return None
