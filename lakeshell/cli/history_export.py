"""`lakeshell history export` and `history prune`: the history as data, and its old part's end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lakeshell.cli.history_filter import caught_up, filter_of, filter_options
from lakeshell.cli.options import FORMATS, with_lake

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.lake import Lake
    from lakeshell.model import Column
    from lakeshell.ports import HistoryFilter

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


@click.command("export", epilog="Example: lakeshell history export --since 30d -o november.parquet")
@filter_options
@click.option("--limit", type=click.IntRange(1), metavar="N", help="The newest N. Default: all.")
@click.option(
    "--output-format",
    type=click.Choice(FORMATS, case_sensitive=False),
    metavar="FORMAT",
    help="As `lakeshell query` has them. Default: by the file's ending; CSV_HEADER.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE")
@with_lake
def export(
    lake: Lake, limit: int | None, output_format: str | None, output: Path | None, **filters: Any
) -> None:
    """Everything known of past queries, as CSV, JSON, Parquet, Excel and so on."""
    from lakeshell.cli.sink import chosen_format, open_sink
    from lakeshell.model import Column
    from lakeshell.sql.datatypes import parse_type

    wanted = filter_of(lake, **filters, limit=limit)
    caught_up(lake)
    if output_format is None and chosen_format(None, output) == "CSV":
        output_format = "CSV_HEADER"
    columns = [Column(name, parse_type(type)) for name, type in _TYPES.items()]
    with open_sink(output_format, output) as sink:
        sink.write_rows(columns, _batches(lake, wanted, columns))


def _batches(lake: Lake, wanted: HistoryFilter, columns: list[Column]) -> Iterator[pa.RecordBatch]:
    """Page by page, so that a history of any length is no longer in memory than it is written."""
    import pyarrow as pa

    from lakeshell.sql.arrow import arrow_schema

    schema = arrow_schema(columns)
    left = wanted.limit
    while left is None or left > 0:
        page = _PAGE if left is None else min(_PAGE, left)
        records = lake.ledger.queries(replace(wanted, limit=page))
        values = [
            [_value(getattr(record, column.name)) for record in records] for column in columns
        ]
        arrays = [pa.array(v, f.type) for v, f in zip(values, schema, strict=True)]
        if records:
            yield pa.record_batch(arrays, schema=schema)
        if len(records) < page:
            return
        wanted = replace(wanted, after=records[-1].id)
        left = None if left is None else left - page


def _value(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


@click.command("prune", epilog="Example: lakeshell history prune --older-than 90d")
@click.option("--older-than", "age", required=True, metavar="AGE", help="90d, 12h: since it began.")
@click.option("--dry-run", is_flag=True, help="Say how many it would forget.")
@with_lake
def prune(lake: Lake, age: str, dry_run: bool) -> None:
    """Forget old queries, of every workgroup. What they cost is then no longer in `lakeshell cost`.

    history.keep in lakeshell.toml does the same by itself.
    """
    from lakeshell.definitions.schema import duration
    from lakeshell.ports import HistoryFilter

    try:
        before = datetime.now(UTC) - timedelta(seconds=duration(age))
    except (ValueError, OverflowError) as error:
        raise click.UsageError(f"--older-than {age!r} is no age such as 90d") from error
    if dry_run:
        found = lake.ledger.queries(HistoryFilter(until=before, limit=None))
        count = sum(record.finished is not None for record in found)
        click.echo(f"would forget {count:,} quer{'y' if count == 1 else 'ies'}", err=True)
        return
    count = lake.ledger.prune(before)
    click.echo(f"forgot {count:,} quer{'y' if count == 1 else 'ies'}", err=True)
