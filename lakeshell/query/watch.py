"""The eye on a running statement: limit, time, a request to cancel it, Ctrl-C.

In: a statement under way and what it may use. Out: its cancellation, with the reason. A thread of
its own, because the one that reads may be inside the engine for long and see no signal there.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from lakeshell.cost.sizes import size_text
from lakeshell.errors import Cancelled, Interrupted, LakeshellError, LimitExceeded, TimedOut
from lakeshell.model import QueryState
from lakeshell.ports import Running

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TICK = 0.1
_ASK_EVERY = 1.0
_LOOK_EVERY = 0.25
"""Seconds between two looks at what a statement with a limit has scanned, where a server says it."""


class Watch:
    """Watches one statement between `start` and `stop`. `reason` says why it was cancelled."""

    def __init__(
        self,
        *,
        limit: int | None,
        workgroup: str,
        timeout: float | None,
        cancel_requested: Callable[[], str | None],
        moved: Callable[[QueryState], None],
        stopped: str,
    ) -> None:
        """`moved` is told when a server has it wait in line, and when that is over; `stopped`
        is what Ctrl-C's error says besides."""
        self.limit = limit
        self.workgroup = workgroup
        self.timeout = timeout
        self.reason: LakeshellError | None = None
        self.running: Running | None = None
        self._cancel_requested = cancel_requested
        self._moved = moved
        self._stopped = stopped
        self._started = time.monotonic()
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._ended = False
        self._over = threading.Event()
        self._asking: threading.Thread | None = None
        self._thread = threading.Thread(target=self._run, name="query-watch", daemon=True)

    def start(self) -> None:
        if threading.current_thread() is threading.main_thread():
            _WAKING.begin(self)
        self._thread.start()

    def stop(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._over.set()
        told = _WAKING.end(self)
        if self._thread.is_alive():
            os.write(self._write, b"\0")
            self._thread.join()
        if not told:
            os.close(self._read)
            os.close(self._write)

    def over_limit(self) -> LimitExceeded | None:
        """What is wrong with what was scanned by now, if anything."""
        if self.limit is None or self.running is None:
            return None
        scanned = self.running.progress.scanned
        if scanned is None or scanned <= self.limit:
            return None
        return LimitExceeded(
            f"scanned {size_text(scanned)}, {size_text(scanned - self.limit)} over the limit of "
            f"{size_text(self.limit)} a query of workgroup {self.workgroup!r}",
            hint="read less: fewer columns, a filter on a partition; or use another workgroup (-w)",
        )

    def cancel(self, reason: LakeshellError) -> None:
        """Ends the statement for `reason`; the first reason counts."""
        if self.reason is None:
            self.reason = reason
        if self.running is not None:
            self.running.cancel()

    def interrupt(self) -> Interrupted:
        """Cancels it as Ctrl-C does."""
        error = Interrupted("interrupted", hint=self._stopped)
        self.cancel(error)
        return error

    def _run(self) -> None:
        looked = time.monotonic()
        while not self._ended:
            ready, _, _ = select.select([self._read], [], [], _TICK)
            if ready:
                signals = os.read(self._read, 64)
                if any(number in signals for number in _ENDS):
                    for watch in (self, *_WAKING.watches):
                        watch.interrupt()
            if self.reason is not None:
                # A cancellation that came before the engine had begun is repeated.
                self.cancel(self.reason)
                continue
            now = time.monotonic()
            if self.limit is not None and self.running is not None and now - looked >= _LOOK_EVERY:
                self.running.look()
                looked = time.monotonic()
            over = self.over_limit()
            if over is not None:
                self.cancel(over)
            if self.timeout is not None and now - self._started > self.timeout:
                self.cancel(
                    TimedOut(
                        f"stopped after {self.timeout:g} s",
                        hint="give it more time with --timeout, or have it read less",
                    )
                )
            if self._asking is None and now - self._started >= _ASK_EVERY:
                # On a thread of its own: a ledger that does not answer holds nothing else up.
                self._asking = threading.Thread(target=self._ask, name="query-asks", daemon=True)
                self._asking.start()

    def _ask(self) -> None:
        """Looks whether somebody wants it cancelled, and says where it is. Through a ledger that is
        away nobody can."""
        by, waited = None, False
        while by is None:
            with suppress(LakeshellError):
                waits = self.running is not None and self.running.progress.state == "queued"
                if waits and self.running is not None:
                    self.running.look()
                if waits is not waited:
                    self._moved(QueryState.QUEUED if waits else QueryState.RUNNING)
                    waited = waits
                by = self._cancel_requested()
            if self._over.wait(_ASK_EVERY if by is None else 0):
                return
        self.cancel(Cancelled(f"cancelled by {by}", hint="`lakeshell history` has its record"))


class _Waking:
    """The watches of the main thread's statements. One of them is told of signals by the kernel,
    even while the main thread is inside C code, and passes them on; they end in any order."""

    def __init__(self) -> None:
        self.watches: tuple[Watch, ...] = ()
        self._outer = -1

    def begin(self, watch: Watch) -> None:
        before = signal.set_wakeup_fd(watch._write, warn_on_full_buffer=False)
        if not self.watches:
            self._outer = before
        self.watches = (*self.watches, watch)

    def end(self, watch: Watch) -> bool:
        """Whether the kernel still tells it: only the main thread can change that."""
        if watch not in self.watches:
            return False
        self.watches = tuple(other for other in self.watches if other is not watch)
        if threading.current_thread() is not threading.main_thread():
            return True
        last = self.watches[-1]._write if self.watches else self._outer
        signal.set_wakeup_fd(last, warn_on_full_buffer=False)
        return False


_WAKING = _Waking()
