"""EXPLAIN on the embedded engine: a tree of steps with their rows, and the bytes of each scan."""

from __future__ import annotations

import json
from typing import Any

from shell import Shell

from lakeshell.engine.embedded.execution.plan_tree import Scanned, plan_lines


def step(name: str, *below: dict[str, Any], rows: int | None = None, **info: Any) -> dict[str, Any]:
    said = {key.replace("_", " "): value for key, value in info.items()}
    if rows is not None:
        said["Estimated Cardinality"] = str(rows)
    return {"name": name, "children": list(below), "extra_info": said}


def test_steps_are_a_tree_and_scans_are_named_where_they_can_be() -> None:
    plan = step(
        "PROJECTION",
        step(
            "HASH_JOIN",
            step("READ_PARQUET", rows=2000, Projections=["n", "g"], Filters="(n > 10)"),
            step(
                "FILTER",
                step("READ_PARQUET", rows=1, Projections="n", Filters="(s\n  < '2')"),
                rows=1,
                Expression="n > 1",
            ),
            step("READ_PARQUET", Projections="n"),
            rows=40,
            Join_Type="INNER",
        ),
        Projections="#0",
    )
    scans = [
        Scanned("lake.raw.a", ("g", "n"), 10_000, 28_113, 1),
        Scanned("lake.raw.b", ("n", "s"), 1, 1, 3),
        Scanned("shop.main.c", (), 0, None, 0),
        Scanned("shop.main.d", ("x",), 5, None, 0),
    ]
    assert list(plan_lines(json.dumps([plan]), scans)) == [
        "Hash join [INNER]                      about 40 rows",
        "├─ Scan [lake.raw.a; n, g; (n > 10)]   about 2,000 rows",
        "├─ Filter [n > 1]                      about 1 row",
        "│  └─ Scan [lake.raw.b; n; (s < '2')]  about 1 row",
        "└─ Scan [n]",
        "",
        "lake.raw.a [g, n]: 10,000 rows, 28,113 bytes of 1 file",
        "lake.raw.b [n, s]: 1 row, 1 byte of 3 files",
        "shop.main.c [only its count of rows]: not metered",
        "shop.main.d [x]: 5 rows, not metered",
    ]


def test_a_query_is_explained(shell: Shell) -> None:
    made = shell(
        "query", "-e",
        "CREATE SCHEMA lake.raw; CREATE TABLE raw.t AS SELECT n, n % 7 AS g FROM"
        " UNNEST(sequence(1, 1000)) t(n)",
    )  # fmt: skip
    assert made.code == 0, made.err
    sql = "EXPLAIN SELECT g, sum(n) AS s FROM raw.t WHERE n > 10 GROUP BY g ORDER BY s LIMIT 3"
    lines = (
        shell("query", "--output-format", "CSV_UNQUOTED", "-e", sql).out.strip('"\n').split("\n")
    )
    assert lines[0].startswith("Top n [")
    assert lines[0].endswith("about 3 rows")
    scan = next(line for line in lines if "Scan" in line)
    assert scan.lstrip(" │├└─").startswith("Scan [lake.raw.t; ")
    assert next(line for line in lines if line.startswith("lake.raw.t [g, n]: 1,000 rows, "))
    assert lines[-1].startswith("Scans at most ")
    assert shell("query", "-e", "EXPLAIN SELECT 1").code == 0
    assert "lake.raw.t [only its count of rows]" in (
        shell("query", "-e", "EXPLAIN SELECT count(*) FROM raw.t").out
    )
