"""Saved queries: each with its text, parameters and versions; run, written, copied, renamed, removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.content import Content

from lakeshell.definitions.library import difference
from lakeshell.definitions.saved import SavedQuery, parse
from lakeshell.errors import ConfigurationError, command_line
from lakeshell.query.parameters import names
from lakeshell.query.script import check_text
from lakeshell.tui.safe import beginning, shown_lines
from lakeshell.tui.screens import savedforms
from lakeshell.tui.screens.edited import Edited
from lakeshell.tui.screens.form import Values
from lakeshell.tui.screens.noun import NounScreen, Row
from lakeshell.tui.screens.textedit import TextEditScreen, editable
from lakeshell.tui.screens.versions import VersionsScreen
from lakeshell.tui.tabs import NAME, Tab
from lakeshell.tui.widgets.area import ScriptView
from lakeshell.tui.widgets.listing import Listing
from lakeshell.tui.widgets.sheet import Sheet, values
from lakeshell.tui.widgets.sheet import difference as drawn

if TYPE_CHECKING:
    from lakeshell.model import SavedVersion


class SavedScreen(NounScreen):
    noun = "saved"
    columns = ("query", "workgroup", "parameters", "description")
    nothing = "no query is saved yet: a saves one, and so does the query screen"
    BINDINGS = [
        Binding("enter,o", "open", "Open", id="saved.open"),
        Binding("r", "run", "Run", id="saved.run"),
        Binding("e", "edit", "Edit", id="saved.edit"),
        Binding("a", "add", "Add", id="saved.add"),
        Binding("c", "copy", "Save as", id="saved.copy"),
        Binding("n", "rename", "Rename", id="saved.rename"),
        Binding("v", "versions", "Versions", id="saved.versions"),
        Binding("delete", "remove", "Remove", id="saved.remove", show=False),
    ]
    DEFAULT_CSS = """
    SavedScreen #text { height: 1fr; }
    SavedScreen #text Sheet { height: auto; max-height: 50%; border: none; width: 100%; }
    SavedScreen #text ScriptView { height: 1fr; width: 100%; border-top: solid $panel; }
    SavedScreen.-flat #text Sheet { display: none; }
    SavedScreen #text { border-top: solid $panel; }
    SavedScreen.-wide #text { width: 3fr; border-top: none; border-left: solid $panel; }
    """

    def body(self) -> ComposeResult:
        with Container(id="split"):
            yield Listing(self.columns, id="list", widest=40)
            with Vertical(id="text"):
                yield Sheet(id="sheet")
                yield ScriptView()

    def rows(self) -> Sequence[Row]:
        found: list[Row] = []
        for group in self.lake.saved.workgroups():
            if self.lake.may_use(group):
                for name in self.lake.saved.names(group):
                    try:
                        query = self.lake.saved.get(group, name)
                    except ConfigurationError as error:
                        found.append((f"{group}/{name}", (name, group, "", error.message)))
                        continue
                    given = ", ".join(dict.fromkeys((*query.parameters, *sorted(names(query.sql)))))
                    found.append((f"{group}/{name}", (name, group, given, query.description)))
        return found

    @property
    def place(self) -> tuple[str, str] | None:
        """Workgroup and name of the chosen one."""
        key = self.chosen
        if key is None:
            return None
        group, _, name = key.partition("/")
        return group, name

    def draw_rows(self, found: Sequence[Row]) -> None:
        super().draw_rows(found)
        if not found:
            self.query_one(ScriptView).show("")

    def look_closer(self) -> None:
        place = self.place
        if place is not None:
            self.ask("sheet", lambda: self._read(*place), self._draw, self._unreadable)

    def _read(self, group: str, name: str) -> tuple[Sequence[Content], str]:
        query = self.lake.library.get(group, name)
        versions = self.lake.library.versions(group, name)
        last = versions[-1]
        given = [
            name if value is None else f"{name} = {value}"
            for name, value in query.parameters.items()
        ]
        about = values(
            {
                "saved query": f"{name} of {group}",
                "description": " ".join(query.description.split()),
                "parameters": ", ".join(given),
                "version": f"{last.version}, by {last.user} at {last.saved:%Y-%m-%d %H:%M}",
                "file": self.lake.saved.path(group, name),
                "command": command_line("saved", "run", name, "-w", group),
            }
        )
        return [about], self.lake.library.read(group, name)

    def _draw(self, found: tuple[Sequence[Content], str]) -> None:
        about, text = found
        self.query_one(Sheet).draw(about)
        self.query_one(ScriptView).show(text)

    def _unreadable(self, error: BaseException) -> None:
        self._no_sheet(error)
        self.query_one(ScriptView).show("")

    # --- in the query screen ---------------------------------------------------------------

    def on_listing_opened(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Its text in a tab, in its workgroup."""
        self._to_tab(run=False)

    def action_run(self) -> None:
        self._to_tab(run=True)

    def _to_tab(self, *, run: bool) -> None:
        place = self.place
        if place is None:
            return
        group, name = place

        def draw(query: SavedQuery) -> None:
            given = {key: value for key, value in query.parameters.items() if value is not None}
            tab = Tab(name[:NAME], query.text, 1, 1, group, saved=name, parameters=given)
            self.console.open_tab(tab, run=run)

        self.ask("open", lambda: self.lake.library.get(group, name), draw)

    # --- writing ---------------------------------------------------------------------------

    def action_add(self) -> None:
        group = self.place[0] if self.place else self.lake.settings.workgroup
        self.fill_in(savedforms.add_form(self.lake, group))

    def action_edit(self) -> None:
        place = self.place
        if place is None:
            return
        group, name = place
        library = self.lake.library
        edited = Edited(self.lake.saved.path(group, name), lambda: library.read(group, name))

        def save(text: str) -> object:
            return library.save(parse(group, name, text), replace=True)

        def draw(text: str) -> None:
            screen = TextEditScreen(f"{name} of {group}", text, edited, save, check_text)
            self.app.push_screen(screen, lambda made: self.look() if made else None)

        self.ask("edit", lambda: editable(edited), draw)

    def action_copy(self) -> None:
        place = self.place
        if place is None:
            return
        query = self.lake.library.get
        self.ask(
            "copy",
            lambda: query(*place),
            lambda found: self.fill_in(savedforms.copy_form(self.lake, found)),
        )

    def action_rename(self) -> None:
        place = self.place
        if place is not None:
            self.fill_in(savedforms.rename_form(self.lake, *place))

    def key_of(self, given: Values) -> str | None:
        group = given.get("workgroup") or (self.place[0] if self.place else "")
        return f"{group}/{given['name']}"

    def action_remove(self) -> None:
        place = self.place
        if place is not None:
            group, name = place
            note = f"its versions stay; $ {command_line('saved', 'rm', name, '-w', group)}"
            self.remove_named(name, lambda: self.lake.library.remove(group, name), note)

    # --- versions --------------------------------------------------------------------------

    def action_versions(self) -> None:
        place = self.place
        if place is None:
            return
        group, name = place

        def draw(found: Sequence[SavedVersion]) -> None:
            known = {version.version: version for version in found}
            rows = [(number, (v.saved, v.user, v.text.count("\n"))) for number, v in known.items()]
            screen = VersionsScreen(
                name,
                ("saved", "by", "lines"),
                rows,
                lambda number: [shown_lines(beginning(known[number].text))],
                lambda old, new: [drawn(difference(known[old], known[new]))],
                "opens it in a tab",
            )

            def take(number: int | None) -> None:
                if number is not None:
                    title = f"{name[:16]} v{number}"
                    self.console.open_tab(Tab(title, known[number].text, 1, 1, group))

            self.app.push_screen(screen, take)

        self.ask("versions", lambda: self.lake.library.versions(group, name), draw)
