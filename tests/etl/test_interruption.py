"""Loads that are interrupted, killed or run out of room: the table is as it was, nothing doubles."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from lakeshell.folder import make_lake

ROWS = 400_000


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT)")
        database.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO orders SELECT i, hex(randomblob(20)) FROM n",
            (ROWS,),
        )
    return path


def command(lake: Path, *words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "lakeshell", *words, "--lake", str(lake)]


def lakeshell(lake: Path, *words: str, limit: int | None = None) -> Ended:
    def limited() -> None:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        command(lake, *words), capture_output=True, text=True, check=False, preexec_fn=limited
    )
    assert "Traceback" not in done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def lake(tmp_path: Path, source: Path) -> Path:
    """A lake whose job has run once on three rows, with the large source now in their place."""
    folder = tmp_path / "lake"
    make_lake(folder)
    small = tmp_path / "shop.db"
    with sqlite3.connect(small) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT)")
        database.execute("INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    for words in (
        ("connection", "add", "shop", f"sqlite:///{small}"),
        ("crawler", "add", "shop", "--connection", "shop", "--database", "source"),
        ("crawler", "run", "shop"),
        ("job", "propose", "load", "--source", "source.shop_orders", "--target", "raw.orders"),
        ("job", "run", "load"),
    ):
        ended = lakeshell(folder, *words)
        assert ended.code == 0, ended.err
    small.unlink()
    small.symlink_to(source)
    return folder


def rows(lake: Path) -> int:
    return int(lakeshell(lake, "query", "-e", "SELECT count(*) FROM raw.orders").out.strip('"\n'))


def states(lake: Path) -> list[str]:
    ended = lakeshell(lake, "job", "runs", "load", "--output-format", "CSV_UNQUOTED")
    return [line.split(",")[3] for line in ended.out.splitlines()]


def stopped(lake: Path, sig: signal.Signals) -> int:
    """Starts the load and sends it `sig` when it has begun to write."""
    warehouse = lake / ".lakeshell" / "warehouse"
    with subprocess.Popen(command(lake, "job", "run", "load"), stderr=subprocess.PIPE) as running:
        while running.poll() is None and not list(warehouse.rglob("*.part")):
            time.sleep(0.01)
        running.send_signal(sig)
        running.communicate()
    return running.returncode


@pytest.mark.parametrize(
    ("sig", "state"), [(signal.SIGINT, "CANCELLED"), (signal.SIGTERM, "CANCELLED")]
)
def test_an_interrupted_load_leaves_the_table_and_no_files(
    lake: Path, sig: signal.Signals, state: str
) -> None:
    assert stopped(lake, sig) == 130
    assert rows(lake) == 3
    assert states(lake)[0] == state
    assert not list((lake / ".lakeshell" / "warehouse").rglob("*.part"))
    assert lakeshell(lake, "job", "run", "load").code == 0
    assert rows(lake) == ROWS


def test_a_killed_load_holds_no_lock_and_is_recorded_as_failed(lake: Path) -> None:
    assert stopped(lake, signal.SIGKILL) == -signal.SIGKILL
    assert rows(lake) == 3
    assert states(lake)[0] == "FAILED"
    assert "1 file," in lakeshell(lake, "doctor").out
    assert lakeshell(lake, "job", "run", "load").code == 0
    assert rows(lake) == ROWS
    assert lakeshell(lake, "doctor", "--clean").code == 0
    assert not list((lake / ".lakeshell" / "warehouse").rglob("*.part"))
    assert rows(lake) == ROWS


def test_no_room_for_the_load(lake: Path) -> None:
    ended = lakeshell(lake, "job", "run", "load", limit=2 * 2**20)
    assert ended.code == 1
    assert "cannot be written" in ended.err
    assert "the table is as it was" in ended.err
    assert rows(lake) == 3
    assert states(lake)[0] == "FAILED"
    assert not list((lake / ".lakeshell" / "warehouse").rglob("*.part"))


def test_no_room_for_a_result(lake: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("what was there before")
    sql = "SELECT * FROM source.shop_orders"
    ended = lakeshell(lake, "query", "-e", sql, "-o", str(out), limit=2 * 2**20)
    assert ended.code == 1
    assert "cannot be written" in ended.err
    assert out.read_text() == "what was there before"
    assert {path.name for path in tmp_path.iterdir()} == {"lake", "shop.db", "out.csv"}


def test_two_runs_of_a_job_at_once(lake: Path) -> None:
    """The second is told, and the first is not disturbed."""
    warehouse = lake / ".lakeshell" / "warehouse"
    with subprocess.Popen(command(lake, "job", "run", "load"), stderr=subprocess.PIPE) as running:
        while running.poll() is None and not list(warehouse.rglob("*.part")):
            time.sleep(0.01)
        os.kill(running.pid, signal.SIGSTOP)
        second = lakeshell(lake, "job", "run", "load")
        os.kill(running.pid, signal.SIGCONT)
        running.communicate()
    assert running.returncode == 0
    assert second.code == 1
    assert "is running already" in second.err
    assert rows(lake) == ROWS
