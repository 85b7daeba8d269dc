"""A line of names to pick from, by mouse or by the keys of whoever holds it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from lakeshell.tui.safe import shortened, words


class TabLine(Static):
    """One line, whatever is in it: names that do not fit are cut, those before the picked one
    first."""

    DEFAULT_CSS = """
    TabLine { height: 1; background: $surface; color: $foreground; text-wrap: nowrap; }
    """

    class Picked(Message):
        def __init__(self, line: TabLine, index: int) -> None:
            super().__init__()
            self.line = line
            self.index = index

        @property
        def control(self) -> TabLine:
            return self.line

    def __init__(self, *, id: str | None = None, longest: int = 24) -> None:
        super().__init__(id=id, markup=False)
        self._longest = longest
        self._names: Sequence[str] = ()
        self._picked = 0
        self._ends: list[tuple[int, int]] = []

    def draw(self, names: Sequence[str], picked: int) -> None:
        if (list(names), picked) != (list(self._names), self._picked):
            self._names, self._picked = names, picked
            self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        labels = [f" {shortened(words(name), self._longest)} " for name in self._names]
        first = 0
        while (
            first < self._picked
            and sum(map(len, labels[first : self._picked + 1])) > self.size.width
        ):
            first += 1
        pieces, self._ends, at = [], [], 0
        for index, label in enumerate(labels[first:], first):
            at += len(label)
            self._ends.append((at, index))
            pieces.append(Content.styled(label, "reverse bold" if index == self._picked else ""))
        self.update(Content("").join(pieces), layout=False)

    def on_click(self, event: Click) -> None:
        for end, index in self._ends:
            if event.x < end:
                self.post_message(self.Picked(self, index))
                return
