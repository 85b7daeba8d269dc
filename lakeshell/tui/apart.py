"""Work in a process of its own: it holds Python's lock from nobody who types, stands back where the
machine is busy, and gives back at its end what it imported and held.

In: a lake's folder, and what to do there. Out: how far it is, to a reporter, and what it gave or
failed with. The end of its input asks it to end, as Ctrl-C ends a command; a console that dies
asks so too. Imports nothing of the screen.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from lakeshell.errors import LakeshellError
from lakeshell.lake import Lake

if TYPE_CHECKING:
    from lakeshell.crawl.plan import CrawlerSettings, CrawlPlan
    from lakeshell.model import RunRecord
    from lakeshell.ports import Reporter

T = TypeVar("T")
Work = Callable[[Lake, "Reporter"], T]
"""Pickled: a function of a module, or a `partial` of one."""
_GAVE, _FAILED, _NOTICED = "gave", "failed", "noticed"
_BEHIND = 5
"""The steps by which the process stands behind the thread that starts it."""


# --- what is worth a process ---------------------------------------------------------------


def job_run(name: str, parameters: dict[str, str], lake: Lake, reporter: Reporter) -> RunRecord:
    from lakeshell.etl.run import run_job

    return run_job(lake.jobs.get(name), lake.workshop, parameters, reporter)


def crawl_plan(name: str, lake: Lake, reporter: Reporter) -> CrawlPlan:
    from lakeshell.crawl.run import plan_crawl

    return plan_crawl(lake.crawlers.get(name), lake.survey, reporter)


def crawl_run(
    crawler: CrawlerSettings, lake: Lake, reporter: Reporter
) -> tuple[CrawlPlan, RunRecord]:
    from lakeshell.crawl.run import run_crawler

    return run_crawler(crawler, lake.survey, reporter)


# --- as whoever wants it sees it -----------------------------------------------------------


class Apart(Generic[T]):
    """One piece of work. `stop` is called from any thread."""

    def __init__(self, lake: Lake, work: Work[T]) -> None:
        self._lake = lake
        self._work = work
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def carry_out(self, reporter: Reporter) -> T:
        """To its end. Raises what it failed with, `KeyboardInterrupt` where it was stopped."""
        with self._started() as process:
            assert process.stdout is not None
            try:
                while True:
                    kind, given = pickle.load(process.stdout)
                    if kind == _GAVE:
                        return given  # type: ignore[no-any-return]
                    if kind == _FAILED:
                        raise given
                    self._pass_on(kind, given, reporter)
            except (EOFError, pickle.UnpicklingError):
                pass
        if self._stopped:
            raise KeyboardInterrupt("stopped")
        raise LakeshellError(
            f"its process ended by itself, with code {process.returncode}",
            hint="its command, which is shown with it, says more",
        )

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # Batches come and go, as in the command that loads.
                env={"ARROW_DEFAULT_MEMORY_POOL": "system", **self._lake.environment},
                # What is meant for the terminal's own group is not for it; but still of its session,
                # for a session has a share of the processor of its own.
                process_group=0,
            )
            assert self._process.stdin is not None
            pickle.dump((self._lake.folder, self._work), self._process.stdin)
            self._process.stdin.flush()
        if self._stopped:
            self.stop()
        return self._process

    def _pass_on(self, kind: str, given: Any, reporter: Reporter) -> None:
        try:
            if kind == _NOTICED:
                self._lake.notice(given)
            else:
                getattr(reporter, kind)(*given)
        except KeyboardInterrupt:
            # What it undoes is heard to its end.
            self.stop()

    def stop(self) -> None:
        self._stopped = True
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                with suppress(OSError):
                    self._process.stdin.close()


# --- the process itself --------------------------------------------------------------------


class _Teller:
    """A `ports.Reporter` that writes to whoever reads."""

    def __init__(self, to: IO[bytes]) -> None:
        self._to = to

    def tell(self, kind: str, given: object) -> None:
        # One write, which an interruption does not tear. A console that is gone hears nothing.
        with suppress(BrokenPipeError):
            self._to.write(pickle.dumps((kind, given)))

    def notice(self, text: str) -> None:
        self.tell(_NOTICED, text)

    def step(self, text: str) -> None:
        self.tell("step", (text,))

    def advance(self, done: int, total: int | None, unit: str) -> None:
        self.tell("advance", (done, total, unit))

    def warn(self, text: str) -> None:
        self.tell("warn", (text,))


def _interrupted_at_the_end_of(input: IO[bytes]) -> None:
    input.read()
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


def _carried_out(folder: Path, work: Work[Any], teller: _Teller) -> tuple[str, object]:
    try:
        with Lake(folder, os.environ, teller.notice) as lake:
            return _GAVE, work(lake, teller)
    except (Exception, KeyboardInterrupt) as error:
        return _FAILED, _sent(error)


def _sent(error: BaseException) -> BaseException:
    """Itself, or where it does not pass through a pipe, what it says."""
    try:
        return pickle.loads(pickle.dumps(error))  # type: ignore[no-any-return]
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


def main() -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.nice(_BEHIND)
    # What a library prints goes where errors go.
    teller = _Teller(os.fdopen(os.dup(1), "wb", buffering=0))
    os.dup2(2, 1)
    input = sys.stdin.buffer
    folder, work = pickle.load(input)
    threading.Thread(target=_interrupted_at_the_end_of, args=(input,), daemon=True).start()
    with suppress(KeyboardInterrupt):
        teller.tell(*_carried_out(folder, work, teller))
    # At once: everything is closed, and Python's own end would take its time.
    os._exit(0)


if __name__ == "__main__":
    main()
