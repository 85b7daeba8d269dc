"""The resident process of a lake: does what has to be done while nobody types a command.

In: an open lake. Out: tasks, each done again after its time until the process is told to end. One
such process a lake; `stack up` starts it where services are to be stopped when idle.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell import history
from lakeshell.errors import AlreadyExists, LakeshellError

if TYPE_CHECKING:
    from lakeshell.lake import Lake

LOCK = "serve.lock"
LOG = "serve.log"


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
    path = state / "locks" / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyExists(
                "this lake is served already", hint=f"its log is {state / 'logs' / LOG}"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def serving(state: Path) -> int | None:
    """The process that serves the lake; None for none."""
    path = state / "locks" / LOCK
    if not path.exists():
        return None
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            written = file.read().strip()
            return int(written) if written.isdigit() else None
    return None


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
    """Ends the process; whether there was one."""
    process = serving(state)
    if process is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)
    return True
