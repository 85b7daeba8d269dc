"""One Parquet data file under way, row group by row group.

In: tables of rows in the data file's Arrow types, each of which becomes one row group. Out: a file
under its final name, and its footer. Gathers nothing (`datafiles` does) and knows no table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lakeshell.store.encodings import differing, repeating
from lakeshell.store.files import Files

_CODECS = {
    "zstd": "zstd", "snappy": "snappy", "gzip": "gzip", "lz4": "lz4", "brotli": "brotli",
    "uncompressed": "none",
}  # fmt: skip
"""Iceberg's names in Parquet's writer."""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What a table's properties ask of its data files. `target_bytes`: a file that has reached them
    gets no further row group."""

    target_bytes: int = 512 * 2**20
    codec: str = "zstd"

    @classmethod
    def of(cls, properties: Mapping[str, str]) -> FileOptions:
        """By Iceberg's names and with Iceberg's defaults; what cannot be used is left alone."""
        target = properties.get("write.target-file-size-bytes", "")
        codec = properties.get("write.parquet.compression-codec", "").lower()
        return cls(
            int(target) if target.isdigit() and int(target) > 0 else cls().target_bytes,
            _CODECS.get(codec, cls().codec),
        )


class ParquetFile:
    def __init__(
        self, files: Files, location: str, first: pa.Table, options: FileOptions, group_rows: int
    ) -> None:
        """`first` is its first row group, which `write` gets as all others."""
        self.group_rows = group_rows
        self.sink = files.create(location)
        self.location = location
        self.bytes = 0
        """Known when it is closed."""
        dictionaries = repeating(first)
        differences = dict.fromkeys(differing(first, dictionaries), "DELTA_BINARY_PACKED")
        self.writer = pq.ParquetWriter(
            self.sink.stream,
            first.schema,
            compression=options.codec,
            use_dictionary=dictionaries,
            column_encoding=differences,
            store_decimal_as_integer=True,
            write_page_index=True,
        )

    def write(self, table: pa.Table) -> None:
        """One row group, unless it came as one batch that is larger than any of ours."""
        with self.sink.failures():
            self.writer.write_table(table, row_group_size=2 * self.group_rows)

    @property
    def size(self) -> int:
        return self.sink.tell()

    def close(self) -> Any:
        """Closes the file under its final name; gives its Parquet metadata."""
        with self.sink.failures():
            self.writer.close()
        metadata = self.writer.writer.metadata
        self.bytes = self.sink.tell()
        self.sink.close()
        return metadata

    def discard(self) -> None:
        self.writer.is_open = False
        self.sink.discard()


def group_offsets(metadata: Any) -> list[int]:
    """Where each row group begins, ascending: at the first page of its first column, which is a
    dictionary's where it has one. The footer's own field for it is no longer written."""
    firsts = [metadata.row_group(group).column(0) for group in range(metadata.num_row_groups)]
    return [
        first.dictionary_page_offset if first.has_dictionary_page else first.data_page_offset
        for first in firsts
    ]
