"""Going between screens, the palette, help, leaving, keys and themes of one's own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from consoles import console, going, settled, text_of, until
from textual.events import Key, Resize
from textual.geometry import Size

from lakeshell.errors import ConfigurationError
from lakeshell.lake import Lake
from lakeshell.tui.background import Background
from lakeshell.tui.driver import TypedParser
from lakeshell.tui.keymap import faults
from lakeshell.tui.preferences import (
    CONTRAST,
    DARK,
    Preferences,
    animates,
    keep_theme,
    preferences_file,
    read_preferences,
)
from lakeshell.tui.registry import ENTRIES
from lakeshell.tui.screens.help import HelpScreen
from lakeshell.tui.screens.leave import LeaveScreen
from lakeshell.tui.terminal import know_alt_keys, title_sequence
from lakeshell.tui.widgets.line import LineInput


@pytest.mark.asyncio
async def test_every_screen_is_reached_by_its_key_and_by_alt(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        for entry in (*ENTRIES, ENTRIES[0]):
            await pilot.press(f"alt+{entry.key}")
            await until(pilot, lambda name=entry.name: pilot.app.current_mode == name)
        await settled(pilot)


@pytest.mark.asyncio
async def test_the_palette_goes_to_a_screen(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Search for commands" in text_of(pilot))
        await pilot.press(*ENTRIES[-1].title.lower())
        await until(pilot, lambda: ENTRIES[-1].help in text_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.current_mode == ENTRIES[-1].name)


@pytest.mark.asyncio
async def test_help_shows_the_keys_of_the_screen(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        assert "app.quit" in text_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, HelpScreen))


@pytest.mark.asyncio
async def test_leaving_asks_while_something_runs_and_stops_it(lake: Lake) -> None:
    app = console(lake)
    began, end, stopped = threading.Event(), threading.Event(), threading.Event()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)

        def work(reporter: object) -> None:
            began.set()
            assert end.wait(30)

        screen = pilot.app.screen
        task = screen.carry_out("x", "job load_film", work, lambda _: None)  # type: ignore[attr-defined]
        task.cancel = lambda: (stopped.set(), end.set())
        await until(pilot, began.is_set)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, LeaveScreen))
        assert "job load_film" in text_of(pilot)
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(app.screen, LeaveScreen))
        assert not stopped.is_set()
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, LeaveScreen))
        await pilot.press("y")
        await until(pilot, lambda: not app.is_running or app._exit)
    assert stopped.is_set()


@pytest.mark.asyncio
async def test_a_newer_look_makes_the_older_one_stale(lake: Lake) -> None:
    app = console(lake)
    drawn: list[str] = []
    go = threading.Event()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        screen = app.screen

        def slow() -> str:
            assert go.wait(30)
            return "old"

        screen.ask("it", slow, drawn.append)  # type: ignore[attr-defined]
        screen.ask("it", lambda: "new", drawn.append)  # type: ignore[attr-defined]
        await until(pilot, lambda: drawn == ["new"])
        go.set()
        await settled(pilot)
    assert drawn == ["new"]


@pytest.mark.asyncio
async def test_keys_of_the_file_take_the_place_of_the_usual_ones(lake: Lake) -> None:
    app = console(lake, preferences=Preferences(keys={"app.help": "f9"}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


@pytest.mark.asyncio
async def test_keys_that_cannot_be_as_they_were_set_are_said(lake: Lake) -> None:
    keys = {"app.help": "f9", "query.rnu": "f5", "query.new": "ctrl+entr"}
    app = console(lake, preferences=Preferences(keys=keys))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app._notifications)
        said = next(iter(app._notifications))
        assert "console.toml" in said.title
        assert said.message.split("; ") == [
            "there is no action query.rnu, did you mean query.run?",
            "query.new: 'ctrl+entr' is no key",
            "f9 is for app.help and for query.format",
        ]
        await settled(pilot)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"query.run": "f6"}, ["f6 is for query.run and for query.run_all"]),
        ({"query.run": "f6", "query.run_all": "f5"}, []),
        ({"query.format": "alt+g"}, []),
        ({"query.format": "g"}, ["query.format: g could not be typed into a text any more"]),
        ({"editor.find": "f5"}, ["f5 is for query.run and for editor.find"]),
        ({"result.sort": "comma,ctrl+shift+f12,~"}, []),
        ({"result.sort": "c"}, ["c is for result.sort and for result.copy"]),
        ({"result.sort": ","}, ["result.sort: '' is no key", "result.sort: '' is no key"]),
        ({"go.home": "s"}, ["s is for go.home and for go.saved"]),
        ({"nonsense": "x"}, ["there is no action nonsense: F1 shows their names"]),
        ({}, []),
    ],
)
def test_what_is_wrong_with_keys(keys: dict[str, str], said: list[str]) -> None:
    assert sorted(faults(keys)) == sorted(said)


@pytest.mark.asyncio
async def test_a_theme_is_kept_for_the_next_start(lake: Lake, home: Path) -> None:
    app = console(lake)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.theme = CONTRAST
        await until(pilot, lambda: preferences_file(lake.environment).exists())
    assert console(lake).theme == CONTRAST


@pytest.mark.asyncio
async def test_a_wrong_file_of_preferences_is_said_and_does_not_stop_the_console(
    lake: Lake,
) -> None:
    file = preferences_file(lake.environment)
    file.parent.mkdir(parents=True)
    file.write_text("thema = 'x'\n")
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: [n.title for n in pilot.app._notifications])
        assert "there is no key 'thema'" in next(iter(pilot.app._notifications)).title
        await settled(pilot)


@pytest.mark.asyncio
@pytest.mark.parametrize("theme", ["no-such", "ansi-dark"])
async def test_a_theme_that_there_is_not_is_said(lake: Lake, theme: str) -> None:
    app = console(lake, preferences=Preferences(theme=theme))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: [n.title for n in app._notifications])
        assert [n.title for n in app._notifications] == [f"there is no theme '{theme}'"]
        assert app.theme == DARK
        await settled(pilot)


def test_preferences_are_read_with_their_keys(home: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(home)}
    assert read_preferences(environment) == Preferences()
    file = preferences_file(environment)
    file.parent.mkdir(parents=True)
    file.write_text('animations = "none"\n[keys]\n"query.run" = "f9"\n')
    keep_theme("high-contrast", environment)
    assert read_preferences(environment) == Preferences(
        "high-contrast", "none", {"query.run": "f9"}
    )
    file.write_text('animations = "some"\n')
    with pytest.raises(ConfigurationError, match="line 1"):
        read_preferences(environment)


def test_animations_are_off_over_ssh() -> None:
    assert animates(Preferences(), {})
    assert not animates(Preferences(), {"SSH_TTY": "/dev/pts/1"})
    assert animates(Preferences(animations="full"), {"SSH_TTY": "/dev/pts/1"})


def test_alt_is_known_as_terminals_send_it() -> None:
    know_alt_keys()
    sent = {
        "\x1b6": "alt+6",
        "\x1b1": "alt+1",
        "§": "section_sign",
        "\x1bf": "alt+f",
        "\x1b$": "alt+dollar_sign",
        "\x1bD": "alt+shift+d",
        "\x1b\x7f": "alt+backspace",
        "\x1bOP": "f1",
        "\x1b[15~": "f5",
        "\x1b\x1b6": "escape alt+6",
        "\x1bx" + "y" * 40: "alt+x" + " y" * 40,
    }
    for text, keys in sent.items():
        found = [event.key for event in TypedParser().feed(text) if isinstance(event, Key)]
        assert " ".join(found) == keys


@pytest.mark.asyncio
async def test_a_form_that_is_left_and_a_screen_in_one_piece(lake: Lake) -> None:
    app = console(lake)
    async with app.run_test(size=(80, 24)) as pilot:
        await going("2", "connections", "a")(pilot)
        for event in TypedParser().feed("one two\x1b\x7f\x1bbX\x1b6"):
            app.post_message(event)
        await until(pilot, lambda: app.screen.query_one("#name", LineInput).value == "Xone ")
        for event in TypedParser().feed("\x1b\x1b6"):
            app.post_message(event)
        await until(pilot, lambda: app.current_mode == "query" and len(app.screen_stack) == 1)
        await settled(pilot)


def test_the_title_of_the_terminal_obeys_no_name() -> None:
    assert title_sequence("a\x1b]0;evil\x07") == "\x1b]2;a\\x1b]0;evil\\x07\x07"


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own here")
def test_work_stands_behind_the_thread_that_draws() -> None:
    found: list[int] = []
    ended = threading.Event()

    class Owner:
        def post_message(self, message: object) -> bool:
            ended.set()
            return True

    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    background = Background(Owner(), lambda: None, {})  # type: ignore[arg-type]
    background.start("x", lambda _: found.append(priority()), lambda _: None)
    assert ended.wait(30)
    assert found == [min(19, priority() + 5)]


def test_the_console_draws_at_once_and_looks_for_garbage_in_small_pieces(empty_lake: Lake) -> None:
    code = f"""
import gc, sys, types
class Console:
    return_code, bug = 0, None
    def __init__(self, lake): pass
    def run(self, size):
        from textual.constants import MAX_FPS
        print(MAX_FPS, gc.get_threshold()[0], gc.get_freeze_count() > 0)
    def wait_for_work(self): pass
sys.modules["lakeshell.tui.app"] = types.SimpleNamespace(Console=Console)
from lakeshell.tui.open import open_console
open_console({str(empty_lake.folder)!r})
"""
    words = [sys.executable, "-P", "-c", code]
    ended = subprocess.run(words, env=dict(empty_lake.environment), capture_output=True, text=True)
    assert ended.stdout.split() == ["120", "5000", "True"], ended.stderr


def test_a_bug_in_the_console_is_said_as_one_in_a_command_is(empty_lake: Lake) -> None:
    code = f"""
import sys, types
class Console:
    return_code, bug = 1, ZeroDivisionError("by zero")
    def __init__(self, lake): pass
    def run(self, size): pass
    def wait_for_work(self): pass
sys.modules["lakeshell.tui.app"] = types.SimpleNamespace(Console=Console)
from lakeshell.tui.open import open_console
import lakeshell.cli.main as cli
sys.stdin.isatty = sys.stdout.isatty = lambda: True
cli.main([*sys.argv[1:], "--lake", {str(empty_lake.folder)!r}])
"""

    def opened(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {**empty_lake.environment, "TERM": "xterm"}
        called = [sys.executable, "-P", "-c", code, *words]
        return subprocess.run(called, env=environment, capture_output=True, text=True)

    ended = opened()
    assert (ended.returncode, ended.stdout) == (70, ""), ended.stderr
    assert ended.stderr.startswith("error: a bug in Lakeshell: ZeroDivisionError: by zero")
    assert "Traceback" not in ended.stderr
    assert "Traceback" in opened("--debug").stderr


@pytest.mark.asyncio
async def test_a_bug_in_the_console_takes_no_tab_with_it(lake: Lake) -> None:
    app = console(lake)
    with pytest.raises(ZeroDivisionError):
        async with app.run_test(size=(80, 24)) as pilot:
            await going("6", "query")(pilot)
            pilot.app.screen.tab.editor.text = "SELECT 'typed'"  # type: ignore[attr-defined]
            await pilot.pause()
            pilot.app.screen.call_later(lambda: 1 // 0)
            await until(pilot, lambda: app.bug)
    assert not app._exit_renderables, "what the program held would be drawn"
    assert "SELECT 'typed'" in "".join(
        p.read_text() for p in lake.state.rglob("*tabs*") if p.is_file()
    )


def test_work_that_is_stopped_ends_where_it_next_reports() -> None:
    class Owner:
        def post_message(self, message: object) -> bool:
            return True

    owner = Owner()
    running: dict[int, object] = {}
    began, go = threading.Event(), threading.Event()
    ended: list[BaseException] = []

    def work(reporter: object) -> None:
        began.set()
        assert go.wait(30)
        try:
            reporter.advance(1, 2, "rows")  # type: ignore[attr-defined]
        except BaseException as error:
            ended.append(error)
            raise

    background = Background(owner, lambda: None, running)  # type: ignore[arg-type]
    task = background.start("x", work, lambda _: None, title="x")
    assert began.wait(30)
    task.stop()
    go.set()
    assert task.finished.wait(30)
    assert isinstance(ended[0], KeyboardInterrupt)


@pytest.mark.asyncio
async def test_leaving_waits_for_what_is_being_undone_and_not_for_a_look(lake: Lake) -> None:
    app = console(lake)
    began, end, undone = threading.Event(), threading.Event(), threading.Event()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)

        def work(reporter: object) -> None:
            began.set()
            assert end.wait(30)
            undone.set()

        screen = pilot.app.screen
        looking = threading.Event()
        screen.ask("y", looking.wait, lambda _: None)  # type: ignore[attr-defined]
        task = screen.carry_out("x", "job load_film", work, lambda _: None)  # type: ignore[attr-defined]
        task.cancel = lambda: threading.Timer(0.3, end.set).start()
        await until(pilot, began.is_set)
        app.end()
    app.wait_for_work()
    assert undone.is_set()
    looking.set()


@pytest.mark.asyncio
async def test_a_size_that_is_no_longer_the_windows_is_let_go(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine two sizes on their way at once kept a screen laying itself out for ever."""
    async with console(lake).run_test(size=(100, 30)) as pilot:
        await going("5", "jobs")(pilot)
        screen = pilot.app.screen
        taken: list[Size] = []
        take = screen._screen_resized
        monkeypatch.setattr(
            screen, "_screen_resized", lambda size: taken.append(size) or take(size)
        )
        for size in (Size(40, 10), Size(100, 30), Size(10, 3), Size(100, 30)):
            screen.post_message(Resize(size, size))
            await pilot.pause()
        await until(pilot, lambda: taken)
        await settled(pilot)
        assert set(taken) == {Size(100, 30)}
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: screen.size == Size(40, 10))
        await settled(pilot)
