"""A result of 10 GB through `lakeshell query`, as CSV to a pipe that is counted and dropped.

Limit: a peak of 250 MB or less, whatever the size. The lake's engine is Trino, whose `tpch` catalog
makes the rows: `--lake DIR`, and `--size` in GB for a shorter run. The same statement for a tenth of
the size runs first, so that a peak that grows with the result is seen.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time

from timing import LAKESHELL, verdict

ROW_BYTES = 163
"""Of a line of the table in CSV, about."""
STATEMENT = "SELECT * FROM tpch.sf100.lineitem LIMIT {rows}"
_PIECE = 1 << 20
GB = 10**9


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lake", required=True)
    parser.add_argument("--size", type=float, default=10.0, metavar="GB")
    given = parser.parse_args()
    small = measured(given.lake, given.size / 10)
    large = measured(given.lake, given.size)
    verdict("peak memory", max(small, large), 250, "MB")
    verdict("peak, ten times the result", large / small, 1.2, "times")


def measured(lake: str, size: float) -> float:
    """The peak in MB of a query whose result has so many GB. Ends when it gives less."""
    rows = int(size * GB / ROW_BYTES)
    statement = STATEMENT.format(rows=rows)
    words = ("query", "--no-progress", "--output-format", "CSV", "-e", statement, "--lake", lake)
    started = time.perf_counter()
    process = subprocess.Popen([*LAKESHELL, *words], stdout=subprocess.PIPE)
    assert process.stdout is not None
    count = lines = 0
    while piece := process.stdout.read(_PIECE):
        count += len(piece)
        lines += piece.count(b"\n")
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    elapsed = time.perf_counter() - started
    assert process.returncode == 0, process.returncode
    assert lines == rows, f"{lines} rows of {rows}"
    peak = used.ru_maxrss / 1024
    print(
        f"{count / GB:.2f} GB, {lines:,} rows: {elapsed:.0f} s, {count / 1e6 / elapsed:.0f} MB/s,"
        f" processor {used.ru_utime + used.ru_stime:.0f} s, peak {peak:.0f} MB"
    )
    return peak


if __name__ == "__main__":
    main()
