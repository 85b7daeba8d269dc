"""One line to type into. Its cursor does not blink: over a slow link each blink is a redraw."""

from __future__ import annotations

from typing import Any

from textual.widgets import Input


class LineInput(Input):
    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.cursor_blink = False
