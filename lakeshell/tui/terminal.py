"""The terminal around the console: its title, and its end.

In: words and callbacks. Out: the escape sequence of the title; nothing else here writes to it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

from textual.driver import Driver

from lakeshell.output.text import printable


def title_sequence(title: str) -> str:
    return f"\x1b]2;{printable(title)}\x07"


def set_title(driver: Driver | None, title: str) -> None:
    if driver is not None and not driver.is_headless:
        driver.write(title_sequence(title))


def on_hangup(end: Callable[[], object]) -> None:
    """Calls `end` on the event loop when the terminal goes away or the process is told to end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGHUP, signal.SIGTERM):
        # A loop outside of the main thread, as a test may have, cannot take signals.
        with suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(number, end)
