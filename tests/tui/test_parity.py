"""What the commands do can be done in the console: each verb has its place, and what was missing works."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import click
import pyarrow.parquet as pq
import pytest
from consoles import FILM, console, settled, text_of, until
from textual.pilot import Pilot
from textual.widgets import Input

from lakeshell.cli.main import COMMANDS
from lakeshell.lake import Lake
from lakeshell.model import CatalogTable, Column, TableKind, TableName
from lakeshell.query.order import Order
from lakeshell.query.run import start_query
from lakeshell.sql.datatypes import parse_type
from lakeshell.tui.registry import BY_NAME
from lakeshell.tui.screens.asking import LineScreen, TextScreen, YesScreen
from lakeshell.tui.screens.form import FormScreen
from lakeshell.tui.screens.kept import KeptScreen
from lakeshell.tui.screens.pick import PickScreen
from lakeshell.tui.screens.saving import FileScreen
from lakeshell.tui.screens.versions import VersionsScreen

OF_THE_SHELL = {"completion", "ledger", "serve", "web"}
"""What only a shell has a use for: its words; processes without a terminal, one of which shows the
console itself; moving and mending the file that a console has open."""
PLACES = {
    "demo": "home",
    "init": "home make",
    "doctor": "home clean",
    "query": "query run",
    "cost": "cost",
    "history": "history search",
    "history show": "history",
    "history result": "history result",
    "history rerun": "history open",
    "history cancel": "history cancel",
    "history export": "history export_history",
    "history prune": "history prune",
    "saved list": "saved",
    "saved show": "saved versions",
    "saved run": "saved run",
    "saved save": "saved add",
    "saved rename": "saved rename",
    "saved rm": "saved remove",
    "saved log": "saved versions",
    "saved diff": "saved versions",
    "connection list": "connections",
    "connection show": "connections",
    "connection add": "connections add",
    "connection set": "connections change",
    "connection rm": "connections remove",
    "connection test": "connections test",
    "crawler list": "crawlers",
    "crawler show": "crawlers",
    "crawler add": "crawlers add",
    "crawler set": "crawlers change",
    "crawler rm": "crawlers remove",
    "crawler run": "crawlers plan",
    "crawler runs": "crawlers",
    "catalog databases": "catalog",
    "catalog tables": "catalog",
    "catalog show": "catalog",
    "catalog search": "catalog search",
    "catalog versions": "catalog versions",
    "catalog diff": "catalog versions",
    "catalog restore": "catalog versions",
    "catalog unlock": "catalog unlock",
    "catalog preview": "catalog preview",
    "catalog recreate-view": "catalog recreate",
    "job list": "jobs",
    "job show": "jobs",
    "job propose": "jobs propose",
    "job add": "jobs add",
    "job set": "jobs change",
    "job rm": "jobs remove",
    "job graph": "jobs flow",
    "job run": "jobs run_with",
    "job runs": "jobs logs",
    "job logs": "jobs logs",
    "workgroup list": "workgroups",
    "workgroup show": "workgroups",
    "workgroup add": "workgroups add",
    "workgroup set": "workgroups change",
    "workgroup rm": "workgroups remove",
    "workgroup events": "workgroups",
    "workgroup apply": "workgroups apply",
    "stack up": "stack up",
    "stack down": "stack down",
    "stack start": "stack start",
    "stack stop": "stack stop",
    "stack status": "stack",
    "stack logs": "stack logs",
    "stack backup": "stack backup",
    "stack restore": "stack restore",
}


def verbs() -> set[str]:
    found: set[str] = set()
    for name in set(COMMANDS) - OF_THE_SHELL:
        command = importlib.import_module(f"lakeshell.cli.{name}").command
        if isinstance(command, click.Group):
            # One that is hidden does nothing but say what to do instead.
            found |= {f"{name} {verb}" for verb, its in command.commands.items() if not its.hidden}
            found |= {name} if command.invoke_without_command else set()
        else:
            found.add(name)
    return found


def test_every_verb_has_its_place() -> None:
    assert verbs() == set(PLACES)


@pytest.mark.parametrize("verb", PLACES)
def test_that_place_is_there_by_a_key(verb: str) -> None:
    noun, _, action = PLACES[verb].partition(" ")
    module, _, name = BY_NAME[noun].place.partition(":")
    screen = getattr(importlib.import_module(f"lakeshell.tui.screens.{module}"), name)
    assert not action or hasattr(screen, f"action_{action}")
    assert not action or any(b.action.partition("(")[0] == action for b in screen.BINDINGS)


async def opened(pilot: Pilot[None], key: str, name: str) -> None:
    await pilot.press(f"alt+{key}")
    await until(pilot, lambda: pilot.app.current_mode == name)
    await settled(pilot)


@pytest.mark.asyncio
async def test_a_tables_versions_are_compared_and_one_restored(lake: Lake) -> None:
    name = TableName("movie_rental", "movies_film")
    table: CatalogTable = lake.catalog.table(name)
    note = Column("note", parse_type("varchar"))
    lake.catalog.put(dataclasses.replace(table, columns=(*table.columns, note)))
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "4", "catalog")
        await pilot.press("down", "V")
        await until(pilot, lambda: isinstance(pilot.app.screen, VersionsScreen))
        await until(pilot, lambda: "column note varchar" in " ".join(text_of(pilot).split()))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, YesScreen))
        await pilot.pause()
        assert "lakeshell catalog restore movie_rental.movies_film 1" in text_of(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "is at version 3" in text_of(pilot))
        await settled(pilot)
    assert lake.catalog.table(name).columns == table.columns
    assert lake.catalog.table(name).kind is TableKind.SOURCE


@pytest.mark.asyncio
async def test_a_kept_result_is_looked_at_and_the_history_saved_and_forgotten(
    lake: Lake, home: Path
) -> None:
    with start_query(Order("SELECT * FROM film"), lake.session(), lake.services) as query:
        assert sum(b.num_rows for b in query.batches()) == 2
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "7", "history")
        screen = pilot.app.screen
        screen.listing.choose(query.record.id)  # type: ignore[attr-defined]
        await settled(pilot)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(pilot.app.screen, KeptScreen))
        await until(pilot, lambda: "Academy Dinosaur" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)

        screen.query_one("#search", Input).value = "state:failed"
        await until(pilot, lambda: "count(*)" not in text_of(pilot))
        await pilot.press("E")
        await until(pilot, lambda: isinstance(pilot.app.screen, FileScreen))
        pilot.app.screen.query_one(Input).value = str(home / "failed.parquet")
        await pilot.press("enter")
        await until(pilot, (home / "failed.parquet").exists)
        await settled(pilot)

        await pilot.press("P")
        await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
        pilot.app.screen.query_one(Input).value = "12h"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, YesScreen))
        await pilot.press("y")
        await until(pilot, lambda: "forgot 2 queries" in text_of(pilot))
        await settled(pilot)
    written = pq.read_table(home / "failed.parquet")
    assert written.column("sql").to_pylist() == ["SELECT nothing\nFROM raw.film"]
    assert [column.name for column in FILM]


@pytest.mark.asyncio
async def test_the_log_of_an_older_run_is_read(lake: Lake) -> None:
    from lakeshell.etl.job import Job
    from lakeshell.etl.run import run_job
    from lakeshell.tui.background import Task, TaskReporter

    job = Job("build", "sql", lake.jobs.script_of("build", "sql"))
    lake.jobs.add(job, "SELECT 1")
    async with console(lake).run_test(size=(120, 30)) as pilot:
        reporter = TaskReporter(Task(0, "x"), pilot.app)
        first = run_job(job, lake.workshop, {}, reporter)
        job.script.write_text("SELECT * FROM film")
        run_job(job, lake.workshop, {}, reporter)
        await opened(pilot, "5", "jobs")
        await pilot.press("L")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickScreen))
        await settled(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        await settled(pilot)
        assert f"Log of run {first.id}" in text_of(pilot)
        assert "statement 1 of 1, SELECT: 1 row in" in text_of(pilot)
        await pilot.press("escape")


@pytest.mark.asyncio
async def test_another_lake_is_made_and_files_are_cleaned_away(lake: Lake, home: Path) -> None:
    async with console(lake).run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        form = pilot.app.screen
        form.query_one("#folder", Input).value = str(home / "other")
        form.query_one("#kind", Input).value = "trino"
        await pilot.press("f5")
        await until(pilot, lambda: "a Trino alone is no lake" in text_of(pilot))
        form.query_one("#kind", Input).value = "stack"
        await settled(pilot)
        command = f"lakeshell init {home / 'other'} --stack"
        # A long one goes on in the next line of its box.
        assert re.sub(r"[\s│]", "", command) in re.sub(r"[\s│]", "", text_of(pilot))
        await pilot.press("f5")
        await until(pilot, lambda: pilot.app.screen is not form)
        await settled(pilot)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, YesScreen))
        await pilot.press("y")
        await until(pilot, lambda: "removed 0 files" in text_of(pilot))
        await settled(pilot)
    with Lake(home / "other", {"LAKESHELL_USER": "ada"}) as made:
        assert made.settings.engine == "trino"
