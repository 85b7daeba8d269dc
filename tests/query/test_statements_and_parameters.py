"""Kinds of statements, and parameters bound as values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakeshell.cost.charges import is_billed_kind
from lakeshell.errors import UsageError
from lakeshell.query.parameters import asked_for, bind, literal, names, require
from lakeshell.query.statement import statement_kind


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select 1", "SELECT"),
        ("-- a\n/* b */ WITH x AS (SELECT 1) SELECT * FROM x", "SELECT"),
        ("(VALUES 1)", "SELECT"),
        ("TABLE t", "SELECT"),
        ("create or replace view v as select 1", "CREATE VIEW"),
        ("CREATE TABLE IF NOT EXISTS t AS SELECT 1", "CREATE TABLE"),
        ("DROP MATERIALIZED VIEW v", "DROP MATERIALIZED"),
        ("insert into t values 1", "INSERT"),
        ("EXPLAIN ANALYZE SELECT 1", "EXPLAIN ANALYZE"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("", ""),
        ("'select'", ""),
        ("-- only a comment", ""),
    ],
)
def test_the_kind_of_a_statement(sql: str, kind: str) -> None:
    assert statement_kind(sql) == kind


def test_what_is_billed() -> None:
    assert is_billed_kind("SELECT", writes_rows=False)
    assert is_billed_kind("CREATE TABLE", writes_rows=True)
    assert not is_billed_kind("CREATE TABLE", writes_rows=False)
    assert not is_billed_kind("SHOW", writes_rows=False)
    assert not is_billed_kind("EXPLAIN", writes_rows=False)


def test_names_become_marks_and_nothing_moves() -> None:
    sql = "SELECT ':a', \":a\", :a /* :a */ -- :a\n, :abc + :b, ?"
    bound, literals = bind(sql, {"a": "1", "abc": "x", "b": "2.50", "1": "true"})
    assert bound == "SELECT ':a', \":a\", ?  /* :a */ -- :a\n, ?    + ? , ?"
    assert literals == ("1", "'x'", "2.50", "true")
    assert names(sql) == {"a", "abc", "b", "1"}


def test_names_that_nobody_gave_stay() -> None:
    assert bind("SELECT :a, :b", {"a": "1"}) == ("SELECT ? , :b", ("1",))
    assert bind("SELECT :a, ?", {}) == ("SELECT :a, ?", ())


def test_a_mark_without_a_value() -> None:
    with pytest.raises(UsageError, match="2nd"):
        bind("SELECT ?, ?", {"1": "x"})


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT :a, :b", ("a", "b")),
        ("SELECT :a LIMIT :n", ("a", "n")),
        ("SELECT ?, ':x', ?", ("1", "2")),
        ("SELECT json_object('k':v, \"k\" :v, f(k):v, m[1] :v, k:v, 'p'::p)", ("p",)),
        ("PREPARE p FROM SELECT ?", ()),
        ("SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A?) DEFINE A AS x = :x)", ("x",)),
    ],
)
def test_what_must_have_a_value(sql: str, named: tuple[str, ...]) -> None:
    assert asked_for(sql) == named
    require(sql, dict.fromkeys(named, "1"))
    for lacking in named:
        with pytest.raises(UsageError, match="has no value"):
            require(sql, dict.fromkeys({*named} - {lacking}, "1"))


def test_a_colon_that_is_right_as_it_is_waits_for_no_value() -> None:
    require("SELECT json_object(k :v) FROM (VALUES ('a', 1)) t(k, v)", {})


def test_a_mark_of_a_row_pattern_is_none_beside_parameters() -> None:
    sql = "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A?) DEFINE A AS x = :x)"
    assert bind(sql, {"x": "1"}) == (sql.replace(":x", "? "), ("1",))


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        ("5", "5"),
        ("+5", "5"),
        ("-1.5", "-1.5"),
        ("1e3", "1e3"),
        ("TRUE", "TRUE"),
        ("null", "null"),
        ("'01234'", "'01234'"),
        ("date '2026-01-01'", "date '2026-01-01'"),
        ("2026-01-01", "'2026-01-01'"),
        ("O'Brien", "'O''Brien'"),
        ("1; DROP TABLE t", "'1; DROP TABLE t'"),
        ("'a' OR 'b'", "'''a'' OR ''b'''"),
        ("date 'x' || 'y'", "'date ''x'' || ''y'''"),
        ("", "''"),
        ("١", "'١'"),
    ],
)
def test_the_literal_that_a_value_means(value: str, sql: str) -> None:
    assert literal(value) == sql


@given(st.text())
def test_no_value_breaks_out_of_its_literal(value: str) -> None:
    made = literal(value)
    if made.startswith("'"):
        assert made.endswith("'")
        assert "'" not in made[1:-1].replace("''", "")
    else:
        assert (
            not set(made) & set(";()-/*") or made[0] == "-" or "e-" in made.lower() or "'" in made
        )
