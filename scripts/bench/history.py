"""The history of a million queries: every filter and search, and what one more record costs.

Limits: 100 ms for any filter or search, the 50 newest of it; 5 ms for a new record, begun and
ended. The million is made of generated statements of four years, whose texts all differ, by 40
users in 8 workgroups.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fixtures import arguments
from ledger import add
from timing import verdict

from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryState
from lakeshell.ports import HistoryFilter

RECORDS = 1_000_000
_NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
_STEP = timedelta(seconds=126)
_TABLES = ("film", "rental", "payment", "customer", "inventory", "actor", "staff", "store")
_COLUMNS = ("title", "amount", "rental_date", "customer_id", "email", "length", "rating", "name")
_USERS = tuple(f"user{n:02}" for n in range(40))
_GROUPS = ("primary", "analysts", "finance", "marketing", "research", "support", "audit", "etl")
_SHARES = (60, 20, 10, 5, 2, 1, 1, 1)
_STATES = ("FINISHED", "FAILED", "CANCELLED", "REFUSED")


def statement(number: int) -> str:
    pick = random.choice
    return (
        f"SELECT {pick(_COLUMNS)}, count(*), sum({pick(_COLUMNS)}) FROM raw.{pick(_TABLES)} "
        f"JOIN raw.{pick(_TABLES)} USING ({pick(_COLUMNS)}) WHERE {pick(_COLUMNS)} > "
        f"{random.randrange(10**6)} GROUP BY 1 ORDER BY {1 + number % 3} -- report {number}."
    )


def records() -> Iterator[tuple[Any, ...]]:
    for number in range(RECORDS):
        started = int((_NOW - _STEP * (RECORDS - number)).timestamp() * 1_000_000)
        state = random.choices(_STATES, (95, 3, 1, 1))[0]
        group = random.choices(_GROUPS, _SHARES)[0]
        yield (
            f"{number:028}", started, random.choice(_USERS), group, "bench", "raw",
            statement(number), state, started + 10**6, 1.0, 10**7, 4, 500_000, "USD",
            "" if state == "FINISHED" else "DIVISION_BY_ZERO", "", "duckdb", "SELECT", "", "",
        )  # fmt: skip


_INTO = (
    "id", "started", "user", "workgroup", "source", "database", "sql", "state", "finished",
    "elapsed", "scanned", "rows", "cost", "currency", "error_code", "error", "engine", "kind",
    "job_run", "process",
)  # fmt: skip


def filled(path: Path) -> float:
    """A ledger of a million records; gives the seconds that it took."""
    random.seed(20261124)
    SqliteLedger(path).close()
    started = time.perf_counter()
    with closing(sqlite3.connect(path)) as db, db:
        marks = ", ".join("?" * len(_INTO))
        db.executemany(f"INSERT INTO queries ({', '.join(_INTO)}) VALUES ({marks})", records())
    return time.perf_counter() - started


def questions() -> dict[str, HistoryFilter]:
    seldom = {"workgroup": "etl", "user": "user07", "state": QueryState.REFUSED}
    return {
        "the newest": HistoryFilter(),
        "a workgroup": HistoryFilter(workgroup="etl"),
        "a user": HistoryFilter(user="user07"),
        "a state": HistoryFilter(state=QueryState.REFUSED),
        "workgroup, user and state": HistoryFilter(**seldom),
        "a user who ran nothing": HistoryFilter(user="nobody", workgroup="primary"),
        "a day three years ago": HistoryFilter(
            since=_NOW - timedelta(days=1096), until=_NOW - timedelta(days=1095)
        ),
        "seen by a member of one workgroup": HistoryFilter(
            among=frozenset({"audit"}), viewer="nobody"
        ),
        "seen by a member of none": HistoryFilter(among=frozenset(), viewer="nobody"),
        "text in every one": HistoryFilter(contains="select"),
        "text in many": HistoryFilter(contains="raw.payment JOIN"),
        "text in one, the oldest": HistoryFilter(contains="-- report 17."),
        "text in a few": HistoryFilter(contains="report 99999"),
        "text in none": HistoryFilter(contains="nothing of the kind"),
        "text whose pieces are in every one": HistoryFilter(contains="order by group by"),
        "two letters in every one": HistoryFilter(contains="se"),
        "two letters in none": HistoryFilter(contains="zz"),
        "one letter": HistoryFilter(contains="q"),
        "text in every one, of a user": HistoryFilter(contains="select", user="user07"),
        "text in none, of a workgroup": HistoryFilter(contains="nowhere", workgroup="primary"),
        "text in many, workgroup, user and state": HistoryFilter(contains="film", **seldom),
        "text in many, of a state": HistoryFilter(contains="film", state=QueryState.FAILED),
        "text in many, of a day": HistoryFilter(
            contains="film", since=_NOW - timedelta(days=701), until=_NOW - timedelta(days=700)
        ),
        "text in many, of a year": HistoryFilter(
            contains="report 2", since=_NOW - timedelta(days=1000), until=_NOW - timedelta(days=635)
        ),
        "text in few, seen by a member of one": HistoryFilter(
            contains="report 123", among=frozenset({"audit"}), viewer="nobody"
        ),
    }


def median(work: Callable[[], object], rounds: int) -> float:
    """In milliseconds, after a first round that is not counted."""
    times = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times[1:])


def main() -> None:
    with arguments(__doc__, rounds=7) as given:
        path = given.folder / f"history-{RECORDS}.db"
        if not path.exists():
            print(f"{RECORDS:,} records written in {filled(path):.0f} s")
        print(f"the file has {path.stat().st_size / 2**20:,.0f} MB")
        ledger = SqliteLedger(path)
        worst, slowest = 0.0, ""
        for name, filter in questions().items():
            count = len(ledger.queries(filter))
            took = median(lambda filter=filter: ledger.queries(filter), given.rounds)  # type: ignore[misc]
            print(f"{name:42} {count:3} found, median {took:8.2f} ms")
            worst, slowest = max((worst, slowest), (took, name))
        verdict(f"the slowest, {slowest}", worst, 100, "ms")
        spent = median(
            lambda: ledger.spent("primary", _NOW - timedelta(days=30), currency="USD"), given.rounds
        )
        print(f"{'spent in a month':42}            median {spent:8.2f} ms")
        adding = median(lambda: add(ledger, datetime.now(UTC)), 50 * given.rounds)
        verdict("one more record, begun and ended", adding, 5, "ms")
        gone = ledger.prune(_NOW - _STEP * (RECORDS - 1000))
        pruned = median(lambda: ledger.prune(_NOW - _STEP * RECORDS), given.rounds)
        print(f"{gone} records pruned; finding none to prune takes {pruned:.2f} ms")
        ledger.close()


if __name__ == "__main__":
    main()
