"""Definitions changed in the console: the same files as the commands write, and nobody's work lost."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from consoles import console, loading_job, settled, text_of, until
from textual.pilot import Pilot
from textual.widgets import Input, Static

from lakeshell.cli.main import main
from lakeshell.errors import UsageError
from lakeshell.lake import Lake
from lakeshell.tui.screens.asking import LineScreen
from lakeshell.tui.screens.edited import ChangedScreen
from lakeshell.tui.screens.flow import FlowScreen
from lakeshell.tui.screens.form import FormScreen, listed, several
from lakeshell.tui.screens.textedit import TextEditScreen
from lakeshell.tui.widgets.area import ScriptView
from lakeshell.tui.widgets.flowmap import FlowMap
from lakeshell.workgroup import Workgroup


async def opened(pilot: Pilot[None], key: str, name: str) -> None:
    await pilot.press(f"alt+{key}")
    await until(pilot, lambda: pilot.app.current_mode == name)
    await settled(pilot)


async def form_of(pilot: Pilot[None], key: str, **fields: str) -> FormScreen:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
    form = pilot.app.screen
    assert isinstance(form, FormScreen)
    for name, value in fields.items():
        form.query_one(f"#{name}", Input).value = value
    await settled(pilot)
    return form


async def written(pilot: Pilot[None], form: FormScreen) -> str:
    """Writes it; gives the command that it showed."""
    command = str(form.query_one("#command", Static).content)
    await pilot.press("f5")
    await until(pilot, lambda: pilot.app.screen is not form)
    await settled(pilot)
    return command.removeprefix("$ lakeshell ")


def run(lake: Lake, command: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*shlex.split(command), "--lake", str(lake.folder)])
    assert not ended.value.code


CHANGES = [
    ("2", "connections", "connections/movies.toml", {"comment": "the shop", "password_env": "PW"}),
    ("3", "crawlers", "crawlers/movies.toml", {"exclude": "", "include": "a b", "prefix": "x_"}),
    ("5", "jobs", "jobs/load_film.toml", {"retries": "3", "timeout": "30m", "description": "d e"}),
    ("8", "workgroups", "workgroups/analysts.toml", {"scan_limit": "", "members": "ada bob"}),
    ("3", "crawlers", "crawlers/movies.toml",
     {"include": """'my db/my %' a/b "say ""hi""/%" """, "exclude": "o'neil* 'x y*'"}),
    ("8", "workgroups", "workgroups/analysts.toml",
     {"members": '"bob smith" o\'neil', "properties": '"query_max_run_time=1 h" a=b'}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "noun", "file", "fields"), CHANGES, ids=lambda v: str(v)[:11])
@pytest.mark.asyncio
async def test_a_form_writes_what_the_command_that_it_shows_writes(
    key: str, noun: str, file: str, fields: dict[str, str], lake: Lake
) -> None:
    loading_job(lake)
    run(lake, "workgroup add analysts --scan-limit 10MB")
    path = lake.folder / file
    path.write_text("# reviewed by ada\n" + path.read_text())
    before = path.read_text()
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, key, noun)
        form = await form_of(pilot, "c", **fields)
        command = await written(pilot, form)
    by_form = path.read_text()
    assert by_form.startswith("# reviewed by ada\n")
    assert by_form != before
    path.write_text(before)
    run(lake, command)
    assert path.read_text() == by_form


VALUES = ["my db/my %", "o'neil", '"quoted"', "'", 'say "hi" to all', "plain*", "{a,b}", "a\\*b"]


@pytest.mark.asyncio
async def test_values_with_blanks_and_quotes_stay_what_they_are(lake: Lake) -> None:
    """A form that was opened and written without a change tore patterns apart at their blanks."""
    lake.crawlers.set("movies", {"include": (), "exclude": tuple(VALUES)})
    lake.workgroups.add(Workgroup("analysts", members=tuple(VALUES), properties={"a": "1 h"}))
    files = [lake.crawlers.path("movies"), lake.workgroups.path("analysts")]
    before = [file.read_text() for file in files]
    async with console(lake).run_test(size=(120, 30)) as pilot:
        for key, noun in (("3", "crawlers"), ("8", "workgroups")):
            await opened(pilot, key, noun)
            form = await form_of(pilot, "c")
            assert await written(pilot, form) in ("crawler set movies", "workgroup set analysts")
    assert [file.read_text() for file in files] == before


def test_several_values_are_read_as_they_are_written() -> None:
    assert listed(several(VALUES)) == tuple(VALUES)
    assert listed("  a  'b c' \"d e\"\tf'g ") == ("a", "b c", "d e", "f'g")
    assert listed("\"not closed yet 'nor this") == ('"not', "closed", "yet", "'nor", "this")
    assert listed("") == ()


@pytest.mark.asyncio
async def test_a_file_changed_while_its_form_is_open_is_not_overwritten(lake: Lake) -> None:
    path = lake.connections.path("movies")
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "2", "connections")
        form = await form_of(pilot, "c", comment="mine")
        theirs = 'url = "sqlite:///movies.db"\ncomment = "theirs"\n'
        path.write_text(theirs)
        await until(pilot, lambda: "changed on disk meanwhile" in text_of(pilot))
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangedScreen))
        await pilot.pause()
        assert '+comment = "theirs"' in text_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is form)
        assert (path.read_text(), form.values()["comment"]) == (theirs, "mine")
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangedScreen))
        await pilot.press("r")
        await until(pilot, lambda: form.values()["comment"] == "theirs")
        form.query_one("#comment", Input).value = "both"
        await written(pilot, form)
        assert lake.connections.get("movies").comment == "both"

        form = await form_of(pilot, "c", comment="mine again")
        path.write_text(theirs)
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangedScreen))
        await pilot.press("o")
        await until(
            pilot, lambda: pilot.app.screen is not form and len(pilot.app.screen_stack) == 1
        )
        await settled(pilot)
    assert lake.connections.get("movies").comment == "mine again"


@pytest.mark.asyncio
async def test_typing_goes_on_from_what_is_there(lake: Lake) -> None:
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "2", "connections")
        form = await form_of(pilot, "c")
        await pilot.press("2")
        await settled(pilot)
        assert form.values()["url"] == "sqlite:///movies.db2"
        await pilot.press("escape")
        await settled(pilot)


@pytest.mark.asyncio
async def test_a_wrong_value_is_said_while_it_is_typed_and_not_written(lake: Lake) -> None:
    loading_job(lake)
    before = lake.jobs.path("load_film").read_text()
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "5", "jobs")
        form = await form_of(pilot, "c", retries="many")
        assert "Retries: it must be a whole number" in text_of(pilot)
        form.query_one("#retries", Input).value = "1"
        form.query_one("#workgroup", Input).value = "primry"
        await settled(pilot)
        assert "did you mean 'primary'?" in text_of(pilot)
        await pilot.press("f5")
        await settled(pilot)
        assert pilot.app.screen is form
        await pilot.press("escape")
        await settled(pilot)
    assert lake.jobs.path("load_film").read_text() == before


@pytest.mark.asyncio
async def test_removing_asks_for_the_name_and_says_what_hinders_it(lake: Lake) -> None:
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "2", "connections")
        for typed, said in (("movie", "movie was typed"), ("movies", "is read by movies")):
            await pilot.press("delete")
            await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
            await pilot.press(*typed, "enter")
            await until(pilot, lambda: not isinstance(pilot.app.screen, LineScreen))
            await until(pilot, lambda said=said: said in text_of(pilot))
            assert lake.connections.get("movies")
        await opened(pilot, "3", "crawlers")
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
        await pilot.press(*"movies", "enter")
        await until(pilot, lambda: not lake.crawlers.names())
        await settled(pilot)
    lake.remove_connection("movies")
    with pytest.raises(UsageError):
        lake.connections.get("movies")


@pytest.mark.asyncio
async def test_a_script_is_changed_checked_and_kept_from_a_careless_escape(lake: Lake) -> None:
    job = loading_job(lake)
    async with console(lake).run_test(size=(120, 30)) as pilot:
        await opened(pilot, "5", "jobs")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextEditScreen))
        editor = pilot.app.screen
        assert isinstance(editor, TextEditScreen)
        await settled(pilot)
        text = editor.area.text
        editor.area.text = text.replace("return rows", "return (")
        await until(pilot, lambda: "was never closed" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Esc again" in text_of(pilot))
        editor.area.text = text.replace("return rows", "return rows.slice(0)")
        await until(pilot, lambda: "Esc again" not in text_of(pilot))
        await pilot.press("f5")
        await until(pilot, lambda: pilot.app.screen is not editor)
        await settled(pilot)
    assert "rows.slice(0)" in job.script.read_text()


@pytest.mark.asyncio
async def test_a_step_of_the_flow_shows_its_lines_and_a_line_its_steps(lake: Lake) -> None:
    job = loading_job(lake)
    lines = job.script.read_text().splitlines()
    async with console(lake).run_test(size=(160, 30)) as pilot:
        await opened(pilot, "5", "jobs")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, FlowScreen))
        await settled(pilot)
        flow, script = pilot.app.screen.query_one(FlowMap), pilot.app.screen.query_one(ScriptView)
        await pilot.press("down", "down", "right", "left")
        await settled(pilot)
        assert flow.here is not None
        assert flow.here.label == "cast integer"
        (marked,) = script._marked
        assert "'length', 'smallint', 'length', 'integer'" in lines[marked - 1]
        assert f"transform cast integer    line {marked}" in text_of(pilot)
        await pilot.press("tab")
        await pilot.press("down")
        await until(pilot, lambda: "decimal(4,2)" in str(flow.here))
        assert "source movie_rental.movies_film.rate" in text_of(pilot)
        await pilot.press("g")
        await until(pilot, lambda: "line 1: no column" in text_of(pilot))
        await pilot.press("escape")
        await settled(pilot)


@pytest.mark.asyncio
async def test_a_sql_job_is_added_from_a_file(lake: Lake, home: Path) -> None:
    (home / "build.sql").write_text("CREATE TABLE raw.a AS SELECT :n AS n;\n")
    async with console(lake).run_test(size=(140, 30)) as pilot:
        await opened(pilot, "5", "jobs")
        form = await form_of(pilot, "A", name="build", script="nothing.sql", param="n")
        assert "there is no file nothing.sql" in text_of(pilot)
        form.query_one("#script", Input).value = str(home / "build.sql")
        await settled(pilot)
        assert "Parameters: it must be NAME=VALUE" in text_of(pilot)
        form.query_one("#param", Input).value = "n=1 day=\"DATE '2026-01-01'\""
        await settled(pilot)
        command = await written(pilot, form)
    made = lake.jobs.get("build")
    assert made.parameters == {"n": "1", "day": "DATE '2026-01-01'"}
    files = [path.read_text() for path in sorted((lake.folder / "jobs").iterdir())]
    lake.jobs.remove("build")
    run(lake, command)
    assert [path.read_text() for path in sorted((lake.folder / "jobs").iterdir())] == files
