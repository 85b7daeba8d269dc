"""A result as a chart: bars, a line, points, or how its values are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual_plotext import PlotextPlot

from lakeshell.query.rows import Arrangement, ResultRows
from lakeshell.query.series import BARS, Series, choose, histogram, numeric_columns, series
from lakeshell.tui.safe import shortened, words

if TYPE_CHECKING:
    from lakeshell.tui.screens.query import QueryScreen

KINDS = ("bar", "line", "scatter", "histogram")


class ResultChart(Vertical, can_focus=True):
    """`v` is the next kind, the arrows choose the columns: left and right what goes upward, up and
    down what goes along."""

    BINDINGS = [
        Binding("v", "kind(1)", "Next kind", id="chart.kind"),
        Binding("V", "kind(-1)", "Kind before", id="chart.kind_before", show=False),
        Binding("right,l", "upward(1)", "Values", id="chart.values"),
        Binding("left,h", "upward(-1)", "Values before", id="chart.values_before", show=False),
        Binding("down,j", "along(1)", "Along", id="chart.along"),
        Binding("up,k", "along(-1)", "Along before", id="chart.along_before", show=False),
        Binding("escape,q", "leave", "Rows", id="chart.leave"),
    ]
    DEFAULT_CSS = """
    ResultChart { height: 1fr; }
    ResultChart PlotextPlot { height: 1fr; }
    """

    class Left(Message):
        """The rows are wanted again."""

        def __init__(self, chart: ResultChart) -> None:
            super().__init__()
            self.chart = chart

    def __init__(self, rows: ResultRows, arrangement: Arrangement, column: int) -> None:
        super().__init__()
        self._rows, self._arrangement, self._column = rows, arrangement, column
        self._kind = KINDS[0]
        self._x = self._y = 0

    def compose(self) -> ComposeResult:
        yield PlotextPlot()

    def on_mount(self) -> None:
        try:
            self._x, self._y = choose(self._rows, self._column)
        except Exception as error:
            self.host.fail(error)
            self.action_leave()
            return
        self.focus()
        self._ask()

    @property
    def host(self) -> QueryScreen:
        from lakeshell.tui.screens.query import QueryScreen

        assert isinstance(self.screen, QueryScreen)
        return self.screen

    def action_kind(self, step: int) -> None:
        self._kind = KINDS[(KINDS.index(self._kind) + step) % len(KINDS)]
        self._ask()

    def action_upward(self, step: int) -> None:
        numbers = numeric_columns(self._rows)
        self._y = numbers[(numbers.index(self._y) + step) % len(numbers)]
        self._ask()

    def action_along(self, step: int) -> None:
        self._x = (self._x + step) % len(self._rows.columns)
        self._ask()

    def action_leave(self) -> None:
        self.post_message(self.Left(self))

    def _ask(self) -> None:
        kind, rows, x, y = self._kind, self._rows, self._x, self._y
        most = BARS if kind == "bar" else 2_000

        def work() -> Series:
            if kind == "histogram":
                return histogram(rows, y)
            return series(rows, self._arrangement, x, y, most, spread=kind != "bar")

        self.host.ask("chart", work, lambda data: self._draw(kind, data))

    def _draw(self, kind: str, data: Series) -> None:
        if not self.is_attached:
            return
        draw(self.query_one(PlotextPlot), kind, data)
        self.host.status(f"{kind}: v next kind, left and right values, up and down along, Esc rows")


def draw(widget: PlotextPlot, kind: str, data: Series) -> None:
    plot = widget.plt
    plot.clear_data()
    plot.clear_figure()
    left = f", first {len(data.values):,} rows" if data.left_out else ""
    if data.every > 1:
        left = f", one row in {data.every:,}"
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
    if kind in ("line", "scatter") and (data.numbers is None or data.dates) and labels:
        along = sorted(zip(places, labels, strict=True))
        step = max(1, len(along) // 8)
        plot.xticks([place for place, _ in along[::step]], [label for _, label in along[::step]])
    widget.refresh()
