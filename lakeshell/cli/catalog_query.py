"""`lakeshell catalog preview` and `recreate-view`: what of the catalog runs SQL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lakeshell.cli.options import HOW_MANY, example, with_lake
from lakeshell.cli.query import running_options

if TYPE_CHECKING:
    from lakeshell.lake import Lake


@click.command("preview", epilog=example("lakeshell catalog preview raw.film --limit 5"))
@click.argument("table", metavar="DB.TABLE")
@click.option("--limit", type=HOW_MANY, default=20, show_default=True, help="Rows.")
@running_options
@with_lake
def preview(lake: Lake, table: str, limit: int, parameters: tuple[str, ...], **options: Any) -> int:
    """The first rows of a table or view, as they come; a query like any other."""
    from lakeshell.cli.query import run_texts
    from lakeshell.cli.texts import Text
    from lakeshell.definitions.jobs import table_name
    from lakeshell.query.making import preview_statement

    name = table_name(table)
    lake.catalog.table(name)
    return run_texts(lake, [Text(preview_statement(name, limit))], {}, **options)


@click.command(
    "recreate-view",
    epilog=example(
        "lakeshell catalog recreate-view presentation.top_films",
        "lakeshell catalog recreate-view presentation.top_films -e 'SELECT title FROM raw.film'",
    ),
)
@click.argument("view", metavar="DB.VIEW")
@click.option("-e", "--execute", "sql", metavar="SQL", help="Its query from now on.")
@click.option(
    "-f",
    "--file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The file with its query from now on.",
)
@click.option("-w", "--workgroup", metavar="WORKGROUP", help="The workgroup to run in.")
@with_lake
def recreate_view(
    lake: Lake, view: str, sql: str | None, file: Path | None, workgroup: str | None
) -> None:
    """Make a view again when a table under it has changed, its comment and security kept.

    Its own query is taken unless another is given. It is yours then: on Trino, what a view may read
    goes by its owner.
    """
    from lakeshell.cli.texts import given_texts
    from lakeshell.definitions.jobs import table_name
    from lakeshell.query.views import recreate

    if sql is not None and file is not None:
        raise click.UsageError("-e and -f are given one at a time")
    query = None
    if sql is not None or file is not None:
        given = given_texts([sql] if sql else [], [file] if file else [], False)
        (query,) = _queries(lake, given[0].sql)
    found = lake.catalog.table(table_name(view))
    recreate(found, lake.services, lake.session(workgroup), query)
    now = lake.catalog.table(found.name)
    click.echo(f"view {found.name} is made again: {len(now.columns)} columns", err=True)


def _queries(lake: Lake, text: str) -> list[str]:
    from lakeshell.query.statement import is_blank

    found = [made.text for made in lake.engine.split(text) if not is_blank(made.text)]
    if len(found) != 1:
        raise click.UsageError(f"a view has one query, and this text has {len(found)}")
    return found
