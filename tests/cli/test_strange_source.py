"""A database that nobody prepared for us: everything is registered, loaded or refused by name."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from shell import Shell

GOOD = {
    "with space": ('("a b" int, "quo""te" text, "dot.ted" int, "select" int, "größe" int)',
                   [(1, "t", 3, 4, 5)]),
    "order": ('("from" int, "Where" text)', [(1, "w")]),
    "a.b": ("(x int)", [(7,)]),
    'ta"ble': ("(x int)", [(8,)]),
    "../evil": ("(x int)", [(9,)]),
    "日本語": ('("列" text)', [("値",)]),
    "empty": ("(id int, name varchar(20), d date)", []),
    "markup": ("(t text)", [("[red]x[/red]",), ("esc \x1b[31m\x07",), ("a\0b",), (None,)]),
    "wide": (f"({', '.join(f'c{i} int' for i in range(1000))})", [tuple(range(1000))]),
    "keyed": ("(a text, b int, PRIMARY KEY (a, b)) WITHOUT ROWID", [("x", 1), ("y", 2)]),
    "made": ("(a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL)", [(1,), (2,)]),
    "blobs": ("(b blob)", [(b"\x00\xff",)]),
    "floats": ("(r real)", [(9e999,), (-9e999,), (None,)]),
    "untyped": ("(a)", [(1,), (2.5,), (None,)]),
}  # fmt: skip
WRONG = {
    "bad_text": ("(t text)", [(b"a\xffb",)], "its byte 2 is not UTF-8"),
    "unsigned": ("(u bigint unsigned)", [("18446744073709551615",)], "lost its last digits"),
    "zero_date": ("(d date)", [("0000-00-00",)], "there is no such day"),
    "no_day": ("(d timestamp)", [("2024-02-30 25:00:00",)], "no such day or time"),
    "not_int": ("(i int)", [("abc",)], "it is text, not a whole number"),
    "finer": ("(d decimal(10,2))", [("10.129",)], "more than 2 digits after the point"),
    "flag": ("(b boolean)", [("maybe",)], "neither true nor false"),
}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("strange") / "strange.db"
    with sqlite3.connect(path) as database:
        for name, (columns, rows, *_) in {**GOOD, **WRONG}.items():
            database.execute(f"CREATE TABLE {quoted(name)} {columns}")
            for row in rows:
                # Bytes that are to be text keep their bytes.
                places = ", ".join(
                    "CAST(? AS TEXT)" if isinstance(v, bytes) and "text" in columns else "?"
                    for v in row
                )
                given = "(a)" if name == "made" else ""
                database.execute(f"INSERT INTO {quoted(name)} {given} VALUES ({places})", row)
        database.execute('CREATE TABLE "Ä" (x int)')
        database.execute('CREATE TABLE "ä" (y int)')
        database.execute("CREATE TABLE huge (a decimal(65,30), b int)")
        database.execute("CREATE VIEW broken AS SELECT x FROM nowhere")
    return path


@pytest.fixture
def seen(shell: Shell, strange: Path) -> Shell:
    assert shell("connection", "add", "s", f"sqlite:///{strange}").code == 0
    assert shell("crawler", "add", "s", "--connection", "s", "--database", "src").code == 0
    return shell


def crawl(seen: Shell) -> tuple[dict[str, str], str]:
    ended = seen("crawler", "run", "s", "--output-format", "JSON")
    assert ended.code == 0, ended.err
    found = [json.loads(line) for line in ended.out.splitlines()]
    return {row["source"].removeprefix("s."): row["action"] for row in found}, ended.err


def test_everything_is_registered_or_said(seen: Shell) -> None:
    actions, said = crawl(seen)
    assert {name for name, action in actions.items() if action == "created"} == {
        *GOOD, *WRONG, "Ä", "ä", "huge",
    }  # fmt: skip
    assert actions["broken"] == "refused"
    assert "cannot be read: no such table: main.nowhere" in said
    assert "differ in case only" in said
    assert "decimal(65,30) has more than the 38 digits" in said


def test_what_fits_is_read_in_place_and_loaded(seen: Shell) -> None:
    crawl(seen)
    for number, (name, (_, rows)) in enumerate(GOOD.items()):
        table = f"src.{quoted('s_' + name)}"
        proposed = seen(
            "job", "propose", f"j{number}", "--source", table, "--target", f"raw.t{number}"
        )
        assert proposed.code == 0, proposed.err
        ran = seen("job", "run", f"j{number}")
        assert ran.code == 0, ran.err
        both = (f"SELECT count(*) FROM {table}", f"SELECT count(*) FROM raw.t{number}")
        for sql in both:
            assert seen("query", "-e", sql).out == f'"{len(rows)}"\n', sql
    unlike = 'SELECT count(*) FROM (SELECT * FROM raw.t4 EXCEPT SELECT * FROM src."s_../evil")'
    assert seen("query", "-e", unlike).out == '"0"\n'


def test_control_characters_reach_a_pipe_as_they_are_and_a_table_escaped(seen: Shell) -> None:
    crawl(seen)
    sql = "SELECT t FROM src.s_markup"
    assert "\x1b[31m" in seen("query", "-e", sql).out
    shown = seen("query", "-e", sql, "--output-format", "ALIGNED").out
    assert "\x1b" not in shown
    assert "\\x1b[31m" in shown
    assert "[red]x[/red]" in shown


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_ends_by_table_row_and_column(seen: Shell, name: str) -> None:
    crawl(seen)
    seen("job", "propose", "j", "--source", f"src.s_{name}", "--target", "raw.t")
    said = WRONG[name][2]
    for words in (("job", "run", "j"), ("query", "-e", f"SELECT * FROM src.s_{name}")):
        ended = seen(*words)
        assert (ended.code, ended.out) == (1, ""), ended
        assert f"s.{name}, row 1, column" in ended.err
        assert said in ended.err
    assert "raw.t" not in seen("catalog", "tables", "--output-format", "CSV_UNQUOTED").out


def test_a_column_without_a_name_is_left_out_and_said(shell: Shell, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "odd.db") as source:
        source.execute('CREATE TABLE nameless (a int, "" text)')
        source.execute("INSERT INTO nameless VALUES (1, 'x')")
    source.close()
    shell("connection", "add", "odd", f"sqlite:///{tmp_path / 'odd.db'}")
    shell("crawler", "add", "odd", "--connection", "odd", "--database", "src")
    ended = shell("crawler", "run", "odd")
    assert ended.code == 0
    assert "the column '' is left out: a column without a name" in ended.err
    for table in ("src.odd_nameless", "odd.main.nameless"):
        assert shell("query", "-e", f"SELECT * FROM {table}").out == '"1"\n'
