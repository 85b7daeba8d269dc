"""The walk-through, run by its command and shown as it goes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lakeshell.errors import command_line
from lakeshell.tui.screens.process import ProcessScreen

COMMAND = (sys.executable, "-P", "-m", "lakeshell", "demo", "--lake")


class DemoScreen(ProcessScreen):
    """`lakeshell demo` on the lake's folder."""

    def __init__(self, folder: Path, *, stack: bool) -> None:
        options = ["--stack"] if stack else []
        line = command_line("demo", *options)
        super().__init__(line, lambda: _started(folder, options), title=line)


def _started(folder: Path, options: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, str(folder), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
