"""The same month by several price lists."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from lakeshell.billing.aws import used_text
from lakeshell.cost.charges import charge
from lakeshell.cost.comparison import PriceList, compare, total
from lakeshell.cost.lists import price_lists
from lakeshell.cost.prices import (
    ATHENA,
    GLUE,
    MB,
    TB,
    compute_prices,
    query_cost,
    query_prices,
    run_cost,
)
from lakeshell.model import QueryState, RunCount, ScanCount

DONE = QueryState.FINISHED
LISTS = price_lists(ATHENA, GLUE, None, None)


def scan(size: int | None, count: int = 1, **given: object) -> ScanCount:
    units = None if size is None else -(-size // MB)
    wanted = {"state": DONE, "kind": "SELECT", "wrote": bool(size), "reused": False, **given}
    return ScanCount(**wanted, units=units, count=count, scanned=(size or 0) * count)  # type: ignore[arg-type]


def cost_of(*scans: ScanCount, lists: tuple[PriceList, ...] = LISTS) -> Decimal | None:
    return compare(scans, MB, (), lists)[0].costs[0]


def test_each_query_has_its_own_minimum() -> None:
    assert cost_of(scan(1, 3)) == 3 * Decimal("0.0000476837")
    assert cost_of(scan(TB, 2), scan(None)) == 10


def test_bytes_that_nobody_metered_are_not_said_to_be_none() -> None:
    def used(*scans: ScanCount) -> str:
        return used_text(compare(scans, MB, (), LISTS)[0])

    assert used(scan(None, 2), scan(None)) == "not metered"
    assert used(scan(None), scan(0)) == "0 B"
    assert used(scan(None), scan(MB, 2)) == "2.00 MB"
    assert used() == "0 B"


def test_what_is_free_on_athena_stays_free() -> None:
    free = (
        scan(TB, state=QueryState.FAILED),
        scan(0, state=QueryState.REFUSED),
        scan(TB, reused=True),
        scan(0, kind="CREATE TABLE"),
        scan(TB, kind="SHOW"),
    )
    assert cost_of(*free) == 0
    assert cost_of(scan(TB, state=QueryState.CANCELLED)) == 5
    assert cost_of(scan(TB, kind="CREATE TABLE")) == 5


@given(st.lists(st.one_of(st.none(), st.integers(0, 2**45)), max_size=20))
def test_it_is_the_sum_of_what_each_cost_when_it_ran(sizes: list[int | None]) -> None:
    one_by_one = [
        charge(DONE, "SELECT", None if size is None else size, ATHENA, writes_rows=False)
        for size in sizes
    ]
    assert cost_of(*map(scan, sizes)) == sum((c or Decimal(0) for c in one_by_one), Decimal(0))


def test_runs_and_services_by_the_lists_that_have_them() -> None:
    runs = (
        RunCount("job", 61, 2, 0, 3),
        RunCount("crawler", 5, 1, 0, 1),
        RunCount("service", 7200, 1, 8 * 2**30, 2),
    )
    lists = price_lists(ATHENA, GLUE, None, Decimal("0.10"))
    query, job, crawler, service = compare((), MB, runs, lists)
    assert query.costs == (0, None, 0)
    assert job.costs == (None, 3 * run_cost(61, GLUE, dpu=2), Decimal("0.0101666667"))
    assert crawler.costs == (None, Decimal("0.0733333333"), Decimal("0.0001388889"))
    # Two of half a DPU's memory for two hours each: two DPU-hours, which AWS has not to be paid for.
    assert service.costs == (None, None, Decimal("0.2"))
    assert service.seconds == 7200
    assert total((query, job, crawler, service), 1) == (job.costs[1] or 0) + (crawler.costs[1] or 0)


def test_prices_in_force_are_taken_for_their_own_list() -> None:
    own = query_prices("self-hosted", Decimal(2), "EUR")
    metal = compute_prices("self-hosted", Decimal("0.05"), "EUR")
    athena, glue, hosted = price_lists(own, metal, Decimal(7), Decimal(8))
    assert (athena.queries, athena.currency, glue.runs) == (ATHENA, "USD", GLUE)
    assert hosted.queries is not None
    assert hosted.runs is not None
    assert (hosted.currency, hosted.queries.per_tb, hosted.runs.per_dpu_hour) == (
        "EUR", 2, Decimal("0.05"),
    )  # fmt: skip
    dear = query_prices("athena", Decimal(6), "USD")
    athena, glue, hosted = price_lists(dear, GLUE, None, None)
    assert query_cost(TB, athena.queries or ATHENA) == 6
    # Without a rate of one's own, a machine is as dear as Glue's, and a scan is free.
    assert hosted.services is not None
    assert hosted.services.per_dpu_hour == GLUE.per_dpu_hour
    assert compare((scan(TB),), MB, (), (hosted,))[0].costs == (0,)


def test_a_list_without_units_takes_the_bytes() -> None:
    hosted = price_lists(ATHENA, GLUE, Decimal(1), None)[2]
    assert compare((scan(TB // 2 + 1),), MB, (), (hosted,))[0].costs == (Decimal("0.5"),)
