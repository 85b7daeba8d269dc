"""The local queue: order, limits, interruption, and processes that die in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fakes import Answer, FakeEngine, FakeLedger
from shell import Shell, started

from lakeshell.cost.prices import ATHENA
from lakeshell.errors import Cancelled, ConfigurationError, LimitExceeded
from lakeshell.model import QueryState
from lakeshell.ports import HistoryFilter, Session
from lakeshell.query.order import Order, Services
from lakeshell.query.run import RunningQuery, start_query
from lakeshell.query.turns import Turn, Turns
from lakeshell.sql.statement import StatementText
from lakeshell.tui.running import StatementRun
from lakeshell.workgroup import Workgroup

ENDLESS = "SELECT count(*) FROM " + ", ".join(
    f"UNNEST(sequence(1, 10000)) a{i}(b{i})" for i in range(4)
)
HOLDER = """
import sys, time
from pathlib import Path
from lakeshell.query.turns import Turns
turn = Turns(Path(sys.argv[1]), 1).take("etl", None, None)
print(turn.look(), flush=True)
time.sleep(60)
"""


def taken(turns: Turns, workgroup: str = "etl", most: int | None = None) -> Turn:
    """By a thread of its own: one thread does not wait for itself."""
    found: list[Turn] = []
    thread = threading.Thread(target=lambda: found.append(turns.take(workgroup, most, None)))
    thread.start()
    thread.join()
    return found[0]


def test_turns_come_in_order(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "turns", 2)
    first, second, third, fourth = (taken(turns) for _ in range(4))
    assert first.look() is None
    assert second.look() is None
    assert str(third.look()) == "queued, 1st in line, 2 running"
    assert str(fourth.look()) == "queued, 2nd in line, 2 running"
    second.leave()
    assert str(fourth.look()) == "queued, 2nd in line, 1 running", "the place is the third's"
    assert third.look() is None
    first.leave()
    third.leave()
    assert fourth.look() is None
    fourth.leave()
    fourth.leave()
    assert [path.name for path in (tmp_path / "turns").iterdir()] == ["lock"]


def test_places_are_spoken_as_people_do(tmp_path: Path) -> None:
    turns = Turns(tmp_path, 1)
    held = [taken(turns) for _ in range(26)]
    said = [str(turn.look()).split()[1] for turn in held[1:]]
    assert said[:4] == ["1st", "2nd", "3rd", "4th"]
    assert said[9:13] == ["10th", "11th", "12th", "13th"]
    assert said[19:23] == ["20th", "21st", "22nd", "23rd"]
    assert held[1].look().pause < held[25].look().pause <= 0.5


def test_a_full_workgroup_holds_up_only_itself(tmp_path: Path) -> None:
    turns = Turns(tmp_path, 3)
    first = taken(turns, "etl", 1)
    waiting, other = taken(turns, "etl", 1), taken(turns, "analysts", 1)
    assert first.look() is None
    assert str(waiting.look()) == "queued, 1st in line of workgroup 'etl', 1 running"
    assert other.look() is None
    first.leave()
    assert waiting.look() is None


def test_a_workgroup_may_have_no_more_waiting(tmp_path: Path) -> None:
    turns = Turns(tmp_path, 5)
    held = [taken(turns, "etl", 1), taken(turns, "etl", 1)]
    with pytest.raises(LimitExceeded, match=r"workgroup 'etl' is busy.* may: 1"):
        turns.take("etl", 1, 1)
    assert taken(turns, "analysts", 1).look() is None
    assert held[0].look() is None


def test_who_has_a_turn_and_asks_for_another_does_not_wait_for_itself(tmp_path: Path) -> None:
    turns = Turns(tmp_path, 1)
    outer = turns.take("etl", 1, 0)
    inner = turns.take("etl", 1, 0)
    assert outer.look() is inner.look() is None
    waiting = taken(turns)
    inner.leave()
    assert waiting.look() is not None
    outer.leave()
    assert waiting.look() is None


def test_a_turn_that_was_dropped_is_over(tmp_path: Path) -> None:
    turns = Turns(tmp_path, 1)
    taken(turns)
    assert taken(turns).look() is None


def test_a_turn_that_is_found_to_be_garbage_waits_for_no_lock(tmp_path: Path) -> None:
    """Garbage is looked for anywhere, also where this thread has the queue's lock."""
    turns = Turns(tmp_path, 1)
    dropped = [turns.take("etl", None, None)]

    def found() -> None:
        with turns._lock:
            dropped.clear()

    finder = threading.Thread(target=found, daemon=True)
    finder.start()
    finder.join(30)
    assert not finder.is_alive()
    assert taken(turns).look() is None


@pytest.mark.parametrize("waits", [False, True])
def test_nobody_waits_for_a_process_that_was_killed(tmp_path: Path, waits: bool) -> None:
    turns = Turns(tmp_path, 1)
    held = taken(turns) if waits else None
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("queued" if waits else "None")
        behind = taken(turns)
        assert behind.look() is not None
        os.kill(process.pid, signal.SIGKILL)
    if held is not None:
        assert str(behind.look()) == "queued, 1st in line, 1 running"
        held.leave()
    assert behind.look() is None


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    taken(Turns(tmp_path, 1)).leave()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="queue"):
        Turns(tmp_path / "file" / "turns", 1).take("etl", None, None)


# --- statements ----------------------------------------------------------------------------


def services(turns: Turns) -> Services:
    engine = FakeEngine({"slow": Answer(blocks=True), "quick": Answer()})
    return Services(
        engine=lambda: engine,
        ledger=FakeLedger(),
        workgroup=lambda name: Workgroup(name, concurrency=1),
        prices=ATHENA,
        turns=turns,
    )


def states(given: Services) -> dict[str, QueryState]:
    return {record.sql: record.state for record in given.ledger.queries(HistoryFilter())}


def test_a_statement_waits_visibly_and_then_runs(tmp_path: Path) -> None:
    given = services(Turns(tmp_path, 4))
    slow = start_query(Order("slow"), Session("ada"), given)
    known: list[RunningQuery] = []
    done = threading.Event()

    def run() -> None:
        with start_query(Order("quick"), Session("ada"), given, known.append) as query:
            list(query.batches())
        known.append(query)
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    until = time.monotonic() + 20
    while not known and time.monotonic() < until:
        time.sleep(0.01)
    assert known[0].waits
    assert known[0].stage == "queued, 1st in line of workgroup 'primary', 1 running"
    assert known[0].progress == (0, 0, None)
    assert states(given) == {"slow": QueryState.RUNNING, "quick": QueryState.QUEUED}
    slow.cancel()
    with pytest.raises(Cancelled):
        list(slow.batches())
    assert done.wait(20)
    thread.join()
    assert states(given) == {"slow": QueryState.CANCELLED, "quick": QueryState.FINISHED}
    assert not known[0].waits
    assert (known[-1].record.queued or 0) > 0


def test_a_statement_that_waits_can_be_cancelled(tmp_path: Path) -> None:
    given = services(Turns(tmp_path, 4))
    slow = start_query(Order("slow"), Session("ada"), given)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            start_query(Order("quick"), Session("ada"), given, lambda query: query.cancel())
        except Cancelled as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    assert len(raised) == 1
    assert states(given) == {"slow": QueryState.RUNNING, "quick": QueryState.CANCELLED}
    (quick,) = given.ledger.queries(HistoryFilter(contains="quick"))
    assert (quick.cost, quick.scanned) == (0, 0)
    slow.cancel()
    with pytest.raises(Cancelled):
        list(slow.batches())
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_the_console_shows_the_place_and_can_cancel(tmp_path: Path) -> None:
    given = services(Turns(tmp_path / "turns", 4))
    slow = start_query(Order("slow"), Session("ada"), given)
    run = StatementRun(StatementText("quick", 1, 1), tmp_path, lambda: None)
    thread = threading.Thread(target=run.carry_out, args=(Session("ada"), given))
    thread.start()
    until = time.monotonic() + 20
    while not run.figures.stage and time.monotonic() < until:
        time.sleep(0.01)
    assert run.figures.stage == "queued, 1st in line of workgroup 'primary', 1 running"
    run.cancel()
    thread.join(20)
    assert isinstance(run.error, Cancelled)
    assert run.record is not None
    assert run.record.state is QueryState.CANCELLED
    slow.cancel()
    with pytest.raises(Cancelled):
        list(slow.batches())


# --- processes -----------------------------------------------------------------------------


def in_state(shell: Shell, state: str, count: int) -> list[str]:
    """Waits for so many queries of a state; gives their ids, the newest first."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = shell("history", "--status", state, "--output-format", "JSON").out.splitlines()
        if len(found) == count:
            return [json.loads(line)["id"] for line in found]
        time.sleep(0.1)
    raise AssertionError(f"not {count} queries are {state}")


def at_its_turn(shell: Shell, lake: Path) -> str:
    """Waits for the one query that runs to have its turn, which its record does not wait for."""
    (running,) = in_state(shell, "RUNNING", 1)
    until = time.monotonic() + 60
    while not list((lake / ".lakeshell/turns").glob("0*")):
        assert time.monotonic() < until, "it never took its turn"
        time.sleep(0.05)
    return running


def test_processes_of_a_lake_wait_in_line(
    shell: Shell, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKESHELL_ENGINE_CONCURRENCY", "1")
    with started(lake, "query", "-e", ENDLESS) as first:
        running = at_its_turn(shell, lake)
        with (
            started(lake, "query", "-e", "SELECT 'second'") as second,
            started(lake, "query", "-e", "SELECT 'third'") as third,
        ):
            in_state(shell, "QUEUED", 2)
            interrupted, waiting = (second, third)
            interrupted.send_signal(signal.SIGINT)
            out, err = interrupted.communicate(timeout=60)
            assert (interrupted.returncode, out) == (130, "")
            assert "in line, 1 running" in err
            assert "Traceback" not in err
            in_state(shell, "QUEUED", 1)
            assert shell("history", "cancel", running).code == 0
            out, err = waiting.communicate(timeout=60)
            assert (waiting.returncode, out) == (0, '"third"\n')
            assert "in line, 1 running" in err
        first.communicate(timeout=60)
    shown = json.loads(shell("history", "--output-format", "JSON", "--limit", "1").out)
    assert shown["state"] in ("FINISHED", "CANCELLED")


def test_a_workgroups_queue_has_an_end(shell: Shell, lake: Path) -> None:
    shell("workgroup", "add", "etl")
    (lake / "workgroups/etl.toml").write_text("concurrency = 1\nqueue = 0\n", encoding="utf-8")
    with started(lake, "query", "-w", "etl", "-e", ENDLESS) as first:
        running = at_its_turn(shell, lake)
        ended = shell("query", "-w", "etl", "-e", "SELECT 1")
        assert (ended.code, ended.out) == (5, "")
        assert "is busy" in ended.err
        assert shell("query", "-e", "SELECT 1").code == 0
        assert shell("history", "cancel", running).code == 0
        first.communicate(timeout=60)
    (refused,) = in_state(shell, "REFUSED", 1)
    shown = json.loads(shell("history", "show", refused, "--output-format", "JSON").out)
    assert shown["error_code"] == "QUERY_QUEUE_FULL"
