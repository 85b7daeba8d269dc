"""Work off the event loop: each piece a thread, its result drawn only while it is still wanted.

In: a callable that may take long. Out: a message to the widget that asked, with what it gave or what
it failed with. A piece asked for again under the same name makes the older one stale: its result is
dropped. A thread cannot be killed, so `Task.cancel` asks whatever it runs to end.
"""

from __future__ import annotations

import contextvars
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from textual.message import Message
from textual.message_pump import MessagePump

from lakeshell.errors import LakeshellError

T = TypeVar("T")
_BEHIND = 5
"""The steps by which a thread of work stands behind the one that draws, and those that it starts."""
_EVERY = 0.1
"""Seconds between two reports of one task's progress: more would only be drawn and lost."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task gave, or the error that it ended with."""

    number: int
    name: str
    value: Any = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """How far a task is: `done` of `total` `unit`s of the step `text` after `seconds` of it."""

    text: str
    done: int = 0
    total: int | None = None
    unit: str = ""
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return self.done / self.seconds if self.seconds > 0 else 0.0


class Delivered(Message, bubble=False):
    """A task ended."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class Progressed(Message, bubble=False):
    """A task is further on; newer news replace older that were not drawn yet."""

    def __init__(self, number: int, amount: Amount) -> None:
        super().__init__()
        self.number = number
        self.amount = amount

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Progressed) and message.number == self.number


class Warned(Message, bubble=False):
    """A task says something that does not stop it."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__()
        self.number = number
        self.text = text


class Noticed(Message, bubble=False):
    """What somebody waits for, whichever task it is for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


@dataclass(slots=True, eq=False)
class Task:
    """`title` is for people, of a task whose loss they should be asked about; empty of a mere look."""

    number: int
    name: str
    title: str = ""
    cancel: Callable[[], None] = lambda: None
    cancelled: bool = False
    finished: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        self.cancelled = True
        self.cancel()


class TaskReporter:
    """A `ports.Reporter` that posts to the widget which started the task.

    Work that is asked to end does so here, where it next says how far it is: `KeyboardInterrupt`
    is what the verbs take for an end from outside.
    """

    def __init__(self, task: Task, to: MessagePump) -> None:
        self._task = task
        self._to = to
        self._text = ""
        self._began = time.monotonic()
        self._last = 0.0

    def step(self, text: str) -> None:
        self._check()
        self._text, self._began, self._last = text, time.monotonic(), 0.0
        self._to.post_message(Progressed(self._task.number, Amount(text)))

    def advance(self, done: int, total: int | None, unit: str) -> None:
        self._check()
        now = time.monotonic()
        if now - self._last < _EVERY and done != total:
            return
        self._last = now
        amount = Amount(self._text, done, total, unit, now - self._began)
        self._to.post_message(Progressed(self._task.number, amount))

    def warn(self, text: str) -> None:
        self._to.post_message(Warned(self._task.number, text))

    def _check(self) -> None:
        if self._task.cancelled:
            raise KeyboardInterrupt("stopped in the console")


def stand_behind(steps: int) -> None:
    """The thread, where a thread has a priority of its own; elsewhere nothing."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        now = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, min(19, now + steps))


class Background:
    """Tasks of one widget. `draw` and `failed` run on the event loop."""

    _numbers = itertools.count(1)

    def __init__(
        self, owner: MessagePump, ready: Callable[[], None], running: dict[int, Task]
    ) -> None:
        """`ready` waits until work may begin. `running` holds the tasks of all widgets together
        until what they gave is drawn."""
        self._owner = owner
        self._ready = ready
        self._running = running
        self._current: dict[str, int] = {}
        self._draw: dict[int, Callable[[Any], object]] = {}
        self._failed: dict[int, Callable[[BaseException], object] | None] = {}

    def start(
        self,
        name: str,
        work: Callable[[TaskReporter], T],
        draw: Callable[[T], object],
        failed: Callable[[BaseException], object] | None = None,
        title: str = "",
    ) -> Task:
        """Begins `work`; what runs under `name` already becomes stale."""
        task = Task(next(self._numbers), name, title)
        self._current[name] = task.number
        self._draw[task.number], self._failed[task.number] = draw, failed
        self._running[task.number] = task
        # The context tells the thread which application its messages belong to.
        threading.Thread(
            target=contextvars.copy_context().run,
            args=(self._run, task, work),
            name=f"console-{name}",
            daemon=True,
        ).start()
        return task

    def forget(self, name: str) -> None:
        """What runs under `name` is no longer wanted."""
        self._current.pop(name, None)

    def is_current(self, number: int) -> bool:
        return number in self._current.values()

    def deliver(self, outcome: Outcome, otherwise: Callable[[BaseException], None]) -> None:
        """Draws what a task gave, or drops it. `otherwise` takes errors that nobody else does."""
        self._running.pop(outcome.number, None)
        draw = self._draw.pop(outcome.number)
        failed = self._failed.pop(outcome.number)
        if self._current.get(outcome.name) != outcome.number:
            return
        del self._current[outcome.name]
        if outcome.error is not None:
            (failed or otherwise)(outcome.error)
            return
        try:
            draw(outcome.value)
        except LakeshellError as error:
            # What is drawn may read more, and that may be gone by then.
            otherwise(error)

    def _run(self, task: Task, work: Callable[[TaskReporter], Any]) -> None:
        stand_behind(_BEHIND)
        try:
            self._ready()
            value = work(TaskReporter(task, self._owner))
            outcome = Outcome(task.number, task.name, value)
        except (Exception, KeyboardInterrupt) as error:
            outcome = Outcome(task.number, task.name, error=error)
        task.finished.set()
        if not self._owner.post_message(Delivered(outcome)):
            self._running.pop(task.number, None)


def said(error: BaseException) -> tuple[str, str]:
    """What happened and what to do, of any error."""
    if isinstance(error, LakeshellError):
        return error.message, error.hint
    if isinstance(error, KeyboardInterrupt):
        return "stopped", "what was under way was undone"
    return (
        f"a bug in Lakeshell: {type(error).__name__}: {error}",
        "do the same with its command and --debug, and report what it prints",
    )
