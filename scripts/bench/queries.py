"""Five queries over 2 M Iceberg rows by `lakeshell query`, beside DuckDB itself on the same files.

Limit: at most 1.25 times DuckDB, process start set aside: the median of a cold `select 1` on either
side is taken off that side's median. Both print CSV. DuckDB gets its own SQL over `read_parquet`
of the files that the table has, with its default settings.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from fixtures import TABLES, arguments, make_loaded_lake
from timing import LAKESHELL, PYTHON, Runs, in_turn, verdict

DUCKDB = """
import csv, sys, duckdb
csv.writer(sys.stdout).writerows(duckdb.sql(sys.argv[1]).fetchall())
"""
QUERIES = {
    "filter": "SELECT payment_id, amount, note, payment_date FROM {payment} WHERE amount > 11.5"
    " AND method = 'card' AND payment_date >= TIMESTAMP '2025-06-01 00:00:00'",
    "group by": "SELECT method, staff_id, count(*), sum(amount), min(payment_date), max(tax)"
    " FROM {payment} GROUP BY method, staff_id ORDER BY 1, 2",
    "join": "SELECT c.city, count(*), sum(p.amount) FROM {payment} p JOIN {customer} c"
    " ON p.customer_id = c.customer_id WHERE c.credit > 100 GROUP BY c.city ORDER BY 3 DESC, 1",
    "window": "SELECT customer_id, payment_id, amount FROM (SELECT customer_id, payment_id, amount,"
    " row_number() OVER (PARTITION BY customer_id ORDER BY amount DESC, payment_id) AS n"
    " FROM {payment}) AS ranked WHERE n = 1 AND amount > 11.9",
    "top-n": "SELECT payment_id, customer_id, amount, tax, payment_date FROM {payment}"
    " ORDER BY tax DESC, payment_id LIMIT 100",
}


def files_of(lake: Path, table: str) -> list[str]:
    """The data files that the table's current snapshot has."""
    sql = f'SELECT file_path FROM raw."{table}$files"'
    command = (*LAKESHELL, "query", "--output-format", "TSV", "-e", sql, "--lake", str(lake))
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def sides(lake: Path) -> dict[str, tuple[str, ...]]:
    files = {table: f"read_parquet({files_of(lake, table)})" for table in TABLES}
    names = {table: f"raw.{table}" for table in TABLES}
    made: dict[str, tuple[str, ...]] = {}
    for name, sql in {"start": "SELECT 1", **QUERIES}.items():
        made[f"{name}, lakeshell"] = (
            *LAKESHELL, "query", "-e", sql.format(**names), "--lake", str(lake)
        )  # fmt: skip
        made[f"{name}, duckdb"] = (*PYTHON, "-c", DUCKDB, sql.format(**files))
    return made


def check_answers(commands: Mapping[str, Sequence[str]]) -> None:
    """Ends the benchmark where the sides give different numbers of rows, or none."""
    for name in QUERIES:
        ours, theirs = (
            subprocess.run(commands[f"{name}, {side}"], check=True, capture_output=True).stdout
            for side in ("lakeshell", "duckdb")
        )
        if not ours or ours.count(b"\n") != theirs.count(b"\n"):
            sys.exit(f"{name}: other rows than by DuckDB\n{ours[:500]!r}\n{theirs[:500]!r}")


def main() -> None:
    with arguments(__doc__, rounds=15) as given:
        commands = sides(make_loaded_lake(given.folder, given.rows))
        check_answers(commands)
        found = in_turn(commands, given.rounds)
        for name, runs in found.items():
            print(f"{name:20} {runs}")
        for name in QUERIES:
            ours, theirs = (beside_start(found, name, side) for side in ("lakeshell", "duckdb"))
            seconds, processor = (mine / other for mine, other in zip(ours, theirs, strict=True))
            text = f"{name} ({ours[0]:.3f} s / {theirs[0]:.3f} s, processor {processor:.2f})"
            verdict(text, seconds, 1.25, "times")


def beside_start(found: Mapping[str, Runs], name: str, side: str) -> tuple[float, float]:
    """Wall and processor seconds of a query, its side's process start taken off."""
    query, start = found[f"{name}, {side}"], found[f"start, {side}"]
    return query.median - start.median, query.processor - start.processor


if __name__ == "__main__":
    main()
