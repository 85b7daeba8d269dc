"""The list of completions where there is little or no place for it."""

from __future__ import annotations

from typing import Any

import pytest
from consoles import text_of, until
from textual.app import App, ComposeResult
from textual.events import Key

from lakeshell.query.completion import Vocabulary
from lakeshell.tui.widgets.editor import SqlEditor, Suggestions


def found_some() -> Suggestions.CompletionsReady:
    return Suggestions.CompletionsReady("ca", [(("case with a long label", "keyword"), "case")])


class Editors(App[None]):
    """One editor, `width` columns wide."""

    def __init__(self, width: int, names: Vocabulary | None = None) -> None:
        super().__init__()
        self._width, self.names = width, names or Vocabulary()

    def compose(self) -> ComposeResult:
        editor = SqlEditor("ca", lambda: self.names)
        editor.styles.width = self._width
        yield editor


@pytest.mark.asyncio
@pytest.mark.parametrize("width", [0, 1, 2, 3, 4, 10])
async def test_a_window_too_narrow_for_the_list_does_not_end_the_console(width: int) -> None:
    app = Editors(width)
    async with app.run_test(size=(80, 24)) as pilot:
        found = app.query_one(Suggestions)
        found.post_message(found_some())
        await pilot.pause()
        await pilot.pause()
        assert app.is_running
        # A width that was too small for it once is not its width for ever.
        app.query_one(SqlEditor).styles.width = 80
        await pilot.pause()
        found.is_open = False
        found.post_message(found_some())
        await pilot.pause()
        await pilot.pause()
        assert found.is_open
        assert found.outer_size.width == 40


@pytest.mark.asyncio
async def test_what_is_typed_before_there_is_a_place_for_the_list_is_completed_then() -> None:
    app = Editors(0, Vocabulary(tables={"raw": ("film",)}))
    async with app.run_test(size=(80, 24)) as pilot:
        editor = app.query_one(SqlEditor)
        editor.text = ""
        editor.focus()
        await pilot.pause()
        sent(app, *"raw", "full_stop", *"fi")
        await until(pilot, lambda: editor.text == "raw.fi")
        await until(pilot, lambda: editor.completion_list.sought == "fi")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert not editor.completion_list.is_open
        editor.styles.width = 80
        await until(pilot, lambda: editor.completion_list.is_open)
        # Below what it completes, whichever way the text was scrolled before it was drawn.
        await until(pilot, lambda: "\n        film table" in text_of(pilot))


@pytest.mark.asyncio
async def test_names_that_come_when_nothing_was_found_among_older_ones_are_not_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, take = Editors(80), Suggestions._take

    def and_names_come(self: Suggestions, *found: Any) -> None:
        take(self, *found)
        if self.sought == "fi" and not app.names.tables:
            app.names = Vocabulary(tables={"raw": ("film",)})
            app.query_one(SqlEditor).look_again()

    monkeypatch.setattr(Suggestions, "_take", and_names_come)
    async with app.run_test(size=(80, 24)) as pilot:
        editor = app.query_one(SqlEditor)
        editor.text = ""
        editor.focus()
        await pilot.pause()
        sent(app, *"raw", "full_stop", *"fi")
        await until(pilot, lambda: editor.completion_list.is_open)
        assert [option.value for option in editor.completion_list.options] == ["film"]


@pytest.mark.asyncio
async def test_a_list_for_a_tab_that_is_not_drawn_is_not_shown() -> None:
    app = Editors(80)
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(SqlEditor).display = False
        await pilot.pause()
        found = app.query_one(Suggestions)
        found.post_message(found_some())
        await pilot.pause()
        assert app.is_running


def sent(app: App[None], *keys: str) -> None:
    """As a terminal hands over what came together."""
    for key in keys:
        character = {"space": " ", "full_stop": ".", "tab": None}.get(key, key)
        app.post_message(Key(key, character))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (("f", "r", "o"), "from"),
        (("f", "r", "o", "m", "space", "f", "i"), "film"),
        (("r", "a", "w", "full_stop", "f", "i"), "film"),
    ],
)
async def test_letters_that_come_together_are_completed(typed: tuple[str, ...], found: str) -> None:
    app = Editors(80, Vocabulary(tables={"raw": ("film",)}, database="raw"))
    async with app.run_test(size=(80, 24)) as pilot:
        editor = app.query_one(SqlEditor)
        editor.text = ""
        editor.focus()
        await pilot.pause()
        sent(app, *typed)
        await until(pilot, lambda: editor.completion_list.is_open)
        assert found in [option.value for option in editor.completion_list.options]


@pytest.mark.asyncio
async def test_tab_typed_ahead_takes_the_first_and_no_older_one() -> None:
    app = Editors(80, Vocabulary(tables={"raw": ("film", "rental")}, database="raw"))
    async with app.run_test(size=(80, 24)) as pilot:
        editor = app.query_one(SqlEditor)
        editor.text = ""
        editor.focus()
        await pilot.pause()
        sent(app, *"raw", "full_stop", *"re", "tab")
        await until(pilot, lambda: editor.text == "raw.rental")
        sent(app, "space", *"raw", "full_stop", *"fi", "tab")
        await until(pilot, lambda: editor.text == "raw.rental raw.film")


@pytest.mark.asyncio
async def test_a_suggestion_leaves_the_name_before_the_dot() -> None:
    app = Editors(80, Vocabulary(tables={"raw": ("film", "rental")}, database="raw"))
    async with app.run_test(size=(80, 24)) as pilot:
        editor = app.query_one(SqlEditor)
        editor.text = ""
        editor.focus()
        await pilot.pause()
        await pilot.press(*"raw", "full_stop")
        await until(pilot, lambda: editor.completion_list.is_open)
        await pilot.press(*"re")
        await until(pilot, lambda: len(editor.completion_list.options) == 1)
        await pilot.press("tab")
        await until(pilot, lambda: editor.text == "raw.rental")
