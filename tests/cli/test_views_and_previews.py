"""Tables and views made of queries, first rows, and views whose tables changed under them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shell import Ended, Shell, rows_of


@pytest.fixture
def made(shell: Shell) -> Shell:
    """A table `raw.film` of three rows."""
    for sql in (
        "CREATE SCHEMA raw",
        "CREATE SCHEMA mart",
        "CREATE TABLE raw.film AS SELECT * FROM (VALUES (1, 'Ace', 48), (2, 'Bell', 86),"
        " (3, 'Cup', 100)) AS t (id, title, length)",
    ):
        assert shell("query", "-e", sql).code == 0
    return shell


def ok(ended: Ended) -> Ended:
    assert ended.code == 0, ended.err
    return ended


# --- made of a query -----------------------------------------------------------------------


def test_a_table_is_made_of_a_query(made: Shell) -> None:
    ended = ok(
        made(
            "query", "--create-table", "mart.long", "--param", "least=80",
            "-e", "SELECT title FROM raw.film WHERE length > :least -- the long ones",
        )
    )  # fmt: skip
    assert "CREATE TABLE: 2 rows" in ended.err
    assert [r["title"] for r in rows_of(made("catalog", "preview", "mart.long", "--output-format", "CSV_HEADER"))] == ["Bell", "Cup"]  # fmt: skip
    history = rows_of(made("history", "--contains", "CREATE TABLE mart.long"))
    assert history[0]["state"] == "FINISHED"
    again = made("query", "--create-table", "mart.long", "-e", "SELECT 1 AS one")
    assert (again.code, "already exists" in again.err) == (1, True)
    ok(made("query", "--create-table", "mart.long", "--replace", "-e", "SELECT 1 AS one"))
    assert rows_of(made("catalog", "show", "mart.long"))[0]["column"] == "one"


def test_a_view_is_made_of_a_query_of_a_file(made: Shell, lake: Path) -> None:
    (lake / "films.sql").write_text("SELECT id, title\nFROM raw.film;\n")
    ok(made("query", "--create-view", 'mart."All Films"', "-f", "films.sql"))
    names = [r["table"] for r in rows_of(made("catalog", "tables", "mart"))]
    assert names == ["all films"]
    assert ok(made("query", "-e", 'SELECT count(*) FROM mart."all films"')).out == '"3"\n'


def test_a_saved_query_makes_a_table_too(made: Shell) -> None:
    ok(made("saved", "save", "short", "-e", "SELECT title FROM raw.film WHERE length < 60"))
    ok(made("saved", "run", "short", "--create-table", "mart.short"))
    assert ok(made("query", "-e", "SELECT * FROM mart.short")).out == '"Ace"\n'


def test_what_it_would_scan_is_said_before(made: Shell) -> None:
    ended = made(
        "query", "--create-table", "mart.x", "--dry-run", "-e", "SELECT title FROM raw.film"
    )
    (found,) = rows_of(Ended(ended.code, ended.out, ended.err))
    assert found["query"].startswith("CREATE TABLE mart.x AS SELECT")
    assert int(found["bytes"]) > 0
    assert rows_of(made("catalog", "tables", "mart")) == []


def test_a_fault_is_shown_where_it_was_written(made: Shell) -> None:
    ended = made(
        "query", "--create-table", "mart.x", "-e", "SELECT title,\n  nothing FROM raw.film"
    )
    assert ended.code == 1
    assert "line 2:3: Column 'nothing' cannot be resolved" in ended.err
    assert "    ^" in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--create-view", "mart.v", "-e", "DROP TABLE raw.film"), "made of a query, and this is none"),
        (("--create-table", "mart.v", "-e", "EXECUTE p"), "made of a query, and this is none"),
        (("--create-table", "nodatabase", "-e", "SELECT 1"), "is not a table"),
        (("--create-table", "m.a", "--create-view", "m.b", "-e", "SELECT 1"), "one at a time"),
        (("--create-table", "m.a", "-e", "SELECT 1", "-e", "SELECT 2"), "there are 2"),
        (("--replace", "-e", "SELECT 1"), "--replace goes with"),
        (("--create-view", "m.a", "--param", "1=2", "-e", "SELECT ?"), "no values for parameters"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_said(made: Shell, words: tuple[str, ...], said: str) -> None:
    ended = made("query", *words)
    assert ended.code == 2
    assert said in ended.err
    assert ok(made("query", "-e", "SELECT count(*) FROM raw.film")).out == '"3"\n'


# --- first rows ----------------------------------------------------------------------------


def test_a_preview_has_the_first_rows(made: Shell) -> None:
    ended = ok(made("catalog", "preview", "raw.film", "--limit", "2", "--output-format", "JSON"))
    assert len(ended.out.splitlines()) == 2
    assert set(json.loads(ended.out.splitlines()[0])) == {"id", "title", "length"}
    assert made("catalog", "preview", "raw.fil").code == 2
    assert rows_of(made("history"))[0]["query"].startswith("SELECT * FROM raw.film")


# --- stale views ---------------------------------------------------------------------------


@pytest.fixture
def stale(made: Shell) -> Shell:
    """Two views, one of which a change of its table has made stale."""
    ok(
        made(
            "query",
            "-e",
            "CREATE VIEW mart.v COMMENT 'ours' SECURITY INVOKER AS SELECT * FROM raw.film",
        )
    )
    ok(made("query", "-d", "raw", "-e", "CREATE VIEW mart.w AS SELECT title FROM film"))
    ok(made("query", "-e", "ALTER TABLE raw.film ADD COLUMN rate double"))
    return made


def test_a_stale_view_is_found(stale: Shell) -> None:
    states = {r["table"]: r["state"] for r in rows_of(stale("catalog", "tables", "mart"))}
    assert states == {"v": "stale", "w": ""}
    shown = ok(stale("catalog", "show", "mart.v"))
    assert (
        "stale: View 'lake.mart.v' is stale or in invalid state: stored view column count (3)"
        in shown.err
    )
    assert "lakeshell catalog recreate-view mart.v" in shown.err
    assert "stale" not in ok(stale("catalog", "show", "mart.w")).err
    doctor = stale("doctor")
    assert "view mart.v" in doctor.out
    assert "lakeshell catalog recreate-view mart.v" in doctor.out
    assert "view mart.w" not in doctor.out


def test_a_stale_view_is_made_again(stale: Shell) -> None:
    assert stale("query", "-e", "SELECT * FROM mart.v").code == 1
    ended = ok(stale("catalog", "recreate-view", "mart.v"))
    assert "view mart.v is made again: 4 columns" in ended.err
    assert ok(stale("query", "-e", "SELECT count(rate), count(id) FROM mart.v")).out == '"0","3"\n'
    shown = ok(stale("query", "-e", "SHOW CREATE VIEW mart.v")).out
    assert "COMMENT 'ours' SECURITY INVOKER AS" in shown
    assert all(r["state"] == "" for r in rows_of(stale("catalog", "tables", "mart")))


def test_one_whose_column_is_gone_takes_another_query(stale: Shell, lake: Path) -> None:
    ok(stale("query", "-e", "ALTER TABLE raw.film RENAME COLUMN title TO name"))
    ended = stale("catalog", "recreate-view", "mart.w")
    assert ended.code == 1
    assert "line 1:8: Column 'title' cannot be resolved" in ended.err
    assert "lakeshell catalog recreate-view mart.w -e SQL" in ended.err
    # Names without a database mean what they meant when the view was made.
    ok(stale("catalog", "recreate-view", "mart.w", "-e", "SELECT name FROM film"))
    assert ok(stale("query", "-e", "SELECT max(name) FROM mart.w")).out == '"Cup"\n'
    (lake / "w.sql").write_text("SELECT name, id FROM film;")
    assert "2 columns" in ok(stale("catalog", "recreate-view", "mart.w", "-f", "w.sql")).err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("raw.film",), 2, "is no view"),
        (("mart.nothing",), 2, "mart.nothing"),
        (("mart.w", "-e", "SELECT 1 AS a; SELECT 2 AS b"), 2, "this text has 2"),
        (("mart.w", "-e", "SELECT 1", "-f", "x.sql"), 2, "one at a time"),
        (("mart.w", "-e", "SELECT nothing FROM film"), 1, "cannot be resolved"),
    ],
)
def test_what_cannot_be_made_again_is_said(
    stale: Shell, words: tuple[str, ...], code: int, said: str
) -> None:
    ended = stale("catalog", "recreate-view", *words)
    assert (ended.code, said in ended.err) == (code, True), ended.err
