"""What a lake costs: a month by any key, its projection, the months before, budgets, and the same
month on AWS.

In: an open lake and the clock. Out: values for the command and the screen to draw. Reads the ledger;
`note_services` writes in it how long the stack's services ran.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeshell.cost.comparison import Line, PriceList, compare, total
from lakeshell.cost.lists import AWS, price_lists
from lakeshell.cost.periods import (
    METHOD,
    day_start,
    month_before,
    month_end,
    month_start,
    projected,
)
from lakeshell.cost.prices import (
    MB,
    SELF_HOSTED,
    compute_prices,
    hourly_cost,
    money,
    money_text,
    query_prices,
)
from lakeshell.cost.sizes import size_text
from lakeshell.errors import LakeshellError
from lakeshell.model import QueryState, RunRecord, Usage
from lakeshell.output.chart import Bar, Chart
from lakeshell.query.budgets import Level, Standing, standings

if TYPE_CHECKING:
    from lakeshell.lake import Lake

GROUPS = ("workgroup", "user", "day", "month", "job", "crawler")
MONTHS = 12
"""How many months are looked back on."""
_LONGEST = timedelta(days=92)
"""How far back a service that still runs is believed to have run without being looked at."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Of one currency. `projected` is what the month will have cost at its end."""

    currency: str
    spent: Decimal
    projected: Decimal


@dataclass(frozen=True, slots=True)
class Month:
    """One month, or the last ones where `by` is month; `end` is where the span ends."""

    start: datetime
    end: datetime
    by: str
    usage: Sequence[Usage]
    days: Sequence[Usage]
    sums: Sequence[Sum]


def month(lake: Lake, start: datetime, now: datetime, by: str, workgroup: str | None) -> Month:
    """The month that begins at `start`; by month, that and those before it."""
    end = month_end(start)
    since = month_before(start, MONTHS - 1) if by == "month" else start
    usage = lake.ledger.usage(since, end, by, workgroup)
    days = usage if by == "day" else lake.ledger.usage(start, end, "day", workgroup)
    return Month(start, end, by, usage, days, sums(days, start, now))


def sums(usage: Sequence[Usage], start: datetime, now: datetime) -> Sequence[Sum]:
    """Of usage in the month that begins at `start`."""
    spent: dict[str, Decimal] = {}
    for used in usage:
        spent[used.currency] = spent.get(used.currency, Decimal(0)) + used.cost
    return [Sum(c, amount, projected(amount, now, start)) for c, amount in sorted(spent.items())]


# --- the same on AWS -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """`recorded` is what the ledger has of each kind, in `currency`: the prices when it ran.
    `hours` is the price of 16 GB of running services for an hour by the last list."""

    lists: tuple[PriceList, ...]
    lines: Sequence[Line]
    recorded: dict[str, Decimal]
    currency: str
    hours: Decimal

    @property
    def on_aws(self) -> tuple[Decimal, str]:
        """What the month would have cost there, and in which currency."""
        aws = [i for i, known in enumerate(self.lists) if known.name in AWS]
        return sum((total(self.lines, i) for i in aws), Decimal(0)), self.lists[aws[0]].currency

    @property
    def self_hosted(self) -> tuple[Decimal, str]:
        return total(self.lines, -1), self.lists[-1].currency


def comparison(lake: Lake, start: datetime, workgroup: str | None = None) -> Comparison:
    """The month that begins at `start` by each list; of a workgroup only its queries."""
    settings, end = lake.settings, month_end(start)
    queries = query_prices(settings.query_prices, settings.per_tb, settings.currency)
    compute = compute_prices(settings.compute_prices, settings.per_dpu_hour, settings.currency)
    lists = price_lists(queries, compute, settings.own_per_tb, settings.own_per_dpu_hour)
    scans = lake.ledger.scan_counts(start, end, MB, workgroup)
    runs = () if workgroup is not None else lake.ledger.run_counts(start, end)
    recorded: dict[str, Decimal] = {}
    for used in lake.ledger.usage(start, end, "crawler", workgroup):
        if used.currency == settings.currency:
            recorded[used.kind] = recorded.get(used.kind, Decimal(0)) + used.cost
    own = lists[-1].services
    assert own is not None
    lines = compare(scans, MB, runs, lists)
    return Comparison(lists, lines, recorded, settings.currency, own.per_dpu_hour)


def used_text(line: Line) -> str:
    """What a line is priced by: bytes, or hours of one DPU."""
    if line.kind == "query":
        return size_text(line.scanned)
    if line.seconds < 360:
        return f"{line.seconds:.0f} DPU-seconds"
    return f"{line.seconds / 3600:.2f} DPU-hours"


def comparison_notes(found: Comparison, start: datetime) -> Sequence[str]:
    """The answer in words, and what it rests on."""
    aws, dollars = found.on_aws
    own, currency = found.self_hosted
    notes = [
        f"{start:%Y-%m}: on AWS {amount_text(aws)} {dollars} (Athena by TB scanned, Glue by DPU-hour, "
        f"nothing by the hour), self-hosted {amount_text(own)} {currency}"
    ]
    if any(line.count for line in found.lines[1:]):
        notes.append(
            f"self-hosted: {amount_text(found.hours)} {currency} an hour for each 16 GB of running "
            "services, jobs and crawlers; prices.own_per_dpu_hour sets it"
        )
    return notes


# --- budgets -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """How a workgroup stands to a budget, in `currency`; `projected` of a month, None of a day."""

    standing: Standing
    projected: Decimal | None
    currency: str

    @property
    def left(self) -> Decimal:
        return max(Decimal(0), self.standing.budget - self.standing.spent)

    @property
    def percent(self) -> Decimal:
        """Used up when it is 100; a budget of nothing always is."""
        standing = self.standing
        used = standing.spent / standing.budget * 100 if standing.budget else Decimal(100)
        return used.quantize(Decimal("0.1"))

    @property
    def state(self) -> str:
        """In words: `stops queries`, `used up`, `warns`, `will not last` by the projection, `ok`."""
        standing = self.standing
        if standing.level is Level.STOP:
            return "stops queries"
        if standing.spent >= standing.budget:
            return "used up"
        if standing.level is Level.WARN:
            return "warns"
        if self.projected is not None and self.projected > standing.budget:
            return "will not last"
        return "ok"


def budgets(lake: Lake, now: datetime, workgroup: str | None = None) -> Sequence[BudgetUse]:
    """Of every workgroup that has one, or of the one named; that of the UTC day before the month's."""
    currency = lake.settings.currency
    found = []
    for name in lake.workgroups.names() if workgroup is None else [workgroup]:
        group = lake.workgroups.get(name)
        if not group.has_budget:
            continue
        day, month = (
            lake.ledger.spent(name, since, currency=currency)
            for since in (day_start(now), month_start(now))
        )
        for standing in standings(group, day, month, now):
            monthly = standing.period == "monthly"
            ahead = projected(standing.spent, now, standing.start) if monthly else None
            found.append(BudgetUse(standing, ahead, currency))
    return found


# --- drawn ---------------------------------------------------------------------------------


def chart(found: Month, now: datetime, currency: str) -> Chart:
    """What each key cost, all kinds together: days and months in turn, others from the dearest."""
    costs: dict[str, Decimal] = {}
    for used in found.usage:
        if used.currency == currency:
            costs[used.key] = costs.get(used.key, Decimal(0)) + used.cost
    known = next((s for s in found.sums if s.currency == currency), None)
    spent = Sum(currency, Decimal(0), Decimal(0)) if known is None else known
    about = (
        f"{found.start:%Y-%m}" if found.by != "month" else f"the months up to {found.start:%Y-%m}"
    )
    others = sorted({used.currency for used in found.usage} - {currency})
    notes = [
        f"{found.start:%Y-%m}: {amount_text(spent.spent)} {currency} so far, "
        f"{amount_text(spent.projected)} projected"
    ]
    if found.start <= now < found.end:
        notes.append(f"projected: {METHOD}")
    if others:
        notes.append(f"left out: what was spent in {', '.join(others)}")
    title = f"Cost of {about} by {found.by}, {currency}"
    in_time = found.by in ("day", "month")
    keys = list(_spans(found, now)) if in_time else sorted(costs, key=lambda k: (-costs[k], k))
    bars = [_bar(key, costs.get(key, Decimal(0)), found.by) for key in keys]
    if found.by != "day":
        return Chart(title, bars, notes=notes)
    return Chart(title, bars, True, spent.projected, (found.end - found.start).days, notes)


def _spans(found: Month, now: datetime) -> Iterator[str]:
    """Every day up to today, or every month with something before it: those without cost too."""
    if found.by == "day":
        day = found.start
        while day < min(found.end, now):
            yield f"{day:%Y-%m-%d}"
            day += timedelta(days=1)
        return
    first = min((used.key for used in found.usage), default=f"{found.start:%Y-%m}")
    for count in reversed(range(MONTHS)):
        key = f"{month_before(found.start, count):%Y-%m}"
        if key >= first:
            yield key


def _bar(key: str, cost: Decimal, by: str) -> Bar:
    label = key[-2:] if by == "day" else key or "(none)"
    return Bar(label, cost, amount_text(cost))


def amount_text(amount: Decimal) -> str:
    """For eyes: two decimals, or two figures of what is less than a hundredth."""
    return money_text(amount, rounded=True) or ""


# --- services by the hour ------------------------------------------------------------------


def note_services(lake: Lake, now: datetime) -> int:
    """Keeps in the ledger how long each service of the lake's stack has run, a record for each UTC
    day; gives how many run. What was stopped without Lakeshell counts until it was last noted."""
    if not lake.stack.is_installed:
        return 0
    from lakeshell.stack.health import running_since

    try:
        running = running_since(lake.stack.compose)
    except LakeshellError:
        # Where no engine answers, nothing runs.
        return 0
    settings = lake.settings
    prices = compute_prices(settings.compute_prices, settings.per_dpu_hour, settings.currency)
    for service, container, started in running:
        memory = settings.stack.capacity[service].memory_max
        last = lake.ledger.runs("service", service, 1)
        begin = max(started, day_start(last[0].started if last else now - _LONGEST))
        while begin < now:
            end = min(now, day_start(begin) + timedelta(days=1))
            seconds = (end - begin).total_seconds()
            # By the lists of AWS there is nothing to pay by the hour.
            own = prices.name == SELF_HOSTED
            cost = (
                money(hourly_cost(memory, prices) * Decimal(str(seconds)) / 3600)
                if own
                else Decimal(0)
            )
            lake.ledger.end_run(
                RunRecord(
                    id=f"{begin:%Y%m%d_%H%M%S}_{service}_{container}",
                    kind="service",
                    name=service,
                    started=begin,
                    user="",
                    state=QueryState.FINISHED,
                    finished=end,
                    elapsed=seconds,
                    bytes=memory,
                    cost=cost,
                    currency=prices.currency,
                    detail=f"container {container}",
                )
            )
            begin = end
    return len(running)
