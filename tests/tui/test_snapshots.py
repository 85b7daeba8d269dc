"""How the main screens look, in a small and in a large window. `pytest --snapshot-update` draws them
anew; look at each before it is committed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from consoles import console, going, loading_job, settled, spend, text_of, until
from textual.pilot import Pilot
from textual.widgets import Static

from lakeshell.doctor import Finding, Health
from lakeshell.lake import Lake
from lakeshell.tui.app import Console
from lakeshell.tui.screens.flow import FlowScreen
from lakeshell.tui.screens.help import HelpScreen
from lakeshell.tui.screens.plan import PlanScreen
from lakeshell.tui.widgets.querytab import QueryTab

SIZES = [(80, 24), (200, 50)]


async def queried(pilot: Pilot[None]) -> None:
    """A result, its seconds set to a fixed number."""
    await going("6", "query")(pilot)
    tab = pilot.app.screen.query(QueryTab).first()
    tab.editor.text = "SELECT * FROM film"
    await pilot.press("f5")
    await until(pilot, lambda: tab.panes and tab.at_rest)
    await settled(pilot)
    pane = tab.panes[0]
    assert pane.run.record is not None
    pane.run.record = replace(pane.run.record, elapsed=0.12)
    pane.query_one("#figures", Static).update(pane.figures_text(ended=True))
    await until(pilot, lambda: "would scan" in str(tab.query_one("#estimate", Static).content))
    await pilot.press("f4", "down", "right")
    await settled(pilot)


async def helped(pilot: Pilot[None]) -> None:
    await going("4", "catalog")(pilot)
    await pilot.press("f1")
    await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
    await settled(pilot)


@pytest.fixture(autouse=True)
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which checks the doctor makes is not what is pictured here."""
    made = [
        Finding("python", Health.OK, "3.11"),
        Finding("engine", Health.OK, "answers"),
        Finding("folder", Health.WARNING, "0.5 GB free", "free some space before the next load"),
    ]
    monkeypatch.setattr("lakeshell.tui.screens.home.findings", lambda lake, quick: iter(made))


async def saved(pilot: Pilot[None]) -> None:
    """One with parameters, of a fixed time."""
    from datetime import UTC, datetime

    from lakeshell.definitions.saved import parse

    app = pilot.app
    assert isinstance(app, Console)
    text = (
        "-- The films that were rented most.\n-- :since = DATE '2026-01-01'\n"
        "SELECT title, count(*) AS rentals\nFROM raw.rental\nWHERE rental_date >= :since\nGROUP BY 1"
    )
    app.lake.library._now = lambda: datetime(2026, 11, 24, 14, 3, tzinfo=UTC)  # type: ignore[assignment]
    app.lake.library.save(parse("primary", "top_films", text))
    await going("s", "saved")(pilot)


async def flow(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, Console)
    loading_job(app.lake)
    await going("5", "jobs")(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, FlowScreen))
    await settled(pilot)
    await pilot.press("down", "down", "left")
    await settled(pilot)


async def at_home(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: "checking" not in text_of(pilot))
    await settled(pilot)


async def jobs(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, Console)
    loading_job(app.lake)
    await going("5", "jobs")(pilot)


async def workgroups(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, Console)
    spend(app.lake)
    await going("8", "workgroups")(pilot)


async def planned(pilot: Pilot[None]) -> None:
    await going("3", "crawlers", "p")(pilot)
    await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen))
    await settled(pilot)


PREPARED = {
    "home": at_home,
    "connections": going("2", "connections"),
    "crawlers": going("3", "crawlers"),
    "plan": planned,
    "jobs": jobs,
    "workgroups": workgroups,
    "catalog": going("4", "catalog", "down"),
    "query": queried,
    "history": going("7", "history"),
    "workgroup_form": going("8", "workgroups", "a"),
    "cost": going("9", "cost", "b", "b"),
    "cost_on_aws": going("9", "cost", "v"),
    "cost_budgets": going("9", "cost", "v", "v"),
    "help": helped,
    "saved": saved,
    "stack": going("0", "stack"),
    "flow": flow,
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", PREPARED)
def test_screen(name: str, size: tuple[int, int], lake: Lake, snap_compare: Any) -> None:
    if name.startswith("cost"):
        spend(lake)
    assert snap_compare(console(lake), terminal_size=size, run_before=PREPARED[name])


def test_without_colours(lake: Lake, snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(console(lake), terminal_size=(80, 24), run_before=going("7", "history"))


def test_a_tiny_window(lake: Lake, snap_compare: Any) -> None:
    assert snap_compare(console(lake), terminal_size=(40, 10), run_before=queried)
