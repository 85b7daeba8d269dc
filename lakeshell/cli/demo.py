"""`lakeshell demo`: runs the story's steps, each the very command that it prints."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import click

from lakeshell.cli.options import example
from lakeshell.errors import AlreadyExists, ExitCode, Interrupted, LakeshellError

if TYPE_CHECKING:
    from lakeshell.demo.story import Setting, Step

SOURCE = "movies.db"
_WIDTH = 80


@click.command(
    "demo",
    epilog=example("lakeshell demo --scale 10 --lake ~/lakes/movies", remark="Safe to run again."),
)
@click.option("--lake", "lake_folder", metavar="DIR", help="The lake's folder; made if missing.")
@click.option(
    "--scale",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Rentals and payments, in multiples of 16,000 and 18,000.",
)
@click.option("--stack", is_flag=True, help="On MySQL, MinIO, Hive Metastore and Trino, in Docker.")
@click.option("--build-all", is_flag=True, help="With --stack: build every image here.")
@click.option(
    "--generate",
    metavar="FILE|URL",
    help="Only make the source database: a SQLite file, or mysql://USER@HOST:3306/DATABASE.",
)
@click.option("--password-env", metavar="VAR", help="With a URL: what holds the password.")
@click.option("--debug", is_flag=True, hidden=True)
def command(
    lake_folder: str | None,
    scale: int,
    stack: bool,
    build_all: bool,
    generate: str | None,
    password_env: str | None,
    debug: bool,
) -> None:
    """The whole walk-through on generated data: source, crawl, load, transform, query, cost.

    Each step prints the command that does it by hand.
    """
    if build_all and not stack:
        raise click.UsageError("--build-all is of the stack: add --stack")
    lake = _lake_of(lake_folder)
    if generate is not None:
        from lakeshell.cli.demo_source import generate_source

        generate_source(generate, scale, lake, password_env)
        return
    from lakeshell.demo.story import NEXT, steps

    setting = _setting(lake, stack, build_all)
    started = time.monotonic()
    click.secho("Lakeshell: from an operational database to answers, in one lake", bold=True)
    click.echo(f"export LAKESHELL_LAKE={shlex.quote(str(lake))}")
    chapter = 0
    for step in steps(lake, setting, scale):
        if step.title:
            chapter += 1
            click.secho(f"\n{chapter}. {step.title}", bold=True)
        _run(step, lake)
    click.secho(f"\nDone in {time.monotonic() - started:.1f} s. What to try next:", bold=True)
    for words, what in NEXT:
        click.echo(f"  {words:<57}" + click.style(f"# {what}", dim=True))


def _setting(lake: Path, stack: bool, build_all: bool) -> Setting:
    import os

    from lakeshell.demo import story
    from lakeshell.errors import UsageError
    from lakeshell.folder import STATE
    from lakeshell.settings import FILE, read

    known = read(lake, os.environ) if (lake / FILE).exists() else None
    if known is not None and (known.engine == "trino") is not stack:
        other = "" if stack else " --stack"
        raise UsageError(
            f"{lake} is a lake of the other runtime",
            hint=f"name another folder with --lake, or use lakeshell demo{other}",
        )
    if not stack:
        return story.embedded(lake / STATE / SOURCE)
    from lakeshell.stack.services import PORTS, Service

    ports = PORTS if known is None else known.stack.ports
    return story.stack(ports[Service.MYSQL], build_all=build_all)


def _lake_of(folder: str | None) -> Path:
    """The lake that `--lake` names, or the one that any command would take; the story's first step
    makes it if it is missing."""
    import os

    from lakeshell.folder import default_lake, enclosing_lake

    named = folder or os.environ.get("LAKESHELL_LAKE")
    if named:
        return Path(named).expanduser().resolve()
    return enclosing_lake(Path.cwd()) or default_lake(os.environ)


def _run(step: Step, lake: Path) -> None:
    """Runs one step as the command line would; what is there already is said and left as it is."""
    from lakeshell.cli.main import lakeshell

    if step.said:
        click.secho(
            fill(step.said, _WIDTH, initial_indent="   ", subsequent_indent="   "), dim=True
        )
    click.secho(_typed(("lakeshell", *step.command)), fg="green")
    arguments = list(step.command)
    if step.command[0] != "init":
        arguments += ["--lake", str(lake)]
    if step.command[0] == "query":
        arguments += ["--output-format", "ALIGNED"]
    try:
        result = lakeshell.main(arguments, prog_name="lakeshell", standalone_mode=False)
        ended = result if isinstance(result, int) else ExitCode.OK
    except AlreadyExists as error:
        click.echo(f"already there: {error.message}")
        return
    except LakeshellError as error:
        if error.exit_code != step.ends or step.ends is ExitCode.OK:
            raise
        from lakeshell.cli.failures import say

        say(error)
        ended = error.exit_code
    if ended == ExitCode.INTERRUPTED:
        raise Interrupted(
            "the walk-through stopped", hint="start it again: nothing is lost or doubled"
        )
    if ended != step.ends:
        raise LakeshellError(
            f"this step ended with exit code {ended}, not {int(step.ends)}",
            hint="run the step's command by itself with --debug",
        )
    if ended:
        click.echo(f"(exit code {int(ended)})")


def _typed(words: Sequence[str]) -> str:
    """The command as it is typed, going on below before an option for which there is no room."""
    pieces: list[str] = []
    for word in words:
        quoted = _quoted(word)
        if pieces and pieces[-1].startswith("-") and " " not in pieces[-1]:
            pieces[-1] += f" {quoted}"
        else:
            pieces.append(quoted)
    text = "$"
    for piece in pieces:
        width = len(text.rsplit("\n", 1)[-1]) + 1 + len(piece.split("\n", 1)[0])
        text += f" {piece}" if width <= _WIDTH - 2 else f" \\\n    {piece}"
    return text


def _quoted(word: str) -> str:
    """As a shell takes it; in double quotes where that spares the reader a row of quotes."""
    if "'" in word and not any(character in word for character in '"$`\\!'):
        return f'"{word}"'
    return shlex.quote(word)
