"""Where Vim's motions lead in a text, with what they remember: a column, a character, a pattern.

In: a place and a motion as it is typed. Out: a place, or None where it leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lakeshell.tui.editing import motions
from lakeshell.tui.editing.motions import Place
from lakeshell.tui.editing.objects import text_object


def first_of(lines: Sequence[str], row: int) -> Place:
    """The first character of a line that is no blank; of the nearest line there is."""
    return motions.first_of_line(lines, min(max(0, row), len(lines) - 1))


class Moves:
    """The motions of one buffer, whose lines `lines` gives."""

    def __init__(self, lines: Callable[[], Sequence[str]]) -> None:
        self._give_lines = lines
        self._wanted: int | None = None
        self._found: tuple[str, str] | None = None
        self._sought: tuple[str, int] | None = None

    @property
    def _lines(self) -> Sequence[str]:
        return self._give_lines()

    def forget_column(self) -> None:
        """The next `j` or `k` keeps to the column in which it starts."""
        self._wanted = None

    def seek(self, text: str, step: int) -> None:
        """What `n` looks for from now on: forward with a step of 1, backward with -1."""
        self._sought = (re.escape(text), step)

    def to(self, at: Place, what: str, count: int = 1, given: bool = False) -> Place | None:
        """Where a motion leads from `at`; None when it is none, or leads nowhere. `given` is
        whether somebody typed the count."""
        lines, (row, column) = self._lines, at
        match what:
            case "h":
                return row, max(0, column - count)
            case "l":
                return row, min(len(lines[row]), column + count)
            case "j" | "k":
                if self._wanted is None:
                    self._wanted = column
                step = count if what == "j" else -count
                to = min(max(0, row + step), len(lines) - 1)
                return to, min(self._wanted, len(lines[to]))
            case "+":
                return first_of(lines, row + count)
            case "_":
                return first_of(lines, row + count - 1)
            case "0":
                return row, 0
            case "^":
                return motions.first_of_line(lines, row)
            case "$":
                to = min(row + count - 1, len(lines) - 1)
                return to, max(0, len(lines[to]) - 1)
            case "|":
                return row, count - 1
            case "gg":
                return first_of(lines, count - 1 if given else 0)
            case "G":
                return first_of(lines, count - 1 if given else len(lines) - 1)
            case "%":
                return motions.bracket(lines, (row, column))
            case "w" | "W" | "b" | "B" | "e" | "E":
                step_by = {"w": motions.word, "b": motions.word_back, "e": motions.word_end}
                place = (row, column)
                for _ in range(count):
                    place = step_by[what.lower()](lines, place, what.isupper())
                return place
            case "{" | "}":
                place = (row, column)
                for _ in range(count):
                    place = motions.paragraph(lines, place, -1 if what == "{" else 1)
                return place
            case "n" | "N" | "*" | "#":
                return self._next(at, what, count)
            case ";" | ",":
                if self._found is None:
                    return None
                how, wanted = self._found
                how = how if what == ";" else how.swapcase()
                # `t` would stay where it is otherwise.
                return self._find(at, how, wanted, count, beyond=1)
        if what[:1] in ("f", "F", "t", "T") and len(what) == 2:
            self._found = (what[0], what[1])
            return self._find(at, what[0], what[1], count)
        return None

    def _find(self, at: Place, how: str, wanted: str, count: int, beyond: int = 0) -> Place | None:
        row, column = at
        step = 1 if how in "ft" else -1
        till = how in "tT"
        start = column + step * beyond if till else column
        to = motions.find(self._lines[row], start, wanted, step, till, count)
        return None if to is None else (row, to)

    def _next(self, at: Place, what: str, count: int) -> Place | None:
        row, column = at
        if what in "*#":
            span = text_object(self._lines, (row, column), "w", around=False)
            if span is None:
                return None
            word = self._lines[row][span[0][1] : span[1][1]]
            self._sought = (rf"\b{re.escape(word)}\b", 1 if what == "*" else -1)
        if self._sought is None:
            return None
        pattern, step = self._sought
        wanted = re.compile(pattern, 0 if any(map(str.isupper, pattern)) else re.IGNORECASE)
        place: Place | None = (row, column)
        for _ in range(count):
            assert place is not None
            place = motions.search(
                self._lines,
                place,
                lambda line: [found.start() for found in wanted.finditer(line)],
                -step if what == "N" else step,
            )
            if place is None:
                return None
        return place
