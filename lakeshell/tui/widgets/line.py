"""One line to type into. Its cursor does not blink: over a slow link each blink is a redraw."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.events import Paste
from textual.widgets import Input

from lakeshell.tui.safe import pictured
from lakeshell.tui.widgets.inorder import KeysInOrder

LONGEST = 20_000
"""Characters that are taken at once: a field lays its whole text out at each key."""


class LineInput(Input, KeysInOrder):
    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.cursor_blink = False

    @property
    def _value(self) -> Text:
        """What is drawn: data may be in a field, too."""
        drawn = pictured(self.value).replace("\t", "␉")
        return Text(drawn, no_wrap=True, overflow="ignore", end="")

    def _on_paste(self, event: Paste) -> None:
        if len(event.text) > LONGEST:
            event.stop()
            event.prevent_default()
            self.notify(
                f"{len(event.text):,} characters are not for a line of text",
                severity="warning",
                markup=False,
            )
