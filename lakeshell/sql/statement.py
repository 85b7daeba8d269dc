"""One statement of a longer text, and where it stands in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StatementText:
    """One statement of a text, with where it begins in it (line and column from 1)."""

    text: str
    line: int
    column: int
