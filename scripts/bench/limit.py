"""A scan over its workgroup's limit: how far it gets before it is stopped, and whether it is recorded.

`--rows` is 2 million or more: fewer are within the limit.

The estimate is made to say nothing, so that the query starts and the watch has to stop it. Limits: at
most one second of scanning from the moment at which the engine itself has read more than the limit to
the moment at which it is stopped; always recorded, as refused, with no less than the limit scanned.

    scripts/bench/limit.py [--rounds 5] [--lake DIR]

On an embedded lake of its own, and on the stack of the lake DIR, whose Trino needs the catalog `tpch`;
a schema `limit_bench` is made there and dropped.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from fixtures import make_loaded_lake
from timing import verdict

from lakeshell.errors import LakeshellError, LimitExceeded
from lakeshell.lake import Lake
from lakeshell.model import Estimate
from lakeshell.ports import HistoryFilter
from lakeshell.query.order import Order
from lakeshell.query.run import RunningQuery, run_query, start_query
from lakeshell.workgroup import Workgroup

LIMIT = 2 * 2**20
SCHEMA = "limit_bench"
ROWS = 8_000_000
QUERIES = {
    "embedded": {
        "an aggregation": "SELECT max(regexp_replace(note, '[aeiou]+', 'xy')), sum(amount) FROM raw.payment",
        "all rows, slowly read": "SELECT * FROM raw.payment",
    },
    "stack": {
        "an aggregation": "SELECT max(regexp_replace(comment, '[aeiou]+', 'xy')) FROM {table}",
        "all rows, slowly read": "SELECT * FROM {table}",
    },
}


class Silent:
    """An engine whose estimates say that nothing is scanned."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def estimate(self, *_: Any) -> Estimate:
        return Estimate(0)


def stopped(lake: Lake, sql: str, pause: float) -> tuple[float, int]:
    """Seconds from the limit to the stop, and bytes over the limit; runs one query."""
    group = Workgroup("limited", scan_limit=LIMIT)
    services = replace(
        lake.services, engine=lambda: Silent(lake.engine), workgroup=lambda name: group
    )
    crossed: list[float] = []
    ended = threading.Event()

    def follow(query: RunningQuery) -> None:
        def look() -> None:
            while not ended.wait(0.02):
                running = query._running
                assert running is not None
                running.look()
                if (running.progress.scanned or 0) > LIMIT:
                    crossed.append(time.monotonic())
                    return

        threading.Thread(target=look, daemon=True).start()

    order = Order(sql, keep_result=False)
    try:
        with start_query(order, lake.session(), services, follow) as query:
            for _ in query.batches():
                time.sleep(pause)
        raise SystemExit(f"nothing stopped {sql}: it scanned {query.record.scanned:,}")
    except LimitExceeded:
        at = time.monotonic()
    finally:
        ended.set()
    (record,) = lake.ledger.queries(HistoryFilter(workgroup="limited", limit=1))
    if record.state != "REFUSED" or (record.scanned or 0) <= LIMIT or not record.error:
        raise SystemExit(f"it is not recorded: {record}")
    return at - (crossed[0] if crossed else at), (record.scanned or 0) - LIMIT


def measure(lake: Lake, where: str, rounds: int, named: Callable[[str], str]) -> None:
    for what, sql in QUERIES[where].items():
        pause = 0.2 if "slowly" in what else 0.0
        found = [stopped(lake, named(sql), pause) for _ in range(rounds)]
        late = [1000 * seconds for seconds, _ in found]
        over = statistics.median(size for _, size in found) / 2**20
        print(f"{where}, {what}: stopped {statistics.median(late):,.0f} ms after the limit, at most "
              f"{max(late):,.0f} ms; {over:,.1f} MB over {LIMIT / 2**20:.0f} MB")  # fmt: skip
        verdict(f"overshoot, {where}, {what}", max(late) / 1000, 1, "s of scanning")


def on_stack(lake: Lake, rounds: int) -> None:
    def run(sql: str) -> None:
        run_query(Order(sql), lake.session(), lake.services)

    table = f"lake.{SCHEMA}.lines"
    with suppress(LakeshellError):
        run(f"DROP SCHEMA lake.{SCHEMA} CASCADE")
    run(f"CREATE SCHEMA lake.{SCHEMA}")
    run(f"CREATE TABLE {table} AS SELECT * FROM tpch.sf1.lineitem WHERE orderkey < 3000000")
    try:
        measure(lake, "stack", rounds, lambda sql: sql.format(table=table))
    finally:
        run(f"DROP SCHEMA lake.{SCHEMA} CASCADE")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=ROWS, help="of the embedded table")
    parser.add_argument("--lake", type=Path, help="a lake on a stack")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = make_loaded_lake(Path(made), given.rows)
        with Lake(folder, os.environ) as lake:
            measure(lake, "embedded", given.rounds, str)
    if given.lake is not None:
        with Lake(given.lake, os.environ) as lake:
            on_stack(lake, given.rounds)


if __name__ == "__main__":
    main()
