"""Part of the story typed into a real terminal, as a user would: tmux, the real embedded engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from consoles import make_source

from lakeshell.folder import make_lake
from lakeshell.lake import Lake

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed: apt-get install tmux"
)


class Tmux:
    """A server of its own, with the console in it."""

    def __init__(self, lake: Path, home: Path, columns: int, rows: int) -> None:
        self.socket = str(home / "tmux")
        environment = {
            **os.environ,
            "HOME": str(home),
            "LAKESHELL_USER": "ada",
            "TERM": "screen-256color",
        }
        environment.pop("XDG_CONFIG_HOME", None)
        # As some shells export them: a window that is resized is followed all the same.
        environment |= {"COLUMNS": str(columns), "LINES": str(rows)}
        command = f"{sys.executable} -P -m lakeshell --lake {lake}; echo ended with $?; sleep 600"
        self._run("-f", "/dev/null", "new-session", "-d", "-s", "s", "-x", str(columns), "-y", str(rows),
                  command, environment=environment)  # fmt: skip

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

    def keys(self, *keys: str) -> None:
        self._run("send-keys", "-t", "s", *keys)

    def type(self, text: str) -> None:
        self._run("send-keys", "-t", "s", "-l", text)

    def resize(self, columns: int, rows: int) -> None:
        self._run("resize-window", "-t", "s", "-x", str(columns), "-y", str(rows))

    @property
    def title(self) -> str:
        return self._run("display-message", "-p", "-t", "s", "#{pane_title}").strip()

    def until(self, text: str) -> str:
        last = time.monotonic() + 90
        while text not in (screen := self.screen):
            assert time.monotonic() < last, f"{text!r} did not come:\n{screen}"
            time.sleep(0.1)
        return screen

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def folder(home: Path) -> Path:
    make_lake(home / "lake")
    make_source(home / "movies.db")
    return home / "lake"


@pytest.fixture
def terminal(folder: Path, home: Path) -> Iterator[Tmux]:
    made = Tmux(folder, home, 80, 24)
    yield made
    made.close()


def test_from_a_connection_to_an_answer(terminal: Tmux, folder: Path, home: Path) -> None:
    terminal.until("See it all on made-up data first")
    terminal.keys("2")
    terminal.until("none yet: a adds one")
    terminal.keys("a")
    terminal.until("Add a connection")
    terminal.type("movies")
    terminal.keys("Tab")
    terminal.type(f"sqlite:///{home}/movies.db")
    terminal.until("connection add movies")
    terminal.keys("F5")
    terminal.until("lakeshell connection test movies")
    terminal.keys("t")
    terminal.until("every stage of connecting")

    terminal.keys("3")
    terminal.until("last run")
    terminal.keys("a")
    terminal.until("Add a crawler")
    terminal.type("movies")
    terminal.keys("Tab", "Tab")
    terminal.type("source")
    terminal.keys("F5")
    terminal.until("lakeshell crawler run movies")
    terminal.keys("p")
    terminal.until("3 created")
    terminal.keys("y")
    terminal.until("FINISHED")

    terminal.keys("5")
    terminal.until("target")
    terminal.keys("a")
    terminal.until("Propose a job")
    terminal.type("load_film")
    terminal.keys("Tab")
    terminal.type("source.movies_film")
    terminal.keys("Tab")
    terminal.type("raw.film")
    terminal.keys("F5")
    terminal.until("lakeshell job run load_film")
    terminal.keys("r")
    terminal.until("2 rows in")

    terminal.keys("M-6")
    terminal.until("F10 sets")
    terminal.type("SELECT title, length * 2 AS twice FROM raw.film ORDER BY 1 ")
    terminal.until("would scan")
    terminal.keys("F5")
    terminal.until("2 rows in")
    terminal.until("172")
    assert terminal.title == "lakeshell: lake: Query"

    terminal.resize(40, 10)
    terminal.until("Query")
    terminal.resize(200, 50)
    terminal.until("8 Workgroups")
    terminal.keys("C-q")
    terminal.until("ended with 0")
    with Lake(folder, {"LAKESHELL_USER": "ada"}) as lake:
        assert len(lake.ledger.runs("job", "load_film")) == 1


def consoles_on(folder: Path) -> list[str]:
    """The processes that have this lake in their command line, where the system tells."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.append(file.read_text(errors="replace"))
    return [line for line in lines if str(folder) in line]


def test_a_lost_connection_loses_no_text(folder: Path, home: Path) -> None:
    first = Tmux(folder, home, 80, 24)
    try:
        first.until("What to do next")
        first.keys("M-6")
        first.until("F10 sets")
        first.type("SELECT precious ")
        first.until("precious")
    finally:
        first.close()
    last = time.monotonic() + 90
    while consoles_on(folder):
        assert time.monotonic() < last, "the console outlives its terminal"
        time.sleep(0.1)
    second = Tmux(folder, home, 80, 24)
    try:
        second.until("What to do next")
        second.keys("M-6")
        second.until("SELECT precious")
    finally:
        second.close()
