"""What a failed statement is told that it could have meant, in both engines' words."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import Shell, lake, shell

import lakeshell
from lakeshell.engine.trino.address import TrinoAddress
from lakeshell.engine.trino.engine import TrinoEngine
from lakeshell.errors import ConnectionFailed, QueryFailed
from lakeshell.model import Column, TableName
from lakeshell.ports import Session
from lakeshell.query.completion import Vocabulary
from lakeshell.query.meant import help_with
from lakeshell.sql.datatypes import BIGINT

__all__ = ["lake", "shell"]

TABLES = {
    TableName("raw", "film"): ("film_id", "title", "Release Year"),
    TableName("raw", "rental"): ("rental_id", "film_id"),
    TableName("mart", "films_by_year"): ("year", "films"),
}
WORDS = Vocabulary(
    {"raw": ["film", "rental"], "mart": ["films_by_year"]},
    ("count", "length", "lower"),
    "raw",
    lambda name: [Column(column, BIGINT) for column in TABLES.get(name, ())],
)


def words() -> Vocabulary:
    return WORDS


def unread() -> Vocabulary:
    raise AssertionError("the catalog was read for nothing")


def helped(sql: str, code: str, message: str, line: int, column: int) -> str:
    error = QueryFailed(message, code=code, line=line, column=column)
    help_with(error, sql, words)
    return error.hint


@pytest.mark.parametrize(
    ("sql", "name", "line", "column", "hint"),
    [
        ("SELECT titel FROM film", "titel", 1, 8, "did you mean 'title'?"),
        ("SELECT f.titel FROM film f", "f.titel", 1, 8, "did you mean 'title'?"),
        ("SELECT raw.film.titel FROM film", "raw.film.titel", 1, 8, "did you mean 'title'?"),
        ('SELECT\n  "relase year"\nFROM film', "relase year", 2, 3, "did you mean 'Release Year'?"),
        ("SELECT y FROM (SELECT 1 AS yy) t", "y", 1, 8, "did you mean 'yy'?"),
        ("SELECT totl FROM (VALUES 1) t(total)", "totl", 1, 8, "did you mean 'total'?"),
        ("SELECT zzz FROM film", "zzz", 1, 8, ""),
    ],
)
def test_columns(sql: str, name: str, line: int, column: int, hint: str) -> None:
    message = f"Column '{name}' cannot be resolved"
    assert helped(sql, "COLUMN_NOT_FOUND", message, line, column) == hint


@pytest.mark.parametrize(
    ("sql", "code", "message", "column", "hint"),
    [
        ("SELECT 1 FROM flim", "TABLE_NOT_FOUND", "Table 'lake.raw.flim' does not exist", 15,
         "did you mean 'film'?"),
        ("SELECT 1 FROM raw.rentals", "TABLE_NOT_FOUND", "Table 'lake.raw.rentals' does not exist",
         15, "did you mean 'rental'?"),
        ("SELECT 1 FROM raw.films_by_year", "TABLE_NOT_FOUND",
         "Table 'lake.raw.films_by_year' does not exist", 15, "did you mean 'mart.films_by_year'?"),
        ("SELECT 1 FROM rwa.film", "SCHEMA_NOT_FOUND", "Schema 'rwa' does not exist", 15,
         "did you mean 'raw'?"),
        ("SELECT 1 FROM film", "MISSING_SCHEMA_NAME",
         "Schema must be specified when session schema is not set", 15, "did you mean 'raw.film'?"),
        ("SELECT lenght('a')", "FUNCTION_NOT_FOUND", "Function 'lenght' not registered", 8,
         "did you mean 'length'?"),
    ],
)  # fmt: skip
def test_tables_databases_functions(
    sql: str, code: str, message: str, column: int, hint: str
) -> None:
    assert helped(sql, code, message, 1, column) == hint


@pytest.mark.parametrize("sql", ["DROP TABLE flim", "DESCRIBE raw.flim", "DELETE FROM raw.flim"])
def test_a_statement_that_is_at_fault_as_a_whole(sql: str) -> None:
    message = "Table 'lake.raw.flim' does not exist"
    assert helped(sql, "TABLE_NOT_FOUND", message, 1, 1) == "did you mean 'film'?"


def test_what_is_not_about_a_name_reads_no_catalog() -> None:
    for code in ("DIVISION_BY_ZERO", "TYPE_MISMATCH"):
        error = QueryFailed("no", code=code, line=1, column=1)
        help_with(error, "SELECT 1", unread)
        assert error.hint == ""


def test_a_catalog_that_cannot_be_read_hides_no_error() -> None:
    def silent() -> Vocabulary:
        raise ConnectionFailed("the Metastore does not answer")

    message = "Column 'a' cannot be resolved"
    error = QueryFailed(message, code="COLUMN_NOT_FOUND", line=1, column=8)
    help_with(error, "SELECT a", silent)
    assert error.hint == ""


STATEMENTS = {
    "SELEC 1": "did you mean 'SELECT'?",
    "INSRT INTO t VALUES 1": "did you mean 'INSERT'?",
    "SELECT 1 FORM t": "did you mean 'FROM'?",
    "SELECT 1 FROM t WERE 1 = 1": "did you mean 'WHERE'?",
    "SELECT 1 FROM t GRUOP BY 1": "did you mean 'GROUP'?",
    "SELECT 1 +": "",
    "SELECT (1": "",
    "SELECT lenght('a')": "did you mean 'length'?",
    "SELECT totl FROM (VALUES 1) t(total)": "did you mean 'total'?",
    "SELECT 1 +\n  lenght('a')": "did you mean 'length'?",
}


UNBOUND = {
    "SELECT :limit + 1": "`:limit` is a parameter: give it a value with --param limit=VALUE",
}
"""What the command lets no engine see."""


def test_the_embedded_engine_s_errors(shell: Shell) -> None:
    for sql, hint in STATEMENTS.items():
        ended = shell("query", "-e", sql)
        assert ended.code == 1
        assert ended.err.endswith(f"^\n  {hint}\n" if hint else "^\n"), (sql, ended.err)


def test_a_name_that_stands_for_a_value_as_the_embedded_engine_sees_it(lake: Path) -> None:
    cursor = lakeshell.connect(lake).cursor()
    for sql, hint in UNBOUND.items():
        with pytest.raises(lakeshell.ProgrammingError) as failed:
            cursor.execute(sql)
        assert failed.value.hint == hint


def test_trino_s_errors() -> None:
    url = os.environ.get("LAKESHELL_TEST_TRINO_URL")
    if url is None:
        pytest.skip("no Trino: LAKESHELL_TEST_TRINO_URL names none")
    engine = TrinoEngine(
        address=TrinoAddress(url), catalog=None, connections=lambda: (), estimator=None
    )  # type: ignore[arg-type]
    for sql, hint in (STATEMENTS | UNBOUND).items():
        assert failure(engine, sql) == hint, sql


def failure(engine: TrinoEngine, sql: str) -> str:
    run: Callable[[], object] = lambda: list(engine.run(sql, Session("ada")).batches())  # noqa: E731
    with pytest.raises(QueryFailed) as failed:
        run()
    help_with(failed.value, sql, words)
    return failed.value.hint


def test_an_error_in_the_second_statement_of_a_file_keeps_its_place(shell: Shell) -> None:
    ended = shell("query", "-e", "SELECT 1;\n\nSELECT totl FROM (VALUES 1) t(total)")
    assert "line 3:8" in ended.err
    assert "did you mean 'total'?" in ended.err
    ended = shell("query", "-e", "SELECT totl FROM (VALUES 1) t(total)", "--dry-run")
    assert "did you mean 'total'?" in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ("--create-table", "Mrat.t", "-e", "SELECT 1 AS a"),
        ("--create-view", "mrat.t", "-e", "SELECT 1 AS a"),
        ("-e", "CREATE TABLE mrat.t (a bigint)"),
    ],
)
def test_what_is_made_in_a_schema_that_there_is_not(shell: Shell, words: tuple[str, ...]) -> None:
    ended = shell("query", *words)
    assert ended == (1, "", "error: Schema mrat not found\n  make it: CREATE SCHEMA mrat\n")
    assert shell("query", "-e", "CREATE SCHEMA mart").code == 0
    assert "did you mean 'mart'? or make it: CREATE SCHEMA mrat\n" in shell("query", *words).err


def test_no_hint_names_a_database_of_others(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for made in ("CREATE SCHEMA secret", "CREATE TABLE secret.salaries AS SELECT 1 AS a"):
        assert shell("query", "-e", made).code == 0
    assert shell("workgroup", "add", "team", "--member", "ada", "--grant", "secret").code == 0
    asked = {
        "SELECT * FROM secrt.t": "did you mean 'secret'?",
        "SELECT * FROM salaries": "did you mean 'secret.salaries'?",
        "CREATE TABLE secrt.t (a bigint)": "did you mean 'secret'?",
    }
    for sql, hint in asked.items():
        assert hint in shell("query", "-e", sql).err
    monkeypatch.setenv("LAKESHELL_USER", "bob")
    for sql, hint in asked.items():
        ended = shell("query", "-e", sql)
        assert ended.code == 1
        assert hint not in ended.err
