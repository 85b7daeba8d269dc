"""`lakeshell query`: SQL from the command line, files or stdin; rows to stdout or a file."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lakeshell.cli.options import FORMATS, example, pairs, with_lake
from lakeshell.errors import ExitCode, LakeshellError, QueryFailed

if TYPE_CHECKING:
    from lakeshell.cli.sink import Sink
    from lakeshell.cli.texts import Statement, Text
    from lakeshell.lake import Lake
    from lakeshell.ports import Session

F = TypeVar("F", bound=Callable[..., Any])


class Seconds(click.ParamType[float]):
    name = "SECONDS"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        try:
            made = float(value)
        except ValueError:
            made = 0.0
        if not 0 < made < float("inf"):
            self.fail(f"{value!r} is not a number of seconds such as 30 or 0.5.", param, ctx)
        return made


def _only_a_dash(context: click.Context, parameter: click.Parameter, value: str | None) -> bool:
    if value not in (None, "-"):
        raise click.UsageError("SQL comes behind -e: lakeshell query -e 'SELECT 1'", context)
    return value is not None


def running_options(function: F) -> F:
    """The options of every command that runs SQL and shows the rows."""
    for option in reversed(_RUNNING):
        function = option(function)
    return function


_RUNNING = (
    click.option("-w", "--workgroup", metavar="WORKGROUP", help="The workgroup to run in."),
    click.option("-d", "--database", metavar="DATABASE", help="For names without a database."),
    click.option(
        "--output-format",
        type=click.Choice(FORMATS, case_sensitive=False),
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}. Default: ALIGNED on a terminal, CSV otherwise.",
    ),
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write here; the file appears, or is replaced, when the result is whole.",
    ),
    click.option(
        "--param",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        help="Bind :NAME, or the n-th ? by n=VALUE. Numbers, true, null and DATE '…' mean what "
        "they mean in SQL, the rest is text; text that looks like a number is quoted: "
        "zip=\"'01234'\".",
    ),
    click.option(
        "--formula-safe",
        is_flag=True,
        help="For spreadsheets: an apostrophe before text that begins as a formula does, in CSV "
        "and TSV. XLSX needs none.",
    ),
    click.option("--dry-run", is_flag=True, help="Say what it would scan and cost; run nothing."),
    click.option(
        "--reuse",
        metavar="AGE",
        help="Give a kept result no older than this (10m, 1d), if its tables have not changed since.",
    ),
    click.option(
        "--timeout",
        type=Seconds(),
        metavar="SECONDS",
        help="Cancel a statement that takes longer.",
    ),
    click.option(
        "--session", "properties", multiple=True, metavar="NAME=VALUE", help="A session property."
    ),
    click.option(
        "--create-table", metavar="DB.TABLE", help="Make a table of what the query gives."
    ),
    click.option("--create-view", metavar="DB.VIEW", help="Make a view of the query."),
    click.option("--replace", is_flag=True, help="Where the table or view exists already."),
    click.option(
        "--ignore-errors", is_flag=True, help="Go on after a failed statement; end with 1."
    ),
    click.option(
        "--progress/--no-progress",
        default=None,
        help="Figures on stderr while it runs. Default: when stderr is a terminal.",
    ),
    click.option("--stats", is_flag=True, help="A line of JSON on stderr for each statement."),
)


@click.command(
    "query",
    epilog=example(
        "lakeshell query -d raw -e 'SELECT count(*) FROM film'",
        remark="Exit codes: 0 ok, 1 failed, 4 timed out, 5 a workgroup's limit or budget, 130 interrupted.",
    ),
)
@click.argument("stdin", required=False, metavar="[-]", callback=_only_a_dash)
@click.option("-e", "--execute", "texts", multiple=True, metavar="SQL", help="Run it; repeatable.")
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Run its statements; repeatable.",
)
@running_options
@with_lake
def command(
    lake: Lake,
    stdin: bool,
    texts: tuple[str, ...],
    files: tuple[Path, ...],
    parameters: tuple[str, ...],
    **options: Any,
) -> int:
    """Run SQL, in Trino's language, and print the result."""
    from lakeshell.cli.texts import given_texts

    given = given_texts(texts, files, stdin)
    return run_texts(lake, given, pairs(parameters, "--param"), **options)


def run_texts(
    lake: Lake,
    given: Sequence[Text],
    parameters: Mapping[str, str],
    *,
    workgroup: str | None,
    database: str | None,
    output_format: str | None,
    output: Path | None,
    formula_safe: bool,
    dry_run: bool,
    properties: tuple[str, ...],
    create_table: str | None,
    create_view: str | None,
    replace: bool,
    **options: Any,
) -> int:
    """Runs every statement of the texts with the options of `running_options`; gives the exit code."""
    from lakeshell.cli.texts import statements_of

    options["reuse"] = _age(options["reuse"])
    session = lake.session(workgroup)
    session.database = database or session.database
    _set_session(lake, session, pairs(properties, "--session"))
    statements = statements_of(given, lake.engine.split, parameters)
    if not statements:
        raise click.UsageError("there is no statement to run")
    statements = _making(statements, create_table, create_view, replace)
    if dry_run:
        return _dry_run(lake, session, statements, output_format)
    from lakeshell.cli.sink import open_sink

    code = int(ExitCode.OK)
    with open_sink(output_format, output, formula_safe) as sink:
        code = _run_all(lake, session, statements, sink, options)
        sink.keep = code == ExitCode.OK or options["ignore_errors"]
    return code


def _making(
    statements: Sequence[Statement], table: str | None, view: str | None, replace: bool
) -> Sequence[Statement]:
    """What makes a table or view of the query, where that is asked for."""
    if table is None and view is None:
        if replace:
            raise click.UsageError("--replace goes with --create-table or --create-view")
        return statements
    if table is not None and view is not None:
        raise click.UsageError("--create-table and --create-view are given one at a time")
    if len(statements) != 1:
        raise click.UsageError(f"it is made of one query, and there are {len(statements)}")
    import dataclasses

    from lakeshell.definitions.jobs import table_name
    from lakeshell.query.making import create_statement

    kind, name = ("table", table) if table is not None else ("view", view)
    (given,) = statements
    made, written = (
        create_statement(kind, table_name(name or ""), sql, given.parameters, replace=replace)
        for sql in (given.sql, given.as_written)
    )
    # Its query begins in the second line: a fault is shown where the user wrote it.
    return [dataclasses.replace(given, sql=made, as_written=written, line=given.line - 1)]


def _age(reuse: str | None) -> int | None:
    from lakeshell.definitions.schema import duration

    try:
        return None if reuse is None else duration(reuse)
    except ValueError as error:
        raise click.UsageError(f"--reuse {reuse!r} is not {error}") from error


def _set_session(lake: Lake, session: Session, properties: dict[str, str]) -> None:
    """As SET SESSION does it, which knows what there is: a number is one, the rest is text."""
    for name, value in properties.items():
        plain = re.fullmatch(r"-?\d+(\.\d+)?|true|false", value, re.IGNORECASE)
        literal = value if plain else "'" + value.replace("'", "''") + "'"
        running = lake.engine.run(f"SET SESSION {name} = {literal}", session)
        try:
            for _ in running.batches():
                pass
        finally:
            running.close()


def _run_all(
    lake: Lake,
    session: Session,
    statements: Sequence[Statement],
    sink: Sink,
    options: dict[str, Any],
) -> int:
    """Runs the statements in turn; gives the exit code."""
    failed = False
    for statement in statements:
        try:
            _run_one(lake, session, statement, sink, options)
        except LakeshellError as error:
            _say(error, statement)
            failed = True
            if not options["ignore_errors"] or error.exit_code is ExitCode.INTERRUPTED:
                return int(error.exit_code)
    return int(ExitCode.FAILED if failed else ExitCode.OK)


def _run_one(
    lake: Lake, session: Session, statement: Statement, sink: Sink, options: dict[str, Any]
) -> None:
    from lakeshell.cli.figures import Figures
    from lakeshell.query.order import Order
    from lakeshell.query.run import start_query

    order = Order(
        statement.sql,
        statement.parameters,
        options["timeout"],
        text=statement.as_written,
        reuse=options["reuse"],
    )
    figures = Figures(shown=options["progress"], as_json=options["stats"], to_file=sink.to_file)
    with figures, start_query(order, session, lake.services, figures.watch) as query:
        sink.write(query, figures.before_rows)
    figures.say_end(query)


def _dry_run(
    lake: Lake, session: Session, statements: Sequence[Statement], output_format: str | None
) -> int:
    """A row for each statement: what it would scan at most, and cost."""
    from lakeshell.cli.listing import show_listing
    from lakeshell.cost.prices import money_text
    from lakeshell.cost.sizes import size_text
    from lakeshell.output.fit import Fit
    from lakeshell.query.limits import estimate
    from lakeshell.query.order import Order

    limit = lake.workgroups.get(session.workgroup).scan_limit
    rows = []
    for statement in statements:
        order = Order(statement.sql, statement.parameters)
        try:
            found, cost = estimate(order, session, lake.services)
        except LakeshellError as error:
            _say(error, statement)
            return int(error.exit_code)
        if found.coarse:
            click.echo(
                "at most, for it cannot be planned here: conditions are left out, or files counted "
                "whole that say nothing of their columns",
                err=True,
            )
        if limit is not None and (found.scanned or 0) > limit:
            click.echo(
                f"over the limit of workgroup {session.workgroup!r}, {size_text(limit)} a query: "
                "it would be refused",
                err=True,
            )
        rows.append(
            (
                " ".join(statement.as_written.split()),
                size_text(found.scanned),
                found.scanned,
                found.files,
                found.rows,
                money_text(cost),
                lake.services.prices.currency,
                ", ".join(found.unmetered) or None,
            )
        )
    columns = ("query", "scanned", "bytes", "files", "rows", "cost", "currency", "not metered")
    fit = Fit(spare=("currency", "bytes", "rows", "not metered", "files"), cut=("query",))
    show_listing(columns, rows, output_format, fit)
    return int(ExitCode.OK)


def _say(error: LakeshellError, statement: Statement) -> None:
    """Shows an error with its place in the text that the user gave, not in the statement alone."""
    from lakeshell.cli.failures import say

    if "--debug" in sys.argv:
        raise error
    if isinstance(error, QueryFailed) and error.line is not None:
        if error.line == 1 and error.column is not None:
            error.column += statement.column - 1
        error.line = max(1, error.line + statement.line - 1)
    say(error, statement.text, statement.name)
