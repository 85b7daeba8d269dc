"""One tab of the query screen: an editor, what its statement would scan, and the results."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Static

from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text
from lakeshell.errors import LakeshellError, QueryFailed, UsageError
from lakeshell.query.completion import Vocabulary
from lakeshell.query.statement import is_blank, statement_under
from lakeshell.sql.statement import StatementText
from lakeshell.tui.background import Task
from lakeshell.tui.running import StatementRun
from lakeshell.tui.safe import shortened, shown
from lakeshell.tui.screens.asking import LineScreen
from lakeshell.tui.tabs import Tab
from lakeshell.tui.widgets.editor import SqlEditor
from lakeshell.tui.widgets.results import ResultPane
from lakeshell.tui.widgets.sqlarea import SqlArea
from lakeshell.tui.widgets.tabline import TabLine

if TYPE_CHECKING:
    from decimal import Decimal

    from lakeshell.lake import Lake
    from lakeshell.model import Estimate
    from lakeshell.ports import Session
    from lakeshell.tui.app import Console
    from lakeshell.tui.screens.query import QueryScreen

_PAUSE = 0.4
"""Seconds without a key after which the estimate is made anew."""
_ESTIMATED = 100_000
"""Characters up to which that is done: splitting statements takes the time of keys from them."""


class QueryTab(Vertical):
    DEFAULT_CSS = """
    QueryTab { height: 1fr; }
    QueryTab SqlEditor { height: 2fr; min-height: 3; }
    QueryTab #estimate { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; background: $surface; }
    QueryTab SqlArea { scrollbar-size: 1 1; }
    QueryTab #results { height: 3fr; }
    QueryTab.-results SqlEditor { height: 3; }
    QueryTab.-editor #results { display: none; }
    """

    def __init__(self, tab: Tab) -> None:
        super().__init__()
        self.tab_name = tab.name
        self.workgroup, self.database = tab.workgroup, tab.database
        self._first = tab
        self._session: Session | None = None
        self._timer: Timer | None = None
        self._under_way: Task | None = None
        self.panes: list[ResultPane] = []
        self._picked = 0
        self._words = Vocabulary()
        self._note = ""

    def compose(self) -> ComposeResult:
        editing = cast("Console", self.app).preferences.editing
        yield SqlEditor(self._first.sql, lambda: self._words, editing)
        yield Static(id="estimate", markup=False)
        with Vertical(id="results"):
            yield TabLine(id="result_names")

    def on_mount(self) -> None:
        # The text's own first layout puts the cursor at its beginning.
        self.call_after_refresh(self.editor.go_to, self._first.line, self._first.column)
        self.query_one("#result_names").display = False
        self._say("F5 runs the statement under the cursor, F6 all; F10 sets database and workgroup")
        self._estimate()

    @property
    def host(self) -> QueryScreen:
        from lakeshell.tui.screens.query import QueryScreen

        assert isinstance(self.screen, QueryScreen)
        return self.screen

    @property
    def editor(self) -> SqlEditor:
        return self.query_one(SqlEditor)

    @property
    def at_rest(self) -> bool:
        """Nothing runs, and everything that ran is drawn to its end."""
        return not self.running and all(pane.at_end for pane in self.panes)

    @property
    def has_editor(self) -> bool:
        return bool(self.query(SqlEditor))

    @property
    def lake(self) -> Lake:
        return self.host.lake

    @property
    def running(self) -> bool:
        return self._under_way is not None and not self._under_way.finished.is_set()

    def state(self) -> Tab:
        line, column = self.editor.place
        return Tab(self.tab_name, self.editor.text, line, column, self.workgroup, self.database)

    def session(self) -> Session:
        """The tab's own: what USE and SET SESSION changed stays. Called on threads."""
        if self._session is None:
            made = self.lake.session(self.workgroup, source="console")
            made.database = self.database or made.database
            self._session = made
        return self._session

    def set_place(self, workgroup: str | None, database: str | None) -> None:
        self.workgroup, self.database = workgroup, database
        self._session = None
        self.read_words()
        self._estimate()

    def read_words(self) -> None:
        """The names for completion, as the catalog has them now."""
        self.host.ask(
            f"words {id(self)}",
            lambda: self.lake.vocabulary(self.session().database),
            self._take_words,
            lambda error: None,
        )

    def _take_words(self, found: Vocabulary) -> None:
        self._words = found

    # --- the estimate ----------------------------------------------------------------------

    def on_sql_editor_edited(self) -> None:
        self.host.changed()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE, self._estimate)

    def _estimate(self) -> None:
        text, place = self.editor.text, self.editor.place
        if is_blank(text):
            return
        if len(text) > _ESTIMATED:
            self._say(f"{len(text):,} characters are too many for an estimate while you type")
            return
        self.host.ask(
            f"estimate {id(self)}",
            lambda: self._estimated(text, place),
            self._draw_estimate,
            self._no_estimate,
        )

    def _estimated(
        self, text: str, place: tuple[int, int]
    ) -> tuple[Estimate, Decimal | None] | None:
        from dataclasses import replace

        from lakeshell.query.limits import estimate
        from lakeshell.query.order import Order

        statement = statement_under(self.lake.engine.split(text), *place)
        if statement is None:
            return None
        session = self.session()
        return estimate(Order(statement.text), replace(session), self.lake.services)

    def _draw_estimate(self, found: tuple[Estimate, Decimal | None] | None) -> None:
        if found is None:
            self._say("")
            return
        made, cost = found
        files = f" in {made.files:,} file{'' if made.files == 1 else 's'}" if made.files else ""
        if made.scanned is None:
            self._say(f"not metered: read in place from {', '.join(made.unmetered)}")
            return
        money = "" if cost is None else f", {money_text(cost)} {self.lake.services.prices.currency}"
        self._say(f"would scan {size_text(made.scanned)}{files}{money}")

    def _no_estimate(self, error: BaseException) -> None:
        """Half a statement is no error yet: what is wrong is said quietly."""
        where = ""
        if isinstance(error, QueryFailed) and error.line is not None:
            where = f"{error.line}:{error.column} "
        message = error.message if isinstance(error, LakeshellError) else repr(error)
        self._say(where + message)

    def _say(self, text: str) -> None:
        self._note = text
        self._draw_note()

    def _draw_note(self) -> None:
        """Where statements run, vim's mode, and what the statement would scan."""
        place = f"{self.workgroup or 'primary'}  {self.database or ''}".strip()
        parts = [part for part in (place, self.editor.mode, self._note) if part]
        self.query_one("#estimate", Static).update(shown("  |  ".join(parts)))

    # --- the editor's questions --------------------------------------------------------------

    def on_sql_area_mode_changed(self) -> None:
        self._draw_note()

    def on_sql_area_asked(self, event: SqlArea.Asked) -> None:
        def take(text: str | None) -> None:
            if text is not None:
                event.answered(text)

        titles = {"/": "Search downward", "?": "Search upward", ":": "Line number, or w"}
        self.app.push_screen(LineScreen(titles[event.prompt]), take)

    def on_sql_area_too_large(self, event: SqlArea.TooLarge) -> None:
        """It is not lost: it can go to a file, which the command runs."""
        size = f"{len(event.text) / 2**20:,.1f} MB"

        def take(name: str | None) -> None:
            if name:
                self.host.ask("save", partial(_write, Path(name).expanduser(), event.text), said)

        def said(path: Path) -> None:
            self.host.status(f"lakeshell query -f {path} runs the {size} that are in it")

        note = "the editor holds 1 MB and lines of 20,000 characters: Enter saves it, Esc drops it"
        self.app.push_screen(LineScreen(f"{size} are no query; save to", "pasted.sql", note), take)

    # --- running ---------------------------------------------------------------------------

    def run_statements(self, everything: bool) -> None:
        """The selection, else the statement under the cursor, or all of them."""
        editor = self.editor
        if self.running:
            self.notify("this tab is running: F7 cancels it", severity="warning", markup=False)
            return
        selected = editor.selected_text
        text, place = selected or editor.text, editor.place
        first = min(editor.selection.start, editor.selection.end) if selected else (0, 0)
        self.host.ask(
            f"split {id(self)}",
            lambda: [s for s in self.lake.engine.split(text) if not is_blank(s.text)],
            lambda found: self._begin(found, place, first, everything or bool(selected)),
        )

    def _begin(
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
        self.remove_class("-editor")
        for pane in self.panes:
            if pane.run.rows is not None:
                pane.run.rows.close()
            pane.remove()
        folder = self.lake.state / "console"
        self.panes = [ResultPane(self._made(statement, folder)) for statement in moved]
        self._picked = 0
        self.query_one("#results").mount(*self.panes)
        runs = [pane.run for pane in self.panes]
        title = f"query: {shortened(runs[0].statement.text, 50)}"
        self._under_way = self.host.carry_out(
            f"run {id(self)}", title, lambda _: self._carry_out(runs), lambda _: self._ended()
        )
        self._under_way.cancel = partial(_cancel, runs)
        self._draw_names()

    def _made(self, statement: StatementText, folder: Path) -> StatementRun:
        """Its news reach the pane by the event loop's own queue."""
        return StatementRun(
            statement, folder, lambda: self.app.call_later(self._news) if self.is_attached else None
        )

    def _carry_out(self, runs: Sequence[StatementRun]) -> None:
        """On a thread: one after the other, until one fails."""
        session, services = self.session(), self.lake.services
        for run in runs:
            run.carry_out(session, services)
            if run.error is not None:
                return

    def _news(self) -> None:
        for pane in self.panes:
            if pane.is_mounted:
                pane.draw()
        last = next((i for i, p in enumerate(self.panes) if p.run.begun and not p.run.ended), None)
        if last is not None and last != self._picked and self.running:
            self._picked = last
        self._draw_names()

    def _ended(self) -> None:
        self._under_way = None
        self._news()
        session = self.session()
        self.database = session.database
        self.read_words()
        for pane in self.panes:
            pane.skip()
        failed = next((p.run for p in self.panes if p.run.error is not None), None)
        if failed is not None:
            self._picked = [pane.run for pane in self.panes].index(failed)
            self._draw_names()
        if failed is not None and isinstance(failed.error, QueryFailed) and failed.error.line:
            self.editor.go_to(failed.error.line, failed.error.column or 1)

    def lay_out(self) -> None:
        from lakeshell.sql.layout import layout

        editor = self.editor
        if editor.selected_text:
            editor.insert_text_at_selection(layout(editor.selected_text))
        elif not is_blank(editor.text):
            editor.text = layout(editor.text)

    def cancel(self) -> None:
        if self._under_way is not None and self.running:
            self._under_way.stop()
            self.host.status("cancelling …")

    # --- result tabs -----------------------------------------------------------------------

    def _draw_names(self) -> None:
        line = self.query_one("#result_names", TabLine)
        line.display = len(self.panes) > 1
        names = []
        for number, pane in enumerate(self.panes, 1):
            mark = "!" if pane.run.error is not None else "" if pane.run.ended else "…"
            names.append(f"{number}{mark} {shortened(pane.run.statement.text, 18)}")
        line.draw(names, self._picked)
        for index, pane in enumerate(self.panes):
            pane.display = index == self._picked

    def pick(self, step: int) -> None:
        if self.panes:
            self._picked = (self._picked + step) % len(self.panes)
            self._draw_names()
            self.focus_results()

    def on_tab_line_picked(self, event: TabLine.Picked) -> None:
        event.stop()
        self._picked = event.index
        self._draw_names()

    def focus_results(self) -> None:
        if self.panes:
            pane = self.panes[self._picked]
            (pane.grid or pane).focus()

    def toggle_focus(self) -> None:
        """From the editor to the rows and back; a flat window has room for one of them."""
        flat = self.screen.has_class("-flat")
        if self.editor.has_focus_within:
            self.remove_class("-editor")
            self.set_class(flat or self.has_class("-results"), "-results")
            self.focus_results()
        else:
            self.set_class(not flat and self.has_class("-results"), "-results")
            self.editor.focus()

    def zoom(self) -> None:
        """Both, the results, the editor alone."""
        if self.has_class("-results"):
            self.remove_class("-results")
            self.add_class("-editor")
            self.editor.focus()
        elif self.has_class("-editor"):
            self.remove_class("-editor")
        else:
            self.add_class("-results")

    def close(self) -> None:
        self.cancel()
        for pane in self.panes:
            if pane.run.rows is not None and pane.run.ended:
                pane.run.rows.close()


def _write(path: Path, text: str) -> Path:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"there is a {path} already", hint="choose another name") from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", hint="choose another place"
        ) from error
    return path


def _cancel(runs: Sequence[StatementRun]) -> None:
    for run in runs:
        run.cancel()
