"""What a month would have cost on AWS, beside what it costs on machines of one's own.

In: an open lake and a month. Out: a `Comparison`. Reads the ledger alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeshell.billing.month import amount_text
from lakeshell.cost.comparison import Line, PriceList, compare, total
from lakeshell.cost.lists import AWS, price_lists
from lakeshell.cost.periods import month_end
from lakeshell.cost.prices import MB, query_prices
from lakeshell.cost.sizes import size_text

if TYPE_CHECKING:
    from lakeshell.lake import Lake


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
    lists = price_lists(
        queries, lake.compute_prices, settings.own_per_tb, settings.own_per_dpu_hour
    )
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
