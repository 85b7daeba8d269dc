"""A line to search with above what it finds: / goes to it, Enter to what was found.

Both keys are taken before any widget has them, so that what is typed ahead of a slow screen lands
where it would land in a quick one.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding
from textual.widget import Widget

from lakeshell.tui.screens.base import LakeScreen
from lakeshell.tui.widgets.line import LineInput


def search_keys(noun: str) -> Sequence[Binding]:
    return (
        Binding("slash", "search", "Search", id=f"{noun}.search", key_display="/", priority=True),
        Binding("enter", "leave_search", "To what was found", id=f"{noun}.found", show=False, priority=True),
    )  # fmt: skip


class SearchingScreen(LakeScreen):
    """`body` has a line with the id `search`. Stands last among the classes of a screen: Textual takes
    styles and keys from the first alone."""

    @property
    def searched(self) -> Widget:
        """What shows what was found."""
        raise NotImplementedError

    @property
    def search(self) -> LineInput:
        return self.query_one("#search", LineInput)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A slash in the text that is searched for is one, and Enter is the other widgets'."""
        if action not in ("search", "leave_search"):
            return True
        return (self.focused is self.search) == (action == "leave_search")

    def action_search(self) -> None:
        self.set_focus(self.search)

    def action_leave_search(self) -> None:
        self.set_focus(self.searched)
