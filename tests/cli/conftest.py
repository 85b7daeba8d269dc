"""A small source, and a lake in which it is crawled."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from shell import Shell


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
