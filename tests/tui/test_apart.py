"""Work of the console in a process of its own: its progress, its end, and whoever dies first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from consoles import RUNNING, SLOW, loading_job, sql_job
from fakes import columns as columns_of

from lakeshell.errors import LakeshellError, NotFound
from lakeshell.etl.job import Job
from lakeshell.lake import Lake
from lakeshell.model import QueryState, RunRecord, TableName
from lakeshell.tui.apart import Apart, crawl_run, job_run
from lakeshell.tui.background import Task, TaskReporter

FILM_TABLE = TableName("movie_rental", "movies_film")


class Heard:
    """A `ports.Reporter` that keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.amounts: list[tuple[int, int | None, str]] = []

    def step(self, text: str) -> None:
        self.steps.append(text)

    def advance(self, done: int, total: int | None, unit: str) -> None:
        self.amounts.append((done, total, unit))

    def warn(self, text: str) -> None:
        pass


def until(holds: Callable[[], object]) -> None:
    last = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < last, "it did not come to that"
        time.sleep(0.01)


def at_work(lake: Lake, pid: int) -> bool:
    """Whether its statement is more than begun: interrupted in writing the record of it, a process
    leaves that to whoever looks next, as one that was killed does."""
    ticks = sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return bool(lake.ledger.queries(RUNNING)) and ticks / os.sysconf("SC_CLK_TCK") > 2


def running(lake: Lake, job: Job) -> tuple[Apart[RunRecord], threading.Thread, list[BaseException]]:
    """The work, once its statement runs; the thread that hears it, and what that ended with."""
    work, ended = Apart(lake, partial(job_run, job.name, {})), list[BaseException]()

    def hear() -> None:
        try:
            work.carry_out(Heard())
        except (Exception, KeyboardInterrupt) as error:
            ended.append(error)

    thread = threading.Thread(target=hear)
    thread.start()
    until(lambda: work._process is not None and at_work(lake, work._process.pid))
    return work, thread, ended


def end(lake: Lake) -> tuple[QueryState, str]:
    """Of the job, and why."""
    found = lake.ledger.runs("job", "build", 1)[0]
    return found.state, found.error


def test_a_load_reports_and_gives_its_record(lake: Lake) -> None:
    columns = columns_of(film_id="integer", title="varchar", length="smallint")
    lake.catalog.put(replace(lake.catalog.table(FILM_TABLE), columns=columns))
    heard = Heard()
    record = Apart(lake, partial(job_run, loading_job(lake).name, {})).carry_out(heard)
    assert heard.steps == ["loading raw.film"]
    assert heard.amounts[-1] == (2, None, "rows")
    assert record == lake.ledger.runs("job", "load_film", 1)[0]
    assert record.rows == 2
    assert lake.catalog.table(TableName("raw", "film"))


def test_a_crawl_gives_its_plan(lake: Lake) -> None:
    plan, record = Apart(lake, partial(crawl_run, lake.crawlers.get("movies"))).carry_out(Heard())
    assert record.state is QueryState.FINISHED
    assert plan.summary == record.detail


def test_what_it_failed_with_is_the_error_and_its_hint(lake: Lake) -> None:
    job = loading_job(lake)
    lake.catalog.drop(FILM_TABLE)
    with pytest.raises(NotFound, match="is not in the catalog") as failed:
        Apart(lake, partial(job_run, job.name, {})).carry_out(Heard())
    assert "lakeshell crawler run" in failed.value.hint


def test_what_is_stopped_is_undone_and_its_statement_cancelled(lake: Lake) -> None:
    work, thread, ended = running(lake, sql_job(lake, SLOW))
    work.stop()
    thread.join(60)
    assert len(ended) == 1
    assert end(lake)[0] is QueryState.CANCELLED, end(lake)
    assert not lake.ledger.queries(RUNNING)


def test_stopped_before_it_began_it_does_nothing(lake: Lake) -> None:
    work = Apart(lake, partial(job_run, sql_job(lake, SLOW).name, {}))
    work.stop()
    with pytest.raises(KeyboardInterrupt):
        work.carry_out(Heard())
    assert not lake.ledger.queries(RUNNING)


def test_a_reporter_that_stops_it_hears_it_to_its_end(lake: Lake) -> None:
    class Pump:
        def post_message(self, message: object) -> bool:
            return True

    task = Task(1, "run", "job build", cancelled=True)
    with pytest.raises((KeyboardInterrupt, LakeshellError)):
        Apart(lake, partial(job_run, sql_job(lake, SLOW).name, {})).carry_out(
            TaskReporter(task, Pump())  # type: ignore[arg-type]
        )
    assert end(lake)[0] is QueryState.CANCELLED, end(lake)
    assert not lake.ledger.queries(RUNNING)


def test_a_process_that_is_killed_is_said(lake: Lake) -> None:
    work, thread, ended = running(lake, sql_job(lake, SLOW))
    assert work._process is not None
    work._process.kill()
    thread.join(60)
    assert isinstance(ended[0], LakeshellError)
    assert f"with code {-signal.SIGKILL}" in ended[0].message


def test_a_console_that_dies_leaves_nothing_running(lake: Lake) -> None:
    sql_job(lake, SLOW)
    code = f"""
import os
from functools import partial
from pathlib import Path
from lakeshell.lake import Lake
from lakeshell.tui.apart import Apart, job_run
class Quiet:
    def step(self, text): pass
with Lake(Path({str(lake.folder)!r}), os.environ) as lake:
    Apart(lake, partial(job_run, "build", {{}})).carry_out(Quiet())
"""
    words = [sys.executable, "-P", "-c", code]
    with subprocess.Popen(words, env=dict(lake.environment), stderr=subprocess.DEVNULL) as console:
        children = Path(f"/proc/{console.pid}/task/{console.pid}/children")
        until(lambda: [pid for pid in children.read_text().split() if at_work(lake, int(pid))])
        console.kill()
    until(lambda: end(lake)[0] is not QueryState.RUNNING)
    assert end(lake)[0] is QueryState.CANCELLED, end(lake)


def test_it_stands_behind_whoever_types_and_hears_no_hang_up(lake: Lake) -> None:
    work, thread, _ = running(lake, sql_job(lake, SLOW))
    assert work._process is not None
    pid = work._process.pid
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)
    assert os.getsid(pid) == os.getsid(0)
    assert os.getpgid(pid) == pid
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGHUP)
    work.stop()
    thread.join(60)
    assert end(lake)[0] is QueryState.CANCELLED, end(lake)
