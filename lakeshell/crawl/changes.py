"""Versions of a catalog's table: what changed from one to another, and the way back.

In: a catalog and a table's name. Out: changes as (what, name, old, new); a version made the newest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from lakeshell.errors import NotFound, UsageError
from lakeshell.model import CatalogTable, TableKind, TableName
from lakeshell.ports import Catalog

Change = tuple[str, str, str | None, str | None]


def changes(old: CatalogTable, new: CatalogTable) -> Sequence[Change]:
    """None stands where a column or a parameter is not there."""
    made: list[Change] = []
    before = {c.name: str(c.type) for c in old.columns}
    after = {c.name: str(c.type) for c in new.columns}
    pairs = (("column", before, after), ("parameter", old.parameters, new.parameters))
    for what, was, now in pairs:
        for name in dict.fromkeys((*was, *now)):
            if was.get(name) != now.get(name):
                made.append((what, name, was.get(name), now.get(name)))
    return made


def version_of(catalog: Catalog, name: TableName, number: int) -> CatalogTable:
    """Raises `NotFound` with those that there are."""
    found = {version.version: version for version in catalog.versions(name)}
    if number not in found:
        raise NotFound(
            f"{name} has no version {number}", hint=f"it has: {', '.join(map(str, found))}"
        )
    return found[number]


def restore(catalog: Catalog, name: TableName, number: int) -> CatalogTable:
    """Makes an old version the newest; those between stay. Raises `UsageError` for an Iceberg
    table, whose versions are its snapshots."""
    current = catalog.table(name)
    if current.kind is TableKind.ICEBERG:
        raise UsageError(
            f"{name} is an Iceberg table, whose versions are its snapshots",
            hint=f"query one: SELECT * FROM {name} FOR VERSION AS OF ID",
        )
    old = version_of(catalog, name, number)
    return catalog.put(dataclasses.replace(old, version=current.version))
