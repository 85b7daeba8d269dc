"""What a source promises: its tables, and their rows as Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from lakeshell.errors import ObjectGone
from lakeshell.model import ObjectName, SourceObject, SourceTable

if TYPE_CHECKING:
    import pyarrow as pa


class Source(Protocol):
    """A database that is read, never written. Opened by a connection; closed by its owner.

    Every method raises `ConnectionFailed` when the source is gone or locked.
    """

    def test(self) -> Sequence[tuple[str, str]]:
        """Goes through each stage of connecting; gives (stage, what was found)."""

    def objects(self) -> Sequence[SourceObject]:
        """Every table and view that the connection may read, system objects left out."""

    def describe(self, name: ObjectName) -> SourceTable:
        """Columns by Trino's mapping of the source's types; raises `ObjectGone`."""

    def describe_many(self, names: Sequence[ObjectName]) -> Iterator[SourceTable | ObjectGone]:
        """`describe` of each in turn, in as few questions as the source allows; one that cannot
        be described comes as the error."""

    def read(
        self, table: SourceTable, columns: Sequence[str], batch_rows: int = 65_536
    ) -> pa.RecordBatchReader:
        """The rows of `columns` in bounded memory, cast to the declared types.

        A value that its declared type cannot hold ends the read with `ValueRefused`, naming
        table, column, value and row; nothing is changed silently.
        """

    def close(self) -> None: ...
