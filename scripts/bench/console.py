"""The console's numbers, measured on a terminal of its own, and how they compare to what is wanted.

    first paint        from the start of the process to the first screen      600 ms or less
    query screen       to an editor that echoes a key, opened at first paint   900 ms or less
    echo p95           a key to its echo while a million rows are read, a       30 ms or less
                       job runs and a catalog of 50,000 tables is open: of the
                       keys that were typed while both really ran, in six rounds
    a screen           to the query screen and a key on it, while a job runs
    first rows         from F5 to the first of that result
    page p95           Page Down in the million rows to its last byte           30 ms or less
    memory             most that the process held                               300 MB or less
    catalog, node      from the key to its databases, to a node's tables        300 and 150 ms
    bytes              sent to the terminal for a script of ten steps

Usage: scripts/bench/console.py [--lake DIR] [--runs N] [--tables N] [--soak MINUTES]
                                [--only start,million,catalog,bytes]
The lake is made by `lakeshell demo --scale 56` where DIR has none. Beside the seconds stand those of
the processor: they are what can be compared on a machine that does something else as well.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import re
import select
import signal
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

ROOT = Path(__file__).resolve().parents[2]
PYTHON = str(ROOT / ".venv" / "bin" / "python")
COLUMNS, ROWS = 120, 40
MILLION = """--
SELECT concat('fir', 'st') AS state, payment_id, customer_id, rental_id, amount, payment_date,
 amount * 2 AS a2, customer_id + 1 AS c1, rental_id + 1 AS r1, -amount AS negative
FROM raw.payment"""
JOB, JOBS_BEFORE, ROUNDS = "load_rental", 5, 6
"""A job of the demo that takes about a second alone: it reads 896,000 rows and writes them."""
F4, F5, PAGE_DOWN = "\x1bOS", "\x1b[15~", "\x1b[6~"
ALT_4, ALT_5, ALT_6 = "\x1b4", "\x1b5", "\x1b6"
ENVIRONMENT = {
    **os.environ,
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    # As scripts/lakeshell has it: compiled modules are kept.
    "PYTHONDONTWRITEBYTECODE": "",
}
TICKS = os.sysconf("SC_CLK_TCK")


SEQUENCE = re.compile(
    r"\x1b\[(\d+);(\d+)H|\x1b\[(\d+)C|\x1b\[[?<>=]?[\d;$]*[a-zA-Z]|\x1b\][^\x07]*\x07|([^\x1b]+)|(\x1b)"
)


class Screen:
    """What a terminal shows: the console writes only what changes, so its bytes hold no sentences."""

    def __init__(self) -> None:
        self.rows = [[" "] * (COLUMNS + 1) for _ in range(ROWS + 2)]
        self._at = (1, 1)

    def take(self, said: str) -> None:
        for row, column, ahead, text, _ in SEQUENCE.findall(said):
            if row:
                self._at = (min(int(row), ROWS), int(column))
            elif ahead:
                self._at = (self._at[0], self._at[1] + int(ahead))
            for character in text:
                at = min(self._at[1], COLUMNS)
                self.rows[self._at[0]][at] = character
                self._at = (self._at[0], at + 1)

    def shows(self, text: str) -> bool:
        return any(text in "".join(row) for row in self.rows)


class Terminal:
    """A console on a pseudo-terminal."""

    def __init__(self, lake: Path) -> None:
        self.said = b""
        self.screen = Screen()
        self._taken = 0
        self.typed = 0
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(PYTHON, [PYTHON, "-P", "-m", "lakeshell", "--lake", str(lake)], ENVIRONMENT)
        ioctl(self.fd, TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            self.said += os.read(self.fd, 1 << 16)
        except OSError:
            return False
        return True

    def shows(self, text: str) -> bool:
        # A sequence that has not come whole waits for its end.
        said = self.said[self._taken :].decode(errors="ignore")
        whole = said.rfind("\x1b") if "\x1b" in said[-30:] else len(said)
        self.screen.take(said[:whole])
        self._taken += len(said[:whole].encode())
        return self.screen.shows(text)

    def until(self, text: str, limit: float = 300.0) -> float:
        """Seconds until `text` is on the screen."""
        began = time.monotonic()
        while not self.shows(text):
            if time.monotonic() - began > limit:
                shown = "\n".join("".join(row) for row in self.screen.rows)
                raise SystemExit(f"{text!r} did not come:\n{shown}")
            self.read(0.5)
        return time.monotonic() - began

    def until_written(self, text: str, since: int) -> float:
        """Seconds until `text` was written behind the byte `since`."""
        began = time.monotonic()
        while text.encode() not in self.said[since:]:
            self.read(0.5)
        return time.monotonic() - began

    def quiet(self, seconds: float = 0.3) -> None:
        while self.read(seconds):
            pass

    def send(self, keys: str) -> int:
        """Types; gives the byte from which what follows is the answer."""
        at = len(self.said)
        os.write(self.fd, keys.encode())
        return at

    def echo(self) -> float:
        """A key to its echo: a letter that is nowhere on the screen yet."""
        self.typed += 1
        letter = chr(0x100 + self.typed)
        return self.until_written(letter, self.send(letter))

    def memory(self, name: str = "VmHWM") -> float:
        """MB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))

    def processor(self) -> float:
        """Seconds of it that the process took so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def tabs(lake: Path, sql: str) -> None:
    """What the query screen opens with."""
    folder = lake / ".lakeshell" / "console"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    tab = {"name": "bench", "sql": sql, "line": 1, "column": 3, "database": "raw"}
    (folder / "tabs-1.json").write_text(json.dumps({"tabs": [tab], "current": 0}))


def p95(values: list[float]) -> float:
    return sorted(values)[max(0, int(len(values) * 0.95) - 1)]


def start(lake: Path) -> tuple[float, float, float, float]:
    """First paint and usable query screen: seconds from the start, and seconds of the processor."""
    terminal = Terminal(lake)
    terminal.until("What to do next")
    first, first_processor = time.monotonic() - terminal.started, terminal.processor()
    terminal.send(ALT_6)
    terminal.until("F10 sets")
    terminal.until_written("ø", terminal.send("ø"))
    usable, processor = time.monotonic() - terminal.started, terminal.processor()
    terminal.close()
    return first, usable, first_processor, processor


def starts(lake: Path, runs: int) -> None:
    tabs(lake, "")
    start(lake)
    found = []
    for _ in range(runs):
        tabs(lake, "")
        found.append(start(lake))
    for name, at, wanted in (("first paint ms", 0, 600), ("query screen ms", 1, 900)):
        wall, processor = ([run[i] * 1e3 for run in found] for i in (at, at + 2))
        print(
            f"{name:<28}{statistics.median(wall):10.0f}   best {min(wall):.0f}, wanted {wanted} or "
            f"less; processor {statistics.median(processor):.0f}, best {min(processor):.0f}"
        )


def typed_while_reading(terminal: Terminal) -> list[tuple[float, float]]:
    """(seconds since 1970, seconds to the echo) of keys, until all rows are there."""
    typed = []
    while not typed or not terminal.shows("rows in "):
        at = time.time()
        typed.append((at, terminal.echo()))
    return typed


def wait_for_run(lake: Path, before: float, to_its_end: bool = True) -> tuple[float, float]:
    """When the first run of `JOB` after `before` began and ended, in seconds since 1970, once it has,
    or has begun at least."""
    with closing(sqlite3.connect(lake / ".lakeshell" / "ledger.db")) as ledger:
        while True:
            found = ledger.execute(
                "SELECT started, finished FROM runs WHERE kind = 'job' AND name = ? AND started > ?",
                (JOB, before * 1e6),
            ).fetchone()
            if found is not None and (found[1] is not None or not to_its_end):
                return found[0] / 1e6, (found[1] or 0) / 1e6
            time.sleep(0.02)


def finished(lake: Path) -> int:
    """Queries of the lake that ended well."""
    with closing(sqlite3.connect(lake / ".lakeshell" / "ledger.db")) as ledger:
        count: int = ledger.execute(
            "SELECT count(*) FROM queries WHERE state = 'FINISHED'"
        ).fetchone()[0]
        return count


def million(lake: Path) -> Iterator[tuple[str, float]]:
    """With the catalog open behind it, and a job running while the rows come."""
    tabs(lake, MILLION)
    terminal = Terminal(lake)
    terminal.until("What to do next")
    terminal.quiet(1.0)
    terminal.send(ALT_4)
    terminal.quiet(1.0)
    terminal.send(ALT_6)
    terminal.until("would scan")
    terminal.quiet(1.0)
    yield "memory at rest MB", terminal.memory("VmRSS")
    yield "echo idle p95 ms", p95([terminal.echo() for _ in range(20)]) * 1e3
    processor = terminal.processor()
    terminal.send(F5)
    yield "first rows ms", terminal.until("first") * 1e3
    alone = [took for _, took in typed_while_reading(terminal)]
    yield "… of the processor ms", (terminal.processor() - processor) * 1e3
    yield "echo while reading p95 ms", p95(alone) * 1e3
    terminal.quiet(1.0)
    terminal.send(ALT_5)
    terminal.until(JOB)
    # The jobs stand in the order of their names.
    terminal.send("\x1b[B" * JOBS_BEFORE)
    terminal.until(f"lakeshell job run {JOB}")
    both: list[float] = []
    switches: list[float] = []
    for _ in range(ROUNDS):
        terminal.send(ALT_6)
        terminal.quiet(0.5)
        # A line of its own for the keys of each round: they are a comment of the statement.
        terminal.send("\r--")
        terminal.quiet(0.5)
        terminal.send(ALT_5)
        terminal.quiet(0.5)
        before = time.time()
        terminal.send("r")
        wait_for_run(lake, before, to_its_end=False)
        # Another screen comes with a key of its own, which is not one of those that are typed.
        began = time.monotonic()
        terminal.send(ALT_6)
        terminal.echo()
        switches.append(time.monotonic() - began)
        terminal.send(F5)
        terminal.until("running")
        keys = typed_while_reading(terminal)
        terminal.quiet(1.0)
        began, ended = wait_for_run(lake, before)
        both += [took for at, took in keys if began <= at <= ended]
    yield "keys while a job ran too", float(len(both))
    if not both:
        raise SystemExit(f"{JOB} never ran while the rows were read")
    yield "echo, the middle ms", statistics.median(both) * 1e3
    yield "echo with the job p95 ms", p95(both) * 1e3
    yield "a screen and a key on it ms", statistics.median(switches) * 1e3
    terminal.quiet(1.0)
    terminal.send(F4)
    terminal.quiet()
    pages, processor = [], terminal.processor()
    for _ in range(30):
        began = time.monotonic()
        terminal.send(PAGE_DOWN)
        terminal.read(1.0)
        while terminal.read(0.01):
            pass
        pages.append(time.monotonic() - began)
    # Ten milliseconds are those in which nothing more came.
    yield "page p95 ms", (p95(pages) - 0.01) * 1e3
    yield "… of the processor ms", (terminal.processor() - processor) / 30 * 1e3
    yield "memory at most MB", terminal.memory()
    terminal.close()


def many_tables(lake: Path, count: int) -> None:
    """Registers tables of a source until the lake has that many, a thousand to a database."""
    code = f"""
import os
from pathlib import Path
from lakeshell.lake import Lake
from lakeshell.model import CatalogTable, Column, Database, TableKind, TableName
from lakeshell.sql.datatypes import parse_type
types = [parse_type(t) for t in "integer varchar decimal(10,2) timestamp(6) boolean bigint date double".split()]
with Lake(Path({str(lake)!r}), os.environ) as lake:
    for first in range(0, {count}, 1000):
        database = f"many_{{first // 1000:03d}}"
        lake.catalog.create_database(Database(database), exist_ok=True)
        lake.catalog.put_many([
            CatalogTable(TableName(database, f"table_{{n:05d}}"), TableKind.SOURCE,
                tuple(Column(f"column_{{i}}", t) for i, t in enumerate(types)), {{"connectionName": "movies"}})
            for n in range(first, first + 1000)])
"""
    subprocess.run([PYTHON, "-P", "-c", code], check=True)


def catalog(lake: Path) -> Iterator[tuple[str, float]]:
    terminal = Terminal(lake)
    terminal.until("What to do next")
    terminal.quiet(2.0)
    processor = terminal.processor()
    terminal.send(ALT_4)
    yield "catalog opens ms", terminal.until("many_00") * 1e3
    yield "… of the processor ms", (terminal.processor() - processor) * 1e3
    terminal.quiet(1.0)
    processor = terminal.processor()
    terminal.send("\r")
    yield "node expands ms", terminal.until("table_00") * 1e3
    yield "… of the processor ms", (terminal.processor() - processor) * 1e3
    terminal.close()


def ten_steps(lake: Path) -> Iterator[tuple[str, float]]:
    """Bytes for: home, seven screens by their keys, a query and its rows, a page of them."""
    tabs(lake, "SELECT * FROM raw.film")
    terminal = Terminal(lake)
    terminal.until("What to do next")
    terminal.quiet(1.0)
    whole = len(terminal.said)
    yield "bytes: home", float(whole)
    screens = "Connections Crawlers Catalog Jobs History Workgroups Cost"
    for key, name in zip("2345789", screens.split(), strict=True):
        terminal.until_written(f": {name}\x07", terminal.send(f"\x1b{key}"))
        terminal.quiet(1.0)
        yield f"bytes: {name}", float(len(terminal.said) - whole)
        whole = len(terminal.said)
    terminal.send(ALT_6)
    terminal.until("would scan")
    terminal.quiet(1.0)
    terminal.send(F5)
    terminal.until("rows in ")
    terminal.quiet(1.0)
    yield "bytes: query and its rows", float(len(terminal.said) - whole)
    whole = len(terminal.said)
    terminal.send(F4 + PAGE_DOWN)
    terminal.quiet(1.0)
    yield "bytes: a page of them", float(len(terminal.said) - whole)
    yield "bytes of ten steps", float(len(terminal.said))
    terminal.close()


def soak(lake: Path, minutes: float) -> Iterator[tuple[str, float]]:
    """Queries again and again, and every screen: memory at the start, each ten minutes, at the end."""
    tabs(lake, "SELECT * FROM raw.payment LIMIT 200000")
    terminal = Terminal(lake)
    terminal.until("What to do next")
    began, step, told = time.monotonic(), min(10.0, minutes / 4), 0
    rounds = 0
    while (passed := (time.monotonic() - began) / 60) < minutes:
        terminal.send(ALT_6)
        terminal.quiet(0.2)
        before = finished(lake)
        terminal.send(F5)
        sent = time.monotonic()
        while finished(lake) == before:
            terminal.quiet(0.1)
            if time.monotonic() - sent > 20:
                # On a machine that is very busy the key came before its screen.
                terminal.send(ALT_6 + F5)
                sent = time.monotonic()
        for key in "123457896":
            terminal.send(f"\x1b{key}")
            terminal.quiet(0.1)
        rounds += 1
        if passed >= told * step:
            yield f"soak MB, minute {passed:.0f}, round {rounds}", terminal.memory("VmRSS")
            told += 1
        terminal.said, terminal._taken = b"", 0
    yield "soak rounds", float(rounds)
    yield "soak MB at the end", terminal.memory("VmRSS")
    yield "soak MB at most", terminal.memory()
    terminal.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lake", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--tables", type=int, default=50_000)
    parser.add_argument("--soak", type=float, default=0.0, metavar="MINUTES")
    parser.add_argument("--only", default="start,catalog,million,bytes")
    given = parser.parse_args()
    only = given.only.split(",")
    with tempfile.TemporaryDirectory(prefix="lakeshell-") as folder:
        lake = given.lake or Path(folder) / "lake"
        if not (lake / "lakeshell.toml").exists():
            words = [PYTHON, "-P", "-m", "lakeshell", "demo", "--scale", "56", "--lake", str(lake)]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
        if "start" in only:
            starts(lake, given.runs)
        steps: list[Callable[[], Iterator[tuple[str, float]]]] = []
        if "bytes" in only:
            steps.append(lambda: ten_steps(lake))
        if "catalog" in only or "million" in only:
            many_tables(lake, given.tables)
        if "catalog" in only:
            steps.append(lambda: catalog(lake))
        if "million" in only:
            steps.append(lambda: million(lake))
        if given.soak:
            steps.append(lambda: soak(lake, given.soak))
        for step in steps:
            for name, value in step():
                print(f"{name:<32}{value:10.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
