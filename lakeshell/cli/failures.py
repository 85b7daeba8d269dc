"""How a command says that something went wrong: what happened, then what to do."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

import click

from lakeshell.cli.color import styled
from lakeshell.cli.streams import discard_output, is_of_the_output
from lakeshell.errors import ExitCode, LakeshellError, QueryFailed, UsageError
from lakeshell.output.text import printable
from lakeshell.output.width import console_width


def say(error: LakeshellError, sql: str | None = None, name: str = "") -> None:
    """Two lines to stderr; an SQL error also shows its line with a caret below the fault. Nobody
    hears it where the terminal was closed, and the command ends as it would have.

    `sql` is the whole text that the user gave, and `name` its file.
    """
    with suppress(OSError):
        _say(error, sql, name)


def _say(error: LakeshellError, sql: str | None, name: str) -> None:
    where = f"{printable(name)}: " if name else ""
    if isinstance(error, QueryFailed) and error.line is not None:
        where += f"line {error.line}:{error.column}: "
    _echo(f"{styled('error:', 'red')} {where}{printable(error.message)}")
    if sql is not None and isinstance(error, QueryFailed) and error.line is not None:
        _caret(sql, error.line, error.column or 1)
    if error.hint:
        click.echo(f"  {printable(error.hint)}", err=True)


def say_all(errors: Sequence[LakeshellError]) -> ExitCode:
    """After a listing of what could be read; gives the exit code."""
    for error in errors:
        say(error)
    return errors[0].exit_code if errors else ExitCode.OK


def say_usage(error: click.ClickException) -> None:
    """What the command line itself finds wrong, in the words of all other errors."""
    context = getattr(error, "ctx", None)
    said = " ".join(error.format_message().split()).removesuffix(".")
    if said[1:2].islower():
        said = said[0].lower() + said[1:]
    command = context.command_path if context is not None else "lakeshell"
    say(LakeshellError(said, hint=f"see: {command} --help"))


def say_unforeseen(error: Exception) -> ExitCode:
    """What nobody translated: output that finds no room and a file that is somebody else's are the
    user's to mend; anything else is a bug."""
    if isinstance(error, OSError) and is_of_the_output(error):
        discard_output()
        said = f"the output cannot be written: {error.strerror or error}"
        say(LakeshellError(said, hint="make room, or write elsewhere"))
        return ExitCode.FAILED
    if isinstance(error, PermissionError) and error.filename is not None:
        said = f"{error.filename} cannot be used: {error.strerror}"
        say(UsageError(said, hint="see whose it is and who may write it: ls -ld FILE"))
        return ExitCode.USAGE
    _say_bug(error)
    return ExitCode.BUG


def _caret(sql: str, line: int, column: int) -> None:
    lines = sql.replace("\r\n", "\n").split("\n")
    if not 1 <= line <= len(lines):
        return
    # A control character stands for one column here, as in the position; a tab for a blank.
    text = "".join(c if printable(c) == c else " " for c in lines[line - 1])
    start = max(0, column - 60)
    click.echo(f"  {text[start : start + 100]}", err=True)
    _echo("  " + " " * console_width(text[start : column - 1]) + styled("^", "red"))


def _echo(text: str) -> None:
    # Whether there is colour is decided already.
    click.echo(text, err=True, color=True)


def _say_bug(error: Exception) -> None:
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{last.name}, line {last.lineno}" if last else "unknown place"
    said = printable(f"{type(error).__name__}: {error}")[:500]
    _echo(f"{styled('error:', 'red')} a bug in Lakeshell: {said} ({place})")
    click.echo("  run the same command with --debug and report what it prints", err=True)
    sys.stderr.flush()
