"""What a shell offers after TAB, as its script asks for it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import Shell

Tab = Callable[[str], list[str]]


@pytest.fixture
def tab(crawled: Shell, lake: Path, monkeypatch: pytest.MonkeyPatch) -> Tab:
    """The words offered for the last word of a line."""
    for words in (
        ("workgroup", "add", "analysts", "--member", "bob"),
        ("saved", "save", "top", "-e", "SELECT 1"),
        ("job", "propose", "load_orders", "--source", "source.shop_orders", "--target", "raw.orders"),
    ):  # fmt: skip
        assert crawled(*words).code == 0, words
    (lake / "queries" / "analysts").mkdir()
    (lake / "queries" / "analysts" / "secret.sql").write_text("SELECT 2")
    monkeypatch.setenv("_LAKESHELL_COMPLETE", "bash_complete")

    def pressed(line: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        out = crawled().out
        return [word.removeprefix("plain,") for word in out.splitlines() if word]

    return pressed


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("lakeshell que", ["query"]),
        ("lakeshell catalog sh", ["show"]),
        ("lakeshell query --out", ["--output-format", "--output"]),
        ("lakeshell query -w ", ["analysts", "primary"]),
        ("lakeshell query -d so", ["source"]),
        ("lakeshell catalog show source.", ["source.shop_big_orders", "source.shop_orders"]),
        ("lakeshell catalog tables ", ["source"]),
        ("lakeshell connection test ", ["shop"]),
        ("lakeshell crawler run ", ["shop"]),
        ("lakeshell crawler add ", []),
        ("lakeshell crawler add x --connection ", ["shop"]),
        ("lakeshell job run ", ["load_orders"]),
        ("lakeshell job propose x --source source.shop_o", ["source.shop_orders"]),
        ("lakeshell saved run ", ["top"]),
        ("lakeshell saved run -w analysts ", []),
        ("lakeshell workgroup show p", ["primary"]),
        ("lakeshell stack logs tri", ["trino"]),
        ("lakeshell completion z", ["zsh"]),
    ],
)
def test_names_of_the_lake(tab: Tab, line: str, offered: list[str]) -> None:
    assert tab(line) == offered


def test_past_queries_by_the_beginning_of_their_ids(tab: Tab, crawled: Shell) -> None:
    del os.environ["_LAKESHELL_COMPLETE"]
    crawled("query", "-e", "SELECT 1")
    id = crawled("history").out.splitlines()[1].split('"')[1]
    os.environ["_LAKESHELL_COMPLETE"] = "bash_complete"
    assert tab(f"lakeshell history show {id[:10]}") == [id]


def test_a_lake_that_is_none_has_no_names_and_says_nothing(
    tab: Tab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LAKESHELL_LAKE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    assert tab("lakeshell query -w ") == []
    assert tab(f"lakeshell job run --lake {tmp_path}/no ") == []
    assert not (tmp_path / "data").exists()
    (tmp_path / "lake" / "lakeshell.toml").write_text("[broken")
    assert tab(f"lakeshell job run --lake {tmp_path}/lake ") == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_one(crawled: Shell, tmp_path: Path, name: str) -> None:
    ended = crawled("completion", name)
    assert ended.code == 0
    assert "_LAKESHELL_COMPLETE" in ended.out
    if shutil.which(name):
        (tmp_path / "script").write_text(ended.out)
        flag = "--no-execute" if name == "fish" else "-n"
        subprocess.run([name, flag, str(tmp_path / "script")], check=True)


@pytest.mark.parametrize(
    ("line", "word", "offered"),
    [
        ("query -w ni", "ni", ["night\\ shift"]),
        ("query -w night\\ s", "night\\ s", ["night\\ shift"]),
        ("query -w 'ni", "'ni", ["night shift"]),
        ("query -w o", "o", ["o\\'neil"]),
        ("query -w 'o", "'o", ["o'\\''neil"]),
        ('query -d "my', '"my', ["my \\$b"]),
        ("query -d my", "my", ["my\\ \\$b"]),
        ("query -d a:", ":", ["b"]),
        ("query -d a:b", "b", ["b"]),
        ("catalog show a:b.t:", ":", ["1"]),
        ("query --database=my", "my", ["my\\ \\$b"]),
        ("query --work", "--work", ["--workgroup"]),
    ],
)
def test_bash_gets_strange_names_as_it_must_read_them(
    shell: Shell, lake: Path, line: str, word: str, offered: list[str], tmp_path: Path
) -> None:
    for group in ("night shift", "o'neil"):
        assert shell("workgroup", "add", group).code == 0
    made = 'CREATE SCHEMA "my $b"; CREATE SCHEMA "a:b"; CREATE TABLE "a:b"."t:1" AS SELECT 1 a'
    assert shell("query", "-e", made).code == 0
    script = shell("completion", "bash").out
    before = line.removesuffix(word)
    ask = f"""{script}
COMP_LINE={shlex.quote("lakeshell " + line)} COMP_POINT=${{#COMP_LINE}}
COMP_WORDS=(lakeshell {shlex.quote(before)} {shlex.quote(word)}) COMP_CWORD=2
_lakeshell_completion {shlex.quote(str(tmp_path / "lakeshell"))}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    (tmp_path / "lakeshell").write_text(
        f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -m lakeshell\n"
    )
    (tmp_path / "lakeshell").chmod(0o755)
    ran = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
    assert (ran.stdout.splitlines(), ran.stderr) == (offered, "")
