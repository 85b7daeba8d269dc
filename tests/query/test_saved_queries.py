"""Saved queries: files, their parameters, their versions, whose they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shell import Shell

from lakeshell.definitions.saved import SavedQuery, parse

TOP = """\
-- Numbers from one.
-- :least = 3
-- :most
SELECT n FROM (VALUES 1, 2, 3, 4) t(n) -- :none
WHERE n BETWEEN :least AND :most ORDER BY n
"""


def listed(shell: Shell, *words: str) -> list[dict[str, object]]:
    out = shell(*words, "--output-format", "JSON").out
    return [json.loads(line) for line in out.splitlines()]


def test_a_file_is_its_remarks_and_its_sql() -> None:
    query = parse("analysts", "top", TOP)
    assert query.description == "Numbers from one."
    assert query.parameters == {"least": "3", "most": None}
    assert query.sql.startswith("SELECT n FROM (VALUES")
    assert query.text == TOP
    bare = SavedQuery("analysts", "bare", "  SELECT 1 ")
    assert (bare.text, parse("analysts", "bare", bare.text).sql) == ("SELECT 1\n", "SELECT 1")


def test_a_query_runs_with_its_own_values_and_with_given_ones(shell: Shell) -> None:
    assert shell("saved", "save", "top", "-e", TOP).code == 0
    lacking = shell("saved", "run", "top")
    assert (lacking.code, lacking.out) == (2, "")
    assert "--param most=VALUE" in lacking.err
    assert shell("saved", "run", "top", "--param", "most=9").out == '"3"\n"4"\n'
    given = shell("saved", "run", "top", "--param", "most=3", "--param", "least=2")
    assert given.out == '"2"\n"3"\n'
    assert shell("saved", "run", "top", "--param", "mist=3", "--param", "most=1").code == 2


def test_a_parameter_that_is_only_declared_asks_for_nothing(shell: Shell) -> None:
    text = "-- :old = 3\n-- :older\n-- :n = 2\nSELECT :n"
    assert shell("saved", "save", "two", "-e", text).code == 0
    assert shell("saved", "run", "two").out == '"2"\n'
    wrong = shell("saved", "run", "two", "--param", "old=4")
    assert (wrong.code, "no statement has a parameter 'old'" in wrong.err) == (2, True)


def test_a_fault_is_shown_in_the_file(shell: Shell, lake: Path) -> None:
    shell("saved", "save", "wrong", "-e", "-- It fails.\nSELECT 1,\n  nothing")
    ended = shell("saved", "run", "wrong")
    assert ended.code == 1
    assert f"{lake / 'queries/primary/wrong.sql'}: line 3:3" in ended.err


def test_every_change_is_a_version_those_by_hand_too(shell: Shell, lake: Path) -> None:
    shell("saved", "save", "top", "-e", "SELECT 1")
    refused = shell("saved", "save", "top", "-e", "SELECT 2")
    assert refused.code == 2
    assert "--replace" in refused.err
    assert shell("saved", "save", "top", "-e", "SELECT 1").code == 0
    assert shell("saved", "save", "top", "-e", "SELECT 2", "--replace").code == 0
    (lake / "queries/primary/top.sql").write_text("SELECT 3\n", encoding="utf-8")
    versions = listed(shell, "saved", "log", "top")
    assert [(v["version"], v["user"], v["text"]) for v in versions] == [
        (3, "ada", "SELECT 3"), (2, "ada", "SELECT 2"), (1, "ada", "SELECT 1"),
    ]  # fmt: skip
    assert shell("saved", "diff", "top").out.splitlines()[-2:] == ["-SELECT 2", "+SELECT 3"]
    assert shell("saved", "diff", "top", "1").out.splitlines()[-2:] == ["-SELECT 1", "+SELECT 3"]
    assert shell("saved", "diff", "top", "7").code == 2
    assert shell("saved", "rename", "top", "best").code == 0
    assert shell("saved", "rm", "best").code == 0
    assert len(listed(shell, "saved", "log", "best")) == 3
    assert shell("saved", "show", "best", "--version", "2").out == "SELECT 2\n"
    assert shell("saved", "show", "best").code == 2
    assert shell("saved", "log", "top").code == 2


def test_a_query_of_the_history_is_saved(shell: Shell) -> None:
    shell("query", "-e", "SELECT 42 AS answer")
    (past,) = listed(shell, "history")
    saved = shell("saved", "save", "answer", "--from", str(past["id"]), "--description", "All.")
    assert saved.code == 0
    assert shell("saved", "show", "answer").out == "-- All.\nSELECT 42 AS answer\n"
    assert listed(shell, "saved", "list") == [
        {"workgroup": "primary", "name": "answer", "description": "All.", "parameters": ""}
    ]


def test_a_workgroup_keeps_its_queries_to_its_members(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("workgroup", "add", "analysts", "--member", "ada")
    assert shell("saved", "save", "top", "-w", "analysts", "-e", "SELECT 1").code == 0
    assert shell("saved", "run", "top", "-w", "analysts").out == '"1"\n'
    monkeypatch.setenv("LAKESHELL_USER", "eve")
    assert shell("saved", "list").out == '"workgroup","name","description","parameters"\n'
    for words in (["list"], ["show", "top"], ["run", "top"], ["log", "top"], ["rm", "top"]):
        ended = shell("saved", *words, "-w", "analysts")
        assert (ended.code, ended.out) == (2, "")
        assert "not a member" in ended.err


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".x"])
def test_names_are_names_of_files(shell: Shell, name: str) -> None:
    assert shell("saved", "save", name, "-e", "SELECT 1").code == 2


def test_only_one_text_is_saved(shell: Shell) -> None:
    assert shell("saved", "save", "x").code == 2
    assert shell("saved", "save", "x", "-e", "SELECT 1", "--from", "1").code == 2
    assert shell("saved", "save", "x", "-e", "-- nothing").code == 2
    assert shell("saved", "save", "x", "-f", "-", stdin="SELECT 1").code == 0


def test_one_that_is_no_text_hides_no_other(shell: Shell, lake: Path) -> None:
    assert shell("saved", "save", "good", "-e", "SELECT 1").code == 0
    bad = lake / "queries" / "primary" / "bad.sql"
    bad.write_bytes(b"\xff")
    ended = shell("saved", "list")
    assert ended.code == 2
    assert '"primary","good","",""' in ended.out
    assert f"{bad} is not UTF-8 text" in ended.err
