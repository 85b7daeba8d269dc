"""A server's work in trino-cli's lines."""

from __future__ import annotations

import io

import pytest

from lakeshell.cli.figures import Block
from lakeshell.engine.trino.work import cluster_work
from lakeshell.output.cluster import count_text, size_text, work_lines

STAGE = {"state": "RUNNING", "processedRows": 13_800_000, "processedBytes": 1_990_000_000,
         "queuedSplits": 0, "runningSplits": 1, "completedSplits": 706, "done": False}  # fmt: skip
STATS = {
    "state": "RUNNING", "scheduled": True, "nodes": 1, "totalSplits": 855, "runningSplits": 34,
    "progressPercentage": 20.4, "runningPercentage": 4.0, "processedRows": 6_450_000,
    "processedBytes": 560_000_000,
    "rootStage": STAGE | {"subStages": [
        STAGE | {"done": True, "state": "FINISHED"},
        STAGE | {"state": "FAILED", "subStages": [STAGE | {"processedRows": 0}]},
    ]},
}  # fmt: skip


def test_a_running_statement() -> None:
    work = cluster_work(STATS)
    assert work is not None
    assert work_lines("20261124_1", work, 13.2, 80) == [
        "Query 20261124_1, RUNNING, 1 node, 855 splits",
        "0:13 [6.45M rows, 534MiB] [ 489K rows/s, 40.5MiB/s] [=====>                ] 20%",
        "",
        "     STAGES   ROWS  ROWS/s  BYTES  BYTES/s  QUEUED    RUN   DONE",
        "0.........R  13.8M   1.05M  1.85Gi    144Mi       0      1    706",
        "  1.......F  13.8M       0  1.85Gi       0B       0      1    706",
        "  2.......X  13.8M   1.05M  1.85Gi    144Mi       0      1    706",
        "    3.....R      0       0  1.85Gi    144Mi       0      1    706",
    ]


def test_before_all_is_scheduled_a_mark_moves() -> None:
    work = cluster_work({**STATS, "scheduled": False})
    assert work is not None
    bars = [work_lines("q", work, seconds, 75)[1].split("[")[-1] for seconds in (0.0, 3.0, 15.0)]
    assert bars == ["<=>              ]", "   <=>           ]", "             <=> ]"]


def test_while_it_is_queued_there_is_one_line() -> None:
    work = cluster_work({"state": "QUEUED"})
    assert work is not None
    assert work_lines("q", work, 1.0, 80) == ["Query q, QUEUED, 0 nodes, 0 splits"]
    assert work_lines("q", work, 61.0, 20) == ["QUEUED 1:01 0%"]
    assert cluster_work({}) is None


@pytest.mark.parametrize(
    ("value", "count", "size"),
    [(0, "0", "0B"), (999, "999", "999B"), (1000, "1000", "1000B"), (1005, "1.01K", "1005B"),
     (1024, "1.02K", "1KiB"), (12_345, "12.3K", "12.1KiB"), (123_456, "123K", "121KiB"),
     (1_047_552, "1.05M", "1023KiB"), (5_740_000, "5.74M", "5.47MiB"),
     (2_000_000_000, "2B", "1.86GiB"), (10**15, "1000T", "909TiB"), (2**50, "1.13Q", "1PiB")],
)  # fmt: skip
def test_three_digits(value: int, count: str, size: str) -> None:
    assert (count_text(value), size_text(value)) == (count, size)


def test_a_block_takes_its_own_lines_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    monkeypatch.setenv("LINES", "4")
    out = io.StringIO()
    block = Block(out)
    block.show(["first", "a line that is too long"])
    block.show(["1", "2", "3", "4", "5"])
    block.clear()
    block.clear()
    assert out.getvalue() == "first\na line th\r\x1b[1A\x1b[J1\n2\n3\r\x1b[2A\x1b[J"
