"""The history of a million queries: every filter and search, and what one more record costs.

Limits: 100 ms for any filter or search, the 50 newest of it; 5 ms for a new record, begun and
ended. The million is made of generated statements of four years, whose texts all differ, by 40
users in 8 workgroups. With LAKESHELL_BENCH_MYSQL=mysql://USER:PASSWORD@HOST:PORT/SCHEMA the same in an
empty schema of MySQL, else in a SQLite file.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fixtures import arguments
from ledger import add
from timing import verdict

from lakeshell.ledger.ledger import SqlLedger
from lakeshell.ledger.mysql import MysqlLedger
from lakeshell.ledger.sqlite import SqliteLedger
from lakeshell.model import QueryRecord, QueryState
from lakeshell.ports import HistoryFilter
from lakeshell.source.mysql_address import MysqlAddress

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


def records() -> Iterator[QueryRecord]:
    for number in range(RECORDS):
        started = _NOW - _STEP * (RECORDS - number)
        state = random.choices(_STATES, (95, 3, 1, 1))[0]
        group = random.choices(_GROUPS, _SHARES)[0]
        yield QueryRecord(
            f"{number:028}", started, random.choice(_USERS), group, "bench", "raw",
            statement(number), QueryState(state), started + timedelta(seconds=1), 1.0, 10**7, 4,
            Decimal("0.00005"), error_code="" if state == "FINISHED" else "DIVISION_BY_ZERO",
            kind="SELECT",
        )  # fmt: skip


def opened(folder: Path) -> SqlLedger:
    url = os.environ.get("LAKESHELL_BENCH_MYSQL")
    if url is None:
        return SqliteLedger(folder / f"history-{RECORDS}.db")
    parts = urlsplit(url)
    address = MysqlAddress(
        parts.hostname or "", parts.port or 3306, unquote(parts.username or ""),
        unquote(parts.password or ""), parts.path.strip("/"),
    )  # fmt: skip
    return MysqlLedger(address.pymysql(), str(address))


def fill(ledger: SqlLedger) -> None:
    """A million records, where there are none yet."""
    if ledger.taken_in("bench"):
        return
    random.seed(20261124)
    started, made, upto = time.perf_counter(), records(), 0
    while part := list(islice(made, 10_000)):
        upto += len(part)
        ledger.take_in("bench", part, upto)
    print(f"{upto:,} records written in {time.perf_counter() - started:.0f} s")
    started = time.perf_counter()
    segments = ledger.index_texts()
    print(f"{segments} segments of texts indexed in {time.perf_counter() - started:.0f} s")


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
        "text in every one, seen by a member of three": HistoryFilter(
            contains="select", among=frozenset({"audit", "etl", "analysts"}), viewer="user07"
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
        ledger = opened(given.folder)
        fill(ledger)
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
