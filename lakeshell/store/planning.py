"""Which files of an Iceberg table a read must open, and how many bytes of them it may read.

In: a table's metadata, a snapshot, the columns that are read, conditions on columns. Out: a
`ScanPlan`. Files that a condition rules out, by partition values or by the columns' bounds, are
left out; what the manifests say too little of is kept. Reads metadata only. A `plan.bytes` is at
least what a scan reads: a file's columns whole, compressed, as Trino counts `physicalInputBytes`.
"""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from lakeshell.errors import NotSupported
from lakeshell.store.files import LOCAL, Files
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
    """`deletes` are position deletes that concern these files; `bytes` is an upper bound."""

    files: tuple[DataFile, ...]
    deletes: tuple[DataFile, ...]
    columns: frozenset[int]
    """Ids of the data files' columns that are read."""

    @property
    def rows(self) -> int:
        """Rows in the files, deleted ones included."""
        return sum(file.rows for file in self.files)

    def bytes_of(self, file: DataFile) -> int:
        """What a read of the columns in `file` takes at most."""
        return file_bytes(file, self.columns)

    @property
    def bytes(self) -> int:
        return self.bytes_with(0)

    def bytes_with(self, whole_below: int) -> int:
        """The same, where files up to `whole_below` bytes are read whole or not at all."""
        read = 0
        for file in self.files:
            columns = self.bytes_of(file)
            read += file.size if columns and file.size <= whole_below else columns
        return read + sum(file.size for file in self.deletes)


def file_bytes(file: DataFile, columns: Iterable[int]) -> int:
    """Compressed bytes of the columns; the whole file where its manifest does not say."""
    if not file.column_sizes:
        return file.size if any(True for _ in columns) else 0
    sizes = file.column_sizes
    return sum(sizes.get(column, 0) for column in columns)


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
    """The files to read for `fields`; raises `NotSupported` for deletes that only Trino applies."""
    columns = frozenset(leaf for field in fields for leaf in field.leaves())
    specs = metadata.specs
    files: list[DataFile] = []
    deletes: list[DataFile] = []
    for file in live_files(snapshot, metadata.files):
        if file.content != DATA:
            deletes.append(file)
        elif may_match(file, specs.get(file.spec_id, ()), conditions):
            files.append(file)
    return ScanPlan(tuple(files), _applying(deletes, files), columns)


def _applying(deletes: list[DataFile], files: list[DataFile]) -> tuple[DataFile, ...]:
    if not files:
        return ()
    oldest = min(file.sequence for file in files)
    kept = [file for file in deletes if file.sequence >= oldest]
    for file in kept:
        if file.content == EQUALITY_DELETES:
            raise NotSupported("a table with equality deletes, before `EXECUTE optimize` on Trino")
        if file.format != "PARQUET":
            raise NotSupported(f"a table with {file.format} delete files")
    return tuple(kept)


# --- pruning -------------------------------------------------------------------------------


def may_match(
    file: DataFile, spec: Sequence[PartitionField], conditions: Sequence[Condition]
) -> bool:
    """False only where no row of `file` can meet every condition."""
    return all(_may_meet(file, spec, condition) for condition in conditions)


def _may_meet(file: DataFile, spec: Sequence[PartitionField], condition: Condition) -> bool:
    field = condition.field
    for part in spec:
        if part.source_id == field.id and part.transform == "identity":
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
