"""What the binder hands on besides the answer: scans, pruning, views, versions, parameters."""

from __future__ import annotations

import re

import pytest
from binder_tables import FixedTables, bind, bind_in, context, parsed, run

from lakeshell.engine.embedded.binding.binder import Binder
from lakeshell.engine.embedded.binding.scope import Conjunct
from lakeshell.errors import QueryRejected
from lakeshell.sql import ast
from lakeshell.sql.parser import parse_expression


def used(sql: str) -> list[set[str]]:
    return [scan.columns for scan in bind(sql).scans]


def rejection(sql: str, **given: object) -> tuple[str, int | None, int | None, str]:
    with pytest.raises(QueryRejected) as caught:
        bind(sql, **given)  # type: ignore[arg-type]
    fault = caught.value
    return fault.code, fault.line, fault.column, fault.message


# --- scans ---------------------------------------------------------------------------------


def test_a_scan_knows_the_columns_that_the_answer_depends_on() -> None:
    assert used("SELECT id FROM t WHERE n = 1 ORDER BY s") == [{"id", "n", "s"}]
    assert used("SELECT count(*) FROM t") == [set()]
    assert used("SELECT id FROM (SELECT * FROM t) x") == [{"id"}]
    assert used("WITH x AS (SELECT id, n, s FROM t) SELECT n FROM x") == [{"n"}]
    assert used("SELECT DISTINCT id, n FROM t") == [{"id", "n"}]
    assert used("SELECT id FROM (SELECT id, n FROM t UNION SELECT id, v FROM u)") == [
        {"id", "n"},
        {"id", "v"},
    ]
    assert used("SELECT id FROM (SELECT id, n FROM t UNION ALL SELECT id, v FROM u)") == [
        {"id"},
        {"id"},
    ]
    assert used("SELECT t.id FROM t JOIN u ON t.n = u.v") == [{"id", "n"}, {"v"}]
    assert used("SELECT n, sum(id) FROM t GROUP BY n") == [{"id", "n"}]
    assert used("SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.n)") == [
        {"id", "n"},
        {"id"},
    ]


def test_a_table_read_twice_is_two_scans_and_binding_twice_adds_none() -> None:
    assert len(bind("SELECT * FROM t a, t b").scans) == 2
    sql = "SELECT n, (SELECT max(v) FROM u) FROM t GROUP BY n ORDER BY (SELECT min(v) FROM u)"
    assert len(bind(sql).scans) == 3


def test_simple_conditions_are_noted_for_pruning() -> None:
    (scan,) = bind(
        "SELECT * FROM t WHERE id >= 2 AND 10 > n AND s IN ('a', 'b') AND day BETWEEN "
        "DATE '2024-01-01' AND DATE '2024-02-01' AND d IS NOT NULL AND (id = 1 OR n = 2) "
        "AND m = -1 AND id + 1 = 2"
    ).scans
    assert [(c.column, c.op) for c in scan.conjuncts] == [
        ("id", ">="),
        ("n", "<"),
        ("s", "in"),
        ("day", ">="),
        ("day", "<="),
        ("d", "is_not_null"),
        ("m", "="),
    ]
    assert scan.conjuncts[0] == Conjunct("id", ">=", (2,))
    assert scan.conjuncts[2].values == ("a", "b")
    assert scan.conjuncts[6].values == (-1,)


def test_conditions_that_do_not_hold_for_every_row_are_not_noted() -> None:
    for where in ("id = 1 OR n = 2", "NOT id = 1", "id = n", "d IS NULL", "id = 2.5"):
        assert bind(f"SELECT * FROM t WHERE {where}").scans[0].conjuncts == ()
    first, second = bind("SELECT * FROM t LEFT JOIN u ON t.id = u.id AND u.v = 1").scans
    assert first.conjuncts == second.conjuncts == ()


# --- names ---------------------------------------------------------------------------------


def test_hidden_columns_are_read_by_name_only() -> None:
    assert [c.name for c in bind("SELECT * FROM u").columns] == ["id", "v", "s"]
    assert run('SELECT "$path" FROM u LIMIT 1') == [["file"]]
    assert rejection('SELECT "$path" FROM (SELECT * FROM u)')[0] == "COLUMN_NOT_FOUND"
    assert rejection('SELECT "$path" FROM u AS x (a, b, c)')[0] == "COLUMN_NOT_FOUND"


def test_output_names_keep_their_spelling() -> None:
    names = [c.name for c in bind('SELECT ID, n AS "Mixed", n AS Folded, 1 FROM t').columns]
    assert names == ["ID", "Mixed", "Folded", "_col3"]


def test_an_unqualified_table_needs_a_schema() -> None:
    where = context()
    where.session.database = None
    with pytest.raises(QueryRejected) as caught:
        bind_in(where, "SELECT * FROM t")
    assert caught.value.code == "MISSING_SCHEMA_NAME"
    assert (caught.value.line, caught.value.column) == (1, 15)


# --- views ---------------------------------------------------------------------------------


def test_a_view_is_expanded_and_gives_its_declared_types() -> None:
    views = FixedTables(
        {"w": ("SELECT id, n + 1 AS more FROM t", {"id": "bigint", "more": "bigint"})}
    )
    bound = bind("SELECT * FROM w WHERE id = 1", views)
    assert [(c.name, str(c.type)) for c in bound.columns] == [("id", "bigint"), ("more", "bigint")]
    assert run("SELECT w.more FROM w WHERE id = 1", views) == [["11"]]


def test_faults_of_a_view_stand_at_its_name() -> None:
    stale = FixedTables({"w": ("SELECT id FROM t", {"id": "integer", "n": "integer"})})
    code, line, column, message = rejection("SELECT *\nFROM w", tables=stale)
    assert (code, line, column) == ("VIEW_IS_STALE", 2, 6)
    assert message == (
        "View 'memory.binder.w' is stale or in invalid state: stored view column count (2) does not "
        "match column count derived from the view query analysis (1)"
    )
    broken = FixedTables({"w": ("SELECT nosuch FROM t", {"nosuch": "integer"})})
    assert rejection("SELECT * FROM w", tables=broken) == (
        "INVALID_VIEW",
        1,
        15,
        "Failed analyzing stored view 'memory.binder.w': line 1:8: Column 'nosuch' cannot be "
        "resolved",
    )
    own = FixedTables({"w": ("SELECT id FROM w", {"id": "integer"})})
    assert rejection("SELECT * FROM w", tables=own)[0] == "INVALID_VIEW"


def test_a_view_does_not_see_the_query_round_it() -> None:
    views = FixedTables({"w": ("SELECT id FROM u", {"id": "integer"})})
    sql = "WITH u AS (SELECT 99 AS id) SELECT count(*) FROM w, u WHERE w.id = 7"
    assert run(sql, views) == [["1"]]


# --- versions and parameters ---------------------------------------------------------------


def test_a_version_is_handed_to_the_tables() -> None:
    tables = FixedTables()
    bind("SELECT * FROM t FOR VERSION AS OF 5", tables)
    assert tables.asked == [("memory", "binder", "t", "version", 5)]


def test_parameters_stand_for_their_values() -> None:
    assert run("SELECT id FROM t WHERE id > ? ORDER BY id LIMIT ?", None, ("3", "1")) == [["4"]]
    assert run("SELECT ?, ?", None, ("'a'", "NULL")) == [["a", None]]
    code = rejection("SELECT id FROM t LIMIT ?", parameters=("NULL",))
    assert code[0] == "INVALID_ARGUMENTS"


# --- shapes of the SQL -----------------------------------------------------------------------


def test_a_filter_stands_directly_over_its_scan() -> None:
    sql = bind("SELECT id FROM t WHERE n = 10 AND id < 3").sql
    assert re.fullmatch(r'SELECT (r\d+)\.":id" AS c0 FROM "s\d+" AS \1 WHERE .*', sql)
    assert sql.count("SELECT") == 1


def test_a_common_table_is_written_where_read_once_and_defined_where_read_twice() -> None:
    once = bind("WITH x AS (SELECT id FROM t) SELECT * FROM x").sql
    twice = bind("WITH x AS (SELECT id FROM t) SELECT * FROM x a, x b").sql
    assert "WITH" not in once and once.count("SELECT") == 2
    assert twice.count('"s') == 1
    unread = bind("WITH x AS (SELECT id FROM t) SELECT 1")
    assert "s1" not in unread.sql


def test_expressions_may_be_bound_alone() -> None:
    binder = Binder(FixedTables(), context())
    body = parsed("SELECT 1 FROM t").body
    assert isinstance(body, ast.Select) and body.from_ is not None
    _, scope = binder.relation(body.from_)
    made = binder.expression(parse_expression("id + 1"), scope)
    assert str(made.type) == "integer"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM t WHERE " + " AND ".join(f"id <> {n}" for n in range(10, 3000)),
        "SELECT id FROM t WHERE id IN (" + ", ".join(map(str, range(20_000))) + ")",
        "SELECT count(*) FROM (VALUES "
        + ", ".join(f"({n}, 'a')" for n in range(3000))
        + ") v (a, b)",
        "SELECT sum(x) FROM (" + " UNION ALL ".join(f"SELECT {n} AS x" for n in range(300)) + ")",
        "SELECT count(*) FROM " + "(SELECT * FROM " * 60 + "t" + ")" * 60,
        "SELECT " + ", ".join(f"id + {n}" for n in range(1000)) + " FROM t",
    ],
    ids=["conditions", "list", "values", "unions", "nested", "columns"],
)
def test_large_statements_run(sql: str) -> None:
    assert run(sql)
