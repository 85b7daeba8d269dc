"""The whole story typed into a real terminal, as a user would: tmux, the real embedded engine.

Each chapter begins where the one before it ended, and waits for what the screen says, never for a
time.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest
from fakes import Silent
from tmux import LONGEST, Tmux, consoles_on, needs_tmux

from lakeshell.demo.movies import generate
from lakeshell.folder import make_lake
from lakeshell.lake import Lake
from lakeshell.model import QueryState
from lakeshell.ports import HistoryFilter

pytestmark = needs_tmux

SMALL, LARGE = (80, 24), (200, 50)


@pytest.fixture
def folder(home: Path) -> Path:
    make_lake(home / "lake")
    return home / "lake"


@pytest.fixture
def source(home: Path) -> Path:
    """The movie-rental database, as its seeded generator makes it."""
    generate(home / "movies.db", reporter=Silent())
    return home / "movies.db"


# --- the chapters --------------------------------------------------------------------------


def offers(at: Tmux) -> None:
    """An empty lake says what to begin with."""
    at.until("See it all on made-up data first", "Connect a database", "checks:")


def connects(at: Tmux, source: Path) -> None:
    at.keys("2")
    at.until("none yet: a adds one")
    at.keys("a")
    at.until("Add a connection", "Name: is needed")
    at.fill("movies", f"sqlite:///{source}", shows="lakeshell connection add movies")
    at.until("lakeshell connection test movies", gone="Add a connection")
    at.keys("t")
    at.until("1. file", "2. database", "3. objects   ok  16 tables", "4. read", "movies answers")


def crawls(at: Tmux) -> None:
    at.keys("3")
    at.until("last run", "none yet: a adds one")
    at.keys("a")
    at.until("Add a crawler", "Connection*      movies")
    fields = ("movies", "", "source", "movies/film% movies/rental", "*_list *_stock", "src_")
    at.fill(*fields, shows="--include movies/film%")
    at.until("lakeshell crawler run movies", gone="Add a crawler")
    at.keys("p")
    plan = at.until("movies would be: 4 created, 20 excluded", "in no include path")
    assert "src_movies_film_category" in plan
    assert "exclude pattern *_list" in plan
    at.keys("y")
    at.until("FINISHED", "movies: 4 created, 20 excluded in", gone="would be")


def browses(at: Tmux) -> None:
    at.keys("4")
    at.until("source  (4)", "src_movies_film_category")
    at.keys("/")
    at.type("rental_rate")
    at.until("1 found, 1 by comments and columns")
    at.keys("Enter")
    at.until("films on offer", "15 columns")
    at.keys("v")
    at.until("First 20 rows of source.src_movies_film", "film_id")


def loads(at: Tmux) -> None:
    at.keys("5")
    at.until("target", "none yet: a adds one")
    at.keys("a")
    at.until("Propose a job", "Name: is needed")
    at.fill("load_film", "source.src_movies_film", "raw.film", shows="Target*          raw.film")
    at.until("lakeshell job run load_film", gone="Propose a job")
    at.keys("Enter")
    at.until("Esc closes", "title  varchar(160)", "MAPPING = [")
    at.keys("Down")
    at.until("target raw.film.title varchar", "line 10")
    at.keys("Escape")
    at.until("r Run f Flow", gone="Esc closes")
    at.keys("r")
    at.until("load_film: 1,000 rows in", "FINISHED")
    at.keys("l")
    at.until("Log of run", "finished: 1,000 rows")
    at.keys("Escape")
    at.until("r Run f Flow", gone="Log of run")


def asks(at: Tmux) -> None:
    at.keys("M-6")
    at.until("F10 sets")
    at.type("SELECT rating, count(*) AS films FROM raw.fi")
    at.until("film table")
    at.keys("Tab")
    at.until("FROM raw.film", gone="film table")
    at.type(" GROUP BY 1 ")
    at.until("would scan")
    at.keys("F5")
    at.until("5 rows in", "scanned")


def arranges_and_exports(at: Tmux, file: Path) -> None:
    at.keys("F4", "Right", "s")
    at.until("^ films")
    at.keys("/")
    at.until("Rows that contain")
    at.type("films: 17")
    at.keys("Enter")
    at.until("2 with 'films: 17'", gone="Rows that contain")
    at.keys("e")
    at.until("Save the rows to")
    at.keys("C-u")
    at.type(str(file))
    at.keys("Enter")
    at.until("2 rows are in", gone="Save the rows to")
    with file.open() as written:
        assert list(csv.reader(written))[1:] == [["18", "174"], ["0", "175"]]


def makes_a_table(at: Tmux) -> None:
    at.keys("t")
    at.until("Make a table or a view", "Name: is needed")
    at.fill("", "raw.ratings", shows="Name*            raw.ratings")
    at.until("CREATE TABLE: 5 rows in")


def saves(at: Tmux) -> None:
    at.keys("C-s")
    at.until("Save the query in primary", "Name: is needed")
    at.fill("ratings", shows="saved save ratings")
    at.until("saved: lakeshell saved run ratings -w primary")
    at.keys("M-s")
    at.until("saved query  ratings of primary")
    at.keys("n")
    at.until("Rename ratings of primary")
    at.fill("films_by_rating", shows="saved rename ratings films_by_rating")
    at.until("saved query  films_by_rating of primary", gone="Rename ratings")


def looks_back(at: Tmux) -> None:
    at.keys("7")
    at.until("CREATE TABLE raw.ratings AS", "FINISHED", "not metered", " B ")
    at.keys("/")
    at.type("group by")
    at.until("CREATE TABLE raw.ratings AS", gone="not metered")
    at.keys("Enter")


def is_limited(at: Tmux) -> None:
    at.keys("8")
    at.until("scan limit", "lakeshell query -w primary")
    at.keys("a")
    at.until("Add a workgroup", "Name: is needed")
    at.fill("interns", "10kB", shows="workgroup add interns --scan-limit 10kB")
    at.until("interns    10.0 kB", gone="Add a workgroup")
    at.keys("A")
    at.until("this lake has no Trino of its own: limits are held here")
    at.keys("6")
    at.until("GROUP BY 1")
    at.keys("C-t")
    at.until("F10 sets")
    at.type("SELECT * FROM raw.film ")
    at.until("would scan 2")
    at.keys("F10")
    at.until("Where statements run", "interns")
    at.keys("Tab", "Down", "Enter")
    at.until("interns  |", gone="Where statements run")
    at.keys("F5")
    at.until("REFUSED after", "over the limit of 10.0 kB")


def counts(at: Tmux) -> None:
    at.keys("M-9")
    at.until("by workgroup:", "so far", "projected", "interns", "crawler", "job")


def has_no_services(at: Tmux) -> None:
    at.keys("0")
    at.until("its engine runs inside this program", "lakeshell stack up")


def leaves(at: Tmux) -> None:
    at.keys("C-q")
    at.until("ended with 0")


# --- the story -----------------------------------------------------------------------------


def test_the_whole_story_in_a_small_window(folder: Path, source: Path, home: Path) -> None:
    with Tmux(folder, home, *SMALL) as at:
        offers(at)
        connects(at, source)
        crawls(at)
        browses(at)
        loads(at)
        asks(at)
        assert at.title == "lakeshell: lake: Query"
        arranges_and_exports(at, home / "ratings.csv")
        makes_a_table(at)
        saves(at)
        looks_back(at)
        is_limited(at)
        counts(at)
        has_no_services(at)
        leaves(at)
    with Tmux(folder, home, *SMALL) as again:
        again.until("What to do next", "REFUSED")
        again.keys("6")
        again.until("SELECT * FROM raw.film", "interns  |")
        again.keys("C-PageUp")
        again.until("GROUP BY 1")
        leaves(again)
    with Lake(folder, {"LAKESHELL_USER": "ada"}) as lake:
        assert len(lake.ledger.runs("job", "load_film")) == 1
        queries = lake.ledger.queries(HistoryFilter(limit=None))
        assert [q.state for q in queries] == [QueryState.REFUSED, *[QueryState.FINISHED] * 3]
        assert lake.saved.names("primary") == ["films_by_rating"]


def test_its_heart_in_a_large_window(folder: Path, source: Path, home: Path) -> None:
    with Tmux(folder, home, *LARGE) as at:
        offers(at)
        connects(at, source)
        crawls(at)
        loads(at)
        asks(at)
        at.resize(40, 10)
        at.until("Query", gone="8 Workgroups")
        at.resize(*LARGE)
        at.until("8 Workgroups", "5 rows in")
        leaves(at)


def test_a_lost_connection_loses_no_text(folder: Path, home: Path) -> None:
    with Tmux(folder, home, *SMALL) as first:
        first.until("What to do next")
        first.keys("M-6")
        first.until("F10 sets")
        first.type("SELECT precious ")
        first.until("precious")
    last = time.monotonic() + LONGEST
    while consoles_on(folder):
        assert time.monotonic() < last, "the console outlives its terminal"
        time.sleep(0.1)
    with Tmux(folder, home, *SMALL) as second:
        second.until("What to do next")
        second.keys("M-6")
        second.until("SELECT precious")
