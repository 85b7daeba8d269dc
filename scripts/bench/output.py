"""How fast results become text: 2 M rows of 10 columns to CSV, beside Arrow's own CSV writer."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from lakeshell.model import Column
from lakeshell.output.result import write_result
from lakeshell.sql.datatypes import parse_type

ROWS, BATCH = 2_000_000, 100_000
TYPES = (
    "bigint", "integer", "varchar", "varchar", "decimal(10,2)", "double", "date",
    "timestamp(6)", "boolean", "varchar",
)  # fmt: skip


def batch(start: int) -> pa.RecordBatch:
    numbers = range(start, start + BATCH)
    arrays = [
        pa.array(numbers, pa.int64()),
        pa.array([n % 1000 for n in numbers], pa.int32()),
        pa.array([f"customer {n % 5000}" for n in numbers]),
        pa.array([None if n % 7 == 0 else f'a "note" {n}' for n in numbers]),
        pa.array([Decimal(n % 100_000) / 100 for n in numbers], pa.decimal128(10, 2)),
        pa.array([n / 7 for n in numbers]),
        pa.array([n % 20_000 for n in numbers], pa.int32()).cast(pa.date32()),
        pa.array([n * 1_000_003 for n in numbers], pa.int64()).cast(pa.timestamp("us")),
        pa.array([n % 2 == 0 for n in numbers]),
        pa.array(["Straße" if n % 3 else "plain" for n in numbers]),
    ]
    return pa.RecordBatch.from_arrays(arrays, [f"c{i}" for i in range(len(arrays))])


def main() -> None:
    made = batch(0)
    columns = [Column(f"c{i}", parse_type(type)) for i, type in enumerate(TYPES)]

    def batches() -> Iterator[pa.RecordBatch]:
        for _ in range(ROWS // BATCH):
            yield made

    formats = sys.argv[1:] or ["CSV", "TSV", "CSV_UNQUOTED", "JSON", "ALIGNED"]
    with Path("/dev/null").open("w", encoding="utf-8") as null:
        for name in formats:
            started = time.perf_counter()
            write_result(columns, batches(), name, null.write)
            print(f"{name:20} {time.perf_counter() - started:6.2f} s")
    started = time.perf_counter()
    with pa.csv.CSVWriter("/dev/null", made.schema) as writer:
        for part in batches():
            writer.write_batch(part)
    print(f"{'Arrow CSV':20} {time.perf_counter() - started:6.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
