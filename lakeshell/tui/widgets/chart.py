"""A result as a chart: bars, a line, points, or how its values are spread."""

from __future__ import annotations

from textual_plotext import PlotextPlot

from lakeshell.query.rows import Arrangement, ResultRows
from lakeshell.query.series import BARS, Series, choose, histogram, series
from lakeshell.tui.safe import shortened, words

KINDS = ("bar", "line", "scatter", "histogram")


def chart_series(kind: str, rows: ResultRows, arrangement: Arrangement, column: int) -> Series:
    """What a chart of `kind` draws with the cursor in `column`; runs on a thread."""
    x, y = choose(rows, column)
    if kind == "histogram":
        return histogram(rows, y)
    return series(rows, arrangement, x, y, BARS if kind == "bar" else 2_000)


class ResultChart(PlotextPlot):
    DEFAULT_CSS = """
    ResultChart { height: 1fr; }
    """

    def draw(self, kind: str, data: Series) -> None:
        plot = self.plt
        plot.clear_data()
        plot.clear_figure()
        left = f", first {len(data.values):,} rows" if data.left_out else ""
        plot.title(shortened(words(f"{data.y} by {data.x}{left} ({kind})"), 70))
        labels = [shortened(words(label), 16) for label in data.labels]
        places = list(data.numbers or range(1, len(labels) + 1))
        if not data.values:
            plot.title("nothing to draw: no values")
        elif kind in ("bar", "histogram"):
            plot.bar(labels, list(data.values))
        elif kind == "line":
            plot.plot(places, list(data.values), marker="braille")
        else:
            plot.scatter(places, list(data.values), marker="dot")
        if kind in ("line", "scatter") and data.numbers is None and labels:
            step = max(1, len(labels) // 8)
            plot.xticks(places[::step], labels[::step])
        self.refresh()
