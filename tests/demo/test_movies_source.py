"""The generated movie-rental source."""

from __future__ import annotations

import fcntl
import sqlite3
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lakeshell.crawl.patterns import select
from lakeshell.demo import movies
from lakeshell.demo.movies import EXCLUDE, INCLUDE, generate
from lakeshell.demo.story import TABLES
from lakeshell.errors import AlreadyExists, LakeshellError
from lakeshell.model import ObjectKind
from lakeshell.source.sqlite import SqliteSource


@dataclass
class Notes:
    done: list[tuple[int, int | None]] = field(default_factory=list)

    def step(self, text: str) -> None:
        assert text

    def advance(self, done: int, total: int | None, unit: str) -> None:
        self.done.append((done, total))

    def warn(self, text: str) -> None:
        raise AssertionError(text)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("source") / "movies.db"
    generate(made, reporter=Notes())
    return made


@pytest.fixture(scope="module")
def database(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def one(database: sqlite3.Connection, sql: str) -> object:
    return database.execute(sql).fetchone()[0]


def test_what_a_killed_process_left_is_removed_and_a_living_one_is_not(tmp_path: Path) -> None:
    left, held = tmp_path / ".movies.db.1.tmp", tmp_path / ".movies.db.2.tmp"
    left.write_bytes(b"half")
    with held.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        generate(tmp_path / "movies.db", reporter=Notes())
    assert {path.name for path in tmp_path.iterdir()} == {"movies.db", held.name}


def test_the_same_seed_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again.db", reporter=Notes())
    assert (tmp_path / "again.db").read_bytes() == path.read_bytes()
    generate(tmp_path / "other.db", reporter=Notes(), seed=1)
    assert (tmp_path / "other.db").read_bytes() != path.read_bytes()


@pytest.mark.parametrize(
    ("table", "rows"), [("film", 1_000), ("customer", 600), ("rental", 16_000), ("payment", 18_000)]
)
def test_its_size(database: sqlite3.Connection, table: str, rows: int) -> None:
    assert one(database, f"SELECT count(*) FROM {table}") == rows


def test_scale_multiplies_rentals_and_payments_only(tmp_path: Path) -> None:
    notes = Notes()
    rows = generate(tmp_path / "a.db", scale=2, reporter=notes)
    connection = sqlite3.connect(tmp_path / "a.db")
    assert one(connection, "SELECT count(*) FROM rental") == 32_000
    assert one(connection, "SELECT count(*) FROM payment") == 36_000
    assert one(connection, "SELECT count(*) FROM customer") == 600
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert rows == sum(int(str(one(connection, f"SELECT count(*) FROM {n}"))) for (n,) in names)
    assert notes.done[-1] == (68_000, 68_000)
    connection.close()


def test_tables_views_and_keys(database: sqlite3.Connection) -> None:
    kinds = [k for (k,) in database.execute("SELECT type FROM sqlite_master")]
    assert kinds.count("table") >= 15
    assert kinds.count("view") >= 7
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    for (view,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'view'"):
        assert one(database, f"SELECT count(*) FROM {view}"), view


def test_the_patterns_leave_the_storys_tables(path: Path) -> None:
    source = SqliteSource(path, "movies")
    objects = source.objects()
    selection = select(objects, INCLUDE, EXCLUDE)
    assert {o.name.name for o in selection.taken} == set(TABLES)
    assert {o.kind for o in selection.taken} == {ObjectKind.TABLE}
    assert "*act*" in EXCLUDE
    patterns = {e.pattern for e in selection.excluded}
    assert patterns == set(EXCLUDE), "a pattern excludes nothing"
    source.close()


def test_every_table_and_view_reads_as_declared(path: Path) -> None:
    source = SqliteSource(path, "movies")
    for found in source.objects():
        table = source.describe(found.name)
        assert table.skipped == ()
        read = source.read(table, [c.name for c in table.columns]).read_all()
        assert read.num_rows > 0
        assert table.rows in (None, read.num_rows)
    source.close()


def test_some_rentals_are_paid_in_parts(database: sqlite3.Connection) -> None:
    parts = dict(
        database.execute(
            "SELECT n, count(*) FROM (SELECT count(*) AS n FROM payment GROUP BY rental_id) GROUP BY n"
        ).fetchall()
    )
    assert parts == {1: 14_200, 2: 1_600, 3: 200}
    assert one(database, "SELECT count(DISTINCT rental_id) FROM payment") == 16_000
    assert one(database, "SELECT min(amount) > 0 FROM payment") == 1


def test_time_runs_forward(database: sqlite3.Connection) -> None:
    ordered = [
        at for (at,) in database.execute("SELECT rental_date FROM rental ORDER BY rental_id")
    ]
    assert ordered == sorted(ordered)
    for wrong in (
        "SELECT count(*) FROM rental WHERE return_date <= rental_date",
        "SELECT count(*) FROM payment JOIN rental USING (rental_id) WHERE payment_date < rental_date",
        "SELECT count(*) FROM rental JOIN customer USING (customer_id) WHERE create_date > rental_date",
        "SELECT count(*) FROM rental JOIN inventory i USING (inventory_id) WHERE i.film_id <> rental.film_id",
    ):
        assert one(database, wrong) == 0, wrong


def test_the_business_looks_like_one(database: sqlite3.Connection) -> None:
    months = dict(
        database.execute("SELECT substr(rental_date, 6, 2), count(*) FROM rental GROUP BY 1")
    )
    assert months["01"] > 1.5 * months["07"], "seasons"
    days = dict(
        database.execute("SELECT strftime('%w', rental_date), count(*) FROM rental GROUP BY 1")
    )
    assert days["6"] > 1.5 * days["2"], "weekends"
    popular = one(
        database,
        "SELECT sum(n) FROM (SELECT count(*) AS n FROM rental GROUP BY film_id ORDER BY n DESC LIMIT 100)",
    )
    assert 16_000 * 0.3 < int(str(popular)) < 16_000 * 0.7, "popular films"
    late = one(
        database,
        "SELECT count(*) FROM rental JOIN film USING (film_id)"
        " WHERE julianday(return_date) - julianday(rental_date) > rental_duration + 1",
    )
    assert 16_000 * 0.05 < int(str(late)) < 16_000 * 0.25, "late returns"
    assert 0 < int(str(one(database, "SELECT sum(return_date IS NULL) FROM rental"))) < 500


def test_names_come_in_several_scripts(database: sqlite3.Connection) -> None:
    texts = [t for (t,) in database.execute("SELECT first_name || last_name FROM customer")]
    texts += [t for (t,) in database.execute("SELECT ifnull(original_title, '') FROM film")]
    scripts = {unicodedata.name(letter).split()[0] for letter in "".join(texts) if letter.isalpha()}
    wanted = {"LATIN", "CYRILLIC", "GREEK", "CJK", "HIRAGANA", "HANGUL", "ARABIC", "HEBREW"}
    assert wanted | {"DEVANAGARI", "THAI"} <= scripts


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.db"
    path.write_text("mine")
    with pytest.raises(AlreadyExists):
        generate(path, reporter=Notes())
    assert path.read_text() == "mine"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), sqlite3.OperationalError("disk is full")])
def test_what_ends_midway_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def failing(*_: object) -> int:
        raise error

    monkeypatch.setattr(movies, "_standing", failing)
    wanted = LakeshellError if isinstance(error, sqlite3.Error) else type(error)
    with pytest.raises(wanted):
        generate(tmp_path / "a.db", reporter=Notes())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeshellError, match="cannot be written"):
        generate(tmp_path / "file" / "movies.db", reporter=Notes())
