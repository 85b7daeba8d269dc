"""How many bytes of a data file an engine reads for some of its columns, by what the manifest says.

In: a file, the columns that are read, how the engine reads. Out: bytes, as the engine itself counts
them. DuckDB reads the chunks of the columns and nothing else. Trino reads small files whole, of others
the end with the footer first, and a gap between two chunks with them where it is short.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from lakeshell.store.metadata import DataFile, Field


class Reading(NamedTuple):
    """Sizes in bytes. Files up to `whole_below` are read whole, of larger ones `footer` from the end;
    gaps up to `gap` between chunks are read along, as long as all of it is no longer than `merged`.
    A file is read in parts of `part`, unless its manifest says where it can be parted.
    `constants`: what is read of partition columns alone is counted by its values in memory.
    `deletes`: whether what is read of delete files is counted."""

    whole_below: int = 0
    footer: int = 0
    gap: int = 0
    merged: int = 0
    part: int = 0
    constants: bool = False
    deletes: bool = True


CHUNKS = Reading()
"""Nothing but the columns' chunks: the embedded engine."""


class Layout(NamedTuple):
    """The leaves of a table in the order in which files have them, and those that are read."""

    leaves: Sequence[int]
    read: frozenset[int]

    def bytes_of(self, file: DataFile, reading: Reading) -> int:
        """Of a data file, whatever its format. Bytes of every column where its manifest says none."""
        sizes = file.column_sizes
        if not self.read:
            return 0
        if file.size <= reading.whole_below or not sizes:
            return file.size
        if not reading.footer:
            return sum(sizes.get(leaf, 0) for leaf in self.read)
        offsets = file.split_offsets or ()
        if _ascending(offsets):
            return self._in_groups(sizes, offsets, reading) + len(offsets) * reading.footer
        # The end is read again with the columns that are in it.
        parts = 1 + file.size // reading.part
        return self._merged(sizes, 1, len(offsets) or 1, reading) + parts * reading.footer

    def _in_groups(self, sizes: Any, offsets: Sequence[int], reading: Reading) -> int:
        """What is read of row groups one by one: all but the last are taken to be alike."""
        before = len(offsets) - 1
        share = (offsets[-1] - offsets[0]) / max(sum(sizes.values()), 1)
        read = before * self._merged(sizes, share / before, 1, reading) if before else 0
        return read + self._merged(sizes, max(1 - share, 0), 1, reading)

    def _merged(self, sizes: Any, share: float, together: int, reading: Reading) -> int:
        """What is read of `share` of the file, which is so many row groups that are alike and read
        `together`."""
        chunks: list[tuple[int, int]] = []
        at = 0
        for leaf in self.leaves:
            size = int(sizes.get(leaf, 0) * share) // together
            if leaf in self.read:
                chunks.append((at, size))
            at += size
        if together == 1 and len(chunks) == 1:
            return chunks[0][1]
        read = end = 0
        begin: int | None = None
        for group in range(together):
            for offset, size in chunks:
                start = group * at + offset
                if size > reading.merged:
                    read += size
                    continue
                near = begin is not None and start <= end + reading.gap
                if begin is None or not near or start + size - begin > reading.merged:
                    read += 0 if begin is None else end - begin
                    begin = start
                end = start + size
        return read + (0 if begin is None else end - begin)


def _ascending(offsets: Sequence[int]) -> bool:
    """Whether an engine takes them for where to part the file."""
    return bool(offsets) and all(first < second for first, second in pairwise(offsets))


_FIXED = {
    "boolean": 2, "int": 5, "float": 5, "date": 5, "long": 9, "double": 9, "time": 9,
    "timestamp": 9, "timestamptz": 13, "uuid": 17,
}  # fmt: skip
_VARIABLE = 5
"""Beside the bytes of the value itself."""


def constant_bytes(field: Field, value: Any) -> int:
    """What one row's value of a partition column takes in Trino's memory."""
    written = str(field.written)
    if written in _FIXED:
        return _FIXED[written]
    if written.startswith("decimal"):
        precision = int(written[len("decimal(") : -1].partition(",")[0])
        return 9 if precision <= 18 else 17
    if value is None:
        return _VARIABLE
    return _VARIABLE + len(value if isinstance(value, bytes) else str(value).encode())
