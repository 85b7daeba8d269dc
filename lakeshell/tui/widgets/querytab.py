"""One tab of the query screen: an editor, what its statement would scan, and the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Vertical

from lakeshell.errors import LakeshellError, QueryFailed
from lakeshell.query.completion import Vocabulary
from lakeshell.query.parameters import asked_for
from lakeshell.query.statement import is_blank, statement_under
from lakeshell.sql.statement import StatementText
from lakeshell.tui.background import Task
from lakeshell.tui.running import StatementRun
from lakeshell.tui.safe import shortened
from lakeshell.tui.screens.saving import save_text
from lakeshell.tui.tabs import Tab
from lakeshell.tui.widgets.editor import SqlEditor
from lakeshell.tui.widgets.estimate import EstimateLine
from lakeshell.tui.widgets.results import ResultPane
from lakeshell.tui.widgets.resulttabs import ResultTabs
from lakeshell.tui.widgets.rows import RowsPane
from lakeshell.tui.widgets.sqlarea import SqlArea

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.ports import Session
    from lakeshell.query.compare import Comparison
    from lakeshell.query.rows import ResultRows
    from lakeshell.tui.app import Console
    from lakeshell.tui.screens.query import QueryScreen


class QueryTab(Vertical):
    DEFAULT_CSS = """
    QueryTab { height: 1fr; }
    QueryTab SqlEditor { height: 2fr; min-height: 3; }
    QueryTab SqlArea { scrollbar-size: 1 1; }
    QueryTab #results { height: 3fr; }
    QueryTab.-results SqlEditor { height: 3; }
    QueryTab.-editor #results { display: none; }
    """

    def __init__(self, tab: Tab) -> None:
        super().__init__()
        self.tab_name = tab.name
        self.workgroup, self.database = tab.workgroup, tab.database
        self.saved, self.born = tab.saved, tab.born
        self._values = dict(tab.parameters)
        self._first = tab
        self._session: Session | None = None
        self._under_way: Task | None = None
        self.words = Vocabulary()
        """The names for completion."""
        self._followed: ResultPane | None = None

    def compose(self) -> ComposeResult:
        console = cast("Console", self.app)
        place = (self._first.line, self._first.column)
        editing = console.preferences.editing
        yield SqlEditor(self._first.sql, lambda: self.words, editing, place)
        yield EstimateLine(
            console.lake, self._place, self.session, lambda: self._values, id="estimate"
        )
        yield ResultTabs(id="results")

    def on_mount(self) -> None:
        self.estimate.draw()
        if self._first.results:
            from lakeshell.tui.widgets.kept import KeptPane

            self.results.show([KeptPane(id) for id in self._first.results])
        self.estimate.make(self.editor.text, (self._first.line, self._first.column))

    @property
    def host(self) -> QueryScreen:
        from lakeshell.tui.screens.query import QueryScreen

        assert isinstance(self.screen, QueryScreen)
        return self.screen

    @property
    def editor(self) -> SqlEditor:
        return self.query_one(SqlEditor)

    @property
    def estimate(self) -> EstimateLine:
        return self.query_one(EstimateLine)

    @property
    def results(self) -> ResultTabs:
        return self.query_one(ResultTabs)

    @property
    def panes(self) -> list[ResultPane]:
        """Of the statements that ran last, and of those that were kept."""
        return self.results.runs

    @property
    def at_rest(self) -> bool:
        """Nothing runs, and everything that ran is drawn to its end."""
        return not self.running and all(pane.at_end for pane in self.panes)

    @property
    def is_whole(self) -> bool:
        """Not before it is composed, nor while it is taken down, piece by piece."""
        return bool(self.query(SqlEditor)) and bool(self.query(ResultTabs))

    @property
    def lake(self) -> Lake:
        return self.host.lake

    @property
    def running(self) -> bool:
        return self._under_way is not None and not self._under_way.finished.is_set()

    def state(self) -> Tab:
        line, column = self.editor.place
        return Tab(
            self.tab_name,
            self.editor.text,
            line,
            column,
            self.workgroup,
            self.database,
            self.saved,
            self._values,
            self.results.kept_ids,
            self.born,
        )

    def session(self) -> Session:
        """The tab's own: what USE and SET SESSION changed stays. Called on threads."""
        if self._session is None:
            made = self.lake.session(self.workgroup, source="console")
            made.database = self.database or made.database
            self._session = made
        return self._session

    def take(self, words: Vocabulary) -> None:
        """The names for completion, as they are now."""
        self.words = words
        if self.is_whole:
            self.editor.look_again()

    def names_from(self) -> str | None:
        """The database of names without one. Called on threads."""
        try:
            return self.session().database
        except LakeshellError:
            # Its workgroup is gone: a statement says so, and the other tabs have their names.
            return self.database

    def set_place(self, workgroup: str | None, database: str | None) -> None:
        self.workgroup, self.database = workgroup, database
        self._session = None
        self.host.read_words()
        self.estimate.make(self.editor.text, self.editor.place)

    def _place(self) -> str:
        """Where statements run, and vim's mode."""
        where = f"{self.workgroup or 'primary'}  {self.database or ''}".strip()
        return "  |  ".join(filter(None, (where, self.editor.mode)))

    # --- the editor ------------------------------------------------------------------------

    def on_sql_editor_edited(self) -> None:
        self.host.changed()
        self.estimate.later(lambda: self.editor.text, lambda: self.editor.place)

    def on_sql_editor_to_file(self) -> None:
        def said(path: Path) -> None:
            self.host.status(f"the text is in {path}: lakeshell query -f runs it")

        name, note = f"{self.tab_name}.sql", "Enter writes it, Esc leaves it"
        save_text(self.host, "Save the text to", name, note, self.editor.text, said)

    def on_sql_area_mode_changed(self) -> None:
        self.estimate.draw()

    def on_sql_area_commanded(self, event: SqlArea.Commanded) -> None:
        """Vim's commands, besides a line's number. A closed tab can be opened again, so that none
        has to be forced."""
        try:
            match event.text.removesuffix("!"):
                case "w":
                    self.host.action_save_as()
                case "wq" | "x":
                    self.host.action_save_as(close=True)
                case "q":
                    self.host.call_later(self.host.action_close)
                case "qa":
                    self.app.call_later(self.app.action_quit)
                case _:
                    self.host.status(f":{event.text} is none of :w :q :wq :x :qa and :LINE")
        finally:
            event.done.set()

    def on_sql_area_too_large(self, event: SqlArea.TooLarge) -> None:
        """It is not lost: it can go to a file, which the command runs."""
        size = f"{len(event.text) / 2**20:,.1f} MB"

        def said(path: Path) -> None:
            self.host.status(f"lakeshell query -f {path} runs the {size} that are in it")

        note = "the editor holds 1 MB and lines of 20,000 characters: Enter saves it, Esc drops it"
        question = f"{size} are no query; save to"
        save_text(self.host, question, "pasted.sql", note, event.text, said)

    def lay_out(self) -> None:
        from lakeshell.sql.layout import layout

        editor = self.editor
        if editor.selected_text:
            editor.insert_text_at_selection(layout(editor.selected_text))
        elif not is_blank(editor.text):
            editor.text = layout(editor.text)

    # --- running ---------------------------------------------------------------------------

    def run_statements(self, everything: bool) -> None:
        """The selection, else the statement under the cursor, or all of them."""
        editor = self.editor
        if self._busy():
            return
        # While something is sought in the text, what is selected is what was found.
        selected = "" if editor.finds else editor.selected_text
        text, place = selected or editor.text, editor.place
        first = min(editor.selection.start, editor.selection.end) if selected else (0, 0)
        self.host.ask(
            f"split {id(self)}",
            lambda: [s for s in self.lake.engine.split(text) if not is_blank(s.text)],
            lambda found: self._choose(found, place, first, everything or bool(selected)),
        )

    def _busy(self) -> bool:
        if self.running:
            self.notify("this tab is running: F7 cancels it", severity="warning", markup=False)
        return self.running

    def _choose(
        self,
        found: Sequence[StatementText],
        place: tuple[int, int],
        first: tuple[int, int],
        everything: bool,
    ) -> None:
        if not everything:
            under = statement_under(found, *place)
            found = [] if under is None else [under]
        if not found:
            self.notify("there is no statement here", severity="warning", markup=False)
            return
        moved = [
            StatementText(s.text, s.line + first[0], s.column + (first[1] if s.line == 1 else 0))
            for s in found
        ]
        wanted = tuple(dict.fromkeys(name for s in moved for name in asked_for(s.text)))
        if not wanted:
            self._begin(moved, {})
            return
        from lakeshell.definitions.saved import parse
        from lakeshell.tui.screens.parameters import ParametersScreen

        declared = parse("", "", self.editor.text).parameters
        known = {name: value for name, value in declared.items() if value is not None}

        def take(values: dict[str, str] | None) -> None:
            if values is not None:
                self._values = {**self._values, **values}
                self.host.changed()
                self._begin(moved, values)

        self.app.push_screen(ParametersScreen(wanted, {**known, **self._values}), take)

    def run_beside(self, sql: str) -> None:
        """A statement that is not in the editor, its result beside the others."""
        if not self._busy():
            self._begin([StatementText(sql, 1, 1)], {}, beside=True)

    def _begin(
        self, found: Sequence[StatementText], values: Mapping[str, str], *, beside: bool = False
    ) -> None:
        self.remove_class("-editor")
        folder = self.lake.state / "console"
        panes = [ResultPane(self._made(each, folder, values)) for each in found]
        self.results.show(panes, beside=beside)
        runs = [pane.run for pane in panes]
        title = f"query: {shortened(runs[0].statement.text, 50)}"
        self._under_way = self.host.carry_out(
            f"run {id(self)}",
            title,
            lambda _: self._carry_out(runs),
            lambda _: self._ended(panes, in_editor=not beside),
        )
        self._under_way.cancel = partial(_cancel, runs)

    def _made(
        self, statement: StatementText, folder: Path, values: Mapping[str, str]
    ) -> StatementRun:
        """Its news reach the pane by the event loop's own queue."""

        def told() -> None:
            if self.is_attached:
                self.app.call_later(self._news)

        return StatementRun(statement, folder, told, values)

    def _carry_out(self, runs: Sequence[StatementRun]) -> None:
        """On a thread: one after the other, until one fails."""
        session, services = self.session(), self.lake.services
        for run in runs:
            run.carry_out(session, services)
            if run.error is not None:
                return

    def _news(self) -> None:
        if not self.is_attached:
            return
        for pane in self.panes:
            if pane.is_mounted:
                pane.draw()
        now = next((p for p in self.panes if p.run.begun and not p.run.ended), None)
        if now is not None and now is not self._followed:
            self.results.pick(now)
        else:
            self.results.draw_names()
        self._followed = now

    def _ended(self, panes: Sequence[ResultPane], *, in_editor: bool) -> None:
        self._under_way = None
        self.host.status("")
        self._news()
        self.database = self.session().database
        if any(pane.run.changed_something for pane in panes):
            self.host.read_words()
        self.host.changed()
        for pane in panes:
            pane.skip()
        failed = next((pane for pane in panes if pane.run.error is not None), None)
        if failed is None:
            return
        self.results.pick(failed)
        error = failed.run.error
        if in_editor and isinstance(error, QueryFailed) and error.line:
            self.editor.go_to(error.line, error.column or 1)

    def cancel(self) -> None:
        if self._under_way is not None and self.running:
            self._under_way.stop()
            self.host.status("cancelling …")

    # --- results ---------------------------------------------------------------------------

    def on_rows_pane_make_wanted(self, event: RowsPane.MakeWanted) -> None:
        """A table or a view of the query that gave a result."""
        from lakeshell.tui.screens.saveas import creation_form

        made: dict[str, str] = {}
        form = creation_form(event.sql, self.session().database, made)
        self.app.push_screen(form, lambda sent: self.run_beside(made["sql"]) if sent else None)

    def show_comparison(self, found: Comparison, names: tuple[str, str]) -> None:
        from lakeshell.tui.widgets.comparison import ComparisonPane

        self.results.show([ComparisonPane(found, names)], beside=True)

    def results_of(self) -> list[tuple[str, ResultRows]]:
        """(what it is called, its rows), of each result that has any."""
        found = []
        for number, pane in enumerate(self.results.panes, 1):
            if pane.rows is not None and pane.at_end:
                found.append((f"{self.tab_name}.{number} {pane.title}", pane.rows))
        return found

    def toggle_focus(self) -> None:
        """From the editor to the rows and back; a flat window has room for one of them."""
        flat = self.screen.has_class("-flat")
        if self.editor.has_focus_within:
            self.remove_class("-editor")
            self.set_class(flat or self.has_class("-results"), "-results")
            self.results.focus_rows()
        else:
            self.set_class(not flat and self.has_class("-results"), "-results")
            self.host.set_focus(self.editor.text_input)

    def zoom(self) -> None:
        """Both, the results, the editor alone."""
        if self.has_class("-results"):
            self.remove_class("-results")
            self.add_class("-editor")
            self.host.set_focus(self.editor.text_input)
        elif self.has_class("-editor"):
            self.remove_class("-editor")
        else:
            self.add_class("-results")

    def close(self) -> None:
        self.cancel()
        self.results.close()


def _cancel(runs: Sequence[StatementRun]) -> None:
    for run in runs:
        run.cancel()
