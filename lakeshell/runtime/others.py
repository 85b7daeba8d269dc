"""What other clients ran on the lake's cluster, brought into its ledger.

In: a lake's place, its ledger and workgroups. Out: records, and a word on what could not be had.
Nothing is started for it: while the cluster is stopped, nobody runs anything there.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from lakeshell.cost.charges import charge
from lakeshell.cost.prices import query_prices
from lakeshell.errors import LakeshellError
from lakeshell.model import QueryState
from lakeshell.ports import Ledger
from lakeshell.query.statement import statement_kind
from lakeshell.runtime.place import Place
from lakeshell.stack.installation import open_installation
from lakeshell.workgroup import Workgroup


def take_in(place: Place, ledger: Ledger, workgroups: Sequence[Workgroup]) -> tuple[int, str]:
    """How many queries are new, and why there may be more, empty where there are none."""
    from lakeshell.stack.clients import Reading
    from lakeshell.stack.clients import take_in as taken
    from lakeshell.stack.events import events

    settings = place.settings
    prices = query_prices(settings.query_prices, settings.per_tb, settings.currency)

    def cost(state: QueryState, kind: str, scanned: int | None, writes: bool) -> Decimal | None:
        return charge(state, kind, scanned, prices, writes_rows=writes)

    reading = Reading(
        workgroups=workgroups,
        connections=frozenset(place.connections.names()),
        kind=statement_kind,
        cost=cost,
        currency=prices.currency,
    )
    try:
        cluster = open_installation(place.state)
        # A team's ledger may be of several lakes, each with a cluster.
        origin = f"trino of {cluster.project}"
        pages = events(cluster, ledger.taken_in(origin))
        return taken(pages, origin, ledger, reading), ""
    except LakeshellError as error:
        idle = settings.stack.idle_stop > 0
        return 0, "" if idle else f"queries of other clients may be missing: {error.message}"
