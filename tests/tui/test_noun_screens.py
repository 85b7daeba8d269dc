"""Connections, crawlers, catalog, jobs, history, workgroups, cost: each flow by its keys."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from consoles import FILM, FILMS, RUNNING, SLOW, console, settled, spend, sql_job, text_of, until
from fakes import Answer, FakeEngine, batch, columns
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input, Static, Tree

from lakeshell.definitions.connections import Connection
from lakeshell.lake import Lake
from lakeshell.model import CatalogTable, QueryState, TableKind, TableName
from lakeshell.ports import HistoryFilter
from lakeshell.query.order import Order
from lakeshell.query.run import run_query
from lakeshell.tui.screens.asking import LineScreen, TextScreen
from lakeshell.tui.screens.connections import ConnectionsScreen
from lakeshell.tui.screens.form import FormScreen
from lakeshell.tui.screens.history import parse_filter
from lakeshell.tui.screens.jobs import JobsScreen
from lakeshell.tui.screens.plan import PlanScreen
from lakeshell.tui.screens.saving import FileScreen
from lakeshell.tui.widgets.listing import Listing
from lakeshell.tui.widgets.querytab import QueryTab
from lakeshell.tui.widgets.sheet import Sheet


async def opened(pilot: Pilot[None], key: str, name: str) -> None:
    await pilot.press(f"alt+{key}")
    await until(pilot, lambda: pilot.app.current_mode == name)
    await settled(pilot)


async def fill(pilot: Pilot[None], **fields: str) -> FormScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
    form = pilot.app.screen
    assert isinstance(form, FormScreen)
    for name, value in fields.items():
        form.query_one(f"#{name}", Input).value = value
    await settled(pilot)
    return form


@pytest.mark.asyncio
async def test_a_connection_is_added_by_its_form_and_tested(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lake.folder)
    async with console(lake).run_test(size=(100, 30)) as pilot:
        await opened(pilot, "2", "connections")
        await pilot.press("a")
        form = await fill(pilot, name="shop", url="nonsense")
        assert "is not the address of a source" in text_of(pilot)
        await pilot.press("f5")
        await settled(pilot)
        assert pilot.app.screen is form
        await fill(pilot, url="sqlite:///movies.db", comment="the shop's own")
        assert "$ lakeshell connection add shop sqlite:///movies.db" in text_of(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: pilot.app.screen is not form)
        await settled(pilot)
        assert lake.connections.get("shop").comment == "the shop's own"
        await pilot.press("t")
        await settled(pilot)
        assert "shop: every stage of connecting" in text_of(pilot)


@pytest.mark.asyncio
async def test_a_new_connection_asks_for_the_restart_of_trino_once_its_form_is_gone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lake, "trino_has", lambda self, scheme: scheme == "mysql")
    async with console(lake).run_test(size=(100, 30)) as pilot:
        await opened(pilot, "2", "connections")
        await pilot.press("a")
        await fill(pilot, name="shop", url="mysql://root@127.0.0.1:3306/shop")
        await pilot.press("f5")
        await until(pilot, lambda: "Restart Trino, for it" in text_of(pilot))
        await pilot.press("n")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        await settled(pilot)
        assert "Add a connection" not in text_of(pilot)
        await pilot.press("f2")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 1, "it is asked once"


@pytest.mark.asyncio
async def test_a_connection_that_fails_its_test_says_why(lake: Lake) -> None:
    (lake.folder / "movies.db").unlink()
    async with console(lake).run_test(size=(100, 30)) as pilot:
        await opened(pilot, "2", "connections")
        await pilot.press("t")
        await settled(pilot)
        assert "error:" in text_of(pilot)


@pytest.mark.asyncio
async def test_what_a_test_found_stands_beside_its_connection_alone(lake: Lake) -> None:
    (lake.folder / "gone.db").write_bytes(b"")
    lake.connections.add(Connection("gone", "sqlite:///gone.db"))
    (lake.folder / "gone.db").unlink()
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "2", "connections")
        screen = pilot.app.screen
        assert isinstance(screen, ConnectionsScreen)
        sheet = screen.query_one(Sheet)

        def beside() -> str:
            return str(sheet.query_one(Static).content)

        await pilot.press("home", "t")
        await until(pilot, lambda: "error: " in beside())
        assert "gone.db" in beside()
        await settled(pilot)
        may_end = threading.Event()
        stages = screen._stages

        def slow(key: str) -> Sequence[tuple[str, str]]:
            assert may_end.wait(60)
            return stages(key)

        screen._stages = slow  # type: ignore[method-assign]
        await pilot.press("end", "t", "home")
        await until(pilot, lambda: screen.chosen == "gone" and "gone.db" in beside())
        may_end.set()
        await until(pilot, lambda: "movies answers" in text_of(pilot))
        await settled(pilot)
        assert "every stage" not in beside()
        await pilot.press("end")
        await until(pilot, lambda: screen.chosen == "movies")
        await settled(pilot)
        await pilot.press("t")
        await until(pilot, lambda: "movies: every stage of connecting" in beside())
        await settled(pilot)


@pytest.mark.asyncio
async def test_a_crawl_is_planned_approved_and_run(lake: Lake) -> None:
    for name in ("movies_film", "movies_rental"):
        lake.catalog.drop(TableName("movie_rental", name))
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "3", "crawlers")
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen))
        await pilot.pause()
        assert "2 created, 1 excluded" in text_of(pilot)
        assert "exclude pattern *_log" in text_of(pilot)
        await pilot.press("n")
        await settled(pilot)
        assert not lake.catalog.tables("movie_rental")
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen))
        await pilot.press("y")
        await until(pilot, lambda: lake.ledger.runs("crawler", "movies")[0].id > "20261124")
        await settled(pilot)
        assert "  movies_film" in text_of(pilot)
    assert len(lake.catalog.tables("movie_rental")) == 2


@pytest.mark.asyncio
async def test_a_plan_says_why_in_a_small_window(lake: Lake) -> None:
    long = "a_table_whose_name_leaves_little_room_beside_it"
    with closing(sqlite3.connect(lake.folder / "movies.db")) as source:
        source.execute(f"CREATE TABLE {long}_log (id INT)")
        source.execute(f"CREATE TABLE {long} (id INT)")
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "3", "crawlers")
        await pilot.press("p")
        await until(pilot, lambda: "movies_film" in text_of(pilot))
        said = text_of(pilot)
        assert "would be: 1 created" in said
        assert "2 excluded, in movie_rental" in said
        assert said.count("movie_rental") == 1, "the database is named once"
        assert said.count("exclude pattern") == 2
        assert not pilot.app.screen.query_one(Sheet).show_horizontal_scrollbar
        await pilot.resize_terminal(160, 40)
        await until(pilot, lambda: "columns" in text_of(pilot))


@pytest.mark.asyncio
async def test_a_crawler_is_added_with_its_patterns(lake: Lake) -> None:
    async with console(lake).run_test(size=(160, 30)) as pilot:
        await opened(pilot, "3", "crawlers")
        await pilot.press("a")
        form = await fill(pilot, name="all", database="Raw", exclude="*_log {a,b")
        assert "has a { without its }" in text_of(pilot)
        await fill(pilot, exclude="*_log tmp_*", include="movies/%")
        typed = str(form.query_one("#command", Static).content)
        assert "--include movies/% --exclude '*_log' --exclude 'tmp_*'" in typed
        await pilot.press("f5")
        await until(pilot, lambda: pilot.app.screen is not form)
        await settled(pilot)
    made = lake.crawlers.get("all")
    assert (made.database, made.include, made.exclude) == ("raw", ("movies/%",), ("*_log", "tmp_*"))


@pytest.mark.asyncio
async def test_the_catalog_opens_by_database_and_shows_a_table(lake: Lake) -> None:
    engine = lake.engine
    assert isinstance(engine, FakeEngine)
    ddl = columns(**{"Create Table": "varchar"})
    made = "CREATE TABLE lake.movie_rental.movies_film (\n   film_id integer\n)"
    engine.answers["SHOW CREATE TABLE movie_rental.movies_film"] = Answer(
        ddl, [batch(ddl, (made,))]
    )
    engine.answers["SELECT * FROM movie_rental.movies_film LIMIT 20"] = Answer(
        FILM, [batch(FILM, *FILMS)]
    )
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "4", "catalog")
        await pilot.press("down")
        await settled(pilot)
        await until(pilot, lambda: "film_id" in text_of(pilot))
        assert "decimal(4,2)" in text_of(pilot)
        await pilot.press("d")
        await until(pilot, lambda: "CREATE TABLE lake.movie_rental" in text_of(pilot))
        await settled(pilot)
        await pilot.press("v")
        await until(pilot, lambda: "Ace Goldfinger" in text_of(pilot))
        await settled(pilot)
        await pilot.press("o")
        await until(pilot, lambda: pilot.app.current_mode == "query")
        await until(
            pilot,
            lambda: any(
                t.is_whole and t.editor.text.startswith("SELECT * FROM movie_rental.movies_film")
                for t in pilot.app.screen.query(QueryTab)
            ),
        )
        await settled(pilot)


@pytest.mark.asyncio
async def test_the_catalog_is_searched_by_table_and_column(lake: Lake) -> None:
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "4", "catalog")
        await pilot.press("slash", *"rental")
        await until(pilot, lambda: "2 found" in text_of(pilot))
        pilot.app.screen.query_one("#search", Input).value = "title"
        await until(pilot, lambda: "movie_rental.movies_film  (title)" in text_of(pilot))
        await until(
            pilot, lambda: "lakeshell catalog show movie_rental.movies_film" in text_of(pilot)
        )
        pilot.app.screen.query_one("#search", Input).value = ""
        await until(pilot, lambda: "movie_rental  (2)" in text_of(pilot))
        await settled(pilot)


@pytest.mark.asyncio
async def test_a_word_is_searched_for_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakeshell.tui.screens.catalog._PAUSE", 2.0)
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "4", "catalog")
        await pilot.press("slash", *"rental")
        await until(pilot, lambda: "2 found" in text_of(pilot))
        screen: Any = pilot.app.screen
        assert screen._searches == 1


@pytest.mark.asyncio
async def test_what_is_sought_before_the_catalog_is_read_is_found_once_it_is(lake: Lake) -> None:
    held, more = _Listing(lake.catalog, []), threading.Event()
    lake.__dict__["catalog"] = held
    names = held.names_by_database

    def late() -> dict[str, list[str]]:
        assert more.wait(60)
        return names()

    held.names_by_database = late  # type: ignore[method-assign]
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: "reading the catalog" in text_of(pilot))
        await pilot.press("slash", *"movies_film")
        more.set()
        await until(pilot, lambda: "movie_rental.movies_film" in text_of(pilot))
        await until(pilot, lambda: "1 found" in text_of(pilot))
        await settled(pilot)
        # Another one by now, above what is chosen.
        held._more.append(CatalogTable(TableName("a", "movies_film"), TableKind.SOURCE, FILM))
        await pilot.press("f2")
        await until(pilot, lambda: "2 found" in text_of(pilot))
        assert pilot.app.screen.chosen == TableName("movie_rental", "movies_film")  # type: ignore[attr-defined]
        await settled(pilot)


@pytest.mark.asyncio
async def test_an_empty_catalog_says_what_fills_it(empty_lake: Lake) -> None:
    async with console(empty_lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "4", "catalog")
        assert "the catalog is empty: a crawler fills it" in text_of(pilot)


@pytest.mark.asyncio
async def test_a_huge_database_is_not_drawn_whole(lake: Lake) -> None:
    catalog = lake.catalog
    many = [
        CatalogTable(TableName("big", f"t{i:05d}"), TableKind.SOURCE, FILM) for i in range(5_000)
    ]
    lake.__dict__["catalog"] = _Listing(catalog, many)
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "4", "catalog")
        tree = pilot.app.screen.query_one(Tree)
        assert sum(len(node.children) for node in tree.root.children) == 0
        await until(pilot, lambda: "big  (5,000)" in text_of(pilot))
        tree.root.children[-1].expand()
        database = tree.root.children[-1]
        await until(pilot, lambda: len(database.children) == 501)
        await settled(pilot)
        tree.cursor_line = database.children[-1].line
        await pilot.press("enter")
        await until(pilot, lambda: len(database.children) == 1_001)
        assert "4,000 more" in str(database.children[-1].label)
        await settled(pilot)


class _Listing:
    """A catalog that also lists tables which are not there to be opened."""

    def __init__(self, catalog: object, tables: list[CatalogTable]) -> None:
        self._catalog, self._more = catalog, tables

    def tables(self, database: str | None = None) -> list[CatalogTable]:
        more = [t for t in self._more if database in (None, t.name.database)]
        return [*self._catalog.tables(database), *more]  # type: ignore[attr-defined]

    def names(self, database: str | None = None) -> list[TableName]:
        return [table.name for table in self.tables(database)]

    def names_by_database(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.names():
            found.setdefault(name.database, []).append(name.table)
        return found

    def __getattr__(self, name: str) -> object:
        return getattr(self._catalog, name)


@pytest.mark.asyncio
async def test_a_job_is_proposed_and_shows_its_mapping_and_script(lake: Lake) -> None:
    async with console(lake).run_test(size=(160, 40)) as pilot:
        await opened(pilot, "5", "jobs")
        await pilot.press("a")
        form = await fill(pilot, name="load_film", source="movie_rental", target="raw.film")
        assert "is not a table" in text_of(pilot)
        await fill(pilot, source="movie_rental.movies_film")
        assert (
            "$ lakeshell job propose load_film --source movie_rental.movies_film --target raw.film"
            in text_of(pilot)
        )
        await pilot.press("f5")
        await until(pilot, lambda: pilot.app.screen is not form)
        await settled(pilot)
        said = text_of(pilot)
    assert "Mapping" in said
    assert "->  length" in said
    assert lake.jobs.get("load_film").target == TableName("raw", "film")


@pytest.mark.asyncio
async def test_a_job_runs_and_its_log_can_be_read(lake: Lake) -> None:
    sql_job(lake, "SELECT 1;\nSELECT * FROM (VALUES 1, 2)")
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "5", "jobs")
        await pilot.press("r")
        await until(pilot, lambda: lake.ledger.runs("job", "build"))
        await settled(pilot)
        assert lake.ledger.runs("job", "build")[0].state is QueryState.FINISHED
        assert "FINISHED" in text_of(pilot)
        await pilot.press("l")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert "statement 2 of 2, SELECT: 2 rows" in text_of(pilot)
        await pilot.press("escape")


@pytest.mark.asyncio
async def test_a_running_job_is_stopped_and_the_console_asks_before_it_leaves(lake: Lake) -> None:
    from lakeshell.tui.screens.leave import LeaveScreen

    sql_job(lake, SLOW)
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "5", "jobs")
        await pilot.press("r")
        await until(pilot, lambda: "x stops it" in text_of(pilot))
        await until(pilot, lambda: lake.ledger.queries(RUNNING))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(pilot.app.screen, LeaveScreen))
        assert "job build" in text_of(pilot)
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(pilot.app.screen, LeaveScreen))
        await pilot.press("x")
        await settled(pilot)
        assert "stopped" in text_of(pilot) or "interrupted" in text_of(pilot)
    assert lake.ledger.runs("job", "build")[0].state is QueryState.CANCELLED
    assert not lake.ledger.queries(RUNNING)


@pytest.mark.asyncio
async def test_a_running_job_is_looked_at_only_where_it_is_seen(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql_job(lake, SLOW)
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "5", "jobs")
        await pilot.press("r")
        await until(pilot, lambda: lake.ledger.queries(RUNNING))
        jobs = pilot.app.screen
        assert isinstance(jobs, JobsScreen)
        looks: list[str] = []
        monkeypatch.setattr(jobs, "look_closer", lambda: looks.append(pilot.app.current_mode))
        jobs._tick()
        assert looks == ["jobs"]
        await pilot.press("alt+6")
        await until(pilot, lambda: pilot.app.current_mode == "query")
        jobs._tick()
        assert set(looks) == {"jobs"}
        await pilot.press("alt+5")
        await until(pilot, lambda: pilot.app.current_mode == "jobs")
        await pilot.press("x")
        await settled(pilot)


@pytest.mark.asyncio
async def test_history_is_searched_and_a_query_opened_again(lake: Lake) -> None:
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "7", "history")
        assert "SELECT nothing FROM raw.film" in text_of(pilot)
        await pilot.press("slash", *"state:failed")
        await until(pilot, lambda: "count(*)" not in text_of(pilot))
        assert "COLUMN_NOT_FOUND Column 'nothing' cannot be resolved" in text_of(pilot)
        await pilot.press("enter", "o")
        await until(
            pilot,
            lambda: (
                pilot.app.current_mode == "query"
                and any(
                    tab.is_whole and tab.editor.text == "SELECT nothing\nFROM raw.film"
                    for tab in pilot.app.screen.query(QueryTab)
                )
            ),
        )
        await settled(pilot)


@pytest.mark.asyncio
async def test_a_kept_result_is_saved_from_the_history(lake: Lake, home: Path) -> None:
    from lakeshell.query.order import Order
    from lakeshell.query.run import start_query

    with start_query(Order("SELECT * FROM film"), lake.session(), lake.services) as query:
        assert sum(b.num_rows for b in query.batches()) == 2
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "7", "history")
        pilot.app.screen.query_one("#list", Listing).choose(query.record.id)
        await settled(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, FileScreen))
        pilot.app.screen.query_one(Input).value = str(home / "kept.json")
        await pilot.press("enter")
        await until(pilot, (home / "kept.json").exists)
        await settled(pilot)
    first = json.loads((home / "kept.json").read_text().splitlines()[0])
    assert first["title"] == "Academy Dinosaur"


def test_words_narrow_the_history() -> None:
    assert parse_filter("state:failed user:ada FROM film") == HistoryFilter(
        user="ada", state=QueryState.FAILED, contains="FROM film", limit=500
    )
    assert parse_filter("a state:nonsense").contains == "a"


@pytest.mark.asyncio
async def test_a_workgroup_is_added_changed_and_removed(lake: Lake) -> None:
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "8", "workgroups")
        await pilot.press("a")
        form = await fill(pilot, name="analysts", scan_limit="ten")
        assert "a size such as" in text_of(pilot)
        await fill(pilot, scan_limit="10MB", members="ada bob")
        assert "--scan-limit 10MB --member ada --member bob" in text_of(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: pilot.app.screen is not form)
        await settled(pilot)
        assert lake.workgroups.get("analysts").members == ("ada", "bob")
        await until(pilot, lambda: "lakeshell query -w analysts -e SQL" in text_of(pilot))
        await settled(pilot)
        await pilot.press("c")
        form = await fill(pilot, scan_limit="", daily_budget="5")
        assert "workgroup set analysts --scan-limit none --daily-budget 5" in text_of(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: pilot.app.screen is not form)
        await settled(pilot)
        changed = lake.workgroups.get("analysts")
        assert (changed.scan_limit, str(changed.daily_budget), changed.members) == (
            None,
            "5",
            ("ada", "bob"),
        )
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
        await pilot.press(*"analysts", "enter")
        await until(pilot, lambda: "analysts" not in lake.workgroups.names())
        await settled(pilot)


@pytest.mark.asyncio
async def test_cost_of_a_month_by_each_group(lake: Lake) -> None:
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "9", "cost")
        said = text_of(pilot)
        assert "2026-11 by workgroup: 0.0734 USD so far, 0.0933 projected" in said
        assert "primary  query" in said
        await pilot.press("b", "b")
        await until(pilot, lambda: "by day" in text_of(pilot))
        await settled(pilot)
        assert "2026-11-23" in text_of(pilot)
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "2026-10 by day: nothing was spent" in text_of(pilot))
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: "2026-11 by day" in text_of(pilot))
        await settled(pilot)


@pytest.mark.asyncio
async def test_cost_on_aws_and_budgets_take_turns_beside_the_listing(lake: Lake) -> None:
    spend(lake)
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "9", "cost")
        first = text_of(pilot)
        assert "Cost of 2026-11 by day" in first
        assert "on AWS 21.6359" in first
        assert "Budgets" not in first
        await pilot.press("v")
        await settled(pilot)
        said = text_of(pilot)
        assert "On AWS 21.64 USD, self-hosted 0.00012 USD" in said
        assert "Cost of 2026-11 by day" not in said
        await pilot.press("v")
        await settled(pilot)
        budgets = [line.split() for line in text_of(pilot).splitlines() if "of 20.00" in line]
        assert budgets[0][:2] == ["analysts", "monthly"]
        assert budgets[0][-2:] == ["stops", "queries"]
        await pilot.press("v")
        await settled(pilot)
        assert "Cost of 2026-11 by day" in text_of(pilot)


@pytest.mark.asyncio
async def test_cost_in_a_wide_window_shows_all_at_once(lake: Lake) -> None:
    spend(lake)
    async with console(lake).run_test(size=(200, 50)) as pilot:
        await opened(pilot, "9", "cost")
        said = text_of(pilot)
        for part in ("Cost of 2026-11 by day", "On AWS 21.64 USD", "stops queries"):
            assert part in said


@pytest.mark.asyncio
async def test_what_the_cost_screen_shows_goes_to_files(lake: Lake) -> None:
    spend(lake)
    place = lake.folder
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "9", "cost")
        for keys, name, holds in (
            (("e",), "usage.csv", '"analysts","query","23"'),
            (("v", "e"), "aws.csv", '"total","","","21.63585","21.5625476837","0.0733333333"'),
            (("v", "e"), "budgets.csv", '"analysts","monthly","20.00","21.5625"'),
            (("p",), "cost.svg", "<svg "),
        ):
            await pilot.press(*keys)
            await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
            pilot.app.screen.query_one(Input).value = str(place / name)
            await pilot.press("enter")
            await until(pilot, lambda name=name: (place / name).exists())
            await settled(pilot)
            assert holds in (place / name).read_text()


@pytest.mark.asyncio
async def test_a_stale_view_is_shown_and_made_again(lake: Lake) -> None:
    del lake.__dict__["engine"]
    session = lake.session()
    for sql in (
        "CREATE SCHEMA mart",
        "CREATE TABLE mart.base AS SELECT 1 AS a",
        "CREATE VIEW mart.v AS SELECT * FROM mart.base",
        "ALTER TABLE mart.base ADD COLUMN b bigint",
    ):
        run_query(Order(sql), session, lake.services)
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "4", "catalog")
        tree = pilot.app.screen.query_one(Tree)
        node = next(n for n in tree.root.children if n.data and n.data.database == "mart")
        node.expand()
        await until(pilot, lambda: len(node.children) == 2)
        tree.move_cursor(node.children[1])
        await until(pilot, lambda: "r makes it again" in text_of(pilot))
        await pilot.press("r")
        await until(pilot, lambda: "made again: 2 columns" in text_of(pilot))
        await settled(pilot)
        assert "r makes it again" not in text_of(pilot)
    assert len(lake.catalog.table(TableName("mart", "v")).columns) == 2


@pytest.mark.asyncio
@pytest.mark.parametrize(("key", "name"), [("4", "catalog"), ("7", "history")])
async def test_what_is_typed_right_after_the_key_of_the_search_is_searched(
    lake: Lake, key: str, name: str
) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, key, name)
        # As a terminal hands over what was typed ahead; o, v and x are keys of these screens.
        for letter in ("slash", *"ov", "slash", "x"):
            pilot.app.post_message(Key(letter, letter if len(letter) == 1 else "/"))
        search = pilot.app.screen.query_one("#search", Input)
        await until(pilot, lambda: search.value == "ov/x")
        for letter in (*["backspace"] * 4, "enter", "q", "z"):
            pilot.app.post_message(Key(letter, letter if len(letter) == 1 else None))
        await until(pilot, lambda: search.value == "" and pilot.app.focused is not search)
        await settled(pilot)
        assert pilot.app.current_mode == name
