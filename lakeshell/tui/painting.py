"""What is written to the terminal, less what it shows already: for slow links.

In: what Textual would write, whole widgets at a time, each with all of its colours. Out: the cells
that differ from what was written last, with as few words about colours as will do. Anything that is
not understood goes through as it is, and nothing is taken as known after it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from rich._palettes import STANDARD_PALETTE
from rich.cells import cell_len

_PIECE = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H"
    r"|\x1b\[(?P<style>[\d;]*)m"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|(?P<line>\n)"
    r"|(?P<mode>\x1b\[[?<>=][\d;$]*[a-zA-Z])"
    r"|(?P<title>\x1b\][^\x07\x1b]*\x07)"
)
_OTHER_SCREEN = "1049"
_GAP = 6
"""Cells that are the same and are written again all the same: moving over them takes as much."""
_SHOWN_ON_BLANK = frozenset({"4", "7", "9", "21", "53"})
"""Underline, reverse and the like, which a blank shows too."""
_GREYS = frozenset({0, 7, 8, 15})
_READABLE = 2.5
"""Contrast of a text to its ground that a terminal of 16 colours has for most of them."""


@dataclass(frozen=True, slots=True)
class Style:
    """Of a cell: what SGR says. Empty colours are the terminal's own."""

    flags: frozenset[str] = frozenset()
    foreground: str = ""
    background: str = ""


PLAIN = Style()
Cell = tuple[str, Style]


class Painter:
    """One terminal. `thin` is called with all that is written to it, in order."""

    def __init__(self) -> None:
        self._rows: dict[int, list[Cell | None]] = {}
        self._out: list[str] = []
        self._style = PLAIN
        self._at: tuple[int, int] | None = None

    def forget(self) -> None:
        """The terminal may show something else by now."""
        self._rows.clear()

    def thin(self, data: str) -> str:
        pieces = list(_PIECE.finditer(data))
        if sum(piece.end() - piece.start() for piece in pieces) != len(data):
            self.forget()
            return data
        self._out, self._style, self._at = [], PLAIN, None
        place: tuple[int, int] | None = None
        wanted = PLAIN
        for piece in pieces:
            match piece.lastgroup:
                case "column":
                    place = (int(piece["row"]), int(piece["column"]))
                case "style":
                    wanted = _styled(wanted, piece["style"])
                case "text":
                    if place is None:
                        self.forget()
                        return data
                    place = self._text(place, piece[0], wanted)
                case "line":
                    place = None if place is None else (place[0] + 1, place[1])
                case _:
                    if _OTHER_SCREEN in piece[0]:
                        self.forget()
                    self._out.append(piece[0])
        if self._style != PLAIN:
            self._out.append("\x1b[0m")
        if place is not None and place != self._at:
            self._out.append(f"\x1b[{place[0]};{place[1]}H")
        return "".join(self._out)

    def _text(self, place: tuple[int, int], text: str, style: Style) -> tuple[int, int]:
        """Writes what of it is new; gives the place behind it."""
        row, column = place
        style = _readable(style)
        if not text.isascii() and cell_len(text) != len(text):
            # Terminals differ on how wide some of these are: the line is not known after them.
            self._write(place, text, style)
            self._at = None
            self._rows.pop(row, None)
            return row, column + cell_len(text)
        held = self._rows.setdefault(row, [])
        end = column - 1 + len(text)
        if len(held) < end:
            held.extend([None] * (end - len(held)))
        blank = _on_blank(style)
        cells: list[Cell | None] = [
            (character, blank if character == " " else style) for character in text
        ]
        if held[column - 1 : end] == cells:
            return row, end + 1
        for first, last in _changed(held[column - 1 : end], cells):
            self._write((row, column + first), text[first:last], style)
            self._at = (row, column + last)
        held[column - 1 : end] = cells
        return row, end + 1

    def _write(self, place: tuple[int, int], text: str, style: Style) -> None:
        if self._at is None or self._at != place:
            ahead = place[1] - self._at[1] if self._at and self._at[0] == place[0] else 0
            self._out.append(f"\x1b[{ahead}C" if ahead > 0 else f"\x1b[{place[0]};{place[1]}H")
        if style != self._style and not (
            text.isspace() and _on_blank(style) == _on_blank(self._style)
        ):
            self._out.append(_change(self._style, style))
            self._style = style
        self._out.append(text)


def _changed(before: list[Cell | None], after: list[Cell | None]) -> list[tuple[int, int]]:
    """Runs of cells that differ, those with a small gap between them as one."""
    runs: list[tuple[int, int]] = []
    for at, (old, new) in enumerate(zip(before, after, strict=True)):
        if old == new:
            continue
        if runs and at - runs[-1][1] <= _GAP:
            runs[-1] = (runs[-1][0], at + 1)
        else:
            runs.append((at, at + 1))
    return runs


@lru_cache(maxsize=4_096)
def _styled(style: Style, codes: str) -> Style:
    """The style after one SGR sequence."""
    parts = codes.split(";") if codes else ["0"]
    flags, foreground, background = set(style.flags), style.foreground, style.background
    while parts:
        code = parts.pop(0)
        if code in ("38", "48"):
            count = 4 if parts[:1] == ["2"] else 2
            colour = ";".join([code, *parts[:count]])
            del parts[:count]
            if code == "38":
                foreground = colour
            else:
                background = colour
        elif code in ("", "0"):
            flags, foreground, background = set(), "", ""
        elif code == "39":
            foreground = ""
        elif code == "49":
            background = ""
        elif (len(code) == 2 and code[0] == "3") or (len(code) == 2 and code[0] == "9"):
            foreground = code
        elif (len(code) == 2 and code[0] == "4") or (len(code) == 3 and code[:2] == "10"):
            background = code
        else:
            flags.add(code)
    return Style(frozenset(flags), foreground, background)


@lru_cache(maxsize=4_096)
def _readable(style: Style) -> Style:
    """Where a theme's colours are made into the 16 that a terminal has, two that differ may become
    one: such a text is then lighter or darker of its own hue, else white or black."""
    text, ground = _of_sixteen(style.foreground, 30), _of_sixteen(style.background, 40)
    if text is None or ground is None or _contrast(text, ground) >= _READABLE:
        return style
    other = text ^ 8
    if text in _GREYS or _contrast(other, ground) < _READABLE:
        other = max(0, 15, key=lambda number: _contrast(number, ground))
    code = 30 + other if other < 8 else 82 + other
    return Style(style.flags, str(code), style.background)


def _of_sixteen(code: str, first: int) -> int | None:
    """The number of a colour, where it is one that every terminal has."""
    if not code.isdecimal():
        return None
    number = int(code) - first
    return number if number < 8 else number - 52


def _contrast(one: int, other: int) -> float:
    """From 1 to 21, as WCAG counts it."""
    darker, lighter = sorted(map(_light, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _light(number: int) -> float:
    red, green, blue = (math.pow(part / 255, 2.2) for part in STANDARD_PALETTE[number])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=4_096)
def _on_blank(style: Style) -> Style:
    """What of a style a blank shows."""
    if style.flags & _SHOWN_ON_BLANK:
        return style
    return Style(background=style.background)


@lru_cache(maxsize=4_096)
def _change(before: Style, after: Style) -> str:
    """The shortest SGR from one style to another."""
    lost = (
        before.flags - after.flags
        or (before.foreground and not after.foreground)
        or (before.background and not after.background)
    )
    if lost:
        whole = [*sorted(after.flags), after.foreground, after.background]
        return f"\x1b[{';'.join(['0', *filter(None, whole)])}m" if any(whole) else "\x1b[0m"
    parts = sorted(after.flags - before.flags)
    if after.foreground != before.foreground:
        parts.append(after.foreground)
    if after.background != before.background:
        parts.append(after.background)
    return f"\x1b[{';'.join(parts)}m" if parts else ""
