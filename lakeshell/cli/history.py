"""`lakeshell history`: past queries; show, result, rerun, cancel."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lakeshell.cli.history_export import export, prune
from lakeshell.cli.history_filter import caught_up, filter_of, filter_options
from lakeshell.cli.listing import chosen, for_eyes, say_if_unknown, show_listing, show_values
from lakeshell.cli.options import FORMATS, HOW_MANY, example, pairs, with_format, with_lake
from lakeshell.cli.query import running_options
from lakeshell.errors import ExitCode
from lakeshell.output.fit import Fit

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.model import QueryRecord

COLUMNS = (
    "id", "started", "state", "workgroup", "user", "elapsed", "scanned", "rows", "cost", "query",
    "error",
)  # fmt: skip
_SHORT = 60
_FIT = Fit(
    spare=("user", "rows", "started", "error", "elapsed", "cost", "workgroup"),
    cut=("query", "error"),
    least=15,
)
_WAIT = 15.0
"""Seconds to wait for a cancelled query to end: its runner looks once a second."""


@click.group(
    "history",
    invoke_without_command=True,
    epilog=example("lakeshell history -w analysts --status FAILED --since 7d"),
)
@filter_options
@click.option("--limit", type=HOW_MANY, default=50, show_default=True, help="The newest N.")
@with_format
@with_lake
@click.pass_context
def command(
    context: click.Context,
    /,
    lake: Lake,
    limit: int,
    output_format: str | None,
    **filters: Any,
) -> None:
    """Past queries, newest first: who, when, what they scanned and cost.

    On the lake's own stack those of every client of its Trino. Queries of a workgroup are shown to its members, and to who ran them.
    """
    if context.invoked_subcommand is not None:
        return
    wanted = filter_of(lake, **filters, limit=limit)
    caught_up(lake)
    short = chosen(output_format) in ("ALIGNED", "MARKDOWN")
    rows = [_row(record, short, for_eyes(output_format)) for record in lake.ledger.queries(wanted)]
    show_listing(COLUMNS, rows, output_format, _FIT)
    if not rows:
        say_if_unknown("workgroup", filters["workgroup"], lake.workgroups.names())


def _row(record: QueryRecord, short: bool, rounded: bool) -> Sequence[Any]:
    from lakeshell.cost.prices import money_text

    return (
        record.id,
        record.started,
        record.state.value,
        record.workgroup,
        record.user,
        None if record.elapsed is None else f"{record.elapsed:.2f}s",
        _scanned(record),
        record.rows,
        money_text(record.cost, rounded=rounded),
        _shortened(record.sql, short),
        _shortened(record.error, short) or None,
    )


def _scanned(record: QueryRecord) -> str | None:
    from lakeshell.cost.sizes import size_text

    if record.finished is None:
        return None
    return size_text(record.scanned)


def _shortened(text: str, short: bool) -> str:
    line = " ".join(text.split()) if short else text
    return line[: _SHORT - 1] + "…" if short and len(line) > _SHORT else line


@command.command("show", epilog=example("lakeshell history show 20261124_1403"))
@click.argument("id")
@with_format
@with_lake
def show(lake: Lake, id: str, output_format: str | None) -> None:
    """One query with everything known of it. ID may be its beginning."""
    from lakeshell import history
    from lakeshell.cost.prices import money_text

    record = history.query(lake, id)
    values: dict[str, Any] = {
        "id": record.id,
        "state": record.state.value,
        "started": record.started,
        "finished": record.finished,
        "elapsed": _seconds(record.elapsed),
        "queued": _seconds(record.queued),
        "planned": _seconds(record.planned),
        "user": record.user,
        "workgroup": record.workgroup,
        "source": record.source,
        "database": record.database or None,
        "engine": record.engine,
        "kind": record.kind or None,
        "engine_id": record.engine_id or None,
        "job_run": record.job_run or None,
        "reused": record.reused or None,
        "scanned": _scanned(record),
        "bytes": record.scanned,
        "rows": record.rows,
        "cost": money_text(record.cost),
        "currency": record.currency,
        "error_code": record.error_code or None,
        "error": record.error or None,
        "result": "kept" if history.results(lake, record).has(record.result_id) else None,
        "query": record.sql,
    }
    show_values(values, output_format)


def _seconds(time: float | None) -> str | None:
    return None if time is None else f"{time:.3f}s"


@command.command("result", epilog=example("lakeshell history result 20261124_1403 -o films.xlsx"))
@click.argument("id")
@click.option(
    "--output-format",
    type=click.Choice(FORMATS, case_sensitive=False),
    metavar="FORMAT",
    help="As `lakeshell query` has them.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write here.")
@click.option("--formula-safe", is_flag=True, help="As `lakeshell query` has it.")
@with_lake
def result(
    lake: Lake, id: str, output_format: str | None, output: Path | None, formula_safe: bool
) -> None:
    """A query's result again, as it was, without running it."""
    from lakeshell import history
    from lakeshell.cli.sink import open_sink

    record = history.query(lake, id)
    columns, batches = history.results(lake, record).open(record.result_id)
    with open_sink(output_format, output, formula_safe) as sink:
        sink.write_rows(columns, batches)


@command.command("rerun", epilog=example("lakeshell history rerun 20261124_1403 -o films.csv"))
@click.argument("id")
@running_options
@with_lake
def rerun(
    lake: Lake,
    id: str,
    workgroup: str | None,
    database: str | None,
    parameters: tuple[str, ...],
    **options: Any,
) -> int:
    """Run a past query once more, where it ran: in its workgroup and database.

    The history keeps parameters by name only: give their values again with --param.
    """
    from lakeshell import history
    from lakeshell.cli.query import run_texts
    from lakeshell.cli.texts import Text
    from lakeshell.errors import UsageError

    record = history.query(lake, id)
    if workgroup is None and record.workgroup not in lake.workgroups.names():
        raise UsageError(
            f"it ran in the workgroup {record.workgroup!r}, which is gone",
            hint="run it in another: -w WORKGROUP",
        )
    return run_texts(
        lake,
        [Text(record.sql)],
        pairs(parameters, "--param"),
        workgroup=workgroup or record.workgroup,
        database=database or record.database or None,
        **options,
    )


@command.command("cancel", epilog=example("lakeshell history cancel 20261124_1403"))
@click.argument("id")
@with_lake
def cancel(lake: Lake, id: str) -> int:
    """Cancel a running query, also one of another process on this lake."""
    from lakeshell import history
    from lakeshell.model import QueryState

    record = lake.ledger.request_cancel(history.query(lake, id).id, lake.user)
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline:
        record = lake.ledger.query(record.id)
        if record.finished is not None:
            break
        time.sleep(0.1)
    if record.finished is None:
        click.echo(f"asked query {record.id} to end; it has not yet", err=True)
        return int(ExitCode.FAILED)
    if record.state is QueryState.CANCELLED:
        click.echo(f"cancelled query {record.id}", err=True)
        return int(ExitCode.OK)
    click.echo(f"query {record.id} ended by itself: {record.state.value}", err=True)
    return int(ExitCode.FAILED)


command.add_command(export)
command.add_command(prune)
