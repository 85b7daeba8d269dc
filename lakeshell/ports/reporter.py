"""What long work says of itself while it goes on."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Where long work says how far it is. The core never prints."""

    def step(self, text: str) -> None:
        """A new piece of work begins."""

    def advance(self, done: int, total: int | None, unit: str) -> None:
        """`done` of `total` units of the current step are through; `total` None when unknown."""

    def warn(self, text: str) -> None:
        """Something that the user should know, and that does not stop the work."""
