"""A `chart.Chart` as SVG: one file that shows itself anywhere, without scripts, fonts or colours
that mean something.

In: a chart. Out: the text of the file. Time goes from left to right, with the growing sum as a line
and where it is heading dashed; other bars lie one below the other. Each bar says its value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from xml.sax.saxutils import escape

from lakeshell.output.chart import Bar, Chart
from lakeshell.output.fit import shortened
from lakeshell.output.text import printable

_WIDTH = 840
_LEFT, _RIGHT = 60, 70
_TOP, _HEIGHT = 56, 260
_ROW = 24
_NAMES = 200
_STYLE = (
    "text{font:13px sans-serif;fill:#222}.title{font-size:17px;font-weight:bold}"
    ".note,.tick{font-size:12px;fill:#555}.bar{fill:#2f6f9f}.grid{stroke:#ddd}"
    ".sum{fill:none;stroke:#b3541e;stroke-width:2}.ahead{stroke-dasharray:6 5}"
    "@media(prefers-color-scheme:dark){.back{fill:#1c1c1c}text{fill:#ddd}"
    ".note,.tick{fill:#aaa}.grid{stroke:#444}.bar{fill:#5fafd7}.sum{stroke:#ffaf5f}}"
)


def chart_svg(chart: Chart) -> str:
    """Raises nothing: whatever text is in it is escaped."""
    body, bottom = _in_time(chart) if chart.running else _listed(chart.bars)
    notes = [
        f'<text class="note" x="16" y="{bottom + 22 + 18 * n}">{_text(note)}</text>'
        for n, note in enumerate(chart.notes)
    ]
    height = bottom + 18 + 18 * len(chart.notes)
    title = _text(chart.title)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            f'width="{_WIDTH}" height="{height}" role="img" aria-label="{title}">',
            f"<style>{_STYLE}</style>",
            '<rect class="back" width="100%" height="100%" fill="#fff"/>',
            f'<text class="title" x="16" y="30">{title}</text>',
            *body,
            *notes,
            "</svg>\n",
        ]
    )


def _listed(bars: Sequence[Bar]) -> tuple[list[str], int]:
    most = max((bar.value for bar in bars), default=Decimal(0))
    room = _WIDTH - _NAMES - 150
    made = []
    for number, bar in enumerate(bars):
        y = _TOP + number * _ROW
        wide = _share(bar.value, most, room)
        made += [
            f'<text x="16" y="{y + 15}">{_text(shortened(bar.label, 26))}</text>',
            f'<rect class="bar" x="{_NAMES}" y="{y + 2}" width="{wide}" height="{_ROW - 7}"/>',
            f'<text x="{_NAMES + 8 + float(wide):.1f}" y="{y + 15}">{_text(bar.text)}</text>',
        ]
    return made, _TOP + max(1, len(bars)) * _ROW


def _in_time(chart: Chart) -> tuple[list[str], int]:
    """Two scales: that of the bars on the left, that of their sum on the right."""
    bars, floor = chart.bars, _TOP + _HEIGHT
    slots = max(chart.slots, len(bars), 1)
    step = Decimal(_WIDTH - _LEFT - _RIGHT) / slots
    most = max((bar.value for bar in bars), default=Decimal(0))
    spent = sum((bar.value for bar in bars), Decimal(0))
    top = max(spent, chart.ahead or Decimal(0))
    made = list(_scales(most, top, floor))
    points, total = [], Decimal(0)
    for number, bar in enumerate(bars):
        total += bar.value
        x, tall = _LEFT + step * number, _share(bar.value, most, _HEIGHT)
        y = floor - Decimal(tall)
        made.append(
            f'<rect class="bar" x="{x + step / 8:.1f}" y="{y:.1f}" width="{step * 3 / 4:.1f}" '
            f'height="{tall}"><title>{_text(f"{bar.label}: {bar.text}")}</title></rect>'
        )
        if number % max(1, -(-slots // 16)) == 0:
            made.append(
                f'<text class="tick" x="{x + step / 2:.1f}" y="{floor + 16}" '
                f'text-anchor="middle">{_text(bar.label)}</text>'
            )
        points.append(f"{x + step / 2:.1f},{_height(total, top, floor)}")
    if points:
        made.append(f'<polyline class="sum" points="{" ".join(points)}"/>')
    if points and chart.ahead is not None and len(bars) < slots:
        end = f"{_LEFT + step * slots - step / 2:.1f},{_height(chart.ahead, top, floor)}"
        made.append(f'<polyline class="sum ahead" points="{points[-1]} {end}"/>')
    return made, floor + 24


def _scales(most: Decimal, top: Decimal, floor: int) -> Iterator[str]:
    for part in range(5):
        y = floor - _HEIGHT * part // 4
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
        for amount, x, anchor in (
            (most, _LEFT - 6, "end"),
            (top, _WIDTH - _RIGHT + 6, "start"),
        ):
            text = f"{float(amount) * part / 4:.3g}"
            yield f'<text class="tick" x="{x}" y="{y + 4}" text-anchor="{anchor}">{text}</text>'


def _share(value: Decimal, most: Decimal, room: int) -> str:
    return f"{value / most * room:.1f}" if most else "0.0"


def _height(value: Decimal, most: Decimal, floor: int) -> str:
    return f"{floor - Decimal(_share(value, most, _HEIGHT)):.1f}"


def _text(text: str) -> str:
    return escape(printable(text), {'"': "&quot;"})
