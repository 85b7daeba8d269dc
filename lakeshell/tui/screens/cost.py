"""Cost: what this month cost by workgroup, user, day or job, drawn, and where it is heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from lakeshell.cost.periods import month_end, month_start, projected
from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text
from lakeshell.tui.safe import shortened, shown, words
from lakeshell.tui.screens.base import LakeScreen
from lakeshell.tui.widgets.listing import Listing

if TYPE_CHECKING:
    from lakeshell.model import Usage

GROUPS = ("workgroup", "user", "day", "job")


@dataclass(frozen=True, slots=True)
class _Month:
    start: datetime
    usage: Sequence[Usage]
    days: Sequence[Usage]


class CostScreen(LakeScreen):
    noun = "cost"
    AUTO_FOCUS = "#list"
    BINDINGS = [
        Binding("b", "group", "By …", id="cost.group"),
        Binding(
            "left_square_bracket", "month(-1)", "Month before", id="cost.before", key_display="["
        ),
        Binding("right_square_bracket", "month(1)", "Next month", id="cost.next", key_display="]"),
    ]
    DEFAULT_CSS = """
    CostScreen #total { height: 2; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    CostScreen #split { layout: vertical; height: 1fr; }
    CostScreen.-wide #split { layout: horizontal; }
    CostScreen #list { height: 1fr; width: 1fr; }
    CostScreen PlotextPlot { height: 1fr; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._by = 0
        self._start = month_start(self.console.now())

    def body(self) -> ComposeResult:
        from textual_plotext import PlotextPlot

        yield Static(id="total", markup=False)
        with Container(id="split"):
            yield Listing(
                ("key", "kind", "count", "scanned", "time", "cost", "projected", "currency"),
                id="list",
            )
            yield PlotextPlot()

    def look(self) -> None:
        start, by = self._start, GROUPS[self._by]
        self.ask("usage", lambda: self._read(start, by), self._draw)

    def _read(self, start: datetime, by: str) -> _Month:
        end = month_end(start)
        ledger = self.lake.ledger
        return _Month(start, ledger.usage(start, end, by), ledger.usage(start, end, "day"))

    def _draw(self, found: _Month) -> None:
        now, by = self.console.now(), GROUPS[self._by]
        rows = []
        totals: dict[str, Decimal] = {}
        for used in found.usage:
            totals[used.currency] = totals.get(used.currency, Decimal(0)) + used.cost
            ahead = "" if by == "day" else money_text(projected(used.cost, now, found.start))
            scanned = size_text(used.scanned) if used.kind == "query" else ""
            time = f"{used.elapsed:.1f} s"
            line = (
                used.key,
                used.kind,
                used.count,
                scanned,
                time,
                money_text(used.cost),
                ahead,
                used.currency,
            )
            rows.append((f"{used.kind} {used.key} {used.currency}", line))
        self.query_one("#list", Listing).draw(rows)
        said = [
            f"{total_text(total)} {currency} so far, {total_text(projected(total, now, found.start))} projected"
            for currency, total in totals.items()
        ]
        self.query_one("#total", Static).update(
            shown(f"{found.start:%Y-%m} by {by}: {'; '.join(said) or 'nothing was spent'}", "bold")
            + Content("\n")
            + shown("the projection takes the month to go on as it went", "dim")
        )
        self._plot(found)

    def _plot(self, found: _Month) -> None:
        """What each day cost, and how the sum of them grew."""
        from textual_plotext import PlotextPlot

        widget = self.query_one(PlotextPlot)
        plot = widget.plt
        plot.clear_data()
        plot.clear_figure()
        days = (month_end(found.start) - found.start) // timedelta(days=1)
        each = [0.0] * days
        for used in found.days:
            each[int(used.key[-2:]) - 1] += float(used.cost)
        plot.title(shortened(words(f"cost a day, {found.start:%Y-%m}"), 60))
        plot.bar(list(range(1, days + 1)), each)
        widget.refresh()

    def action_group(self) -> None:
        self._by = (self._by + 1) % len(GROUPS)
        self.look()

    def action_month(self, step: int) -> None:
        """The month before or the next, up to the present one."""
        moved = month_start(self._start + timedelta(days=32 if step > 0 else -1))
        if moved <= self.console.now():
            self._start = moved
            self.look()


def total_text(amount: Decimal) -> str:
    return money_text(amount.quantize(Decimal("0.0001"))) or ""
