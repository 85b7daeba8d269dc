"""A lake with some history, and the console on it, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from consoles import filled_lake

from lakeshell.folder import make_lake
from lakeshell.lake import Lake


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of its own, so that nothing of the user's is read or written."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "NO_COLOR", "SSH_TTY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def empty_lake(home: Path) -> Iterator[Lake]:
    make_lake(home / "lake")
    with Lake(home / "lake", {"HOME": str(home), "LAKESHELL_USER": "ada"}) as lake:
        yield lake


@pytest.fixture
def lake(empty_lake: Lake) -> Lake:
    """Definitions, tables, queries and runs of fixed times; its engine answers from a list."""
    return filled_lake(empty_lake)
