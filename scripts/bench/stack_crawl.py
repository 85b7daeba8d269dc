"""A crawl of many MySQL tables into the Hive Metastore, as `lakeshell crawler run`.

Limits for 1,000 tables of 20 columns: 20 s cold, a quarter of what one connection takes that makes
the same tables one by one at default locations, by turns, and 3 s when nothing changed. Five times the tables
may take five times as long and a fifth more.
"""

from __future__ import annotations

import statistics
import time
from contextlib import closing
from pathlib import Path

from fixtures import arguments
from hive_metastore import ttypes as hive
from services import make_lake, make_tables, url
from timing import LAKESHELL, in_turn, run, verdict

from lakeshell.store.metastore import Metastore, MetastoreAddress

TABLES = 1_000
SINGLY = 200
"""So many of them one by one."""
LARGER = 5


def main() -> None:
    with arguments(__doc__, rounds=3) as given:
        lake = make_lake(given.folder)
        found = url("METASTORE")
        address = MetastoreAddress(host=found.hostname or "", port=found.port or 9083)
        cold, singly = [], []
        with closing(Metastore(address)) as metastore:
            # The first round warms the Metastore, which takes three times as long after its start.
            for round in range(given.rounds + 1):
                cold.append(crawled(metastore, str(lake), TABLES))
                singly.append(one_by_one(metastore, TABLES, SINGLY) * TABLES / SINGLY)
                print(f"round {round}: crawl {cold[-1]:.1f} s, one by one {singly[-1]:.1f} s")
            again = in_turn({"again": crawl(str(lake), TABLES)}, given.rounds)["again"]
            larger = crawled(metastore, str(lake), TABLES * LARGER)
        least = min(cold[1:])
        print(f"unchanged {again}, {TABLES * LARGER:,} tables {larger:.1f} s")
        verdict(f"{TABLES:,} tables, the first crawl", cold[0], 20, "s")
        verdict(f"{TABLES:,} tables, later ones", statistics.median(cold[1:]), 20, "s")
        verdict("unchanged", again.median, 3, "s")
        ratios = [one / all for one, all in zip(singly[1:], cold[1:], strict=True)]
        verdict("one by one to the crawl", statistics.median(ratios), 4, "times", at_least=True)
        verdict(f"{LARGER} times the tables", larger / least, 1.2 * LARGER, "times")


def name(tables: int) -> str:
    return f"lakeshell_bench_{tables}"


def crawl(lake: str, tables: int) -> tuple[str, ...]:
    return (*LAKESHELL, "crawler", "run", name(tables), "--lake", lake)


def crawled(metastore: Metastore, lake: str, tables: int) -> float:
    """Seconds of a crawl that finds nothing registered."""
    make_tables(tables, name(tables))
    empty(metastore, name(tables))
    if not (Path(lake) / f"crawlers/{name(tables)}.toml").exists():
        run(
            (*LAKESHELL, "crawler", "add", name(tables), "--connection", "bench", "--include",
             f"{name(tables)}/%", "--database", name(tables), "--lake", lake)
        )  # fmt: skip
    return run(crawl(lake, tables)).seconds


def empty(metastore: Metastore, database: str) -> None:
    names = metastore.ask(lambda client: client.get_all_tables(database))
    for _ in metastore.ask_each(lambda c, table: c.drop_table(database, table, False), names):
        pass


def one_by_one(metastore: Metastore, tables: int, count: int) -> float:
    """Seconds of one connection that makes `count` of the crawled tables again, under other names
    and at default locations."""
    database = name(tables)
    names = [f"{database}_t{number:05}" for number in range(count)]
    request = hive.GetTablesRequest(dbName=database, tblNames=names, catName="hive")
    found = metastore.ask(lambda client: client.get_table_objects_by_name_req(request)).tables
    for table in found:
        table.tableName = f"single_{table.tableName}"
        table.sd.location = None
    started = time.perf_counter()
    for table in found:
        metastore.ask(lambda client, table=table: client.create_table(table))
    elapsed = time.perf_counter() - started
    for table in found:
        metastore.ask(lambda c, name=table.tableName: c.drop_table(database, name, True))
    assert len(found) == count
    return elapsed


if __name__ == "__main__":
    main()
