"""Keys: on every screen and in every dialog each action has one that reaches it, and no two of them
are the same; what a way of editing takes away is in the palette."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from consoles import FILMS, Prepare, console, going, loading_job, opened, settled, text_of, until
from textual.actions import parse
from textual.binding import Binding
from textual.dom import DOMNode
from textual.events import Key
from textual.pilot import Pilot

from lakeshell.definitions.saved import parse as parse_saved
from lakeshell.lake import Lake
from lakeshell.tui.app import Console
from lakeshell.tui.preferences import Preferences
from lakeshell.tui.registry import ENTRIES
from lakeshell.tui.screens.asking import LineScreen
from lakeshell.tui.screens.saving import FileScreen
from lakeshell.tui.widgets.querytab import QueryTab

Bound = tuple[DOMNode, str, Binding]


def queried(*keys: str) -> Prepare:
    """A result, and keys on its rows."""

    async def prepare(pilot: Pilot[None]) -> None:
        tab = await opened(pilot, "SELECT * FROM film")
        await pilot.press("f5")
        await until(pilot, lambda: tab.panes and tab.at_rest and FILMS[0][1] in text_of(pilot))
        if keys:
            await pilot.press("f4", *keys)
        await settled(pilot)

    return prepare


PLACES: dict[str, Prepare] = {
    **{entry.name: going(entry.key, entry.name) for entry in ENTRIES},
    "help": going("1", "home", "f1"),
    "another lake": going("1", "home", "m"),
    "form": going("2", "connections", "a"),
    "remove": going("2", "connections", "delete"),
    "plan": going("3", "crawlers", "p"),
    "search": going("4", "catalog", "/"),
    "ddl": going("4", "catalog", "down", "d"),
    "versions": going("4", "catalog", "down", "V"),
    "flow": going("5", "jobs", "enter"),
    "script": going("5", "jobs", "e"),
    "place": going("6", "query", "f10"),
    "name of a tab": going("6", "query", "ctrl+r"),
    "a parameter": going("6", "query", *"SELECT", "space", *":a", "f5"),
    "rows": queried(),
    "cell": queried("enter"),
    "chart": queried("v"),
    "save rows": queried("e"),
    "make a table": queried("t"),
    "compare": queried("p", "f4", "f5", "f4", "d"),
    "a kept result": going("7", "history", "v"),
    "edit a saved query": going("s", "saved", "e"),
    "prune": going("7", "history", "P"),
    "cost of AWS": going("9", "cost", "v"),
}


async def in_focus(pilot: Pilot[None]) -> AsyncIterator[list[Bound]]:
    """With each part that can have the focus: what the console itself binds then, key by key."""
    screen = pilot.app.screen
    for part in [None, *(widget for widget in screen.query("*") if widget.focusable)]:
        screen.set_focus(part)
        await pilot.pause()
        yield [
            (node, key, binding)
            for node, bindings in screen._modal_binding_chain
            for key, binding in bindings
            if is_ours(node, binding) and node.check_action(*parse(binding.action)[1:]) is not False
        ]


def is_ours(node: DOMNode, binding: Binding) -> bool:
    return any(
        binding.action == own.action
        for made in type(node).__mro__
        if made.__module__.startswith("lakeshell.")
        for own in Binding.make_bindings(made.__dict__.get("BINDINGS", ()))
    )


def gives_way(node: DOMNode, binding: Binding) -> bool:
    """A screen's plain key does to whatever has the focus: with Alt it always goes there."""
    return isinstance(node, Console) and not binding.priority


def clashes(bound: Sequence[Bound]) -> list[str]:
    found: dict[str, str] = {}
    wrong = []
    for node, key, binding in bound:
        if not gives_way(node, binding):
            action = f"{type(node).__name__}.{binding.action}"
            if found.setdefault(key, action) != action:
                wrong.append(f"{key}: {found[key]} and {action}")
    return wrong


def prepared(lake: Lake) -> Lake:
    loading_job(lake)
    lake.library.save(parse_saved("primary", "films", "SELECT * FROM film"))
    return lake


@pytest.mark.asyncio
@pytest.mark.parametrize("place", PLACES)
async def test_every_action_has_a_key_of_its_own(place: str, lake: Lake) -> None:
    app = console(prepared(lake))
    async with app.run_test(size=(80, 24)) as pilot:
        await PLACES[place](pilot)
        asked, reached = {}, set()
        async for bound in in_focus(pilot):
            assert not clashes(bound)
            active = app.screen.active_bindings
            for node, key, binding in bound:
                asked[type(node).__name__, binding.action] = key
                taken = active.get(key)
                if taken is not None and (taken.node, taken.binding.action) == (
                    node,
                    binding.action,
                ):
                    reached.add((type(node).__name__, binding.action))
        assert asked
        assert not {place: key for place, key in asked.items() if place not in reached}


@pytest.mark.asyncio
async def test_what_vim_has_a_key_for_is_in_the_palette(lake: Lake) -> None:
    app = console(lake, preferences=Preferences(editing="vim"))
    async with app.run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "")
        await pilot.press("i", *"one", "escape", "u")
        assert tab.editor.text == ""
        await pilot.press("ctrl+r")
        assert tab.editor.text == "one"
        await chosen(pilot, "Name the tab")
        await until(pilot, lambda: isinstance(app.screen, LineScreen))


@pytest.mark.asyncio
async def test_what_emacs_has_a_key_for_is_in_the_palette(lake: Lake) -> None:
    app = console(lake, preferences=Preferences(editing="emacs"))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT 1")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: len(app.screen.query(QueryTab)) == 2)
        await chosen(pilot, "Close tab")
        await until(pilot, lambda: len(app.screen.query(QueryTab)) == 1)
        await settled(pilot)


async def chosen(pilot: Pilot[None], command: str) -> None:
    """By its name in the palette."""
    await pilot.press("alt+x")
    await until(pilot, lambda: "Search for commands" in text_of(pilot))
    await pilot.press(*("space" if letter == " " else letter for letter in command.lower()))
    await until(pilot, lambda: command in text_of(pilot))
    await pilot.press("enter")


@pytest.mark.asyncio
async def test_the_text_of_the_editor_is_saved_to_a_file_by_its_key(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT 1")
        # As a terminal sends it: with the letter.
        pilot.app.post_message(Key("alt+e", "e"))
        await until(pilot, lambda: isinstance(pilot.app.screen, FileScreen))
        path = lake.folder / "kept.sql"
        path.write_text("SELECT 0")
        pilot.app.screen.query_one("#line").value = str(path)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "Enter again replaces it" in text_of(pilot))
        assert path.read_text() == "SELECT 0"
        await pilot.press("enter")
        await until(pilot, lambda: path.read_text() == "SELECT 1")
        await until(pilot, lambda: "the text is in" in text_of(pilot))
        await until(pilot, lambda: tab.editor.text_input.has_focus)
        # The first is bound to nothing: it was Esc and a letter, in one piece.
        for letter in "md":
            pilot.app.post_message(Key(f"alt+{letter}", letter))
        await until(pilot, lambda: tab.editor.text == "m 1")
        await settled(pilot)
