"""The whole walk-through in a process of its own, twice on the same lake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from lakeshell.demo.story import TABLES

ROWS = {"film": 1000, "category": 16, "film_category": 1000, "customer": 600, "rental": 16000,
        "payment": 18000}  # fmt: skip


class Ended(NamedTuple):
    code: int
    out: str
    err: str


def lakeshell(*words: str) -> Ended:
    environment = {**os.environ, "LAKESHELL_USER": "ada"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "lakeshell", *words],
        capture_output=True, text=True, env=environment, check=False, timeout=300,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


class Walk(NamedTuple):
    lake: str
    first: Ended
    counts: list[str]
    second: Ended


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    lake = str(tmp_path_factory.mktemp("demo") / "a lake")
    first = lakeshell("demo", "--lake", lake)
    counts = counted(lake)
    return Walk(lake, first, counts, lakeshell("demo", "--lake", lake))


def counted(lake: str) -> list[str]:
    tables = [f"raw.{table}" for table in TABLES]
    tables += [f"presentation.{table}" for table in presentation(lake)]
    sql = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)
    ended = lakeshell("query", "--lake", lake, "-e", sql, "--output-format", "CSV_UNQUOTED")
    return sorted(ended.out.splitlines())


def presentation(lake: str) -> list[str]:
    ended = lakeshell(
        "catalog", "tables", "presentation", "--lake", lake, "--output-format", "JSON"
    )
    return [json.loads(line)["table"] for line in ended.out.splitlines()]


def test_it_ends_well_and_tells_its_chapters(walk: Walk) -> None:
    assert walk.first.code == 0, walk.first.err
    chapters = re.findall(r"^\d+\. (.*)$", walk.first.out, re.MULTILINE)
    assert len(chapters) == 9
    assert "What to try next" in walk.first.out
    assert "is a lake now" in walk.first.err


def test_exactly_the_six_tables_are_created_and_the_rest_say_why_not(walk: Walk) -> None:
    created = re.findall(r'^"created","movies\.(\w+)","movie_rental\.movies_(\w+)"', walk.first.out,
                         re.MULTILINE)  # fmt: skip
    assert sorted(created) == sorted((table, table) for table in TABLES)
    excluded = re.findall(r'^"excluded",.*"exclude pattern (.+)"$', walk.first.out, re.MULTILINE)
    assert len(excluded) == 18
    assert "*act*" in excluded


def test_rows_arrive_and_a_second_walk_doubles_nothing(walk: Walk) -> None:
    assert [f"raw.{table},{ROWS[table]}" for table in sorted(ROWS)] == [
        line for line in walk.counts if line.startswith("raw.")
    ]
    assert len([line for line in walk.counts if line.startswith("presentation.")]) == 3
    assert walk.second.code == 0, walk.second.err
    assert counted(walk.lake) == walk.counts


def test_the_second_walk_says_what_was_there(walk: Walk) -> None:
    assert walk.second.out.count("already there: ") == 12
    assert "is a lake already" in walk.second.err
    assert len(re.findall(r'^"unchanged",', walk.second.out, re.MULTILINE)) == len(TABLES)
    assert '"created"' not in walk.second.out


def test_one_workgroup_was_over_its_limit_and_the_history_has_it(walk: Walk) -> None:
    assert "(exit code 5)" in walk.first.out
    ended = lakeshell(
        "history", "--lake", walk.lake, "--status", "refused", "--output-format", "JSON"
    )
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert [(row["workgroup"], row["user"], row["scanned"]) for row in found] == [
        ("interns", "ada", "0 B")
    ] * 2


def test_nothing_is_wrong_with_the_lake_afterwards(walk: Walk) -> None:
    ended = lakeshell("doctor", "--lake", walk.lake)
    assert ended.code == 0, ended.out


def test_the_printed_commands_do_it_by_hand(walk: Walk, tmp_path: Path) -> None:
    """Typed into a shell in an empty folder, they make the same tables."""
    said = re.findall(r"^\$ (.*(?:\n(?!\$ |\d+\. |\s*\n).*)*)", walk.first.out, re.MULTILINE)
    assert len(said) > 25
    script = tmp_path / "by_hand.sh"
    lines = [f'lakeshell() {{ "{sys.executable}" -P -m lakeshell "$@"; }}']
    for step in said:
        command = _command(step)
        if command.startswith(("lakeshell history", "lakeshell cost", "lakeshell query")):
            continue
        lines.append(command.replace(walk.lake, str(tmp_path / "mine")))
    script.write_text("set -e\n" + "\n".join(lines) + "\n", encoding="utf-8")
    environment = {**os.environ, "LAKESHELL_LAKE": str(tmp_path / "mine")}
    done = subprocess.run(
        ["sh", str(script)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert counted(str(tmp_path / "mine")) == walk.counts


def _command(step: str) -> str:
    """The command of a step, without what it printed."""
    lines = step.split("\n")
    end = 1
    while lines[end - 1].endswith("\\"):
        end += 1
    return "\n".join(lines[:end])
