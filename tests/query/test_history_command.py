"""`lakeshell history`: whose queries are shown, run again, exported and forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from shell import Shell


def listed(shell: Shell, *words: str) -> list[dict[str, Any]]:
    out = shell(*words, "--output-format", "JSON").out
    return [json.loads(line) for line in out.splitlines()]


def test_a_workgroups_history_is_its_members(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell("workgroup", "add", "analysts", "--member", "ada").code == 0
    shell("query", "-w", "analysts", "-e", "SELECT 'secret'")
    shell("query", "-e", "SELECT 'public'")
    (secret,) = listed(shell, "history", "-w", "analysts")
    monkeypatch.setenv("LAKESHELL_USER", "eve")
    assert [q["query"] for q in listed(shell, "history")] == ["SELECT 'public'"]
    assert listed(shell, "history", "-w", "analysts") == []
    assert "secret" not in shell("history", "export").out
    for verb in ("show", "result", "rerun", "cancel"):
        ended = shell("history", verb, secret["id"])
        assert (ended.code, ended.out) == (2, "")
        assert "eve is not a member of workgroup 'analysts'" in ended.err
    assert shell("saved", "save", "stolen", "--from", secret["id"]).code == 2
    refused = shell("query", "-w", "analysts", "-e", "SELECT 'mine'")
    assert refused.code == 2
    assert [q["query"] for q in listed(shell, "history", "-w", "analysts")] == ["SELECT 'mine'"]


def test_the_history_of_a_workgroup_that_never_was_says_so(shell: Shell) -> None:
    for words in (("workgroup", "add", "team"), ("query", "-w", "team", "-e", "SELECT 1")):
        assert shell(*words).code == 0
    assert shell("workgroup", "rm", "team").code == 0
    kept = shell("history", "-w", "team")
    assert (len(kept.out.splitlines()), kept.err) == (2, "")
    never = shell("history", "-w", "taem")
    said = "note: there is no workgroup 'taem'; there are: primary\n"
    assert (never.code, len(never.out.splitlines()), never.err) == (0, 1, said)


def test_a_past_query_runs_once_more_where_it_ran(shell: Shell) -> None:
    shell("workgroup", "add", "analysts")
    shell("query", "-e", "CREATE SCHEMA lake.raw; CREATE TABLE lake.raw.t AS SELECT 7 AS n")
    shell("query", "-w", "analysts", "-d", "raw", "--param", "n=3", "-e", "SELECT n + :n FROM t")
    (past, *_) = listed(shell, "history")
    assert shell("history", "rerun", past["id"]).code == 2
    again = shell("history", "rerun", past["id"], "--param", "n=4")
    assert (again.code, again.out) == (0, '"11"\n')
    newest = listed(shell, "history")[0]
    assert (newest["workgroup"], newest["query"]) == ("analysts", "SELECT n + :n FROM t")
    assert shell("history", "rerun", "nothing").code == 2


def test_the_history_is_exported(shell: Shell, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakeshell.query.past._PAGE", 2)
    shell("query", "-e", "SELECT 1; SELECT 2; SELECT 3; SELECT 1/0; SELECT 5", "--ignore-errors")
    lines = shell("history", "export").out.splitlines()
    assert lines[0].startswith('"id","started","finished","state"')
    assert [line.rsplit(",", 1)[1] for line in lines[1:]] == [
        f'"SELECT {n}"' for n in ("5", "1/0", "3", "2", "1")
    ]
    assert len(listed(shell, "history", "export", "--limit", "3")) == 3
    assert shell("history", "export", "--status", "FAILED", "-o", "failed.parquet").code == 0
    (failed,) = pq.read_table(lake / "failed.parquet").to_pylist()
    assert (failed["error_code"], failed["sql"]) == ("DIVISION_BY_ZERO", "SELECT 1/0")
    assert failed["finished"] >= failed["started"]
    assert listed(shell, "history", "export", "--contains", "nothing") == []


def test_old_queries_are_forgotten_when_told(shell: Shell) -> None:
    shell("query", "-e", "SELECT 1; SELECT 2")
    assert shell("history", "prune", "--older-than", "1h").err == "forgot 0 queries\n"
    assert shell("history", "prune", "--older-than", "0s", "--dry-run").err == (
        "would forget 2 queries\n"
    )
    assert len(listed(shell, "history")) == 2
    assert shell("history", "prune", "--older-than", "0s").err == "forgot 2 queries\n"
    assert listed(shell, "history") == []
    assert shell("history", "prune", "--older-than", "soon").code == 2
