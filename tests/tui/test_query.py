"""The query screen: running, cancelling, looking at rows, tabs that are kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from consoles import FILM, FILMS, console, opened, settled, text_of, until
from fakes import Answer, FakeEngine, batch, columns
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from lakeshell.errors import QueryFailed
from lakeshell.lake import Lake
from lakeshell.model import Database, QueryState
from lakeshell.ports import HistoryFilter
from lakeshell.query.completion import Suggestion, Vocabulary, complete
from lakeshell.tui.screens.asking import LineScreen, TextScreen
from lakeshell.tui.screens.saving import FileScreen
from lakeshell.tui.tabs import Tab, TabFile, Tabs
from lakeshell.tui.widgets.grid import ResultGrid
from lakeshell.tui.widgets.querytab import QueryTab
from lakeshell.workgroup import Workgroup


def engine(lake: Lake) -> FakeEngine:
    found = lake.engine
    assert isinstance(found, FakeEngine)
    return found


async def run(pilot: Pilot[None], key: str = "f5") -> None:
    tab = pilot.app.screen.query(QueryTab).first()
    before = tab.panes
    await pilot.press(key)
    await until(pilot, lambda: tab.panes is not before and tab.at_rest)
    await settled(pilot)


@pytest.mark.asyncio
async def test_a_statement_is_run_and_its_rows_and_figures_are_shown(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT * FROM film")
        await run(pilot)
        said = text_of(pilot)
    assert "Academy Dinosaur" in said
    assert "2 rows in" in said
    assert "scanned 2.00 kB" in said
    record = lake.ledger.queries(HistoryFilter(limit=1))[0]
    assert (record.state, record.source, record.rows) == (QueryState.FINISHED, "console", 2)


@pytest.mark.asyncio
async def test_what_a_statement_would_scan_is_said_while_it_is_typed(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "")
        await pilot.press(*"SELECT", "space", "1")
        await until(pilot, lambda: "would scan 0 B in 1 file" in text_of(pilot))
        await pilot.press("2")
        await until(pilot, lambda: "1:1 unknown: SELECT 12" in text_of(pilot))
        await settled(pilot)


@pytest.mark.asyncio
async def test_the_statement_under_the_cursor_the_selection_or_all(lake: Lake) -> None:
    answers = engine(lake)
    answers.answers["SELECT 2"] = Answer(FILM, [batch(FILM, *FILMS)])
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT 1;\nSELECT 2;\nSELECT * FROM film")
        tab.editor.go_to(2, 4)
        await run(pilot)
        assert [sql for sql, _, _ in answers.started][-1:] == ["SELECT 2"]
        before = len(answers.started)
        await run(pilot, "f6")
        assert [sql for sql, _, _ in answers.started[before:]] == [
            "SELECT 1",
            "SELECT 2",
            "SELECT * FROM film",
        ]
        assert "1 SELECT 1  2 SELECT 2  3 SELECT * FROM film" in text_of(pilot)
        before = len(answers.started)
        tab.editor.focus()
        tab.editor.go_to(1, 1)
        await pilot.press("shift+end")
        await run(pilot)
        assert [sql for sql, _, _ in answers.started[before:]] == ["SELECT 1"]


@pytest.mark.asyncio
async def test_a_failure_stops_the_others_and_is_shown_at_its_place(lake: Lake) -> None:
    answers = engine(lake)
    answers.answers["SELECT x"] = Answer(
        error=QueryFailed("Column 'x' [bold] cannot be resolved", line=1, column=8),
        fails_at_once=True,
    )
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT 1;\n SELECT x;\nSELECT * FROM film")
        await run(pilot, "f6")
        assert tab.editor.place == (2, 9)
        await until(
            pilot, lambda: "line 2:9: Column 'x' [bold] cannot be resolved" in text_of(pilot)
        )
        await pilot.press("alt+down")
        await until(pilot, lambda: "not run: a statement before it failed" in text_of(pilot))
    assert [sql for sql, _, _ in answers.started][-1] == "SELECT x"


@pytest.mark.asyncio
async def test_cancelling_reaches_the_engine_and_keeps_the_rows_that_came(lake: Lake) -> None:
    answers = engine(lake)
    answers.answers["SELECT slow"] = Answer(FILM, [batch(FILM, *FILMS)], blocks=True)
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT slow")
        await pilot.press("f5")
        await until(pilot, lambda: "Academy Dinosaur" in text_of(pilot))
        await pilot.press("f7")
        await until(pilot, lambda: "CANCELLED after" in text_of(pilot))
        await settled(pilot)
    assert answers.running[-1].cancelled.is_set()
    assert lake.ledger.queries(HistoryFilter(limit=1))[0].state is QueryState.CANCELLED


@pytest.mark.asyncio
async def test_nothing_is_through_before_its_end(lake: Lake) -> None:
    answers = engine(lake)
    answers.answers["SELECT slow"] = Answer(FILM, [batch(FILM, *FILMS)], blocks=True)
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT slow")
        await pilot.press("f5")
        await until(pilot, lambda: "Academy Dinosaur" in text_of(pilot))
        answers.running[-1].progress.fraction = 1.0
        await until(pilot, lambda: " 99%  F7 cancels" in text_of(pilot))
        await pilot.press("f7")
        await until(pilot, lambda: "CANCELLED after" in text_of(pilot))
        await settled(pilot)


@pytest.mark.asyncio
async def test_what_a_limit_refuses_is_shown_as_the_history_has_it(lake: Lake) -> None:
    lake.workgroups.add(Workgroup("interns", scan_limit=1_024))
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT * FROM film")
        tab.set_place("interns", None)
        await run(pilot)
        assert "REFUSED after" in text_of(pilot)
        assert "over the limit of 1.00 kB a query" in text_of(pilot)
    assert lake.ledger.queries(HistoryFilter(limit=1))[0].state is QueryState.REFUSED


@pytest.mark.asyncio
async def test_rows_are_sorted_filtered_looked_at_and_copied(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT * FROM film")
        await run(pilot)
        await pilot.press("f4", "right", "s")
        await settled(pilot)
        await pilot.press("s")
        await settled(pilot)
        grid = pilot.app.screen.query_one(ResultGrid)
        assert grid.rows.text(0, 1, grid.arrangement) == "Ace Goldfinger"
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
        await pilot.press(*"dino", "enter")
        await until(pilot, lambda: grid.count == 1)
        await settled(pilot)
        assert "1 with 'dino'" in text_of(pilot)
        await pilot.press("c")
        await until(pilot, lambda: pilot.app.clipboard == "Academy Dinosaur")
        await pilot.press("y")
        await until(pilot, lambda: pilot.app.clipboard == "1\tAcademy Dinosaur\t86\t0.99")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert "row 1, title varchar" in text_of(pilot)
        await pilot.press("escape")


@pytest.mark.asyncio
async def test_the_name_of_a_sorted_column_is_whole(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT * FROM film")
        await run(pilot)
        await pilot.press("f4", "right", "right", "s")
        await until(pilot, lambda: "^ length  rate" in text_of(pilot))
        await pilot.press("s")
        await until(pilot, lambda: "v length  rate" in text_of(pilot))
        await pilot.press("s")
        await until(pilot, lambda: "  length  rate" in text_of(pilot))


@pytest.mark.asyncio
async def test_rows_go_to_a_file_as_arranged(lake: Lake, home: Path) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT * FROM film")
        await run(pilot)
        await pilot.press("f4", "s")
        await settled(pilot)
        await pilot.press("s", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, FileScreen))
        await until(pilot, lambda: "CSV or TSV │" in text_of(pilot).replace("  ", ""))
        pilot.app.screen.query_one(Input).value = str(home / "films.json")
        await pilot.press("enter")
        await until(pilot, (home / "films.json").exists)
        await settled(pilot)
    lines = (home / "films.json").read_text().splitlines()
    assert [json.loads(line)["film_id"] for line in lines] == [2, 1]


@pytest.mark.asyncio
async def test_numbers_are_drawn_as_a_chart(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT * FROM film")
        await run(pilot)
        await pilot.press("f4", "right", "right", "v")
        await until(pilot, lambda: "length by title (bar)" in text_of(pilot))
        for kind in ("line", "scatter", "histogram"):
            await pilot.press("v")
            await until(pilot, lambda name=kind: f"({name})" in text_of(pilot))
        await pilot.press("v", "right")
        await until(pilot, lambda: "rate by title (bar)" in text_of(pilot))
        await pilot.press("down", "down")
        await until(pilot, lambda: "rate by rate (bar)" in text_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Academy Dinosaur" in text_of(pilot))


@pytest.mark.asyncio
async def test_nothing_that_is_a_number_is_no_chart(lake: Lake) -> None:
    words = columns(title="varchar")
    engine(lake).answers["SELECT words"] = Answer(words, [batch(words, ("a",))])
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT words")
        await run(pilot)
        await pilot.press("f4", "v")
        await until(pilot, lambda: "no column of this result is a number" in text_of(pilot))
        await until(pilot, lambda: pilot.app.screen.query_one(ResultGrid).display)


@pytest.mark.asyncio
async def test_names_of_the_catalog_are_completed(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "")
        await pilot.press(*"SELECT", "space", "asterisk", "space", *"FROM", "space", *"movies_f")
        await until(pilot, lambda: "movie_rental.movies_film" in text_of(pilot))
        await pilot.press("tab")
        await until(pilot, lambda: tab.editor.text.endswith("FROM movie_rental.movies_film"))
        await settled(pilot)


@pytest.mark.asyncio
async def test_names_are_read_again_after_what_gave_no_rows(lake: Lake) -> None:
    engine(lake).answers["CREATE TABLE sales.s"] = Answer((), [], update_type="CREATE TABLE")
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT 1;CREATE TABLE sales.s")
        await settled(pilot)
        lake.catalog.create_database(Database("sales"))
        await run(pilot)
        assert "sales" not in tab.words.tables
        tab.editor.go_to(1, 12)
        await run(pilot)
        assert "sales" in tab.words.tables


@pytest.mark.asyncio
async def test_enter_is_a_new_line_unless_a_suggestion_was_chosen(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "")
        await pilot.press(*"sel")
        await until(pilot, lambda: tab.editor.completion_list.is_open)
        await pilot.press("enter", *"x")
        await until(pilot, lambda: tab.editor.text == "sel\nx")
        await settled(pilot)


@pytest.mark.asyncio
async def test_the_text_is_laid_out_and_that_can_be_undone(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "select  1 ; select   2")
        await pilot.press("f9")
        await until(pilot, lambda: tab.editor.text == "SELECT 1;\n\nSELECT 2")
        await pilot.press("ctrl+z")
        await until(pilot, lambda: tab.editor.text == "select  1 ; select   2")
        await settled(pilot)


@pytest.mark.asyncio
async def test_tabs_are_there_again_after_a_restart(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT 1")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: len(pilot.app.screen.query(QueryTab)) == 2)
        await pilot.press(*"second")
        await settled(pilot)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: pilot.app._exit)
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await pilot.press("alt+6")
        await until(pilot, lambda: len(pilot.app.screen.query(QueryTab)) == 2)
        await settled(pilot)
        tabs = list(pilot.app.screen.query(QueryTab))
        assert [tab.editor.text for tab in tabs] == ["SELECT 1", "second"]
        assert tabs[1].display
        assert tabs[1].editor.place == (1, 7)
        await pilot.press("ctrl+w")
        await until(pilot, lambda: len(pilot.app.screen.query(QueryTab)) == 1)


@pytest.mark.asyncio
async def test_cells_are_shown_and_never_obeyed(lake: Lake) -> None:
    odd = columns(**{"[red]x\x1b": "varchar"})
    engine(lake).answers["SELECT odd"] = Answer(
        odd, [batch(odd, ("[b]a[/b]\x1b]0;t\x07\n",), (None,))]
    )
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT odd")
        await run(pilot)
        said = text_of(pilot)
        assert r"[red]x\x1b" in said
        assert r"[b]a[/b]\x1b]0;t\x07\n" in said
        assert "NULL" in said
        assert "\x1b" not in said


@pytest.mark.asyncio
async def test_a_wide_and_long_result_is_moved_through(lake: Lake) -> None:
    wide = columns(**{f"c{i:04d}": "integer" for i in range(2_000)})
    rows = [tuple(range(i, i + 2_000)) for i in range(300)]
    engine(lake).answers["SELECT wide"] = Answer(wide, [batch(wide, *rows)])
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "SELECT wide")
        await run(pilot)
        await pilot.press("f4", "end", "ctrl+end")
        await until(pilot, lambda: "2,298" in text_of(pilot).replace("2298", "2,298"))
        assert "c1999" in text_of(pilot)
        await pilot.press("home", "f", "end")
        await until(pilot, lambda: "c0000" in text_of(pilot) and "c1999" in text_of(pilot))


def test_a_second_console_has_tabs_of_its_own(tmp_path: Path) -> None:
    first, second = TabFile(tmp_path), TabFile(tmp_path)
    first.keep(Tabs([Tab("1", "SELECT 1")]))
    second.keep(Tabs([Tab("1", "SELECT 2")]))
    assert first.read().tabs[0].sql == "SELECT 1"
    assert second.path != first.path
    first.close()
    assert TabFile(tmp_path).read().tabs[0].sql == "SELECT 1"


def test_tabs_that_cannot_be_read_begin_anew(tmp_path: Path) -> None:
    file = TabFile(tmp_path)
    file.path.write_text('{"tabs": [{"nome": 1}]}')
    assert file.read() == Tabs()


@pytest.mark.asyncio
async def test_what_is_typed_right_after_a_new_tab_is_the_new_tabs(lake: Lake) -> None:
    app = console(lake)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("6")
        await until(pilot, lambda: app.current_mode == "query")
        await settled(pilot)
        # As fast as a terminal hands over what was typed ahead.
        for key in ("ctrl+t", "a", "b", "ctrl+t", "c"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: len(app.screen.query(QueryTab)) == 3)
        await settled(pilot)
        texts = [tab.editor.text for tab in app.screen.query(QueryTab)]
        assert texts == ["", "ab", "c"]


@pytest.mark.asyncio
async def test_a_tab_that_is_half_taken_down_is_kept_as_it_was(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT precious")
        screen: Any = pilot.app.screen
        screen.keep()
        await tab.results.remove()
        screen.keep()
        kept = json.loads((lake.state / "console" / "tabs-1.json").read_text())
        assert [tab["sql"] for tab in kept["tabs"]] == ["SELECT precious"]


@pytest.mark.asyncio
async def test_what_was_found_in_the_text_is_not_run_for_a_selection(lake: Lake) -> None:
    answers = engine(lake)
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT 1;\nSELECT * FROM film")
        await pilot.press("ctrl+f", *"film")
        await until(pilot, lambda: tab.editor.selected_text == "film")
        await run(pilot)
        assert [sql for sql, _, _ in answers.started][-1:] == ["SELECT * FROM film"]
        assert "2 rows in" in text_of(pilot)


def keep_tabs(lake: Lake, *tabs: Tab) -> None:
    file = TabFile(lake.state / "console")
    file.keep(Tabs(tabs))
    file.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("tab", [Tab("1"), Tab("1", "-- so far\nFROM ", 2, 6)])
async def test_what_is_typed_before_a_tab_is_drawn_comes_where_its_cursor_was(
    lake: Lake, tab: Tab
) -> None:
    keep_tabs(lake, tab)
    app = console(lake)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        # As they come over SSH: the screen's key and what is typed there in one piece.
        for key in ("alt+6", *"raw.f", "left", *"i", "end", *"lm"):
            app.post_message(Key({".": "full_stop"}.get(key, key), key if len(key) == 1 else None))
        await until(pilot, lambda: app.current_mode == "query" and app.screen.query(QueryTab))
        await settled(pilot)
        assert app.screen.query_one(QueryTab).editor.text == f"{tab.sql}raw.iflm"


@pytest.mark.asyncio
async def test_the_place_where_a_tab_was_left_is_in_sight(lake: Lake) -> None:
    long = "\n".join(f"-- line {number}" for number in range(1, 201))
    keep_tabs(lake, Tab("1", long, 150, 3), Tab("2", long, 90, 1))
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await pilot.press("alt+6")
        await until(pilot, lambda: "-- line 150" in text_of(pilot))
        await pilot.press("alt+right")
        await until(pilot, lambda: "-- line 90" in text_of(pilot))
        await settled(pilot)


@pytest.fixture
def read(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Until it is set, the names for completion are still being read."""
    event, words = threading.Event(), lake.words

    def late(*databases: str | None) -> Sequence[Vocabulary]:
        assert event.wait(60)
        return words(*databases)

    monkeypatch.setattr(Lake, "words", lambda _, *databases: late(*databases))
    return event


@pytest.mark.asyncio
async def test_what_is_typed_before_the_names_are_read_is_completed_once_they_are(
    lake: Lake, read: threading.Event
) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await pilot.press("alt+6")
        await until(pilot, lambda: pilot.app.screen.query(QueryTab))
        tab = pilot.app.screen.query_one(QueryTab)
        await pilot.press(*"SELECT", "space", "asterisk", "space", *"FROM", "space", *"movies_f")
        await until(pilot, lambda: tab.editor.completion_list.sought is not None)
        assert not tab.editor.completion_list.is_open
        read.set()
        await until(pilot, lambda: "movie_rental.movies_film" in text_of(pilot))
        await pilot.press("tab")
        await until(pilot, lambda: tab.editor.text.endswith("FROM movie_rental.movies_film"))
        await settled(pilot)


@pytest.mark.asyncio
async def test_names_that_come_while_others_are_searched_are_searched_too(
    lake: Lake, read: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, searched = threading.Event(), threading.Event()

    def slow(text: str, offset: int, held: Vocabulary) -> Sequence[Suggestion]:
        if text.endswith("movies_f"):
            begun.set()
            assert searched.wait(60)
        return complete(text, offset, held)

    monkeypatch.setattr("lakeshell.tui.widgets.editor.complete", slow)
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await pilot.press("alt+6")
        await until(pilot, lambda: pilot.app.screen.query(QueryTab))
        tab = pilot.app.screen.query_one(QueryTab)
        await pilot.press(*"SELECT", "space", "asterisk", "space", *"FROM", "space", *"movies_f")
        await until(pilot, begun.is_set)
        read.set()
        await until(pilot, lambda: tab.words.tables)
        searched.set()
        await until(pilot, lambda: "movie_rental.movies_film" in text_of(pilot))
        await settled(pilot)


@pytest.mark.asyncio
async def test_names_that_could_not_be_read_are_missed_aloud_and_asked_for_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, away = lake.words, threading.Event()
    away.set()

    def late(*databases: str | None) -> Sequence[Vocabulary]:
        if away.is_set():
            raise QueryFailed("the catalog is away")
        return words(*databases)

    monkeypatch.setattr(Lake, "words", lambda _, *databases: late(*databases))
    monkeypatch.setattr("lakeshell.tui.screens.query._AGAIN", 0.1)
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await pilot.press("alt+6")
        await until(pilot, lambda: pilot.app.screen.query(QueryTab))
        tab = pilot.app.screen.query_one(QueryTab)
        await until(
            pilot, lambda: "no names to complete with: the catalog is away" in text_of(pilot)
        )
        away.clear()
        await until(pilot, lambda: "movie_rental" in tab.words.tables)
        await until(pilot, lambda: "the catalog is away" not in text_of(pilot))
        await settled(pilot)


@pytest.mark.asyncio
async def test_nothing_is_said_of_a_text_that_is_gone(lake: Lake) -> None:
    async with console(lake).run_test(size=(80, 24)) as pilot:
        tab = await opened(pilot, "SELECT * FROM film")
        await until(pilot, lambda: "would scan" in text_of(pilot))
        tab.editor.text = ""
        await until(pilot, lambda: "F5 runs the statement" in text_of(pilot))
        await settled(pilot)
        assert "would scan" not in text_of(pilot)


@pytest.mark.asyncio
async def test_a_tab_whose_workgroup_is_gone_takes_no_names_from_the_others(lake: Lake) -> None:
    keep_tabs(lake, Tab("1", "SELECT 1", workgroup="gone"), Tab("2"))
    async with console(lake).run_test(size=(80, 24)) as pilot:
        await pilot.press("alt+6", "alt+right")
        await until(pilot, lambda: pilot.app.screen.query(QueryTab))
        await settled(pilot)
        assert all("movie_rental" in tab.words.tables for tab in pilot.app.screen.query(QueryTab))
        await pilot.press("alt+left", "f5")
        await until(pilot, lambda: "workgroup 'gone'" in text_of(pilot))
        await settled(pilot)
