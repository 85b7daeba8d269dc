"""`lakeshell completion`: the script that makes a shell complete Lakeshell's words and names."""

from __future__ import annotations

import click

from lakeshell.cli.options import example

SHELLS = ("bash", "zsh", "fish")
_WHERE = {
    "bash": "put it in ~/.local/share/bash-completion/completions/lakeshell, or source it",
    "zsh": "put it in a folder of $fpath as _lakeshell, or source it",
    "fish": "put it in ~/.config/fish/completions/lakeshell.fish",
}


@click.command(
    "completion",
    epilog=example(
        "lakeshell completion bash > ~/.local/share/bash-completion/completions/lakeshell"
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print what makes a shell complete commands, options and the names of a lake.

    Databases, tables, workgroups, saved queries, jobs, crawlers, connections and past queries.
    """
    from click.shell_completion import get_completion_class

    from lakeshell.cli.complete import VARIABLE, register
    from lakeshell.cli.main import lakeshell

    register()
    made = get_completion_class(shell)
    assert made is not None
    script = made(lakeshell, {}, "lakeshell", VARIABLE)
    click.echo(script.source_template % script.source_vars())
    click.echo(_WHERE[shell], err=True)
