"""The price lists that a month is compared by: Athena's and Glue's, and one's own.

In: what the settings say of prices. Out: `PriceList`s. Athena and Glue run nothing by the hour that
somebody pays for while it idles; one's own machines are paid by the hour and their memory, and scans
for nothing unless a price is given.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from lakeshell.cost.comparison import PriceList
from lakeshell.cost.prices import (
    ATHENA,
    GLUE,
    SELF_HOSTED,
    ComputePrices,
    QueryPrices,
)

AWS = (ATHENA.name, GLUE.name)


def price_lists(
    queries: QueryPrices,
    compute: ComputePrices,
    own_per_tb: Decimal | None,
    own_per_dpu_hour: Decimal | None,
) -> tuple[PriceList, PriceList, PriceList]:
    """`athena`, `glue` and `self-hosted`. `queries` and `compute` are those in force: where they are
    of such a list, their price and currency are taken for it."""
    athena = queries if queries.name == ATHENA.name else ATHENA
    glue = compute if compute.name == GLUE.name else GLUE
    scans = queries.per_tb if queries.name == SELF_HOSTED else own_per_tb or Decimal(0)
    hours = own_per_dpu_hour
    if compute.name == SELF_HOSTED or hours is None:
        hours = compute.per_dpu_hour
    own = ComputePrices(SELF_HOSTED, hours, currency=compute.currency)
    return (
        PriceList(athena.name, athena.currency, queries=athena),
        PriceList(glue.name, glue.currency, runs=glue),
        PriceList(
            SELF_HOSTED,
            compute.currency,
            replace(athena, name=SELF_HOSTED, per_tb=scans, unit=1, minimum=0),
            own,
            own,
        ),
    )
