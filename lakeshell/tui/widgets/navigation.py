"""The line of screens at the top: their keys and names, the current one marked."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from lakeshell.tui.registry import ENTRIES, Entry


class Navigation(Static):
    """Names are written out where they fit, shortened or left out where they do not."""

    def __init__(self, current: str) -> None:
        super().__init__(id="navigation", markup=False)
        self.current = current

    def on_resize(self, event: Resize) -> None:
        self.update(self._line(event.size.width))

    def _line(self, width: int) -> Content:
        labels: list[str] = []
        for labels in self._labels():
            if sum(map(len, labels)) <= width:
                break
        pieces = (self._piece(entry, label) for entry, label in zip(ENTRIES, labels, strict=True))
        return Content("").join(pieces)

    def _labels(self) -> Iterator[list[str]]:
        """From the widest to the narrowest."""
        yield [f" {entry.key} {entry.title} " for entry in ENTRIES]
        yield [f" {entry.key} {entry.short}" for entry in ENTRIES]
        yield [f" {entry.key}{entry.short}" for entry in ENTRIES]
        least = [f" {e.key}{e.short if e.name == self.current else ''}" for e in ENTRIES]
        yield least

    def _piece(self, entry: Entry, label: str) -> Content:
        # Constants of the registry: no foreign text ever becomes an action.
        made = Content.from_markup(f"[@click=app.go('{entry.name}')]$label[/]", label=label)
        return made.stylize("reverse bold") if entry.name == self.current else made
