"""The history as rows: everything known of past queries, as columns of Trino's types.

In: the ledger and a filter. Out: record batches, newest query first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lakeshell.model import Column
from lakeshell.ports import HistoryFilter, Ledger
from lakeshell.sql.datatypes import parse_type

if TYPE_CHECKING:
    import pyarrow as pa

_PAGE = 10_000
_TYPES = {
    "id": "varchar", "started": "timestamp(6)", "finished": "timestamp(6)", "state": "varchar",
    "workgroup": "varchar", "user": "varchar", "source": "varchar", "database": "varchar",
    "engine": "varchar", "engine_id": "varchar", "kind": "varchar", "job_run": "varchar",
    "reused": "varchar", "elapsed": "double", "queued": "double", "planned": "double",
    "scanned": "bigint", "rows": "bigint", "cost": "decimal(28,10)", "currency": "varchar",
    "error_code": "varchar", "error": "varchar", "sql": "varchar",
}  # fmt: skip
"""Fields of a record, in the order of the export: moments in UTC, times in seconds, sizes in bytes."""


def columns() -> Sequence[Column]:
    return [Column(name, parse_type(type)) for name, type in _TYPES.items()]


def records(ledger: Ledger, wanted: HistoryFilter) -> Iterator[pa.RecordBatch]:
    """Page by page, so that a history of any length is no longer in memory than it is written."""
    import pyarrow as pa

    from lakeshell.sql.arrow import arrow_schema

    made = columns()
    schema = arrow_schema(made)
    left = wanted.limit
    while left is None or left > 0:
        page = _PAGE if left is None else min(_PAGE, left)
        found = ledger.queries(replace(wanted, limit=page))
        values = [[_value(getattr(record, column.name)) for record in found] for column in made]
        arrays = [pa.array(v, f.type) for v, f in zip(values, schema, strict=True)]
        if found:
            yield pa.record_batch(arrays, schema=schema)
        if len(found) < page:
            return
        wanted = replace(wanted, after=found[-1].id)
        left = None if left is None else left - page


def _value(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
