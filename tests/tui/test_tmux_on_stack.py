"""The story typed into a real terminal, on the running stack of the tests: MySQL, MinIO, the Metastore,
Trino. scripts/test brings it up and names its lake; what is made here has names of its own there, and
is gone again at the end."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pymysql
import pytest
from fakes import Silent
from reach import RUN, own, scratch_schema
from tmux import Tmux, needs_tmux

from lakeshell import budgets
from lakeshell.demo.movies_mysql import generate_mysql
from lakeshell.errors import LakeshellError
from lakeshell.folder import STATE
from lakeshell.lake import Lake
from lakeshell.model import QueryState, TableName
from lakeshell.ports import HistoryFilter

pytestmark = needs_tmux

USER, PASSWORD = own("typist"), "LAKESHELL_TEST_STORY_PASSWORD"
# Short, as names of people's own are: a window of 80 columns shows what stands beside them.
NAME, SOURCE, RAW = (f"{letter}{RUN[:5]}" for letter in "mqr")
GROUP = f"zz{RUN[:5]}"
"""The last of the list, whoever else uses this stack."""


@pytest.fixture
def folder(home: Path) -> Iterator[Path]:
    named = os.environ.get("LAKESHELL_TEST_STACK", "")
    if not named:
        pytest.skip("no stack: scripts/test --stack brings one up")
    yield Path(named)
    with Lake(Path(named), {"HOME": str(home), "PATH": os.environ["PATH"]}) as lake:
        forget(lake)


def forget(lake: Lake) -> None:
    """All that the story makes, however far it came."""

    def gone(call: Callable[[], object]) -> None:
        with suppress(LakeshellError, OSError):
            call()

    gone(lambda: lake.jobs.remove(NAME))
    gone(lambda: lake.crawlers.remove(NAME))
    gone(lambda: lake.connections.remove(NAME))
    gone(lambda: lake.library.remove("primary", NAME))
    for database in (RAW, SOURCE):
        for table in [t.name for t in lake.catalog.tables(database)] if has(lake, database) else []:
            gone(lambda table=table: drop(lake, table))
        gone(lambda database=database: lake.catalog.drop_database(database))
    gone(lambda: lake.remove_workgroup(GROUP))
    gone(lambda: budgets.hold(lake))
    # A story that broke off leaves its tabs open, for whichever console comes next.
    for tabs in (lake.folder / STATE / "console").glob("tabs-*.json"):
        if RAW in tabs.read_text(encoding="utf-8"):
            tabs.unlink()


def has(lake: Lake, database: str) -> bool:
    return database in [known.name for known in lake.catalog.databases()]


def drop(lake: Lake, table: TableName) -> None:
    if table.database == RAW:
        lake.store.drop(table)
    else:
        lake.catalog.drop(table)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the movie-rental database, without the password."""
    with scratch_schema(NAME) as address:
        monkeypatch.setenv(PASSWORD, address.password)
        with pymysql.connect(
            host=address.host, port=address.port, user=address.user, password=address.password
        ) as connection:
            generate_mysql(connection, NAME, reporter=Silent())
        yield f"mysql://{address.user}@{address.host}:{address.port}/{NAME}"


# --- the chapters --------------------------------------------------------------------------


def connects(at: Tmux, source: str) -> None:
    at.keys("2")
    at.until("connection", "Test")
    at.keys("a")
    at.until("Add a connection", "Name: is needed")
    at.fill(NAME, source, PASSWORD, shows="--password-env")
    # The others that use this Trino want it as it is.
    at.until("Restart Trino, for it to have its catalogs")
    at.keys("n")
    at.until(f"lakeshell connection test {NAME}", gone="Restart Trino")
    at.keys("t")
    at.until("1. ", "read", f"{NAME} answers")


def crawls(at: Tmux) -> None:
    at.keys("3")
    at.until("last run")
    at.keys("a")
    at.until("Add a crawler", "Connection*")
    fields = (NAME, NAME, SOURCE, f"{NAME}/film% {NAME}/rental", "*_list *_stock")
    at.fill(*fields, shows="--exclude '*_list'")
    at.until(f"lakeshell crawler run {NAME}", gone="Add a crawler")
    at.keys("p")
    at.until(f"{NAME} would be: 4 created", "in no include path")
    at.keys("y")
    at.until("FINISHED", f"{NAME}: 4 created", gone="would be")


def browses(at: Tmux) -> None:
    at.keys("4")
    at.until("Search")
    at.keys("/")
    at.type(f"{NAME}_film_category")
    at.until("1 found")
    at.keys("Enter")
    at.until(f"{NAME}_film_category", "3 columns")
    at.keys("v")
    # Read where it is by Trino, which was not started again for it.
    at.until(f"Catalog '{NAME}' not found")


def loads(at: Tmux) -> None:
    at.keys("5")
    at.until("target")
    at.keys("a")
    at.until("Propose a job", "Name: is needed")
    at.fill(NAME, f"{SOURCE}.{NAME}_film", f"{RAW}.film", shows="job propose")
    at.until(f"lakeshell job run {NAME}", gone="Propose a job")
    at.keys("Enter")
    at.until("Esc closes", "MAPPING = [")
    at.keys("Escape")
    at.until("arrow", gone="Esc closes")
    at.keys("r")
    at.until(f"{NAME}: 1,000 rows in", "FINISHED")
    at.keys("l")
    at.until("Log of run", "finished: 1,000 rows")
    at.keys("Escape")
    at.until("arrow", gone="Log of run")


def asks(at: Tmux) -> None:
    at.keys("M-6")
    at.until("Editor/rows")
    # What somebody left in the tabs of this lake stays theirs.
    at.keys("C-t")
    at.until("F10 sets")
    at.type(f"SELECT rating, count(*) AS films FROM {RAW}.fi")
    at.until("film table")
    at.keys("Tab")
    at.until(f"FROM {RAW}.film", gone="film table")
    at.type(" GROUP BY 1 ")
    at.until("would scan")
    at.keys("F5")
    at.until("5 rows in", "scanned")


def arranges_and_exports(at: Tmux, file: Path) -> None:
    at.keys("F4", "Right", "s")
    at.until("^ films")
    at.keys("e")
    at.until("Save the rows to")
    at.keys("C-u")
    at.type(str(file))
    at.keys("Enter")
    at.until("5 rows are in", gone="Save the rows to")
    with file.open() as written:
        rows = [int(films) for _, films in list(csv.reader(written))[1:]]
    assert (rows, sum(rows)) == (sorted(rows), 1000)


def makes_a_table(at: Tmux) -> None:
    at.keys("t")
    at.until("Make a table or a view", "Name: is needed")
    at.fill("", f"{RAW}.ratings", shows="CREATE TABLE")
    at.until("CREATE TABLE: 5 rows in")


def cancels(at: Tmux) -> None:
    at.keys("C-t")
    at.until("F10 sets")
    at.type("SELECT count(*) FROM tpch.sf100.lineitem l JOIN tpch.sf100.orders o")
    at.type(" ON l.orderkey = o.orderkey WHERE l.comment LIKE '%x%y%z%'")
    at.keys("F5")
    at.until("splits")
    at.keys("F7")
    at.until("CANCELLED after")


def saves(at: Tmux) -> None:
    at.keys("C-PageUp")
    at.until("GROUP BY 1")
    at.keys("C-s")
    at.until("Save the query in primary", "Name: is needed")
    at.fill(NAME, shows="saved save")
    at.until("saved: lakeshell saved run")
    at.keys("M-s")
    at.until(f"saved query  {NAME} of primary")


def looks_back(at: Tmux) -> None:
    at.keys("7")
    at.until("CANCELLED", "FINISHED", "tpch.sf100")
    at.keys("/")
    at.type(f"{RAW}.ratings")
    at.until(f"CREATE TABLE {RAW}.ratings", gone="tpch.sf100")
    at.keys("Enter")


def is_limited(at: Tmux) -> None:
    at.keys("8")
    at.until("scan limit")
    at.keys("a")
    at.until("Add a workgroup", "Name: is needed")
    at.fill(GROUP, "10kB", shows="--scan-limit 10kB")
    at.until(f"lakeshell query -w {GROUP}", gone="Add a workgroup")
    at.keys("A")
    at.until("Trino holds what the workgroups say")
    at.keys("6")
    at.until("GROUP BY 1")
    at.keys("C-t")
    at.until("F10 sets")
    at.type(f"SELECT * FROM {RAW}.film ")
    at.until("would scan")
    at.keys("F10")
    at.until("Where statements run")
    at.keys("Tab", "End", "Enter")
    at.until(f"{GROUP}  |", gone="Where statements run")
    at.keys("F5")
    at.until("REFUSED after", "over the limit of 10.0 kB")


def counts(at: Tmux) -> None:
    at.keys("M-9")
    at.until("by workgroup:", "so far", "projected")
    at.keys("b")
    at.until("by user:")


def sees_its_services(at: Tmux) -> None:
    at.keys("0")
    screen = at.until("serving", "trino", "metastore", "minio", "mysql", "control")
    assert "checks" not in screen
    at.keys("l")
    at.until("control-1  |")
    at.keys("Escape")
    at.until("serving", gone="control-1  |")


def leaves(at: Tmux) -> None:
    at.keys("M-6")
    at.until(f"SELECT * FROM {RAW}.film")
    for _ in range(3):
        at.keys("C-w")
    at.until("Alt+T opens it again", gone=RAW)
    at.keys("C-q")
    at.until("ended with 0")


# --- the story -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_whole_story(size: tuple[int, int], folder: Path, source: str, home: Path) -> None:
    with Tmux(folder, home, *size, user=USER) as at:
        at.until("engine trino", "checks:")
        connects(at, source)
        crawls(at)
        browses(at)
        loads(at)
        asks(at)
        arranges_and_exports(at, home / "ratings.csv")
        makes_a_table(at)
        cancels(at)
        saves(at)
        looks_back(at)
        is_limited(at)
        counts(at)
        sees_its_services(at)
        leaves(at)
    with Lake(folder, {"HOME": str(home), "PATH": os.environ["PATH"]}) as lake:
        queries = lake.ledger.queries(HistoryFilter(user=USER, limit=4))
    assert [query.state for query in queries] == [
        QueryState.REFUSED,
        QueryState.CANCELLED,
        *[QueryState.FINISHED] * 2,
    ]
