"""A lake and a shell on it, and a small source."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from lakeshell.cli.main import main
from lakeshell.lake import make_lake


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

    def run(*words: str) -> Ended:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = capfd.readouterr()
        assert "Traceback" not in said.err
        assert ended.value.code != 70, said.err
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A source of two tables and a view."""
    path = tmp_path / "shop.db"
    database = sqlite3.connect(path)
    database.executescript(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, total DECIMAL(8,2), placed DATE);"
        "INSERT INTO orders VALUES (1, 9.5, '2026-01-02'), (2, 10.25, '2026-01-03'), (3, NULL, NULL);"
        "CREATE TABLE audit_log (line TEXT);"
        "CREATE VIEW big_orders AS SELECT * FROM orders WHERE total > 10;"
    )
    database.close()
    return path


@pytest.fixture
def crawled(shell: Shell, shop: Path) -> Shell:
    """The shell of a lake in which the shop is crawled."""
    for words in (
        ("connection", "add", "shop", f"sqlite:///{shop}"),
        ("crawler", "add", "shop", "--connection", "shop", "--database", "source",
         "--exclude", "*_log"),
        ("crawler", "run", "shop"),
    ):  # fmt: skip
        ended = shell(*words)
        assert ended.code == 0, ended.err
    return shell
