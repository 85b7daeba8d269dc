"""The resident process of a lake: does what has to be done while nobody types a command.

In: an open lake. Out: tasks, each done again after its time until the process is told to end. One
such process a lake; `stack up` starts it where services are to be stopped when idle.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell import history
from lakeshell.errors import AlreadyExists, LakeshellError
from lakeshell.folder import is_lake
from lakeshell.locking import Held, locked
from lakeshell.settings import read

if TYPE_CHECKING:
    from lakeshell.lake import Lake

LOCK = "serve.lock"
LOG = "serve.log"
LOOK_AGAIN = 2.0
"""Seconds between two looks at the settings."""
LAST_ACT = 30.0
"""Seconds that it is waited for when it is told to end: what it does just then it does to its end."""


@dataclass(frozen=True, slots=True)
class Task:
    """`act` is called every `every` seconds and says in a line what it did, empty for nothing."""

    name: str
    every: float
    act: Callable[[], str]


def tasks(lake: Lake) -> Sequence[Task]:
    """What this lake's settings ask for."""
    found = []
    cluster = lake.cluster
    if cluster is not None:
        from lakeshell.guard import LOOK, Follower, Guard

        # Opened here, before several threads want it.
        assert lake.services
        if lake.stack.is_installed:
            found.append(Task("workgroups", 2.0, Follower(lake).act))
        found.append(Task("limits", LOOK, Guard(lake, cluster).act))
    if lake.settings.stack.idle_stop > 0 and lake.stack.is_installed:
        from lakeshell.stack.idle import Keeper

        every = min(15.0, lake.settings.stack.idle_stop / 4)
        found.append(Task("idle stop", every, Keeper(lake.stack).act))
    if history.has_others(lake):
        found.append(Task("history", 10.0, _CatchUp(lake).act))
    if found and lake.stack.is_installed:
        found.append(Task("hours of services", 60.0, partial(_note_services, lake)))
    return found


class _CatchUp:
    """Takes in what other clients ran, while Trino runs: asking `control` for it keeps that one
    running too. What hinders it is said once."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._said = ""

    def act(self) -> str:
        from lakeshell.stack.services import Service

        if not self._lake.stack.answers(Service.TRINO):
            return ""
        before, self._said = self._said, history.catch_up(self._lake)
        return self._said if self._said != before else ""


def _note_services(lake: Lake) -> str:
    from lakeshell.billing.services import note_services

    note_services(lake, datetime.now(UTC))
    return ""


class Ending:
    """Of what the process does: a round ends when the settings change, and when it is told to end."""

    def __init__(self) -> None:
        self.round = threading.Event()
        self.told = False

    def tell(self) -> None:
        self.told = True
        self.round.set()


def stay(lake: Lake, ending: Ending, say: Callable[[str], None]) -> bool:
    """Until it is told to end, begun anew when the lake's settings change; whether there was anything
    to do. The caller closes `lake`."""
    from lakeshell.lake import Lake

    with ExitStack() as opened:
        while True:
            given = tasks(lake)
            if not given:
                return False
            say(f"serving {lake.folder}: {', '.join(task.name for task in given)}")
            run(
                [*given, Task("settings", LOOK_AGAIN, _Changes(lake, ending).act)],
                ending.round,
                say,
            )
            if ending.told:
                return True
            ending.round.clear()
            opened.close()
            lake = opened.enter_context(Lake(lake.folder, lake.environment, lake.notice))


class _Changes:
    """Ends the round when the settings are others, or there is a stack now, and all of it when the
    lake was removed. A file that is wrong is said once, and what was is kept."""

    def __init__(self, lake: Lake, ending: Ending) -> None:
        self._lake = lake
        self._ending = ending
        self._installed = lake.stack.is_installed

    def act(self) -> str:
        lake = self._lake
        if not is_lake(lake.folder):
            self._ending.tell()
            return "the lake is gone"
        now = read(lake.folder, lake.environment), lake.stack.is_installed
        if now == (lake.settings, self._installed):
            return ""
        self._ending.round.set()
        return "changed"


def run(given: Sequence[Task], ended: threading.Event, say: Callable[[str], None]) -> None:
    """Until `ended` is set. A task that fails is said, and tried again when its time comes. Each has
    a thread, for one that stops containers takes seconds, and limits do not wait."""
    threads = [
        threading.Thread(target=_repeat, args=(task, ended, say), name=task.name) for task in given
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _repeat(task: Task, ended: threading.Event, say: Callable[[str], None]) -> None:
    failed = ""
    while not ended.is_set():
        try:
            said = task.act()
            failed = ""
        except Exception as error:
            # A bug in one must not end it unnoticed. A failure that lasts is said once.
            now = f"failed: {error if isinstance(error, LakeshellError) else repr(error)}"
            said, failed = (now if now != failed else ""), now
        if said:
            say(f"{task.name}: {said}")
        ended.wait(max(0.05, task.every))


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Raises `AlreadyExists` while another serves this lake. The lock goes with its holder."""
    try:
        with locked(state / "locks" / LOCK) as file:
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
    except Held as error:
        raise AlreadyExists(
            "this lake is served already", hint=f"its log is {state / 'logs' / LOG}"
        ) from error


def serving(state: Path) -> int | None:
    """The process that serves the lake; None for none."""
    path = state / "locks" / LOCK
    if not path.exists():
        return None
    try:
        with locked(path, shared=True):
            return None
    except Held:
        written = path.read_text().strip()
        return int(written) if written.isdigit() else None


def start(lake: Lake) -> None:
    """Starts the process where it does not run and has something to do."""
    if not tasks(lake) or serving(lake.state) is not None:
        return
    log = lake.state / "logs" / LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        subprocess.Popen(
            [sys.executable, "-P", "-m", "lakeshell", "serve", "--lake", str(lake.folder)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            cwd="/",
            env=dict(lake.environment),
        )


def stop(state: Path) -> bool:
    """Ends the process; whether there was one. A `start` right after it would find it still here,
    so that it is waited for."""
    process = serving(state)
    if process is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)
    last = time.monotonic() + LAST_ACT
    while serving(state) == process and time.monotonic() < last:
        time.sleep(0.05)
    return True
