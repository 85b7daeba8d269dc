"""Statements as Trino gets them: catalogued source tables by their connection's names, no more."""

from __future__ import annotations

import pytest

from lakeshell.engine.trino.names import read_in_place
from lakeshell.engine.trino.running import InPlace
from lakeshell.engine.trino.wording import Wording, at_the_source, bound
from lakeshell.errors import NotFound, QueryRejected
from lakeshell.model import CatalogTable, TableKind, TableName
from lakeshell.ports import Session

SOURCES = {"movies_film": "film", "movies_order": "order"}


class Tables:
    def table(self, name: TableName) -> CatalogTable:
        if name.database == "raw" and name.table in SOURCES:
            said = {
                "connectionName": "Movies",
                "sourceSchema": "movies",
                "sourceTable": SOURCES[name.table],
            }
            return CatalogTable(name, TableKind.SOURCE, (), said)
        if name == ("raw", "iceberg"):
            return CatalogTable(name, TableKind.ICEBERG, ())
        raise NotFound(str(name))


def session(catalog: str = "lake", database: str | None = "raw") -> Session:
    return Session("ann", catalog=catalog, database=database)


def worded(sql: str, of: Session | None = None) -> str | None:
    found = at_the_source(sql, of or session(), Tables)  # type: ignore[arg-type]
    return None if found is None else found.text


FILM = "movies.movies.film"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 FROM movies_film", f"SELECT 1 FROM {FILM} AS movies_film"),
        ("SELECT 1 FROM movies_film f", f"SELECT 1 FROM {FILM} f"),
        ("SELECT 1 FROM movies_film AS f (a)", f"SELECT 1 FROM {FILM} AS f (a)"),
        ('select 1 from LAKE."RAW".Movies_Film', f"select 1 from {FILM} AS Movies_Film"),
        (
            "SELECT * FROM movies_film JOIN iceberg USING (a), movies_film x",
            f"SELECT * FROM {FILM} AS movies_film JOIN iceberg USING (a), {FILM} x",
        ),
        ("SELECT 1 FROM movies_order", 'SELECT 1 FROM movies.movies."order" AS movies_order'),
        (
            "SELECT raw.movies_film.a, movies_film.a, lake.raw.movies_film.a.b FROM raw.movies_film",
            f"SELECT movies_film.a, movies_film.a, movies_film.a.b FROM {FILM} AS movies_film",
        ),
        (
            "SELECT raw.movies_film.* FROM raw.movies_film",
            f"SELECT movies_film.* FROM {FILM} AS movies_film",
        ),
        ("TABLE movies_film", f"TABLE {FILM}"),
        (
            "SELECT 1 FROM movies_film TABLESAMPLE BERNOULLI (5)",
            f"SELECT 1 FROM {FILM} AS movies_film TABLESAMPLE BERNOULLI (5)",
        ),
        (
            "INSERT INTO iceberg -- movies_film\nSELECT 'movies_film' FROM movies_film",
            f"INSERT INTO iceberg -- movies_film\nSELECT 'movies_film' FROM {FILM} AS movies_film",
        ),
        ("DESCRIBE movies_film", f"DESCRIBE {FILM}"),
        ("EXPLAIN SELECT 1 FROM movies_film", f"EXPLAIN SELECT 1 FROM {FILM} AS movies_film"),
        (
            "WITH a AS (SELECT 1 FROM movies_film) SELECT 1 FROM a WHERE 1 IN (TABLE movies_film)",
            f"WITH a AS (SELECT 1 FROM {FILM} AS movies_film) SELECT 1 FROM a"
            f" WHERE 1 IN (TABLE {FILM})",
        ),
        (
            "WITH movies_film AS (SELECT 1 x FROM movies_film) SELECT x FROM movies_film",
            f"WITH movies_film AS (SELECT 1 x FROM {FILM} AS movies_film) SELECT x FROM movies_film",
        ),
        (
            "CREATE TABLE t AS SELECT 1 a FROM movies_film WITH NO DATA",
            f"CREATE TABLE t AS SELECT 1 a FROM {FILM} AS movies_film WITH NO DATA",
        ),
    ],
)
def test_exactly_the_names_are_written_anew(sql: str, expected: str) -> None:
    assert worded(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM iceberg",
        "SELECT 1 FROM other.movies_film",
        "SELECT movies_film FROM (VALUES 1) t (movies_film)",
        "WITH movies_film AS (SELECT 1) SELECT * FROM movies_film",
        "INSERT INTO movies_film VALUES 1",
        "DROP TABLE movies_film",
        "SELECT 1 FROM movies_film FOR VERSION AS OF 1",
        "SELECT 1 FROM",
        "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true)",
    ],
)
def test_everything_else_is_left_alone(sql: str) -> None:
    assert worded(sql) is None


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (
            "SELECT ''it''''s'', 1 FROM movies_film",
            f"SELECT ''it''''s'', 1 FROM {FILM} AS movies_film",
        ),
        ("INSERT INTO t SELECT ? FROM movies_film x", f"INSERT INTO t SELECT ? FROM {FILM} x"),
    ],
)
def test_names_inside_a_string_that_is_executed(inner: str, expected: str) -> None:
    assert worded(f"EXECUTE /* ' */ IMMEDIATE '{inner}' USING 'movies_film'") == (
        f"EXECUTE /* ' */ IMMEDIATE '{expected}' USING 'movies_film'"
    )
    assert worded("EXECUTE IMMEDIATE 'SELECT 1 FROM iceberg'") is None


def test_places_inside_such_a_string_lead_back_too() -> None:
    sql = "EXECUTE IMMEDIATE 'SELECT aa , ''b'' FROM movies_film JOIN iceberg ON cc'"
    wording = at_the_source(sql, session(), Tables)  # type: ignore[arg-type]
    assert wording is not None
    for word, written in places(sql, wording):
        if "movies" not in word and word != "AS":
            assert word == written


def test_names_mean_what_the_session_says() -> None:
    assert worded("SELECT 1 FROM movies_film", session(database=None)) is None
    assert worded("SELECT 1 FROM movies_film", session("tpch")) is None
    assert worded("SELECT 1 FROM raw.movies_film", session("tpch")) is None
    assert worded("SELECT 1 FROM lake.raw.movies_film x", session("tpch")) == (
        f"SELECT 1 FROM {FILM} x"
    )


def places(sql: str, wording: Wording) -> list[tuple[str, str]]:
    """Each word of the statement as sent, and the word at its place as written."""
    found = []
    for line, sent in enumerate(wording.text.split("\n"), 1):
        for word in sent.split():
            error = QueryRejected("x", line=line, column=sent.index(word) + 1, code="X")
            located = wording.located(error)
            assert isinstance(located, QueryRejected)
            assert located.line is not None and located.column is not None
            written = sql.split("\n")[located.line - 1][located.column - 1 :]
            found.append((word, written.split()[0]))
    return found


def test_places_lead_back_to_the_text_as_written() -> None:
    sql = "SELECT aa ,\nbb FROM movies_film JOIN iceberg ON\ncc = raw.movies_film.dd WHERE zz"
    wording = at_the_source(sql, session(), Tables)  # type: ignore[arg-type]
    assert wording is not None
    for word, written in places(sql, wording):
        if "movies" not in word and word != "AS":
            assert word == written


@pytest.mark.parametrize(
    ("code", "line", "column", "expected"),
    [
        ("COLUMN_NOT_FOUND", 1, 36, (1, 17)),
        ("COLUMN_NOT_FOUND", 2, 4, (2, 4)),
        ("SYNTAX_ERROR", 2, 31, (2, 12)),
    ],
)
def test_places_of_a_statement_with_parameters(
    code: str, line: int, column: int, expected: tuple[int, int]
) -> None:
    """Lines and columns are those that Trino 476 reported."""
    wording = bound("select 'a', ? + x\n", ["1"])
    assert wording.text == "EXECUTE IMMEDIATE 'select ''a'', ? + x\n' USING 1"
    error = wording.located(QueryRejected("x", line=line, column=column, code=code))
    assert isinstance(error, QueryRejected)
    assert (error.line, error.column) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 FROM iceberg", InPlace()),
        ("SELECT 1 FROM movies.m.film", InPlace(("Movies",), only=True)),
        ("SELECT 1 FROM MOVIES.m.film, iceberg", InPlace(("Movies",), only=False)),
        ("SELECT 'movies' FROM iceberg", InPlace()),
        ("EXECUTE IMMEDIATE 'SELECT 1 FROM movies.m.film'", InPlace(("Movies",), only=True)),
        ("CREATE TABLE t AS SELECT 1 a FROM movies.m.film", InPlace(("Movies",), only=True)),
        ("SELECT FROM movies", InPlace()),
    ],
)
def test_what_is_read_in_place(sql: str, expected: InPlace) -> None:
    assert read_in_place(sql, session(), ["Movies", "other"]) == expected


def test_the_sessions_own_catalog_may_be_a_connection() -> None:
    assert read_in_place("SELECT 1 FROM film", session("movies", "m"), ["Movies"]).only


@pytest.mark.parametrize(
    ("sql", "values", "wrong", "place"),
    [
        ("SELECT 1 LIMIT ? ", ["'abc'"], 0, (1, 16)),
        ("SELECT '?' -- ?\nOFFSET ?\nLIMIT ?", ["2", "'a''b, c'"], 1, (3, 7)),
        ("SELECT '?' -- ?\nOFFSET ?\nLIMIT ?", ["'a''b, c'", "2"], 0, (2, 8)),
    ],
)
def test_what_is_wrong_with_a_value_is_wrong_at_its_mark(
    sql: str, values: list[str], wrong: int, place: tuple[int, int]
) -> None:
    wording = bound(sql, values)
    before = wording.text[: wording.text.index(values[wrong], len(sql))]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    error = QueryRejected("x", line=line, column=column, code="TYPE_MISMATCH")
    located = wording.located(error)
    assert isinstance(located, QueryRejected)
    assert (located.line, located.column) == place
