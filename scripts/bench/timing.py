"""Times and peaks of whole processes, several sides of a comparison in turn.

In: commands. Out: one `Run` per process and, of several, their median and least. Other work on the
machine disturbs every side alike, because the sides take turns; compare medians, and look at the
least and at the processor's own seconds where the two disagree.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAKESHELL = (str(ROOT / "scripts/lakeshell"),)
PYTHON = (str(ROOT / ".venv/bin/python"),)


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall and processor seconds, its largest resident memory in MB."""

    seconds: float
    processor: float
    peak: float


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one side."""

    all: Sequence[Run]

    @property
    def median(self) -> float:
        return statistics.median(run.seconds for run in self.all)

    @property
    def least(self) -> float:
        return min(run.seconds for run in self.all)

    @property
    def processor(self) -> float:
        return statistics.median(run.processor for run in self.all)

    @property
    def peak(self) -> float:
        return max(run.peak for run in self.all)

    def __str__(self) -> str:
        return (
            f"median {1000 * self.median:7.0f} ms, least {1000 * self.least:7.0f} ms, "
            f"processor {1000 * self.processor:7.0f} ms, peak {self.peak:4.0f} MB"
        )


def run(command: Sequence[str]) -> Run:
    """One cold process; what it prints is dropped. Ends the benchmark when the command fails."""
    with Path(os.devnull).open("w") as null:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=null, stderr=subprocess.PIPE)
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}\nended with {process.returncode}: {said.decode()}")
    return Run(elapsed, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def in_turn(sides: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Runs]:
    """Each command `rounds` times, one after the other, after one round that warms the disk."""
    found: dict[str, list[Run]] = {name: [] for name in sides}
    for round in range(rounds + 1):
        for name, command in sides.items():
            made = run(command)
            if round:
                found[name].append(made)
    return {name: Runs(runs) for name, runs in found.items()}


def verdict(what: str, measured: float, limit: float, unit: str, *, at_least: bool = False) -> None:
    """One line: the measured number beside the limit that it has to keep."""
    kept = measured >= limit if at_least else measured <= limit
    bound = "at least" if at_least else "at most"
    print(f"{'ok  ' if kept else 'MISS'} {what}: {measured:,.2f} {unit} ({bound} {limit:,g})")
