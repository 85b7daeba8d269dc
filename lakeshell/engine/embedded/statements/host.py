"""What a statement works with, and what it gives back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lakeshell.engine.embedded.binding.binder import Binder
from lakeshell.engine.embedded.binding.scope import BoundQuery
from lakeshell.engine.embedded.tables.lookup import TableLookup
from lakeshell.engine.embedded.values.typed import Context, Typed
from lakeshell.model import Column, Estimate
from lakeshell.ports import Catalog, Session
from lakeshell.sql import ast
from lakeshell.sql.datatypes import VARCHAR, Type

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.store.iceberg import IcebergStore


class Host(Protocol):
    """The engine, as one statement sees it."""

    context: Context
    tables: TableLookup

    @property
    def session(self) -> Session: ...
    @property
    def catalog(self) -> Catalog: ...
    @property
    def store(self) -> IcebergStore: ...
    def binder(self) -> Binder:
        """A fresh one for each query that the statement runs."""

    def read(self, bound: BoundQuery) -> pa.RecordBatchReader:
        """The rows, as they come, with the query's column names."""

    def estimate(self, bound: BoundQuery) -> Estimate: ...
    def evaluate(self, value: Typed) -> Any:
        """A constant expression as Python has it."""

    def explain(self, bound: BoundQuery) -> str: ...
    def with_parameters(self, parameters: Sequence[ast.Expression]) -> Host:
        """The same statement's surroundings, with values for its `?`s."""


@dataclass(slots=True)
class Outcome:
    """Rows of a query or a listing, or the update type and count of a change."""

    columns: tuple[Column, ...] = ()
    batches: Iterable[pa.RecordBatch] = ()
    update_type: str | None = None
    update_count: int | None = None


def changed(update_type: str, count: int | None = None) -> Outcome:
    return Outcome(update_type=update_type, update_count=count)


def query_outcome(query: ast.Query, host: Host) -> Outcome:
    bound = host.binder().query(query)
    columns = tuple(Column(column.name, column.type) for column in bound.columns)

    def batches() -> Iterator[pa.RecordBatch]:
        yield from host.read(bound)

    return Outcome(columns, batches())


def listing(
    names: Sequence[str], rows: Iterable[Sequence[object]], types: Sequence[Type] = ()
) -> Outcome:
    """A small table of text, or of `types`."""
    import pyarrow as pa

    from lakeshell.sql.arrow import arrow_type

    kinds = types or [VARCHAR] * len(names)
    made = list(rows)
    arrays = [pa.array([row[n] for row in made], arrow_type(kind)) for n, kind in enumerate(kinds)]
    schema = pa.schema([pa.field(n, a.type) for n, a in zip(names, arrays, strict=True)])
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    columns = tuple(Column(n, k) for n, k in zip(names, kinds, strict=True))
    return Outcome(columns, iter((batch,)))
