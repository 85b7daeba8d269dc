"""`--progress` of a query on a server: trino-cli's lines while it runs, and at its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_trino import FakeTrino, error, fake_trino, rows
from shell import Shell, started
from test_terminal import on_terminal

WORK = {
    "state": "RUNNING", "scheduled": True, "nodes": 1, "totalSplits": 855, "queuedSplits": 646,
    "runningSplits": 34, "completedSplits": 175, "progressPercentage": 20.47,
    "runningPercentage": 3.98, "processedRows": 6_450_000, "processedBytes": 560_000_000,
}  # fmt: skip
DONE = {
    **WORK, "state": "FINISHED", "completedSplits": 855, "queuedSplits": 0, "runningSplits": 0,
    "progressPercentage": 100.0, "elapsedTimeMillis": 13_640,
}  # fmt: skip
END = [
    "Query query_0, FINISHED, 1 node",
    "Splits: 855 total, 855 done (100.00%)",
    "13.64 [6.45M rows, 534MiB] [473K rows/s, 39.2MiB/s]",
]


@pytest.fixture
def trino(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTrino]:
    monkeypatch.setattr("fake_trino.STATS", WORK)
    with fake_trino() as fake:
        fake.pages = [[{}, rows({"n": "integer"}, [1], stats=DONE)]]
        yield fake


@pytest.fixture
def team(shell: Shell, tmp_path: Path, trino: FakeTrino) -> Path:
    """A lake whose engine it is."""
    made = shell(
        "init", str(tmp_path / "team"), "--trino-url", trino.url,
        "--metastore-uri", "thrift://127.0.0.1:1", "--warehouse", "s3://a/b",
    )  # fmt: skip
    assert made.code == 0, made.err
    return tmp_path / "team"


def test_in_a_pipe_lines_follow_each_other(team: Path, trino: FakeTrino) -> None:
    trino.holds.clear()
    with started(team, "query", "--progress", "-e", "SELECT n") as running:
        assert running.stderr is not None
        line = re.compile(
            r"Query query_0 \[RUNNING\] i\[6\.45M 534Mi \S+\] o\[6\.45M 534Mi \S+\] splits\[646/34/175\]"
        )
        assert line.fullmatch(running.stderr.readline().rstrip("\n"))
        trino.holds.set()
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (0, '"1"\n')
    *more, first, splits, figures, own = err.splitlines()
    assert all(told.startswith("Query query_0 [") for told in more)
    assert [first, splits, figures] == END
    assert own.startswith("1 row in ")


def test_without_it_a_pipe_has_none(team: Path, trino: FakeTrino) -> None:
    with started(team, "query", "-e", "SELECT n") as running:
        assert running.communicate(timeout=60) == ('"1"\n', "")


def test_on_a_terminal_the_end_is_told_when_it_is_asked_for(team: Path, trino: FakeTrino) -> None:
    trino.pages *= 2
    code, seen = on_terminal(team, "query", "--progress", "-e", "SELECT n")
    assert code == 0
    assert [line for line in seen.splitlines() if line in END] == END
    code, seen = on_terminal(team, "query", "-e", "SELECT n")
    assert "1 row in " in seen
    assert "Splits:" not in seen


def test_what_no_node_worked_on_has_no_end(shell: Shell, team: Path, trino: FakeTrino) -> None:
    trino.pages = [[rows({"n": "integer"}, [1], stats={"nodes": 0, "totalSplits": 0})]]
    ended = shell("query", "--progress", "-e", "SELECT n", "--lake", str(team))
    assert ended.code == 0, ended.err
    assert ended.err.startswith("1 row in ")


def test_what_the_server_warns_of_is_said_once(shell: Shell, team: Path, trino: FakeTrino) -> None:
    warnings = [
        {"warningCode": {"code": 4, "name": "TOO_MANY_STAGES"}, "message": "81 \x1b[1mstages"}
    ]
    trino.pages = [[{"warnings": warnings}, rows({"n": "integer"}, [1], warnings=warnings)]]
    ended = shell("query", "-e", "SELECT n", "--lake", str(team))
    assert (ended.code, ended.out, ended.err) == (0, '"1"\n', "warning: 81 \\x1b[1mstages\n")
    failed = {**error("DIVISION_BY_ZERO", "Division by zero"), "warnings": warnings}
    trino.pages.append([failed])
    ended = shell("query", "-e", "SELECT n", "--lake", str(team))
    assert (ended.code, ended.err) == (1, "warning: 81 \\x1b[1mstages\nerror: Division by zero\n")


def test_what_failed_says_what_was_done_until_then(team: Path, trino: FakeTrino) -> None:
    failed = {**error("DIVISION_BY_ZERO", "Division by zero"), "stats": {**WORK, "state": "FAILED"}}
    trino.pages = [[{}, failed]]
    with started(team, "query", "--progress", "-e", "SELECT n") as running:
        _, err = running.communicate(timeout=60)
    assert running.returncode == 1
    told = [line for line in err.splitlines() if " [" not in line]
    assert told == [
        "Query query_0, FAILED, 1 node",
        "Splits: 855 total, 175 done (20.47%)",
        "error: Division by zero",
    ]
