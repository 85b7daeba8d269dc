"""Queries on Trino beside trino-cli: `select 1`, a catalogued table, 2 M rows of 10 columns to CSV.

Limits: `select 1` takes at most 0.35 times trino-cli's wall time, less than 0.55 s, and at most
250 ms more than the server's own elapsed time, and so does one row of a catalogued source table in
a workgroup with a limit; the large result at most 0.8 times trino-cli's wall time, with a peak of
at most 250 MB.

    scripts/bench/trino.py LAKE URL CLI [rounds] [DB.TABLE CONNECTION.SCHEMA.TABLE]

LAKE is a lake whose engine is the Trino at URL, CLI the command of trino-cli. Its Trino has the
catalogs `lake` and `tpch`; the table `lake.bench.big` is made when it is missing. DB.TABLE is a
crawled table of a connection, which trino-cli reads by its name there; it is left out when it is
not named.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from timing import LAKESHELL, in_turn, run, verdict

ROWS = 2_000_000
BIG = f"""
CREATE TABLE IF NOT EXISTS lake.bench.big AS
SELECT orderkey AS id, CAST(linenumber AS integer) AS line, shipmode AS mode, comment AS note,
    CAST(extendedprice AS decimal(12, 2)) AS price, discount, shipdate AS shipped,
    CAST(commitdate AS timestamp(6)) AS at, quantity > 25 AS large, shipinstruct AS instruct
FROM tpch.sf1.lineitem LIMIT {ROWS}
"""
READ = "SELECT * FROM lake.bench.big"
QUERY = (*LAKESHELL, "query", "--no-progress")
WORKGROUP = "bench_limited"


def above_server(query: tuple[str, ...], url: str, rounds: int) -> float:
    """Milliseconds that it takes more than the server itself, by the server's own figures of the
    same runs."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        said = subprocess.run((*query, "--stats"), check=True, capture_output=True, text=True)
        taken = 1000 * (time.perf_counter() - started)
        id = json.loads(said.stderr.strip().splitlines()[-1])["engine_id"]
        told = subprocess.run(
            ("curl", "-s", "-H", "X-Trino-User: bench", f"{url}/v1/query/{id}"),
            check=True,
            capture_output=True,
            text=True,
        )
        found.append(taken - _milliseconds(json.loads(told.stdout)["queryStats"]["elapsedTime"]))
    return statistics.median(found)


def _milliseconds(text: str) -> float:
    """Of `93.20ms`, `1.04s`."""
    for unit, factor in (("ms", 1.0), ("us", 0.001), ("ns", 1e-6), ("s", 1000.0), ("m", 60_000.0)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(text)


def short(what: str, ours: tuple[str, ...], theirs: tuple[str, ...], url: str, rounds: int) -> None:
    """One small result."""
    found = in_turn({"lakeshell": ours, "trino-cli": theirs}, rounds)
    for name, runs in found.items():
        print(f"{what}, {name:10} {runs}")
    mine, cli = found["lakeshell"], found["trino-cli"]
    verdict(f"{what}, to trino-cli", mine.median / cli.median, 0.35, "times")
    verdict(f"{what}, its processor seconds", mine.processor / cli.processor, 0.35, "times")
    verdict(what, mine.median, 0.55, "s")
    verdict(f"{what}, above the server's own time", above_server(ours, url, rounds), 250, "ms")


def main(
    lake: str, url: str, cli: str, rounds: int = 9, catalogued: str = "", direct: str = ""
) -> None:
    inside = ("--lake", lake)
    for statement in ("CREATE SCHEMA IF NOT EXISTS lake.bench", BIG):
        run((*QUERY, "-e", statement, *inside))
    theirs = (*cli.split(), "--server", url, "--output-format", "CSV", "--execute")
    select = (*QUERY, "-e", "select 1", *inside)
    short("select 1", select, (*theirs, "select 1"), url, rounds)
    if catalogued:
        if not (Path(lake) / f"workgroups/{WORKGROUP}.toml").exists():
            run((*LAKESHELL, "workgroup", "add", WORKGROUP, "--scan-limit", "1TB", *inside))
        of = "SELECT * FROM {} LIMIT 1"
        limited = (*QUERY, "-w", WORKGROUP, "-e", of.format(catalogued), *inside)
        short("a catalogued table", limited, (*theirs, of.format(direct)), url, rounds)
    found = in_turn(
        {"lakeshell": (*QUERY, "-e", READ, *inside), "trino-cli": (*theirs, READ)},
        max(1, rounds // 3),
    )
    for name, runs in found.items():
        print(f"{ROWS:,} rows {name:10} {runs}")
    ours, cli_runs = found["lakeshell"], found["trino-cli"]
    verdict("2 M rows to trino-cli", ours.median / cli_runs.median, 0.8, "times")
    verdict("peak memory", ours.peak, 250, "MB")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:4], *map(int, sys.argv[4:5]), *sys.argv[5:7])
