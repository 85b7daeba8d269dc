"""The stack's own numbers: from nothing running to the first answer, its idle memory, waking up.

Limits, on 2 cores with the images present: `stack up` to the first answered query 60 s; memory of
the idle stack 3 GB in total; a query to a stack scaled to zero 60 s, 20 s when only Trino was
stopped. The stack of the lake that is named is stopped and started: `--lake DIR`, made by
`lakeshell init DIR --stack` and once brought up.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from collections.abc import Sequence

from timing import LAKESHELL, verdict

# With an idle stop, the query that needs a stopped service starts it.
ENVIRONMENT = {**os.environ, "LAKESHELL_STACK_IDLE_STOP": "15m"}
QUERY = ("query", "-e", "SELECT 1")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lake", required=True)
    parser.add_argument("--rest", type=int, default=60, help="seconds until memory is looked at")
    given = parser.parse_args()
    lake = ("--lake", given.lake)

    timed(("stack", "down", *lake))
    up = timed(("stack", "up", *lake))
    answered = timed((*QUERY, *lake))
    verdict("stack up to the first answer", up + answered, 60, "s")

    time.sleep(given.rest)
    listed = json_lines(("stack", "status", "--output-format", "JSON", *lake))
    for row in listed:
        print(f"  {row['service']:<10} {row['memory']}")
    total = sum(float(row["memory"].split()[0].replace(",", "")) for row in listed)
    verdict("memory of the idle stack", total, 3 * 1024, "MB")

    timed(("stack", "stop", *lake))
    verdict("a query to a stack scaled to zero", timed((*QUERY, *lake)), 60, "s")
    timed(("stack", "stop", "trino", *lake))
    verdict("a query when only Trino was stopped", timed((*QUERY, *lake)), 20, "s")
    timed(("stack", "start", *lake))


def timed(words: Sequence[str]) -> float:
    """Seconds of a command that must succeed."""
    began = time.monotonic()
    command = [*LAKESHELL, *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.monotonic() - began


def json_lines(words: Sequence[str]) -> Sequence[dict[str, str]]:
    done = subprocess.run(
        [*LAKESHELL, *words], check=True, capture_output=True, text=True, env=ENVIRONMENT
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    main()
