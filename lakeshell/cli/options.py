"""The options that every command takes, and the lake that they name."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lakeshell.cli.color import color_option

if TYPE_CHECKING:
    from lakeshell.lake import Lake

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = (
    "ALIGNED", "VERTICAL", "CSV", "CSV_HEADER", "CSV_UNQUOTED", "CSV_HEADER_UNQUOTED", "TSV",
    "TSV_HEADER", "JSON", "MARKDOWN", "NULL", "ARROW", "PARQUET", "XLSX",
)  # fmt: skip


def with_lake(function: F) -> F:
    """Gives the command an open `lake` (closed at its end) from `--lake`, and takes `--debug`."""

    @click.option("--lake", "lake_folder", metavar="DIR", help="The lake's folder.")
    @color_option
    @click.option("--debug", is_flag=True, hidden=True, help="Show tracebacks.")
    @functools.wraps(function)
    def wrapped(*args: Any, lake_folder: str | None, debug: bool, **kwargs: Any) -> Any:
        with open_lake(lake_folder) as lake:
            return function(*args, lake=lake, **kwargs)

    return wrapped  # type: ignore[return-value]


def open_lake(folder: str | None) -> Lake:
    from lakeshell.folder import find_lake
    from lakeshell.lake import Lake
    from lakeshell.output.text import printable_lines

    found = find_lake(folder, os.environ, Path.cwd())
    # What a server warns of is its own text.
    return Lake(found, os.environ, lambda text: click.echo(printable_lines(text), err=True))


def with_format(function: F) -> F:
    """`--output-format` of a listing: ALIGNED on a terminal, CSV otherwise."""
    return click.option(
        "--output-format",
        "output_format",
        type=click.Choice(FORMATS[:11], case_sensitive=False),
        metavar="FORMAT",
        help="ALIGNED, CSV, JSON, … (default: ALIGNED on a terminal, CSV in a pipe).",
    )(function)


class _HowMany(click.ParamType[int]):
    name = "N"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        try:
            made = int(value)
        except ValueError:
            made = 0
        if made < 1:
            self.fail(f"{value!r} is not a whole number, 1 or more.", param, ctx)
        return min(made, _MOST)


_MOST = 2**31 - 1
HOW_MANY = _HowMany()
"""Of `--limit`. Any number is one: of more than there can be, all are shown."""


def example(*commands: str, remark: str = "") -> str:
    """What `--help` ends with: commands to paste, each on its line however narrow the terminal."""
    title = "Example:" if len(commands) == 1 else "Examples:"
    listed = "".join(f"\n  {command}" for command in commands)
    return f"\b\n{title}{listed}" + (f"\n\n{remark}" if remark else "")


def pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    """`NAME=VALUE`s as a dict; raises a usage error for one without `=`."""
    made: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} {pair!r} is not NAME=VALUE")
        made[name] = value
    return made
