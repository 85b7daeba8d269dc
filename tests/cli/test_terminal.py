"""What a terminal sees: the pager, colour, and that neither is in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from lakeshell.lake import Lake
from lakeshell.model import QueryState
from lakeshell.ports import HistoryFilter

NAMES = ("NO_COLOR", "LAKESHELL_PAGER", "TERM")


def on_terminal(lake: Path, *words: str, **variables: str) -> tuple[int, str]:
    """The exit code and everything that a terminal showed."""
    environment = {k: v for k, v in os.environ.items() if k not in NAMES}
    environment |= {"TERM": "xterm", "LAKESHELL_LAKE": str(lake), **variables}
    main, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "lakeshell", *words],
        stdin=other, stdout=other, stderr=other, env=environment, close_fds=True,
    )  # fmt: skip
    os.close(other)
    seen = b""
    while True:
        try:
            more = os.read(main, 65_536)
        except OSError:
            break
        if not more:
            break
        seen += more
    os.close(main)
    return process.wait(60), seen.decode()


def test_rows_go_through_the_pager(lake: Path) -> None:
    pager = "tr a-z A-Z; echo through the pager"
    code, seen = on_terminal(
        lake, "query", "-e", "SELECT 'shown' AS word; SELECT 2 AS n", LAKESHELL_PAGER=pager
    )
    assert code == 0
    assert seen.count("through the pager") == 2
    assert "SHOWN" in seen
    assert "1 row in" in seen
    code, seen = on_terminal(
        lake, "query", "-e", "SELECT 'shown' AS word", "-o", str(lake / "out.csv"),
        LAKESHELL_PAGER=pager,
    )  # fmt: skip
    assert "through" not in seen
    assert (lake / "out.csv").read_text() == '"shown"\n'


def test_a_pager_that_is_left_early_ends_the_command(lake: Path) -> None:
    rows = "SELECT n FROM UNNEST(sequence(1, 10000)) a(n), UNNEST(sequence(1, 20)) b(m)"
    code, seen = on_terminal(
        lake, "query", "-e", rows, "-e", "SELECT 'never'", LAKESHELL_PAGER="head -n 3"
    )
    assert code == 0
    assert "never" not in seen
    assert "Traceback" not in seen


@pytest.mark.parametrize("rows", [1, 100_000])
def test_a_pager_that_there_is_not_is_said(lake: Path, rows: int) -> None:
    sql = f"SELECT n FROM UNNEST(sequence(1, {rows})) t(n)"
    code, seen = on_terminal(lake, "query", "-e", sql, LAKESHELL_PAGER="no-such-pager -S")
    assert code == 2
    assert "the pager 'no-such-pager -S' cannot be run" in seen


def test_a_query_whose_terminal_is_closed_is_interrupted(lake: Path) -> None:
    endless = ", ".join(f"UNNEST(sequence(1, 10000)) a{i}(b{i})" for i in range(4))
    master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "lakeshell", "query", "-e", f"SELECT count(*) FROM {endless}",
         "--lake", str(lake)],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(slave)
    seen = b""
    while b"0 rows" not in seen:
        seen += os.read(master, 4096)
    os.close(master)
    assert process.wait(60) == 130
    with Lake(lake, dict(os.environ)) as opened:
        (record,) = opened.ledger.queries(HistoryFilter())
    assert record.state is QueryState.CANCELLED


@pytest.mark.parametrize(
    ("words", "variables", "colour"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"TERM": "dumb"}, False),
        (("--color", "never"), {}, False),
        (("--color=always",), {"NO_COLOR": "1"}, True),
    ],
)
def test_errors_have_colour_on_a_terminal(
    lake: Path, words: tuple[str, ...], variables: dict[str, str], colour: bool
) -> None:
    code, seen = on_terminal(lake, "query", "-e", "SELECT nothing", *words, **variables)
    assert code == 1
    assert ("\x1b[31m\x1b[1merror:\x1b[0m line 1:8" in seen) == colour
    assert ("\x1b[" in seen) == colour


def test_a_pipe_has_neither(lake: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in NAMES}
    ended = subprocess.run(
        [sys.executable, "-m", "lakeshell", "query", "--ignore-errors", "-e", "SELECT 1; SELECT x"],
        env={**environment, "LAKESHELL_LAKE": str(lake), "LAKESHELL_PAGER": "echo no"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.stdout == '"1"\n'
    assert ended.stderr.startswith("error: line 1:")


def test_a_terminal_that_cannot_place_text_gets_the_help_and_no_console(lake: Path) -> None:
    code, seen = on_terminal(lake, TERM="dumb")
    assert code == 0
    assert "\x1b" not in seen
    assert "Commands:" in seen
    assert seen.rstrip().endswith("this terminal (TERM=dumb) cannot show the console")
