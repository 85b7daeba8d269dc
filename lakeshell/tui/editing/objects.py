"""Vim's text objects: a word, what is in quotes or brackets, a paragraph.

Out: (first, behind the last), or None where there is none.
"""

from __future__ import annotations

from lakeshell.tui.editing.motions import Lines, Place, enclosing, kind

Span = tuple[Place, Place]
_PAIRS = {"(": "()", ")": "()", "b": "()", "[": "[]", "]": "[]", "{": "{}", "}": "{}", "B": "{}"}


def text_object(lines: Lines, at: Place, name: str, around: bool) -> Span | None:
    """`name` is vim's letter for it; `around` takes its quotes, brackets or blanks with it."""
    if name in "wW":
        return _word(lines, at, name == "W", around)
    if name in "\"'`":
        return _quoted(lines, at, name, around)
    if name == "p":
        return _paragraph(lines, at, around)
    pair = _PAIRS[name]
    found = enclosing(lines, at, pair[0], pair[1])
    if found is None:
        return None
    (row, column), (last, end) = found
    return ((row, column), (last, end + 1)) if around else ((row, column + 1), (last, end))


def _word(lines: Lines, at: Place, big: bool, around: bool) -> Span | None:
    row, column = at
    line = lines[row]
    if not line:
        return None
    column = min(column, len(line) - 1)
    held = kind(line[column], big)
    first = last = column
    while first > 0 and kind(line[first - 1], big) == held:
        first -= 1
    while last + 1 < len(line) and kind(line[last + 1], big) == held:
        last += 1
    end = last + 1
    if around:
        blanks = end
        while blanks < len(line) and line[blanks].isspace():
            blanks += 1
        if blanks == end:
            while first > 0 and line[first - 1].isspace():
                first -= 1
        end = blanks
    return (row, first), (row, end)


def _quoted(lines: Lines, at: Place, quote: str, around: bool) -> Span | None:
    row, column = at
    line = lines[row]
    marks = [i for i, character in enumerate(line) if character == quote]
    for first, last in zip(marks[::2], marks[1::2], strict=False):
        if column <= last:
            return ((row, first), (row, last + 1)) if around else ((row, first + 1), (row, last))
    return None


def _paragraph(lines: Lines, at: Place, around: bool) -> Span | None:
    first = last = at[0]
    blank = not lines[first].strip()
    while first > 0 and (not lines[first - 1].strip()) == blank:
        first -= 1
    while last + 1 < len(lines) and (not lines[last + 1].strip()) == blank:
        last += 1
    while around and last + 1 < len(lines) and (not lines[last + 1].strip()) != blank:
        last += 1
    return (first, 0), (last, len(lines[last]))
