"""A chart of amounts in time: bars, their sum as it grows, and where it is heading."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from textual_plotext import PlotextPlot

from lakeshell.output.chart import Chart
from lakeshell.tui.safe import shortened, words


class CostChart(PlotextPlot):
    def draw(self, chart: Chart) -> None:
        """The sum has a scale of its own, on the right; what is what is said in the title."""
        plot = self.plt
        plot.clear_data()
        plot.clear_figure()
        labels = [words(bar.label) for bar in chart.bars]
        places = list(range(1, len(labels) + 1))
        title, room = words(chart.title), max(40, self.size.width - 16)
        if not chart.running:
            plot.title(shortened(title, room))
            if labels:
                plot.bar(labels, [float(bar.value) for bar in chart.bars])
            self.refresh()
            return
        plot.title(shortened(f"{title}: bars; dots: their sum, right", room))
        slots = max(chart.slots, len(places), 1)
        plot.bar(places, [float(bar.value) for bar in chart.bars])
        plot.xlim(0, slots + 1)
        plot.xticks([1, *range(5, slots + 1, 5)])
        total, sums = Decimal(0), []
        for bar in chart.bars:
            total += bar.value
            sums.append(float(total))
        if total:
            # Its signature names a number where it takes the side's name.
            side: Any = "right"
            plot.ylim(0, float(max(total, chart.ahead or total)), yside=side)
            plot.plot(places, sums, marker="braille", yside="right")
            if chart.ahead is not None and len(places) < slots:
                plot.scatter(
                    [places[-1], slots], [sums[-1], float(chart.ahead)], marker="dot", yside="right"
                )
        self.refresh()
