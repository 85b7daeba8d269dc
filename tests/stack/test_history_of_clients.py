"""The history on the stack: every query of any client of its Trino, each once."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trino
from shell import Shell

from lakeshell import budgets
from lakeshell.folder import make_lake
from lakeshell.lake import Lake
from lakeshell.settings import FILE
from tests.stack import live


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Path]:
    """A lake of its own on the stack of the tests, with a ledger of its own. Trino holds its
    workgroups meanwhile."""
    folder = tmp_path / "lake"
    make_lake(folder, (live.folder() / FILE).read_text(encoding="utf-8"))
    (folder / ".lakeshell/stack").symlink_to(live.installation().folder)
    for name, members in (("open", ""), ("closed", 'members = ["bob"]\n')):
        (folder / "workgroups" / f"{name}.toml").write_text(members, encoding="utf-8")
    with Lake(folder, {}) as made:
        assert budgets.hold(made) == []
    time.sleep(3)
    yield folder
    live.done("workgroup", "apply")


def history(shell: Shell, *words: str) -> list[dict[str, Any]]:
    ended = shell("history", "--output-format", "JSON", "--limit", "1000", *words)
    assert ended.code == 0, ended.err
    return [json.loads(line) for line in ended.out.splitlines()]


def test_queries_of_every_client_are_in_the_history_once(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = uuid.uuid4().hex
    live.sql(f"SELECT count(name) FROM tpch.tiny.nation -- {mark} A", user="zoe", tags=["open"])
    with pytest.raises(trino.exceptions.TrinoUserError):
        live.sql(f"SELECT 1 / 0 -- {mark} B", user="bob", tags=["closed"])
    live.sql(f"SELECT 'no member' -- {mark} C", user="zoe", tags=["closed"])
    assert shell("query", "-w", "open", "-e", f"SELECT 'own' -- {mark} D").code == 0
    live.sql(f"SELECT 'last' -- {mark} E", user="zoe", tags=["open"])

    def seen(*words: str) -> dict[str, dict[str, Any]]:
        rows = history(shell, "--contains", mark, *words)
        made = {row["query"][-1]: row for row in rows}
        assert len(made) == len(rows), "one is there twice"
        return made

    until = time.monotonic() + 30
    # The event listener writes when the answer is on its way already.
    while "E" not in (found := seen()) and time.monotonic() < until:
        time.sleep(0.2)
    assert set(found) == {"A", "C", "D", "E"}, "ada is no member of `closed`"
    assert (found["A"]["workgroup"], found["A"]["user"], found["A"]["state"]) == (
        "open", "zoe", "FINISHED",
    )  # fmt: skip
    assert found["A"]["rows"] == 1
    assert found["C"]["workgroup"] == "unmatched"
    assert found["D"]["user"] == "ada"
    monkeypatch.setenv("LAKESHELL_USER", "bob")
    seen_by_bob = seen()
    assert set(seen_by_bob) == {"A", "B", "C", "D", "E"}
    assert "DIVISION" in json.dumps(seen_by_bob["B"]).upper()
    assert set(seen("-w", "closed")) == {"B"}
    assert set(seen("--status", "FAILED")) == {"B"}
    assert set(seen("--user", "zoe", "--limit", "1")) == {"E"}
    assert set(seen("--since", "2h", "--user", "zoe")) == {"A", "C", "E"}
    shown = json.loads(shell("history", "show", found["A"]["id"], "--output-format", "JSON").out)
    assert (shown["source"], shown["engine"], shown["engine_id"]) == (
        "another-client", "trino", found["A"]["id"],
    )  # fmt: skip
    assert shown["planned"] is not None
    monkeypatch.setenv("LAKESHELL_USER", "ada")
    refused = shell("history", "show", seen_by_bob["B"]["id"])
    assert refused.code == 2
    assert "not a member" in refused.err


def test_without_control_the_history_is_what_there_is(
    shell: Shell, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(history(shell)) >= 3
    stack = lake / ".lakeshell/stack"
    env = (stack / "stack.env").read_text(encoding="utf-8")
    secrets = (stack / "secrets.env").read_text(encoding="utf-8")
    stack.unlink()
    stack.mkdir()
    (stack / "stack.env").write_text(
        "".join(
            "CONTROL_PORT=1\n" if line.startswith("CONTROL_PORT") else line
            for line in env.splitlines(keepends=True)
        ),
        encoding="utf-8",
    )
    (stack / "secrets.env").write_text(secrets, encoding="utf-8")
    (stack / "secrets.env").chmod(0o600)
    ended = shell("history", "--limit", "3", "--output-format", "JSON")
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 3
    assert "queries of other clients may be missing" in ended.err
    monkeypatch.setenv("LAKESHELL_STACK_IDLE_STOP", "15m")
    assert "missing" not in shell("history", "--limit", "3").err
