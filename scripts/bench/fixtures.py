"""Sources and lakes of any size for the benchmarks, the same rows each time.

In: a folder and a number of rows. Out: a SQLite file with a table `payment` of ten columns (integers,
decimals, texts, timestamps, a date), ten of its rows to a `customer`; and a lake with jobs that load
both, made by the same commands that a person would type.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from timing import LAKESHELL, run

TABLES = ("customer", "payment")
_CUSTOMER = """
CREATE TABLE customer (
    customer_id INTEGER PRIMARY KEY, name VARCHAR(60) NOT NULL, city VARCHAR(40) NOT NULL,
    credit DECIMAL(10,2) NOT NULL, create_date DATE NOT NULL)
"""
_CUSTOMERS = """
INSERT INTO customer SELECT value, 'Customer ' || value, 'City ' || (value * 7919 % 600),
    value * 104729 % 100000 / 100.0, date('2024-01-01', '+' || (value % 700) || ' days')
FROM generate_series(1, :rows)
"""
_PAYMENT = """
CREATE TABLE payment (
    payment_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, staff_id SMALLINT NOT NULL,
    rental_id INTEGER, amount DECIMAL(5,2) NOT NULL, tax DECIMAL(7,4) NOT NULL,
    method VARCHAR(20) NOT NULL, note VARCHAR(100), payment_date TIMESTAMP NOT NULL,
    due DATE NOT NULL)
"""
_PAYMENTS = """
INSERT INTO payment SELECT value, value * 48271 % max(:rows / 10, 1) + 1, value % 5 + 1,
    CASE WHEN value % 11 THEN value * 7 % 1000003 END,
    value * 7919 % 1200 / 100.0, value * 104729 % 100000 / 10000.0,
    CASE value % 4 WHEN 0 THEN 'cash' WHEN 1 THEN 'card' WHEN 2 THEN 'transfer' ELSE 'voucher' END,
    CASE WHEN value % 3 THEN 'Zahlung für ' || (value * 31 % 50021) END,
    datetime('2024-01-01', '+' || (value * 48271 % 63072000) || ' seconds'),
    date('2024-01-01', '+' || (value * 48271 % 63072000 / 86400 + 14) || ' days')
FROM generate_series(1, :rows)
"""
# Python's SQLite has no generate_series.
_SERIES = "(WITH RECURSIVE s(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s LIMIT :rows) SELECT value FROM s)"


def make_source(path: Path, rows: int) -> None:
    """A source with `rows` payments; kept as it is when the file is there."""
    if path.exists():
        return
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part)) as db, db:
        for create, fill, count in (
            (_CUSTOMER, _CUSTOMERS, max(rows // 10, 1)),
            (_PAYMENT, _PAYMENTS, rows),
        ):
            db.execute(create)
            fill = fill.replace("generate_series(1, :rows)", _SERIES)
            db.execute(fill, {"rows": count})
    part.replace(path)


def make_lake(folder: Path, rows: int) -> Path:
    """A lake whose jobs `load_customer` and `load_payment` fill `raw`; kept when it is there."""
    lake = folder / f"lake-{rows}"
    if (lake / "jobs/load_payment.toml").exists():
        return lake
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"shop-{rows}.db"
    make_source(source, rows)
    inside = ("--lake", str(lake))
    run((*LAKESHELL, "init", str(lake)))
    run((*LAKESHELL, "connection", "add", "shop", f"sqlite:///{source}", *inside))
    run(
        (*LAKESHELL, "crawler", "add", "shop", "--connection", "shop", "--database", "shop_source",
         "--include", "shop/%", *inside)
    )  # fmt: skip
    run((*LAKESHELL, "crawler", "run", "shop", *inside))
    for table in TABLES:
        run(
            (*LAKESHELL, "job", "propose", f"load_{table}",
             "--source", f"shop_source.shop_{table}", "--target", f"raw.{table}", *inside)
        )  # fmt: skip
    return lake


def make_loaded_lake(folder: Path, rows: int) -> Path:
    """A lake with `rows` rows in `raw.payment` and a tenth of them in `raw.customer`."""
    lake = make_lake(folder, rows)
    loaded = lake / ".lakeshell/loaded"
    if not loaded.exists():
        for table in TABLES:
            run((*LAKESHELL, "job", "run", f"load_{table}", "--lake", str(lake)))
        loaded.touch()
    return lake


@contextmanager
def arguments(
    description: str | None, rounds: int, *, container: bool = False
) -> Iterator[argparse.Namespace]:
    """The options that every benchmark has; `folder` goes away at the end unless it was given."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=rounds, help=f"default {rounds}")
    parser.add_argument("--folder", type=Path, help="keep sources and lakes here for the next time")
    parser.add_argument("--rows", type=int, default=2_000_000, help="of the large table")
    if container:
        parser.add_argument("--container", help="where MySQL's client is, by docker exec")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        given.folder = (given.folder or Path(made)).absolute()
        given.folder.mkdir(parents=True, exist_ok=True)
        yield given


if __name__ == "__main__":
    make_source(Path(sys.argv[1]), int(sys.argv[2]))
