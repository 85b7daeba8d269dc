"""The columns of a source's table that a read is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.errors import UsageError
from lakeshell.model import Column, SourceTable


def chosen_columns(table: SourceTable, names: Sequence[str]) -> list[Column]:
    """In the order asked for. Raises `UsageError` for a name that the table does not have."""
    known = {column.name: column for column in table.columns}
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise UsageError(
            f"{table.name} has no column {unknown!r}", hint=f"it has: {', '.join(known)}"
        )
    return [known[name] for name in names]
