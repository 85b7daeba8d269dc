"""What goes wrong under the console: it says so, keeps what it has, and goes on."""

from __future__ import annotations

import shlex
import sqlite3
from dataclasses import replace

import pytest
from consoles import FILM, FILMS, console, loading_job, settled, sql_job, text_of, until
from fakes import Answer, FakeEngine, batch, columns
from textual.command import CommandInput
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input, Static
from textual_textarea.find_input import FindInput

from lakeshell.definitions.connections import Connection
from lakeshell.definitions.saved import SavedQuery
from lakeshell.errors import ConnectionFailed
from lakeshell.lake import Lake
from lakeshell.model import QueryState, TableName
from lakeshell.ports import HistoryFilter
from lakeshell.query.making import preview_statement
from lakeshell.tui.registry import ENTRIES
from lakeshell.tui.safe import beginning, ending
from lakeshell.tui.screens.flow import FlowScreen
from lakeshell.tui.screens.form import FormScreen
from lakeshell.tui.screens.noun import NounScreen
from lakeshell.tui.screens.textedit import TextEditScreen
from lakeshell.tui.tabs import Tab, TabFile, Tabs
from lakeshell.tui.widgets.area import PlainArea, ScriptView
from lakeshell.tui.widgets.querytab import QueryTab
from lakeshell.workgroup import Workgroup

EVIL = "[bold]\x1b[31m\x9b1m\x07\u202e[/]"


async def opened(pilot: Pilot[None], key: str, name: str) -> None:
    await pilot.press(f"alt+{key}")
    await until(pilot, lambda: pilot.app.current_mode == name)
    await settled(pilot)


async def run(pilot: Pilot[None], sql: str) -> QueryTab:
    await opened(pilot, "6", "query")
    tab = pilot.app.screen.query(QueryTab).first()
    tab.editor.text = sql
    await pilot.press("f5")
    await until(pilot, lambda: tab.panes and tab.at_rest)
    await settled(pilot)
    return tab


@pytest.mark.asyncio
async def test_an_engine_that_dies_while_rows_come_leaves_those_that_came(lake: Lake) -> None:
    engine = lake.engine
    assert isinstance(engine, FakeEngine)
    died = ConnectionFailed("Trino went away", hint="see: lakeshell stack status")
    engine.answers["SELECT dying"] = Answer(FILM, [batch(FILM, *FILMS)], error=died)
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await run(pilot, "SELECT dying")
        said = text_of(pilot)
        assert "Academy Dinosaur" in said
        assert "Trino went away" in said
        assert "lakeshell stack status" in said
        tab = await run(pilot, "SELECT 1")
        assert tab.panes[0].run.error is None
    last = lake.ledger.queries(HistoryFilter(contains="dying"))[0]
    assert last.state is QueryState.FAILED


@pytest.mark.asyncio
async def test_a_ledger_that_another_holds_is_said_and_waited_for_no_longer_than_is_due(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakeshell.ledger.sqlite._WAIT", 0.2)
    with Lake(lake.folder, lake.environment) as second:
        second.__dict__["engine"] = lake.engine
        async with console(second).run_test(size=(120, 30)) as pilot:
            await opened(pilot, "7", "history")
            holder = sqlite3.connect(lake.state / "ledger.db", isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
            tab = await run(pilot, "SELECT 1")
            assert tab.panes[0].run.error is not None
            assert "locked" in text_of(pilot)
            await opened(pilot, "7", "history")
            assert "SELECT count(*)" in text_of(pilot)
            holder.execute("ROLLBACK")
            holder.close()
            tab = await run(pilot, "SELECT 1")
            assert tab.panes[0].run.error is None


@pytest.mark.parametrize(
    ("key", "noun", "file"),
    [
        ("2", "connections", "connections/wrong.toml"),
        ("3", "crawlers", "crawlers/wrong.toml"),
        ("5", "jobs", "jobs/wrong.toml"),
        ("8", "workgroups", "workgroups/wrong.toml"),
    ],
)
@pytest.mark.asyncio
async def test_a_wrong_file_hides_no_other(key: str, noun: str, file: str, lake: Lake) -> None:
    (lake.folder / file).write_text("urll = [\n")
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, key, noun)
        screen = pilot.app.screen
        assert "wrong" in [k for k, _ in screen.listing._shown]  # type: ignore[attr-defined]
        assert "error: " in text_of(pilot)
        screen.listing.choose("wrong")  # type: ignore[attr-defined]
        await until(pilot, lambda: "mend that line" in text_of(pilot))
        assert "not valid TOML" in " ".join(text_of(pilot).split())
        await settled(pilot)


@pytest.mark.asyncio
async def test_megabytes_on_the_disk_are_shown_in_part_and_edited_elsewhere(lake: Lake) -> None:
    """A script or a saved query of ten megabytes held up every key for most of a minute."""
    text = "SELECT 1; -- é [b]\n" * 2**19
    job = sql_job(lake, text)
    path = lake.saved.path("primary", "large")
    path.parent.mkdir(parents=True)
    path.write_text("SELECT '" + "x" * 2**20 + "'")
    async with console(lake).run_test(size=(120, 30)) as pilot:
        for key, noun in (("5", "jobs"), ("s", "saved")):
            await opened(pilot, key, noun)
            screen = pilot.app.screen
            await pilot.press("e")
            await until(pilot, lambda: "too large to be edited here" in text_of(pilot))
            await settled(pilot)
            assert pilot.app.screen is screen
            pilot.app.clear_notifications()
        assert len(screen.query_one(ScriptView).text) < 2**18
        assert screen.query_one(ScriptView).text.endswith("more characters")
        await opened(pilot, "5", "jobs")
        sheet = str(pilot.app.screen.query_one("#sheet Static", Static).content)
        assert len(sheet) < 2**18
        assert "more characters" in sheet
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, FlowScreen))
        assert len(pilot.app.screen.query_one(ScriptView).text) < 2**18
        await settled(pilot)
    assert job.read_script() == text


def test_of_a_log_the_end_is_shown() -> None:
    log = "".join(f"line {number}\n" for number in range(100_000))
    assert ending(log).endswith("line 99999\n")
    assert ending(log).startswith("… ")
    assert len(ending(log)) < 2**18
    assert ending("short") == beginning("short") == "short"


@pytest.mark.asyncio
async def test_megabytes_pasted_where_a_text_or_a_command_is_typed_are_refused(lake: Lake) -> None:
    job = sql_job(lake, "SELECT 1;\n")
    text = "SELECT 1;\n" * 2**20

    def refused() -> bool:
        return any(f"{len(text):,} characters are" in n.message for n in pilot.app._notifications)

    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "5", "jobs")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextEditScreen))
        await settled(pilot)
        area = pilot.app.screen.query_one(PlainArea)
        await until(pilot, lambda: area.has_focus)
        pilot.app.post_message(Paste(text))
        await until(pilot, refused)
        assert area.text == job.read_script()
        pilot.app.post_message(Paste("SELECT 2;\n"))
        await until(pilot, lambda: "SELECT 2" in area.text)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        pilot.app.clear_notifications()
        await pilot.press("ctrl+p")
        await until(pilot, lambda: pilot.app.screen.query(CommandInput))
        pilot.app.post_message(Paste(text))
        await until(pilot, refused)
        assert pilot.app.screen.query_one(CommandInput).value == ""
        await pilot.press("escape")
        await settled(pilot)


ODD = "my [b] o'neil ü"


@pytest.mark.asyncio
async def test_commands_of_odd_names_are_as_a_shell_takes_them(lake: Lake) -> None:
    lake.connections.add(Connection(ODD, "sqlite:///movies.db"))
    lake.crawlers.add(replace(lake.crawlers.get("movies"), name=ODD, connection=ODD))
    job = loading_job(lake)
    lake.jobs.add(
        replace(job, name=ODD, script=lake.jobs.script_of(ODD, "arrow")), job.read_script()
    )
    lake.workgroups.add(Workgroup(ODD))
    lake.library.save(SavedQuery("primary", ODD, "SELECT 1"), replace=False)
    lake.catalog.put(replace(lake.catalog.table(TableName("movie_rental", "movies_film")),
                             name=TableName("movie_rental", f"a {ODD}")))  # fmt: skip
    quoted = shlex.quote(ODD)
    commands = {
        "2": f"connection test {quoted}",
        "3": f"crawler run {quoted}",
        "5": f"job run {quoted}",
        "s": f"saved run {quoted} -w primary",
        "8": f"query -w {quoted} -e SQL",
    }
    async with console(lake).run_test(size=(200, 50)) as pilot:
        for key, command in commands.items():
            await opened(pilot, key, next(e.name for e in ENTRIES if e.key == key))
            screen = pilot.app.screen
            assert isinstance(screen, NounScreen)
            screen.listing.choose(f"primary/{ODD}" if key == "s" else ODD)
            await until(pilot, lambda command=command: f"lakeshell {command}" in text_of(pilot))
            await settled(pilot)
            if key == "2":
                assert f'FROM "{ODD}".SCHEMA.TABLE' in text_of(pilot)
            if key != "s":
                await pilot.press("delete")
                await until(pilot, lambda: f"rm {quoted}" in text_of(pilot))
                await pilot.press("escape")
        await opened(pilot, "4", "catalog")
        await pilot.press("down")
        await until(pilot, lambda: f"show {shlex.quote(f'movie_rental.a {ODD}')}" in text_of(pilot))
        await settled(pilot)


@pytest.mark.asyncio
async def test_a_preview_tells_null_from_an_empty_text(lake: Lake) -> None:
    engine = lake.engine
    assert isinstance(engine, FakeEngine)
    found = columns(a="varchar", b="varchar")
    name = TableName("movie_rental", "movies_film")
    engine.answers[preview_statement(name)] = Answer(found, [batch(found, ("", None), (None, "x"))])
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "4", "catalog")
        await pilot.press("down", "v")
        await until(pilot, lambda: "First 2 rows" in text_of(pilot))
        cells = [line.split("│")[1].split() for line in text_of(pilot).splitlines() if "│" in line]
        assert ["NULL"] in cells
        assert ["NULL", "x"] in cells


GONE = [
    ("2", "connections", "connections/movies.toml", ["t", "c", "enter"]),
    ("3", "crawlers", "crawlers/movies.toml", ["p", "r", "c", "enter"]),
    ("5", "jobs", "jobs/load_film.toml", ["r", "R", "f", "c", "e", "enter"]),
    ("8", "workgroups", "workgroups/analysts.toml", ["c", "enter"]),
    ("s", "saved", "queries/primary/mine.sql", ["e", "r", "o", "c", "enter"]),
]


@pytest.mark.parametrize(("key", "noun", "file", "keys"), GONE, ids=lambda v: str(v)[:11])
@pytest.mark.asyncio
async def test_what_is_gone_from_the_disk_by_then_is_said(
    key: str, noun: str, file: str, keys: list[str], lake: Lake
) -> None:
    loading_job(lake)
    lake.workgroups.add(Workgroup("analysts"))
    lake.library.save(SavedQuery("primary", "mine", "SELECT 1"), replace=False)
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, key, noun)
        screen = pilot.app.screen
        path = lake.folder / file
        assert isinstance(screen, NounScreen)
        for pressed in keys:
            written = path.read_text()
            await pilot.press("f2")
            await until(pilot, lambda: screen.listing.row_count)
            await settled(pilot)
            screen.listing.choose(path.stem if noun != "saved" else "primary/mine")
            await settled(pilot)
            path.unlink()
            await pilot.press(pressed)
            await settled(pilot)
            assert pilot.app.screen is screen, pressed
            assert f"there is no {noun.removesuffix('s')}" in " ".join(text_of(pilot).split()), (
                pressed
            )
            screen.status("")
            pilot.app.clear_notifications()
            path.write_text(written)


@pytest.mark.asyncio
async def test_markup_and_control_characters_are_shown_wherever_text_is(lake: Lake) -> None:
    from lakeshell.workgroup import Workgroup

    lake.connections.add(Connection("evil", "sqlite:///x.db", comment=EVIL))
    lake.workgroups.add(Workgroup("evil", description=EVIL))
    lake.library.save(SavedQuery("primary", "evil", f"SELECT '{EVIL}'", "about " + EVIL[:6]))
    (lake.folder / "jobs" / "evil.toml").write_text(
        'kind = "sql"\ndescription = "[b]x\\u001b[/b]"\n'
    )
    (lake.folder / "jobs" / "evil.sql").write_text(f"SELECT '{EVIL}' AS a")
    async with console(lake).run_test(size=(100, 40)) as pilot:
        for entry in ENTRIES:
            await opened(pilot, entry.key, entry.name)
            listing = getattr(pilot.app.screen, "listing", None)
            for name in ("evil", "primary/evil"):
                if listing is not None:
                    listing.choose(name)
            await settled(pilot)
            said = text_of(pilot)
            assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(said), entry.name
            if entry.name in ("connections", "workgroups", "saved", "jobs"):
                assert "[b" in said, entry.name


@pytest.mark.asyncio
async def test_control_characters_are_shown_in_what_is_typed_into(lake: Lake) -> None:
    """A tab that is kept, a field of a form, a preview's columns, and the library's own lines."""
    file = TabFile(lake.state / "console")
    file.keep(Tabs([Tab("evil", f"SELECT '{EVIL}'")]))
    file.close()
    lake.connections.add(Connection("evil", "sqlite:///x.db", comment=EVIL))
    named = columns(**{EVIL: "varchar"})
    preview = preview_statement(TableName("movie_rental", "movies_film"))
    lake.engine.answers[preview] = Answer(named, [batch(named, (EVIL,))])  # type: ignore[attr-defined]
    async with console(lake).run_test(size=(100, 30)) as pilot:

        async def shows(wanted: str) -> None:
            await until(pilot, lambda: wanted in text_of(pilot))
            await settled(pilot)
            assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(text_of(pilot))

        await opened(pilot, "6", "query")
        await shows("SELECT '[bold]␛[31m�1m␇�[/]'")
        await pilot.press("ctrl+f")
        await until(pilot, lambda: pilot.app.screen.query(FindInput))
        pilot.app.post_message(Paste(EVIL))
        await until(pilot, lambda: "[bold]" in pilot.app.screen.query_one(FindInput).value)
        await shows("SELECT '[bold]")
        await pilot.press("escape")
        await opened(pilot, "2", "connections")
        pilot.app.screen.listing.choose("evil")  # type: ignore[attr-defined]
        await settled(pilot)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        await shows("Comment          [bold]␛[31m")
        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        await opened(pilot, "4", "catalog")
        await pilot.press("slash", *"movies_film", "enter")
        await until(pilot, lambda: "1 found" in text_of(pilot))
        await pilot.press("v")
        await until(pilot, lambda: "First 1 row of" in text_of(pilot))
        await shows(r"[bold]\x1b[31m\x9b1m\x07")


@pytest.mark.asyncio
async def test_megabytes_pasted_into_a_field_are_refused_at_once(lake: Lake) -> None:
    async with console(lake).run_test(size=(100, 30)) as pilot:
        await opened(pilot, "2", "connections")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        field = pilot.app.screen.query_one("#comment", Input)
        field.focus()
        field.post_message(Paste("x" * 10_000_000))
        field.post_message(Paste("the shop"))
        await until(pilot, lambda: field.value)
        assert field.value == "the shop"
        said = [n.message for n in pilot.app._notifications]
        assert said == ["10,000,000 characters are not for a line of text"]
