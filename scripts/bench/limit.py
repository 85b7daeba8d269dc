"""A scan over its workgroup's limit: how far it gets before it is stopped, and whether it is recorded.

`--rows` is 2 million or more: fewer are within the limit.

The estimate is made to say nothing, so that the query starts and the watch has to stop it. Limits: at
most one second of scanning from the moment at which the engine itself has read more than the limit to
the moment at which it is stopped; always recorded, as refused, with no less than the limit scanned.

On the stack so are queries of a client that knows nothing of Lakeshell: held by Trino, to the default
of its session, and by the lake's `lakeshell serve`, which must run; and where the client raised its
session's limit, by `serve` alone.

    scripts/bench/limit.py [--rounds 5] [--lake DIR]

On an embedded lake of its own, and on the stack of the lake DIR, whose Trino needs the catalog `tpch`;
a schema and a workgroup `limit_bench` are made there and dropped.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from fixtures import make_loaded_lake
from timing import verdict

from lakeshell import budgets, history, serve
from lakeshell.errors import LakeshellError, LimitExceeded
from lakeshell.lake import Lake
from lakeshell.model import Estimate
from lakeshell.ports import HistoryFilter, Running
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


LONG = (
    "SELECT count_if(regexp_like(a.comment || cast(n AS varchar), '[aeiou]+.*9$'))"
    " FROM {table} a CROSS JOIN UNNEST(sequence(1, 30)) b(n)"
)
"""Reads for many seconds: no client has to be slow."""


class Silent:
    """An engine whose estimates say that nothing is scanned."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def estimate(self, *_: Any) -> Estimate:
        return Estimate(0)


@contextmanager
def crossing(running: Callable[[], Running | None]) -> Iterator[list[float]]:
    """The moment at which the engine says that more than the limit is read, once it has."""
    crossed: list[float] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.02):
            found = running()
            if found is None:
                continue
            found.look()
            if (found.progress.scanned or 0) > LIMIT:
                crossed.append(time.monotonic())
                return

    threading.Thread(target=look, daemon=True).start()
    try:
        yield crossed
    finally:
        ended.set()


def stopped(lake: Lake, sql: str, pause: float) -> tuple[float, int]:
    """Seconds from the limit to the stop, and bytes over the limit; runs one query."""
    group = Workgroup("limited", scan_limit=LIMIT)
    services = replace(
        lake.services, engine=lambda: Silent(lake.engine), workgroup=lambda name: group
    )
    begun: list[RunningQuery] = []
    order = Order(sql, keep_result=False)
    with crossing(lambda: begun[0]._running if begun else None) as crossed:
        try:
            with start_query(order, lake.session(), services, begun.append) as query:
                for _ in query.batches():
                    time.sleep(pause)
            raise SystemExit(f"nothing stopped {sql}: it scanned {query.record.scanned:,}")
        except LimitExceeded:
            at = time.monotonic()
    (record,) = lake.ledger.queries(HistoryFilter(workgroup="limited", limit=1))
    if record.state != "REFUSED" or (record.scanned or 0) <= LIMIT or not record.error:
        raise SystemExit(f"it is not recorded: {record}")
    return at - (crossed[0] if crossed else at), (record.scanned or 0) - LIMIT


def measure(lake: Lake, where: str, rounds: int, named: Callable[[str], str]) -> None:
    for what, sql in QUERIES[where].items():
        pause = 0.2 if "slowly" in what else 0.0
        found = [stopped(lake, named(sql), pause) for _ in range(rounds)]
        say(where, what, found)


def say(where: str, what: str, found: list[tuple[float, int]]) -> None:
    late = [1000 * seconds for seconds, _ in found]
    over = statistics.median(size for _, size in found) / 2**20
    print(f"{where}, {what}: stopped {statistics.median(late):,.0f} ms after the limit, at most "
          f"{max(late):,.0f} ms; {over:,.1f} MB over {LIMIT / 2**20:.0f} MB")  # fmt: skip
    verdict(f"overshoot, {where}, {what}", max(late) / 1000, 1, "s of scanning")


def stopped_by_others(lake: Lake, sql: str, raised: bool) -> tuple[float, int]:
    """The same of a client that knows no limits; `raised`: it has put its session's up."""
    session = lake.session(SCHEMA, source="bench")
    session.properties = {"query_max_scan_physical_bytes": "1TB"} if raised else {}
    running = lake.engine.run(sql, session)
    with crossing(lambda: running) as crossed:
        try:
            for _ in running.batches():
                pass
            raise SystemExit(f"nothing stopped {sql}: it scanned {running.progress.scanned:,}")
        except LimitExceeded as error:
            at = time.monotonic()
            print(f"     {error.message}")
    running.look()
    return at - (crossed[0] if crossed else at), (running.progress.scanned or 0) - LIMIT


def of_other_clients(lake: Lake, rounds: int, sql: str) -> None:
    """Each has to be in the history as what it was."""
    if serve.serving(lake.state) is None:
        raise SystemExit(f"nobody holds limits: lakeshell serve --lake {lake.folder}")
    with suppress(LakeshellError):
        lake.workgroups.remove(SCHEMA)
    lake.workgroups.add(Workgroup(SCHEMA, scan_limit=LIMIT))
    budgets.hold(lake)
    time.sleep(5)
    try:
        for what, raised in (("another client", False), ("one that raised its limit", True)):
            found = [stopped_by_others(lake, sql, raised) for _ in range(rounds)]
            say("stack", what, found)
        time.sleep(2)
        history.catch_up(lake)
        kept = lake.ledger.queries(HistoryFilter(workgroup=SCHEMA, limit=2 * rounds))
        over = [record for record in kept if record.error and (record.scanned or 0) > LIMIT]
        if len(over) != 2 * rounds:
            raise SystemExit(f"{len(over)} of {2 * rounds} are recorded")
    finally:
        lake.workgroups.remove(SCHEMA)
        budgets.hold(lake)


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
        of_other_clients(lake, rounds, LONG.format(table=table))
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
