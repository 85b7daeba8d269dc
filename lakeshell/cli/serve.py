"""`lakeshell serve`."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from lakeshell.cli.options import example, with_lake

if TYPE_CHECKING:
    from lakeshell.lake import Lake


@click.command("serve", epilog=example("lakeshell serve --lake ~/lakes/sales"))
@with_lake
def command(lake: Lake) -> None:
    """Stay and do what has to be done while nobody types.

    Holds the workgroups on Trino (limits that clients raised, budgets, files that were edited),
    takes the queries of other clients into the history, and stops idle services. `stack up` starts
    it by itself; a changed lakeshell.toml is taken up within seconds. Ends with Ctrl-C or SIGTERM.
    """
    from lakeshell import serve

    ending = serve.Ending()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.tell())

    def say(text: str) -> None:
        click.echo(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}", err=True)

    with serve.only_one(lake.state):
        if not serve.stay(lake, ending, say):
            click.echo("nothing to do: this lake has no stack and no Trino", err=True)
            return
        say("ended")
