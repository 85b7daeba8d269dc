"""A console on a lake whose services sleep: it wakes none for itself, and says what it waits for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from consoles import console, remember, settled, text_of, until

from lakeshell import history
from lakeshell.definitions.connections import Connection
from lakeshell.doctor import Health, findings
from lakeshell.errors import ConnectionFailed
from lakeshell.folder import make_lake
from lakeshell.lake import Lake
from lakeshell.stack.services import PORTS, Service
from lakeshell.stack.stack import Stack

SETTINGS = '[engine]\ntype = "trino"\n[stack]\nidle_stop = "15m"\n'


class Woken(Exception):
    pass


@pytest.fixture
def sleeping(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """On a stack of which nothing answers, and that would raise where it were woken."""

    def ensure(self: Stack, services: Collection[Service], reporter: Any) -> bool:
        raise Woken(services)

    monkeypatch.setattr(Stack, "answers", lambda self, service: False)
    monkeypatch.setattr(Stack, "ensure", ensure)
    monkeypatch.setattr(Stack, "is_installed", True)
    monkeypatch.setattr("lakeshell.doctor._stack", lambda lake: iter(()))
    make_lake(home / "lake", SETTINGS)
    with Lake(home / "lake", {"HOME": str(home), "LAKESHELL_USER": "ada"}) as lake:
        lake.connections.add(Connection("movies", "mysql://root@127.0.0.1:3306/movies"))
        remember(lake)
        yield lake


def test_a_quick_look_neither_wakes_nor_asks(sleeping: Lake) -> None:
    assert sleeping.asleep() == set(PORTS)
    said = {finding.part: finding.found for finding in findings(sleeping, quick=True)}
    assert said["catalog"] == "sleeps until it is needed"
    assert said["source movies"] == "is the stack's mysql"
    assert "engine" not in said
    with pytest.raises(Woken):
        list(findings(sleeping))


@pytest.mark.asyncio
async def test_home_opens_without_its_services(sleeping: Lake) -> None:
    async with console(sleeping).run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "checks:" in text_of(pilot))
        said = text_of(pilot)
        assert "1 connection, 0 crawlers, 0 jobs, the catalog sleeps" in said
        assert "Ask another question" in said
        assert "SELECT count(*) FROM raw.film" in said
        assert "catalog" not in sleeping.__dict__
        app: Any = pilot.app
        app.notice("starting [b]trino\x1b[1m")
        await until(pilot, lambda: r"starting [b]trino\x1b[1m" in text_of(pilot))
        app.screen.status("the status line is in sight")
        await until(pilot, lambda: "the status line is in sight" in text_of(pilot))
        assert "starting [b]trino" in text_of(pilot)


@pytest.mark.asyncio
async def test_an_open_history_lets_its_server_sleep(
    sleeping: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Lake] = []
    monkeypatch.setattr(history, "catch_up", lambda lake: asked.append(lake) or "")
    async with console(sleeping).run_test(size=(80, 24)) as pilot:
        await pilot.press("7")
        await until(pilot, lambda: pilot.app.current_mode == "history")
        await settled(pilot)
        seen = len(asked)
        screen: Any = pilot.app.screen
        screen._renew()
        await settled(pilot)
        assert (seen > 0, len(asked)) == (True, seen)
        monkeypatch.setattr(Stack, "answers", lambda self, service: True)
        screen._renew()
        await settled(pilot)
        assert len(asked) == seen + 1


@pytest.mark.asyncio
async def test_a_lake_whose_stack_was_never_started_says_what_starts_it(
    sleeping: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stack, "is_installed", False)
    async with console(sleeping).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Start its services for the first time  lakeshell stack up" in text_of(pilot)


def test_who_still_writes_is_asked_once_the_engine_is_awake(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Trino that was stopped when idle failed the warehouse, and was started right after."""
    awake: list[str] = []

    class Cluster:
        def began(self) -> Sequence[datetime]:
            if not awake:
                raise ConnectionFailed("connection refused")
            return ()

    run = lake.engine.run
    monkeypatch.setattr(
        lake.engine, "run", lambda sql, *given: awake.append(sql) or run(sql, *given)
    )
    monkeypatch.setattr(Lake, "cluster", Cluster())
    found = {finding.part: finding for finding in findings(lake)}
    assert found["engine"].health is Health.OK
    assert found["warehouse"].health is Health.OK, found["warehouse"].found
