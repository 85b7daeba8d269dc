"""Keys that come together, as over SSH, do to a text what they do one by one."""

from __future__ import annotations

import pytest
from consoles import until
from textual.app import App, ComposeResult
from textual.events import Key
from textual.widget import Widget

from lakeshell.tui.widgets.area import PlainArea
from lakeshell.tui.widgets.line import LineInput
from lakeshell.tui.widgets.sqlarea import SqlArea


class Typed(App[None]):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def compose(self) -> ComposeResult:
        made: dict[str, Widget] = {
            "line": LineInput("old"),
            "area": PlainArea("old", None),
            "sql": SqlArea("old", "plain"),
        }
        yield made[self._kind]


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["line", "area", "sql"])
async def test_what_is_typed_is_there_as_it_was_typed(kind: str) -> None:
    app = Typed(kind)
    async with app.run_test() as pilot:
        text = app.query_one("LineInput, PlainArea, SqlArea")
        text.focus()
        await pilot.pause()
        keys = ("end", *"abd", "backspace", *"ce", "left", "d", "home", "0", "end", *"fg")
        for key in keys:
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: written(text) == "0oldabcdefg")


def written(text: Widget) -> str:
    assert isinstance(text, LineInput | PlainArea | SqlArea)
    return text.value if isinstance(text, LineInput) else text.text
