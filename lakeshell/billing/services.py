"""How long the services of a lake's stack have run, kept in its ledger.

In: an open lake and the clock. Out: records of kind `service`, one for each UTC day of a container.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeshell.cost.periods import day_start
from lakeshell.cost.prices import SELF_HOSTED, hourly_cost, money
from lakeshell.errors import LakeshellError
from lakeshell.model import QueryState, RunRecord

if TYPE_CHECKING:
    from lakeshell.lake import Lake

_LONGEST = timedelta(days=92)
"""How far back a service that still runs is believed to have run without being looked at."""


def hourly_rate(lake: Lake, memory: int) -> tuple[Decimal, str]:
    """What a running service of so many bytes costs by the hour, and in which currency."""
    prices = lake.compute_prices
    return hourly_cost(memory, prices), prices.currency


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
    prices = lake.compute_prices
    for service, container, started in running:
        memory = lake.settings.stack.capacity[service].memory_max
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
