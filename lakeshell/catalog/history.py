"""Earlier versions of tables, one JSON document each, among the lake's own files.

In: versions that are about to be replaced. Out: the same again. The Metastore keeps only what a
table is now; documents on the lake's storage are shared by every machine that uses the lake. A
document is written once and never changed: `FOLDER/ID/000001.json`, by the table's own id, which
a new name does not change.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from lakeshell.catalog.rows import from_row, stamp, to_row
from lakeshell.model import CatalogTable, TableName
from lakeshell.store.files import Files


class History:
    """Documents under the location `folder` of `files`."""

    def __init__(self, files: Files, folder: str) -> None:
        self.files = files
        self.folder = folder.rstrip("/")

    def keep(self, id: str, table: CatalogTable) -> None:
        assert table.created is not None
        assert table.updated is not None
        row = [table.version, *to_row(table), stamp(table.updated)]
        document = {"created": stamp(table.created), "version": row}
        with self.files.create(f"{self.folder}/{id}/{table.version:06d}.json") as sink:
            sink.write(json.dumps(document, ensure_ascii=False).encode())

    def versions(self, id: str, name: TableName, before: int) -> Sequence[CatalogTable]:
        """Those below version `before`, oldest first, under the table's present name."""
        found: list[CatalogTable] = []
        for location in self.files.listed(f"{self.folder}/{id}"):
            document = json.loads(self.files.read(location))
            version = from_row(name, document["created"], tuple(document["version"]))
            if version.version < before:
                found.append(version)
        return found

    def forget(self, id: str) -> None:
        self.files.delete_folder(f"{self.folder}/{id}")
