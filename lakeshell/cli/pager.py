"""A pager for results on a terminal: what LAKESHELL_PAGER names, such as `less -S`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from lakeshell.errors import UsageError

_NOT_RUN = (126, 127)
"""What a shell says of a command that cannot be run, or is not there."""
Write = Callable[[str], object]


def pager() -> str:
    """The command; empty where none is named, or where there is no terminal to page on."""
    return os.environ.get("LAKESHELL_PAGER", "").strip() if sys.stdout.isatty() else ""


@contextmanager
def paged(command: str) -> Iterator[Write]:
    """Writes go to the pager, which is waited for. One that is left early has what it wanted:
    `BrokenPipeError`. Raises `UsageError` for one that there is not."""
    sys.stdout.flush()
    process = subprocess.Popen(
        command, shell=True, stdin=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stdin is not None
    try:
        yield process.stdin.write
        process.stdin.flush()
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        while process.poll() is None:
            # Ctrl-C is for the pager; this process goes on when that has ended.
            with suppress(KeyboardInterrupt):
                process.wait()
        if process.returncode in _NOT_RUN:
            raise UsageError(
                f"the pager {command!r} cannot be run",
                hint="mend LAKESHELL_PAGER, or unset it, and run it again",
            )
