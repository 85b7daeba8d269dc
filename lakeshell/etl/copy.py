"""An arrow job's work: the source's batches, through the mapping and the transform, as a table.

In: an open source of batches and a script. Out: a reader of batches in the target's types, one
batch in memory at a time. A value is never changed silently: what a cast cannot keep ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lakeshell.errors import LakeshellError, UsageError, ValueRefused
from lakeshell.etl.job import Job
from lakeshell.etl.mapping import Mapping, castable
from lakeshell.etl.script import ArrowScript, script_failed
from lakeshell.model import CatalogTable, TableKind
from lakeshell.ports import Engine, Session, Source
from lakeshell.sql.arrow import arrow_type
from lakeshell.sql.names import quote_identifier

if TYPE_CHECKING:
    import pyarrow as pa

SourceOpener = Callable[[str], Source]


def check_mapping(job: Job, table: CatalogTable, mapping: Mapping) -> list[str]:
    """Warnings about columns that the script does not map; raises when it maps what is gone."""
    present = {column.name: column for column in table.columns}
    for column in mapping.columns:
        if column.source not in present:
            raise UsageError(
                f"{table.name} has no column {column.source!r} any more, which {job.script} maps",
                hint=f"take it out of the mapping, or crawl again if {table.name} is out of date",
            )
        found = present[column.source].type
        if not castable(found, column.target_type):
            raise UsageError(
                f"the column {column.source!r} of {table.name} is {found}, which does not become "
                f"{column.target_type} without loss",
                hint="change the target type in the mapping, or write the job in SQL with a CAST",
            )
    unmapped = [name for name in present if name not in mapping.sources]
    return [f"{table.name} has columns that the mapping leaves out: {', '.join(unmapped)}"] * bool(
        unmapped
    )


@contextmanager
def source_rows(
    table: CatalogTable,
    mapping: Mapping,
    open_source: SourceOpener,
    engine: Callable[[], Engine],
    session: Session,
) -> Iterator[Iterator[pa.RecordBatch]]:
    """Batches of the mapped columns, by position: from the connection, or from the lake's engine."""
    if table.kind is not TableKind.SOURCE:
        listed = ", ".join(quote_identifier(name) for name in mapping.sources)
        name = ".".join(quote_identifier(part) for part in table.name)
        running = engine().run(f"SELECT {listed} FROM lake.{name}", session)
        try:
            yield running.batches()
        finally:
            running.close()
        return
    from lakeshell.model import ObjectName

    source = open_source(table.parameters["connectionName"])
    try:
        place = ObjectName(table.parameters["sourceSchema"], table.parameters["sourceTable"])
        described = source.describe(place)
        spelled = {column.name.lower(): column.name for column in described.columns}
        exact = {column.name for column in described.columns}
        columns = [n if n in exact else spelled.get(n.lower(), n) for n in mapping.sources]
        yield iter(source.read(described, columns))
    finally:
        source.close()


def mapped(
    job: Job,
    script: ArrowScript,
    batches: Iterator[pa.RecordBatch],
) -> pa.RecordBatchReader:
    """The rows that the target gets, with its column names and Arrow types."""
    import pyarrow as pa

    schema = pa.schema([pa.field(c.name, arrow_type(c.type)) for c in script.mapping.targets])

    def made() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = _cast(job, batch, schema)
            if script.transform is not None:
                rows = _transformed(job, script, rows, schema)
            yield rows

    return pa.RecordBatchReader.from_batches(schema, made())


def _cast(job: Job, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    columns = []
    for index, field in enumerate(schema):
        column = batch.column(index)
        if column.type != field.type:
            try:
                column = column.cast(field.type)
            except pa.ArrowInvalid as error:
                raise ValueRefused(
                    f"job {job.name!r}: a value of {field.name!r} does not fit {field.type}: {error}",
                    hint="change the target type in the mapping; the table is as it was",
                ) from error
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _transformed(
    job: Job, script: ArrowScript, rows: pa.RecordBatch, schema: pa.Schema
) -> pa.RecordBatch:
    assert script.transform is not None
    try:
        made = script.transform(rows)
    except LakeshellError:
        raise
    except Exception as error:
        raise script_failed(job, error) from error
    if getattr(made, "schema", None) is None or not made.schema.equals(schema):
        found = getattr(made, "schema", type(made).__name__)
        raise UsageError(
            f"the transform of job {job.name!r} gave other columns than the mapping: {found}",
            hint="give back a record batch of the same columns; rename and retype in the mapping",
        )
    return made
