"""What is typed in one piece behind a key that opens a dialog, as over SSH, is in its field."""

from __future__ import annotations

import pytest
from consoles import Prepare, console, going, settled, text_of, until
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from lakeshell.lake import Lake
from lakeshell.tui.widgets.line import LineInput

SPECIAL = {"ctrl+p", "ctrl+r"}


def type_at_once(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        pilot.app.post_message(Key(key, None if key in SPECIAL else key))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("place", "keys", "written"),
    [
        (going("2", "connections"), "anew", "new"),
        (going("2", "connections"), "aanew", "anew"),
        (going("6", "query"), ("ctrl+r", *"one"), "one"),
        (going("1", "home"), ("ctrl+p", *"cost"), "cost"),
    ],
)  # fmt: skip
async def test_letters_are_in_the_field(
    lake: Lake, place: Prepare, keys: str | tuple[str, ...], written: str
) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await place(pilot)
        await settled(pilot)
        type_at_once(pilot, *keys)
        await until(pilot, lambda: _focused(pilot) == written)
        await settled(pilot)
        assert _focused(pilot) == written, text_of(pilot)


def _focused(pilot: Pilot[None]) -> str:
    field = pilot.app.focused
    return field.value if isinstance(field, Input | LineInput) else ""
