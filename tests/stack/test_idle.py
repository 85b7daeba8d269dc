"""Scale to zero: which services are stopped when, and the process that does it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lakeshell import serve
from lakeshell.definitions import first
from lakeshell.errors import AlreadyExists, LakeshellError
from lakeshell.folder import make_lake
from lakeshell.lake import Lake
from lakeshell.stack import backup, idle
from lakeshell.stack.compose import Compose
from lakeshell.stack.idle import Keeper, Use, Watch
from lakeshell.stack.images import chosen
from lakeshell.stack.installation import install
from lakeshell.stack.services import PORTS, Service, StackSettings
from lakeshell.stack.stack import Stack

EVERY = {service: Use(5) for service in PORTS}
IDLE = 900.0


@pytest.fixture
def watch() -> Watch:
    made = Watch(IDLE)
    made.observe(0, EVERY)
    return made


def test_nothing_is_stopped_before_its_time(watch: Watch) -> None:
    watch.observe(IDLE - 1, EVERY)
    assert watch.due(IDLE - 1) == []


def test_unused_services_go_together_those_that_need_others_first(watch: Watch) -> None:
    watch.observe(IDLE, EVERY)
    assert watch.due(IDLE) == [
        Service.TRINO,
        Service.METASTORE,
        Service.MINIO,
        Service.MYSQL,
        Service.CONTROL,
    ]


def test_what_a_used_service_needs_is_kept(watch: Watch) -> None:
    watch.observe(600, {**EVERY, Service.TRINO: Use(6)})
    watch.observe(1000, {**EVERY, Service.TRINO: Use(6)})
    assert watch.due(1000) == [Service.MYSQL]


def test_a_long_query_is_use(watch: Watch) -> None:
    for now in (500, 1000, 1500, 2000):
        watch.observe(now, {**EVERY, Service.TRINO: Use(5, busy=True)})
    assert Service.TRINO not in watch.due(2000)


def test_a_service_that_starts_counts_from_its_start(watch: Watch) -> None:
    """Its counter begins again at the same number by chance."""
    without = {s: u for s, u in EVERY.items() if s is not Service.MYSQL}
    watch.observe(800, without)
    watch.observe(900, EVERY)
    assert Service.MYSQL not in watch.due(950)
    assert watch.last[Service.MYSQL] == 900


def test_a_command_that_is_about_to_need_it_is_use(watch: Watch) -> None:
    watch.observe(IDLE, EVERY)
    watch.used(Service.TRINO, IDLE - 10)
    assert watch.due(IDLE) == [Service.MYSQL]


def test_a_service_that_does_not_answer_is_let_be(watch: Watch) -> None:
    watch.observe(IDLE, {Service.MYSQL: Use(5)})
    assert watch.due(IDLE) == [Service.MYSQL]


def test_zero_keeps_everything() -> None:
    made = Watch(0)
    made.observe(0, EVERY)
    assert made.due(10**9) == []


def test_nothing_is_stopped_while_a_command_works_on_the_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup reads mysql and writes to minio; what another starts, it needs."""
    stopped: list[Service] = []
    monkeypatch.setattr(Compose, "running", lambda self: {Service.MYSQL})
    monkeypatch.setattr(Compose, "stop", lambda self, services: stopped.extend(services))
    monkeypatch.setattr(idle, "uses", lambda compose, running: {Service.MYSQL: Use(5)})
    settings = StackSettings(idle_stop=IDLE)
    state = tmp_path / ".lakeshell"
    folder = install(state, settings, chosen(build_all=True), 0).folder
    stack = Stack(state, settings, tuple, tmp_path)
    now = 0.0
    keeper = Keeper(stack, lambda: now)
    assert not keeper.act()
    now += IDLE
    with backup.alone(folder):
        assert not keeper.act()
    with stack.alone():
        assert not keeper.act()
    assert not stopped
    assert keeper.act() == "stopped mysql, unused for 900 seconds"
    assert stopped == [Service.MYSQL]


def test_a_task_that_fails_does_not_end_the_others() -> None:
    ended = threading.Event()
    said: list[str] = []

    def fails() -> str:
        raise LakeshellError("no engine answers")

    def ends() -> str:
        rounds.append(1)
        if len(said) < 1 or len(rounds) < 4:
            return ""
        ended.set()
        return "done"

    rounds: list[int] = []
    given = [serve.Task("first", 0.0, fails), serve.Task("second", 0.0, ends)]
    serve.run(given, ended, said.append)
    # What fails again and again is said once.
    assert said == ["first: failed: no engine answers", "second: done"]


def test_changed_settings_are_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "lake"
    make_lake(folder, first.embedded())
    file = folder / "lakeshell.toml"
    ending = serve.Ending()
    said: list[str] = []
    seen: list[int] = []

    def tasks(lake: Lake) -> list[serve.Task]:
        def act() -> str:
            seen.append(lake.settings.stack.idle_stop)
            if seen[-1] == 0 and len(seen) == 1:
                # Half a file says what is wrong with it, and changes nothing.
                file.write_text("[stack]\nidle_st")
            elif "settings: failed" in " ".join(said) and seen[-1] == 0:
                file.write_text('[stack]\nidle_stop = "1m"\n')
            elif seen[-1] == 60:
                ending.tell()
            return ""

        return [serve.Task("looks", 0.0, act)]

    monkeypatch.setattr(serve, "tasks", tasks)
    monkeypatch.setattr(serve, "LOOK_AGAIN", 0.0)
    with Lake(folder, {}) as lake:
        assert serve.stay(lake, ending, said.append)
    assert seen[-1] == 60
    assert [text for text in said if text == "settings: changed"] == ["settings: changed"]


def test_it_ends_with_its_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "lake"
    make_lake(folder, first.embedded())
    said: list[str] = []

    def removed() -> str:
        shutil.rmtree(folder, ignore_errors=True)
        return ""

    monkeypatch.setattr(serve, "tasks", lambda lake: [serve.Task("removes", 0.0, removed)])
    monkeypatch.setattr(serve, "LOOK_AGAIN", 0.0)
    with Lake(folder, {}) as lake:
        assert serve.stay(lake, serve.Ending(), said.append)
    assert said[-1] == "settings: the lake is gone"


def test_one_that_is_told_to_end_is_waited_for(tmp_path: Path) -> None:
    ends_late = (
        "import signal, sys, time; from pathlib import Path; from lakeshell import serve\n"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), sys.exit()))\n"
        "with serve.only_one(Path(sys.argv[1])):\n"
        "    print('serving', flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-P", "-c", ends_late, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "serving\n"
        assert serve.stop(tmp_path)
        assert serve.serving(tmp_path) is None
    assert not serve.stop(tmp_path)


def test_one_process_serves_a_lake(tmp_path: Path) -> None:
    assert serve.serving(tmp_path) is None
    with (
        serve.only_one(tmp_path),
        pytest.raises(AlreadyExists, match="served already"),
        serve.only_one(tmp_path),
    ):
        raise AssertionError("two at once")
    assert serve.serving(tmp_path) is None
    with serve.only_one(tmp_path):
        assert serve.serving(tmp_path) is not None
