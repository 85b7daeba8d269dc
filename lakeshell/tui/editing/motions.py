"""Where vim's motions lead. Pure: lines and a place in, a place out.

A place is (line, column) from 0. A motion that leads nowhere gives None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

Place = tuple[int, int]
Lines = Sequence[str]
_OPENS, _CLOSES = "([{", ")]}"


def kind(character: str, big: bool) -> int:
    """0 for a blank, 1 for a word's, 2 for a sign; `big` words are all that is no blank."""
    if character.isspace():
        return 0
    return 1 if big or character.isalnum() or character == "_" else 2


def word(lines: Lines, at: Place, big: bool = False) -> Place:
    """The beginning of the next word; an empty line is one."""
    row, column = at
    line = lines[row]
    if column < len(line):
        column = _through(line, column, big)
    while True:
        while column < len(line) and line[column].isspace():
            column += 1
        if column < len(line):
            return row, column
        if row + 1 >= len(lines):
            return row, len(line)
        row, column = row + 1, 0
        line = lines[row]
        if not line:
            return row, 0


def word_back(lines: Lines, at: Place, big: bool = False) -> Place:
    """The beginning of this word, or of the one before."""
    row, column = at
    while True:
        line = lines[row]
        while column > 0 and line[column - 1].isspace():
            column -= 1
        if column > 0:
            held = kind(line[column - 1], big)
            while column > 0 and kind(line[column - 1], big) == held:
                column -= 1
            return row, column
        if row == 0:
            return 0, 0
        row -= 1
        column = len(lines[row])
        if not column:
            return row, 0


def word_end(lines: Lines, at: Place, big: bool = False) -> Place:
    """The last character of this word, or of the next."""
    row, column = at[0], at[1] + 1
    while True:
        line = lines[row]
        while column < len(line) and line[column].isspace():
            column += 1
        if column < len(line):
            return row, _through(line, column, big) - 1
        if row + 1 >= len(lines):
            return row, max(0, len(line) - 1)
        row, column = row + 1, 0


def _through(line: str, column: int, big: bool) -> int:
    """Behind what is of one kind from `column` on."""
    held = kind(line[column], big)
    while column < len(line) and kind(line[column], big) == held:
        column += 1
    return column


def first_of_line(lines: Lines, row: int) -> Place:
    """The first character that is no blank."""
    line = lines[row]
    return row, len(line) - len(line.lstrip()) if line.strip() else 0


def paragraph(lines: Lines, at: Place, step: int) -> Place:
    """The next empty line upward or downward, else the end of the text."""
    row = at[0] + step
    while 0 <= row < len(lines):
        if not lines[row].strip() and lines[row - step].strip():
            return row, 0
        row += step
    return (0, 0) if step < 0 else (len(lines) - 1, len(lines[-1]))


def find(line: str, column: int, wanted: str, step: int, till: bool, count: int) -> int | None:
    """The column of the `count`th `wanted` of a line, or of the character before it."""
    at = column
    for _ in range(count):
        at = line.find(wanted, at + 1) if step > 0 else line.rfind(wanted, 0, max(0, at))
        if at < 0:
            return None
    return at - step if till else at


def bracket(lines: Lines, at: Place) -> Place | None:
    """The partner of the first bracket from here on in this line."""
    row, column = at
    line = lines[row]
    while column < len(line) and line[column] not in _OPENS + _CLOSES:
        column += 1
    if column == len(line):
        return None
    opened = line[column]
    if opened in _OPENS:
        partner = _CLOSES[_OPENS.index(opened)]
        return _balance(_forward(lines, (row, column)), opened, partner)
    partner = _OPENS[_CLOSES.index(opened)]
    return _balance(_backward(lines, (row, column)), opened, partner)


def enclosing(lines: Lines, at: Place, opened: str, closed: str) -> tuple[Place, Place] | None:
    """The brackets around a place, which may be one of them."""
    row, column = at
    here = lines[row][column : column + 1]
    if here == opened:
        first: Place | None = at
    elif here == closed:
        first = _balance(_backward(lines, at), closed, opened)
    else:
        first = _unopened(_backward(lines, at), opened, closed)
    if first is None:
        return None
    last = _balance(_forward(lines, first), opened, closed)
    return None if last is None else (first, last)


def _balance(places: Iterator[tuple[Place, str]], opened: str, closed: str) -> Place | None:
    depth = 0
    for place, character in places:
        if character == opened:
            depth += 1
        elif character == closed:
            depth -= 1
            if depth == 0:
                return place
    return None


def _unopened(places: Iterator[tuple[Place, str]], opened: str, closed: str) -> Place | None:
    depth = 0
    for place, character in places:
        if character == closed:
            depth += 1
        elif character == opened:
            if depth == 0:
                return place
            depth -= 1
    return None


def _forward(lines: Lines, at: Place) -> Iterator[tuple[Place, str]]:
    for row in range(at[0], len(lines)):
        for column in range(at[1] if row == at[0] else 0, len(lines[row])):
            yield (row, column), lines[row][column]


def _backward(lines: Lines, at: Place) -> Iterator[tuple[Place, str]]:
    for row in range(at[0], -1, -1):
        last = at[1] if row == at[0] else len(lines[row]) - 1
        for column in range(min(last, len(lines[row]) - 1), -1, -1):
            yield (row, column), lines[row][column]


def search(lines: Lines, at: Place, matches: Callable[[str], list[int]], step: int) -> Place | None:
    """The next place that `matches` finds in a line, round the end of the text."""
    count = len(lines)
    for turn in range(count + 1):
        row = (at[0] + step * turn) % count
        columns = matches(lines[row])
        if turn == 0:
            columns = [c for c in columns if (c - at[1]) * step > 0]
        if columns:
            return row, columns[0] if step > 0 else columns[-1]
    return None
