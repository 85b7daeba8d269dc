"""Making lakes for the console's tests, and waiting for what a console does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from fakes import Answer, FakeEngine, batch, columns
from textual.pilot import Pilot

from lakeshell.crawl.plan import CrawlerSettings
from lakeshell.definitions.connections import Connection
from lakeshell.etl.job import Job
from lakeshell.etl.script import propose_script
from lakeshell.lake import Lake
from lakeshell.model import (
    CatalogTable,
    Column,
    Database,
    QueryRecord,
    QueryState,
    RunRecord,
    TableKind,
    TableName,
)
from lakeshell.ports import HistoryFilter
from lakeshell.sql.datatypes import parse_type
from lakeshell.tui.app import Console
from lakeshell.tui.screens.query import QueryScreen
from lakeshell.tui.widgets.querytab import QueryTab
from lakeshell.workgroup import Workgroup

Prepare = Callable[[Pilot[None]], Awaitable[None]]
NOW = datetime(2026, 11, 24, 14, 3, 7, tzinfo=UTC)
FILM = columns(film_id="integer", title="varchar", length="smallint", rate="decimal(4,2)")
FILMS = [(1, "Academy Dinosaur", 86, Decimal("0.99")), (2, "Ace Goldfinger", 48, Decimal("4.99"))]


def console(lake: Lake, **given: Any) -> Console:
    return Console(lake, now=lambda: NOW, **given)


def filled_lake(lake: Lake) -> Lake:
    source = lake.folder / "movies.db"
    make_source(source)
    lake.connections.add(Connection("movies", "sqlite:///movies.db"))
    lake.crawlers.add(
        CrawlerSettings("movies", "movies", "movie_rental", ("movies/%",), ("*_log",))
    )
    lake.catalog.now = lambda: NOW  # type: ignore[attr-defined]
    lake.catalog.create_database(Database("movie_rental"))
    for name in ("movies_film", "movies_rental"):
        lake.catalog.put(
            CatalogTable(
                TableName("movie_rental", name),
                TableKind.SOURCE,
                tuple(Column(c.name, c.type, c.nullable, "", "INT") for c in FILM),
                {
                    "connectionName": "movies",
                    "sourceSchema": "movies",
                    "sourceTable": name.removeprefix("movies_"),
                    "classification": "sqlite",
                },
            )
        )
    remember(lake)
    engine = FakeEngine({"SELECT 1": one_row("_col0", 1)})
    engine.answers["SELECT * FROM film"] = Answer(FILM, [batch(FILM, *FILMS)], 2_048, 2_048)
    lake.__dict__["engine"] = engine
    return lake


SLOW = """SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a (x)
    CROSS JOIN UNNEST(sequence(1, 10000)) AS b (y) CROSS JOIN UNNEST(sequence(1, 10000)) AS c (z)
    WHERE x * y % 7 = z % 5"""
"""A statement that the embedded engine does not end while anybody waits."""
RUNNING = HistoryFilter(state=QueryState.RUNNING)


def sql_job(lake: Lake, script: str, **given: Any) -> Job:
    job = Job("build", "sql", lake.jobs.script_of("build", "sql"), **given)
    lake.jobs.add(job, script)
    return job


def loading_job(lake: Lake) -> Job:
    job = Job(
        "load_film",
        "arrow",
        lake.jobs.script_of("load_film", "arrow"),
        TableName("movie_rental", "movies_film"),
        TableName("raw", "film"),
    )
    assert job.source is not None
    lake.jobs.add(job, propose_script(job, lake.catalog.table(job.source).columns))
    return lake.jobs.get("load_film")


def make_source(path: Any) -> None:
    """A small source database with one table that a crawler leaves out."""
    import sqlite3

    db = sqlite3.connect(path)
    db.execute("CREATE TABLE film (film_id INT PRIMARY KEY, title TEXT, length INT)")
    db.execute("CREATE TABLE rental (rental_id INT PRIMARY KEY, film_id INT)")
    db.execute("CREATE TABLE film_log (at TEXT)")
    db.executemany("INSERT INTO film VALUES (?, ?, ?)", [(1, "Academy", 86), (2, "Ace", 48)])
    db.commit()
    db.close()


def one_row(name: str, value: int) -> Answer:
    made = (Column(name, parse_type("integer")),)
    return Answer(made, [batch(made, (value,))])


def remember(lake: Lake) -> None:
    """Two queries and a run of the day before, with fixed ids and figures."""
    for number, (state, sql, scanned) in enumerate(
        (
            (QueryState.FINISHED, "SELECT count(*) FROM raw.film", 5_242_880),
            (QueryState.FAILED, "SELECT nothing\nFROM raw.film", 0),
        )
    ):
        began = NOW - timedelta(days=1, minutes=number)
        lake.ledger.end(
            QueryRecord(
                id=f"20261123_14030{number}_00001_aaaaa",
                started=began,
                user="ada",
                workgroup="primary",
                source="lakeshell",
                database="raw",
                sql=sql,
                state=state,
                finished=began + timedelta(seconds=1),
                elapsed=1.25,
                scanned=scanned,
                rows=1 if state is QueryState.FINISHED else None,
                cost=Decimal("0.00005") if scanned else Decimal(0),
                error_code="" if scanned else "COLUMN_NOT_FOUND",
                error="" if scanned else "Column 'nothing' cannot be resolved",
                kind="SELECT",
            )
        )
    lake.ledger.end_run(
        RunRecord(
            id="20261123_120000_00001_bbbbb",
            kind="crawler",
            name="movies",
            started=NOW - timedelta(days=1, hours=2),
            user="ada",
            state=QueryState.FINISHED,
            finished=NOW - timedelta(days=1, hours=2),
            elapsed=0.75,
            cost=Decimal("0.0733"),
            detail="2 created, 1 excluded",
        )
    )


def spend(lake: Lake) -> None:
    """A query a day in a workgroup with budgets, up to the day before."""
    lake.workgroups.add(
        Workgroup("analysts", daily_budget=Decimal(5), monthly_budget=Decimal(20))
    )  # fmt: skip
    for day in range(1, 24):
        began = NOW.replace(day=day, hour=9)
        lake.ledger.end(
            QueryRecord(
                id=f"202611{day:02}_090000_00001_ccccc",
                started=began,
                user="bob" if day % 2 else "ada",
                workgroup="analysts",
                source="lakeshell",
                database="raw",
                sql=f"SELECT {day}",
                state=QueryState.FINISHED,
                finished=began,
                elapsed=2.0,
                scanned=2**36 * (day % 5 + 1),
                rows=1,
                cost=Decimal("0.3125") * (day % 5 + 1),
                kind="SELECT",
            )
        )


async def settled(pilot: Pilot[None]) -> None:
    """Until nothing runs in the background and everything that came back is drawn."""
    app = pilot.app
    assert isinstance(app, Console)
    quiet = 0
    last = time.monotonic() + 60
    while quiet < 4:
        assert time.monotonic() < last, f"it did not come to rest:\n{text_of(pilot)}"
        await pilot.pause()
        quiet = 0 if app.running else quiet + 1
        if app.running:
            await asyncio.sleep(0.01)


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    """Until `holds` gives something true: never for a time, but not for ever either."""
    last = time.monotonic() + 60
    while time.monotonic() < last:
        await pilot.pause()
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"it did not come to that:\n{text_of(pilot)}")


def text_of(pilot: Pilot[None]) -> str:
    """The screen as a person reads it."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def opened(pilot: Pilot[None], sql: str) -> QueryTab:
    """The query screen with `sql` in the tab that it shows."""
    await pilot.press("alt+6")
    await until(
        pilot, lambda: pilot.app.current_mode == "query" and pilot.app.screen.query(QueryTab)
    )
    await settled(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, QueryScreen)
    tab = screen.tab
    tab.editor.text = sql
    tab.editor.go_to(1, 1)
    await pilot.pause()
    return tab


def going(key: str, name: str, *keys: str) -> Prepare:
    """To a screen, and there some keys."""

    async def prepare(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press(f"alt+{key}")
        await until(pilot, lambda: pilot.app.current_mode == name)
        await settled(pilot)
        if keys:
            await pilot.press(*keys)
            await settled(pilot)

    return prepare
