"""What things cost, and how sizes and money are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakeshell.cost.charges import charge
from lakeshell.cost.periods import day_start, month_end, month_start, parse_month, projected
from lakeshell.cost.prices import (
    ATHENA,
    GLUE,
    GLUE_2019,
    MB,
    TB,
    compute_prices,
    hourly_cost,
    money_text,
    query_cost,
    query_prices,
    run_cost,
)
from lakeshell.cost.sizes import rows_text, size_text
from lakeshell.model import QueryState


@pytest.mark.parametrize(
    ("scanned", "cost"),
    [
        (TB, "5"),
        (0, "0.0000476837"),
        (1, "0.0000476837"),
        (10 * MB, "0.0000476837"),
        (10 * MB + 1, "0.0000524521"),
        (11 * MB, "0.0000524521"),
        (2**30, "0.0048828125"),
        (None, None),
    ],
)
def test_athena_charges_whole_megabytes_and_ten_at_least(
    scanned: int | None, cost: str | None
) -> None:
    assert query_cost(scanned, ATHENA) == (None if cost is None else Decimal(cost))


def test_your_own_price_has_no_minimum() -> None:
    prices = query_prices("self-hosted", Decimal("1.20"), "EUR")
    assert query_cost(TB // 2, prices) == Decimal("0.6")
    assert query_cost(1, prices) == Decimal("0.0000000000")
    assert prices.currency == "EUR"
    assert query_prices("athena", Decimal(6), "USD").per_tb == 6


@pytest.mark.parametrize(
    ("seconds", "options", "cost"),
    [
        (60.0, {}, "0.0073333333"),
        (1.0, {}, "0.0073333333"),
        (60.2, {}, "0.0074555556"),
        (3600.0, {}, "0.44"),
        (3600.0, {"dpu": 10}, "4.4"),
        (5.0, {"kind": "crawler"}, "0.0733333333"),
        (700.0, {"kind": "crawler"}, "0.0855555556"),
    ],
)
def test_glue(seconds: float, options: dict[str, object], cost: str) -> None:
    assert run_cost(seconds, GLUE, **options) == Decimal(cost)  # type: ignore[arg-type]


def test_glue_of_2019_has_longer_minimums() -> None:
    ten_minutes_of_two = Decimal("0.44") * 2 / 6
    assert run_cost(1, GLUE_2019, spark=True) == ten_minutes_of_two.quantize(Decimal("1e-10"))
    assert run_cost(1, GLUE_2019) == Decimal("0.0073333333")
    assert run_cost(1, GLUE_2019, kind="crawler") == Decimal("0.0733333333")


def test_compute_at_your_own_rate() -> None:
    prices = compute_prices("self-hosted", Decimal("0.36"), "USD")
    assert run_cost(0.5, prices) == Decimal("0.0001")
    assert compute_prices("glue-2019", None, "USD") == GLUE_2019
    assert compute_prices("glue", Decimal(1), "USD").per_dpu_hour == 1


@given(st.integers(0, 2**60))
def test_more_never_costs_less(scanned: int) -> None:
    less, more = query_cost(scanned, ATHENA), query_cost(scanned + MB, ATHENA)
    assert less is not None
    assert more is not None
    assert less <= more


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 kB"),
        (1536, "1.50 kB"),
        (10 * 1024, "10.0 kB"),
        (1023 * 1024, "1023 kB"),
        (1024 * 1024 - 1, "1.00 MB"),
        (5 * TB, "5.00 TB"),
        (None, "not metered"),
    ],
)
def test_sizes_are_binary(size: int | None, text: str) -> None:
    assert size_text(size) == text


def test_one_row_is_no_rows() -> None:
    assert [rows_text(count) for count in (0, 1, 1000)] == ["0 rows", "1 row", "1,000 rows"]


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("5", "5.00"),
        ("0", "0.00"),
        ("1E+1", "10.00"),
        ("0.0000476837", "0.0000476837"),
        ("1.5000", "1.50"),
        ("1E-10", "0.0000000001"),
    ],
)
def test_money_is_written_out(amount: str, text: str) -> None:
    assert money_text(Decimal(amount)) == text


NOW = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)


def test_periods_are_utc() -> None:
    local = datetime.fromisoformat("2026-12-01T00:30:00+02:00")
    assert day_start(local) == datetime(2026, 11, 30, tzinfo=UTC)
    assert month_start(local) == datetime(2026, 11, 1, tzinfo=UTC)
    assert month_end(local) == datetime(2026, 12, 1, tzinfo=UTC)
    assert parse_month("2026-02") == datetime(2026, 2, 1, tzinfo=UTC)


def test_a_month_goes_on_as_it_went() -> None:
    month = month_start(NOW)
    assert projected(Decimal(10), NOW, month) == 20
    assert projected(Decimal(10), NOW + timedelta(days=60), month) == 10
    assert projected(Decimal(0), month - timedelta(days=1), month) == 0
    # Half an hour of a month says nothing: taken for a whole day.
    assert projected(Decimal(1), month + timedelta(minutes=30), month) == 30


def test_a_running_service_costs_by_its_share_of_a_dpu() -> None:
    assert hourly_cost(16 * 2**30, GLUE) == Decimal("0.44")
    assert hourly_cost(2 * 2**30, GLUE) == Decimal("0.055")
    assert hourly_cost(2 * 2**30, compute_prices("self-hosted", None, "EUR")) == 0


@pytest.mark.parametrize("kind", ["ANALYZE", "ALTER TABLE"])
def test_a_definition_that_reads_rows_is_not_free(kind: str) -> None:
    def cost(state: QueryState, scanned: int | None) -> Decimal | None:
        return charge(state, kind, scanned, ATHENA, writes_rows=False)

    assert cost(QueryState.FINISHED, 20 * 2**20) == Decimal("0.0000953674")
    assert cost(QueryState.CANCELLED, 20 * 2**20) == Decimal("0.0000953674")
    for scanned in (0, None):
        assert cost(QueryState.FINISHED, scanned) == 0
    assert cost(QueryState.FAILED, 20 * 2**20) == 0
