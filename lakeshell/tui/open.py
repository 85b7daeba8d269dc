"""Opening the console on a lake: what a bare `lakeshell` on a terminal does."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def open_console(folder: str | None, size: tuple[int, int] | None = None) -> int:
    """Runs until it is left; gives the exit code. `size` is columns and lines, where no terminal
    can be asked."""
    from lakeshell.folder import find_lake
    from lakeshell.lake import Lake
    from lakeshell.tui.app import Console

    # A thread that works hands over to a key within this time, five times as soon as by default.
    sys.setswitchinterval(0.001)
    for fixed in ("COLUMNS", "LINES"):
        # Where a shell exports them, Textual would believe them, and not the window, for ever.
        os.environ.pop(fixed, None)

    def notice(text: str) -> None:
        console.notice(text)

    with Lake(find_lake(folder, os.environ, Path.cwd()), os.environ, notice) as lake:
        console = Console(lake)
        console.run(size=size)
        console.wait_for_work()
        return console.return_code or 0
