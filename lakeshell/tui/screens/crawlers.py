"""Crawlers: what each reads, the plan before it is carried out, live runs, past runs."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from lakeshell.crawl.patterns import glob, include_path
from lakeshell.crawl.plan import CrawlerSettings, CrawlPlan
from lakeshell.crawl.run import plan_crawl, run_crawler
from lakeshell.definitions.crawlers import ON_CHANGE, ON_DELETE
from lakeshell.definitions.schema import checked_name, choice
from lakeshell.model import RunRecord
from lakeshell.tui.background import Task
from lakeshell.tui.safe import shown
from lakeshell.tui.screens.form import Field, FormScreen, Values, listed, options
from lakeshell.tui.screens.noun import NounScreen, Row
from lakeshell.tui.screens.runs import runs_table
from lakeshell.tui.widgets.sheet import Sheet, heading, rows, values


class CrawlersScreen(NounScreen):
    noun = "crawlers"
    columns = ("crawler", "connection", "include", "database", "last run")
    BINDINGS = [
        Binding("p", "plan", "Plan", id="crawlers.plan"),
        Binding("r", "run", "Run", id="crawlers.run"),
        Binding("a", "add", "Add", id="crawlers.add"),
        Binding("x", "stop", "Stop", id="crawlers.stop"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._under_way: Task | None = None
        self._plans: dict[str, tuple[str, CrawlPlan]] = {}

    def rows(self) -> Sequence[Row]:
        made: list[Row] = []
        for crawler in map(self.lake.crawlers.get, self.lake.crawlers.names()):
            last = next(iter(self.lake.ledger.runs("crawler", crawler.name, 1)), None)
            include = ", ".join(crawler.include) or "everything"
            state = "" if last is None else last.state.value
            made.append(
                (crawler.name, (crawler.name, crawler.connection, include, crawler.database, state))
            )
        return made

    def sheet(self, key: str) -> Sequence[Content]:
        crawler = self.lake.crawlers.get(key)
        return [
            values(
                {
                    "crawler": crawler.name,
                    "connection": crawler.connection,
                    "database": crawler.database,
                    "include": ", ".join(crawler.include) or "everything",
                    "exclude": ", ".join(crawler.exclude),
                    "prefix": crawler.prefix,
                    "on change": crawler.on_change,
                    "on delete": crawler.on_delete,
                    "file": self.lake.crawlers.folder / f"{key}.toml",
                    "command": f"lakeshell crawler run {key}",
                }
            ),
            heading("Runs"),
            runs_table(self.lake.ledger.runs("crawler", key, 20)),
            *self._last_plan(key),
        ]

    def _last_plan(self, key: str) -> Sequence[Content]:
        """What became of each table in the run that was made here."""
        if key not in self._plans:
            return ()
        run, plan = self._plans[key]
        return (heading(f"Run {run}: {plan.summary}"), plan_table(plan))

    # --- plan and run ----------------------------------------------------------------------

    def action_plan(self) -> None:
        """What it would do, and whether it shall."""
        key = self.chosen
        if key is None:
            return
        crawler = self.lake.crawlers.get(key)
        self.carry_out(
            "plan",
            f"planning crawler {key}",
            lambda reporter: plan_crawl(crawler, self.lake.survey, reporter),
            lambda plan: self.app.push_screen(
                PlanScreen(plan), lambda yes: self._run(crawler) if yes else self.status("")
            ),
        )

    def action_run(self) -> None:
        """A run is approved by its plan."""
        self.action_plan()

    def _run(self, crawler: CrawlerSettings) -> None:
        self._under_way = self.carry_out(
            "run",
            f"crawler {crawler.name}",
            lambda reporter: run_crawler(crawler, self.lake.survey, reporter),
            self._ran,
            self._failed,
        )

    def _ran(self, done: tuple[CrawlPlan, RunRecord]) -> None:
        plan, record = done
        self.status(f"{record.name}: {plan.summary} in {record.elapsed or 0:.2f} s")
        self._plans[record.name] = (record.id, plan)
        self.look()

    def _failed(self, error: BaseException) -> None:
        self.fail(error)
        self.look()

    def action_stop(self) -> None:
        task = self._under_way
        if task is not None and not task.finished.is_set():
            task.stop()
            self.status("stopping …")

    # --- a new one -------------------------------------------------------------------------

    def action_add(self) -> None:
        connections = self.lake.connections.names()
        known = choice(*connections) if connections else str
        fields = (
            Field("name", "Name", "movies", required=True, check=lambda t: checked_name("crawler", t)),
            Field("connection", "Connection", ", ".join(connections), connections[0] if connections else "", True, known),
            Field("database", "Database", "where its tables register", required=True),
            Field("include", "Include", "movies/%  (several by blanks; empty takes everything)", check=_includes),
            Field("exclude", "Exclude", "*_log {staff,store}", check=_excludes),
            Field("prefix", "Prefix", "put before each table's name"),
            Field("on_change", "On change", " or ".join(ON_CHANGE), "update", check=choice(*ON_CHANGE)),
            Field("on_delete", "On delete", " or ".join(ON_DELETE), "deprecate", check=choice(*ON_DELETE)),
        )  # fmt: skip
        form = FormScreen("Add a crawler", fields, self._make, _command)
        self.app.push_screen(form, lambda made: self.look() if made else None)

    def _make(self, given: Values) -> object:
        return self.lake.crawlers.add(
            CrawlerSettings(
                name=given["name"],
                connection=self.lake.connections.get(given["connection"]).name,
                database=given["database"].lower(),
                include=listed(given["include"]),
                exclude=listed(given["exclude"]),
                prefix=given["prefix"],
                on_change=given["on_change"] or "update",
                on_delete=given["on_delete"] or "deprecate",
            )
        )


def _includes(text: str) -> None:
    for path in listed(text):
        include_path(path)


def _excludes(text: str) -> None:
    for pattern in listed(text):
        glob(pattern)


def _command(given: Values) -> Sequence[str]:
    words = options(
        connection=given["connection"] or "C",
        database=given["database"] or "D",
        include=listed(given["include"]),
        exclude=listed(given["exclude"]),
        prefix=given["prefix"],
        on_change=given["on_change"] if given["on_change"] != "update" else "",
        on_delete=given["on_delete"] if given["on_delete"] != "deprecate" else "",
    )
    return ("crawler", "add", given["name"] or "NAME", *words)


def plan_table(plan: CrawlPlan) -> Content:
    """What each pattern took or left, and what becomes of each table."""
    lines = [
        (
            planned.action.value,
            "" if planned.source is None else str(planned.source),
            "" if planned.table is None else str(planned.table),
            None if planned.put is None else len(planned.put.columns),
            planned.detail,
        )
        for planned in plan.tables
    ]
    return rows(("action", "source", "table", "columns", "why"), lines)


class PlanScreen(ModalScreen[bool]):
    """True: carry it out."""

    BINDINGS = [
        Binding("y", "answer(True)", "Carry out"),
        Binding("escape,n", "answer(False)", "Leave"),
    ]
    DEFAULT_CSS = """
    PlanScreen .dialog { height: 90%; width: 96%; max-width: 180; }
    """

    def __init__(self, plan: CrawlPlan) -> None:
        super().__init__()
        self._plan = plan

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            name = self._plan.settings.name
            yield Static(shown(f"{name} would be: {self._plan.summary}"), classes="title")
            yield Sheet()
            with Horizontal(classes="buttons"):
                yield Button("Leave it (n)", id="no")
                yield Button("Carry it out (y)", id="yes", variant="primary")

    def on_mount(self) -> None:
        warned = [shown(f"warning: {text}", "$warning") for text in self._plan.warnings]
        self.query_one(Sheet).draw([*warned, plan_table(self._plan)])
        self.query_one(Sheet).focus()

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")
