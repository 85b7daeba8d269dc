"""`lakeshell history export` and `history prune`: the history as data, and its old part's end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lakeshell.cli.history_filter import caught_up, filter_of, filter_options
from lakeshell.cli.options import FORMATS, HOW_MANY, example, with_lake

if TYPE_CHECKING:
    from lakeshell.lake import Lake


@click.command("export", epilog=example("lakeshell history export --since 30d -o november.parquet"))
@filter_options
@click.option("--limit", type=HOW_MANY, help="The newest N. Default: all.")
@click.option(
    "--output-format",
    type=click.Choice(FORMATS, case_sensitive=False),
    metavar="FORMAT",
    help="As `lakeshell query` has them. Default: by the file's ending; CSV_HEADER.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write here.")
@click.option("--formula-safe", is_flag=True, help="As `lakeshell query` has it.")
@with_lake
def export(
    lake: Lake,
    limit: int | None,
    output_format: str | None,
    output: Path | None,
    formula_safe: bool,
    **filters: Any,
) -> None:
    """Everything known of past queries, as CSV, JSON, Parquet, Excel and so on."""
    from lakeshell.cli.sink import chosen_format, open_sink
    from lakeshell.query.past import columns, records

    wanted = filter_of(lake, **filters, limit=limit)
    caught_up(lake)
    if output_format is None and chosen_format(None, output) == "CSV":
        output_format = "CSV_HEADER"
    with open_sink(output_format, output, formula_safe) as sink:
        sink.write_rows(columns(), records(lake.ledger, wanted))


@click.command("prune", epilog=example("lakeshell history prune --older-than 90d"))
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
