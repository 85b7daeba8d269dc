"""Going on for long: what is no longer shown is no longer held."""

from __future__ import annotations

import gc
import threading

import pytest
from consoles import FILM, console, settled, until
from fakes import Answer, FakeEngine, batch
from textual.widget import Widget

from lakeshell.lake import Lake
from lakeshell.query.rows import ResultRows
from lakeshell.tui.registry import ENTRIES
from lakeshell.tui.widgets.querytab import QueryTab


def held() -> list[ResultRows]:
    gc.collect()
    return [thing for thing in gc.get_objects() if isinstance(thing, ResultRows)]


@pytest.mark.asyncio
async def test_many_results_and_screens_leave_nothing_behind(lake: Lake) -> None:
    engine = lake.engine
    assert isinstance(engine, FakeEngine)
    rows = [(i, f"title {i}", i % 200, None) for i in range(500)]
    # What earlier tests of this process left is theirs: a failed one's traceback holds its console.
    older = {id(thing): thing for thing in held()}
    engine.answers["SELECT many"] = Answer(FILM, [batch(FILM, *rows)] * 4)
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await pilot.press("alt+6")
        await until(pilot, lambda: pilot.app.screen.query(QueryTab))
        await settled(pilot)
        tab = pilot.app.screen.query(QueryTab).first()
        tab.editor.text = "SELECT many; SELECT many"
        for number in range(8):
            before = tab.panes
            await pilot.press("f6")
            await until(pilot, lambda held=before: tab.panes is not held and tab.at_rest)
            if number % 4 == 0:
                for entry in (*ENTRIES, ENTRIES[5]):
                    await pilot.press(f"alt+{entry.key}")
        await settled(pilot)
        assert len([rows for rows in held() if len(rows) and id(rows) not in older]) == 2
        assert len([t for t in threading.enumerate() if t.name.startswith("console-")]) <= 2


@pytest.mark.asyncio
async def test_screens_that_are_gone_to_again_hold_no_keys_of_before(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await settled(pilot)

        async def around() -> int:
            for entry in ENTRIES:
                await pilot.press(f"alt+{entry.key}")
            await settled(pilot)
            gc.collect()
            return sum(isinstance(thing, Widget) for thing in gc.get_objects())

        await around()
        before = await around()
        for _ in range(4):
            after = await around()
        # Those of one change are held until the next: about as many as a screen has keys.
        assert after - before < 60
