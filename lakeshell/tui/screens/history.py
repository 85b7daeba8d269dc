"""History: past queries with what they scanned and cost; their text, their results, cancelling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from lakeshell import history
from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text
from lakeshell.definitions.schema import duration
from lakeshell.errors import command_line
from lakeshell.model import Column, QueryRecord, QueryState
from lakeshell.ports import HistoryFilter
from lakeshell.query.past import columns, records
from lakeshell.query.rows import ResultRows
from lakeshell.stack.services import Service
from lakeshell.tui.safe import beginning, shown_lines
from lakeshell.tui.screens.asking import LineScreen, YesScreen
from lakeshell.tui.screens.kept import KeptScreen, held
from lakeshell.tui.screens.noun import NounScreen, Row
from lakeshell.tui.screens.saving import Read, save_rows
from lakeshell.tui.screens.searching import SearchingScreen, search_keys
from lakeshell.tui.tabs import Tab
from lakeshell.tui.widgets.line import LineInput
from lakeshell.tui.widgets.listing import Listing
from lakeshell.tui.widgets.sheet import Sheet, heading, values

if TYPE_CHECKING:
    import pyarrow as pa

_MOST = 500
_PAUSE = 0.3


class HistoryScreen(NounScreen, SearchingScreen):
    noun = "history"
    columns = ("started", "state", "workgroup", "user", "took", "scanned", "rows", "cost", "query")
    nothing = "no query is like that"
    BINDINGS = [
        *search_keys("history"),
        Binding("o", "open", "Open in a tab", id="history.open"),
        Binding("v", "result", "Result", id="history.result"),
        Binding("e", "export", "Save result", id="history.export"),
        Binding("E", "export_history", "Save the history", id="history.export_history", show=False),
        Binding("P", "prune", "Forget old ones", id="history.prune", show=False),
        Binding("x", "cancel", "Cancel", id="history.cancel"),
    ]
    DEFAULT_CSS = """
    HistoryScreen #search { height: 1; dock: top; }
    HistoryScreen.-wide #split { layout: vertical; }
    HistoryScreen.-wide #list { width: 100%; height: 3fr; }
    HistoryScreen.-wide #sheet { width: 100%; height: 2fr; border-left: none; border-top: solid $panel; }
    """

    def body(self) -> ComposeResult:
        placeholder = "/ searches the text; state:FAILED user:ada workgroup:analysts narrow it"
        yield LineInput(placeholder=placeholder, id="search")
        with Container(id="split"):
            yield Listing(self.columns, id="list")
            yield Sheet(id="sheet")

    def on_mount(self) -> None:
        self.set_interval(5.0, self._renew)

    def _renew(self) -> None:
        if self.is_current:
            wanted = self._wanted
            self.ask("rows", lambda: self._found(wanted, again=True), self.draw_rows)

    def look(self) -> None:
        wanted = self._wanted
        self.ask("rows", lambda: self._found(wanted), self.draw_rows)

    @property
    def _wanted(self) -> HistoryFilter:
        return parse_filter(self.search.value)

    def _found(self, wanted: HistoryFilter, *, again: bool = False) -> Sequence[Row]:
        # Asked every few seconds, the server would never be idle. Where Trino sleeps there is no news.
        news = not (again and history.has_others(self.lake) and Service.TRINO in self.lake.asleep())
        said = history.catch_up(self.lake) if news else ""
        if said:
            self.app.call_later(self.status, said)
        return [
            (record.id, _row(record))
            for record in self.lake.ledger.queries(history.visible(self.lake, wanted))
        ]

    def sheet(self, key: str) -> Sequence[Content]:
        record = history.query(self.lake, key)
        kept = history.results(self.lake, record).has(record.result_id)
        return [
            shown_lines(beginning(record.sql)),
            heading(record.id),
            values(
                {
                    "state": record.state.value,
                    "error": f"{record.error_code} {record.error}".strip(),
                    "started": record.started,
                    "finished": record.finished,
                    "took": None if record.elapsed is None else f"{record.elapsed:.3f} s",
                    "user": record.user,
                    "workgroup": record.workgroup,
                    "database": record.database,
                    "source": record.source,
                    "engine": record.engine,
                    "scanned": size_text(record.scanned) if record.finished else None,
                    "rows": record.rows,
                    "cost": _cost(record),
                    "result": "kept: v shows it, e saves it" if kept else "not kept",
                    "command": command_line("history", "show", record.id),
                }
            ),
        ]

    # --- search ----------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        self.after_typing(_PAUSE, self.look)

    @property
    def searched(self) -> Widget:
        return self.listing

    # --- what can be done ------------------------------------------------------------------

    def on_listing_opened(self, event: Listing.Opened) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Its text in a tab of the query screen, to be run again."""
        key = self.chosen
        if key is not None:
            self.ask("open", lambda: history.query(self.lake, key), self._open)

    def _open(self, record: QueryRecord) -> None:
        name = record.id[4:15] if record.id[:8].isdigit() else record.id[:11]
        tab = Tab(name, record.sql, 1, 1, record.workgroup, record.database or None)
        self.console.open_tab(tab)

    def _kept(self, key: str) -> tuple[Sequence[Column], Iterator[pa.RecordBatch]]:
        record = history.query(self.lake, key)
        return history.results(self.lake, record).open(record.result_id)

    def action_result(self) -> None:
        """Its rows as they were, without running it."""
        key = self.chosen
        if key is None:
            return
        folder = self.lake.state / "console"

        def draw(rows: ResultRows) -> None:
            self.app.push_screen(KeptScreen(f"Result of {key}", rows))

        self.ask("result", lambda: held(*self._kept(key), folder), draw)

    def action_export(self) -> None:
        key = self.chosen
        if key is not None:
            self._save("Save the result to", f"{key}.csv", lambda: self._kept(key))

    def action_export_history(self) -> None:
        """Everything known of the queries that the search finds, not of those shown alone."""
        wanted = history.visible(self.lake, replace(self._wanted, limit=None))
        ledger = self.lake.ledger
        self._save(
            "Save the history to", "history.csv", lambda: (columns(), records(ledger, wanted))
        )

    def _save(self, question: str, name: str, read: Read) -> None:
        save_rows(
            self,
            question,
            name,
            read,
            lambda path, count: self.notify(f"{count:,} rows are in {path}", markup=False),
        )

    def action_prune(self) -> None:
        """Forgets old queries, of every workgroup."""

        def prune(age: int) -> int:
            return self.lake.ledger.prune(self.console.now() - timedelta(seconds=age))

        def done(count: int) -> None:
            self.status(f"forgot {count:,} queries")
            self.look()

        def take(typed: str | None) -> None:
            if not typed:
                return
            try:
                age = duration(typed)
            except ValueError as error:
                self.notify(f"it must be {error}", severity="error", markup=False)
                return
            question = YesScreen(
                f"Forget the queries older than {typed}, of every workgroup?",
                "what they cost is then no longer in the cost screen",
                "Forget them",
            )
            self.app.push_screen(
                question, lambda yes: self.ask("prune", lambda: prune(age), done) if yes else None
            )

        note = "90d, 12h: since it began   $ lakeshell history prune --older-than 90d"
        self.app.push_screen(LineScreen("Forget queries older than", "90d", note), take)

    def action_cancel(self) -> None:
        key = self.chosen
        if key is not None:
            self.ask(
                "cancel",
                lambda: self.lake.ledger.request_cancel(
                    history.query(self.lake, key).id, self.lake.user
                ),
                lambda record: self.status(f"asked {record.id} to end"),
            )


def parse_filter(text: str) -> HistoryFilter:
    """Words `state:`, `user:`, `workgroup:` narrow; the rest is looked for in the SQL."""
    named: dict[str, str] = {}
    rest: list[str] = []
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and value and name in ("state", "user", "workgroup"):
            named[name] = value
        else:
            rest.append(word)
    state = named.get("state", "").upper()
    return HistoryFilter(
        workgroup=named.get("workgroup"),
        user=named.get("user"),
        state=QueryState(state) if state in QueryState.__members__ else None,
        contains=" ".join(rest) or None,
        limit=_MOST,
    )


def _row(record: QueryRecord) -> tuple[object, ...]:
    return (
        record.started,
        record.state.value,
        record.workgroup,
        record.user,
        "" if record.elapsed is None else f"{record.elapsed:.2f} s",
        size_text(record.scanned) if record.finished else "",
        record.rows,
        _cost(record),
        record.sql,
    )


def _cost(record: QueryRecord) -> str:
    return "" if record.cost is None else f"{money_text(record.cost)} {record.currency}"
