"""`lakeshell ledger`, and what a lake says whose ledger is damaged or elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from shell import Shell


def test_a_ledger_is_shown(shell: Shell, lake: Path) -> None:
    shell("query", "-e", "SELECT 1; SELECT 2")
    found = json.loads(shell("ledger", "show", "--output-format", "JSON").out)
    assert found["type"] == "sqlite"
    assert found["place"] == str(lake / ".lakeshell/ledger.db")
    assert found["queries"] == 2


def test_a_damaged_ledger_is_named_repaired_and_kept(shell: Shell, lake: Path) -> None:
    path = lake / ".lakeshell/ledger.db"
    shell("query", "-e", "SELECT 1")
    assert "nothing is wrong" in shell("ledger", "repair").err
    path.write_bytes(b"\xff" * 5000)
    for command in (("history",), ("query", "-e", "SELECT 1"), ("cost",)):
        ended = shell(*command)
        assert (ended.code, ended.out) == (2, "")
        assert "is damaged" in ended.err
        assert "lakeshell ledger repair" in ended.err
    ended = shell("doctor")
    assert ended.code == 1
    assert "is damaged" in ended.out
    assert path.read_bytes() == b"\xff" * 5000
    ended = shell("ledger", "repair")
    assert ended.code == 0
    assert "saved 0 queries" in ended.err
    (kept,) = lake.glob(".lakeshell/ledger.db.damaged-*")
    assert kept.read_bytes() == b"\xff" * 5000
    assert kept.name in shell("doctor").out
    assert shell("query", "-e", "SELECT 1").code == 0


def test_a_ledger_is_moved_to_mysql(
    shell: Shell, lake: Path, ledger_schema: Mapping[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("query", "-e", "SELECT 'in the file'")
    at = f"{ledger_schema['host']}:{ledger_schema['port']}/{ledger_schema['database']}"
    settings = lake / "lakeshell.toml"
    written = settings.read_text(encoding="utf-8")
    section = f'[ledger]\ntype = "mysql"\nurl = "mysql://{ledger_schema["user"]}@{at}"\n'
    settings.write_text(f'{written}\n{section}password_env = "PW"\n', encoding="utf-8")
    assert "the variable PW is not set" in shell("history").err
    monkeypatch.setenv("PW", "wrong")
    ended = shell("history")
    assert ended.code == 2
    assert "Access denied" in ended.err
    monkeypatch.setenv("PW", str(ledger_schema["password"]))
    assert shell("query", "-e", "SELECT 'on the server'").code == 0
    assert "in the file" not in shell("history").out
    assert "copied 1 query, 0 runs" in shell("ledger", "copy").err
    assert "copied 0 queries" in shell("ledger", "copy").err
    found = shell("history", "--contains", "IN THE", "--output-format", "JSON").out
    assert [json.loads(line)["query"] for line in found.splitlines()] == ["SELECT 'in the file'"]
    assert "in MySQL" in shell("ledger", "repair").err
    assert at in shell("ledger", "show").out
    monkeypatch.setenv("LAKESHELL_LEDGER_TYPE", "sqlite")
    monkeypatch.delenv("PW")
    assert "ledger.url is of a MySQL server" in shell("history").err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgres://x@y/z", "is not the address of a ledger"),
        ("mysql://x@127.0.0.1:1/", "names no schema"),
        ("mysql://x:y@127.0.0.1:1/z", "holds a password"),
        ("mysql://x@127.0.0.1:1/z", "cannot be reached"),
    ],
)
def test_an_address_that_is_no_ledger_is_told(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setenv("LAKESHELL_LEDGER_TYPE", "mysql")
    monkeypatch.setenv("LAKESHELL_LEDGER_URL", url)
    ended = shell("history")
    assert ended.code == (3 if "reached" in said else 2)
    assert said in ended.err


def test_a_lake_without_a_stack_has_no_mysql_of_its_own(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKESHELL_LEDGER_TYPE", "mysql")
    ended = shell("query", "-e", "SELECT 1")
    assert ended.code == 2
    assert "no stack whose MySQL" in ended.err


def test_what_is_no_other_ledger_is_not_copied(shell: Shell, tmp_path: Path) -> None:
    assert shell("ledger", "copy").code == 2
    assert "there is no ledger" in shell("ledger", "copy", str(tmp_path / "none.db")).err
    (tmp_path / "text").write_text("no ledger at all, certainly not one")
    ended = shell("ledger", "copy", str(tmp_path / "text"))
    assert ended.code == 2
    assert "cannot be read: file is not a database\n  a ledger is the" in ended.err


def test_a_database_of_somebody_else_is_not_made_a_ledger(
    shell: Shell, shop: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.db"
    empty.touch()
    for path in (shop, empty):
        before = path.read_bytes()
        ended = shell("ledger", "copy", str(path))
        assert ended.code == 2
        assert f"{path} is no ledger of Lakeshell" in ended.err
        assert path.read_bytes() == before
        assert not list(path.parent.glob(f"{path.name}-*"))


def test_a_schema_of_somebody_else_is_not_made_a_ledger(
    shell: Shell, ledger_schema: Mapping[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = f"{ledger_schema['host']}:{ledger_schema['port']}/{ledger_schema['database']}"
    monkeypatch.setenv("PW", str(ledger_schema["password"]))
    url = f"mysql://{ledger_schema['user']}@{at}"
    for _ in range(2):  # the first copy would have made its tables
        ended = shell("ledger", "copy", url, "--password-env", "PW")
        assert ended.code == 2
        assert "is no ledger of Lakeshell" in ended.err
