"""Running a crawler: look at the source, plan, change the catalog, record the run.

In: a crawler's settings and open ports. Out: the plan that was carried out. Every run ends in the
ledger, failed and interrupted ones included; a dry run changes nothing and is not recorded. A run
that ends midway leaves each table as it was or as planned, and the next run does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from lakeshell.crawl.patterns import select
from lakeshell.crawl.plan import Action, CrawlerSettings, CrawlPlan, Found, plan
from lakeshell.ending import end_record, run_under_way
from lakeshell.errors import NotFound, ObjectGone
from lakeshell.locking import alone
from lakeshell.model import Database, ObjectName, QueryState, RunRecord, SourceTable
from lakeshell.ports import Catalog, Late, Ledger, Reporter, Source


@dataclass(frozen=True, slots=True)
class Survey:
    """What a crawl works with; the composition root fills it in.

    `open_source` opens a connection by name and `classification` names its kind (`sqlite`);
    `price` turns (seconds, DPUs) into money; `locks` is a folder; the clock gives UTC.
    """

    catalog: Callable[[], Catalog]
    ledger: Callable[[], Ledger]
    open_source: Callable[[str], Source]
    classification: Callable[[str], str]
    price: Callable[[float], tuple[Decimal, str]]
    locks: Path
    user: str
    late: Late | None = None
    """Where the records of runs wait that the ledger did not take."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


def plan_crawl(settings: CrawlerSettings, survey: Survey, reporter: Reporter) -> CrawlPlan:
    """What `run_crawler` would do now. Changes nothing."""
    reporter.step(f"crawler {settings.name}: reading {settings.connection}")
    with closing(survey.open_source(settings.connection)) as source:
        found = _look(settings, source, survey.classification(settings.connection), reporter)
    known = survey.catalog().tables(settings.database.lower())
    made = plan(settings, found, known, survey.now(), survey.catalog().refusal)
    for warning in made.warnings:
        reporter.warn(warning)
    return made


def run_crawler(
    settings: CrawlerSettings, survey: Survey, reporter: Reporter
) -> tuple[CrawlPlan, RunRecord]:
    """Plans and applies. Raises what it failed with; the record is in the ledger either way."""
    ledger = survey.ledger()
    with alone("crawler", settings.name, survey.locks):
        record = RunRecord(
            id=ledger.new_id(),
            kind="crawler",
            name=settings.name,
            started=survey.now(),
            user=survey.user,
            state=QueryState.RUNNING,
        )
        with run_under_way(
            record, ledger, survey.late, reporter.warn, price=survey.price, now=survey.now
        ) as finished:
            made = plan_crawl(settings, survey, reporter)
            apply(made, survey.catalog(), reporter)
            done = finished(detail=made.summary)
        end_record(done, ledger, survey.late, reporter.warn)
        return made, done


def apply(plan: CrawlPlan, catalog: Catalog, reporter: Reporter) -> None:
    """Makes the catalog what the plan says. Safe to repeat."""
    changes = [p for p in plan.tables if p.put is not None or p.action is Action.DELETED]
    if changes:
        catalog.create_database(Database(plan.settings.database.lower()), exist_ok=True)
    reporter.step(f"crawler {plan.settings.name}: registering in {plan.settings.database}")
    put = [planned.put for planned in changes if planned.put is not None]
    catalog.put_many(put, lambda done: reporter.advance(done, len(changes), "tables"))
    gone = [p.table for p in changes if p.put is None and p.table is not None]
    for done, name in enumerate(gone, len(put) + 1):
        # Somebody else may have dropped it since the plan was made, which is what was wanted.
        with suppress(NotFound):
            catalog.drop(name)
        reporter.advance(done, len(changes), "tables")


def _look(
    settings: CrawlerSettings, source: Source, classification: str, reporter: Reporter
) -> Found:
    selection = select(source.objects(), settings.include, settings.exclude)
    described: list[SourceTable] = []
    unreadable: list[tuple[ObjectName, str]] = []
    names = [taken.name for taken in selection.taken]
    for done, found in enumerate(source.describe_many(names), 1):
        if isinstance(found, ObjectGone):
            unreadable.append((names[done - 1], found.message))
        else:
            described.append(found)
        reporter.advance(done, len(names), "objects")
    return Found(
        classification,
        tuple(described),
        selection.excluded,
        tuple(unreadable),
        selection.idle,
    )
