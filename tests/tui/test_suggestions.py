"""The list of completions where there is little or no place for it."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from lakeshell.query.completion import Vocabulary
from lakeshell.tui.widgets.editor import SqlEditor, Suggestions


def found_some() -> Suggestions.CompletionsReady:
    return Suggestions.CompletionsReady("ca", [(("case with a long label", "keyword"), "case")])


class Editors(App[None]):
    """One editor, `width` columns wide."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._width = width

    def compose(self) -> ComposeResult:
        editor = SqlEditor("ca", Vocabulary)
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
async def test_a_list_for_a_tab_that_is_not_drawn_is_not_shown() -> None:
    app = Editors(80)
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(SqlEditor).display = False
        await pilot.pause()
        found = app.query_one(Suggestions)
        found.post_message(found_some())
        await pilot.pause()
        assert app.is_running
