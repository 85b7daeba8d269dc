"""Whether messages on stderr have colour: `--color`, then NO_COLOR, then whether it is a terminal."""

from __future__ import annotations

import os
import sys

import click

WHEN = ("auto", "always", "never")
color_option = click.option(
    "--color",
    type=click.Choice(WHEN),
    default="auto",
    expose_value=False,
    help="Colour of messages. Default: on a terminal, unless NO_COLOR is set.",
)


def styled(text: str, color: str) -> str:
    """`text` in bold colour where stderr has colour. What is said may come before or after the
    options were read, so the command's words are looked at."""
    return click.style(text, fg=color, bold=True) if _wanted() else text


def _wanted() -> bool:
    words = sys.argv[1:]
    when = next((w.partition("=")[2] for w in words if w.startswith("--color=")), "")
    if "--color" in words[:-1]:
        when = words[words.index("--color") + 1]
    if when in ("always", "never"):
        return when == "always"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stderr.isatty() and not plain
