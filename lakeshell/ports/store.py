"""What the store of Iceberg tables promises: a write is one snapshot or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lakeshell.model import Column, TableName

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Written:
    """What one write left behind: one snapshot."""

    snapshot_id: int | None
    rows: int
    files: int
    bytes: int


class TableStore(Protocol):
    """Iceberg tables of the lake: made, written, dropped. A write is one snapshot or nothing."""

    def create(
        self,
        name: TableName,
        columns: Sequence[Column],
        *,
        partitioning: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
        comment: str = "",
    ) -> None: ...

    def write(
        self,
        name: TableName,
        rows: pa.RecordBatchReader,
        *,
        mode: str,
        columns: Sequence[Column] | None = None,
        snapshot_properties: Mapping[str, str] | None = None,
        on_rows: Callable[[int], None] | None = None,
    ) -> Written:
        """Writes every row in one snapshot. `mode`: `overwrite` (the table then holds these rows
        and `columns`, made if missing) or `append`. `on_rows` is told the total so far."""

    def drop(self, name: TableName) -> None:
        """The table and its files."""
