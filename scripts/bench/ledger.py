"""What the record of a query costs: its begin and its end, in a new ledger and in a full one.

Limit: 10 ms for both together. What a workgroup spent this month, which a budget asks for before
each query, and the listing of the history are measured beside it. The other side is a bare SQLite
insert and update of the same text, committed in the same way, in turn with it.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from fixtures import arguments
from timing import verdict

from lakeshell.ledger.ledger import SqlLedger
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState
from lakeshell.ports import HistoryFilter

RECORDS = 200_000
SQL = "SELECT category, sum(amount) FROM raw.payment GROUP BY category -- " + "x" * 400
_NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def record(id: str, at: datetime) -> QueryRecord:
    return QueryRecord(
        id=id, started=at, user="ada", workgroup="analysts", source="bench", database="raw",
        sql=SQL, state=QueryState.RUNNING, currency="USD", engine="duckdb", kind="SELECT",
    )  # fmt: skip


def add(ledger: SqlLedger, at: datetime) -> None:
    begun = record(ledger.new_id(), at)
    ledger.begin(begun)
    ledger.end(
        replace(begun, state=QueryState.FINISHED, finished=at, elapsed=0.2, scanned=10**7, rows=4,
                cost=Decimal("0.00005"))
    )  # fmt: skip


def fill(ledger: SqliteLedger) -> None:
    """A year of records, written at once."""
    add(ledger, _NOW - timedelta(days=365))
    with closing(sqlite3.connect(ledger.path)) as db, db:
        named = (row[1] for row in db.execute("PRAGMA table_info(queries)"))
        columns = [name for name in named if name != "number"]
        taken = ", ".join(
            {"id": "printf('%08d', n)", "started": "started + n * 150000000"}.get(name, name)
            for name in columns
        )
        db.execute(
            f"INSERT INTO queries ({', '.join(columns)}) WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL"
            f" SELECT n + 1 FROM s LIMIT {RECORDS}) SELECT {taken} FROM queries, s"
        )


def bare(path: Path) -> Callable[[], object]:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, sql TEXT, state TEXT)")

    def once() -> None:
        made = db.execute("INSERT INTO t (sql, state) VALUES (?, 'RUNNING')", (SQL,))
        db.execute("UPDATE t SET state = 'FINISHED' WHERE id = ?", (made.lastrowid,))

    return once


def medians(sides: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """In milliseconds; the sides take turns, after a first round that is not counted."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for round in range(rounds + 1):
        for name, work in sides.items():
            started = time.perf_counter()
            work()
            if round:
                found[name].append(1000 * (time.perf_counter() - started))
    return {name: statistics.median(times) for name, times in found.items()}


def main() -> None:
    with arguments(__doc__, rounds=200) as given:
        empty = SqliteLedger(given.folder / f"empty-{time.time_ns()}.db")
        full = SqliteLedger(given.folder / f"full-{time.time_ns()}.db")
        fill(full)
        month = _NOW - timedelta(days=24)
        sides: dict[str, Callable[[], object]] = {
            "bare SQLite": bare(given.folder / f"bare-{time.time_ns()}.db"),
            "new ledger": lambda: add(empty, datetime.now(UTC)),
            f"ledger of {RECORDS:,}": lambda: add(full, datetime.now(UTC)),
            "spent this month": lambda: full.spent("analysts", month, currency="USD"),
            "history, 50 of it": lambda: full.queries(HistoryFilter(limit=50)),
        }
        found = medians(sides, given.rounds)
        for name, milliseconds in found.items():
            print(f"{name:20} median {milliseconds:8.3f} ms")
        verdict("a record in a new ledger", found["new ledger"], 10, "ms")
        verdict("a record in a full one", found[f"ledger of {RECORDS:,}"], 10, "ms")


if __name__ == "__main__":
    main()
