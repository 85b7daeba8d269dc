"""A real terminal for tests: tmux with the console in it, typed into and read as a person would."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

LONGEST = 180
"""Seconds that anything may take on a machine that is busy with something else."""

_NUMBERS = itertools.count()

needs_tmux = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed: apt-get install tmux"
)


class Tmux:
    """A server of its own, with the console in it. A context manager: leaving it ends the server."""

    def __init__(
        self, lake: Path, home: Path, columns: int = 80, rows: int = 24, user: str = "ada"
    ) -> None:
        # Each its own: a server that is going does not take a session any more.
        self.socket = str(home / f"tmux{next(_NUMBERS)}")
        environment = {
            **os.environ,
            "HOME": str(home),
            "LAKESHELL_USER": user,
            "TERM": "screen-256color",
        }
        environment.pop("XDG_CONFIG_HOME", None)
        # As some shells export them: a window that is resized is followed all the same.
        environment |= {"COLUMNS": str(columns), "LINES": str(rows)}
        command = f"{sys.executable} -P -m lakeshell --lake {lake}; echo ended with $?; sleep 600"
        self._run("-f", "/dev/null", "new-session", "-d", "-s", "s", "-x", str(columns), "-y", str(rows),
                  command, environment=environment)  # fmt: skip

    def __enter__(self) -> Tmux:
        return self

    def __exit__(self, *ended: object) -> None:
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, capture_output=True)

    def _run(self, *words: str, environment: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-S", self.socket, *words],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout

    @property
    def screen(self) -> str:
        return self._run("capture-pane", "-p", "-t", "s")

    @property
    def title(self) -> str:
        return self._run("display-message", "-p", "-t", "s", "#{pane_title}").strip()

    def keys(self, *keys: str) -> None:
        self._run("send-keys", "-t", "s", *keys)

    def type(self, text: str) -> None:
        self._run("send-keys", "-t", "s", "-l", text)

    def resize(self, columns: int, rows: int) -> None:
        self._run("resize-window", "-t", "s", "-x", str(columns), "-y", str(rows))

    def until(self, *texts: str, gone: str = "") -> str:
        """The screen, once it shows each of these, and no longer `gone`."""
        return self._wait(
            lambda screen: all(text in screen for text in texts) and not (gone and gone in screen),
            f"{texts} did not come" + (f", or {gone!r} did not go" if gone else ""),
        )

    def fill(self, *values: str, shows: str) -> None:
        """The fields of a form from the one that has the cursor on; an empty value leaves its field
        as it is. It is written once it `shows` that and nothing is missing."""
        for number, value in enumerate(values):
            if number:
                self.keys("Tab")
            if value:
                self.keys("C-u")
                self.type(value)
        self.until(shows, gone="is needed")
        self.keys("F5")

    def _wait(self, holds: Callable[[str], bool], otherwise: str) -> str:
        last = time.monotonic() + LONGEST
        while not holds(screen := self.screen):
            assert time.monotonic() < last, f"{otherwise}:\n{screen}"
            time.sleep(0.05)
        return screen


def consoles_on(folder: Path) -> list[str]:
    """The processes that have this lake in their command line, where the system tells."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.append(file.read_text(errors="replace"))
    return [line for line in lines if str(folder) in line]
