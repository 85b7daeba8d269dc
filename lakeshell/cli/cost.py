"""`lakeshell cost`: what a month cost so far, what it will, and what it would have cost on AWS."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lakeshell.cli.listing import for_eyes, show_listing
from lakeshell.cli.options import HOW_MANY, example, with_format, with_lake

if TYPE_CHECKING:
    from lakeshell.billing.month import Month
    from lakeshell.billing.tables import Listed
    from lakeshell.lake import Lake

GROUPS = ("workgroup", "user", "day", "month", "job", "crawler", "query")


@click.command(
    "cost",
    epilog=example(
        "lakeshell cost --by user --month 2026-11",
        "lakeshell cost --compare",
        "lakeshell cost --by day --svg november.svg",
    ),
)
@click.option("-w", "--workgroup", metavar="WORKGROUP", help="Only queries of this workgroup.")
@click.option(
    "--by",
    type=click.Choice(GROUPS),
    help="Default: workgroup, and day for a chart. month: the last twelve; query: the dearest.",
)
@click.option("--month", metavar="YYYY-MM", help="Default: this month, in UTC.")
@click.option(
    "--compare", is_flag=True, help="The same month by Athena's, Glue's and your own prices."
)
@click.option("--budgets", is_flag=True, help="How much of each workgroup's budgets is used.")
@click.option("--chart", is_flag=True, help="Bars instead of a listing.")
@click.option(
    "--svg", metavar="FILE", type=click.Path(path_type=Path), help="Write the chart as a picture."
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the listing here, as CSV with a header unless its ending or the format says else.",
)
@click.option("--limit", type=HOW_MANY, default=20, show_default=True, help="Of --by query.")
@with_format
@with_lake
def command(
    lake: Lake,
    workgroup: str | None,
    by: str | None,
    month: str | None,
    compare: bool,
    budgets: bool,
    chart: bool,
    svg: Path | None,
    output: Path | None,
    limit: int,
    output_format: str | None,
) -> None:
    """Actual cost of queries, jobs, crawlers and services, and the month's projection.

    The projection takes the month to go on as it went: what is spent, over the share of the month
    that is gone, of which the first day counts as gone. Prices are settings: see [prices].
    """
    from lakeshell.billing import tables
    from lakeshell.billing.month import month as month_of
    from lakeshell.billing.services import note_services
    from lakeshell.cli.history_filter import caught_up
    from lakeshell.cost.periods import month_start

    now = datetime.now(UTC)
    start = _month(month) if month else month_start(now)
    drawn = chart or svg is not None
    rounded = for_eyes(output_format) and output is None
    _check_together(compare, budgets, drawn, by, month, output)
    if workgroup is not None:
        lake.workgroups.get(workgroup)
    caught_up(lake)
    note_services(lake, now)
    if budgets:
        _write(_budgets(lake, now, workgroup, rounded), output_format, output)
    elif compare:
        from lakeshell.billing.aws import comparison, comparison_notes

        compared = comparison(lake, start, workgroup)
        _write(tables.comparison_table(compared, rounded), output_format, output)
        for line in comparison_notes(compared, start):
            click.echo(line, err=True)
    elif by == "query":
        _write(tables.dearest_table(lake, start, workgroup, limit), output_format, output)
    else:
        found = month_of(lake, start, now, by or ("day" if drawn else "workgroup"), workgroup)
        if drawn:
            _draw(lake, found, now, svg, chart)
        else:
            _write(tables.usage_table(found, now, rounded), output_format, output)
            _say_sums(lake, found)


def _budgets(lake: Lake, now: datetime, workgroup: str | None, rounded: bool) -> Listed:
    from lakeshell.billing.budgets import budgets
    from lakeshell.billing.tables import budgets_table

    found = budgets(lake, now, workgroup)
    if not found:
        click.echo(
            "no workgroup has a budget: lakeshell workgroup set NAME --monthly-budget 50", err=True
        )
    return budgets_table(found, rounded)


def _check_together(
    compare: bool,
    budgets: bool,
    drawn: bool,
    by: str | None,
    month: str | None,
    output: Path | None,
) -> None:
    asked = [name for name, given in (("--compare", compare), ("--budgets", budgets)) if given]
    asked += ["--chart or --svg"] if drawn else []
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(asked)} are asked for one at a time")
    if asked and not drawn and by is not None:
        raise click.UsageError(f"{asked[0]} and --by do not go together")
    if budgets and month is not None:
        raise click.UsageError("--budgets are of today and this month: leave --month out")
    if drawn and by == "query":
        raise click.UsageError("--by query has no chart")
    if drawn and output is not None:
        raise click.UsageError("-o writes a listing: a picture goes to --svg FILE")


def _write(listed: Listed, output_format: str | None, output: Path | None) -> None:
    columns, rows, fit = listed
    if output is None:
        show_listing(columns, rows, output_format, fit)
        return
    from lakeshell.output.files import BINARY, format_of, replaced
    from lakeshell.output.table import write_table

    name = (output_format or format_of(output)).upper()
    if name in BINARY:
        raise click.UsageError(f"-o writes text, as CSV, TSV, JSON or Markdown, and not {name}")
    if output_format is None and name == "CSV":
        name = "CSV_HEADER"
    with replaced(output) as part, part.open("w", encoding="utf-8", newline="") as file:
        write_table(columns, rows, name, file)
    click.echo(f"{len(rows)} lines are in {output}", err=True)


# --- charts --------------------------------------------------------------------------------


def _draw(lake: Lake, found: Month, now: datetime, svg: Path | None, shown: bool) -> None:
    from lakeshell.billing.drawn import chart
    from lakeshell.output.chart import chart_lines

    made = chart(found, now, lake.settings.currency)
    if svg is not None:
        from lakeshell.output.files import replaced
        from lakeshell.output.svg import chart_svg

        with replaced(svg) as part:
            part.write_text(chart_svg(made), encoding="utf-8")
        click.echo(f"the chart is in {svg}", err=True)
    if shown:
        unicode = (sys.stdout.encoding or "").lower().startswith("utf")
        for line in chart_lines(made, shutil.get_terminal_size().columns, unicode=unicode):
            click.echo(line)


# --- said beside the data ------------------------------------------------------------------


def _say_sums(lake: Lake, found: Month) -> None:
    from lakeshell.cost.prices import money_text

    for sum_ in found.sums:
        click.echo(
            f"{found.start:%Y-%m}: {money_text(sum_.spent)} {sum_.currency} so far, "
            f"{money_text(sum_.projected)} projected",
            err=True,
        )
    if lake.stack.is_installed:
        _say_running(lake)


def _say_running(lake: Lake) -> None:
    """What the lake's own services cost while they run, whether anybody uses them or not."""
    from lakeshell.billing.services import hourly_rate
    from lakeshell.cost.prices import SELF_HOSTED, money_text
    from lakeshell.errors import LakeshellError

    try:
        running = lake.stack.compose.running()
    except LakeshellError:
        # Where no engine answers, nothing runs.
        return
    names = [service for service in lake.settings.stack.capacity if service in running]
    memory = sum(lake.settings.stack.capacity[service].memory_max for service in names)
    cost, currency = hourly_rate(lake, memory)
    said = f"{', '.join(names)} running" if names else "nothing running"
    prices = lake.compute_prices
    apart = "" if prices.name == SELF_HOSTED else f", which the prices of {prices.name} leave out"
    click.echo(
        f"stack: {said}, {money_text(cost, rounded=True)} {currency} an hour{apart}"
        " (lakeshell stack status)",
        err=True,
    )


def _month(text: str) -> datetime:
    from lakeshell.cost.periods import parse_month

    try:
        return parse_month(text)
    except ValueError as error:
        raise click.UsageError(f"--month {text!r} is not a month such as 2026-11") from error
