"""The local queue: which statements of a lake run on this machine now, and who is next.

    a statement -> a turn: it runs, or it has a place in line -> it runs -> it leaves

In: a lake's folder of turns, shared by its processes, and how many statements may run at once, of
the lake and of a workgroup. Out: turns, in the order of their coming; a workgroup that is full holds
up nobody but itself. A turn is a file that its process holds locked: the kernel lets go of the lock
when the process ends, however that is, and so nobody waits for the dead.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lakeshell.errors import ConfigurationError, LimitExceeded

_MUTEX = "lock"
_WAITS, _RUNS = "waits", "runs"
_SOON, _LATER = 0.05, 0.5
"""Seconds between two looks of the first in line, and of the last of a long one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A statement that waits: `ahead` are those that wait before it, `running` those that run, None
    where a server does not say. `workgroup` is the one that is full, empty where the lake is."""

    ahead: int
    running: int | None
    workgroup: str = ""

    def __str__(self) -> str:
        number = self.ahead + 1
        end = (
            "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        )
        of = f" of workgroup {self.workgroup!r}" if self.workgroup else ""
        running = "" if self.running is None else f", {self.running} running"
        return f"queued, {number}{end} in line{of}{running}"

    @property
    def pause(self) -> float:
        """Seconds until it is worth looking again."""
        return min(_SOON * (self.ahead + 1), _LATER)


@dataclass(frozen=True, slots=True, order=True)
class _Entry:
    """What a turn's file is named by. `most` is the workgroup's limit, 0 for none."""

    number: int
    state: str
    most: int
    workgroup: str

    @property
    def name(self) -> str:
        return f"{self.number:012d}.{self.state}.{self.most}.{self.workgroup}"

    @classmethod
    def of(cls, name: str) -> _Entry | None:
        parts = name.split(".", 3)
        if len(parts) != 4 or not (parts[0].isdigit() and parts[2].isdigit()):
            return None
        return cls(int(parts[0]), parts[1], int(parts[2]), parts[3])


class Turns:
    """The queue of one lake. `most` statements run at once."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._lock = threading.Lock()
        self._threads: Counter[threading.Thread] = Counter()
        self._left: deque[threading.Thread] = deque()

    def take(self, workgroup: str, most: int | None, waiting: int | None) -> Turn:
        """A turn of a workgroup that may run `most` at once and have so many `waiting`; None is no
        limit. Raises `LimitExceeded` where those wait already."""
        thread = threading.current_thread()
        with self._alone():
            entries = self._living()
            number = max((entry.number for entry in entries), default=0) + 1
            entry = _Entry(number, _WAITS, most or 0, workgroup)
            # Whoever holds one and asks for another would wait for itself.
            at_once = self._holds_one(thread)
            if not at_once and self._place(entry, [*entries, entry]) is not None:
                ahead = sum(e.state == _WAITS and e.workgroup == workgroup for e in entries)
                if waiting is not None and ahead >= waiting:
                    raise LimitExceeded(
                        f"workgroup {workgroup!r} is busy, and has as many queries waiting as it"
                        f" may: {ahead}",
                        code="QUERY_QUEUE_FULL",
                        hint="run it when some of them have ended, or in another workgroup (-w)",
                    )
            else:
                entry = replace(entry, state=_RUNS)
            file = os.open(self._folder / entry.name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
        turn = Turn(self, entry, file, thread)
        if entry.state == _RUNS:
            self._began(turn)
        return turn

    def look(self, turn: Turn) -> Place | None:
        """Where the turn stands; None where it runs, from now on if it did not."""
        if turn.entry.state == _RUNS:
            return None
        with self._alone():
            place = self._place(turn.entry, self._living())
            if place is None:
                runs = replace(turn.entry, state=_RUNS)
                (self._folder / turn.entry.name).rename(self._folder / runs.name)
                turn.entry = runs
        if place is None:
            self._began(turn)
        return place

    def leave(self, turn: Turn) -> None:
        if turn.entry.state == _RUNS:
            # Garbage is looked for anywhere, also by a thread that holds the lock.
            self._left.append(turn.thread)
        with suppress(OSError):
            (self._folder / turn.entry.name).unlink()
        os.close(turn.file)

    def _began(self, turn: Turn) -> None:
        with self._lock:
            self._threads[turn.thread] += 1

    def _holds_one(self, thread: threading.Thread) -> bool:
        with self._lock:
            while self._left:
                self._threads[self._left.popleft()] -= 1
            self._threads = +self._threads
            return thread in self._threads

    def _place(self, mine: _Entry, entries: Sequence[_Entry]) -> Place | None:
        running = [entry for entry in entries if entry.state == _RUNS]
        taken, of_group = len(running), Counter(entry.workgroup for entry in running)
        ahead = sorted(e for e in entries if e.state == _WAITS and e.number < mine.number)
        for entry in ahead:
            # Who may run before this one has a place kept, and takes it with its next look.
            if taken < self._most and not (entry.most and of_group[entry.workgroup] >= entry.most):
                taken += 1
                of_group[entry.workgroup] += 1
        if mine.most and of_group[mine.workgroup] >= mine.most:
            its = [entry for entry in ahead if entry.workgroup == mine.workgroup]
            runs = sum(entry.workgroup == mine.workgroup for entry in running)
            return Place(len(its), runs, mine.workgroup)
        return Place(len(ahead), len(running)) if taken >= self._most else None

    def _living(self) -> list[_Entry]:
        """Those whose process lives; the files of the others are removed."""
        found = []
        for path in self._folder.iterdir():
            entry = _Entry.of(path.name)
            if entry is None:
                continue
            try:
                file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                found.append(entry)
            else:
                with suppress(FileNotFoundError):
                    path.unlink()
            finally:
                os.close(file)
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One looks and changes at a time, of all processes and threads."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = os.open(self._folder / _MUTEX, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"the queue {self._folder} cannot be used: {error.strerror}",
                hint="it must be a folder that you may write to",
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


class Turn:
    """One statement's; `leave` ends it, once."""

    def __init__(self, turns: Turns, entry: _Entry, file: int, thread: threading.Thread) -> None:
        self.entry = entry
        self.file = file
        self.thread = thread
        self._turns = turns
        self._left = False

    def look(self) -> Place | None:
        return self._turns.look(self)

    def leave(self) -> None:
        if not self._left:
            self._left = True
            self._turns.leave(self)

    def __del__(self) -> None:
        # A statement that was dropped without an end holds up nobody.
        self.leave()
