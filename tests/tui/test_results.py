"""What is done with results: kept, compared, made into tables, inspected, found, copied; and how a
statement that takes parameters, is cancelled early, or dies is shown."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from consoles import FILM, FILMS, console, opened, settled, text_of, until
from fakes import Answer, FakeEngine, FakeRunning, batch, columns
from test_query import engine, run
from textual.pilot import Pilot
from textual.widgets import Input

from lakeshell.errors import ConnectionFailed
from lakeshell.lake import Lake
from lakeshell.model import QueryState
from lakeshell.ports import HistoryFilter
from lakeshell.tui.clipboard import LARGEST, sequence
from lakeshell.tui.screens.asking import LineScreen
from lakeshell.tui.screens.cell import CellScreen
from lakeshell.tui.screens.compare import CompareScreen
from lakeshell.tui.screens.form import FormScreen
from lakeshell.tui.screens.parameters import ParametersScreen
from lakeshell.tui.screens.saving import FileScreen
from lakeshell.tui.tabs import Tab, TabFile, Tabs
from lakeshell.tui.widgets.grid import ResultGrid
from lakeshell.tui.widgets.querytab import QueryTab


async def dialog(pilot: Pilot[None], kind: type) -> Any:
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()
    return pilot.app.screen


# --- parameters ----------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_parameters_are_asked_for_and_remembered(lake: Lake) -> None:
    answers = engine(lake)
    answers.answers["-- :low = 5\nSELECT ?   , ?     FROM film"] = Answer(
        FILM, [batch(FILM, *FILMS)]
    )
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "-- :low = 5\nSELECT :low, :name FROM film")
        await until(pilot, lambda: "asks for :low, :name when it runs" in text_of(pilot))
        await pilot.press("f5")
        screen = await dialog(pilot, ParametersScreen)
        assert screen.query_one("#parameter0", Input).value == "5"
        await pilot.press("enter", *"O'Neil")
        await until(pilot, lambda: "in SQL: 5, 'O''Neil'" in text_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "2 rows in" in text_of(pilot))
        assert answers.started[-1][2] == ("5", "'O''Neil'")
        record = lake.ledger.queries(HistoryFilter(limit=1))[0]
        assert record.sql == "-- :low = 5\nSELECT :low, :name FROM film"
        await pilot.press("f5")
        screen = await dialog(pilot, ParametersScreen)
        assert screen.query_one("#parameter1", Input).value == "O'Neil"
        count = len(answers.started)
        await pilot.press("escape")
        await settled(pilot)
        assert len(answers.started) == count
        kept = pilot.app.screen.query_one(QueryTab).state()
    assert kept.parameters == {"low": "5", "name": "O'Neil"}


# --- keeping -------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_query_is_saved_with_its_parameters(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT * FROM film WHERE length > :least")
        await pilot.press("ctrl+s")
        form = await dialog(pilot, FormScreen)
        for name, value in {
            "name": "long_films",
            "description": "Films of some length.",
            "parameter_least": "100",
        }.items():
            form.query_one(f"#{name}", Input).value = value
        await until(pilot, lambda: "saved save long_films" in text_of(pilot))
        await pilot.press("f5")
        await until(pilot, lambda: tab.tab_name == "long_films")
        text = lake.saved.read("primary", "long_films")
        assert text == (
            "-- Films of some length.\n-- :least = 100\nSELECT * FROM film WHERE length > :least\n"
        )
        assert [v.text for v in lake.ledger.versions("primary", "long_films")] == [text]
        # Again, which replaces what came from here.
        tab.editor.text = "SELECT * FROM film"
        await pilot.press("ctrl+s")
        await dialog(pilot, FormScreen)
        await pilot.press("f5")
        await until(pilot, lambda: len(lake.ledger.versions("primary", "long_films")) == 2)
        await settled(pilot)


@pytest.mark.asyncio
async def test_a_view_is_made_of_what_a_result_came_from(lake: Lake) -> None:
    answers = engine(lake)
    answers.answers["SELECT * FROM film -- all"] = Answer(FILM, [batch(FILM, *FILMS)])
    made = "CREATE VIEW raw.films AS\nSELECT * FROM film -- all"
    answers.answers[made] = Answer(update_type="CREATE VIEW")
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT * FROM film -- all")
        await run(pilot)
        await pilot.press("f4", "t")
        form = await dialog(pilot, FormScreen)
        form.query_one("#kind", Input).value = "dress"
        await until(pilot, lambda: "it must be table or view" in text_of(pilot))
        form.query_one("#kind", Input).value = "view"
        form.query_one("#name", Input).value = "raw.films"
        await pilot.press("f5")
        await until(pilot, lambda: len(tab.panes) == 2 and tab.at_rest)
        await settled(pilot)
        assert "CREATE VIEW" in text_of(pilot)
        assert tab.editor.text == "SELECT * FROM film -- all"
    assert answers.started[-1][0] == made


@pytest.mark.asyncio
async def test_a_kept_result_is_compared_with_the_next(lake: Lake) -> None:
    later = [(1, "Academy Dinosaur", 90, None), (3, "New", 1, None)]
    answers = engine(lake)
    answers.answers["SELECT later"] = Answer(FILM, [batch(FILM, *later)])
    async with console(lake).run_test(size=(120, 30)) as pilot:
        tab = await opened(pilot, "SELECT * FROM film;\nSELECT later")
        await run(pilot)
        await pilot.press("f4", "d")
        await until(pilot, lambda: "there is no other result yet" in text_of(pilot))
        await pilot.press("p")
        tab.editor.go_to(2, 3)
        await run(pilot)
        assert [pane.run.statement.text for pane in tab.panes] == [
            "SELECT * FROM film",
            "SELECT later",
        ]
        await pilot.press("alt+up", "d")
        screen = await dialog(pilot, CompareScreen)
        assert screen.query_one("#keys", Input).value == "film_id"
        await pilot.press("enter")
        await until(
            pilot, lambda: "1 changed, 1 only in 1, 1 only in 2, 0 the same" in text_of(pilot)
        )
        said = text_of(pilot)
        assert "differing columns: length, rate" in said
        assert "length (1)" in said
        # A comparison is a result: it sorts, filters and goes when something else runs.
        await pilot.press("slash")
        await dialog(pilot, LineScreen)
        await pilot.press(*"only", "enter")
        await until(pilot, lambda: "2 with 'only'" in text_of(pilot))
        await run(pilot)
        assert len(tab.results.panes) == 2


# --- looking -------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_nested_cell_is_a_tree_whose_parts_are_copied(lake: Lake) -> None:
    made = columns(who="row(name varchar, tags array(varchar))")
    answers = engine(lake)
    row = {"f0": "Ada [bold]", "f1": ["x", None]}
    answers.answers["SELECT nested"] = Answer(made, [batch(made, (row,))])
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT nested")
        await run(pilot)
        await pilot.press("f4", "enter")
        await dialog(pilot, CellScreen)
        await until(pilot, lambda: "name: Ada [bold]" in text_of(pilot))
        assert "tags  array of 2" in text_of(pilot)
        assert "[2]: NULL" in text_of(pilot)
        await pilot.press("down", "c")
        await until(pilot, lambda: pilot.app.clipboard == "Ada [bold]")
        await pilot.press("down", "down", "x")
        await until(pilot, lambda: pilot.app.clipboard == "who.tags[1]")
        await pilot.press("escape")


@pytest.mark.asyncio
async def test_rows_are_found_as_arranged(lake: Lake) -> None:
    rows = [(i, f"title {i % 7}", i, None) for i in range(300)]
    engine(lake).answers["SELECT many"] = Answer(FILM, [batch(FILM, *rows)])
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT many")
        await run(pilot)
        await pilot.press("f4", "n")
        await dialog(pilot, LineScreen)
        await pilot.press(*"title 3", "enter")
        grid = pilot.app.screen.query_one(ResultGrid)
        await until(pilot, lambda: grid.cursor == (3, 1))
        await pilot.press("n")
        await until(pilot, lambda: grid.cursor == (10, 1))
        assert "2 of 43 rows with 'title 3'" in text_of(pilot)
        await pilot.press("N", "N")
        await until(pilot, lambda: grid.cursor == (297, 1))
        await pilot.press("home", "s")
        await settled(pilot)
        await pilot.press("s")
        await settled(pilot)
        await pilot.press("n")
        await until(pilot, lambda: grid.cursor == (2, 1))
        await settled(pilot)


@pytest.mark.asyncio
async def test_what_is_copied_is_in_a_file_too(lake: Lake) -> None:
    file = lake.state / "console" / "copied.txt"
    wide = columns(text="varchar")
    engine(lake).answers["SELECT wide"] = Answer(wide, [batch(wide, ("x" * (LARGEST + 1),))])
    async with console(lake).run_test(size=(100, 24)) as pilot:
        await opened(pilot, "SELECT * FROM film")
        await run(pilot)
        await pilot.press("f4", "Y")
        await until(pilot, lambda: "copied (OSC 52), and in" in text_of(pilot))
        assert file.read_text().splitlines()[1] == "1\tAcademy Dinosaur\t86\t0.99"
        assert file.stat().st_mode & 0o077 == 0
        tab = pilot.app.screen.query_one(QueryTab)
        tab.editor.text = "SELECT wide"
        await run(pilot)
        await pilot.press("f4", "c")
        await until(pilot, lambda: "too much for a terminal's clipboard" in text_of(pilot))
        assert file.stat().st_size == LARGEST + 1


@pytest.mark.asyncio
async def test_rows_are_saved_safe_for_a_spreadsheet_and_over_a_file_when_asked_twice(
    lake: Lake, tmp_path: Path
) -> None:
    made = columns(**{"=name": "varchar", "amount": "integer"})
    engine(lake).answers["SELECT formula"] = Answer(made, [batch(made, ("=1+1", -1))])
    file = tmp_path / "rows.csv"
    file.write_text("of somebody else")
    async with console(lake).run_test(size=(100, 24)) as pilot:
        await opened(pilot, "SELECT formula")
        await run(pilot)
        await pilot.press("f4", "e")
        screen = await dialog(pilot, FileScreen)
        screen.query_one(Input).value = str(file)
        await pilot.press("tab", "tab", "space", "shift+tab", "shift+tab", "enter")
        await until(pilot, lambda: "is there already: Enter again replaces it" in text_of(pilot))
        assert file.read_text() == "of somebody else"
        await pilot.press("enter")
        await until(pilot, lambda: "1 rows are in" in text_of(pilot))
        assert file.read_text() == '"\'=name","amount"\n"\'=1+1","-1"\n'
        await pilot.press("e")
        screen = await dialog(pilot, FileScreen)
        screen.query_one(Input).value = str(tmp_path / "as it is.csv")
        await pilot.press("tab", "space", "shift+tab", "enter")
        await until(pilot, (tmp_path / "as it is.csv").exists)
        await settled(pilot)
    assert (tmp_path / "as it is.csv").read_text() == '"=1+1","-1"\n'


def test_screen_is_given_short_strings() -> None:
    assert sequence("a", {}) == "\x1b]52;c;YQ==\x07"
    made = sequence("a" * 2_000, {"STY": "1.pts"})
    assert made.startswith("\x1bP\x1b]52;c;")
    assert made.endswith("\x07\x1b\\")
    assert max(map(len, made.split("\x1b\\"))) < 768


# --- ends ----------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_rows_that_came_before_the_engine_died_stay(lake: Lake) -> None:
    answers = engine(lake)
    answers.answers["SELECT dies"] = Answer(
        FILM,
        [batch(FILM, *FILMS)],
        error=ConnectionFailed("Trino is gone", hint="lakeshell stack status"),
    )
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT dies")
        await run(pilot)
        said = text_of(pilot)
        assert "Academy Dinosaur" in said
        assert "2 rows came before that" in said
        assert "error: Trino is gone" in said
        assert "not all there are" in said
        await pilot.press("f4", "down", "right", "c")
        await until(pilot, lambda: pilot.app.clipboard == "Ace Goldfinger")
        await settled(pilot)
    assert lake.ledger.queries(HistoryFilter(limit=1))[0].state is QueryState.FAILED


class _Queued(FakeRunning):
    """A server that has the statement and does not plan it."""

    @property
    def columns(self) -> Any:
        assert self.cancelled.wait(20), "nobody cancelled it"
        self._check()

    @columns.setter
    def columns(self, value: Any) -> None:
        pass


class _Queueing(FakeEngine):
    def run(self, sql: str, session: Any, parameters: Any = (), *, tag: str = "") -> FakeRunning:
        self.running.append(_Queued(replace(self._answer(sql))))
        self.running[-1].progress.state = "queued"
        return self.running[-1]


@pytest.mark.asyncio
async def test_what_a_server_has_not_planned_yet_is_cancelled_there(lake: Lake) -> None:
    queueing = _Queueing(dict(engine(lake).answers))
    lake.__dict__["engine"] = queueing
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT * FROM film")
        await pilot.press("f5")
        await until(pilot, lambda: queueing.running and "queued" in text_of(pilot))
        await pilot.press("f7")
        await until(pilot, lambda: "CANCELLED after" in text_of(pilot))
        await settled(pilot)
    assert queueing.running[-1].cancelled.is_set()
    assert threading.active_count() < 20


# --- tabs ----------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_closed_tab_is_opened_again(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT precious")
        await pilot.press("ctrl+w")
        await until(pilot, lambda: tab.editor.text == "")
        await pilot.press("alt+t")
        await until(pilot, lambda: len(pilot.app.screen.query(QueryTab)) == 2)
        assert list(pilot.app.screen.query(QueryTab))[1].editor.text == "SELECT precious"
        await pilot.press("ctrl+w", "ctrl+q")
        await until(pilot, lambda: pilot.app._exit)
    kept = json.loads((lake.state / "console" / "tabs-1.json").read_text())
    assert [tab["sql"] for tab in kept["closed"]] == ["SELECT precious"]


@pytest.mark.asyncio
async def test_a_result_is_there_again_after_a_restart(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT * FROM film")
        await run(pilot)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: pilot.app._exit)
    id = lake.ledger.queries(HistoryFilter(limit=1))[0].id
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await pilot.press("alt+6")
        await until(pilot, lambda: f"the result of {id}" in text_of(pilot))
        await settled(pilot)
        count = len(engine(lake).started)
        await pilot.press("f4", "enter")
        await until(pilot, lambda: "Academy Dinosaur" in text_of(pilot))
        assert f"2 rows of {id}, as they were" in text_of(pilot)
        await pilot.press("right", "c")
        await until(pilot, lambda: pilot.app.clipboard == "Academy Dinosaur")
        await settled(pilot)
    assert len(engine(lake).started) == count


def test_a_file_of_tabs_that_cannot_be_read_is_put_aside(tmp_path: Path) -> None:
    file = TabFile(tmp_path)
    file.path.write_text('{"tabs": [{"name": "1", "sql": "SELECT 1", "later": 1}], "current": 0}')
    assert file.read().tabs == [Tab("1", "SELECT 1")]
    file.path.write_text("SELECT precious")
    assert file.read() == Tabs()
    assert (tmp_path / "tabs-1.unreadable").read_text() == "SELECT precious"


def test_the_newest_look_at_the_tabs_is_what_stays(tmp_path: Path) -> None:
    file = TabFile(tmp_path)
    early = file.turn()
    file.keep(Tabs([Tab("1", "new")]))
    file.keep(Tabs([Tab("1", "old")]), early)
    assert file.read().tabs[0].sql == "new"
