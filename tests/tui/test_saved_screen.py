"""Saved queries on their screen: the same files and versions as `lakeshell saved` makes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from consoles import console, settled, text_of, until
from textual.pilot import Pilot
from textual.widgets import Input

from lakeshell.definitions.saved import parse
from lakeshell.errors import UsageError
from lakeshell.lake import Lake
from lakeshell.tui.screens.asking import LineScreen
from lakeshell.tui.screens.edited import ChangedScreen
from lakeshell.tui.screens.form import FormScreen
from lakeshell.tui.screens.saved import SavedScreen
from lakeshell.tui.screens.textedit import TextEditScreen
from lakeshell.tui.screens.versions import VersionsScreen
from lakeshell.tui.tabs import Tab, TabFile, Tabs
from lakeshell.tui.widgets.area import ScriptView
from lakeshell.tui.widgets.querytab import QueryTab

TEXT = "-- The films that were rented most.\n-- :since = DATE '2026-01-01'\nSELECT 1\n"


async def opened(pilot: Pilot[None]) -> None:
    await pilot.press("alt+s")
    await until(pilot, lambda: pilot.app.current_mode == "saved")
    await settled(pilot)


async def filled(pilot: Pilot[None], key: str, **fields: str) -> FormScreen:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
    form = pilot.app.screen
    assert isinstance(form, FormScreen)
    for name, value in fields.items():
        form.query_one(f"#{name}", Input).value = value
    await settled(pilot)
    return form


async def sent(pilot: Pilot[None], form: FormScreen) -> None:
    await pilot.press("f5")
    await until(pilot, lambda: pilot.app.screen is not form)
    await settled(pilot)


@pytest.fixture
def saved(lake: Lake) -> Lake:
    lake.library.save(parse("primary", "top", TEXT))
    return lake


@pytest.mark.asyncio
async def test_a_query_is_saved_from_each_source_and_never_over_another(
    lake: Lake, home: Path
) -> None:
    (home / "q.sql").write_text("SELECT 2")
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        assert "no query is saved yet" in text_of(pilot)
        form = await filled(pilot, "a", name="one", sql="SELECT 1", file=str(home / "q.sql"))
        await pilot.press("f5")
        await until(pilot, lambda: "give one of the SQL, a file" in text_of(pilot))
        form.query_one("#file", Input).value = ""
        form.query_one("#description", Input).value = "the first"
        await settled(pilot)
        assert "saved save one -e 'SELECT 1' --description 'the first' -w primary" in text_of(pilot)
        await sent(pilot, form)
        await sent(pilot, await filled(pilot, "a", name="two", file=str(home / "q.sql")))
        await sent(pilot, await filled(pilot, "a", name="three", id="20261123_140300"))
        form = await filled(pilot, "a", name="two", sql="SELECT other")
        await pilot.press("f5")
        await until(
            pilot, lambda: "there is a saved query 'two' of primary already" in text_of(pilot)
        )
        form.query_one("#replace", Input).value = "yes"
        await sent(pilot, form)
    assert lake.library.get("primary", "one").description == "the first"
    assert [v.text for v in lake.library.versions("primary", "two")] == [
        "SELECT 2\n",
        "SELECT other\n",
    ]
    assert lake.library.get("primary", "three").sql == "SELECT count(*) FROM raw.film"


@pytest.mark.asyncio
async def test_a_saved_query_is_shown_and_run_in_a_tab_of_its_workgroup(saved: Lake) -> None:
    async with console(saved).run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        said = text_of(pilot)
        assert "The films that were rented most." in said
        assert "since = DATE '2026-01-01'" in said
        assert pilot.app.screen.query_one(ScriptView).text == TEXT
        await pilot.press("r")
        await until(pilot, lambda: pilot.app.current_mode == "query")
        tabs = pilot.app.screen.query(QueryTab)
        await until(pilot, lambda: any(tab.tab_name == "top" and tab.panes for tab in tabs))
        await settled(pilot)
        tab = next(tab for tab in pilot.app.screen.query(QueryTab) if tab.tab_name == "top")
        assert (tab.workgroup, tab.editor.text) == ("primary", TEXT)
        assert tab.panes[0].run.statement.text.endswith("SELECT 1")


@pytest.mark.asyncio
async def test_what_is_read_of_one_that_is_gone_by_then_is_not_shown(saved: Lake) -> None:
    async with console(saved).run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, SavedScreen)
        gone = threading.Event()

        def read(group: str, name: str) -> Any:
            assert gone.wait(60)
            raise UsageError(f"there is no saved query {name!r}")

        screen._read = read  # type: ignore[method-assign]
        screen.look_closer()
        screen.draw_rows([])
        gone.set()
        await settled(pilot)
        assert "no query is saved yet" in text_of(pilot)


@pytest.mark.asyncio
async def test_it_is_copied_renamed_and_removed_with_its_versions(saved: Lake) -> None:
    async with console(saved).run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        await sent(pilot, await filled(pilot, "c", name="copy", description="another"))
        await sent(pilot, await filled(pilot, "n", name="best"))
        assert saved.saved.names("primary") == ["best", "top"]
        for _ in range(2):
            name = pilot.app.screen.chosen.partition("/")[2]  # type: ignore[attr-defined]
            await pilot.press("delete")
            await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
            await pilot.press(*name, "enter")
            await until(pilot, lambda name=name: name not in saved.saved.names("primary"))
            await settled(pilot)
        await until(pilot, lambda: "no query is saved yet" in text_of(pilot))
    assert saved.saved.names("primary") == []
    assert len(saved.library.versions("primary", "best")) == 1


async def query_tab(pilot: Pilot[None], name: str) -> QueryTab:
    """The last tab, once it is called so."""
    await pilot.press("alt+6")
    await until(pilot, lambda: pilot.app.screen.query("QueryTab"))
    tabs = pilot.app.screen.query(QueryTab)
    await until(pilot, lambda: (tabs.last().tab_name, tabs.last().saved) == (name, name))
    await settled(pilot)
    return tabs.last()


@pytest.mark.asyncio
@pytest.mark.parametrize("kept", [False, True], ids=["open", "kept"])
async def test_the_tab_of_a_renamed_query_is_its_tab_still(saved: Lake, kept: bool) -> None:
    """A tab in front, and one of an earlier console that was not gone to yet."""
    if kept:
        born = saved.library.called("primary", "top", None)[1].isoformat()
        file = TabFile(saved.state / "console")
        file.keep(Tabs([Tab("top", TEXT, saved="top", born=born)]))
        file.close()
    async with console(saved).run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        if not kept:
            await pilot.press("o")
            await query_tab(pilot, "top")
            await opened(pilot)
        await sent(pilot, await filled(pilot, "n", name="best"))
        await query_tab(pilot, "best")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "saved save best -f QUERY.sql" in text_of(pilot))
        await settled(pilot)


@pytest.mark.asyncio
async def test_a_query_that_another_console_renames_is_not_saved_under_its_old_name(
    saved: Lake,
) -> None:
    async with console(saved).run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        await pilot.press("o")
        tab = await query_tab(pilot, "top")
        await pilot.press("ctrl+w")
        await until(pilot, lambda: len(pilot.app.screen.query(QueryTab)) == 1)
        await pilot.press("alt+t")
        tab = await query_tab(pilot, "top")
        await until(pilot, lambda: tab.born)
        saved.library.rename("primary", "top", "best")
        # Another one has the name by now.
        saved.library.save(parse("primary", "top", "SELECT 'another'"))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "saved save top" in text_of(pilot))
        await pilot.press("f5")
        await until(pilot, lambda: "top is called best by now" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        await opened(pilot)
        await query_tab(pilot, "best")
        tab.editor.text = TEXT.replace("SELECT 1", "SELECT 2")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "saved save best" in text_of(pilot))
        # Another one than that of the tab is not written over unasked.
        called = pilot.app.screen.query_one("#name", Input)
        called.value = "top"
        await pilot.press("f5")
        await until(pilot, lambda: "there is a saved query 'top' of primary" in text_of(pilot))
        called.value = "best"
        await pilot.press("f5")
        await until(pilot, lambda: "saved: lakeshell saved run best" in text_of(pilot))
        await settled(pilot)
    texts = [saved.library.get("primary", name).sql for name in ("best", "top")]
    assert texts == ["SELECT 2", "SELECT 'another'"]


@pytest.mark.asyncio
async def test_its_text_is_changed_and_each_change_is_a_version(saved: Lake) -> None:
    path = saved.saved.path("primary", "top")
    async with console(saved).run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextEditScreen))
        editor = pilot.app.screen
        assert isinstance(editor, TextEditScreen)
        editor.area.text = "SELEC :since"
        await until(pilot, lambda: "line 1: mismatched input 'SELEC'" in text_of(pilot))
        editor.area.text = "SELECT 2 + :since"
        path.write_text("SELECT theirs\n")
        await until(pilot, lambda: "changed on disk meanwhile" in text_of(pilot))
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangedScreen))
        await pilot.press("o")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        await settled(pilot)
        texts = [v.text for v in saved.library.versions("primary", "top")]
        assert texts == [TEXT, "SELECT theirs\n", "SELECT 2 + :since\n"]

        await pilot.press("v")
        await until(pilot, lambda: isinstance(pilot.app.screen, VersionsScreen))
        await until(pilot, lambda: "+SELECT 2 + :since" in text_of(pilot))
        assert "from version 2 to 3" in text_of(pilot)
        await pilot.press("d", "down", "down")
        await until(pilot, lambda: "from version 1 to 3" in text_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.current_mode == "query")
        tabs = pilot.app.screen.query(QueryTab)
        await until(pilot, lambda: any(t.is_whole and t.editor.text == TEXT for t in tabs))
        await settled(pilot)


@pytest.mark.asyncio
async def test_control_characters_of_a_file_are_pictured(saved: Lake) -> None:
    saved.saved.path("primary", "top").write_text("SELECT '\x1b]0;[b]evil\x07\x9b\u202e'\n")
    async with console(saved).run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        said = text_of(pilot)
        assert "SELECT '␛]0;[b]evil␇" in said
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextEditScreen))
        await settled(pilot)
        said += text_of(pilot)
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(said)


@pytest.mark.asyncio
async def test_one_that_is_no_text_hides_no_other(saved: Lake) -> None:
    saved.saved.path("primary", "bad").write_bytes(b"\xff")
    async with console(saved).run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "text (byte 0)" in text_of(pilot))
        assert "The films that" in text_of(pilot)
