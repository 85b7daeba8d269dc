"""The services on the screen, with a stack that only remembers what it was told."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from consoles import console, settled, text_of, until
from textual.pilot import Pilot

from lakeshell.errors import NotFound, TimedOut
from lakeshell.lake import Lake
from lakeshell.ports import Reporter
from lakeshell.stack.backup import Backup
from lakeshell.stack.health import State, Status
from lakeshell.stack.services import Service
from lakeshell.stack.stack import ALL
from lakeshell.tui.screens.asking import LineScreen, YesScreen
from lakeshell.tui.screens.form import FormScreen
from lakeshell.tui.screens.process import ProcessScreen

MB = 2**20
SERVING = [
    Status(Service.CONTROL, State.SERVING, "9.7.4", 369 * MB, 512 * MB, 3307, 3_840),
    Status(Service.MYSQL, State.STOPPED, port=3306),
    Status(Service.TRINO, State.SERVING, "476", 2_338 * MB, 2_560 * MB, 8080, 61),
    Status(Service.WORKER, State.SERVING, None, 900 * MB, 2_048 * MB, None, 30),
    Status(Service.WORKER, State.FAILING, None, None, None, None, None),
]
LOG = "import time\nfor i in range(20000): print('\\x1b[2K[b]line', i)\nprint('\\x1b]0;x\\x07', flush=True)\ntime.sleep(60)"


class FakeStack:
    """Starting waits until it may end; stopping fails."""

    is_installed = True

    def __init__(self, folder: Path) -> None:
        self.told: list[str] = []
        self.may_end = threading.Event()
        self.logs: subprocess.Popen[str] | None = None
        self.installation = SimpleNamespace(folder=folder, image=lambda service: f"x/{service}:1")
        self.compose = SimpleNamespace(followed=self._followed)

    def _followed(self, services: Sequence[Service], tail: str) -> subprocess.Popen[str]:
        self.told.append(f"logs {' '.join(services)} {tail}")
        self.logs = subprocess.Popen(
            [sys.executable, "-c", LOG], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        return self.logs

    def start(self, services: Collection[Service], reporter: Reporter) -> None:
        reporter.step(f"starting {', '.join(services)}")
        assert self.may_end.wait(30)
        self.told.append(f"start {' '.join(services)}")

    def stop(self, services: Collection[Service], reporter: Reporter) -> None:
        raise TimedOut("it does not stop", hint="see why: lakeshell stack logs")

    def up(
        self, reporter: Reporter, *, workers: int | None = None, build_all: bool = False
    ) -> None:
        self.told.append(f"up {workers}" + (" build-all" if build_all else ""))

    def ensure(self, services: Collection[Service], reporter: Reporter) -> None:
        self.told.append(f"ensure {' '.join(services)}")

    def remove(self, service: Service, reporter: Reporter) -> None:
        self.told.append(f"remove {service}")


@pytest.fixture
def stack(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    made = FakeStack(lake.folder)
    lake.__dict__["stack"] = made
    monkeypatch.setattr("lakeshell.services.statuses", lambda compose, now: SERVING)
    monkeypatch.setattr("lakeshell.services.note_before_stopping", lambda lake, now: None)
    return made


async def opened(pilot: Pilot[None]) -> None:
    await pilot.press("alt+0")
    await until(pilot, lambda: pilot.app.current_mode == "stack")
    await settled(pilot)


@pytest.mark.asyncio
async def test_an_embedded_lake_is_told_why_there_is_nothing(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        said = text_of(pilot)
        assert "its engine runs inside this program" in said
        assert "lakeshell init DIR --stack" in said
        await pilot.press("u", "r", "x", "d", "w")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 1


@pytest.mark.asyncio
async def test_each_service_is_shown_with_what_it_takes(lake: Lake, stack: FakeStack) -> None:
    async with console(lake).run_test(size=(110, 30)) as pilot:
        await opened(pilot)
        said = text_of(pilot)
        assert "control  serving  9.7.4    369 MB    512 MB    3307  1h04m" in said
        assert "mysql    stopped                               3306" in said
        assert "worker   failing" in said
        assert "what the lake itself needs" in said


@pytest.mark.asyncio
async def test_starting_does_not_block_and_only_one_change_runs(
    lake: Lake, stack: FakeStack
) -> None:
    async with console(lake).run_test(size=(110, 30)) as pilot:
        await opened(pilot)
        await pilot.press("down", "r")
        await until(pilot, lambda: "starting mysql" in text_of(pilot))
        await pilot.press("u")
        said = "starting mysql goes on; wait for it"
        await until(pilot, lambda: said in [n.message for n in pilot.app._notifications])
        await pilot.press("alt+1")
        await until(pilot, lambda: pilot.app.current_mode == "home")
        stack.may_end.set()
        await settled(pilot)
        await opened(pilot)
        assert stack.told == ["start mysql"]


@pytest.mark.asyncio
async def test_stopping_says_who_needs_it_and_what_went_wrong(lake: Lake, stack: FakeStack) -> None:
    async with console(lake).run_test(size=(110, 30)) as pilot:
        await opened(pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, YesScreen))
        await pilot.pause()
        assert "metastore, trino cannot work without it" in text_of(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "it does not stop" in text_of(pilot))
        await settled(pilot)


@pytest.mark.asyncio
async def test_images_are_built_here_and_every_service_stopped_once_that_is_approved(
    lake: Lake, stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakeshell.services.serve.start", lambda lake: None)
    monkeypatch.setattr(
        stack, "stop", lambda services, _: stack.told.append(f"stop {len(services)}")
    )

    async def answered(key: str, command: str, answer: str) -> None:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, YesScreen))
        await until(pilot, lambda: f"$ lakeshell {command}" in text_of(pilot))
        await pilot.press(answer)
        await settled(pilot)

    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await answered("U", "stack up --build-all", "n")
        await answered("X", "stack stop", "escape")
        assert stack.told == []
        await answered("U", "stack up --build-all", "y")
        await answered("X", "stack stop", "y")
        await until(pilot, lambda: "every service is stopped" in text_of(pilot))
    assert stack.told == ["up None build-all", f"stop {len(ALL)}"]


@pytest.mark.parametrize(("remove", "said"), [("", "backup one: 2 tables"), ("yes", "B brings it")])
@pytest.mark.asyncio
async def test_the_source_database_is_saved_and_removed_where_that_is_asked_for(
    remove: str, said: str, lake: Lake, stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(
        compose: object, now: object, reporter: Reporter, then: Callable[[], object]
    ) -> Backup:
        then()
        return Backup("one", "now", "9.7", 10, "", ("shop",), {"a": 1, "b": 2})

    monkeypatch.setattr("lakeshell.services.backups.take", take)
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        await pilot.press(*remove)
        words = "stack backup mysql" + (" --remove" if remove else "")
        await until(pilot, lambda: f"$ lakeshell {words} " in text_of(pilot))
        await pilot.press("f5")
        await until(pilot, lambda: said in text_of(pilot))
        await settled(pilot)
    assert ("remove mysql" in stack.told) == bool(remove)


@pytest.mark.asyncio
async def test_workers_are_a_number(lake: Lake, stack: FakeStack) -> None:
    async with console(lake).run_test(size=(110, 30)) as pilot:
        await opened(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
        await pilot.press("end", "x", "enter")
        await settled(pilot)
        assert stack.told == []
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
        await pilot.press("backspace", "3", "enter")
        await until(pilot, lambda: stack.told == ["up 3"])
        await settled(pilot)


@pytest.mark.asyncio
async def test_a_log_is_followed_in_bounded_memory_and_obeyed_in_nothing(
    lake: Lake, stack: FakeStack
) -> None:
    from textual.widgets import RichLog

    async with console(lake).run_test(size=(110, 30)) as pilot:
        await opened(pilot)
        await pilot.press("l")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProcessScreen))
        await until(pilot, lambda: r"\x1b]0;x\x07" in text_of(pilot))
        assert "[b]line 19999" in text_of(pilot)
        log = pilot.app.screen.query_one(RichLog)
        assert len(log.lines) <= 5_000
        assert log.is_vertical_scroll_end
        await pilot.press("pageup", "pageup")
        await until(pilot, lambda: r"\x1b]0;x\x07" not in text_of(pilot))
        await pilot.press("end")
        await until(pilot, lambda: r"\x1b]0;x\x07" in text_of(pilot))
        await pilot.press("escape")
        assert stack.logs is not None
        await until(pilot, lambda: stack.logs.poll() is not None)
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 1
    assert stack.told == ["logs control 500"]


@pytest.mark.asyncio
async def test_services_that_were_never_started_are_offered(
    lake: Lake, stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(compose: object, now: object) -> Sequence[Status]:
        raise NotFound("there is no stack here", hint="lakeshell stack up")

    monkeypatch.setattr("lakeshell.services.statuses", absent)
    async with console(lake).run_test(size=(110, 30)) as pilot:
        await opened(pilot)
        assert "The services were never started. u pulls" in text_of(pilot)
        await pilot.press("u")
        await until(pilot, lambda: stack.told == ["up None"])
        await settled(pilot)
