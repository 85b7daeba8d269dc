"""Streams that a shell closed or that have no room, a locale of another time: no traceback, the
documented code, and nothing of the lake under a closed stream's number."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = (
    "query -e 'SELECT 1'",
    "history",
    "doctor",
    "catalog databases",
    "cost",
    "--help",
    "completion bash",
)


def sh(lake: Path, words: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "LAKESHELL_LAKE": str(lake), **more}
    script = f'lakeshell() {{ "{sys.executable}" -P -m lakeshell "$@"; }}\n{words}'
    return subprocess.run(
        ["sh", "-c", script], cwd=lake, env=environment, capture_output=True, check=False
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("stdout", [">&-", ">/dev/full"])
def test_output_that_goes_nowhere_is_a_failure(lake: Path, command: str, stdout: str) -> None:
    ended = sh(lake, f"lakeshell {command} {stdout}")
    said = ended.stderr.decode()
    assert ended.returncode == 1, said
    assert "error: the output cannot be written" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", COMMANDS)
def test_without_stdin_and_stderr_the_answer_is_the_same(lake: Path, command: str) -> None:
    usual, lonely = sh(lake, f"lakeshell {command}"), sh(lake, f"lakeshell {command} <&- 2>&-")
    assert lonely.returncode == usual.returncode == 0
    assert len(lonely.stdout.splitlines()) >= len(usual.stdout.splitlines())


@pytest.mark.parametrize("words", [("history",), ("history", "export"), ("doctor",), ("--help",)])
@pytest.mark.parametrize("both", [False, True])
def test_a_reader_that_has_enough_is_no_failure(
    lake: Path, words: tuple[str, ...], both: bool
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "lakeshell", *words],
        env={**os.environ, "LAKESHELL_LAKE": str(lake)},
        stdout=writer,
        stderr=writer if both else subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr or b"") in (
        (0, b""),
        (0, b"7 checks, nothing is wrong\n"),
    )


def test_a_closed_stdin_has_no_sql(lake: Path) -> None:
    ended = sh(lake, "lakeshell query - <&-")
    assert ended.returncode == 2
    assert b"there is no statement to run" in ended.stderr


def test_everything_closed_still_ends_with_the_code(lake: Path) -> None:
    assert sh(lake, "lakeshell query -e 'SELECT' <&- >&- 2>&-").returncode == 1


def test_listings_are_utf_8_in_every_locale(lake: Path) -> None:
    (lake / "workgroups" / "a.toml").write_text('description = "é☃"\n', encoding="utf-8")
    ended = sh(lake, "lakeshell workgroup list", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert ended.returncode == 0, ended.stderr
    assert "é☃" in ended.stdout.decode("utf-8")


def test_a_folder_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    named = os.fsencode(tmp_path) + b"/\xff"
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "lakeshell", "init", named], capture_output=True, check=False
    )
    assert ended.returncode == 2
    assert b"its name is not UTF-8" in ended.stderr
    assert not os.path.exists(named)  # noqa: PTH110
