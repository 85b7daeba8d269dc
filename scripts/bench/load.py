"""A job's load from the SQLite source into Iceberg, as `lakeshell job run`, at two sizes.

Limits: 600,000 rows/s or more for 2 M rows of ten columns on 2 cores, and a peak of 300 MB or less
at any size, so that four times the rows take no more memory. The process start is in the time. The
other side is the driver reading the same table and dropping it.
"""

from __future__ import annotations

from fixtures import arguments, make_lake
from timing import LAKESHELL, PYTHON, in_turn, run, verdict

READ = """
import sys, adbc_driver_sqlite.dbapi as adbc
with adbc.connect(f"file:{sys.argv[1]}?mode=ro") as connection, connection.cursor() as cursor:
    cursor.execute("SELECT * FROM payment")
    for batch in cursor.fetch_record_batch():
        pass
"""


def main() -> None:
    with arguments(__doc__, rounds=5) as given:
        lake = make_lake(given.folder, given.rows)
        found = in_turn(
            {
                "load": (*LAKESHELL, "job", "run", "load_payment", "--lake", str(lake)),
                "driver alone": (*PYTHON, "-c", READ, str(given.folder / f"shop-{given.rows}.db")),
            },
            given.rounds,
        )
        for name, runs in found.items():
            print(f"{name:13} {runs}, {given.rows / runs.median:,.0f} rows/s")
        larger = make_lake(given.folder, 4 * given.rows)
        once = run((*LAKESHELL, "job", "run", "load_payment", "--lake", str(larger)))
        print(f"{4 * given.rows:,} rows: {once.seconds:.1f} s, peak {once.peak:.0f} MB")
        load, driver = found["load"], found["driver alone"]
        verdict("load", given.rows / load.median, 600_000, "rows/s", at_least=True)
        verdict("its best", given.rows / load.least, 600_000, "rows/s", at_least=True)
        verdict("peak memory", load.peak, 300, "MB")
        verdict(f"peak memory, {4 * given.rows:,} rows", once.peak, 300, "MB")
        print(f"     ratio load/driver {load.median / driver.median:.2f}")


if __name__ == "__main__":
    main()
