"""`lakeshell stack`: up, down, start, stop, status, logs, backup, restore."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from lakeshell.cli.listing import show_listing
from lakeshell.cli.options import example, with_format, with_lake
from lakeshell.errors import UsageError

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.stack.services import Service

NAMES = ("control", "mysql", "minio", "metastore", "trino")
SERVICES = click.Choice((*NAMES, "worker"))


@click.group("stack", epilog=example("lakeshell stack up", "lakeshell stack status"))
def command() -> None:
    """The lake's own services in Docker: MySQL, MinIO, Hive Metastore, Trino.

    control holds what the lake itself needs, mysql is the source database. Any of them can be
    stopped to save its memory and started again; the data stays.
    """


@command.command("up", epilog=example("lakeshell stack up --build-all --workers 2"))
@click.option("--workers", type=click.IntRange(0, 100), metavar="N", help="Trino workers to add.")
@click.option(
    "--build-all", is_flag=True, help="Build every image here; for sites without a registry."
)
@with_lake
def up(lake: Lake, workers: int | None, build_all: bool) -> None:
    """Start everything, wait until it answers, and say how to reach it.

    The first time, images are pulled and built and passwords made. Later it starts what is
    stopped and applies changed settings and connections.
    """
    from lakeshell import services
    from lakeshell.cli.progress import ProgressLine

    with ProgressLine(lines=True) as progress:
        services.up(lake, progress, workers=workers, build_all=build_all)
    _say_addresses(lake)


def _say_addresses(lake: Lake) -> None:
    from lakeshell.stack.services import Service

    made = lake.stack.installation
    rows = (
        ("trino", made.trino_url, "any client; any user name"),
        ("mysql", f"127.0.0.1:{made.port(Service.MYSQL)}", "root, MYSQL_ROOT_PASSWORD"),
        ("minio", made.s3_endpoint, f"S3_ACCESS_KEY, S3_SECRET_KEY; region {made.region}"),
        ("metastore", made.metastore_uri, "plain Thrift"),
        ("control", f"127.0.0.1:{made.port(Service.CONTROL)}", "root, CONTROL_ROOT_PASSWORD"),
    )
    for name, address, who in rows:
        click.echo(f"{name:<10} {address:<30} {who}", err=True)
    click.echo(f"passwords are in {made.folder / 'secrets.env'}", err=True)
    if not lake.is_on_own_stack:
        engine = lake.settings.trino.url if lake.settings.engine == "trino" else "embedded"
        click.echo(
            f"this lake's engine is {engine}: for one on the stack, lakeshell init DIR --stack",
            err=True,
        )


@command.command("down", epilog=example("lakeshell stack down"))
@click.option("--delete-data", is_flag=True, help="Also delete every table and database.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting data.")
@with_lake
def down(lake: Lake, delete_data: bool, yes: bool) -> None:
    """Stop and remove the containers; the data stays."""
    from lakeshell import services
    from lakeshell.cli.progress import ProgressLine

    if delete_data and not yes:
        _ = lake.stack.installation
        if not sys.stdin.isatty():
            raise UsageError("deleting every table and database needs a yes", hint="add --yes")
        click.confirm("Delete every table and database of this stack?", abort=True, err=True)
    with ProgressLine(lines=True) as progress:
        services.down(lake, progress, delete_data=delete_data)
    click.echo("the stack is down" + (", its data deleted" if delete_data else ""), err=True)


@command.command("start", epilog=example("lakeshell stack start trino"))
@click.argument("services", nargs=-1, type=SERVICES, metavar="[SERVICE]...")
@with_lake
def start(lake: Lake, services: tuple[str, ...]) -> None:
    """Start services, and what they need, and wait until they answer; all when none is named."""
    from lakeshell import services as chosen
    from lakeshell.cli.progress import ProgressLine

    with ProgressLine(lines=True) as progress:
        chosen.start(lake, _services(services), progress)
    click.echo(f"{', '.join(services or NAMES)}: running", err=True)


@command.command("stop", epilog=example("lakeshell stack stop mysql"))
@click.argument("services", nargs=-1, type=SERVICES, metavar="[SERVICE]...")
@with_lake
def stop(lake: Lake, services: tuple[str, ...]) -> None:
    """Stop services; all when none is named. Memory is given back, data kept."""
    from lakeshell import services as chosen
    from lakeshell.cli.progress import ProgressLine

    with ProgressLine(lines=True) as progress:
        chosen.stop(lake, _services(services), progress)
    click.echo(f"{', '.join(services or NAMES)}: stopped", err=True)


@command.command("status", epilog=example("lakeshell stack status --output-format JSON"))
@with_format
@with_lake
def status(lake: Lake, output_format: str | None) -> int:
    """Each service: state, version, memory, port, uptime, cost by the hour. Ends with 1 when one fails."""
    from lakeshell import services
    from lakeshell.errors import ExitCode

    found = services.report(lake)
    show_listing(services.COLUMNS, map(services.figures, found), output_format)
    return ExitCode.FAILED if any(each.is_failing for each in found) else ExitCode.OK


@command.command("backup", epilog=example("lakeshell stack backup mysql --remove"))
@click.argument("service", type=click.Choice(("mysql",)))
@click.option("--remove", is_flag=True, help="Then remove its container and data, to save cost.")
@with_lake
def backup(lake: Lake, service: str, remove: bool) -> None:
    """Dump the source database, its users too, to object storage. Writes wait meanwhile."""
    from lakeshell import services
    from lakeshell.cli.progress import ProgressLine
    from lakeshell.cost.sizes import size_text

    with ProgressLine(lines=True) as progress:
        made = services.back_up(lake, progress, remove=remove)
    tables = f"{len(made.checksums)} tables, {size_text(made.size)}"
    click.echo(f"backup {made.name}: {tables} in object storage", err=True)
    if remove:
        click.echo(f"{service} is removed; bring it back: lakeshell stack restore mysql", err=True)


@command.command("restore", epilog=example("lakeshell stack restore mysql"))
@click.argument("service", type=click.Choice(("mysql",)))
@click.option("--backup", "name", metavar="NAME", help="Which; the latest when left out.")
@click.option("--replace", is_flag=True, help="Delete the databases that are there first.")
@with_lake
def restore(lake: Lake, service: str, name: str | None, replace: bool) -> None:
    """Bring a backup back into an empty database and compare every table's checksum."""
    from lakeshell import services
    from lakeshell.cli.progress import ProgressLine

    with ProgressLine(lines=True) as progress:
        made = services.restore(lake, progress, name, replace=replace)
    click.echo(
        f"backup {made.name} is restored: {len(made.checksums)} tables, checksums equal", err=True
    )


@command.command("logs", epilog=example("lakeshell stack logs -f trino"))
@click.argument("services", nargs=-1, type=SERVICES, metavar="[SERVICE]...")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is logged from now.")
@click.option(
    "--tail", default="200", show_default=True, metavar="N", help="Lines of each, or all."
)
@with_lake
def logs(lake: Lake, services: tuple[str, ...], follow: bool, tail: str) -> None:
    """What services logged."""
    from lakeshell.output.text import printable

    if tail != "all" and not tail.isdigit():
        raise click.UsageError("--tail takes a number of lines, or all")
    terminal = sys.stdout.isatty()
    for line in lake.stack.compose.logs(_services(services), follow=follow, tail=tail):
        click.echo(printable(line.expandtabs()) if terminal else line)


def _services(names: tuple[str, ...]) -> list[Service]:
    from lakeshell.stack.services import Service

    return [Service(name) for name in names or NAMES]
