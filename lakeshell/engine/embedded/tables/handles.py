"""What `TableFound.handle` is: what a scan needs to know of the table that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.store.metadata import Field, Snapshot, TableMetadata


class IcebergTable(NamedTuple):
    """A table of the lake at one snapshot, None before its first."""

    metadata: TableMetadata
    snapshot: Snapshot | None
    fields: tuple[Field, ...]


class InPlace(NamedTuple):
    """A table that is read where it is, through its connection.

    `read` gives the rows of the columns, in the order asked for, as Arrow in the ports' form;
    `label` says in words what isn't metered.
    """

    label: str
    read: Callable[[Sequence[str]], Iterable[pa.RecordBatch]]
    rows: int | None = None


class Computed(NamedTuple):
    """A small table that the engine itself makes: metadata tables, `information_schema`."""

    rows: Callable[[], pa.Table]
