"""A lake and its command line, as a shell sees them: bytes, streams, exit codes."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lakeshell.cli.main import main
from lakeshell.folder import make_lake


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Shell = Callable[..., Ended]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    make_lake(tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def shell(lake: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Runs a command in this process, as a pipe sees it. A traceback fails the test."""
    monkeypatch.setenv("LAKESHELL_LAKE", str(lake))
    monkeypatch.setenv("LAKESHELL_USER", "ada")
    monkeypatch.chdir(lake)

    def run(*arguments: str, stdin: str | None = None) -> Ended:
        capfd.readouterr()
        if stdin is not None:
            (lake / "stdin").write_text(stdin, encoding="utf-8")
            monkeypatch.setattr("sys.stdin", (lake / "stdin").open(encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        assert ended.value.code != 70, err
        return Ended(int(ended.value.code or 0), out, err)

    return run


class Started(subprocess.Popen[str]):
    """A command of its own process. A test that fails while it runs does not wait for its end."""

    def __exit__(self, *about: Any) -> None:
        if about[0] is not None:
            self.kill()
        super().__exit__(*about)


def started(lake: Path, *arguments: str, **options: Any) -> Started:
    return Started(
        [sys.executable, "-m", "lakeshell", *arguments, "--lake", str(lake)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def rows_of(ended: Ended) -> list[dict[str, str]]:
    """A listing in the format that a pipe gets, each row by its columns."""
    assert ended.code == 0, ended.err
    return list(csv.DictReader(io.StringIO(ended.out)))


def lives(pid: str) -> bool:
    """One that ended and that nobody has asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
