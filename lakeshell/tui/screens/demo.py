"""The walk-through, run by its command and shown as it goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lakeshell.tui.screens.process import ProcessScreen

COMMAND = (sys.executable, "-P", "-m", "lakeshell", "demo", "--lake")


class DemoScreen(ProcessScreen):
    """`lakeshell demo` on the lake's folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__("lakeshell demo", lambda: _started(folder), title="lakeshell demo")


def _started(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
