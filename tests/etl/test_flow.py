"""The flow of a job's columns: which lines of its script each step stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeshell.etl.flow import Flow, flow_of
from lakeshell.etl.job import Job
from lakeshell.model import TableName

ARROW = '''"""Loads a.film into raw.film."""

# lakeshell: mapping
# (source column, its type, target column, its type)
MAPPING = [
    ('id', 'integer', 'id', 'bigint'),
    ('name', 'varchar', 'title', 'varchar'),
    ("note", "varchar",
     "note", "varchar"),
]
# lakeshell: end of mapping


def transform(rows):
    """All of it."""
{body}
'''


def arrow(body: str, script: str = ARROW) -> Flow:
    job = Job("load", "arrow", Path("load.py"), TableName("a", "film"), TableName("raw", "film"))
    return flow_of(job, script.replace("{body}", body))


def sql(script: str, **known: list[str]) -> Flow:
    job = Job("build", "sql", Path("build.sql"))
    return flow_of(job, script, lambda name: known.get(name.table, []))


def drawn(flow: Flow) -> list[tuple[list[str], list[str], str]]:
    return [
        ([s.label for s in lane.sources], [s.label for s in lane.transforms], lane.target.label)
        for lane in flow.lanes
    ]


def test_a_mapping_row_is_a_lane_and_a_cast_a_step() -> None:
    flow = arrow("    return rows")
    assert drawn(flow) == [
        (["a.film.id"], ["cast bigint"], "raw.film.id"),
        (["a.film.name"], [], "raw.film.title"),
        (["a.film.note"], [], "raw.film.note"),
    ]
    assert [sorted(lane.target.lines) for lane in flow.lanes] == [[6], [7], [8, 9]]


def test_a_column_that_the_transform_names_goes_through_it() -> None:
    flow = arrow("    at = rows.schema.get_field_index('title')\n    return rows.set_column(at, x)")
    assert [transforms for _, transforms, _ in drawn(flow)] == [
        ["cast bigint"],
        ["transform()"],
        [],
    ]
    assert sorted(flow.lanes[1].transforms[0].lines) == [14, 16]


def test_where_the_transform_names_none_all_go_through_it() -> None:
    flow = arrow("    return rows.slice(1)")
    assert [transforms[-1] for _, transforms, _ in drawn(flow)] == ["transform()"] * 3
    assert sorted(flow.lanes[2].transforms[0].lines) == [14, 15, 16]


def test_what_cannot_be_read_is_said() -> None:
    assert drawn(arrow("    return (")) != []
    assert "not Python" in arrow("    return (").notes[0]
    broken = arrow("    return rows", ARROW.replace("# lakeshell: mapping", "# gone"))
    assert broken.lanes == ()
    assert "has no mapping" in broken.notes[0]


def test_columns_are_followed_through_common_tables_and_joins() -> None:
    flow = sql(
        "-- revenue\nCREATE OR REPLACE TABLE mart.revenue AS\nWITH paid AS (\n"
        "  SELECT rental_id, sum(amount) AS paid FROM raw.payment GROUP BY 1\n)\n"
        "SELECT f.title,\n  (coalesce(paid.paid, 0) + f.rate)\n    * 2 AS revenue\n"
        "FROM paid JOIN raw.film f USING (film_id);"
    )
    assert drawn(flow) == [
        (["raw.film.title"], [], "mart.revenue.title"),
        (
            ["raw.payment.amount", "raw.film.rate"],
            ["sum(amount)", "(coalesce(paid.paid, 0) + f.rate) * 2"],
            "mart.revenue.revenue",
        ),
    ]
    total = flow.lanes[1]
    assert sorted(total.transforms[0].lines) == [4]
    assert sorted(total.transforms[1].lines) == [7, 8]
    assert sorted(total.sources[0].lines) == [4, 7]


@pytest.mark.parametrize(
    ("script", "lanes"),
    [
        (
            "INSERT INTO t (a, b) SELECT x, y + 1 FROM s UNION ALL SELECT z, 2 FROM v",
            [(["s.x", "v.z"], [], "t.a"), (["s.y"], ["y + 1", "2"], "t.b")],
        ),
        ("INSERT INTO t SELECT x FROM s", [(["s.x"], [], "t.first")]),
        ("CREATE TABLE u AS SELECT * FROM t", [(["t.first"], [], "u.first")]),
        ("CREATE TABLE u AS SELECT * FROM unknown", [(["unknown.*"], [], "u.*")]),
        ("UPDATE t SET a = b + 1 WHERE c > 2", [(["t.b"], ["b + 1"], "t.a")]),
        (
            "MERGE INTO t USING s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = s.v"
            " WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, lower(s.v))",
            [(["s.v"], [], "t.v"), (["s.k"], [], "t.k"), (["s.v"], ["lower(s.v)"], "t.v")],
        ),
        (
            "CREATE VIEW w AS SELECT (SELECT max(y) FROM s) AS top, transform(a, e -> e + k) AS b"
            " FROM q",
            [
                (["s.y"], ["max(y)", "(SELECT max(y) FROM s)"], "w.top"),
                (["q.a", "q.k"], ["transform(a, e -> e + k)"], "w.b"),
            ],
        ),
        ("SELECT 1; DROP TABLE t; SHOW TABLES", []),
    ],
)
def test_statements_that_write(script: str, lanes: list[tuple[list[str], list[str], str]]) -> None:
    assert drawn(sql(script, t=["first"] if "first" in str(lanes) else [])) == lanes


def test_a_statement_that_is_wrong_is_said_with_its_line_and_the_others_are_drawn() -> None:
    flow = sql("SELEC 1;\n\nINSERT INTO t (a) SELECT x FROM s")
    assert flow.notes == ("line 1: mismatched input 'SELEC'",)
    assert len(flow.lanes) == 1
