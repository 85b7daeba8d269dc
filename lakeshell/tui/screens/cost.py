"""Cost: what a month cost by any key, drawn, where it is heading, the same on AWS, and budgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from lakeshell import history
from lakeshell.billing.aws import Comparison, comparison
from lakeshell.billing.budgets import BudgetUse, budgets
from lakeshell.billing.drawn import chart
from lakeshell.billing.month import GROUPS, Month, amount_text
from lakeshell.billing.month import month as month_of
from lakeshell.billing.services import note_services
from lakeshell.billing.tables import Listed, budgets_table, comparison_table, usage_table
from lakeshell.cost.periods import METHOD, month_start, projected
from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text
from lakeshell.output.chart import Chart
from lakeshell.tui.safe import shown
from lakeshell.tui.screens.asking import LineScreen
from lakeshell.tui.screens.base import LakeScreen
from lakeshell.tui.widgets.costchart import CostChart
from lakeshell.tui.widgets.listing import Listing
from lakeshell.tui.widgets.sheet import Sheet, rows

VIEWS = ("chart", "aws", "budgets")
"""What stands beside the listing: one after the other in a narrow window, all of them in a wide one."""


@dataclass(frozen=True, slots=True)
class _Bill:
    month: Month
    chart: Chart
    compared: Comparison
    budgets: Sequence[BudgetUse]


class CostScreen(LakeScreen):
    noun = "cost"
    AUTO_FOCUS = "#list"
    BINDINGS = [
        Binding("b", "group", "By …", id="cost.group"),
        Binding("v", "view", "Chart/AWS/budgets", id="cost.view"),
        Binding(
            "left_square_bracket", "month(-1)", "Month before", id="cost.before", key_display="["
        ),
        Binding("right_square_bracket", "month(1)", "Next", id="cost.next", key_display="]"),
        Binding("e", "export", "CSV", id="cost.export"),
        Binding("p", "picture", "SVG", id="cost.picture"),
    ]
    DEFAULT_CSS = """
    CostScreen #total { height: 2; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    CostScreen #split { layout: vertical; height: 1fr; }
    CostScreen.-wide #split { layout: horizontal; }
    CostScreen #list { height: 1fr; width: 2fr; }
    CostScreen #views { height: 1fr; width: 3fr; }
    CostScreen.-narrow #list { width: 1fr; }
    CostScreen.-narrow #views { width: 1fr; }
    CostScreen.-narrow #views { height: 12; border-top: solid $panel; }
    CostScreen.-wide #views { border-left: solid $panel; }
    CostScreen.-narrow #views > .-behind { display: none; }
    CostScreen #chart { height: 1fr; min-height: 8; }
    CostScreen.-wide #aws { height: auto; max-height: 12; }
    CostScreen.-wide #budgets { height: auto; max-height: 12; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._by = 0
        self._view = 0
        self._start = month_start(self.console.now())
        self._found: _Bill | None = None

    def body(self) -> ComposeResult:
        yield Static(id="total", markup=False)
        with Container(id="split"):
            yield Listing(
                ("key", "kind", "count", "scanned", "time", "cost", "projected", "currency"),
                id="list",
            )
            with Vertical(id="views"):
                yield CostChart(id="chart")
                yield Sheet(id="aws", classes="-behind")
                yield Sheet(id="budgets", classes="-behind")

    def look(self) -> None:
        start, by, now = self._start, GROUPS[self._by], self.console.now()
        self.ask("usage", lambda: self._read(start, by, now), self._draw)

    def _read(self, start: datetime, by: str, now: datetime) -> _Bill:
        lake = self.lake
        history.catch_up(lake)
        note_services(lake, now)
        found = month_of(lake, start, now, by, None)
        drawn = found if by in ("day", "month") else month_of(lake, start, now, "day", None)
        return _Bill(
            found,
            chart(drawn, now, lake.settings.currency),
            comparison(lake, start),
            budgets(lake, now),
        )

    # --- drawing ---------------------------------------------------------------------------

    def _draw(self, found: _Bill) -> None:
        self._found = found
        self.query_one("#list", Listing).draw(self._lines(found.month))
        self.query_one("#total", Static).update(self._total(found))
        self.query_one(CostChart).draw(found.chart)
        self.query_one("#aws", Sheet).draw(_aws(found.compared))
        self.query_one("#budgets", Sheet).draw(_budgets(found.budgets))

    def _lines(self, month: Month) -> list[tuple[str, tuple[object, ...]]]:
        now, in_time = self.console.now(), month.by in ("day", "month")
        lines: list[tuple[str, tuple[object, ...]]] = []
        for used in month.usage:
            ahead = "" if in_time else amount_text(projected(used.cost, now, month.start))
            line = (
                used.key,
                used.kind,
                used.count,
                size_text(used.scanned) if used.kind == "query" else "",
                f"{used.elapsed:.1f} s",
                amount_text(used.cost),
                ahead,
                used.currency,
            )
            lines.append((f"{used.kind} {used.key} {used.currency}", line))
        return lines

    def _total(self, found: _Bill) -> Content:
        month = found.month
        said = [
            f"{total_text(s.spent)} {s.currency} so far, {total_text(s.projected)} projected"
            for s in month.sums
        ]
        if month.sums:
            aws, dollars = found.compared.on_aws
            said.append(f"on AWS {total_text(aws)} {dollars}")
        text = f"{month.start:%Y-%m} by {month.by}: {'; '.join(said) or 'nothing was spent'}"
        return shown(text, "bold") + Content("\n") + shown(f"projected: {METHOD}", "dim")

    # --- keys ------------------------------------------------------------------------------

    def action_group(self) -> None:
        self._by = (self._by + 1) % len(GROUPS)
        self.look()

    def action_view(self) -> None:
        """The next beside the listing; in a wide window, where all are seen, it is gone to."""
        self._view = (self._view + 1) % len(VIEWS)
        for number, name in enumerate(VIEWS):
            widget = self.query_one(f"#{name}")
            widget.set_class(number != self._view, "-behind")
            if number == self._view and widget.can_focus:
                widget.focus()
        if self._view == 0:
            self.query_one("#list").focus()

    def action_month(self, step: int) -> None:
        """The month before or the next, up to the present one."""
        moved = month_start(self._start + timedelta(days=32 if step > 0 else -1))
        if moved <= self.console.now():
            self._start = moved
            self.look()

    # --- files -----------------------------------------------------------------------------

    def action_export(self) -> None:
        """What the front of the screen shows, exactly."""
        if self._found is None:
            return
        found, now = self._found, self.console.now()
        name = f"{found.month.start:%Y-%m}"
        listed, about = usage_table(found.month, now, False), f"cost-{name}-by-{found.month.by}"
        if VIEWS[self._view] == "aws":
            listed, about = comparison_table(found.compared, False), f"cost-{name}-on-aws"
        elif VIEWS[self._view] == "budgets":
            listed, about = budgets_table(found.budgets, False), "budgets"
        self._ask_where(f"{about}.csv", lambda path: _write(listed, path))

    def action_picture(self) -> None:
        if self._found is None:
            return
        drawn, name = self._found.chart, f"cost-{self._found.month.start:%Y-%m}.svg"

        def work(path: Path) -> None:
            from lakeshell.output.files import replaced
            from lakeshell.output.svg import chart_svg

            with replaced(path) as part:
                part.write_text(chart_svg(drawn), encoding="utf-8")

        self._ask_where(name, work)

    def _ask_where(self, name: str, work: Callable[[Path], None]) -> None:
        def take(given: str | None) -> None:
            if given:
                path = Path(given).expanduser()
                self.carry_out(
                    "file",
                    f"writing {path}",
                    lambda _: work(path),
                    lambda _: self.notify(shown(f"it is in {path}").plain, markup=False),
                )

        self.app.push_screen(LineScreen("Save to", name), take)


def _write(listed: Listed, path: Path) -> None:
    from lakeshell.output.files import replaced
    from lakeshell.output.table import write_table

    columns, lines, _ = listed
    with replaced(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        write_table(columns, lines, "CSV_HEADER", file)


def _aws(found: Comparison) -> Sequence[Content]:
    columns, lines, _ = comparison_table(found, True)
    own, currency = found.self_hosted
    aws, dollars = found.on_aws
    return [
        shown(f"On AWS {amount_text(aws)} {dollars}, self-hosted {amount_text(own)} {currency}", "bold"),
        rows(columns, lines),
        shown(f"self-hosted: {amount_text(found.hours)} {currency} an hour for 16 GB, [prices] own_per_dpu_hour", "dim"),
    ]  # fmt: skip


def _budgets(found: Sequence[BudgetUse]) -> Sequence[Content]:
    if not found:
        said = "no workgroup has a budget: 8 sets one"
        return [shown("Budgets", "bold"), shown(said, "dim")]
    lines = [
        (b.standing.workgroup, b.standing.period, _used_bar(b.percent), f"{b.percent} %", amount_text(b.standing.spent), f"of {money_text(b.standing.budget)}", b.state)
        for b in found
    ]  # fmt: skip
    return [
        shown("Budgets", "bold"),
        rows(("workgroup", "budget", "", "used", "spent", "", "state"), lines),
    ]


def _used_bar(percent: Decimal) -> str:
    full = min(10, int(percent / 10))
    return "█" * full + "·" * (10 - full)


def total_text(amount: Decimal) -> str:
    return money_text(amount.quantize(Decimal("0.0001"))) or ""
