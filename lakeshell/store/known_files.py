"""The files that manifests list, as planning needs them, kept as long as the process lives.

In: a manifest and the columns whose bounds are asked for. Out: its live files. A manifest never
changes once it is written, so what one says needs reading once; it is the reading that makes the plan
of a large table slow. Figures that no condition asks for are not kept: they are most of the memory.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from lakeshell.store.files import Files
from lakeshell.store.metadata import DataFile, Manifest, read_entries

MOST = 40_000
"""Files that are kept of all tables together, some 2 kB each for a table of twenty columns."""
_Key = tuple[str, int, frozenset[int]]


class KnownFiles:
    """Safe to use from many threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[_Key, Sequence[DataFile]] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def of(self, manifest: Manifest, files: Files, columns: frozenset[int]) -> Sequence[DataFile]:
        """With value counts and bounds of `columns` alone. Raises `QueryFailed`."""
        key = (manifest.path, manifest.length, columns)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = [_narrowed(entry.file, columns) for entry in read_entries(manifest, files)]
        with self._lock:
            if key not in self._kept and len(found) <= self._most:
                self._kept[key] = found
                self._count += len(found)
                while self._count > self._most:
                    _, gone = self._kept.popitem(last=False)
                    self._count -= len(gone)
        return found


KNOWN = KnownFiles()


def _narrowed(file: DataFile, columns: frozenset[int]) -> DataFile:
    return file._replace(
        value_counts=_only(file.value_counts, columns),
        null_counts=_only(file.null_counts, columns),
        nan_counts={},
        lower=_only(file.lower, columns),
        upper=_only(file.upper, columns),
    )


def _only(figures: Mapping[int, Any], columns: frozenset[int]) -> Mapping[int, Any]:
    return {column: figures[column] for column in columns if column in figures}
