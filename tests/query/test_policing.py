"""Which of a cluster's queries have to end, and what a budget says once."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from fakes import FakeEngine, FakeLedger
from shell import lives

from lakeshell.cost.prices import ATHENA
from lakeshell.ports import ClusterQuery
from lakeshell.query.alarms import announce, run_command
from lakeshell.query.budgets import Standing, standings
from lakeshell.query.order import Services
from lakeshell.query.policing import stops
from lakeshell.stack.groups import Cluster, Selector, wanted
from lakeshell.workgroup import Workgroup, workgroup_of

NOW = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)
GB = 2**30
ADS = Workgroup("ads", members=("ada",), tags=("bi",), scan_limit=GB)
SET = Workgroup("set", properties={"query_max_run_time": "5m"}, may_override=False)
UNMATCHED = Workgroup("unmatched", scan_limit=10)
GROUPS = {group.name: group for group in (ADS, SET, UNMATCHED)}


def query(user: str = "ada", *tags: str, scanned: int = 0, **properties: str) -> ClusterQuery:
    return ClusterQuery("q", user, "cli", tags, scanned, properties, "SELECT")


def reasons(*queries: ClusterQuery, spent: Decimal = Decimal(0), **changes: object) -> list[str]:
    groups = {**GROUPS, "ads": replace(ADS, **changes)}  # type: ignore[arg-type]
    known = {"ads": standings(groups["ads"], spent, spent, NOW)}
    return [stop.reason for stop in stops(queries, groups, known, ATHENA)]


def test_a_query_that_scanned_more_than_its_workgroup_may_is_stopped() -> None:
    assert reasons(query(scanned=GB)) == []
    assert reasons(query(scanned=GB + 1)) == [
        "it scanned 1.00 GB, over the limit of 1.00 GB a query of workgroup 'ads'"
    ]
    assert len(reasons(query("eve", scanned=11))) == 1
    assert reasons(query("eve", "set", scanned=11)) == []


def test_what_a_workgroup_sets_may_not_be_set_otherwise_where_it_refuses_that() -> None:
    assert reasons(query("eve", "set", query_max_run_time="5m")) == []
    assert reasons(query("eve", "set")) == []
    (said,) = reasons(query("eve", "set", query_max_run_time="1d"))
    assert said == "workgroup 'set' sets query_max_run_time = 5m and refuses 1d"


def test_queries_go_on_until_the_budget_is_used_up_by_them_too() -> None:
    budget = {"daily_budget": Decimal("0.01")}
    half = query(scanned=GB)  # about 0.0049
    assert reasons(half, spent=Decimal(0), **budget) == []
    said = reasons(half, half, spent=Decimal("0.001"), **budget)
    assert said == ["the daily budget of workgroup 'ads' is used up"] * 2
    free = replace(query(), kind="DESCRIBE")
    assert reasons(free, spent=Decimal(1), **budget) == []
    assert reasons(half, spent=Decimal(1), budget_stop=None, **budget) == []


def test_a_query_is_where_the_servers_selectors_put_it() -> None:
    groups = [ADS, SET, Workgroup("a-team", members=("ada", "bob"), tags=("bi", "x")), UNMATCHED]
    limits = wanted(groups, Cluster()).limits
    for user, tags in product(("ada", "bob", "eve"), ((), ("bi",), ("x",), ("ads",), ("set", "z"))):
        found = workgroup_of(groups, user, tags)
        assert (found.name if found else "unmatched") == selected(limits.selectors, user, tags)


def selected(selectors: frozenset[Selector], user: str, tags: tuple[str, ...]) -> str:
    for selector in sorted(selectors, key=lambda one: -one.priority):
        told = selector.tags is None or set(json.loads(selector.tags)) <= set(tags)
        if told and re.fullmatch(selector.user or ".*", user):
            return selector.group
    raise AssertionError("no selector")


# --- what is said once ---------------------------------------------------------------------


def services() -> Services:
    return Services(FakeEngine, FakeLedger(), GROUPS.__getitem__, ATHENA, now=lambda: NOW)


def test_a_budget_warns_once_and_stops_once() -> None:
    group = Workgroup("ads", daily_budget=Decimal(5), notify="x")
    told = services()
    ran: list[str] = []

    def say(spent: str, budget: str = "5") -> list[str]:
        raised = replace(group, daily_budget=Decimal(budget))
        found = standings(raised, Decimal(spent), Decimal(spent), NOW)
        return [*announce(raised, found, told, lambda g, s, text: ran.append(s.level))]

    assert say("3.99") == []
    assert say("4") == ["80 % of the daily budget of workgroup 'ads' is spent: 4.00 of 5.00 USD"]
    assert say("4.5") == []
    assert len(say("5")) == 1
    assert say("6") == []
    # One that is raised warns again.
    assert len(say("8", "10")) == 1
    assert ran == ["WARN", "STOP", "WARN"]
    assert [event.kind for event in told.ledger.events("ads")].count("WARN") == 2


@pytest.mark.parametrize("reads", [True, False])
def test_the_command_gets_the_figures_and_its_output_is_kept(tmp_path: Path, reads: bool) -> None:
    command = 'echo "$LAKESHELL_WORKGROUP $LAKESHELL_EVENT $LAKESHELL_PERIOD $LAKESHELL_SPENT"'
    group = Workgroup("ads", notify=f"cat; {command}" if reads else command)
    standing = Standing("ads", "daily", NOW, Decimal(4), Decimal(5), Decimal(4), Decimal(5))
    log = tmp_path / "logs" / "notify.log"
    run_command(group, standing, "80 %", currency="USD", log=log)
    wanted_text = "80 %\nads WARN daily 4.00\n" if reads else "ads WARN daily 4.00\n"
    until = time.monotonic() + 10
    while log.read_text() != wanted_text and time.monotonic() < until:
        time.sleep(0.02)
    assert log.read_text() == wanted_text


def test_a_command_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakeshell.query.alarms.LONGEST", 1)
    group = Workgroup("ads", notify="sleep 600 & echo $! $$; sleep 600")
    standing = Standing("ads", "daily", NOW, Decimal(4), Decimal(5), Decimal(4), Decimal(5))
    log = tmp_path / "notify.log"
    run_command(group, standing, "80 %", currency="USD", log=log)
    until = time.monotonic() + 60
    while "ended" not in log.read_text() and time.monotonic() < until:
        time.sleep(0.02)
    pids, said = log.read_text().splitlines()
    assert said == "lakeshell ended it after 1 s: sleep 600 & echo $! $$; sleep 600"
    while any(map(lives, pids.split())) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(map(lives, pids.split()))
