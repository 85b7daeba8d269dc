"""The application: which screen is in front, what runs, and how it ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from textual.actions import ActionParseResult
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Event, Key, Paste
from textual.message_pump import MessagePump
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widgets import Input, TextArea

from lakeshell.errors import ConfigurationError, LakeshellError
from lakeshell.tui import clipboard, terminal
from lakeshell.tui.background import Noticed, Task, said
from lakeshell.tui.commands import commands
from lakeshell.tui.driver import Sparing, SparingDriver
from lakeshell.tui.editing import TAKEN
from lakeshell.tui.preferences import (
    DARK,
    Preferences,
    animates,
    keep_theme,
    preferences_file,
    read_preferences,
)
from lakeshell.tui.registry import BY_NAME, ENTRIES
from lakeshell.tui.safe import pictured, shown
from lakeshell.tui.themes import THEMES, UNFIT
from lakeshell.tui.widgets.inorder import type_again
from lakeshell.tui.widgets.line import LineInput, refused

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.tui.tabs import Tab

_IN_A_LINE = {"alt+b": "ctrl+left", "alt+f": "ctrl+right", "alt+backspace": "ctrl+w"}
"""The library's keys of a line for those that a shell has, too."""
LAST_MOMENT = 10.0
"""Seconds that work has to end in when the terminal is gone."""


class Console(App[None]):
    """One lake on one terminal."""

    CSS_PATH = "console.tcss"
    TITLE = "Lakeshell"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (20, "-tall")]
    MODES = {entry.name: entry.make for entry in ENTRIES}
    DEFAULT_MODE = "home"
    BINDINGS = [
        Binding("ctrl+l", "redraw", "Redraw", id="app.redraw", priority=True, show=False),
        Binding("alt+x", "palette", "Commands", id="app.palette", priority=True, show=False),
        Binding("f1", "help", "Help", id="app.help", priority=True),
        Binding("ctrl+q", "quit", "Quit", id="app.quit", priority=True),
        *(
            Binding(
                entry.key, f"go('{entry.name}')", entry.title, show=False, id=f"go.{entry.name}"
            )
            for entry in ENTRIES
        ),
        *(
            Binding(
                f"alt+{entry.key}",
                f"go('{entry.name}')",
                entry.title,
                show=False,
                priority=True,
                id=f"go_always.{entry.name}",
            )
            for entry in ENTRIES
        ),
    ]

    def __init__(
        self,
        lake: Lake,
        preferences: Preferences | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.wrong_preferences: BaseException | None = None
        if preferences is None:
            preferences = self._read_preferences(lake)
        self.lake = lake
        self.preferences = preferences
        self.now = now
        self.running: dict[int, Task] = {}
        self._opened = threading.Event()
        self._typed_on: WeakKeyDictionary[Key, Screen[object]] = WeakKeyDictionary()
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        for name in UNFIT:
            self.unregister_theme(name)
        if preferences.theme in self.available_themes:
            self.theme = preferences.theme
        else:
            self.theme = DARK
            self.wrong_preferences = ConfigurationError(
                f"there is no theme {preferences.theme!r}",
                hint=f"{preferences_file(lake.environment)} names it: Ctrl+P and `theme` lists them",
            )
        if not animates(preferences, lake.environment):
            self.animation_level = "none"
        self.set_keymap(preferences.keys)

    def _read_preferences(self, lake: Lake) -> Preferences:
        try:
            return read_preferences(lake.environment)
        except Exception as error:
            self.wrong_preferences = error
            return Preferences()

    def on_mount(self) -> None:
        terminal.know_alt_keys()
        terminal.on_signals(self.hang_up, self.end)
        if self.wrong_preferences is not None:
            self.say(self.wrong_preferences, "warning")
        self.theme_changed_signal.subscribe(self, lambda theme: self._keep_theme(theme.name))
        threading.Thread(target=self._open, name="console-open", daemon=True).start()

    def _open(self) -> None:
        """Opens the lake's adapters once, so that no two tasks open the same; what cannot be opened
        is said by the task that needs it. Services that sleep are not woken for a console alone."""
        try:
            for opened in ("ledger", "services"):
                getattr(self.lake, opened)
            if not self.lake.catalog_sleeps():
                self.lake.catalog  # noqa: B018
        except Exception as error:
            self.log.error(repr(error))
        finally:
            self._opened.set()
        if self.preferences.keys:
            self._check_keys()

    def _check_keys(self) -> None:
        """Says which of the keys that somebody set do not do what they were set for."""
        from lakeshell.tui.keymap import faults

        if found := faults(self.preferences.keys):
            wrong = ConfigurationError(
                f"[keys] in {preferences_file(self.lake.environment)}", hint="; ".join(found)
            )
            self.call_later(self.say, wrong, "warning")

    def notice(self, text: str) -> None:
        """What somebody waits for, such as a service that starts; said from any thread."""
        self.post_message(Noticed(text))

    def on_noticed(self, message: Noticed) -> None:
        self.notify(shown(message.text).plain, title="waiting", markup=False)

    def wait_ready(self) -> None:
        """Tasks wait here, off the event loop, until the lake is open."""
        self._opened.wait()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Some of the console's keys are the text's, in emacs' way of editing and in vim's."""
        return action not in self.taken

    @property
    def taken(self) -> Collection[str]:
        """The actions whose keys are the text's by now."""
        return TAKEN.get(getattr(self.focused, "editing", ""), ())

    def _keep_theme(self, theme: str) -> None:
        try:
            keep_theme(theme, self.lake.environment)
        except Exception as error:
            self.say(error, "warning")

    async def on_event(self, event: Event) -> None:
        """A letter with Alt is typed by nobody: a terminal sends it as Esc and the letter, and the
        library would put that into a text where no key of it is bound before the text has it. Where
        SQL is typed it may be what was sent, and the text has it before the console."""
        if isinstance(event, Key) and not event.is_forwarded:
            if not self.screen.is_mounted:
                type_again(self, event)
                return
            self._typed_on[event] = self.screen
            if event.key.startswith("alt+"):
                focused = self.focused
                if focused is not None and hasattr(focused, "editing"):
                    focused._forward_event(event)
                    return
                event.character = None
                if isinstance(focused, Input):
                    event.key = _IN_A_LINE.get(event.key, event.key)
        if isinstance(event, Paste) and not isinstance(self.focused, TextArea | LineInput):
            # The library's own lines draw what they are given.
            if refused(self, event.text):
                return
            event.text = pictured(event.text)
        await super().on_event(event)

    async def on_key(self, event: Key) -> None:
        """Nobody has taken it. Typed in one piece behind a key that opened a dialog, as over SSH, it is
        the dialog's: its field would not have it, and its keys would be asked."""
        if self._typed_on.get(event, self.screen) is not self.screen:
            event.prevent_default()
            type_again(self, event)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """What cannot be done is said, as of a definition that is gone by now, and ends nothing."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except LakeshellError as error:
            self.say(error)
            return True

    def say(self, error: BaseException, severity: SeverityLevel = "error") -> None:
        """What happened and what to do."""
        message, hint = said(error)
        self.notify(
            shown(hint).plain,
            title=shown(message).plain,
            severity=severity,
            markup=False,
            timeout=10,
        )

    # --- going somewhere -------------------------------------------------------------------

    def action_go(self, name: str) -> None:
        """To a screen, unless a dialog is waiting for its answer: it may have been left by the key
        just before."""
        if len(self.screen_stack) == 1:
            self._go_to(name)
        else:
            self._behind(self.focused or self.screen, partial(self._go_to, name))

    def _go_to(self, name: str) -> None:
        if name in BY_NAME and len(self.screen_stack) == 1:
            self.switch_mode(name)

    def _behind(self, node: MessagePump | None, call: Callable[[], object]) -> None:
        """Once the keys that were sent to a widget are done, by whoever has them bound."""
        if node is None:
            call()
        else:
            node.call_later(self._behind, node._parent, call)

    def name_terminal(self, noun: str) -> None:
        title = f"lakeshell: {self.lake.folder.name}: {BY_NAME[noun].title}"
        terminal.set_title(self._driver, title)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for entry in ENTRIES:
            yield SystemCommand(
                entry.title, entry.help, lambda name=entry.name: self.action_go(name)
            )
        for title, keys, call in commands(screen):
            yield SystemCommand(title, keys, call, discover=False)
        yield SystemCommand("Theme", "Dark, light, high contrast, and others", self.search_themes)
        yield SystemCommand("Help", "The keys of this screen", self.action_help)
        yield SystemCommand("Quit", "End the console", self.action_quit)

    def get_driver_class(self) -> type[Driver]:
        """On a terminal, the one that writes no more than it must."""
        found = super().get_driver_class()
        return SparingDriver if found is LinuxDriver else found

    def on_resize(self) -> None:
        self._forget_terminal()

    def _forget_terminal(self) -> None:
        if isinstance(self._driver, Sparing):
            self._driver.forget()

    def action_redraw(self) -> None:
        """All of it, where something else wrote to the terminal."""
        self._forget_terminal()
        self.screen.refresh(layout=True)

    def copy_to_clipboard(self, text: str) -> None:
        """As OSC 52, through tmux and screen."""
        self._clipboard = text
        clipboard.send(self._driver, text, self.lake.environment)

    def action_palette(self) -> None:
        """As Ctrl+P, where that is the text's."""
        super().action_command_palette()

    def action_help(self) -> None:
        from lakeshell.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def open_tab(self, tab: Tab, *, run: bool = False) -> None:
        """One more tab of the query screen, in front; `run` runs all of it."""
        self.action_go("query")
        self.call_after_refresh(self._add_tab, tab, run)

    async def _add_tab(self, tab: Tab, run: bool) -> None:
        from lakeshell.tui.screens.query import QueryScreen

        if isinstance(self.screen, QueryScreen):
            await self.screen.add(tab)
            if run:
                self.screen.action_run(True)

    # --- the end ---------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Ends, after asking where that would stop something."""
        tasks = self.running.values()
        titles = [task.title for task in tasks if task.title and not task.finished.is_set()]
        if not titles:
            self.end()
            return
        from lakeshell.tui.screens.leave import LeaveScreen

        if isinstance(self.screen, LeaveScreen):
            return
        self.push_screen(LeaveScreen(titles), lambda stop: self.end() if stop else None)

    def end(self) -> None:
        """What runs is asked to end, and what is to be kept is written."""
        self._put_away()
        self.exit()

    def hang_up(self) -> None:
        """The terminal is gone: there is nothing left to draw on, and nobody to ask. The process
        goes when what ran has undone what it had begun, or after a while without that."""
        self._put_away()
        threading.Thread(target=self._go, name="console-end", daemon=True).start()

    @property
    def bug(self) -> Exception | None:
        """What ended it that nobody foresaw."""
        return self._exception

    def _fatal_error(self) -> None:
        """A bug: what was typed is kept, and whoever opened the console raises it where it is said
        in a line. The library would draw all that the program held, with what is secret in it."""
        with suppress(Exception):
            self._put_away()
        self._close_messages_no_wait()

    def _put_away(self) -> None:
        for task in list(self.running.values()):
            task.stop()
        for screens in self._screen_stacks.values():
            for screen in screens:
                keep = getattr(screen, "keep", None)
                if keep is not None:
                    keep()

    def wait_for_work(self) -> None:
        """Until what ran has undone what it had begun and said so in the history, or a while without
        that. What only looked at something has nothing to undo."""
        last = time.monotonic() + LAST_MOMENT
        for task in list(self.running.values()):
            if task.title:
                task.finished.wait(max(0.0, last - time.monotonic()))

    def _go(self) -> None:
        self.wait_for_work()
        # Textual's own ending would write to the terminal that is gone, and wait for that for ever.
        os._exit(128 + signal.SIGHUP)
