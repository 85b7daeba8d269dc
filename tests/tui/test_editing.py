"""The editor: its colours, ways of editing, and texts that are too large for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from consoles import console, settled, text_of, until
from textual.events import Key, Paste
from textual.keys import _character_to_key
from textual.pilot import Pilot

from lakeshell.lake import Lake
from lakeshell.tui.app import Console
from lakeshell.tui.driver import TypedParser
from lakeshell.tui.preferences import Preferences
from lakeshell.tui.safe import LARGEST
from lakeshell.tui.screens.saving import FileScreen
from lakeshell.tui.widgets.colours import LineColours, colours
from lakeshell.tui.widgets.querytab import QueryTab
from lakeshell.tui.widgets.sqlarea import SqlArea


def coloured(line: str, inside: str = "") -> list[tuple[str, str]]:
    raw = line.encode()
    return [(raw[a:b].decode(), name) for a, b, name in colours(line, inside)]


def test_words_of_sql_have_colours() -> None:
    assert coloured("SELECT count(x), 'é''s' -- all") == [
        ("SELECT", "keyword"),
        ("count", "function.call"),
        ("'é''s'", "string"),
        ("-- all", "comment"),
    ]
    assert coloured("WHERE \"a b\" >= :low AND y = DATE '2026-01-01' AND z = 1.5e3")[1:5] == [
        ('"a b"', "variable"),
        (">=", "operator"),
        (":low", "parameter"),
        ("AND", "keyword"),
    ]
    assert ("1.5e3", "number") in coloured("z = 1.5e3")
    assert coloured("t1.c2 = a1") == [("=", "operator")]


def test_what_a_line_begins_inside_of_is_followed() -> None:
    lines = ["SELECT /* a", "b */ 'x", "y' , 1", 'z "q', 'r" FROM']
    found = LineColours(lambda: lines)
    assert found[4] == [(0, 2, "variable"), (3, 7, "keyword")]
    assert found[1] == [(0, 4, "comment"), (5, 7, "string")]
    assert found[2][0] == (0, 2, "string")
    lines[0] = "SELECT a"
    found.changed(0)
    assert found[1][0] == (2, 4, "operator")
    lines[0] = "SELECT /**/ /*/"
    found.changed(0)
    assert found[1][0] == (0, 4, "comment")


def sent(app: Console, *pieces: str) -> None:
    """As a terminal's bytes, each piece at once."""
    parser = TypedParser()
    for event in [event for piece in pieces for event in parser.feed(piece)]:
        app.post_message(event)


async def edited(pilot: Pilot[None]) -> SqlArea:
    await pilot.press("alt+6")
    await until(pilot, lambda: pilot.app.screen.query(QueryTab))
    await settled(pilot)
    return pilot.app.screen.query_one(SqlArea)


@pytest.mark.asyncio
async def test_vim_edits_and_its_selection_is_what_runs(lake: Lake) -> None:
    made = console(lake, preferences=Preferences(editing="vim"))
    async with made.run_test(size=(80, 24)) as pilot:
        area = await edited(pilot)
        assert "NORMAL" in text_of(pilot)
        await pilot.press("i", *"SELECT", "space", *"1;", "enter", *"SELECT", "space", "2")
        assert "INSERT" in text_of(pilot)
        await pilot.press("escape", *"ggv$")
        await until(pilot, lambda: "VISUAL" in text_of(pilot))
        assert area.selected_text == "SELECT 1;"
        await pilot.press("f5")
        await until(pilot, lambda: "1 row in" in text_of(pilot))
        await settled(pilot)
        await pilot.press("escape", *"dd")
        assert area.text == "SELECT 2"
        await pilot.press("u")
        assert area.text == "SELECT 1;\nSELECT 2"
        await pilot.press("slash", "2")
        await until(pilot, lambda: "NORMAL /2" in text_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: area.cursor_location == (1, 7))
        # As over SSH: all of it at once.
        for key, letter in (("colon", ":"), ("w", "w"), ("enter", "\r")):
            made.post_message(Key(key, letter))
        await until(pilot, lambda: "Save the query in primary" in text_of(pilot))
        assert (area.text, area.cursor_location) == ("SELECT 1;\nSELECT 2", (1, 7))
        await settled(pilot)


@pytest.mark.asyncio
async def test_in_vim_what_comes_in_one_piece_means_what_it_says(lake: Lake) -> None:
    app = console(lake, preferences=Preferences(editing="vim"))
    async with app.run_test(size=(80, 24)) as pilot:
        area = await edited(pilot)
        sent(app, "iSELECT one\rtwo three\x1bbdwggA, $\x1b$x\x1b:wq\rfilms")
        await until(pilot, lambda: "saved save films" in text_of(pilot))
        assert area.text == "SELECT one, \ntwo "
        sent(app, "\x1b[15~")
        await until(pilot, lambda: lake.saved.names("primary") == ["films"] and not area.text)
        sent(app, "iagain\x1bx\x1bx")
        await until(pilot, lambda: app.screen.id == "--command-palette")
        assert area.text == "agai"


@pytest.mark.asyncio
async def test_the_keys_of_the_editor_close_no_tab(lake: Lake) -> None:
    app = console(lake)
    async with app.run_test(size=(80, 24)) as pilot:
        area = await edited(pilot)
        sent(app, "one two three\x1b\x7f\x1bb\x1bd\x1b<y\x1bZ\x1b z")
        await until(pilot, lambda: area.text.rstrip().endswith("<yZ z"))
        assert area.text.split() == ["one", "<yZ", "z"]
        sent(app, "\x1b7")
        await until(pilot, lambda: app.current_mode == "history")
        await settled(pilot)


@pytest.mark.asyncio
async def test_emacs_goes_to_both_ends_of_the_text(lake: Lake) -> None:
    app = console(lake, preferences=Preferences(editing="emacs"))
    async with app.run_test(size=(80, 24)) as pilot:
        area = await edited(pilot)
        sent(app, "two\x1b<one \x1b> three words\x1b\x7f\x1bb\x1bf!\x1b;")
        await until(pilot, lambda: area.text == "-- one two three! ")
        await settled(pilot)


@pytest.mark.asyncio
async def test_emacs_keys_are_the_texts_while_it_is_edited(lake: Lake) -> None:
    made = console(lake, preferences=Preferences(editing="emacs"))
    async with made.run_test(size=(80, 24)) as pilot:
        area = await edited(pilot)
        await pilot.press(*"one", "enter", *"two")
        await pilot.press("ctrl+p", "ctrl+a", "ctrl+f")
        assert area.cursor_location == (0, 1)
        await pilot.press("ctrl+k", "ctrl+n", "ctrl+e", "ctrl+y")
        assert area.text == "o\ntwone"
        await pilot.press("ctrl+w")
        assert len(pilot.app.screen.query(QueryTab)) == 1
        await pilot.press("alt+x")
        await until(pilot, lambda: pilot.app.screen.id == "--command-palette")


@pytest.mark.asyncio
async def test_a_paste_that_is_no_query_goes_to_a_file(lake: Lake, home: Path) -> None:
    made = console(lake)
    async with made.run_test(size=(200, 24)) as pilot:
        area = await edited(pilot)
        text = "SELECT 1;\n" * (LARGEST // 10 + 1)
        area.post_message(Paste(text))
        await until(pilot, lambda: isinstance(pilot.app.screen, FileScreen))
        assert "1.0 MB are no query" in text_of(pilot)
        pilot.app.screen.query_one("#line").value = str(home / "pasted.sql")  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "lakeshell query -f" in text_of(pilot) and not made.running)
        assert (home / "pasted.sql").read_text() == text
        assert area.text == ""
        area.post_message(Paste("SELECT 1;\n" * 50_000))
        await until(pilot, lambda: area.document.line_count == 50_001)
        await pilot.press("x")
        await settled(pilot)
        assert area.text.endswith("x")


@pytest.mark.asyncio
async def test_brackets_are_closed_outside_of_strings_alone(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        area = await edited(pilot)
        text = "SELECT a[1], '[31m' || \"b\", count("
        for letter in text:
            area.post_message(Key(_character_to_key(letter), letter))
        await until(pilot, lambda: area.text == f"{text})")
        await settled(pilot)
