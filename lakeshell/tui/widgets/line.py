"""One line to type into. Its cursor does not blink: over a slow link each blink is a redraw."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.events import Paste
from textual.message_pump import MessagePump
from textual.widgets import Input

from lakeshell.tui.safe import LONGEST, pictured
from lakeshell.tui.widgets.inorder import KeysInOrder


def refused(widget: MessagePump, text: str) -> bool:
    """Whether a paste is too long for a line, which is said: one lays its whole text out at each key."""
    if len(text) <= LONGEST:
        return False
    widget.app.notify(
        f"{len(text):,} characters are not for a line of text", severity="warning", markup=False
    )
    return True


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
        if refused(self, event.text):
            event.stop()
            event.prevent_default()
