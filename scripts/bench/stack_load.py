"""A job's load from MySQL into Iceberg on object storage, as `lakeshell job run`.

Limits for 2 M rows of ten columns: 1.2 times what `mysql --quick -B … > /dev/null` takes for the
same table, and a peak of 300 MB or less. The process start is in the time. `--container NAME` takes
the client of MySQL's container.
"""

from __future__ import annotations

from fixtures import arguments
from services import SCHEMA, client, make_lake, make_payments
from timing import LAKESHELL, in_turn, run, verdict


def main() -> None:
    with arguments(__doc__, rounds=5, container=True) as given:
        make_payments(given.rows)
        lake = make_lake(given.folder)
        inside = ("--lake", str(lake))
        crawler = ("--connection", "bench", "--database", f"{SCHEMA}_source")
        include = ("--include", f"{SCHEMA}/payment")
        run((*LAKESHELL, "crawler", "add", "bench", *crawler, *include, *inside))
        run((*LAKESHELL, "crawler", "run", "bench", *inside))
        source = f"{SCHEMA}_source.{SCHEMA}_payment"
        target = f"{SCHEMA}_raw.payment"
        run((*LAKESHELL, "job", "propose", "load", "--source", source, "--target", target, *inside))
        found = in_turn(
            {
                "load": (*LAKESHELL, "job", "run", "load", *inside),
                "mysql --quick": client("SELECT * FROM payment", given.container),
            },
            given.rounds,
        )
        for name, runs in found.items():
            print(f"{name:14} {runs}, {given.rows / runs.median:,.0f} rows/s")
        load, quick = found["load"], found["mysql --quick"]
        verdict("load to mysql --quick", load.median / quick.median, 1.2, "times")
        verdict("the least of each", load.least / quick.least, 1.2, "times")
        verdict("peak memory", load.peak, 300, "MB")


if __name__ == "__main__":
    main()
