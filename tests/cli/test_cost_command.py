"""`lakeshell cost`: groups, the dearest queries, budgets, the same month on AWS, charts, files."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from shell import Shell, rows_of

from lakeshell.cost.periods import month_start
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState, RunRecord


@pytest.fixture
def now() -> datetime:
    """Each test's own: of one that begins before midnight the next knows nothing."""
    return datetime.now(UTC)


@pytest.fixture
def spent(shell: Shell, lake: Path, now: datetime) -> Shell:
    """The shell of a lake with queries, a job and a crawler of now, and a query of last month."""
    ledger = SqliteLedger(lake / ".lakeshell" / "ledger.db")
    month = month_start(now)
    for number, (user, group, scanned, cost, started) in enumerate(
        (
            ("ada", "analysts", 2**40, "5", now),
            ("bob", "analysts", 1, "0.0000476837", now),
            ("bob", "primary", 2**41, "10", now),
            ("ada", "primary", 2**40, "7", month - timedelta(hours=1)),
        )
    ):
        ledger.end(
            QueryRecord(
                id=f"q{number}", started=started, user=user, workgroup=group, source="test",
                database="", sql=f"SELECT\n  {number}", state=QueryState.FINISHED, kind="SELECT",
                finished=started, elapsed=1.0, scanned=scanned, rows=1, cost=Decimal(cost),
            )
        )  # fmt: skip
    for kind, name, cost in (("job", "load", "0.5"), ("crawler", "movies", "0.25")):
        ledger.end_run(
            RunRecord(
                id=kind, kind=kind, name=name, started=now, user="ada", elapsed=3600.0,
                state=QueryState.FINISHED, finished=now, cost=Decimal(cost),
            )
        )  # fmt: skip
    ledger.close()
    for group in ("analysts", "primary"):
        words = ("workgroup", "add" if group == "analysts" else "set", group)
        assert shell(*words, "--monthly-budget", "8", "--daily-budget", "20").code == 0
    return shell


@pytest.mark.parametrize(
    "by", ["workgroup", "user", "day", "job", "crawler"]
)  # fmt: skip
def test_every_grouping_adds_up_to_the_same(spent: Shell, by: str) -> None:
    found = rows_of(spent("cost", "--by", by))
    assert sum(Decimal(row["cost"]) for row in found) == Decimal("15.7500476837")
    assert {row["kind"] for row in found} == {"query", "job", "crawler"}


def test_a_job_and_a_crawler_have_their_own_lines(spent: Shell) -> None:
    jobs = {row["job"]: row["cost"] for row in rows_of(spent("cost", "--by", "job")) if row["job"]}
    assert jobs == {"load": "0.50"}
    crawlers = rows_of(spent("cost", "--by", "crawler"))
    assert {r["crawler"]: r["cost"] for r in crawlers if r["crawler"]} == {"movies": "0.25"}


def test_months_are_looked_back_on(spent: Shell, now: datetime) -> None:
    found = rows_of(spent("cost", "--by", "month"))
    before = month_start(month_start(now) - timedelta(days=1))
    assert [(r["month"], r["cost"]) for r in found if r["kind"] == "query"] == [
        (f"{before:%Y-%m}", "7.00"),
        (f"{now:%Y-%m}", "15.0000476837"),
    ]
    last = rows_of(spent("cost", "--month", f"{before:%Y-%m}"))
    assert [(r["cost"], r["projected"]) for r in last] == [("7.00", "7.00")]


def test_the_dearest_queries(spent: Shell) -> None:
    found = rows_of(spent("cost", "--by", "query", "--limit", "2"))
    assert [(r["query"], r["cost"], r["sql"]) for r in found] == [
        ("q2", "10.00", "SELECT 2"),
        ("q0", "5.00", "SELECT 0"),
    ]
    assert [r["query"] for r in rows_of(spent("cost", "--by", "query", "-w", "analysts"))] == [
        "q0",
        "q1",
    ]


def test_the_dearest_queries_of_others_are_not_shown(spent: Shell) -> None:
    assert spent("workgroup", "set", "primary", "--member", "bob").code == 0
    assert [r["query"] for r in rows_of(spent("cost", "--by", "query"))] == ["q0", "q1"]


def test_budgets_with_how_much_is_used(spent: Shell) -> None:
    found = {(r["workgroup"], r["period"]): r for r in rows_of(spent("cost", "--budgets"))}
    assert len(found) == 4
    month, day = found["primary", "monthly"], found["primary", "daily"]
    assert (month["spent"], month["left"], month["percent"], month["state"]) == (
        "10.00", "0.00", "125.0", "stops queries",
    )  # fmt: skip
    assert (day["budget"], day["percent"], day["state"], day["projected"]) == (
        "20.00", "50.0", "ok", "",
    )  # fmt: skip
    assert found["analysts", "monthly"]["percent"] == "62.5"
    ended = spent("cost", "--budgets", "-w", "analysts", "--output-format", "JSON")
    assert [json.loads(line)["workgroup"] for line in ended.out.splitlines()] == ["analysts"] * 2


def test_without_a_budget_it_is_said_how_to_set_one(shell: Shell) -> None:
    ended = shell("cost", "--budgets")
    assert ended.out.count("\n") == 1
    assert "lakeshell workgroup set NAME --monthly-budget" in ended.err


def test_the_same_month_on_aws(spent: Shell, lake: Path) -> None:
    with (lake / "lakeshell.toml").open("a") as file:
        file.write("\n")
    ended = spent("cost", "--compare")
    found = {row["kind"]: row for row in rows_of(ended)}
    assert (found["query"]["recorded"], found["query"]["athena"]) == ("15.0000476837",) * 2
    assert found["query"]["self-hosted"] == "0.00"
    # An hour of one DPU: 0.44, whatever the ledger says that it cost when it ran.
    assert (found["job"]["recorded"], found["job"]["glue"]) == ("0.50", "0.44")
    assert (found["crawler"]["glue"], found["job"]["athena"]) == ("0.44", "")
    assert found["total"]["glue"] == "0.88"
    assert "on AWS 15.88 USD" in ended.err
    assert "self-hosted 0.88 USD" in ended.err
    only = {row["kind"]: row for row in rows_of(spent("cost", "--compare", "-w", "analysts"))}
    assert only["query"]["athena"] == "5.0000476837"
    assert only["job"]["count"] == "0"


def test_ones_own_rates_beside_aws(spent: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKESHELL_PRICES_OWN_PER_DPU_HOUR", "0.05")
    monkeypatch.setenv("LAKESHELL_PRICES_OWN_PER_TB", "1")
    found = {row["kind"]: row for row in rows_of(spent("cost", "--compare"))}
    assert found["query"]["self-hosted"] == "3.00"
    assert found["job"]["self-hosted"] == "0.05"


def test_a_chart_in_the_terminal(spent: Shell, now: datetime) -> None:
    lines = spent("cost", "--chart", "--by", "user").out.splitlines()
    assert lines[0] == f"Cost of {now:%Y-%m} by user, USD"
    assert [line.split()[0] for line in lines[1:3]] == ["bob", "ada"]
    assert lines[1].split()[-1] == "10.00"
    days = spent("cost", "--chart").out.splitlines()
    assert len([line for line in days if line[:2].isdigit() and line[2] == " "]) == now.day
    assert days[-1].startswith("projected: what is spent, over the share of the month")


@pytest.mark.parametrize("by", ["day", "month", "workgroup"])
def test_a_chart_as_a_picture(spent: Shell, lake: Path, by: str) -> None:
    ended = spent("cost", "--by", by, "--svg", "cost.svg")
    assert (ended.code, ended.out) == (0, "")
    assert "the chart is in cost.svg" in ended.err
    assert ET.fromstring((lake / "cost.svg").read_text()).tag.endswith("svg")


@pytest.mark.parametrize(
    ("name", "first"),
    [("c.csv", '"workgroup","kind",'), ("c.json", '{"workgroup":'), ("c.md", "| workgroup")],
)
def test_a_listing_goes_to_a_file(spent: Shell, lake: Path, name: str, first: str) -> None:
    ended = spent("cost", "-o", name)
    assert (ended.code, ended.out) == (0, "")
    assert (lake / name).read_text().startswith(first)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--compare", "--budgets"), "one at a time"),
        (("--compare", "--by", "user"), "do not go together"),
        (("--budgets", "--month", "2026-01"), "leave --month out"),
        (("--chart", "--by", "query"), "has no chart"),
        (("--svg", "x.svg", "-o", "x.csv"), "--svg FILE"),
        (("-o", "x.parquet"), "not PARQUET"),
        (("--svg", "missing/x.svg"), "cannot be written"),
        (("-w", "nobody"), "nobody"),
    ],
)
def test_what_does_not_go_is_said(shell: Shell, words: tuple[str, ...], said: str) -> None:
    ended = shell("cost", *words)
    assert ended.code == 2
    assert said in ended.err
