"""Rows into Parquet data files that no snapshot names yet.

In: record batches in the ports' form. Out: pyiceberg `DataFile`s with sizes and column bounds. Any
number of rows passes through bounded memory: rows gather to a row group, the largest one is
written when all together grow too big. Never commits; what is not committed is discarded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import NullOrder, SortDirection, SortOrder
from pyiceberg.transforms import VoidTransform
from pyiceberg.typedef import Record

from lakeshell.errors import QueryFailed
from lakeshell.store.arrays import stored
from lakeshell.store.files import Files
from lakeshell.store.limits import FOLDER, WriteLimits
from lakeshell.store.parquet_file import FileOptions, ParquetFile, group_offsets
from lakeshell.store.schema import arrow_schema
from lakeshell.store.statistics import column_figures

Key = tuple[Any, ...]
_DEFAULTS = FileOptions()


class DataFiles:
    """The data files of one write. `close` ends it well, `discard` removes every file."""

    def __init__(
        self,
        files: Files,
        location: str,
        schema: Schema,
        spec: PartitionSpec,
        order: SortOrder,
        name: str,
        limits: WriteLimits = FOLDER,
        options: FileOptions = _DEFAULTS,
    ) -> None:
        self.limits = limits
        self.options = options
        self.files = files
        self.location = location
        self.schema = schema
        self.arrow = arrow_schema(schema)
        self.spec = spec
        self.sort_keys = _sort_keys(order, schema)
        self.name = name
        self.rows = 0
        self.made: list[DataFile] = []
        self._required = [field.name for field in schema.fields if field.required]
        self._partition = [
            (
                schema.find_column_name(field.source_id) or "",
                field.transform,
                schema.find_field(field.source_id).field_type,
            )
            for field in spec.fields
        ]
        self._buffers: dict[Key, list[Any]] = {}
        self._buffered: dict[Key, int] = {}
        self._lengths: dict[Key, int] = {}
        self._open: OrderedDict[Key, ParquetFile] = OrderedDict()
        self._count = 0

    def write(self, batch: Any) -> None:
        """Columns are taken by name; one that the batch lacks is NULL."""
        if batch.num_rows == 0:
            return
        ready = self._stored(batch)
        self.rows += ready.num_rows
        for key, part in self._split(ready):
            self._buffers.setdefault(key, []).append(part)
            self._buffered[key] = self._buffered.get(key, 0) + part.nbytes
            self._lengths[key] = self._lengths.get(key, 0) + part.num_rows
            if (
                self._buffered[key] >= self.limits.row_group_bytes
                or self._lengths[key] >= self.limits.row_group_rows
            ):
                self._flush(key)
        while sum(self._buffered.values()) >= self.limits.gathered_bytes:
            self._flush(max(self._buffered, key=self._buffered.__getitem__))

    def close(self) -> list[DataFile]:
        for key in list(self._buffers):
            self._flush(key)
        for key in list(self._open):
            self._finish(key)
        return self.made

    def discard(self) -> None:
        for file in self._open.values():
            file.discard()
        self._open.clear()
        for made in self.made:
            self.files.delete(made.file_path)
        self.made = []

    def _stored(self, batch: Any) -> Any:
        names = {name: index for index, name in enumerate(batch.schema.names)}
        columns = [
            stored(batch.column(names[field.name]), field.type)
            if field.name in names
            else pa.nulls(batch.num_rows, field.type)
            for field in self.arrow
        ]
        made = pa.RecordBatch.from_arrays(columns, schema=self.arrow)
        for name in self._required:
            if made.column(self.arrow.get_field_index(name)).null_count:
                raise QueryFailed(
                    f"NULL value not allowed for NOT NULL column: {name}",
                    code="CONSTRAINT_VIOLATION",
                )
        return made

    def _split(self, batch: Any) -> list[tuple[Key, Any]]:
        """The batch cut by partition."""
        if not self._partition:
            return [((), batch)]
        values = [
            _plain(transform.pyarrow_transform(type)(_plain(_field(batch, path))))
            if not isinstance(transform, VoidTransform)
            else pa.nulls(batch.num_rows)
            for path, transform, type in self._partition
        ]
        codes, keys = _codes(values)
        if len(keys) == 1:
            return [(keys[0], batch)]
        order = pc.sort_indices(codes)
        runs = pc.run_end_encode(codes.take(order))
        start, parts = 0, []
        for code, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            # A copy, not a slice: a slice waiting in a small partition would hold the whole batch.
            parts.append((keys[code], batch.take(order.slice(start, end - start))))
            start = end
        return parts

    def _flush(self, key: Key) -> None:
        table = pa.Table.from_batches(self._buffers.pop(key), schema=self.arrow)
        del self._buffered[key], self._lengths[key]
        if self.sort_keys:
            table = table.take(pc.sort_indices(table, sort_keys=self.sort_keys))
        file = self._open.get(key)
        if file is None:
            if len(self._open) >= self.limits.open_files:
                self._finish(next(iter(self._open)))
            location = f"{self.location}/data/{self.name}-{self._count:05d}.parquet"
            self._count += 1
            file = self._open[key] = ParquetFile(
                self.files, location, table, self.options, self.limits.row_group_rows
            )
        self._open.move_to_end(key)
        file.write(table)
        if file.size >= self.options.target_bytes:
            self._finish(key)

    def _finish(self, key: Key) -> None:
        file = self._open.pop(key)
        try:
            metadata = file.close()
        except BaseException:
            file.discard()
            raise
        figures = column_figures(metadata, self.schema)
        self.made.append(
            DataFile.from_args(
                content=DataFileContent.DATA,
                file_path=file.location,
                file_format=FileFormat.PARQUET,
                partition=Record(*key),
                record_count=metadata.num_rows,
                file_size_in_bytes=file.bytes,
                column_sizes=figures.column_sizes,
                value_counts=figures.value_counts,
                null_value_counts=figures.null_value_counts,
                nan_value_counts={},
                lower_bounds=figures.lower_bounds,
                upper_bounds=figures.upper_bounds,
                key_metadata=None,
                split_offsets=group_offsets(metadata),
                equality_ids=None,
                sort_order_id=None,
                spec_id=self.spec.spec_id,
            )
        )


def _field(batch: Any, path: str) -> Any:
    """A column, or a field inside rows by its dotted path."""
    if path in batch.schema.names:
        return batch.column(batch.schema.get_field_index(path))
    first, _, rest = path.partition(".")
    value = _field(batch, first)
    for name in rest.split("."):
        value = pc.struct_field(value, name)
    return value


def _plain(array: Any) -> Any:
    """Dates and times as the numbers that Iceberg's partition values are; a uuid as its bytes."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.storage if isinstance(array, pa.ExtensionArray) else array


_NUMBERS: Mapping[Any, Any] = {
    pa.date32(): pa.int32(),
    pa.time64("us"): pa.int64(),
    pa.timestamp("us"): pa.int64(),
    pa.timestamp("us", "UTC"): pa.int64(),
}


def _codes(columns: Sequence[Any]) -> tuple[Any, list[Key]]:
    """One small number per row for its combination of values, and what each number means."""
    codes: Any = None
    keys: list[Key] = [()]
    for column in columns:
        number = _NUMBERS.get(column.type)
        encoded = (column.cast(number) if number else column).dictionary_encode("encode")
        values = encoded.dictionary.to_pylist()
        indices = encoded.indices.cast(pa.int64())
        if codes is None:
            codes, keys = indices, [(value,) for value in values]
            continue
        combined = pc.add(pc.multiply(codes, len(values)), indices).dictionary_encode()
        keys = [
            (*keys[code // len(values)], values[code % len(values)])
            for code in combined.dictionary.to_pylist()
        ]
        codes = combined.indices.cast(pa.int64())
    return codes, keys


def _sort_keys(order: SortOrder, schema: Schema) -> list[tuple[str, str, str]]:
    return [
        (
            schema.find_column_name(field.source_id) or "",
            "ascending" if field.direction == SortDirection.ASC else "descending",
            "at_start" if field.null_order == NullOrder.NULLS_FIRST else "at_end",
        )
        for field in order.fields
    ]
