"""A page of text about one thing: headings, values, small tables, scripts.

In: plain values. Out: one `Content`, safe to show, that scrolls both ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.widgets import Static

from lakeshell.output.fit import Fit, fitted
from lakeshell.tui.safe import beginning, shown, shown_lines, words
from lakeshell.tui.widgets.listing import STYLES

_WIDEST = 60


class Sheet(ScrollableContainer, can_focus=True):
    BINDINGS = [
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
        Binding("g", "scroll_home", "Top", show=False),
        Binding("G", "scroll_end", "End", show=False),
    ]
    DEFAULT_CSS = """
    Sheet { height: 1fr; padding: 0 1; scrollbar-size: 1 1; }
    Sheet:focus { background-tint: $primary 6%; }
    Sheet > Static { width: auto; height: auto; text-wrap: nowrap; }
    """

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    @property
    def room(self) -> int:
        """Columns that can be seen without going to the side."""
        return max(0, self.size.width - self.scrollbar_size_vertical)

    def draw(self, parts: Sequence[Content]) -> None:
        self.query_one(Static).update(Content("\n").join(parts))


def heading(text: str) -> Content:
    return Content("\n") + shown(text, "bold $primary")


def values(pairs: Mapping[str, object]) -> Content:
    """A line for each value that there is."""
    known = {name: value for name, value in pairs.items() if value not in (None, "", ())}
    width = max(map(len, known), default=0)
    lines = [
        shown(f"{name:<{width}}  ", "dim") + shown(value, STYLES.get(str(value), ""))
        for name, value in known.items()
    ]
    return Content("\n").join(lines)


def rows(
    columns: Sequence[str],
    found: Sequence[Sequence[object]],
    room: int | None = None,
    fit: Fit | None = None,
) -> Content:
    """A table, its columns as wide as what is in them; where there is `room` for so many columns of
    the screen only, they give way as `fit` says."""
    if not found:
        return shown("none", "dim")
    # Of a preview they are a source's names: data, as what is in them.
    columns = [words(name) for name in columns]
    texts: Sequence[Sequence[str]] = [[words(value) for value in row] for row in found]
    if room is not None and fit is not None:
        # A listing on a terminal has a column more between two cells, and one at each end.
        least = len(columns) - len(fit.spare)
        names, texts, _ = fitted(columns, texts, room + least + 1, fit)
        found = [[row[columns.index(name)] for name in names] for row in found]
        columns = names
    cells = [[text.split("\n") for text in row] for row in texts]
    widths = [
        max(cell_len(columns[i]), *(cell_len(line) for row in cells for line in row[i]))
        for i in range(len(columns))
    ]
    # The last column may be as long as it is: nothing stands behind it.
    widths[:-1] = [min(_WIDEST, width) for width in widths[:-1]]
    lines = [Content.styled(_line(columns, widths), "dim")]
    for row, split in zip(found, cells, strict=True):
        for each in zip_longest(*split, fillvalue=""):
            lines.append(_styled(row, each, widths))
    return Content("\n").join(lines)


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(_fit(text, width) for text, width in zip(texts, widths, strict=True)).rstrip()


def _fit(text: str, width: int) -> str:
    return (
        set_cell_size(text, width)
        if cell_len(text) <= width
        else set_cell_size(text, width - 1) + "…"
    )


def _styled(row: Sequence[object], texts: Sequence[str], widths: Sequence[int]) -> Content:
    pieces = []
    for value, text, width in zip(row, texts, widths, strict=True):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fitted = text.rjust(width) if number else _fit(text, width)
        pieces.append(Content.styled(fitted, STYLES.get(text, "")))
    return Content("  ").join(pieces)


def script(text: str) -> Content:
    """Lines with their numbers."""
    lines = beginning(text).rstrip().split("\n")
    width = len(str(len(lines)))
    numbered = [
        shown(f"{number:>{width}}  ", "dim") + shown_lines(line.replace("\t", "    "))
        for number, line in enumerate(lines, 1)
    ]
    return Content("\n").join(numbered)


_SIGNS = {"+": "$success", "-": "$error", "@": "$primary"}


def difference(diff: str) -> Content:
    """A unified diff: each line keeps its sign, and has a colour by it."""
    if not diff:
        return shown("no difference", "dim")
    lines = [shown_lines(line, _SIGNS.get(line[:1], "")) for line in diff.splitlines()]
    return Content("\n").join(lines)
