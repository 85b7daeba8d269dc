"""A crawl of many MySQL tables into the Hive Metastore, as `lakeshell crawler run`.

Limits for 1,000 tables of 20 columns: 20 s cold, a quarter of what one connection takes that makes
the same tables one by one at default locations, and 3 s when nothing changed. Five times the tables
may take five times as long and a fifth more.
"""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

from fixtures import arguments
from services import make_lake, make_tables, url
from timing import LAKESHELL, in_turn, run, verdict

from lakeshell.catalog.hive_tables import to_hive
from lakeshell.model import CatalogTable, Column, TableKind, TableName
from lakeshell.sql.datatypes import parse_type
from lakeshell.store.metastore import Metastore, MetastoreAddress

TABLES = 1_000
LARGER = 5


def main() -> None:
    with arguments(__doc__, rounds=3) as given:
        lake = make_lake(given.folder)
        found = url("METASTORE")
        address = MetastoreAddress(host=found.hostname or "", port=found.port or 9083)
        with closing(Metastore(address)) as metastore:
            cold = [crawled(metastore, str(lake), TABLES) for _ in range(given.rounds)]
            again = in_turn({"again": crawl(str(lake), TABLES)}, given.rounds)["again"]
            larger = crawled(metastore, str(lake), TABLES * LARGER)
            singly = one_by_one(metastore, TABLES // 10) * 10
        least = min(cold)
        print(f"cold {cold}, unchanged {again}, {TABLES * LARGER:,} tables {larger:.1f} s")
        verdict(f"{TABLES:,} tables, cold", least, 20, "s")
        verdict("unchanged", again.median, 3, "s")
        verdict("one by one to cold", singly / least, 4, "times", at_least=True)
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


def one_by_one(metastore: Metastore, tables: int) -> float:
    """Seconds of one connection that makes tables of twenty columns at default locations."""
    database = name(TABLES)
    columns = tuple(Column(f"c{i:02}", parse_type("varchar(40)")) for i in range(20))
    started = time.perf_counter()
    for number in range(tables):
        table = CatalogTable(TableName(database, f"single_{number}"), TableKind.SOURCE, columns)
        made = to_hive(table, "hive", "", "", {})
        made.sd.location = None
        metastore.ask(lambda client, made=made: client.create_table(made))
    elapsed = time.perf_counter() - started
    for number in range(tables):
        metastore.ask(lambda c, n=number: c.drop_table(database, f"single_{n}", True))
    return elapsed


if __name__ == "__main__":
    main()
