"""The estimate of a scan: beside what Trino reports that it read, and how long it takes.

Limits: within 5 % either way of `physicalInputBytes` on full scans of Iceberg tables and of single
columns of them, of every type, in one file and in several, written by Trino and by Lakeshell, with
deletes; 300 ms for a table of 10,000 files in a warm process.

    scripts/bench/estimate.py [--files 10000] [--rounds 9]

The second is measured on an embedded lake. Where the tests' variables name services
(`scripts/bench/services.py`), both are measured on them, in a database `estimate_bench` that is dropped
afterwards; the figures there need Trino's catalog `tpch`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from services import make_lake as lake_on_services
from timing import LAKESHELL, run, verdict

from lakeshell.errors import LakeshellError
from lakeshell.lake import Lake
from lakeshell.model import Column, TableName
from lakeshell.query.limits import estimate
from lakeshell.query.order import Order
from lakeshell.query.run import run_query
from lakeshell.sql.arrow import arrow_schema
from lakeshell.sql.datatypes import parse_type

DATABASE = "estimate_bench"
ORDERS = "tpch.sf1.orders"
LINES = "tpch.sf1.lineitem"
TABLES = {
    "one small file": f"SELECT * FROM {ORDERS.replace('sf1', 'tiny')}",
    "several files": f"SELECT * FROM {LINES} WHERE orderkey < 2000000",
    "every type": f"""
        SELECT orderkey AS id, CAST(orderkey AS integer) AS i, orderkey % 2 = 0 AS b,
            CAST(totalprice AS decimal(12, 2)) AS d, CAST(totalprice AS decimal(38, 10)) AS wide,
            totalprice AS dbl, CAST(totalprice AS real) AS r, orderdate AS day,
            CAST(orderdate AS timestamp(6)) + orderkey * INTERVAL '1' SECOND AS at,
            with_timezone(CAST(orderdate AS timestamp(6)), 'UTC') AS zoned,
            CAST(comment AS varbinary) AS bytes, uuid() AS u, comment,
            CAST(NULL AS varchar) AS nothing, orderpriority FROM {ORDERS}""",
    "arrays, maps, rows": f"""
        SELECT orderkey AS id, ARRAY[totalprice, totalprice * 2] AS a,
            MAP(ARRAY['x', clerk], ARRAY[orderkey, custkey]) AS m,
            CAST(ROW(orderkey, comment) AS row(k bigint, c varchar)) AS r,
            split(comment, ' ') AS words FROM {ORDERS}""",
}
"""Written by Trino. The partitioned table, the one with deletes and our own are made apart."""
OURS = (
    Column("id", parse_type("bigint")),
    Column("x", parse_type("double")),
    Column("amount", parse_type("decimal(12,2)")),
    Column("note", parse_type("varchar")),
)
FILES_COLUMNS = tuple(Column(f"c{n:02}", parse_type("bigint")) for n in range(20))


# --- beside Trino --------------------------------------------------------------------------


def make_tables(lake: Lake) -> Iterator[str]:
    for number, (what, query) in enumerate(TABLES.items()):
        run_sql(lake, f"CREATE TABLE t{number} COMMENT '{what}' AS {query}")
        yield f"t{number}"
    where = f"FROM {LINES} WHERE orderkey < 1500000"
    run_sql(
        lake,
        "CREATE TABLE parted COMMENT 'by a column' WITH (partitioning = ARRAY['shipmode'])"
        f" AS SELECT orderkey, extendedprice, comment, shipmode {where}",
    )
    yield "parted"
    run_sql(lake, f"CREATE TABLE less COMMENT 'with deletes' AS SELECT orderkey, comment {where}")
    run_sql(lake, "DELETE FROM less WHERE orderkey % 7 = 0")
    yield "less"
    rows = pa.RecordBatchReader.from_batches(arrow_schema(OURS), our_rows(1_000_000))
    lake.store.write(TableName(DATABASE, "ours"), rows, mode="overwrite", columns=OURS)
    yield "ours"


def our_rows(count: int, step: int = 50_000) -> Iterator[pa.RecordBatch]:
    schema = arrow_schema(OURS)
    for start in range(0, count, step):
        ids = range(start, start + step)
        values: list[Sequence[Any]] = [
            list(ids),
            [id * 48271 % 2147483647 / 7 for id in ids],
            [Decimal(id * 7919 % 120000) / 100 for id in ids],
            [f"note {id * 31 % 50021}" for id in ids],
        ]
        arrays = [pa.array(v, field.type) for v, field in zip(values, schema, strict=True)]
        yield pa.record_batch(arrays, schema=schema)


def compare(lake: Lake, table: str) -> float:
    """Prints each scan of it; gives the largest deviation, as a share."""
    found = lake.catalog.table(TableName(DATABASE, table))
    names = [column.name for column in found.columns]
    worst = 0.0
    for read in [names, *([name] for name in names), names[:: max(2, len(names) // 2)]]:
        sql = f"SELECT {', '.join(f'count({name})' for name in read)} FROM {table}"
        session = lake.session()
        session.database = DATABASE
        guessed = estimate(Order(sql), session, lake.services)[0].scanned or 0
        real = run_query(Order(sql), session, lake.services).scanned or 0
        share = abs(guessed - real) / real if real else float(guessed > 0)
        worst = max(worst, share)
        what = "all columns" if read == names else ", ".join(read)
        print(f"  {what:<30} estimate {guessed:>12,}  Trino {real:>12,}  {share:7.3%}")
    return worst


def run_sql(lake: Lake, sql: str) -> None:
    session = lake.session()
    session.database = DATABASE
    run_query(Order(sql), session, lake.services)


def beside_trino(lake: Lake) -> None:
    worst = 0.0
    for table in make_tables(lake):
        said = lake.catalog.table(TableName(DATABASE, table)).comment or "written by Lakeshell"
        print(f"{table}: {said}")
        worst = max(worst, compare(lake, table))
    verdict("largest deviation from Trino's bytes", 100 * worst, 5, "%")


# --- how long ------------------------------------------------------------------------------


def make_many(lake: Lake, count: int) -> str:
    """A table with so many files in its metadata; only metadata is read of it."""
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
    from pyiceberg.typedef import Record

    name = TableName(DATABASE, "many")
    lake.store.create(name, FILES_COLUMNS)
    numbers = range(1, len(FILES_COLUMNS) + 1)

    def append(transaction: Any) -> None:
        with transaction.update_snapshot().fast_append() as snapshot:
            for number in range(count):
                bound = {n: (number * 1000 + n).to_bytes(8, "little") for n in numbers}
                snapshot.append_data_file(
                    DataFile.from_args(
                        content=DataFileContent.DATA, file_format=FileFormat.PARQUET,
                        file_path=f"{name.table}/data/{number:08}.parquet", partition=Record(),
                        record_count=100_000, file_size_in_bytes=16_000_000, spec_id=0,
                        column_sizes=dict.fromkeys(numbers, 800_000),
                        value_counts=dict.fromkeys(numbers, 100_000),
                        null_value_counts=dict.fromkeys(numbers, 0), nan_value_counts={},
                        lower_bounds=bound, upper_bounds=bound, key_metadata=None,
                        split_offsets=[4], equality_ids=None, sort_order_id=None,
                    )
                )  # fmt: skip

    lake.store.change(name, append)
    return str(name)


def how_long(lake: Lake, count: int, rounds: int, where: str) -> None:
    table = make_many(lake, count)
    session = lake.session()
    for what, sql in (
        ("every column", f"SELECT * FROM {table}"),
        ("two columns", f"SELECT c01, c15 FROM {table}"),
        ("a filter", f"SELECT c01 FROM {table} WHERE c02 BETWEEN 500000 AND 900000"),
    ):
        times = []
        for _ in range(rounds + 1):
            started = time.perf_counter()
            found = estimate(Order(sql), session, lake.services)[0]
            times.append(1000 * (time.perf_counter() - started))
        print(f"{where}, {what}: {found.files:,} files, first {times[0]:,.0f} ms, then "
              f"{statistics.median(times[1:]):,.0f} ms, at most {max(times[1:]):,.0f} ms")  # fmt: skip
        verdict(f"estimate of {count:,} files, {what}", statistics.median(times[1:]), 300, "ms")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        run((*LAKESHELL, "init", str(folder / "embedded")))
        with Lake(folder / "embedded", os.environ) as lake:
            run_sql(lake, f"CREATE SCHEMA {DATABASE}")
            how_long(lake, given.files, given.rounds, "embedded")
        if not os.environ.get("LAKESHELL_TEST_TRINO_URL"):
            sys.exit("no LAKESHELL_TEST_TRINO_URL: nothing is measured beside Trino")
        with Lake(lake_on_services(folder), os.environ) as lake:
            with suppress(LakeshellError):
                run_sql(lake, f"DROP SCHEMA {DATABASE} CASCADE")
            run_sql(lake, f"CREATE SCHEMA {DATABASE}")
            try:
                how_long(lake, given.files, given.rounds, "on the stack")
                beside_trino(lake)
            finally:
                run_sql(lake, f"DROP SCHEMA {DATABASE} CASCADE")


if __name__ == "__main__":
    main()
