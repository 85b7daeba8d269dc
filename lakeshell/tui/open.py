"""Opening the console on a lake: what a bare `lakeshell` on a terminal does."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

_FRAMES = 120
"""A second, at most: Textual's own 60 let a key wait 17 ms until it is drawn."""
_COLLECTED_AFTER = (5_000, 10, 20)
"""Objects, and rounds: every thread stands still while garbage is looked for, so a little at a time."""


def open_console(folder: str | None, size: tuple[int, int] | None = None) -> int:
    """Runs until it is left; gives the exit code. `size` is columns and lines, where no terminal
    can be asked."""
    os.environ.setdefault("TEXTUAL_FPS", str(_FRAMES))
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
        # What there is by now stays, and is not looked through again.
        gc.freeze()
        gc.set_threshold(*_COLLECTED_AFTER)
        console.run(size=size)
        console.wait_for_work()
        if console.bug is not None:
            raise console.bug
        return console.return_code or 0
