"""The console on the running stack of the tests; scripts/test brings it up and names its lake."""

from __future__ import annotations

import json
import os
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from consoles import opened, settled, text_of, until
from fakes import Silent

from lakeshell.lake import Lake
from lakeshell.model import QueryState
from lakeshell.ports import HistoryFilter
from lakeshell.stack.services import PORTS, Service
from lakeshell.tui.app import Console
from lakeshell.tui.screens.asking import YesScreen
from lakeshell.tui.screens.process import ProcessScreen

LONG = (
    "SELECT count(*) FROM tpch.sf100.lineitem l JOIN tpch.sf100.orders o"
    " ON l.orderkey = o.orderkey WHERE l.comment LIKE '%{mark}%'"
)


@pytest.fixture
def user() -> str:
    return f"pilot_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def live(home: Path, user: str) -> Iterator[Lake]:
    named = os.environ.get("LAKESHELL_TEST_STACK", "")
    if not named:
        pytest.skip("no stack: scripts/test --stack brings one up")
    # Its tabs are this test's own, and its folder is that of the stack.
    with Lake(
        Path(named), {"HOME": str(home), "PATH": os.environ["PATH"], "LAKESHELL_USER": user}
    ) as lake:
        yield lake


def of_trino(lake: Lake) -> list[dict[str, Any]]:
    """The queries that Trino itself knows of."""
    url = f"{lake.stack.installation.trino_url}/v1/query"
    asked = urllib.request.Request(url, headers={"X-Trino-User": "lakeshell"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


@pytest.mark.asyncio
async def test_opening_sends_no_query_to_trino(live: Lake, user: str) -> None:
    async with Console(live).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "checks:" in text_of(pilot))
        await settled(pilot)
        assert "engine trino" in text_of(pilot)
    assert [q["query"] for q in of_trino(live) if q["session"]["user"] == user] == []


@pytest.mark.asyncio
async def test_a_query_runs_and_another_is_cancelled_on_the_server(live: Lake, user: str) -> None:
    mark = uuid.uuid4().hex
    async with Console(live).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT name FROM tpch.tiny.nation ORDER BY 1")
        await pilot.press("f5")
        await until(pilot, lambda: "25 rows in" in text_of(pilot))
        assert "ALGERIA" in text_of(pilot)
        await settled(pilot)

        tab.editor.text = LONG.format(mark=mark)
        await pilot.press("f5")
        await until(pilot, lambda: "splits" in text_of(pilot))
        await pilot.press("f7")
        await until(pilot, lambda: "CANCELLED after" in text_of(pilot))
        await settled(pilot)
    (there,) = [
        q for q in of_trino(live) if q["query"].startswith("SELECT count") and mark in q["query"]
    ]
    assert (there["state"], there["errorCode"]["name"]) == ("FAILED", "USER_CANCELED")
    states = [q.state for q in live.ledger.queries(HistoryFilter(user=user, limit=None))]
    assert states == [QueryState.CANCELLED, QueryState.FINISHED]


@pytest.mark.asyncio
async def test_services_are_shown_with_their_memory_and_a_log_is_followed(live: Lake) -> None:
    async with Console(live).run_test(size=(80, 24)) as pilot:
        await pilot.press("alt+0")
        await until(pilot, lambda: text_of(pilot).count("serving") >= len(PORTS))
        said = text_of(pilot)
        assert all(service in said for service in PORTS)
        assert said.count("USD") == len(PORTS)
        await pilot.press("l")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProcessScreen))
        await until(pilot, lambda: "control-1  |" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)


@pytest.fixture
def mended(live: Lake) -> Iterator[Lake]:
    """Whatever a test stops runs again after it: the others need it."""
    yield live
    if asleep := live.asleep():
        live.stack.start(asleep, Silent())


@pytest.mark.alone
@pytest.mark.asyncio
async def test_a_service_is_stopped_and_started_again(mended: Lake) -> None:
    live = mended
    async with Console(live).run_test(size=(120, 30)) as pilot:
        await pilot.press("alt+0")
        await until(pilot, lambda: text_of(pilot).count("serving") >= len(PORTS))
        await pilot.press("down", "x")
        await until(pilot, lambda: isinstance(pilot.app.screen, YesScreen))
        await pilot.press("y")
        await until(pilot, lambda: "mysql is stopped" in text_of(pilot))
        assert live.asleep() == {Service.MYSQL}
        await settled(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "mysql runs" in text_of(pilot))
        assert live.asleep() == frozenset()
