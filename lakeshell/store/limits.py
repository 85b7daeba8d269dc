"""How much of a write is held in memory at once, by where its files go."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WriteLimits:
    """A row group is what gathered of a file's rows when they were `row_group_rows` or took
    `row_group_bytes` of memory; or the largest there was when those of all partitions together took
    `gathered_bytes`. `open_files` of partitions are written at once; the one that waited longest is
    closed for another."""

    row_group_rows: int
    row_group_bytes: int
    gathered_bytes: int
    open_files: int


FOLDER = WriteLimits(
    row_group_rows=131_072,
    row_group_bytes=16 * 2**20,
    gathered_bytes=32 * 2**20,
    open_files=64,
)
"""About what DuckDB gives a row group of its own, which reads what it was asked for of groups of any
size: several threads share a file of a million rows, and a load holds little more than one group."""
OBJECT_STORAGE = WriteLimits(
    row_group_rows=1_048_576,
    row_group_bytes=40 * 2**20,
    gathered_bytes=40 * 2**20,
    open_files=8,
)
"""Trino reads along what lies between two columns where it is less than a megabyte, and a footer for
each group: in small groups a query for one column reads, and pays for, most of the others. An object
under way holds some ten megabytes of parts, and the driver of a server's rows and the storage's
client take their own share of a load's memory."""
