"""A listing made to fit a terminal: columns give way in the order that its maker says.

In: column names, cells as texts, the terminal's width. Out: the same in that width where it can be
done, and the names of the columns left out. Files and pipes never come here: they get every cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lakeshell.output.text import printable_lines
from lakeshell.output.width import console_width

Cells = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a listing gives way. `spare` columns are left out, the first named first; then long
    texts are `cut` with an ellipsis or `wrapped` to several lines, never below `least` columns."""

    spare: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    wrapped: tuple[str, ...] = ()
    least: int = 20


class Fitted(NamedTuple):
    columns: tuple[str, ...]
    rows: Cells
    left_out: tuple[str, ...]


def fitted(columns: Sequence[str], rows: Cells, width: int, fit: Fit) -> Fitted:
    """`width` is the terminal's, in columns."""
    table = [[printable_lines(cell) for cell in row] for row in rows]
    widths = {name: _width(name, [row[i] for row in table]) for i, name in enumerate(columns)}
    left_out: list[str] = []
    for name in fit.spare:
        kept = [widths[n] for n in columns if n not in left_out]
        yielding = [n for n in columns if n in (*fit.cut, *fit.wrapped) and n not in left_out]
        if _total(kept) - sum(max(0, widths[n] - fit.least) for n in yielding) <= width:
            break
        left_out.append(name)
    shown = [name for name in columns if name not in left_out]
    _shrink(shown, widths, width, fit)
    made = [
        [_given_way(row[columns.index(name)], name, widths[name], fit) for name in shown]
        for row in table
    ]
    return Fitted(tuple(shown), made, tuple(left_out))


def _shrink(shown: Sequence[str], widths: dict[str, int], width: int, fit: Fit) -> None:
    """Takes from the widest yielding column, one column of the terminal after the other."""
    yielding = [name for name in shown if name in (*fit.cut, *fit.wrapped)]
    while _total([widths[name] for name in shown]) > width:
        widest = max(yielding, key=lambda name: widths[name], default=None)
        if widest is None or widths[widest] <= fit.least:
            return
        widths[widest] -= 1


def _width(name: str, cells: Sequence[str]) -> int:
    lines = (line for cell in cells for line in cell.split("\n"))
    return max(1, console_width(name), *map(console_width, lines))


def _total(widths: Sequence[int]) -> int:
    """What ALIGNED takes: a blank on both sides of each cell, and bars between."""
    return sum(widths) + 3 * len(widths) - 1


def _given_way(cell: str, name: str, width: int, fit: Fit) -> str:
    if name in fit.cut:
        return shortened(cell, width)
    if name in fit.wrapped:
        return "\n".join(line for text in cell.split("\n") for line in _lines(text, width))
    return cell


def shortened(text: str, width: int) -> str:
    """`text` in one line of at most `width` columns, with an ellipsis where something is left out."""
    line = " ".join(text.split())
    if console_width(line) <= width:
        return line
    end = len(line)
    while end and console_width(line[:end]) > width - 1:
        end -= 1
    return line[:end] + "…"


def _lines(text: str, width: int) -> list[str]:
    """`text` broken between words, and inside a word that is too long by itself."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if console_width(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if console_width(lines[-1] + character) > width:
                lines.append("")
            lines[-1] += character
    return lines
