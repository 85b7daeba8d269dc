"""What is wrong is said in two lines, with its exit code, and changes nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from shell import Shell


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("connection", "test", "nope"), 2, "there is no connection 'nope'"),
        (("connection", "add", "a/b", "sqlite:///x"), 2, "cannot be the name of a connection"),
        (("connection", "add", "x", "oracle://h/d"), 2, "oracle://h/d"),
        (("crawler", "run", "nope"), 2, "there is no crawler 'nope'"),
        (("crawler", "show", "../../etc/passwd"), 2, "there is no crawler"),
        (("crawler", "add", "x", "--connection", "nope", "--database", "d"), 2, "no connection 'nope'"),
        (("job", "run", "nope"), 2, "there is no job 'nope'"),
        (("job", "propose", "../x", "--source", "a.b", "--target", "c.d"), 2, "cannot be the name"),
        (("job", "propose", "x", "--source", "ab", "--target", "c.d"), 2, "'ab' is not a table"),
        (("job", "logs", "../../etc/passwd"), 2, "there is no run"),
        (("query", "-w", "nope", "-e", "SELECT 1"), 2, "there is no workgroup 'nope'"),
        (("query", "-f", "/no/such.sql"), 2, "/no/such.sql cannot be read"),
        (("query", "--lake", "/no/lake", "-e", "SELECT 1"), 2, "/no/lake is not a lake"),
        (("query", "--session", "foo=1", "-e", "SELECT 1"), 1, "Session property 'foo' does not exist"),
        (("query", "--param", "x", "-e", "SELECT 1"), 2, "is not NAME=VALUE"),
        (("query", "--output-format", "PARQUET", "-e", "SELECT 1"), 2, "name it with -o FILE"),
        (("query", "-e", " ; "), 2, "there is no statement to run"),
        (("catalog", "show", "a.b"), 2, "there is no table a.b"),
        (("catalog", "tables", "nope"), 2, "there is no database 'nope'"),
        (("history", "show", "%"), 2, "there is no query '%'"),
        (("history", "result", "../../x"), 2, "there is no query"),
        (("history", "--contains", "\udcff"), 2, "is not UTF-8"),
        (("history", "show", "\udcff"), 2, "is not UTF-8"),
        (("history", "--since", "soon"), 2, "'soon' is neither a time"),
        (("cost", "--month", "2026-13"), 2, "is not a month"),
        (("workgroup", "set", "primary", "--scan-limit", "much"), 2, "it is a size"),
        (("workgroup", "rm", "primary"), 2, "built-in"),
        (("workgroup", "add", ".."), 2, "cannot be the name of a workgroup"),
        (("qurey",), 2, "Did you mean 'query'?"),
    ],
)  # fmt: skip
def test_errors(shell: Shell, words: tuple[str, ...], code: int, said: str) -> None:
    ended = shell(*words)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


@pytest.mark.parametrize(
    ("written", "line", "said"),
    [
        ('[engine]\ntype = "embeded"', 2, "did you mean 'embedded'?"),
        ("[engin]\nx = 1", 1, "did you mean 'engine'?"),
        ('[engine]\nmemory_limt = "4GB"', 2, "did you mean 'engine.memory_limit'?"),
        ("[engine]\nthreads = 2\n\n[query", 4, "not valid TOML"),
        ('[query]\nworkgroup = "prim', 2, "key 'workgroup'"),
        ("[query]\nworkgroup = 5", 2, "in quotes"),
        ('[prices]\nper_tb = "abc"', 2, "an amount of money"),
    ],
)
def test_a_wrong_settings_file_by_line_and_key(
    shell: Shell, lake: Path, written: str, line: int, said: str
) -> None:
    (lake / "lakeshell.toml").write_text(written, encoding="utf-8")
    ended = shell("query", "-e", "SELECT 1")
    assert ended.code == 2
    assert f"{lake / 'lakeshell.toml'}, line {line}" in ended.err
    assert said in ended.err


def test_a_broken_definition_stops_nothing_but_itself(crawled: Shell, lake: Path) -> None:
    (lake / "connections" / "half.toml").write_text('url = "sqlite:///x', encoding="utf-8")
    ended = crawled("connection", "show", "half")
    assert ended.code == 2
    assert "half.toml, line 1, key 'url'" in ended.err
    assert crawled("crawler", "run", "shop").code == 0
    assert crawled("query", "-e", "SELECT count(*) FROM source.shop_orders").out == '"3"\n'


def test_a_source_that_is_gone(crawled: Shell, shop: Path) -> None:
    crawled("job", "propose", "load", "--source", "source.shop_orders", "--target", "raw.orders")
    crawled("job", "run", "load")
    shop.unlink()
    for words in (
        ("connection", "test", "shop"),
        ("crawler", "run", "shop"),
        ("job", "run", "load"),
        ("query", "-e", "SELECT * FROM source.shop_orders"),
    ):
        ended = crawled(*words)
        assert (ended.code, ended.out) == (3, ""), words
        assert re.fullmatch(r"error: .*does not exist\n  .+\n", ended.err), ended.err
    assert crawled("query", "-e", "SELECT count(*) FROM raw.orders").out == '"3"\n'


@pytest.mark.parametrize(
    "content", [b"not a database at all", b"SQLite format 3\x00" + b"\xff" * 4000]
)
def test_a_source_that_is_no_database(crawled: Shell, shop: Path, content: bytes) -> None:
    shop.write_bytes(content)
    ended = crawled("crawler", "run", "shop")
    assert ended.code == 3
    assert "cannot be read" in ended.err
    states = crawled("catalog", "tables", "source")
    assert "deprecated" not in states.out


def test_a_source_that_is_locked(
    crawled: Shell, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakeshell.source.sqlite_file.BUSY_MILLISECONDS", 1)
    # In another process: locks of one's own process are none.
    holding = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "db.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(shop)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        ended = crawled("connection", "test", "shop")
        holder.communicate()
    assert ended.code == 3
    assert "database is locked" in ended.err
    assert crawled("connection", "test", "shop").code == 0


def test_a_query_of_a_megabyte(shell: Shell, tmp_path: Path) -> None:
    script = tmp_path / "long.sql"
    script.write_text(f"SELECT length('{'x' * 1_000_000}')")
    assert shell("query", "-f", str(script)).out == '"1000000"\n'
    script.write_text("SELECT " + "(" * 400_000 + "1" + ")" * 400_000)
    ended = shell("query", "-f", str(script))
    assert (ended.code, "too large" in ended.err) == (1, True)
