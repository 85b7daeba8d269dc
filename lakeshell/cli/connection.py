"""`lakeshell connection`: list, show, add, set, rm, test."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from lakeshell.cli.changes import changes, needed
from lakeshell.cli.listing import show_listing, show_values
from lakeshell.cli.options import example, with_format, with_lake
from lakeshell.errors import command_line
from lakeshell.output.fit import Fit

if TYPE_CHECKING:
    from lakeshell.definitions.connections import Connection
    from lakeshell.errors import LakeshellError
    from lakeshell.lake import Lake


@click.group(
    "connection",
    epilog=example(
        "lakeshell connection add movies sqlite:///data/movies.db",
        "lakeshell connection test movies",
    ),
)
def command() -> None:
    """Sources that crawlers read and queries reach in place.

    A connection is also a catalog in SQL: SELECT * FROM movies.movies.film
    """


@command.command("list", epilog=example("lakeshell connection list --output-format JSON"))
@with_format
@with_lake
def list_(lake: Lake, output_format: str | None) -> int:
    """Every connection with its address."""
    from lakeshell.cli.failures import say_all

    wrong: list[LakeshellError] = []
    rows = [(c.name, c.scheme, c.url) for c in lake.connections.each(wrong.append)]
    show_listing(("name", "kind", "url"), rows, output_format)
    return say_all(wrong)


@command.command("show", epilog=example("lakeshell connection show movies"))
@click.argument("name")
@with_format
@with_lake
def show(lake: Lake, name: str, output_format: str | None) -> None:
    """One connection: its address and where its password comes from."""
    connection = lake.connections.get(name)
    password = connection.password_env or connection.password_command
    values = {
        "name": connection.name,
        "kind": connection.scheme,
        "url": connection.url,
        "password": f"from {password}" if password else None,
        "comment": connection.comment,
        "file": str(lake.connections.folder / f"{connection.name}.toml"),
    }
    show_values(values, output_format)


@command.command("add", epilog=example("lakeshell connection add movies sqlite:///data/movies.db"))
@click.argument("name")
@click.argument("url")
@click.option("--password-env", metavar="VAR", help="The variable that holds the password.")
@click.option("--password-command", metavar="CMD", help="A command that prints the password.")
@click.option("--comment", default="", help="What it is, for people.")
@click.option("--yes", is_flag=True, help="Restart the stack's Trino without asking.")
@with_lake
def add(
    lake: Lake,
    name: str,
    url: str,
    password_env: str | None,
    password_command: str | None,
    comment: str,
    yes: bool,
) -> None:
    """Add a connection. Nothing is read yet: `connection test NAME` does that.

    On a lake with a stack it becomes a catalog of Trino, which must restart for it.
    """
    from lakeshell.definitions.connections import Connection, resolved_url

    made = Connection(name, resolved_url(url, lake.folder), password_env, password_command, comment)
    path = lake.connections.add(made)
    click.echo(f"added connection {name} ({path})", err=True)
    _tell_trino(lake, made, yes)
    click.echo(f"next: {command_line('connection', 'test', name)}", err=True)


@command.command(
    "set", epilog=example("lakeshell connection set shop --url mysql://reader@db.example/shop")
)
@click.argument("name")
@click.option("--url", metavar="URL", help="Its address.")
@click.option("--password-env", metavar="VAR", help="The variable that holds the password.")
@click.option("--password-command", metavar="CMD", help="A command that prints the password.")
@click.option("--comment", help="What it is, for people.")
@click.option("--yes", is_flag=True, help="Restart the stack's Trino without asking.")
@with_lake
def set_(lake: Lake, name: str, yes: bool, **given: str | None) -> None:
    """Change a connection; what is not named stays. `none` takes where a password comes from away."""
    from lakeshell.definitions.connections import KEYS, resolved_url

    changed = changes(given, KEYS)
    needed(changed, "--url URL")
    if "url" in changed:
        changed["url"] = resolved_url(changed["url"], lake.folder)
    path = lake.connections.set(name, changed)
    click.echo(f"changed connection {name} ({path})", err=True)
    _tell_trino(lake, lake.connections.get(name), yes)


@command.command("rm", epilog=example("lakeshell connection rm shop"))
@click.argument("name")
@click.option("--yes", is_flag=True, help="Restart the stack's Trino without asking.")
@with_lake
def rm(lake: Lake, name: str, yes: bool) -> None:
    """Remove a connection that no crawler reads. The tables that were crawled from it stay."""
    from contextlib import suppress

    from lakeshell.errors import ConfigurationError

    removed = None
    with suppress(ConfigurationError):  # one that cannot be read was no catalog of Trino
        removed = lake.connections.get(name)
    click.echo(f"removed connection {lake.remove_connection(name)}", err=True)
    if removed is not None:
        _tell_trino(lake, removed, yes)


def _tell_trino(lake: Lake, connection: Connection, yes: bool) -> None:
    """Gives the lake's own Trino the catalogs as they now are, or says how it gets them."""
    import sys

    from lakeshell.cli.progress import ProgressLine

    if not lake.trino_has(connection.scheme):
        if lake.settings.engine == "trino" and lake.settings.trino.url is not None:
            url, name = lake.settings.trino.url, connection.name
            click.echo(f"queries follow once {url} has the same catalog {name}", err=True)
        return
    if connection.shows_a_certificate:
        said = (
            "Trino shows no ssl-cert: where the server wants one, queries in place cannot connect"
        )
        click.echo(f"warning: {said}; crawlers and jobs can", err=True)
    asked = "Trino must restart for its catalogs; queries under way fail. Now?"
    if yes or (sys.stdin.isatty() and click.confirm(asked, default=True, err=True)):
        with ProgressLine() as progress:
            lake.stack.refresh(progress)
    else:
        click.echo("queries follow after: lakeshell stack up", err=True)


@command.command("test", epilog=example("lakeshell connection test movies"))
@click.argument("name")
@with_format
@with_lake
def test(lake: Lake, name: str, output_format: str | None) -> None:
    """Go through each stage of connecting and say what was found."""
    with closing(lake.source(lake.connections.get(name).name)) as source:
        show_listing(("stage", "found"), source.test(), output_format, Fit(wrapped=("found",)))
