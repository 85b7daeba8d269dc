"""Query: tabs of SQL, each with its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from lakeshell.errors import LakeshellError, command_line
from lakeshell.tui.background import said
from lakeshell.tui.screens.asking import LineScreen
from lakeshell.tui.screens.base import LakeScreen
from lakeshell.tui.tabs import Tab, TabFile, Tabs, moment, title_of
from lakeshell.tui.widgets.querytab import QueryTab
from lakeshell.tui.widgets.rows import RowsPane
from lakeshell.tui.widgets.tabline import TabLine

if TYPE_CHECKING:
    from lakeshell.query.compare import Comparison
    from lakeshell.query.completion import Vocabulary

_KEEP_AFTER = 1.0
"""Seconds after a change until the tabs are written."""
_AGAIN = 2.0
"""Seconds after which names that could not be read are asked for again."""
_CLOSED = 10
"""Closed tabs that are kept."""
_Origin = tuple[str, str, str]
"""Workgroup, name and `born` of the saved query that a tab came from."""


class QueryScreen(LakeScreen):
    noun = "query"
    BINDINGS = [
        Binding("f5,ctrl+enter,ctrl+j", "run(False)", "Run", id="query.run", priority=True),
        Binding("f6", "run(True)", "Run all", id="query.run_all", priority=True),
        Binding("f7", "cancel", "Cancel", id="query.cancel", priority=True),
        Binding("f4", "toggle_focus", "Editor/rows", id="query.focus", priority=True),
        Binding("f8", "zoom", "Zoom", id="query.zoom", priority=True),
        Binding("f9", "format", "Format", id="query.format", priority=True, show=False),
        Binding("f10", "place", "Where", id="query.place", priority=True),
        Binding("ctrl+t", "new", "New tab", id="query.new", priority=True, show=False),
        Binding("ctrl+s", "save_as", "Save the query", id="query.save", priority=True, show=False),
        Binding("alt+t", "reopen", "Open a closed tab", id="query.reopen", priority=True, show=False),
        Binding("ctrl+w", "close", "Close tab", id="query.close", priority=True, show=False),
        Binding("ctrl+r", "rename", "Name the tab", id="query.rename", priority=True, show=False),
        Binding("ctrl+pagedown,alt+right", "next(1)", "Next tab", id="query.next", priority=True, show=False),
        Binding("ctrl+pageup,alt+left", "next(-1)", "Tab before", id="query.previous", priority=True, show=False),
        Binding("alt+down", "result(1)", "Next result", id="query.next_result", priority=True, show=False),
        Binding("alt+up", "result(-1)", "Result before", id="query.previous_result", priority=True, show=False),
    ]  # fmt: skip
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    QueryScreen #tabs { height: 1fr; }
    QueryScreen.-flat QueryTab.-results SqlEditor { display: none; }
    QueryScreen.-flat QueryTab #results { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._file = TabFile(self.lake.state / "console")
        self._kept = self._file.read()
        self._current = self._kept.current
        self._closed_tabs = list(self._kept.closed)
        self._no_names = ""
        """What is said of names that cannot be read."""

    def body(self) -> ComposeResult:
        yield TabLine(id="tab_names")
        with Vertical(id="tabs"):
            for tab in self._kept.tabs:
                yield QueryTab(tab)

    def on_mount(self) -> None:
        self._show(self._current)
        self.console.theme_changed_signal.subscribe(self, lambda _: self._follow_theme())

    def look(self) -> None:
        self.read_words()
        self.follow_saved()

    def read_words(self) -> None:
        """The names for completion, as the catalog has them now, for all tabs at once."""
        tabs = self._tabs

        def draw(found: Sequence[Vocabulary]) -> None:
            self.unsay(self._no_names)
            self._no_names = ""
            for tab, words in zip(tabs, found, strict=True):
                tab.take(words)

        def failed(error: BaseException) -> None:
            """Said in a line alone, and once, for nobody asked for names: it may be gone soon."""
            text = f"no names to complete with: {said(error)[0]}"
            if text != self._no_names:
                self._no_names = text
                self.status(text)
            self.set_timer(_AGAIN, again)

        def again() -> None:
            if self.is_current:
                self.read_words()

        self.ask(
            "words",
            lambda: self.lake.words(*(tab.names_from() for tab in tabs)),
            draw,
            failed,
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in self.console.taken

    @property
    def _tabs(self) -> list[QueryTab]:
        return list(self.query(QueryTab))

    @property
    def tab(self) -> QueryTab:
        return self._tabs[self._current]

    def _follow_theme(self) -> None:
        for tab in self._tabs:
            tab.editor.follow_theme()

    # --- tabs ------------------------------------------------------------------------------

    def _show(self, index: int) -> None:
        tabs = self._tabs
        self._current = min(max(0, index), len(tabs) - 1)
        for number, tab in enumerate(tabs):
            tab.display = number == self._current
        self._draw_names()
        # At once: what is typed next is this tab's, however soon it comes.
        self.set_focus(tabs[self._current].editor.text_input)
        self.changed()

    def _draw_names(self) -> None:
        names = [tab.tab_name for tab in self._tabs]
        self.query_one("#tab_names", TabLine).draw(names, self._current)

    async def action_new(self) -> None:
        taken = {tab.tab_name for tab in self._tabs}
        name = next(str(n) for n in range(1, len(taken) + 2) if str(n) not in taken)
        await self.add(Tab(name))

    async def add(self, tab: Tab) -> None:
        """One more tab, in front."""
        await self.query_one("#tabs").mount(QueryTab(tab))
        self._show(len(self._tabs) - 1)
        self.look()

    async def action_close(self) -> None:
        """Closes the tab; the last one is only emptied. Alt+T brings it back."""
        tab = self.tab
        if tab.editor.text.strip():
            self._closed_tabs = [*self._closed_tabs, tab.state()][-_CLOSED:]
            self.status(f"{tab.tab_name} is closed: Alt+T opens it again")
        if len(self._tabs) == 1:
            tab.editor.text = ""
            return
        tab.close()
        await tab.remove()
        self._show(self._current)

    async def action_reopen(self) -> None:
        if self._closed_tabs:
            await self.add(self._closed_tabs.pop())
        else:
            self.status("no tab was closed")

    def action_next(self, step: int) -> None:
        self._show((self._current + step) % len(self._tabs))

    def on_tab_line_picked(self, event: TabLine.Picked) -> None:
        self._show(event.index)

    def action_rename(self) -> None:
        def take(name: str | None) -> None:
            if name and name.strip():
                self.tab.tab_name = name.strip()
                self._draw_names()
                self.changed()

        self.app.push_screen(LineScreen("Name of the tab", self.tab.tab_name), take)

    def follow_saved(self) -> None:
        """The tabs of saved queries are theirs still when those were renamed, here, by another
        console or by the command: saved again they would make a second query under the old name."""
        tabs: list[QueryTab | Tab] = [*self._tabs, *self._closed_tabs]
        held = {self._origin(tab) for tab in tabs if tab.saved}
        library = self.lake.library

        def read() -> dict[_Origin, tuple[str, str]]:
            found = {}
            for group, name, born in held:
                with suppress(LakeshellError):
                    called, first = library.called(group, name, moment(born))
                    found[group, name, born] = called, first.isoformat()
            return found

        if held:
            self.ask("saved", read, self._follow)

    def _follow(self, found: Mapping[_Origin, tuple[str, str]]) -> None:
        def known(tab: QueryTab | Tab) -> tuple[str, str]:
            return found.get(self._origin(tab), (tab.saved, tab.born))

        tabs: list[QueryTab | Tab] = [*self._tabs, *self._closed_tabs]
        if all(known(tab) == (tab.saved, tab.born) for tab in tabs):
            return
        for tab in self._tabs:
            name, (tab.saved, tab.born) = tab.saved, known(tab)
            tab.tab_name = title_of(tab.tab_name, name, tab.saved)
        self._closed_tabs = [
            replace(tab, saved=saved, born=born, name=title_of(tab.name, tab.saved, saved))
            for tab in self._closed_tabs
            for saved, born in [known(tab)]
        ]
        self._draw_names()
        self.changed()

    def _origin(self, tab: QueryTab | Tab) -> _Origin:
        return tab.workgroup or self.lake.settings.workgroup, tab.saved, tab.born

    def changed(self) -> None:
        """Something that is kept changed."""
        self.after_typing(_KEEP_AFTER, self._keep_aside)

    def _keep_aside(self) -> None:
        tabs = self._state()
        if tabs is not None:
            turn = self._file.turn()
            self.ask("keep", lambda: self._file.keep(tabs, turn), lambda _: None)

    def keep(self) -> None:
        """Writes the tabs at once: the console ends."""
        tabs = self._state()
        if tabs is not None:
            self._file.keep(tabs)

    def _state(self) -> Tabs | None:
        tabs = self._tabs
        # A tab that is being taken down has lost a part of it already, and must not lose its text.
        if not tabs or not all(tab.is_whole for tab in tabs):
            return None
        return Tabs([tab.state() for tab in tabs], self._current, tuple(self._closed_tabs))

    def on_unmount(self) -> None:
        self._file.close()

    # --- keys ------------------------------------------------------------------------------

    def action_run(self, everything: bool) -> None:
        # Behind the keys that the editor was sent before: what was typed is what runs.
        (self.focused or self).call_later(self.tab.run_statements, everything)

    def action_format(self) -> None:
        """Lays out the selection, or all of the text."""
        self.tab.lay_out()

    def action_cancel(self) -> None:
        self.tab.cancel()

    def action_toggle_focus(self) -> None:
        self.tab.toggle_focus()

    def action_zoom(self) -> None:
        self.tab.zoom()

    def action_result(self, step: int) -> None:
        self.tab.results.step(step)

    def action_save_as(self, close: bool = False) -> None:
        """The text as a saved query of the tab's workgroup; its tab may be closed then."""
        from lakeshell.tui.screens.saveas import save_form

        tab = self.tab
        if not tab.editor.text.strip():
            self.status("there is nothing to save")
            return
        workgroup = tab.workgroup or self.lake.settings.workgroup
        form = save_form(self.lake, workgroup, tab.editor.text, tab.saved, moment(tab.born))

        def take(saved: bool | None) -> None:
            if saved:
                name = form.values()["name"]
                tab.born = tab.born if name == tab.saved else ""
                tab.saved = tab.tab_name = name
                self.follow_saved()
                self._draw_names()
                self.changed()
                if close:
                    self.call_later(self.action_close)
                self.status(f"saved: {command_line('saved', 'run', tab.saved, '-w', workgroup)}")

        self.app.push_screen(form, take)

    # --- comparing -------------------------------------------------------------------------

    def on_rows_pane_compare_wanted(self, event: RowsPane.CompareWanted) -> None:
        """With any other result of any tab."""
        from lakeshell.query.compare import compare, likely_keys
        from lakeshell.tui.screens.compare import CompareScreen

        rows, tab = event.pane.rows, self.tab
        found = [named for each in self._tabs for named in each.results_of()]
        about = next((name for name, held in found if held is rows), event.pane.title)
        others = [(name, held) for name, held in found if held is not rows]
        if rows is None or not others:
            self.status("there is no other result yet: p keeps this one, then run another query")
            return

        def choose(keys: Sequence[str]) -> None:
            names = [name for name, _ in others]
            self.app.push_screen(CompareScreen(about, names, keys), take)

        def take(chosen: tuple[int, tuple[str, ...]] | None) -> None:
            if chosen is None:
                return
            name, held = others[chosen[0]]
            folder = self.lake.state / "console"
            self.status("comparing …")
            self.ask(
                "compare",
                lambda: compare(rows, held, chosen[1], folder),
                lambda made: self._compared(tab, made, (about, name)),
            )

        self.ask("keys", lambda: likely_keys(rows, others[0][1]), choose)

    def _compared(self, tab: QueryTab, found: Comparison, names: tuple[str, str]) -> None:
        self.status("")
        tab.show_comparison(found, names)
        tab.results.focus_rows()

    def action_place(self) -> None:
        from lakeshell.tui.screens.place import PlaceScreen

        tab = self.tab

        def take(chosen: tuple[str | None, str | None] | None) -> None:
            if chosen is not None:
                tab.set_place(*chosen)
                self.changed()

        self.ask(
            "places",
            lambda: (
                self.lake.workgroups.names(),
                [database.name for database in self.lake.catalog.databases()],
            ),
            lambda found: self.app.push_screen(
                PlaceScreen(*found, tab.workgroup, tab.database), take
            ),
        )
