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


class _AltDigit(Enum):
    """What a terminal without the newer key protocol sends for Alt and a digit."""

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


def know_alt_digits() -> None:
    """Textual takes ESC and a digit for the signs that a Mac's Option key types (`§` for 6), which
    it sends as such anyway; here they are Alt and the digit, as everywhere else."""
    table = cast("dict[str, object]", ANSI_SEQUENCES_KEYS)
    for key in _AltDigit:
        table["\x1b" + key.value[-1]] = (key,)


def on_signals(hung_up: Callable[[], object], ended: Callable[[], object]) -> None:
    """Called on the event loop when the terminal goes away, and when the process is told to end."""
    loop = asyncio.get_running_loop()
    for number, call in ((signal.SIGHUP, hung_up), (signal.SIGTERM, ended)):
        # A loop outside of the main thread, as a test may have, cannot take signals.
        with suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(number, call)
