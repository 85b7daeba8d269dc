"""The running stack of the tests: its lake, commands on it, SQL on its Trino.

scripts/test brings it up and names its lake in LAKESHELL_TEST_STACK; without it these tests are
skipped and say so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lakeshell.lake import Lake
from lakeshell.stack.installation import Installation, open_installation

ROOT = Path(__file__).resolve().parents[2]


def folder() -> Path:
    named = os.environ.get("LAKESHELL_TEST_STACK", "")
    if not named:
        pytest.skip("no stack: scripts/test --stack brings one up")
    return Path(named)


def installation() -> Installation:
    return open_installation(folder() / ".lakeshell")


def lake() -> Lake:
    return Lake(folder(), {})


def lakeshell(*words: str) -> subprocess.CompletedProcess[str]:
    """A command on the lake of the stack, as a user runs it."""
    command = _command(words)
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def begun(*words: str) -> subprocess.Popen[str]:
    """The same, under way; a signal to it reaches nobody else."""
    return subprocess.Popen(
        _command(words), stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )


def _command(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-P", "-m", "lakeshell", *words, "--lake", str(folder())]


def done(*words: str) -> str:
    """The same, for what must succeed; what it said on stderr."""
    ended = lakeshell(*words)
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


def sql(
    text: str,
    user: str = "ada",
    tags: Sequence[str] = (),
    properties: Mapping[str, str] | None = None,
) -> list[list[Any]]:
    """Rows that any other client gets, with properties of its session. Raises trino's errors."""
    import trino

    connection = trino.dbapi.connect(
        host="127.0.0.1",
        port=int(installation().trino_url.rpartition(":")[2]),
        user=user,
        source="another-client",
        client_tags=list(tags),
        session_properties=dict(properties or {}),
    )
    cursor = connection.cursor()
    cursor.execute(text)
    return list(cursor.fetchall())


def eventually(found: Callable[[], object], seconds: float = 60) -> bool:
    """Whether it came to that: Trino reads its rules, limits and nodes again every second or few."""
    until = time.monotonic() + seconds
    while not found():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True
