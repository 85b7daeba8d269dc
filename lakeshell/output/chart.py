"""Amounts as bars: lines of text for a terminal.

In: a `Chart`. Out: lines of at most `width` columns. What a bar says is written beside it, so no
meaning is in its colour or length alone. `svg` draws the same chart as a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lakeshell.output.fit import shortened
from lakeshell.output.text import printable
from lakeshell.output.width import console_width

_PARTS = " ▏▎▍▌▋▊▉"
_FULL = "█"
_LEAST = 10
_LABEL = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """`value` is not negative; `text` is how it is written."""

    label: str
    value: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`running`: the bars follow each other in time, and their sum as it grows is drawn as well;
    `ahead` is where that sum is expected to end, after `slots` bars in all. `notes` stand below."""

    title: str
    bars: Sequence[Bar]
    running: bool = False
    ahead: Decimal | None = None
    slots: int = 0
    notes: Sequence[str] = ()


def chart_lines(chart: Chart, width: int, *, unicode: bool = True) -> list[str]:
    """Without `unicode` the bars are of `#`."""
    labels = [shortened(printable(bar.label), min(_LABEL, width // 3)) for bar in chart.bars]
    texts = [printable(bar.text) for bar in chart.bars]
    wide = max(map(console_width, labels), default=0)
    right = max(map(console_width, texts), default=0)
    room = max(_LEAST, width - wide - right - 2)
    most = max((bar.value for bar in chart.bars), default=Decimal(0))
    lines = [printable(chart.title)]
    for bar, label, text in zip(chart.bars, labels, texts, strict=True):
        drawn = _drawn(bar.value, most, room, unicode)
        lines.append(f"{_padded(label, wide)} {_padded(drawn, room)} {text:>{right}}".rstrip())
    return [*lines, *(printable(note) for note in chart.notes)]


def _drawn(value: Decimal, most: Decimal, room: int, unicode: bool) -> str:
    """What is more than nothing is at least a part of a bar."""
    if not value or not most:
        return ""
    eighths = max(1, int(value / most * room * 8))
    if not unicode:
        return "#" * max(1, round(eighths / 8))
    return _FULL * (eighths // 8) + _PARTS[eighths % 8].strip()


def _padded(text: str, width: int) -> str:
    return text + " " * (width - console_width(text))
