"""The first screen: what it says of a lake, and where it leads."""

from __future__ import annotations

import dataclasses
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from consoles import NOW, console, settled, text_of, until

from lakeshell.lake import Lake
from lakeshell.model import QueryState
from lakeshell.overview import overview
from lakeshell.ports import HistoryFilter
from lakeshell.tui.screens.demo import DemoScreen


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_home_says_what_the_lake_is_and_how_it_is(lake: Lake, size: tuple[int, int]) -> None:
    async with console(lake).run_test(size=size) as pilot:
        await settled(pilot)
        said = text_of(pilot)
        await until(pilot, lambda: "checking" not in text_of(pilot))
        assert "checks: " in text_of(pilot)
    assert "~/lake" in said
    assert "1 connection, 1 crawler, 0 jobs, 1 database, 2 tables" in said
    assert "this month 0.0734 USD" in said
    assert "FAILED            0 B SELECT nothing FROM raw.film" in said
    assert "crawler movies: 2 created, 1 excluded" in said


@pytest.mark.asyncio
async def test_a_part_that_is_broken_is_named_with_what_mends_it(lake: Lake) -> None:
    (lake.folder / "movies.db").unlink()
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "FAILED source movies" in text_of(pilot))


@pytest.mark.asyncio
async def test_a_failed_run_is_the_first_advice(lake: Lake) -> None:
    last = lake.ledger.runs("crawler", "movies", 1)[0]
    lake.ledger.end_run(
        dataclasses.replace(last, state=QueryState.FAILED, error="the source is gone")
    )
    async with console(lake).run_test(size=(200, 30)) as pilot:
        await settled(pilot)
        assert "Crawler movies failed: the source is gone  lakeshell crawler run movies" in text_of(
            pilot
        )


@pytest.mark.asyncio
async def test_a_larger_window_shows_more_of_what_ran_last(lake: Lake) -> None:
    query = lake.ledger.queries(HistoryFilter(limit=1))[0]
    run = lake.ledger.runs("crawler", "movies", 1)[0]
    for number in range(30):
        began = NOW - timedelta(minutes=number)
        lake.ledger.end(
            dataclasses.replace(query, id=f"q{number:02}", started=began, sql=f"SELECT {number:02}")
        )
        lake.ledger.end_run(
            dataclasses.replace(run, id=f"r{number:02}", started=began, name=f"n{number:02}")
        )

    def shown(lines: int) -> bool:
        said = text_of(pilot)
        counts = (said.count("FINISHED") - said.count("crawler n"), said.count("crawler n"))
        return counts == (lines, lines)

    async with console(lake).run_test(size=(200, 24)) as pilot:
        await settled(pilot)
        await until(pilot, lambda: shown(4))
        await pilot.resize_terminal(200, 50)
        await until(pilot, lambda: shown(17))
        await pilot.resize_terminal(200, 24)
        await until(pilot, lambda: shown(4))
        await pilot.resize_terminal(80, 50)
        await until(pilot, lambda: shown(17))


@pytest.mark.asyncio
async def test_an_empty_lake_offers_the_demo_and_runs_it(
    empty_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The demo itself has tests of its own; here the command's place is taken by its first lines.
    made = "import sys; from lakeshell.cli.main import main; print('[b]one\\x1b[1m'); main(['connection', 'add', 'made', 'sqlite:///x.db', '--lake', sys.argv[1]])"
    monkeypatch.setattr("lakeshell.tui.screens.demo.COMMAND", (sys.executable, "-c", made))
    async with console(empty_lake).run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert "See it all on made-up data first  lakeshell demo" in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DemoScreen))
        await settled(pilot)
        assert "lakeshell demo: done" in text_of(pilot)
        assert r"[b]one\x1b[1m" in text_of(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert "1 connection" in text_of(pilot)


@pytest.mark.asyncio
async def test_a_lake_on_its_stack_offers_the_demo_on_the_stack(
    empty_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lake, "is_on_own_stack", True)
    monkeypatch.setattr(Lake, "catalog_sleeps", lambda lake: False)
    monkeypatch.setattr("lakeshell.tui.screens.home.findings", lambda lake, quick: [])
    empty_lake.__dict__["stack"] = SimpleNamespace(is_installed=True)
    said = "import sys; print('told', *sys.argv[2:])"
    monkeypatch.setattr("lakeshell.tui.screens.demo.COMMAND", (sys.executable, "-c", said))
    async with console(empty_lake).run_test(size=(200, 30)) as pilot:
        await until(pilot, lambda: "first  lakeshell demo --stack" in text_of(pilot))
        await settled(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "lakeshell demo --stack: done" in text_of(pilot))
        await until(pilot, lambda: "told --stack" in text_of(pilot))
        await settled(pilot)


@pytest.mark.asyncio
async def test_a_lake_on_a_trino_of_others_offers_no_demo(
    empty_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Opened as they are: there is no such Trino here.
    assert not empty_lake.catalog.names()
    assert not empty_lake.ledger.counts()["queries"]
    elsewhere = dataclasses.replace(empty_lake.settings, engine="trino")
    monkeypatch.setitem(empty_lake.__dict__, "settings", elsewhere)
    monkeypatch.setattr(Lake, "is_on_own_stack", False)
    advice = overview(empty_lake).advice
    assert [step.noun for step in advice] == ["connections"]


@pytest.mark.asyncio
async def test_markup_and_control_characters_of_data_are_shown_not_obeyed(lake: Lake) -> None:
    from dataclasses import replace

    evil = replace(
        lake.ledger.query("20261123_140300"),
        id="20261124_000000_00001_ccccc",
        sql="SELECT '[bold]\x1b[31m\u202e' [/]",
    )
    lake.ledger.end(evil)
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        said = text_of(pilot)
    assert r"SELECT '[bold]\x1b[31m\u202e' [/]" in said
    assert "\x1b" not in said
