"""A source's raw columns as a batch of the declared types, or the value that does not fit.

In: arrays as a driver gave them, one a column. Out: record batches in the ports' form. Whole
columns are converted at once; where a value does not look as declared, each value is looked at,
and one that its type cannot hold ends the read with `ValueRefused`. Reads nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from lakeshell.errors import ValueRefused
from lakeshell.model import Column, ObjectName
from lakeshell.source.arrays import Convert, Undecided
from lakeshell.source.values import Misfit, Value
from lakeshell.sql.arrow import arrow_schema

Values = Callable[[pa.Array, Column], Iterator[Value]]
"""The values of a raw column, one by one."""
_SHOWN = 60


class Conversion:
    """`whole` converts a column at once, `single` one value of it; `values` takes it apart."""

    def __init__(
        self,
        table: ObjectName,
        columns: Sequence[Column],
        whole: Sequence[Convert],
        single: Sequence[Callable[[Value], Any]],
        values: Values,
    ) -> None:
        self.table = table
        self.columns = columns
        self.schema = arrow_schema(columns)
        self._whole = whole
        self._single = single
        self._values = values

    def batch(self, raw: Sequence[pa.Array], rows: int, before: int) -> pa.RecordBatch:
        """`before` counts the rows that were read before these."""
        made: list[pa.Array] = []
        for index, column in enumerate(self.columns):
            try:
                made.append(self._whole[index](raw[index]))
            except Undecided:
                values = self._values(raw[index], column)
                made.append(self.one_by_one(index, values, before))
        return self.assembled(made, rows)

    def one_by_one(self, index: int, values: Iterator[Value], before: int) -> pa.Array:
        convert = self._single[index]
        made: list[Any] = []
        for value in values:
            try:
                made.append(None if value is None else convert(value))
            except Misfit as misfit:
                row = before + len(made) + 1
                raise self._refused(self.columns[index], value, row, misfit) from misfit
        return pa.array(made, self.schema.field(index).type)

    def assembled(self, arrays: Sequence[pa.Array], rows: int) -> pa.RecordBatch:
        if not arrays:
            empty = pa.StructArray.from_arrays([], fields=[]) if rows == 0 else pa.nulls(rows)
            return pa.record_batch([empty], names=["_"]).select([])
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _refused(self, column: Column, value: Value, row: int, misfit: Misfit) -> ValueRefused:
        shown = ascii(value) if isinstance(value, bytes) else repr(value)
        if len(shown) > _SHOWN:
            shown = shown[: _SHOWN - 3] + "..."
        declared = f", declared {column.source_type}" if column.source_type else ""
        return ValueRefused(
            f"{self.table}, row {row:,}, column {column.name!r}: the value {shown} does not "
            f"fit {column.type}{declared}: {misfit}",
            hint="mend the value in the source, or leave the column out of the mapping or the query",
        )
