"""How long the services of a lake's stack have run, kept in its ledger.

In: an open lake and the clock. Out: records of kind `service`, one for each UTC day of a container.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeshell.cost.periods import day_start
from lakeshell.cost.prices import SELF_HOSTED, hourly_cost, money
from lakeshell.errors import LakeshellError
from lakeshell.model import QueryState, RunRecord

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.stack.services import Service

    _Services = Sequence[tuple[Service, str, datetime]]
    """Those that run, their containers and since when each does."""

_LONGEST = timedelta(days=92)
"""How far back a service that still runs is believed to have run without being looked at."""


def hourly_rate(lake: Lake, memory: int) -> tuple[Decimal, str]:
    """What a running service of so many bytes costs by the hour, and in which currency."""
    prices = lake.compute_prices
    return hourly_cost(memory, prices), prices.currency


def note_services(lake: Lake, now: datetime) -> int:
    """Keeps in the ledger how long each service of the lake's stack has run, a record for each UTC
    day; gives how many run. What was stopped without Lakeshell counts until it was last noted."""
    running = _running(lake)
    _note(lake, running, now)
    return len(running)


def _note(lake: Lake, running: _Services, now: datetime) -> None:
    for service, container, started in running:
        last = lake.ledger.runs("service", service, 1)
        since = day_start(last[0].started) if last else now - _LONGEST
        for record in _days(lake, service, container, max(started, since), now):
            lake.ledger.end_run(record)


def note_before_stopping(lake: Lake, now: datetime) -> None:
    """The same where the services end now: what the ledger does not take waits for it, and hinders
    nobody who stops them."""
    running = _running(lake)
    try:
        _note(lake, running, now)
    except LakeshellError as error:
        # What it has of them already has the same names, and is not counted twice.
        kept = [
            lake.late.keep(record)
            for service, container, started in running
            for record in _days(lake, service, container, max(started, now - _LONGEST), now)
        ]
        where = f"kept in {lake.late.folder} until the ledger takes it" if all(kept) else "not kept"
        lake.notice(f"warning: {error.message}; how long the services ran is {where}: {error.hint}")


def _running(lake: Lake) -> _Services:
    if not lake.stack.is_installed:
        return ()
    from lakeshell.stack.health import running_since

    try:
        return running_since(lake.stack.compose)
    except LakeshellError:
        # Where no engine answers, nothing runs.
        return ()


def _days(
    lake: Lake, service: Service, container: str, begin: datetime, now: datetime
) -> Iterator[RunRecord]:
    prices = lake.compute_prices
    memory = lake.settings.stack.capacity[service].memory_max
    while begin < now:
        end = min(now, day_start(begin) + timedelta(days=1))
        seconds = (end - begin).total_seconds()
        # By the lists of AWS there is nothing to pay by the hour.
        own = prices.name == SELF_HOSTED
        cost = (
            money(hourly_cost(memory, prices) * Decimal(str(seconds)) / 3600) if own else Decimal(0)
        )
        yield RunRecord(
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
        begin = end
