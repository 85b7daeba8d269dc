"""What `--help` shows as an example can be pasted: it is there, it parses, and it runs."""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from lakeshell.cli.main import COMMANDS, lakeshell, main
from lakeshell.lake import Lake
from lakeshell.ports import HistoryFilter


def commands(
    command: click.Command = lakeshell, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if words:
        yield words, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), name)
            assert found is not None
            if found.hidden:
                continue
            yield from commands(found, (*words, name))


ALL = dict(commands())
EXAMPLES = [
    (words, line.strip())
    for words, command in ALL.items()
    for line in (command.epilog or "").splitlines()
    if line.startswith("  lakeshell ")
]


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_shows_an_example_of_itself(words: tuple[str, ...]) -> None:
    own = [line for place, line in EXAMPLES if place == words]
    assert own
    assert all(line.startswith(" ".join(("lakeshell", *words))) for line in own)


def test_the_lists_of_what_a_command_has_are_whole() -> None:
    for name, summary in COMMANDS.items():
        named = set(summary.partition(": ")[2].rstrip(".").split(", "))
        own = {words[1] for words in ALL if len(words) == 2 and words[0] == name}
        assert not named & own or named == own, name


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_option_says_what_it_does(words: tuple[str, ...]) -> None:
    options = [option for option in ALL[words].params if isinstance(option, click.Option)]
    assert [option.opts[-1] for option in options if not (option.help or option.hidden)] == []


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_example_is_wrapped(width: int) -> None:
    for words, command in ALL.items():
        context = click.Context(command, info_name=" ".join(words), terminal_width=width)
        shown = command.get_help(context)
        for place, line in EXAMPLES:
            assert place != words or f"  {line}\n" in f"{shown}\n", line


@pytest.mark.parametrize(("words", "line"), EXAMPLES, ids=lambda value: str(value)[-40:])
def test_an_example_parses(words: tuple[str, ...], line: str) -> None:
    for given in _single(line):
        command, place = lakeshell, list(given)
        while isinstance(command, click.Group) and place and not place[0].startswith("-"):
            name = place.pop(0)
            found = command.get_command(click.Context(command), name)
            assert found is not None, name
            command = found  # type: ignore[assignment]
        command.make_context(words[-1], place)


def _single(line: str) -> Iterator[list[str]]:
    """The words of each `lakeshell` of a line, without what the shell takes for itself."""
    for part in line.split(" && "):
        if part.startswith("lakeshell "):
            yield shlex.split(re.sub(r" > \S+$", "", part))[1:]


# --- and runs ------------------------------------------------------------------------------

ELSEWHERE = ("demo", "web", "serve", "stack", "workgroup apply", "init")
"""What takes a stack, stays until it is ended, or has a test of its own."""
FIRST = {
    "connection": ("crawler rm movies", "connection rm movies"),
    "connection add": ("crawler rm movies", "connection rm movies"),
    "crawler add": ("crawler rm movies",),
    "job add": ("job rm presentation",),
    "job propose": ("job rm load_film",),
    "saved": ("saved rm top_films",),
    "workgroup add": ("workgroup rm analysts",),
}
"""What is there already in the lake of the demo goes before it is made again."""
OTHERWISE = {
    "history cancel 20261124_1403": 2,  # it has ended
    "ledger copy": 2,  # the lake's ledger is the file itself
}
PREPARED = (
    "saved save top_films -e 'SELECT 1 AS a'",
    "saved save top_films -e 'SELECT 2 AS a' --replace",
    """saved save top_films -e "SELECT :since AS a" --replace""",
    "workgroup add etl",
    "connection add shop sqlite:///shop.db",
    "query --create-view presentation.top_films -e 'SELECT title FROM raw.film'",
    "query -e 'SELECT 1'",
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of the demo, with what the examples name besides."""
    lake = tmp_path_factory.mktemp("help") / "lake"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKESHELL_LAKE", str(lake))
        patch.setenv("HOME", str(lake.parent))
        patch.chdir(lake.parent)
        assert _run("demo") == 0
        with sqlite3.connect(lake / ".lakeshell" / "movies.db") as source:
            source.execute("ALTER TABLE film ADD COLUMN example TEXT")
        source.close()
        assert _run("crawler", "run", "movies") == 0
        (lake / "data").mkdir()
        for copy in ("shop.db", "data/movies.db"):
            shutil.copy(lake / ".lakeshell" / "movies.db", lake / copy)
        patch.chdir(lake)
        for line in PREPARED:
            assert _run(*shlex.split(line)) == 0, line
    (lake / "build.sql").write_text("SELECT 1", encoding="utf-8")
    shutil.copytree(lake, lake.parent / "as it was")
    return lake


@pytest.fixture
def as_it_was(demo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.rmtree(demo)
    shutil.copytree(demo.parent / "as it was", demo)
    monkeypatch.setenv("LAKESHELL_LAKE", str(demo))
    monkeypatch.setenv("HOME", str(demo.parent))
    monkeypatch.chdir(demo)
    return demo


def _run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*words])
    return int(ended.value.code or 0)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_examples_run(as_it_was: Path, words: tuple[str, ...]) -> None:
    if " ".join(words).startswith(ELSEWHERE):
        return
    with Lake(as_it_was, {}) as lake:
        query = lake.ledger.queries(HistoryFilter(limit=1))[0].id
        run = lake.ledger.runs("job", None, 1)[0].id
    for before in FIRST.get(" ".join(words), ()):
        assert _run(*before.split()) == 0, before
    for place, line in EXAMPLES:
        for given in _single(line) if place == words else ():
            named = {"20261124_1403": query, "20261124_101500_00001_a1b2c": run}
            code = _run(*(named.get(word, word) for word in given))
            assert code == OTHERWISE.get(" ".join(given), 0), line
