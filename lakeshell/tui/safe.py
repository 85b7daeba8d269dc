"""Foreign text as something to draw: the one way that data comes to the screen.

In: any value. Out: Textual's `Content`, or Rich's `Text` where a table wants one, never parsed as
markup, with every control character escaped by `output.text`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rich.text import Text
from textual.content import Content

from lakeshell.output.text import printable, printable_lines

NULL = "NULL"
LARGEST = 2**20
"""Characters that an editor holds: a text beyond that is a file, and no query."""
LONGEST = 20_000
"""Characters of a line."""
_LOOKED_AT = 100_000
"""Characters of a text that is only shown."""
_PICTURES = (
    {code: 0x2400 + code for code in range(0x20) if code != 0x09}
    | {0x7F: 0x2421}
    | dict.fromkeys((*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)
)
"""A sign of one cell for each control character but the tab, as Unicode pictures them."""


def words(value: object) -> str:
    """A value in one line, as the listings of the commands have it; None is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value
            return f"{moment:%Y-%m-%d %H:%M:%S}"
        case Decimal():
            return f"{value:f}"
        case int():
            return f"{value:,}"
        case Path():
            return printable(short_path(value))
    return printable(str(value))


def shown(value: object, style: str = "") -> Content:
    """A value in one line."""
    return Content.styled(words(value), style) if style else Content(words(value))


def shown_lines(text: str, style: str = "") -> Content:
    """Text of several lines."""
    safe = printable_lines(text)
    return Content.styled(safe, style) if style else Content(safe)


def is_too_large(text: str) -> bool:
    """To be edited here: what edits lays all of it out."""
    return len(text) > LARGEST or max(map(len, text.splitlines()), default=0) > LONGEST


def beginning(text: str) -> str:
    """As much of a text as one looks at: megabytes of it would hold up every key."""
    if len(text) <= _LOOKED_AT and not is_too_large(text):
        return text
    lines = [
        line if len(line) <= LONGEST else line[:LONGEST] + "…"
        for line in text[:_LOOKED_AT].splitlines()
    ]
    return "\n".join([*lines, f"… {max(0, len(text) - _LOOKED_AT):,} more characters"])


def ending(text: str) -> str:
    """The same of a log, whose last lines are the news."""
    left = len(text) - _LOOKED_AT
    return text if left <= 0 else f"… {left:,} characters before\n{text[left:]}"


def pictured(text: str) -> str:
    """Text whose places must stay: a sign for each control character, one for one."""
    return text if text.isprintable() else text.translate(_PICTURES)


def cell(value: object, style: str = "", *, right: bool = False) -> Text:
    """A value as the cell of a table."""
    return Text(words(value), style, justify="right" if right else None, no_wrap=True)


def shortened(text: str, width: int) -> str:
    """One line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def short_path(path: Path) -> str:
    """With `~` for the home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
