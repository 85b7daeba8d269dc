"""Running a job: one run, its attempts, its log and its record in the ledger.

Every run ends in the ledger, failed and interrupted ones included. A job runs once at a time: the
lock is the kernel's, so a killed run leaves none behind.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TextIO

from lakeshell.cost.sizes import files_text, rows_text
from lakeshell.ending import end_record, ending_of, run_under_way
from lakeshell.errors import (
    ConnectionFailed,
    LakeshellError,
    LimitExceeded,
    NotFound,
    UsageError,
)
from lakeshell.etl.copy import SourceOpener, check_mapping, mapped, source_rows
from lakeshell.etl.job import Job
from lakeshell.etl.script import load_arrow
from lakeshell.locking import alone
from lakeshell.model import CatalogTable, QueryState, RunRecord
from lakeshell.ports import Catalog, Engine, Late, Ledger, Reporter, Session, TableStore

RunSql = Callable[[Job, str, Mapping[str, str], Callable[[str], None]], int]
"""Runs a script's statements in the job's workgroup; told each line of the log; gives the rows
written."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a run works with; the composition root fills it in. `logs` is a folder; the clock gives
    UTC; `price` turns (job, seconds) into money."""

    catalog: Callable[[], Catalog]
    store: Callable[[], TableStore]
    engine: Callable[[], Engine]
    ledger: Ledger
    open_source: SourceOpener
    run_sql: RunSql
    logs: Path
    locks: Path
    price: Callable[[Job, float], tuple[Decimal, str]]
    user: str = field(default_factory=getpass.getuser)
    late: Late | None = None
    """Where the records of runs wait that the ledger did not take."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(slots=True)
class _Outcome:
    rows: int = 0
    bytes: int | None = None
    detail: str = ""


def log_path(logs: Path, run_id: str) -> Path:
    return logs / f"{run_id}.log"


def run_job(
    job: Job, workshop: Workshop, parameters: Mapping[str, str], reporter: Reporter
) -> RunRecord:
    """Runs a job to its end, with its retries. Raises what the last attempt failed with; the
    record is in the ledger either way."""
    if parameters and job.kind != "sql":
        raise UsageError(
            f"job {job.name!r} copies a table and takes no parameters",
            hint=f"edit its mapping instead: {job.script}",
        )
    unknown = [name for name in parameters if job.parameters and name not in job.parameters]
    if unknown:
        raise UsageError(
            f"job {job.name!r} has no parameter {unknown[0]!r}",
            hint=f"its parameters are: {', '.join(job.parameters)}",
        )
    given = {**job.parameters, **parameters}
    with alone("job", job.name, workshop.locks):
        attempt = 1
        while True:
            try:
                done = _attempt(job, workshop, given, reporter, attempt)
            except (UsageError, LimitExceeded):
                raise
            except LakeshellError as error:
                if attempt > job.retries:
                    raise
                reporter.warn(f"attempt {attempt} of {job.name} failed: {error.message}; once more")
                time.sleep(min(2**attempt, 30) if isinstance(error, ConnectionFailed) else 0)
            else:
                end_record(done, workshop.ledger, workshop.late, reporter.warn)
                return done
            attempt += 1


def _attempt(
    job: Job, workshop: Workshop, parameters: Mapping[str, str], reporter: Reporter, attempt: int
) -> RunRecord:
    record = RunRecord(
        id=workshop.ledger.new_id(),
        kind="job",
        name=job.name,
        started=workshop.now(),
        user=workshop.user,
        state=QueryState.RUNNING,
        attempt=attempt,
        dpu=job.dpu,
        parameters=dict(parameters),
    )
    with (
        run_under_way(
            record,
            workshop.ledger,
            workshop.late,
            reporter.warn,
            price=partial(workshop.price, job),
            now=workshop.now,
        ) as finished,
        _log(workshop, record.id) as say,
    ):
        say(f"job {job.name}, attempt {attempt}, script {job.script.name}")
        outcome = _carry_out(job, workshop, parameters, reporter, record.id, say)
        say(f"finished: {rows_text(outcome.rows)}{outcome.detail and '; ' + outcome.detail}")
        return finished(rows=outcome.rows, bytes=outcome.bytes, detail=outcome.detail)


def _carry_out(
    job: Job,
    workshop: Workshop,
    parameters: Mapping[str, str],
    reporter: Reporter,
    run_id: str,
    say: Callable[[str], None],
) -> _Outcome:
    if job.kind == "sql":
        reporter.step(f"running {job.script.name}")
        script = job.read_script()
        return _Outcome(rows=workshop.run_sql(job, script, parameters, say))
    return _load(job, workshop, reporter, run_id, say)


def _load(
    job: Job, workshop: Workshop, reporter: Reporter, run_id: str, say: Callable[[str], None]
) -> _Outcome:
    assert job.source is not None
    assert job.target is not None
    script = load_arrow(job)
    table = _source_table(workshop.catalog(), job)
    for warning in check_mapping(job, table, script.mapping):
        say(warning)
        reporter.warn(warning)
    expected = table.parameters.get("recordCount", "")
    total = int(expected) if expected.isdigit() else None
    reporter.step(f"loading {job.target}")
    session = Session(user=workshop.user, workgroup=job.workgroup, source=f"job:{job.name}")
    rows = source_rows(table, script.mapping, workshop.open_source, workshop.engine, session)
    with rows as batches:
        written = workshop.store().write(
            job.target,
            mapped(job, script, batches),
            mode=job.mode,
            columns=script.mapping.targets,
            snapshot_properties={"lakeshell.job": job.name, "lakeshell.run": run_id},
            on_rows=lambda done: reporter.advance(done, total, "rows"),
        )
    files = files_text(written.files)
    say(f"snapshot {written.snapshot_id}: {files}, {written.bytes} bytes")
    return _Outcome(written.rows, written.bytes, files)


def _source_table(catalog: Catalog, job: Job) -> CatalogTable:
    assert job.source is not None
    try:
        return catalog.table(job.source)
    except NotFound as error:
        raise NotFound(
            f"job {job.name!r} reads {job.source}, which is not in the catalog",
            hint="register it again, as with `lakeshell crawler run NAME`, or see the job's source",
        ) from error


@contextmanager
def _log(workshop: Workshop, run_id: str) -> Iterator[Callable[[str], None]]:
    """What writes a line into a run's log, in which what ends the run early is the last."""
    workshop.logs.mkdir(parents=True, exist_ok=True)
    with log_path(workshop.logs, run_id).open("a", encoding="utf-8") as file:

        def say(line: str) -> None:
            _say(file, workshop.now(), line)

        try:
            yield say
        except BaseException as error:
            state, message = ending_of(error)
            say(f"{state.value}: {message}")
            if isinstance(error, LakeshellError) and not error.hint:
                error.hint = f"what it did until then: lakeshell job logs {run_id}"
            raise


def _say(file: TextIO, at: datetime, line: str) -> None:
    file.write(f"{at:%Y-%m-%dT%H:%M:%S.%fZ} {line}\n")
    file.flush()


def read_log(logs: Path, run_id: str) -> Sequence[str]:
    path = log_path(logs, run_id)
    if not path.exists():
        return ()
    return path.read_text(encoding="utf-8").splitlines()
