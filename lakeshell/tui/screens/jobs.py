"""Jobs: mapping, script and flow of each, a run with its live log, past runs; added and changed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial

from textual.binding import Binding
from textual.content import Content
from textual.timer import Timer

from lakeshell import names
from lakeshell.cost.sizes import rows_text
from lakeshell.definitions.schema import write
from lakeshell.errors import LakeshellError, command_line
from lakeshell.etl.job import Job
from lakeshell.etl.mapping import parse
from lakeshell.etl.run import read_log
from lakeshell.etl.script import check_script
from lakeshell.model import RunRecord
from lakeshell.query.script import check_text
from lakeshell.tui.apart import Apart, job_run
from lakeshell.tui.background import Amount, Task
from lakeshell.tui.safe import ending, shown, shown_lines
from lakeshell.tui.screens import jobforms
from lakeshell.tui.screens.asking import LineScreen, TextScreen
from lakeshell.tui.screens.base import progress_text
from lakeshell.tui.screens.edited import Edited
from lakeshell.tui.screens.flow import FlowScreen
from lakeshell.tui.screens.noun import NounScreen, Row, described
from lakeshell.tui.screens.pick import PickScreen
from lakeshell.tui.screens.runs import COLUMNS as RUNS
from lakeshell.tui.screens.runs import runs_row, runs_table
from lakeshell.tui.screens.textedit import TextEditScreen, editable
from lakeshell.tui.widgets.sheet import heading, rows, script, values

_LOG_EVERY = 0.5
_LOG_LINES = 12
_RUNS = 200
"""Past runs to choose from."""


class JobsScreen(NounScreen):
    noun = "jobs"
    columns = ("job", "last run", "kind", "source", "target", "mode")
    BINDINGS = [
        Binding("r", "run", "Run", id="jobs.run"),
        Binding("R", "run_with", "Run with parameters", id="jobs.run_with", show=False),
        Binding("enter,f", "flow", "Flow", id="jobs.flow"),
        Binding("l", "log", "Log", id="jobs.log"),
        Binding("L", "logs", "Log of a run", id="jobs.logs", show=False),
        Binding("a", "propose", "Propose", id="jobs.propose"),
        Binding("A", "add", "Add SQL", id="jobs.add", show=False),
        Binding("c", "change", "Change", id="jobs.change"),
        Binding("e", "script", "Script", id="jobs.script"),
        Binding("x", "stop", "Stop", id="jobs.stop"),
        Binding("delete", "remove", "Remove", id="jobs.remove", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._under_way: dict[str, Task] = {}
        self._amounts: dict[int, Amount] = {}
        self._timer: Timer | None = None

    def rows(self) -> Sequence[Row]:
        return described(self.lake.jobs.names(), self.lake.jobs.get, self._row)

    def _row(self, job: Job) -> tuple[object, ...]:
        last = self.lake.last_run("job", job.name)
        state = "" if last is None else last.state.value
        source, target = str(job.source or ""), str(job.target or "")
        return (job.name, state, job.kind, source, target, job.mode)

    def sheet(self, key: str) -> Sequence[Content]:
        job = self.lake.jobs.get(key)
        written = job.read_script()
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
                    "dpu": job.dpu if job.dpu > 1 else None,
                    "description": job.description,
                    "parameters": ", ".join(f"{k}={v}" for k, v in job.parameters.items()),
                    "script": job.script,
                    "command": command_line("job", "run", key),
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
            if text is None:
                return
            try:
                self.run_job(key, jobforms.parameters(text))
            except ValueError as error:
                self.notify(f"it must be {error}", severity="error", markup=False)

        def draw(job: Job) -> None:
            known = shlex.join(f"{k}={v}" for k, v in job.parameters.items())
            self.app.push_screen(
                LineScreen(f"Parameters of {key}", known, "NAME=VALUE NAME=VALUE"), take
            )

        self.ask("parameters", lambda: self.lake.jobs.get(key), draw, self._failed)

    def run_job(self, key: str, parameters: dict[str, str]) -> None:
        running = self._under_way.get(key)
        if running is not None and not running.finished.is_set():
            self.notify(f"{key} is running", severity="warning", markup=False)
            return
        work = Apart(self.lake, partial(job_run, key, parameters))
        task = self.carry_out(
            f"run {key}",
            f"job {key}",
            work.carry_out,
            self._ran,
            self._failed,
        )
        task.cancel = work.stop
        self._under_way[key] = task
        self.look()
        if self._timer is None:
            self._timer = self.set_interval(_LOG_EVERY, self._tick)

    def progress(self, number: int, amount: Amount) -> None:
        self._amounts[number] = amount
        self.status(progress_text(amount))

    def _tick(self) -> None:
        if any(not task.finished.is_set() for task in self._under_way.values()):
            # Where another screen is in front, coming back looks.
            if self.is_current:
                self.look_closer()
        elif self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _ran(self, record: RunRecord) -> None:
        rate = ""
        if record.rows and record.elapsed:
            rate = f" ({record.rows / record.elapsed:,.0f} rows/s)"
        self.status(
            f"{record.name}: {rows_text(record.rows or 0)} in {record.elapsed or 0:.2f} s{rate}"
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

    def action_log(self) -> None:
        """The log of the last run."""
        key = self.chosen
        if key is None:
            return

        def read() -> tuple[str, str]:
            last = self.lake.last_run("job", key)
            if last is None:
                return f"{key} has not run yet", ""
            return f"Log of run {last.id}", self._read_log(last.id)

        self.ask("log", read, lambda found: self.app.push_screen(TextScreen(*found)))

    def action_logs(self) -> None:
        """The log of any run."""
        key = self.chosen
        if key is None:
            return

        def draw(found: Sequence[RunRecord]) -> None:
            lines = [(run.id, runs_row(run)) for run in found]
            screen = PickScreen(f"Runs of {key}: Enter shows the log", RUNS, lines)
            self.app.push_screen(screen, self._show_log)

        self.ask("runs", lambda: self.lake.ledger.runs("job", key, _RUNS), draw)

    def _show_log(self, run: str | None) -> None:
        if run is not None:
            self.ask(
                "log",
                lambda: (f"Log of run {run}", self._read_log(run)),
                lambda found: self.app.push_screen(TextScreen(*found)),
            )

    def _read_log(self, run: str) -> str:
        return ending("\n".join(read_log(self.lake.workshop.logs, run)))

    # --- looking closer --------------------------------------------------------------------

    def on_listing_opened(self) -> None:
        self.action_flow()

    def action_flow(self) -> None:
        """How its columns flow, beside the script."""
        key = self.chosen
        if key is not None:
            self.ask("flow", lambda: self._flow(key), self.app.push_screen)

    def _flow(self, key: str) -> FlowScreen:
        job = self.lake.jobs.get(key)
        return FlowScreen(job, *names.flow(self.lake, job))

    # --- adding, changing, removing --------------------------------------------------------

    def action_propose(self) -> None:
        self.fill_in(jobforms.propose_form(self.lake))

    def action_add(self) -> None:
        def draw(workgroups: Sequence[str]) -> None:
            self.fill_in(jobforms.add_form(self.lake, workgroups))

        self.ask("workgroups", self.lake.workgroups.names, draw)

    def action_change(self) -> None:
        key = self.chosen
        if key is not None:
            self.edit(
                f"Change job {key}",
                jobforms.edited(self.lake, key),
                lambda given: jobforms.change(self.lake, key, given),
                lambda given, before: jobforms.change_command(key, given, before),
            )

    def action_script(self) -> None:
        """Its script, to be changed in place."""
        key = self.chosen
        if key is None:
            return

        def read() -> tuple[Job, Edited[str], str]:
            job = self.lake.jobs.get(key)
            edited = Edited(job.script, job.read_script)
            return job, edited, editable(edited)

        def draw(found: tuple[Job, Edited[str], str]) -> None:
            job, edited, text = found

            def save(written: str) -> None:
                write(job.script, written)

            title = f"Script of {key}"
            check = check_text if job.kind == "sql" else partial(check_script, job)
            screen = TextEditScreen(title, text, edited, save, check)
            self.app.push_screen(screen, lambda made: self.look() if made else None)

        self.ask("script", read, draw, self._failed)

    def action_remove(self) -> None:
        key = self.chosen
        if key is not None:
            line = command_line("job", "rm", key)
            note = f"its script goes too, its tables and runs stay; $ {line}"
            self.remove_named(key, lambda: self.lake.jobs.remove(key), note)


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
