"""What a lake is, in a few figures, and what to do with it next: what the console opens on.

In: an open lake. Out: an `Overview`. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeshell import history
from lakeshell.errors import LakeshellError, command_line
from lakeshell.model import QueryRecord, QueryState, RunRecord, TableKind, TableName
from lakeshell.ports import HistoryFilter

if TYPE_CHECKING:
    from lakeshell.lake import Lake

_LOOKED_AT = 50
"""Tables that are described for a piece of advice, at most."""
LAST = 20
"""How many of the last queries and runs are told, at most."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A next step: why, the command that does it, and the noun that it is about."""

    text: str
    command: str
    noun: str


@dataclass(frozen=True, slots=True)
class Spending:
    """Of this month in UTC, in one currency."""

    currency: str
    spent: Decimal
    projected: Decimal


@dataclass(frozen=True, slots=True)
class Overview:
    """`databases` and `tables` are None while the catalog's services sleep: nothing is woken to count."""

    engine: str
    databases: int | None
    tables: int | None
    connections: int
    crawlers: int
    jobs: int
    spending: Sequence[Spending]
    queries: Sequence[QueryRecord]
    runs: Sequence[RunRecord]
    advice: Sequence[Advice]

    @property
    def is_empty(self) -> bool:
        return not (self.tables or self.connections or self.jobs)


def overview(lake: Lake, now: datetime | None = None) -> Overview:
    asleep = lake.catalog_sleeps()
    tables = [] if asleep else lake.catalog.names()
    runs = [run for kind in ("crawler", "job") for run in lake.ledger.runs(kind, None, LAST)]
    runs.sort(key=lambda run: (run.started, run.id), reverse=True)
    queries = lake.ledger.queries(history.visible(lake, HistoryFilter(limit=LAST)))
    return Overview(
        engine=lake.runtime.engine_name,
        databases=None if asleep else len(lake.catalog.databases()),
        tables=None if asleep else len(tables),
        connections=len(lake.connections.names()),
        crawlers=len(lake.crawlers.names()),
        jobs=len(lake.jobs.names()),
        spending=spending(lake, now or datetime.now(UTC)),
        queries=queries,
        runs=runs[:LAST],
        advice=_advice(lake, tables, queries),
    )


def spending(lake: Lake, now: datetime) -> Sequence[Spending]:
    """This month's cost so far and projected, for each currency in use."""
    from lakeshell.cost.periods import month_end, month_start, projected

    start = month_start(now)
    sums: dict[str, Decimal] = {}
    for used in lake.ledger.usage(start, month_end(start), "workgroup"):
        sums[used.currency] = sums.get(used.currency, Decimal(0)) + used.cost
    return [
        Spending(currency, total, projected(total, now, start)) for currency, total in sums.items()
    ]


def _advice(
    lake: Lake, tables: Sequence[TableName], queries: Sequence[QueryRecord]
) -> Sequence[Advice]:
    """At most a few steps, the next one of the story first."""
    connections, crawlers, jobs = (
        lake.connections.names(),
        lake.crawlers.names(),
        lake.jobs.names(),
    )
    if lake.is_on_own_stack and not lake.stack.is_installed:
        return (
            Advice("Start its services for the first time", "lakeshell stack up", "stack"),
            Advice("Connect a database", "lakeshell connection add NAME URL", "connections"),
        )
    if not (connections or tables or jobs):
        connect = Advice("Connect a database", "lakeshell connection add NAME URL", "connections")
        if lake.settings.engine == "trino" and not lake.is_on_own_stack:
            # The walk-through makes a database of its own, and services for it.
            return (connect,)
        command = command_line("demo", *(["--stack"] if lake.is_on_own_stack else []))
        return (Advice("See it all on made-up data first", command, "demo"), connect)
    made: list[Advice] = []
    if not connections:
        made.append(
            Advice("Connect a database", "lakeshell connection add NAME URL", "connections")
        )
    elif not crawlers:
        first = connections[0]
        command = command_line("crawler", "add", first, "--connection", first, "--database", "D")
        made.append(Advice("Add a crawler that registers its tables", command, "crawlers"))
    made += _unrun(lake, "crawler", crawlers) + _unrun(lake, "job", jobs)
    name = None if jobs else _source(lake, tables)
    if name is not None:
        words = (f"load_{name.table}", "--source", name, "--target", f"raw.{name.table}")
        command = command_line("job", "propose", *words)
        made.append(Advice("Propose a job that loads a table", command, "jobs"))
    if tables or queries:
        again = "Ask another question" if queries else "Ask a question in SQL"
        made.append(Advice(again, "lakeshell query -e SQL", "query"))
    if queries:
        made.append(Advice("See what it cost", "lakeshell cost", "cost"))
    return made[:4]


def _source(lake: Lake, tables: Sequence[TableName]) -> TableName | None:
    """A table of a source among the first ones: which one is as good as any."""
    for name in tables[:_LOOKED_AT]:
        with suppress(LakeshellError):
            if lake.catalog.table(name).kind is TableKind.SOURCE:
                return name
    return None


def _unrun(lake: Lake, kind: str, names: Sequence[str]) -> list[Advice]:
    """The runs that failed last, and what was never run."""
    noun = {"crawler": "crawlers", "job": "jobs"}[kind]
    made: list[Advice] = []
    never = []
    for name in names:
        last = lake.last_run(kind, name)
        if last is None:
            never.append(name)
        elif last.state is QueryState.FAILED:
            text = f"{kind.capitalize()} {name} failed: {last.error}"
            made.append(Advice(text, command_line(kind, "run", name), noun))
    if never:
        others = f" and {len(never) - 1} more" if len(never) > 1 else ""
        text = f"Run {kind} {never[0]}{others} for the first time"
        made.append(Advice(text, command_line(kind, "run", never[0]), noun))
    return made
