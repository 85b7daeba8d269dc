"""Days and months of budgets, filters and bills, where clocks change and where one is set back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import Answer, FakeEngine, columns
from shell import Shell, rows_of

from lakeshell.billing.budgets import budgets
from lakeshell.cost.prices import ATHENA
from lakeshell.errors import LimitExceeded
from lakeshell.lake import Lake
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState
from lakeshell.ports import Session
from lakeshell.query.limits import standing
from lakeshell.query.order import Order, Services
from lakeshell.query.run import run_query
from lakeshell.workgroup import Workgroup

EACH = Decimal("0.0000476837")
"""What a query costs here, the least that one does."""
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati")
BACK = (
    # An hour that Berlin has twice, and one that New York has: 01:00 and 06:00 in UTC between them.
    datetime(2026, 10, 24, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 23, 30, tzinfo=UTC),
    datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
)


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine is in it."""
    with monkeypatch.context() as set:
        set.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def services(ledger: SqliteLedger, now: datetime, group: Workgroup) -> Services:
    engine = FakeEngine({"SELECT n": Answer(columns(n="integer"), scanned=1, estimate=1)})
    return Services(lambda: engine, ledger, lambda name: group, ATHENA, now=lambda: now)


def run_at(ledger: SqliteLedger, now: datetime, group: Workgroup) -> None:
    run_query(
        Order("SELECT n"), Session(user="ada", workgroup=group.name), services(ledger, now, group)
    )


def kept(lake: Path, moments: tuple[datetime, ...]) -> None:
    with closing(SqliteLedger(lake / ".lakeshell" / "ledger.db")) as ledger:
        for number, moment in enumerate(moments):
            ledger.end(
                QueryRecord(
                    id=f"q{number}", started=moment, user="ada", workgroup="primary", source="test",
                    database="", sql="SELECT 1", state=QueryState.FINISHED, kind="SELECT",
                    finished=moment, elapsed=1.0, scanned=1, rows=1, cost=EACH,
                )
            )  # fmt: skip


def test_a_budget_has_the_days_and_months_of_utc(tmp_path: Path, zone: str) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    group = Workgroup("ads", daily_budget=EACH * 3, monthly_budget=EACH * 5)
    for now in BACK[:4]:
        run_at(ledger, now, group)
    day, month = standing(services(ledger, BACK[3], group), group)
    assert (day.start, day.spent) == (datetime(2026, 10, 25, tzinfo=UTC), EACH * 3)
    assert (month.start, month.spent) == (datetime(2026, 10, 1, tzinfo=UTC), EACH * 4)
    with pytest.raises(LimitExceeded, match="daily budget"):
        run_at(ledger, BACK[3] + timedelta(minutes=29), group)
    run_at(ledger, BACK[3] + timedelta(minutes=31), group)
    with pytest.raises(LimitExceeded, match="monthly budget"):
        run_at(ledger, BACK[4], group)
    for now in (BACK[5], BACK[6]):
        run_at(ledger, now, group)
    day, month = standing(services(ledger, BACK[6], group), group)
    assert (day.spent, month.spent) == (EACH * 2, EACH * 2)
    ledger.close()


def test_what_a_wrong_clock_dated_later_is_in_no_budget_of_today(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    group = Workgroup("ads", daily_budget=EACH, monthly_budget=EACH * 2)
    run_at(ledger, datetime(2027, 11, 1, 8, tzinfo=UTC), group)
    now = datetime(2026, 10, 31, 8, tzinfo=UTC)
    run_at(ledger, now, group)
    assert [found.spent for found in standing(services(ledger, now, group), group)] == [EACH, EACH]
    with pytest.raises(LimitExceeded, match="daily budget"):
        run_at(ledger, now, group)
    # What is dated within the day still counts.
    with pytest.raises(LimitExceeded, match="daily budget"):
        run_at(ledger, now - timedelta(hours=2), group)
    ledger.close()


def test_filters_listings_and_bills_are_in_utc(shell: Shell, lake: Path, zone: str) -> None:
    kept(lake, BACK)
    day = rows_of(shell("history", "--since", "2026-10-25", "--until", "2026-10-26"))
    assert [row["started"] for row in day] == [
        "2026-10-25 23:30:00.000 UTC", "2026-10-25 01:30:00.000 UTC", "2026-10-25 00:30:00.000 UTC",
    ]  # fmt: skip
    # The same wall clock twice, before and after it is set back.
    hours = ("--since", "2026-10-25T02:00+02:00", "--until", "2026-10-25T02:00+01:00")
    assert [row["id"] for row in rows_of(shell("history", *hours))] == ["q1"]
    bill = rows_of(shell("cost", "--by", "day", "--month", "2026-10"))
    counts = [(row["day"], row["count"]) for row in bill]
    assert counts == [("2026-10-24", "1"), ("2026-10-25", "3"), ("2026-10-31", "1")]
    months = rows_of(shell("cost", "--by", "month", "--month", "2026-11"))
    assert [(row["month"], row["count"]) for row in months] == [("2026-10", "5"), ("2026-11", "2")]


def test_the_bill_and_the_budgets_of_a_month_say_the_same(lake: Path) -> None:
    kept(lake, BACK)
    with Lake(lake, {}) as opened:
        opened.workgroups.set("primary", {"daily_budget": EACH, "monthly_budget": EACH * 9})
        found = budgets(opened, BACK[3])
        assert [use.standing.spent for use in found] == [EACH * 3, EACH * 5]
