"""`lakeshell crawler`: list, show, add, set, rm, run, runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lakeshell.cli.changes import changes, needed
from lakeshell.cli.listing import for_eyes, say_if_unknown, show_listing, show_values
from lakeshell.cli.options import HOW_MANY, example, with_format, with_lake
from lakeshell.cli.progress import ProgressLine
from lakeshell.errors import command_line
from lakeshell.output.fit import Fit

if TYPE_CHECKING:
    from lakeshell.crawl.plan import CrawlPlan
    from lakeshell.errors import LakeshellError
    from lakeshell.lake import Lake

PLAN = ("action", "source", "table", "columns", "why")
RUNS = ("run", "crawler", "state", "started", "elapsed", "cost", "result")


@click.group(
    "crawler",
    epilog=example("lakeshell crawler run movies --dry-run", "lakeshell crawler run movies"),
)
def command() -> None:
    """Read the schemas of a source and register its tables in the catalog."""


@command.command("list", epilog=example("lakeshell crawler list"))
@with_format
@with_lake
def list_(lake: Lake, output_format: str | None) -> int:
    """Every crawler with what it reads, where it registers, and how its last run ended."""
    from lakeshell.cli.failures import say_all

    wrong: list[LakeshellError] = []
    rows = []
    for crawler in lake.crawlers.each(wrong.append):
        last = lake.last_run("crawler", crawler.name)
        state = None if last is None else last.state.value
        include = ", ".join(crawler.include) or "everything"
        rows.append((crawler.name, crawler.connection, include, crawler.database, state))
    show_listing(
        ("crawler", "connection", "include", "database", "last run"),
        rows,
        output_format,
        Fit(wrapped=("include",)),
    )
    return say_all(wrong)


@command.command("show", epilog=example("lakeshell crawler show movies"))
@click.argument("name")
@with_format
@with_lake
def show(lake: Lake, name: str, output_format: str | None) -> None:
    """A crawler's definition."""
    crawler = lake.crawlers.get(name)
    values = {
        "name": crawler.name,
        "connection": crawler.connection,
        "database": crawler.database,
        "include": ", ".join(crawler.include) or None,
        "exclude": ", ".join(crawler.exclude) or None,
        "prefix": crawler.prefix or None,
        "on_change": crawler.on_change,
        "on_delete": crawler.on_delete,
        "file": str(lake.crawlers.folder / f"{name}.toml"),
    }
    show_values(values, output_format)


@command.command(
    "add",
    epilog=example(
        "lakeshell crawler add movies --connection movies --database movie_rental --include 'movies/%' --exclude '*act*'"
    ),
)
@click.argument("name")
@click.option("--connection", required=True, metavar="C", help="The source to read.")
@click.option("--database", required=True, metavar="D", help="Where its tables register.")
@click.option(
    "--include", multiple=True, metavar="PATH", help="database/table; % stands for any characters."
)
@click.option(
    "--exclude", multiple=True, metavar="GLOB", help="Tables to leave out: *_log, {staff,store}."
)
@click.option("--prefix", default="", help="Put before each table's name.")
@click.option(
    "--on-change",
    type=click.Choice(("update", "add-only")),
    default="update",
    show_default=True,
    help="What a changed schema does to a known table.",
)
@click.option(
    "--on-delete",
    type=click.Choice(("deprecate", "delete", "ignore")),
    default="deprecate",
    show_default=True,
    help="What becomes of a table that is gone from the source.",
)
@with_lake
def add(
    lake: Lake,
    name: str,
    connection: str,
    database: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    prefix: str,
    on_change: str,
    on_delete: str,
) -> None:
    """Add a crawler. Nothing is read yet: `crawler run NAME` does that."""
    from lakeshell.crawl.plan import CrawlerSettings

    crawler = CrawlerSettings(
        name=name,
        connection=lake.connections.get(connection).name,
        database=database.lower(),
        include=include,
        exclude=exclude,
        prefix=prefix,
        on_change=on_change,
        on_delete=on_delete,
    )
    path = lake.crawlers.add(crawler)
    click.echo(f"added crawler {name} ({path})", err=True)
    click.echo(f"next: {command_line('crawler', 'run', name, '--dry-run')}", err=True)


@command.command("set", epilog=example("lakeshell crawler set movies --exclude none --prefix src_"))
@click.argument("name")
@click.option("--connection", metavar="C", help="The source to read.")
@click.option("--database", metavar="D", help="Where its tables register.")
@click.option("--include", multiple=True, metavar="PATH", help="All its include paths; or none.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="All its exclude patterns; or none.")
@click.option("--prefix", help="Put before each table's name.")
@click.option(
    "--on-change",
    type=click.Choice(("update", "add-only")),
    help="What a changed schema does to a known table.",
)
@click.option(
    "--on-delete",
    type=click.Choice(("deprecate", "delete", "ignore")),
    help="What becomes of a table that is gone from the source.",
)
@with_lake
def set_(lake: Lake, name: str, **given: Any) -> None:
    """Change a crawler; what is not named stays. The next run does as it then says."""
    from lakeshell.definitions.crawlers import KEYS

    changed = changes(given, KEYS)
    needed(changed, "--exclude '*_log'")
    if "connection" in changed:
        changed["connection"] = lake.connections.get(changed["connection"]).name
    if "database" in changed:
        changed["database"] = changed["database"].lower()
    path = lake.crawlers.set(name, changed)
    click.echo(f"changed crawler {name} ({path})", err=True)


@command.command("rm", epilog=example("lakeshell crawler rm movies"))
@click.argument("name")
@with_lake
def rm(lake: Lake, name: str) -> None:
    """Remove a crawler. The tables that it registered stay, and so do its runs."""
    lake.crawlers.remove(name)
    click.echo(f"removed crawler {name}; its tables stay", err=True)


@command.command("run", epilog=example("lakeshell crawler run movies --dry-run"))
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@with_format
@with_lake
def run(lake: Lake, name: str, dry_run: bool, output_format: str | None) -> None:
    """Crawl, and say what was created, updated, deprecated, deleted, and why each excluded object
    was excluded."""
    from lakeshell.crawl.run import plan_crawl, run_crawler

    crawler = lake.crawlers.get(name)
    if dry_run:
        with ProgressLine() as progress:
            plan = plan_crawl(crawler, lake.survey, progress)
        _show_plan(plan, output_format)
        click.echo(f"{name}: would be {plan.summary}; nothing was changed", err=True)
        return
    with ProgressLine() as progress:
        plan, record = run_crawler(crawler, lake.survey, progress)
    _show_plan(plan, output_format)
    click.echo(f"{name}: {plan.summary} in {record.elapsed or 0:.2f} s, run {record.id}", err=True)


def _show_plan(plan: CrawlPlan, output_format: str | None) -> None:
    rows = [
        (
            planned.action.value,
            None if planned.source is None else str(planned.source),
            None if planned.table is None else str(planned.table),
            None if planned.put is None else len(planned.put.columns),
            planned.detail or None,
        )
        for planned in plan.tables
    ]
    if for_eyes(output_format):
        brief = [
            (action, source, ": ".join(said for said in (table, why) if said))
            for action, source, table, _, why in rows
        ]
        show_listing(("action", "source", "table, why"), brief, None, Fit(wrapped=("table, why",)))
        return
    show_listing(PLAN, rows, output_format)


@command.command("runs", epilog=example("lakeshell crawler runs movies --limit 5"))
@click.argument("name", required=False)
@click.option("--limit", type=HOW_MANY, default=50, show_default=True, help="The newest N.")
@with_format
@with_lake
def runs(lake: Lake, name: str | None, limit: int, output_format: str | None) -> None:
    """Past runs, newest first."""
    rows = [
        (
            r.id,
            r.name,
            r.state.value,
            r.started,
            None if r.elapsed is None else f"{r.elapsed:.2f}s",
            r.cost,
            r.error or r.detail or None,
        )
        for r in lake.ledger.runs("crawler", name, limit)
    ]
    fit = Fit(spare=("cost", "elapsed", "started"), wrapped=("result",))
    show_listing(RUNS, rows, output_format, fit)
    if not rows:
        say_if_unknown("crawler", name, lake.crawlers.names())
