"""Files of the warehouse that no table refers to: what a writer left that was killed.

In: the store and a moment. Out: paths. A file younger than the moment may belong to a writer that
has yet to commit, so the caller gives the start of the oldest one. Removing is the caller's choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.store.files import local_path

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from lakeshell.model import TableName
    from lakeshell.store.iceberg import IcebergStore


def orphans(
    store: IcebergStore, warehouse: Path, tables: Iterable[TableName], before: datetime
) -> Sequence[Path]:
    """Every file of the folder `warehouse` older than `before` that none of `tables`, which are all
    that there are, has in any of its snapshots. Raises `NotFound` for a table that went meanwhile."""
    limit = before.timestamp()
    found = [path for path in warehouse.rglob("*") if path.is_file()]
    old = [path for path in found if path.stat().st_mtime < limit]
    if not old:
        return ()
    known = {path for name in tables for path in _files(store.load(name))}
    return sorted(path for path in old if path not in known)


def remove(paths: Iterable[Path], warehouse: Path) -> int:
    """Removes the files and the folders that they leave empty; gives the bytes that came free."""
    freed = 0
    for path in paths:
        with suppress(FileNotFoundError):
            size = path.stat().st_size
            path.unlink()
            freed += size
        for folder in path.parents:
            if folder == warehouse:
                break
            with suppress(OSError):
                folder.rmdir()
    return freed


def _files(table: Table) -> Iterable[Path]:
    metadata = table.metadata
    yield local_path(table.metadata_location)
    yield from (local_path(entry.metadata_file) for entry in metadata.metadata_log)
    yield from (local_path(file.statistics_path) for file in metadata.statistics)
    for snapshot in metadata.snapshots:
        yield local_path(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            yield local_path(manifest.manifest_path)
            for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False):
                yield local_path(entry.data_file.file_path)
