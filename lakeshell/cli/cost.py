"""`lakeshell cost`: what a month cost so far, and what it will if it goes on like that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from lakeshell.cli.listing import for_eyes, show_listing
from lakeshell.cli.options import with_format, with_lake
from lakeshell.output.fit import Fit

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.model import Usage

GROUPS = ("workgroup", "user", "day", "job")


@click.command("cost", epilog="Example: lakeshell cost --by user --month 2026-11")
@click.option("-w", "--workgroup", metavar="WORKGROUP", help="Only queries of this workgroup.")
@click.option("--by", type=click.Choice(GROUPS), default="workgroup", show_default=True)
@click.option("--month", metavar="YYYY-MM", help="Default: this month, in UTC.")
@with_format
@with_lake
def command(
    lake: Lake, workgroup: str | None, by: str, month: str | None, output_format: str | None
) -> None:
    """Actual cost of queries, jobs and crawlers, and the month's projection.

    The projection takes the month to go on as it went: what is spent, over the share of the month
    that is gone.
    """
    from lakeshell.cost.periods import month_end, month_start, projected
    from lakeshell.cost.prices import money_text

    now = datetime.now(UTC)
    start = _month(month) if month else month_start(now)
    if workgroup is not None:
        lake.workgroups.get(workgroup)
    usage = lake.ledger.usage(start, month_end(start), by, workgroup)
    with_projection = by != "day"
    columns = [by, "kind", "count", "scanned", "time", "cost"]
    columns += ["projected", "currency"] if with_projection else ["currency"]
    rounded = for_eyes(output_format)
    show_listing(
        columns,
        [_row(used, now, start if with_projection else None, rounded) for used in usage],
        output_format,
        Fit(spare=("currency", "time")),
    )
    totals: dict[str, Decimal] = {}
    for used in usage:
        totals[used.currency] = totals.get(used.currency, Decimal(0)) + used.cost
    for currency, total in totals.items():
        ahead = money_text(projected(total, now, start))
        click.echo(
            f"{start:%Y-%m}: {money_text(total)} {currency} so far, {ahead} projected", err=True
        )
    if lake.stack.is_installed:
        _say_running(lake)


def _say_running(lake: Lake) -> None:
    """What the lake's own services cost while they run, whether anybody uses them or not."""
    from lakeshell.cost.prices import money_text
    from lakeshell.errors import LakeshellError

    try:
        running = lake.stack.compose.running()
    except LakeshellError:
        # Where no engine answers, nothing runs.
        return
    names = [service for service in lake.settings.stack.capacity if service in running]
    memory = sum(lake.settings.stack.capacity[service].memory_max for service in names)
    cost, currency = lake.hourly_cost(memory)
    said = f"{', '.join(names)} running" if names else "nothing running"
    click.echo(
        f"stack: {said}, {money_text(cost, rounded=True)} {currency} an hour"
        " (lakeshell stack status)",
        err=True,
    )


def _row(used: Usage, now: datetime, month: datetime | None, rounded: bool) -> Sequence[Any]:
    """`month` is None where nothing is projected."""
    from lakeshell.cost.periods import projected
    from lakeshell.cost.prices import money_text
    from lakeshell.cost.sizes import size_text

    row = [
        used.key or None,
        used.kind,
        used.count,
        size_text(used.scanned) if used.kind == "query" else None,
        f"{used.elapsed:.2f}s",
        money_text(used.cost, rounded=rounded),
    ]
    if month is not None:
        row.append(money_text(projected(used.cost, now, month), rounded=rounded))
    return [*row, used.currency]


def _month(text: str) -> datetime:
    from lakeshell.cost.periods import parse_month

    try:
        return parse_month(text)
    except ValueError as error:
        raise click.UsageError(f"--month {text!r} is not a month such as 2026-11") from error
