"""What the pages say is so: their commands run, their lists are the program's, their files exist."""

from __future__ import annotations

import importlib.util
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from lakeshell import settings
from lakeshell.cli.main import COMMANDS, lakeshell
from lakeshell.definitions import connections, crawlers, jobs, workgroups
from lakeshell.definitions.schema import Key
from lakeshell.errors import ExitCode, NotSupported
from lakeshell.folder import make_lake
from lakeshell.lake import Lake
from lakeshell.tui import preferences

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SQL = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
PAGES = (
    "README.md",
    "ARCHITECTURE.md",
    "docs/sql.md",
    "docs/history.md",
    "docs/python.md",
    "docs/cost.md",
    "docs/workgroups.md",
    "docs/settings.md",
    "docs/stack.md",
    "docs/benchmarks.md",
)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / page).parent.joinpath(target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:scripts|tests|docs)/[\w./-]+)`", text)
    modules = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", text)
    named += [
        f"lakeshell/{path}" for path in modules if not path.startswith(("tests/", "scripts/"))
    ]
    for path in named:
        assert (ROOT / path).exists(), path


def test_the_architecture_names_every_folder_and_module_of_the_root() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    package = ROOT / "lakeshell"
    folders = {path.parent for path in package.rglob("*") if path.suffix in (".py", ".html")}
    assert len(folders) > 30
    assert [str(path) for path in folders if f"{path.name}/" not in text] == []
    modules = {path.name for path in package.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert [name for name in modules if not re.search(rf"(?<!/)\b{name}", text)] == []


def test_the_readmes_commands_and_exit_codes_are_the_programs() -> None:
    named = set(re.findall(r"(?:^|[`$] ?)lakeshell ([a-z]+)", README, re.MULTILINE))
    assert named <= set(COMMANDS)
    assert {"query", "history", "workgroup", "doctor", "connection"} <= named
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert codes == {int(code) for code in ExitCode}


def test_the_lists_of_functions_are_the_engines() -> None:
    spec = importlib.util.spec_from_file_location("sql_page", ROOT / "scripts" / "sql_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.page() == SQL, "run scripts/sql_page"


def _sections() -> dict[str, str]:
    """The page of settings by the file that a heading or a table's head names."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^(?:## |\| )(?=`[\w/]+\.toml` ?)|^## ", text)
    return {part.split("`")[1]: part for part in parts if part.startswith("`")} | {
        "console.toml": parts[-1]
    }


def _first_cells(section: str) -> set[str]:
    return {
        key
        for line in re.findall(r"(?m)^\| (`.*?) \|", section)
        for key in re.findall("`(.*?)`", line)
    }


@pytest.mark.parametrize(
    ("file", "keys"),
    [
        ("connections/NAME.toml", connections.KEYS),
        ("crawlers/NAME.toml", crawlers.KEYS),
        ("jobs/NAME.toml", jobs.KEYS),
        ("console.toml", preferences.KEYS),
    ],
)
def test_the_keys_of_a_file_are_the_programs(file: str, keys: Sequence[Key]) -> None:
    assert _first_cells(_sections()[file]) - {file} == {key.name for key in keys}


def test_the_keys_of_lakeshell_toml_are_the_programs() -> None:
    named = _first_cells(_sections()["lakeshell.toml"])
    capacity = {key.name.rpartition(".")[2] for key in settings.stack_keys()}
    whole = {key.name for key in settings.KEYS} - {key.name for key in settings.stack_keys()}
    assert named == whole | capacity


def test_the_keys_and_options_of_workgroups_are_the_programs() -> None:
    text = (ROOT / "docs" / "workgroups.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (`\w+`(?:, `\w+`)*) \| (`--.*?) \|", text)
    group = lakeshell.get_command(click.Context(lakeshell), "workgroup")
    assert isinstance(group, click.Group)
    options = {option.opts[-1] for option in group.commands["set"].params} & {
        option.opts[-1] for option in group.commands["add"].params
    }
    assert {key for keys, _ in rows for key in re.findall(r"\w+", keys)} == {
        key.name for key in workgroups.KEYS
    }
    named = {option for _, given in rows for option in re.findall(r"--[\w-]+", given)}
    assert named == {name for name in options if name.startswith("--")} - {
        "--lake", "--color", "--debug",
    }  # fmt: skip


REFUSED = re.findall(r"^(\S.*);$", SQL.partition("```sql\n")[2].partition("```")[0], re.MULTILINE)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    folder = tmp_path_factory.mktemp("lake")
    make_lake(folder)
    with Lake(folder, {}) as opened:
        for sql in ("CREATE SCHEMA raw", "CREATE TABLE raw.film (film_id integer)"):
            running = opened.engine.run(sql, opened.session())
            list(running.batches())
            running.close()
        yield opened


@pytest.mark.parametrize("sql", REFUSED)
def test_what_the_page_says_is_refused_is_refused_by_name(lake: Lake, sql: str) -> None:
    with pytest.raises(NotSupported):
        lake.engine.run(sql, lake.session())


def test_the_readmes_own_database_walk_runs(tmp_path: Path) -> None:
    """The block under "Your own database", typed into a shell."""
    block = README.partition("## Your own database")[2].partition("```\n")[2].partition("```")[0]
    source = tmp_path / "shop.db"
    database = sqlite3.connect(source)
    database.executescript(
        "CREATE TABLE orders (id INTEGER, total DECIMAL(8,2)); INSERT INTO orders VALUES (1, 9.5);"
    )
    database.close()
    block = block.replace("/home/me/shop.db", str(source)).replace("~/lakes", str(tmp_path))
    assert block.count("lakeshell ") >= 7
    script = f'set -e\nlakeshell() {{ "{sys.executable}" -P -m lakeshell "$@"; }}\n{block}'
    environment = {k: v for k, v in os.environ.items() if k != "LAKESHELL_LAKE"}
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == '"1"'
