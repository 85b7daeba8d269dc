"""The terminal around the console: its title, and its end.

In: words and callbacks. Out: the escape sequence of the title; nothing else here writes to it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.driver import Driver

from lakeshell.output.text import printable


def title_sequence(title: str) -> str:
    return f"\x1b]2;{printable(title)}\x07"


def set_title(driver: Driver | None, title: str) -> None:
    if driver is not None and not driver.is_headless:
        driver.write(title_sequence(title))


class _Alt(Enum):
    """What a terminal without the newer key protocol sends Esc and a character for."""

    ONE = "alt+1"
    TWO = "alt+2"
    THREE = "alt+3"
    FOUR = "alt+4"
    FIVE = "alt+5"
    SIX = "alt+6"
    SEVEN = "alt+7"
    EIGHT = "alt+8"
    NINE = "alt+9"
    ZERO = "alt+0"
    BACKSPACE = "alt+backspace"


def know_alt_keys() -> None:
    """Textual takes ESC and a digit for the signs that a Mac's Option key types (`§` for 6), which
    it sends as such anyway, and Alt+Backspace for Ctrl+W; here they are what was pressed."""
    table = cast("dict[str, object]", ANSI_SEQUENCES_KEYS)
    for sequence in [known for known in table if len(known) == 2 and known[1].isprintable()]:
        del table[sequence]
    for key in _Alt:
        name = key.value.removeprefix("alt+")
        table["\x1b" + ("\x7f" if key is _Alt.BACKSPACE else name)] = (key,)


def on_signals(hung_up: Callable[[], object], ended: Callable[[], object]) -> None:
    """Called on the event loop when the terminal goes away, and when the process is told to end."""
    loop = asyncio.get_running_loop()
    for number, call in ((signal.SIGHUP, hung_up), (signal.SIGTERM, ended)):
        # A loop outside of the main thread, as a test may have, cannot take signals.
        with suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(number, call)
