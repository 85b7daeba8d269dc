"""`lakeshell init`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    "init",
    epilog="Example: lakeshell init ~/lakes/sales && cd ~/lakes/sales && lakeshell doctor",
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--debug", is_flag=True, hidden=True)
def command(folder: Path, debug: bool) -> None:
    """Make DIR a lake: lakeshell.toml, folders for definitions, state beside them.

    A folder that is a lake already is left as it is.
    """
    from lakeshell.lake import make_lake

    made = make_lake(folder)
    said = "is a lake now" if made else "is a lake already; nothing was changed"
    click.echo(f"{folder} {said}", err=True)
    if made:
        click.echo("next: lakeshell connection add NAME sqlite:///PATH", err=True)
