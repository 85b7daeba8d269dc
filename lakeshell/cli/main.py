"""The command line: finds the command, runs it, ends with its documented exit code.

A command's module is imported only when it is called, so `--help` and `query` load nothing of the
others.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import click

from lakeshell.cli.imports import keep_numpy_out_of_arrow
from lakeshell.cli.streams import discard_output, stand_in
from lakeshell.errors import ExitCode, LakeshellError

COMMANDS = {
    "demo": "The whole walk-through, narrated, on generated data.",
    "init": "Make a lake in a folder.",
    "query": "Run SQL and print the result.",
    "history": "Past queries: who, when, what they scanned and cost.",
    "ledger": "Where queries and runs are recorded: show, copy, repair.",
    "saved": "Queries kept as files: list, show, run, save, rename, rm, log, diff.",
    "connection": "Sources: list, show, add, set, rm, test.",
    "crawler": "Read schemas into the catalog: list, show, add, set, rm, run, runs.",
    "catalog": "Databases, tables and their versions.",
    "job": "Move and transform data: list, show, add, propose, set, rm, graph, run, runs, logs.",
    "workgroup": "Separate and limit teams: list, show, add, set, rm, apply, events.",
    "cost": "What queries and runs cost: actual and projected.",
    "web": "The console in a browser on this machine.",
    "serve": "The resident process: limits and budgets on Trino, idle services.",
    "stack": "The services in Docker: up, down, start, stop, status, logs, backup, restore.",
    "completion": "What makes bash, zsh or fish complete words and names.",
    "doctor": "Check every part and say what mends it.",
}


class ReaderGone(Exception):
    """Who read the output (head, less) has what it wanted."""


@contextmanager
def _reader_told_apart() -> Iterator[None]:
    """Click ends with 1 for the error by its own name."""
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGone from error


class Commands(click.Group):
    """The commands by name; each is `command` of the module of that name."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _reader_told_apart():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _reader_told_apart():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lakeshell.cli.{cmd_name}")
        made: click.Command = module.command
        if "_LAKESHELL_COMPLETE" in os.environ:
            from lakeshell.cli.complete import attach

            return attach(made, cmd_name)
        return made

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"There is no command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _say_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """The installed one's; a checkout that is not installed says its project's."""
    if not wanted or context.resilient_parsing:
        return
    from importlib import metadata

    try:
        version = metadata.version("lakeshell")
    except metadata.PackageNotFoundError:
        import tomllib
        from pathlib import Path

        project = Path(__file__).parents[2] / "pyproject.toml"
        version = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
    click.echo(f"lakeshell, version {version}")
    context.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="New here? `lakeshell demo` shows everything in a few seconds.",
    invoke_without_command=True,
)
@click.option("--lake", "folder", metavar="DIR", help="The lake that the console opens.")
@click.option("--debug", is_flag=True, expose_value=False, hidden=True, help="Show tracebacks.")
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_say_version,
    help="Show the version and exit.",
)
@click.pass_context
def lakeshell(context: click.Context, folder: str | None) -> int:
    """AWS Glue and Athena, self-hosted, in one terminal.

    Crawl the schemas of a database into a catalog, load them into Iceberg tables, query them in
    Trino's SQL, and see what it cost. Without a command it opens the full-screen console on a
    terminal, and prints this elsewhere.
    """
    if context.invoked_subcommand is not None:
        if folder is not None:
            context.fail("--lake comes after the command's words: lakeshell query ... --lake DIR")
    elif sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from lakeshell.tui.open import open_console

        return open_console(folder)
    else:
        click.echo(context.get_help())
        if sys.stdout.isatty():
            click.echo("this terminal (TERM=dumb) cannot show the console", err=True)
    return int(ExitCode.OK)


_COLLECTED_AFTER = 50_000
"""Objects. Imports make many that stay: looking through them every 700 is a tenth of a cold start."""


def main(arguments: list[str] | None = None) -> NoReturn:
    signal.signal(signal.SIGTERM, _ended)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # A closed terminal; under nohup it is ignored, and stays so.
        signal.signal(signal.SIGHUP, _ended)
    stand_in()
    keep_numpy_out_of_arrow()
    gc.set_threshold(_COLLECTED_AFTER)
    if "_LAKESHELL_COMPLETE" in os.environ:
        from lakeshell.cli.complete import register

        register()
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    try:
        result = lakeshell.main(arguments, prog_name="lakeshell", standalone_mode=False)
        code = result if isinstance(result, int) else ExitCode.OK
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = ExitCode.USAGE
    except click.ClickException as error:
        from lakeshell.cli.failures import say_usage

        say_usage(error)
        code = ExitCode.USAGE
    except LakeshellError as error:
        if debug:
            raise
        from lakeshell.cli.failures import say

        say(error)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        with suppress(OSError):
            click.echo("interrupted", err=True)
        code = ExitCode.INTERRUPTED
    except (ReaderGone, BrokenPipeError):
        discard_output()
        code = ExitCode.OK
    except Exception as error:
        if debug:
            raise
        from lakeshell.cli.failures import say_unforeseen

        code = say_unforeseen(error)
    sys.exit(int(code))


def _ended(signum: int, frame: Any) -> NoReturn:
    """SIGTERM and SIGHUP end a command as Ctrl-C does: what is under way is undone first."""
    raise KeyboardInterrupt
