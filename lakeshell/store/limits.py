"""How much of a write is held in memory at once, by where its files go."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WriteLimits:
    """`row_group_rows` gather before they are encoded. `open_files` of partitions are written at
    once; the one that waited longest is closed for another."""

    row_group_rows: int
    open_files: int


FOLDER = WriteLimits(row_group_rows=131_072, open_files=64)
"""About what DuckDB gives a row group of its own: several threads share a file of a million rows,
and a load holds little more than one group in memory."""
OBJECT_STORAGE = WriteLimits(row_group_rows=65_536, open_files=8)
"""An object under way holds some ten megabytes of parts, and the driver of a server's rows and the
storage's client take their own share of a load's memory."""
