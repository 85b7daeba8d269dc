"""The same month under several price lists, side by side.

In: what queries scanned and how long runs took, counted by what decides their price. Out: a `Line`
for queries, jobs, crawlers and services each, with its cost by each list; None where a list has no
price for it. Every query and run is priced by itself, as it was when it ended, then added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lakeshell.cost.charges import charge
from lakeshell.cost.prices import ComputePrices, QueryPrices, hourly_cost, money, run_cost
from lakeshell.model import RunCount, ScanCount

HOUR = 3600
KINDS = ("query", "job", "crawler", "service")


@dataclass(frozen=True, slots=True)
class PriceList:
    """`queries` None: it has no price for them, and so on. `services` prices what runs by the hour,
    by its memory."""

    name: str
    currency: str
    queries: QueryPrices | None = None
    runs: ComputePrices | None = None
    services: ComputePrices | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """`costs` in the order of the lists. `scanned` in bytes, of queries, None where none of them was
    metered; `seconds` of the rest, of jobs and crawlers by their DPUs, of services by the share of a
    DPU's memory."""

    kind: str
    count: int
    scanned: int | None
    seconds: Decimal
    costs: tuple[Decimal | None, ...]


def compare(
    scans: Sequence[ScanCount], unit: int, runs: Sequence[RunCount], lists: Sequence[PriceList]
) -> list[Line]:
    """A line for each of `KINDS`. `unit` is that of the scans, in bytes."""
    made = [
        Line(
            "query",
            sum(scan.count for scan in scans),
            _bytes(scans),
            Decimal(0),
            tuple(
                None if known.queries is None else _scanned(scans, unit, known.queries)
                for known in lists
            ),
        )
    ]
    for kind in KINDS[1:]:
        own = [run for run in runs if run.kind == kind]
        seconds = sum((_seconds(run) for run in own), Decimal(0))
        costs = tuple(_run_costs(own, kind, known) for known in lists)
        made.append(Line(kind, sum(run.count for run in own), 0, seconds, costs))
    return made


def _bytes(scans: Sequence[ScanCount]) -> int | None:
    if scans and all(scan.units is None for scan in scans):
        return None
    return sum(scan.scanned for scan in scans)


def _scanned(scans: Sequence[ScanCount], unit: int, prices: QueryPrices) -> Decimal:
    """A list that counts in other units is given the bytes as they are."""
    total = Decimal(0)
    for scan in scans:
        whole = prices.unit % unit == 0
        each = None if scan.units is None else scan.units * unit if whole else scan.scanned
        cost = charge(
            scan.state, scan.kind, each, prices, writes_rows=_wrote(scan), reused=scan.reused
        )
        total += (cost or Decimal(0)) * (scan.count if whole else 1)
    return money(total)


def _wrote(scan: ScanCount) -> bool:
    """Whether it made a table from rows: one that is only defined has none."""
    return scan.wrote and scan.kind == "CREATE TABLE"


def _run_costs(runs: Sequence[RunCount], kind: str, known: PriceList) -> Decimal | None:
    if kind == "service":
        if known.services is None:
            return None
        hourly = (hourly_cost(run.memory, known.services) * run.seconds * run.count for run in runs)
        return money(sum(hourly, Decimal(0)) / HOUR)
    if known.runs is None:
        return None
    each = (run_cost(run.seconds, known.runs, kind=kind, dpu=run.dpu) * run.count for run in runs)
    return money(sum(each, Decimal(0)))


def _seconds(run: RunCount) -> Decimal:
    """Of one whole DPU."""
    from lakeshell.cost.prices import DPU_MEMORY

    share = Decimal(run.memory) / DPU_MEMORY if run.kind == "service" else Decimal(run.dpu)
    return share * run.seconds * run.count


def total(lines: Sequence[Line], index: int) -> Decimal:
    """By the list at `index`, of all that it has a price for."""
    return sum((line.costs[index] or Decimal(0) for line in lines), Decimal(0))
