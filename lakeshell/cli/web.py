"""`lakeshell web`: the console in a browser on this machine."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from lakeshell.cli.options import example, with_lake

if TYPE_CHECKING:
    from lakeshell.lake import Lake

PORT = 8480


@click.command(
    epilog=example(
        "lakeshell web --port 8480",
        remark="From another machine, through a tunnel: ssh -L 8480:127.0.0.1:8480 HOST, and open "
        "the same address there.",
    )
)
@click.option(
    "--port",
    default=PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Of 127.0.0.1; 0 is any that is free.",
)
@with_lake
def command(lake: Lake, port: int) -> None:
    """Serve the console to a browser on this machine, until Ctrl+C.

    It prints an address with a secret token: who has that has the lake. It listens on loopback alone.
    It needs the extra `lakeshell[web]`.
    """
    from lakeshell.errors import UsageError

    if find_spec("textual_serve") is None:
        raise UsageError(
            "the console in a browser needs packages that are not installed",
            hint="install them: pip install 'lakeshell[web]', in a checkout: scripts/environment web",
        )
    from lakeshell.web.server import ConsoleServer, listen, serve

    listening = listen(port)
    port = listening.getsockname()[1]
    server = ConsoleServer(lake.folder, port)
    click.echo(server.address)
    click.echo(
        f"Serving {lake.folder} to this machine alone until Ctrl+C. From another machine:"
        f" ssh -L {port}:127.0.0.1:{port} HOST",
        err=True,
    )
    serve(server, listening)
