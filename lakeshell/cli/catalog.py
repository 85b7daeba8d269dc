"""`lakeshell catalog`: databases, tables, show, search, versions, diff, restore, preview, …"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from lakeshell.cli.catalog_query import preview, recreate_view
from lakeshell.cli.listing import show_listing
from lakeshell.cli.options import example, with_format, with_lake
from lakeshell.errors import command_line
from lakeshell.output.fit import Fit

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.model import CatalogTable, TableName


@click.group(
    "catalog", epilog=example("lakeshell catalog tables raw", "lakeshell catalog show raw.film")
)
def command() -> None:
    """Databases, tables and their versions."""


command.add_command(preview)
command.add_command(recreate_view)


@command.command("databases", epilog=example("lakeshell catalog databases"))
@with_format
@with_lake
def databases(lake: Lake, output_format: str | None) -> None:
    """Every database with how many tables it has."""
    counts: dict[str, int] = {}
    for table in lake.catalog.tables():
        counts[table.name.database] = counts.get(table.name.database, 0) + 1
    rows = [(d.name, counts.get(d.name, 0), d.comment) for d in lake.catalog.databases()]
    show_listing(("database", "tables", "comment"), rows, output_format)


@command.command("tables", epilog=example("lakeshell catalog tables movie_rental"))
@click.argument("database", metavar="[DB]", required=False)
@with_format
@with_lake
def tables(lake: Lake, database: str | None, output_format: str | None) -> None:
    """The tables of a database, or of all."""
    from lakeshell import names

    if database is not None:
        database = database.lower()
        names.check_database(lake, database)
    found = lake.catalog.tables(database)
    stale = _stale(lake, found)
    show_listing(
        ("database", "table", "kind", "columns", "version", "updated", "state"),
        [_summary(table, table.name in stale) for table in found],
        output_format,
        Fit(spare=("updated", "version", "state")),
    )


def _stale(lake: Lake, tables: Sequence[CatalogTable]) -> dict[TableName, str]:
    """Views that cannot be read any more, with why."""
    from lakeshell.query.views import stale_views

    found = stale_views(tables, lambda: lake.engine, lake.session)
    return {table.name: why for table, why in found}


def _summary(table: CatalogTable, stale: bool) -> tuple[object, ...]:
    return (
        table.name.database,
        table.name.table,
        table.kind.value,
        len(table.columns),
        table.version,
        table.updated,
        "stale" if stale else "deprecated" if table.deprecated else "",
    )


@command.command("show", epilog=example("lakeshell catalog show movie_rental.movies_film"))
@click.argument("table", metavar="DB.TABLE")
@with_format
@with_lake
def show(lake: Lake, table: str, output_format: str | None) -> None:
    """A table's columns; its parameters go to stderr, or with them in JSON."""
    from lakeshell.definitions.jobs import table_name

    found = lake.catalog.table(table_name(table))
    if (output_format or "").upper() != "JSON":
        _head(found)
    for name, why in _stale(lake, [found]).items():
        click.echo(
            f"stale: {why}\n  make it again: {command_line('catalog', 'recreate-view', name)}",
            err=True,
        )
    rows = [
        (c.name, str(c.type), "" if c.nullable else "not null", c.source_type, c.comment)
        for c in found.columns
    ]
    show_listing(
        ("column", "type", "null", "source type", "comment"),
        rows,
        output_format,
        Fit(spare=("null", "source type"), wrapped=("comment", "type")),
    )


def _head(table: CatalogTable) -> None:
    lines = {
        "table": str(table.name),
        "kind": table.kind.value + (" (deprecated)" if table.deprecated else ""),
        "version": str(table.version),
        "comment": table.comment,
        "location": table.location,
        "definition": table.definition,
        **table.parameters,
    }
    from lakeshell.output.text import printable

    width = max(map(len, lines))
    for name, value in lines.items():
        if value:
            click.echo(f"{name:<{width}}  {printable(value)}", err=True)


@command.command("search", epilog=example("lakeshell catalog search rental_date"))
@click.argument("text")
@with_format
@with_lake
def search(lake: Lake, text: str, output_format: str | None) -> None:
    """Tables and columns whose name or comment has TEXT in it."""
    wanted = text.lower()
    rows: list[tuple[str, ...]] = []
    for table in lake.catalog.tables():
        if wanted in str(table.name).lower() or wanted in table.comment.lower():
            rows.append((str(table.name), "", "", table.comment))
        for column in table.columns:
            if wanted in column.name.lower() or wanted in column.comment.lower():
                rows.append((str(table.name), column.name, str(column.type), column.comment))
    show_listing(
        ("table", "column", "type", "comment"),
        rows,
        output_format,
        Fit(wrapped=("comment", "type")),
    )


@command.command("versions", epilog=example("lakeshell catalog versions movie_rental.movies_film"))
@click.argument("table", metavar="DB.TABLE")
@with_format
@with_lake
def versions(lake: Lake, table: str, output_format: str | None) -> None:
    """Every version of a table, oldest first."""
    from lakeshell.definitions.jobs import table_name

    rows = [
        (v.version, v.updated, len(v.columns), "deprecated" if v.deprecated else "")
        for v in lake.catalog.versions(table_name(table))
    ]
    show_listing(("version", "updated", "columns", "state"), rows, output_format)


@command.command("diff", epilog=example("lakeshell catalog diff movie_rental.movies_film 1 2"))
@click.argument("table", metavar="DB.TABLE")
@click.argument("old", metavar="V1", type=int)
@click.argument("new", metavar="V2", type=int)
@with_format
@with_lake
def diff(lake: Lake, table: str, old: int, new: int, output_format: str | None) -> None:
    """What changed between two versions of a table."""
    from lakeshell.crawl.changes import changes, version_of
    from lakeshell.definitions.jobs import table_name

    name = table_name(table)
    before, after = (version_of(lake.catalog, name, number) for number in (old, new))
    show_listing(
        ("what", "name", "old", "new"),
        changes(before, after),
        output_format,
        Fit(wrapped=("old", "new")),
    )


@command.command("unlock", epilog=example("lakeshell catalog unlock raw.film"))
@click.argument("table", metavar="DB.TABLE")
@with_lake
def unlock(lake: Lake, table: str) -> None:
    """Take an Iceberg table's lock from a writer that was killed.

    The Metastore keeps such a lock. A writer that lives loses its commit, and is told.
    """
    from lakeshell.definitions.jobs import table_name

    name = table_name(table)
    taken = lake.store.unlock(name)
    for holder in taken:
        click.echo(f"{name} was locked by {holder}", err=True)
    click.echo(f"{name} is free" if taken else f"{name} was not locked", err=True)


@command.command("restore", epilog=example("lakeshell catalog restore movie_rental.movies_film 1"))
@click.argument("table", metavar="DB.TABLE")
@click.argument("version", metavar="V", type=int)
@with_lake
def restore(lake: Lake, table: str, version: int) -> None:
    """Make an old version the newest one. The versions between stay."""
    from lakeshell.crawl.changes import restore as make_newest
    from lakeshell.definitions.jobs import table_name

    name = table_name(table)
    now = make_newest(lake.catalog, name, version)
    click.echo(f"{name} is at version {now.version}, which equals version {version}", err=True)
