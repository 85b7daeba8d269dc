"""Crawlers: what each reads, the plan before it is carried out, live runs, past runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from textual.binding import Binding
from textual.content import Content

from lakeshell.crawl.patterns import glob, include_path
from lakeshell.crawl.plan import CrawlerSettings, CrawlPlan
from lakeshell.definitions.crawlers import ON_CHANGE, ON_DELETE
from lakeshell.definitions.schema import checked_name, choice
from lakeshell.errors import command_line
from lakeshell.model import RunRecord
from lakeshell.tui.apart import Apart, crawl_plan, crawl_run
from lakeshell.tui.background import Task
from lakeshell.tui.screens.edited import Edited
from lakeshell.tui.screens.form import (
    Field,
    FormScreen,
    Values,
    changed,
    listed,
    options,
    set_options,
    several,
)
from lakeshell.tui.screens.noun import NounScreen, Row, described
from lakeshell.tui.screens.plan import PlanScreen, plan_table
from lakeshell.tui.screens.runs import runs_table
from lakeshell.tui.widgets.sheet import Sheet, heading, values


class CrawlersScreen(NounScreen):
    noun = "crawlers"
    columns = ("crawler", "connection", "include", "database", "last run")
    BINDINGS = [
        Binding("p", "plan", "Plan", id="crawlers.plan"),
        Binding("r", "run", "Run", id="crawlers.run"),
        Binding("a", "add", "Add", id="crawlers.add"),
        Binding("enter,c", "change", "Change", id="crawlers.change"),
        Binding("x", "stop", "Stop", id="crawlers.stop"),
        Binding("delete", "remove", "Remove", id="crawlers.remove"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._under_way: Task | None = None
        self._plans: dict[str, tuple[str, CrawlPlan]] = {}

    def rows(self) -> Sequence[Row]:
        known = self.lake.crawlers
        return described(known.names(), known.get, self._row)

    def _row(self, crawler: CrawlerSettings) -> tuple[object, ...]:
        last = self.lake.last_run("crawler", crawler.name)
        include = ", ".join(crawler.include) or "everything"
        state = "" if last is None else last.state.value
        return (crawler.name, crawler.connection, include, crawler.database, state)

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
                    "command": command_line("crawler", "run", key),
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
        table = plan_table(plan, self.query_one(Sheet).room)
        return (heading(f"Run {run}: {plan.summary}"), table)

    # --- plan and run ----------------------------------------------------------------------

    def action_plan(self) -> None:
        """What it would do, and whether it shall."""
        key = self.chosen
        if key is None:
            return

        def draw(plan: CrawlPlan) -> None:
            # As it was planned, whatever became of its file meanwhile.
            self.app.push_screen(
                PlanScreen(plan), lambda yes: self._run(plan.settings) if yes else self.status("")
            )

        work = Apart(self.lake, partial(crawl_plan, key))
        planning = self.carry_out(
            "plan", f"planning crawler {key}", work.carry_out, draw, self._failed
        )
        planning.cancel = work.stop

    def action_run(self) -> None:
        """A run is approved by its plan."""
        self.action_plan()

    def _run(self, crawler: CrawlerSettings) -> None:
        work = Apart(self.lake, partial(crawl_run, crawler))
        self._under_way = self.carry_out(
            "run", f"crawler {crawler.name}", work.carry_out, self._ran, self._failed
        )
        self._under_way.cancel = work.stop

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

    # --- adding, changing, removing --------------------------------------------------------

    def action_add(self) -> None:
        def draw(connections: Sequence[str]) -> None:
            name = Field(
                "name", "Name", "movies", required=True, check=lambda t: checked_name("crawler", t)
            )
            fields = (name, *_fields(None, connections))
            self.fill_in(FormScreen("Add a crawler", fields, self._add, _add_command))

        self.ask("connections", self.lake.connections.names, draw)

    def _add(self, given: Values) -> object:
        return self.lake.crawlers.add(CrawlerSettings(name=given["name"], **self._read(given)))

    def on_listing_opened(self) -> None:
        self.action_change()

    def action_change(self) -> None:
        key = self.chosen
        if key is None:
            return
        crawlers, connections = self.lake.crawlers, self.lake.connections
        edited = Edited(crawlers.path(key), lambda: _fields(crawlers.get(key), connections.names()))
        self.edit(
            f"Change crawler {key}",
            edited,
            lambda given: crawlers.set(key, self._read(given)),
            lambda given, before: (
                *("crawler", "set", key),
                *set_options(changed(given, before, ("prefix",)), ("include", "exclude")),
            ),
        )

    def _read(self, given: Values) -> dict[str, Any]:
        return {
            "connection": self.lake.connections.get(given["connection"]).name,
            "database": given["database"].lower(),
            "include": listed(given["include"]),
            "exclude": listed(given["exclude"]),
            "prefix": given["prefix"],
            "on_change": given["on_change"] or ON_CHANGE[0],
            "on_delete": given["on_delete"] or ON_DELETE[0],
        }

    def action_remove(self) -> None:
        key = self.chosen
        if key is not None:
            note = f"its tables stay; $ {command_line('crawler', 'rm', key)}"
            self.remove_named(key, lambda: self.lake.crawlers.remove(key), note)


def _fields(crawler: CrawlerSettings | None, connections: Sequence[str]) -> tuple[Field, ...]:
    def now(name: str, otherwise: str = "") -> str:
        value = otherwise if crawler is None else getattr(crawler, name)
        return several(value) if isinstance(value, tuple) else value

    known = choice(*connections) if connections else str
    first = connections[0] if connections else ""
    return (
        Field("connection", "Connection", ", ".join(connections), now("connection", first), True, known),
        Field("database", "Database", "where its tables register", now("database"), True),
        Field("include", "Include", "movies/%  (several by blanks; empty takes everything)", now("include"), check=_includes),
        Field("exclude", "Exclude", "*_log {staff,store}", now("exclude"), check=_excludes),
        Field("prefix", "Prefix", "put before each table's name", now("prefix")),
        Field("on_change", "On change", " or ".join(ON_CHANGE), now("on_change", ON_CHANGE[0]), check=choice(*ON_CHANGE)),
        Field("on_delete", "On delete", " or ".join(ON_DELETE), now("on_delete", ON_DELETE[0]), check=choice(*ON_DELETE)),
    )  # fmt: skip


def _includes(text: str) -> None:
    for path in listed(text):
        include_path(path)


def _excludes(text: str) -> None:
    for pattern in listed(text):
        glob(pattern)


def _add_command(given: Values) -> Sequence[str]:
    words = options(
        connection=given["connection"] or "C",
        database=given["database"] or "D",
        include=listed(given["include"]),
        exclude=listed(given["exclude"]),
        prefix=given["prefix"],
        on_change=given["on_change"] if given["on_change"] != ON_CHANGE[0] else "",
        on_delete=given["on_delete"] if given["on_delete"] != ON_DELETE[0] else "",
    )
    return ("crawler", "add", given["name"] or "NAME", *words)
