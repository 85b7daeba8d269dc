"""Jobs: mapping and script of each, a run with its live log, past runs."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding
from textual.content import Content
from textual.timer import Timer

from lakeshell.definitions.jobs import table_name
from lakeshell.definitions.schema import checked_name, choice
from lakeshell.errors import LakeshellError
from lakeshell.etl.job import Job
from lakeshell.etl.mapping import parse
from lakeshell.etl.run import read_log, run_job
from lakeshell.etl.script import propose_script
from lakeshell.model import QueryState, RunRecord
from lakeshell.ports import HistoryFilter
from lakeshell.tui.background import Amount, Task
from lakeshell.tui.safe import shown, shown_lines
from lakeshell.tui.screens.asking import LineScreen, TextScreen
from lakeshell.tui.screens.base import progress_text
from lakeshell.tui.screens.form import Field, FormScreen, Values, options
from lakeshell.tui.screens.noun import NounScreen, Row
from lakeshell.tui.screens.runs import runs_table
from lakeshell.tui.widgets.sheet import heading, rows, script, values

_LOG_EVERY = 0.5
_LOG_LINES = 12


class JobsScreen(NounScreen):
    noun = "jobs"
    columns = ("job", "kind", "source", "target", "mode", "last run")
    BINDINGS = [
        Binding("r", "run", "Run", id="jobs.run"),
        Binding("R", "run_with", "Run with parameters", id="jobs.run_with", show=False),
        Binding("l", "log", "Log", id="jobs.log"),
        Binding("a", "propose", "Propose", id="jobs.propose"),
        Binding("x", "stop", "Stop", id="jobs.stop"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._under_way: dict[str, Task] = {}
        self._amounts: dict[int, Amount] = {}
        self._timer: Timer | None = None

    def rows(self) -> Sequence[Row]:
        made: list[Row] = []
        for job in map(self.lake.jobs.get, self.lake.jobs.names()):
            last = next(iter(self.lake.ledger.runs("job", job.name, 1)), None)
            state = "" if last is None else last.state.value
            source, target = str(job.source or ""), str(job.target or "")
            made.append((job.name, (job.name, job.kind, source, target, job.mode, state)))
        return made

    def sheet(self, key: str) -> Sequence[Content]:
        job = self.lake.jobs.get(key)
        written = job.script.read_text(encoding="utf-8")
        runs = self.lake.ledger.runs("job", key, 20)
        return [
            *self._live(key, runs),
            values(
                {
                    "job": job.name,
                    "kind": job.kind,
                    "source": job.source and str(job.source),
                    "target": job.target and str(job.target),
                    "mode": job.mode,
                    "workgroup": job.workgroup,
                    "retries": job.retries or None,
                    "timeout": job.timeout and f"{job.timeout} s",
                    "description": job.description,
                    "parameters": ", ".join(f"{k}={v}" for k, v in job.parameters.items()),
                    "script": job.script,
                    "command": f"lakeshell job run {key}",
                }
            ),
            heading("Runs"),
            runs_table(runs),
            *_mapping(job, written),
            heading(job.script.name),
            script(written),
        ]

    def _live(self, key: str, runs: Sequence[RunRecord]) -> Sequence[Content]:
        """How far the job is, and the end of its log, while it runs."""
        task = self._under_way.get(key)
        if task is None or task.finished.is_set() or not runs:
            return ()
        amount = self._amounts.get(task.number)
        lines = read_log(self.lake.workshop.logs, runs[0].id)[-_LOG_LINES:]
        said = "running" if amount is None else progress_text(amount)
        return (
            shown(f"{said}   x stops it", "bold $accent"),
            shown_lines("\n".join(lines)),
            Content(""),
        )

    # --- running ---------------------------------------------------------------------------

    def action_run(self) -> None:
        if self.chosen is not None:
            self.run_job(self.chosen, {})

    def action_run_with(self) -> None:
        key = self.chosen
        if key is None:
            return

        def take(text: str | None) -> None:
            if text is not None:
                pairs = (word.partition("=") for word in text.split())
                self.run_job(key, {name: value for name, _, value in pairs})

        known = " ".join(f"{k}={v}" for k, v in self.lake.jobs.get(key).parameters.items())
        self.app.push_screen(
            LineScreen(f"Parameters of {key}", known, "NAME=VALUE NAME=VALUE"), take
        )

    def run_job(self, key: str, parameters: dict[str, str]) -> None:
        running = self._under_way.get(key)
        if running is not None and not running.finished.is_set():
            self.notify(f"{key} is running", severity="warning", markup=False)
            return
        job = self.lake.jobs.get(key)
        task = self.carry_out(
            f"run {key}",
            f"job {key}",
            lambda reporter: run_job(job, self.lake.workshop, parameters, reporter),
            self._ran,
            self._failed,
        )
        task.cancel = lambda: self.ask(
            f"stop {key}", lambda: self._stop_queries(key), lambda _: None
        )
        self._under_way[key] = task
        self.look()
        if self._timer is None:
            self._timer = self.set_interval(_LOG_EVERY, self._tick)

    def progress(self, number: int, amount: Amount) -> None:
        self._amounts[number] = amount
        self.status(progress_text(amount))

    def _tick(self) -> None:
        if any(not task.finished.is_set() for task in self._under_way.values()):
            self.look_closer()
        elif self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _ran(self, record: RunRecord) -> None:
        rate = ""
        if record.rows and record.elapsed:
            rate = f" ({record.rows / record.elapsed:,.0f} rows/s)"
        self.status(
            f"{record.name}: {record.rows or 0:,} rows in {record.elapsed or 0:.2f} s{rate}"
        )
        self.look()

    def _failed(self, error: BaseException) -> None:
        self.fail(error)
        self.look()

    def action_stop(self) -> None:
        """A load ends at its next batch, and the table is as it was; a statement is cancelled."""
        task = self._under_way.get(self.chosen or "")
        if task is not None and not task.finished.is_set():
            task.stop()
            self.status(f"stopping {self.chosen} …")

    def _stop_queries(self, key: str) -> None:
        running = HistoryFilter(state=QueryState.RUNNING, limit=None)
        for record in self.lake.ledger.queries(running):
            if record.source == f"job:{key}":
                self.lake.ledger.request_cancel(record.id, self.lake.user)

    def action_log(self) -> None:
        """The log of the last run."""
        key = self.chosen
        if key is None:
            return

        def read() -> tuple[str, str]:
            last = next(iter(self.lake.ledger.runs("job", key, 1)), None)
            if last is None:
                return f"{key} has not run yet", ""
            return f"Log of run {last.id}", "\n".join(read_log(self.lake.workshop.logs, last.id))

        self.ask("log", read, lambda found: self.app.push_screen(TextScreen(*found)))

    # --- a new one -------------------------------------------------------------------------

    def action_propose(self) -> None:
        fields = (
            Field("name", "Name", "load_film", required=True, check=lambda t: checked_name("job", t)),
            Field("source", "Source", "DATABASE.TABLE to read", required=True, check=table_name),
            Field("target", "Target", "DATABASE.TABLE to write", required=True, check=table_name),
            Field("kind", "Kind", "arrow copies through a mapping, sql runs statements", "arrow", check=choice("arrow", "sql")),
            Field("mode", "Mode", "overwrite or append", "overwrite", check=choice("overwrite", "append")),
        )  # fmt: skip
        form = FormScreen("Propose a job", fields, self._make, _command)
        self.app.push_screen(form, lambda made: self.look() if made else None)

    def _make(self, given: Values) -> object:
        kind = given["kind"] or "arrow"
        job = Job(
            name=given["name"],
            kind=kind,
            script=self.lake.jobs.script_of(given["name"], kind),
            source=table_name(given["source"]),
            target=table_name(given["target"]),
            mode=given["mode"] or "overwrite",
        )
        assert job.source is not None
        columns = self.lake.catalog.table(job.source).columns
        return self.lake.jobs.add(job, propose_script(job, columns))


def _mapping(job: Job, written: str) -> Sequence[Content]:
    if job.kind != "arrow":
        return ()
    try:
        mapping = parse(written, str(job.script))
    except LakeshellError as error:
        return (heading("Mapping"), shown(f"error: {error.message}", "$error"))
    lines = [
        (c.source, str(c.source_type), "->", c.target, str(c.target_type)) for c in mapping.columns
    ]
    return (heading("Mapping"), rows(("source", "type", "", "target", "type"), lines))


def _command(given: Values) -> Sequence[str]:
    words = options(
        source=given["source"] or "DB.TABLE",
        target=given["target"] or "DB.TABLE",
        kind=given["kind"] if given["kind"] != "arrow" else "",
        mode=given["mode"] if given["mode"] != "overwrite" else "",
    )
    return ("job", "propose", given["name"] or "NAME", *words)
