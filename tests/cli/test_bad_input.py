"""What is wrong is said in two lines, with its exit code, and changes nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from shell import Shell

from lakeshell.folder import make_lake


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
        (("query", "SELECT 1"), 2, "SQL comes behind -e"),
        (("query", "-e", "SELECT 1", "--timeout", "nan"), 2, "'nan' is not a number of seconds"),
        (("query", "-e", "SELECT 1", "--timeout", "1e400"), 2, "is not a number of seconds"),
        (("query", "-e", "SELECT 1", "--timeout", "0"), 2, "is not a number of seconds"),
        (("history", "--limit", "0"), 2, "'0' is not a whole number, 1 or more"),
        (("history", "--limit", "two"), 2, "'two' is not a whole number, 1 or more"),
        (("cost", "--month", "9999-12"), 2, "is not a month"),
        (("cost", "--month", "0001-01", "--by", "month"), 2, "is not a month"),
        (("workgroup", "add", "x", "--daily-budget", "1e999999"), 2, "an amount of money"),
        (("workgroup", "add", "x", "--daily-budget", "1e-999999"), 2, "an amount of money"),
        (("workgroup", "add", "x", "--scan-limit", "9" * 30 + "TB"), 2, "less than 8,192 PB"),
        (("workgroup", "add", "x", "--result-keep", "9" * 30 + "d"), 2, "a hundred years at most"),
        (("workgroup", "add", "x", "--concurrency", "9" * 30), 2, "a whole number, 1 or more"),
        (("workgroup", "add", "x", "--concurrency", "0"), 2, "a whole number, 1 or more"),
        (("workgroup", "add", "x", "--queue", "-1"), 2, "a whole number, 0 or more"),
        (("workgroup", "add", "x", "--member", ""), 2, "--member '' is not right"),
        (("workgroup", "add", "x", "--member", "ada", "--member", "a\nb"), 2, "a text in one line"),
        (("workgroup", "add", "x", "--grant", " raw"), 2, "without blanks around it"),
        (("workgroup", "add", "x", "--database", ""), 2, "--database '' is not right"),
        (("workgroup", "add", "x", "--notify", " "), 2, "it is a command of the shell"),
        (("connection", "add", "x", "sqlite://"), 2, "the address names no file"),
        (("connection", "add", "x", "sqlite:///"), 2, "the address names no file"),
        (("init", ""), 2, "DIR is empty"),
        (("init", "x", "--warehouse", "s3://a/b"), 2, "add --trino-url URL"),
        (("init", "x", "--stack", "--trino-url", "http://h"), 2, "a lake is on one of them"),
        (("demo", "--build-all"), 2, "add --stack"),
        (("stack", "down", "--delete-data"), 2, "this lake has no stack yet"),
        (("saved", "show", "nope"), 2, "there is no saved query 'nope' of primary"),
        (("job", "add", "x", "--script", "/no/such.sql"), 2, "/no/such.sql cannot be read"),
    ],
)  # fmt: skip
def test_errors(shell: Shell, words: tuple[str, ...], code: int, said: str) -> None:
    ended = shell(*words)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    hints = "*" if code == 1 else "+"  # Trino's own words have none
    assert re.match(rf"error: [^\n]+\n(  [^\n]*\n){hints}\Z", ended.err), ended.err


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


@pytest.mark.parametrize("noun", ["connection", "crawler", "job", "workgroup"])
def test_a_broken_definition_hides_no_other(crawled: Shell, lake: Path, noun: str) -> None:
    crawled("job", "propose", "shop", "--source", "source.shop_orders", "--target", "raw.orders")
    crawled("workgroup", "add", "shop")
    (lake / f"{noun}s" / "half.toml").write_text("x = ", encoding="utf-8")
    ended = crawled(noun, "list", "--output-format", "CSV_UNQUOTED")
    assert ended.code == 2
    assert any(line.startswith("shop,") for line in ended.out.splitlines())
    assert "half.toml, line 1" in ended.err


@pytest.mark.parametrize("noun", ["connection", "crawler", "job", "workgroup"])
def test_a_broken_definition_can_be_removed(shell: Shell, lake: Path, noun: str) -> None:
    broken = lake / f"{noun}s" / "broken.toml"
    broken.parent.mkdir(exist_ok=True)
    broken.write_text("= nonsense")
    ended = shell(noun, "rm", "broken")
    assert (ended.code, broken.exists()) == (0, False), ended.err
    assert shell(noun, "rm", "broken").code == 2


def test_a_job_without_its_script_can_be_removed(crawled: Shell, lake: Path) -> None:
    table = "source.shop_orders"
    assert crawled("job", "propose", "load", "--source", table, "--target", "raw.o").code == 0
    (lake / "jobs" / "load.py").unlink()
    assert crawled("job", "rm", "load").code == 0
    assert "load" not in crawled("job", "list").out


def test_a_job_does_not_write_what_it_reads(crawled: Shell, lake: Path) -> None:
    for kind in ("arrow", "sql"):
        ended = crawled(
            "job", "propose", "twice", "--kind", kind,
            "--source", "source.shop_orders", "--target", "Source.SHOP_orders",
        )  # fmt: skip
        assert ended.code == 2
        assert "would read the table that it writes, source.shop_orders" in ended.err
    assert not list((lake / "jobs").glob("twice*"))


def test_a_job_that_fails_says_where_its_log_is(crawled: Shell, lake: Path) -> None:
    (lake / "bad.sql").write_text("SELECT 1/0", encoding="utf-8")
    crawled("job", "add", "bad", "--script", "bad.sql")
    ended = crawled("job", "run", "bad")
    assert ended.code == 1
    [run] = re.findall(r"lakeshell job logs (\S+)", ended.err)
    assert "Division by zero" in crawled("job", "logs", run).out


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


def test_more_than_there_can_be_is_all_there_is(shell: Shell) -> None:
    shell("query", "-e", "SELECT 1")
    for words in (("history",), ("history", "export"), ("workgroup", "events"), ("job", "runs")):
        assert shell(*words, "--limit", "9" * 30).code == 0, words


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[engine]\nthreads = 100000", "a whole number, from 0 to 1,024"),
        ('[prices]\nper_tb = "1e99999999"', "an amount of money"),
        ('[history]\nkeep = "99999999999999999999d"', "a hundred years at most"),
        ("[query]\nworkgroup = true", "workgroup = true is not right"),
    ],
)
def test_a_setting_beyond_all_bounds(shell: Shell, lake: Path, written: str, said: str) -> None:
    (lake / "lakeshell.toml").write_text(written, encoding="utf-8")
    ended = shell("query", "-e", "SELECT 1")
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_what_add_refuses_of_a_job_set_refuses_too(crawled: Shell, lake: Path) -> None:
    crawled("job", "propose", "load", "--source", "source.shop_orders", "--target", "raw.orders")
    before = (lake / "jobs" / "load.toml").read_bytes()
    for words in (("--retries", "11"), ("--dpu", "0"), ("--dpu", "9" * 30)):
        assert crawled("job", "set", "load", *words).code == 2, words
    assert (lake / "jobs" / "load.toml").read_bytes() == before


def test_a_script_that_is_no_text(crawled: Shell, lake: Path) -> None:
    (lake / "bad.sql").write_bytes(b"SELECT \xff")
    (lake / "empty.sql").write_text(" -- nothing\n", encoding="utf-8")
    for script, said in (("bad.sql", "is not UTF-8"), ("empty.sql", "there is no statement")):
        ended = crawled("job", "add", "x", "--script", script)
        assert (ended.code, said in ended.err) == (2, True), ended.err
    crawled("job", "propose", "load", "--source", "source.shop_orders", "--target", "raw.orders")
    (lake / "jobs" / "load.py").write_bytes(b"\xff")
    for verb in ("run", "graph", "show"):
        ended = crawled("job", verb, "load")
        assert ended.code == 2, verb
        assert "load.py is not UTF-8 text (byte 0)" in ended.err


def test_a_folder_is_no_sqlite_file(shell: Shell, lake: Path) -> None:
    shell("connection", "add", "x", f"sqlite:///{lake}")
    ended = shell("connection", "test", "x")
    assert ended.code == 3
    assert "is a folder and no SQLite file" in ended.err


def test_a_port_that_there_is_not(shell: Shell) -> None:
    shell("connection", "add", "x", "mysql://u@127.0.0.1:99999/d")
    ended = shell("connection", "test", "x")
    assert ended.code == 2
    assert "a port that there is not: 99999" in ended.err


def test_a_metastore_that_is_away_is_said_once(shell: Shell, lake: Path) -> None:
    elsewhere = lake.parent / "elsewhere"
    words = ("--metastore-uri", "thrift://127.0.0.1:1", "--warehouse", "s3://a/b")
    shell("init", str(elsewhere), "--trino-url", "http://127.0.0.1:1", *words)
    ended = shell("catalog", "databases", "--lake", str(elsewhere))
    assert ended.code == 3
    assert re.match(r"error: the Metastore at thrift://127.0.0.1:1 [^\n]+\n  [^\n]+\n\Z", ended.err)


OTHERS = pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root, and no setpriv: every file is root's to read")  # fmt: skip


def _as_nobody(lake: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as somebody whom the rights of files bind, which they do not root."""
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return subprocess.run(
        [*(drop if os.geteuid() == 0 else []), sys.executable, "-P", "-m", "lakeshell", *words],
        env={**os.environ, "LAKESHELL_LAKE": str(lake), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )


@OTHERS
@pytest.mark.parametrize(
    ("shut", "words", "code"),
    [
        ("connections", ("connection", "add", "x", "sqlite:///a.db"), 2),
        ("workgroups", ("workgroup", "add", "x"), 2),
        (".lakeshell", ("query", "-e", "SELECT 1"), 2),
        (".lakeshell", ("history",), 2),
        ("jobs", ("job", "list"), 2),
        ("jobs", ("doctor",), 1),
        (".", ("query", "-e", "SELECT 1"), 2),
        (".", ("init", "."), 2),
    ],
)
def test_what_is_somebody_elses(shut: str, words: tuple[str, ...], code: int) -> None:
    # Folders of pytest's own are for its user alone.
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        lake = Path(made) / "lake"
        make_lake(lake)
        if _as_nobody(lake, "--version").returncode != 0:
            pytest.skip("another user cannot reach the interpreter")
        for path in (lake, *lake.rglob("*")) if os.geteuid() == 0 else ():
            os.chown(path, 65534, 65534)
        (lake / shut).chmod(0o000)
        try:
            ended = _as_nobody(lake, *(str(lake) if word == "." else word for word in words))
        finally:
            (lake / shut).chmod(0o755)
    assert ended.returncode == code, ended.stderr
    assert "Permission denied" in ended.stderr + ended.stdout
    assert "bug" not in ended.stderr


@pytest.mark.parametrize("clause", ["LIMIT", "OFFSET"])
def test_a_value_of_the_wrong_type_is_shown_at_its_parameter(shell: Shell, clause: str) -> None:
    ended = shell("query", "--param", "n=abc", "-e", f"-- some\nSELECT 1 {clause} :n")
    assert ended.code == 1
    column = len(f"SELECT 1 {clause} :")
    assert f"line 2:{column}: Cannot cast type varchar(3) to bigint" in ended.err
    assert ended.err.splitlines()[-1] == " " * (column + 1) + "^"
