"""Files of the warehouse that no table refers to: what a writer left that was killed.

In: the tables and a moment. Out: files. One that is younger than the moment may belong to a writer
that has yet to commit, so the caller gives the start of the oldest one. Removing is the caller's choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lakeshell.store.files import FoundFile, bare

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from lakeshell.model import TableName
    from lakeshell.store.tables import LakeTables

_METADATA = re.compile(r"(?P<folder>.+)/metadata/(?P<version>\d+)-[^/]+\.metadata\.json")


@dataclass(frozen=True, slots=True)
class Leftovers:
    """`files` belong to no table. `tables` are folders with all that a table is, of which the catalog
    knows nothing: somebody took it out of the catalog, or its making or dropping was cut off."""

    files: Sequence[FoundFile]
    tables: Sequence[str]


def leftovers(
    store: LakeTables, tables: Iterable[TableName], others: Iterable[str], before: datetime
) -> Leftovers:
    """Every file of the warehouse older than `before` that none of `tables`, which are all Iceberg
    tables that there are, has in any of its snapshots, and that is not below one of the locations
    `others`. Raises `NotFound` for a table that went meanwhile."""
    old = [file for file in store.files.walk(store.warehouse) if file.modified < before]
    if not old:
        return Leftovers((), ())
    known: set[str] = set()
    versions: dict[str, int] = {}
    for name in tables:
        table = store.load(name)
        known.update(map(bare, _files(table)))
        current = _METADATA.fullmatch(bare(table.metadata_location))
        if current is not None:
            versions[current["folder"]] = int(current["version"])
    kept = tuple(f"{bare(location).rstrip('/')}/" for location in others if location)
    lost: list[FoundFile] = []
    whole: dict[str, str] = {}
    for file in old:
        path = bare(file.location)
        if path in known or path.startswith(kept):
            continue
        metadata = _METADATA.fullmatch(path)
        if metadata is None:
            lost.append(file)
        elif metadata["folder"] not in versions:
            whole[f"{metadata['folder']}/"] = file.location.rpartition("/metadata/")[0]
        # A table forgets its first metadata files after a hundred changes, and may go back to them.
        elif int(metadata["version"]) >= versions[metadata["folder"]]:
            lost.append(file)
    inside = tuple(whole)
    lost = [file for file in lost if not bare(file.location).startswith(inside)]
    return Leftovers(sorted(lost, key=lambda file: file.location), sorted(whole.values()))


def _files(table: Table) -> Iterable[str]:
    metadata = table.metadata
    yield table.metadata_location
    yield from (entry.metadata_file for entry in metadata.metadata_log)
    yield from (file.statistics_path for file in metadata.statistics)
    yield from (file.statistics_path for file in metadata.partition_statistics)
    for snapshot in metadata.snapshots:
        yield snapshot.manifest_list
        for manifest in snapshot.manifests(table.io):
            yield manifest.manifest_path
            for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False):
                yield entry.data_file.file_path
