"""Prices and what they make of a query or a run.

In: bytes scanned or seconds run, and a price list. Out: `Decimal` money, kept to 10 decimals.
Sizes are binary, as in Trino: a TB is 2^40 bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

MB = 2**20
TB = 2**40
HOUR = 3600
DPU_MEMORY = 16 * 2**30
SMALLEST = Decimal("1e-10")
"""The unit that money is kept in."""


@dataclass(frozen=True, slots=True)
class QueryPrices:
    """`per_tb` of data scanned, counted in whole `unit`s with at least `minimum` bytes a query."""

    name: str
    per_tb: Decimal
    unit: int = 1
    minimum: int = 0
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class ComputePrices:
    """`per_dpu_hour` by the second, with at least so many seconds a run, and so many DPU."""

    name: str
    per_dpu_hour: Decimal
    job_minimum: int = 0
    crawler_minimum: int = 0
    spark_dpu: int = 1
    script_minimum: int | None = None
    """Of a job that is a plain script; None takes `job_minimum`."""
    currency: str = "USD"


ATHENA = QueryPrices("athena", Decimal("5.00"), unit=MB, minimum=10 * MB)
GLUE = ComputePrices("glue", Decimal("0.44"), job_minimum=60, crawler_minimum=600)
GLUE_2019 = ComputePrices(
    "glue-2019",
    Decimal("0.44"),
    job_minimum=600,
    crawler_minimum=600,
    spark_dpu=2,
    script_minimum=60,
)
SELF_HOSTED = "self-hosted"


def query_prices(preset: str, per_tb: Decimal | None, currency: str) -> QueryPrices:
    """The list of a preset; `per_tb` replaces its price."""
    if preset == SELF_HOSTED:
        return QueryPrices(SELF_HOSTED, per_tb or Decimal(0), currency=currency)
    return QueryPrices(
        ATHENA.name,
        ATHENA.per_tb if per_tb is None else per_tb,
        ATHENA.unit,
        ATHENA.minimum,
        currency,
    )


def compute_prices(preset: str, per_dpu_hour: Decimal | None, currency: str) -> ComputePrices:
    if preset == SELF_HOSTED:
        return ComputePrices(SELF_HOSTED, per_dpu_hour or Decimal(0), currency=currency)
    base = GLUE_2019 if preset == GLUE_2019.name else GLUE
    return ComputePrices(
        base.name,
        base.per_dpu_hour if per_dpu_hour is None else per_dpu_hour,
        base.job_minimum,
        base.crawler_minimum,
        base.spark_dpu,
        base.script_minimum,
        currency,
    )


def query_cost(scanned: int | None, prices: QueryPrices) -> Decimal | None:
    """The price of `scanned` bytes; None, as they are, when they are not metered."""
    if scanned is None:
        return None
    units = -(-scanned // prices.unit)
    billed = max(units * prices.unit, prices.minimum)
    return money(Decimal(billed) * prices.per_tb / TB)


def run_cost(
    seconds: float, prices: ComputePrices, *, kind: str = "job", dpu: int = 1, spark: bool = False
) -> Decimal:
    """Of one run of a `job` or `crawler`."""
    if kind == "crawler":
        least = prices.crawler_minimum
    elif spark or prices.script_minimum is None:
        least = prices.job_minimum
    else:
        least = prices.script_minimum
    units = max(dpu, prices.spark_dpu) if spark else dpu
    billed = Decimal(max(math.ceil(seconds), least))
    return money(billed * units * prices.per_dpu_hour / HOUR)


def hourly_cost(memory: int, prices: ComputePrices) -> Decimal:
    """What a service costs while it runs, by the share of a DPU's memory that it may take."""
    return money(prices.per_dpu_hour * memory / DPU_MEMORY)


def money(amount: Decimal) -> Decimal:
    return amount.quantize(SMALLEST, ROUND_HALF_UP).normalize() + Decimal(0)


def money_text(amount: Decimal | None, *, rounded: bool = False) -> str | None:
    """With two decimals at least, as many as it has, and never in powers of ten. `rounded` keeps
    two digits of what is less than a hundredth, and two decimals of the rest."""
    if amount is None:
        return None
    if rounded:
        places = max(2, 1 - amount.adjusted()) if amount else 2
        amount = round(amount, places)
    plain = amount.normalize()
    exponent = plain.as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"{plain:.{places}f}"
