"""The figures of a running statement, on stderr: lines that renew themselves, or follow each other
where that is no terminal, and what it came to at the end."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

import click

from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text

if TYPE_CHECKING:
    from lakeshell.query.run import RunningQuery

_FIRST = 0.7
_EVERY = 0.3
_EVERY_LINE = 0.5
"""As trino-cli, where nothing is renewed."""


class Figures:
    """A context manager around one statement. `shown` None means: when stderr is a terminal; True
    also tells the server's own figures at the end.

    `to_file` says that rows go to a file; elsewhere they may come to the same terminal, where a
    line that renews itself would tear them apart: it ends before the first.
    """

    def __init__(self, *, shown: bool | None, as_json: bool, to_file: bool) -> None:
        terminal = sys.stderr.isatty()
        self._asked = bool(shown)
        self._shown = terminal if shown is None else shown
        self._renews = terminal
        self._to_file = to_file
        self._as_json = as_json
        self._query: RunningQuery | None = None
        self._started = time.monotonic()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        if error is not None and self._query is not None:
            self._say_work(self._query)

    def before_rows(self) -> None:
        """Called when the first rows are there to be written."""
        if not self._to_file:
            self._end()

    def _end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def watch(self, query: RunningQuery) -> None:
        """Called when it has to wait in line, and when it runs."""
        self._query = query
        if query.waits and not (self._shown and self._renews):
            click.echo(query.stage, err=True)
        if self._shown and self._thread is None:
            run = self._renew if self._renews else self._follow
            self._thread = threading.Thread(target=run, args=(query,), daemon=True)
            self._thread.start()

    def say_end(self, query: RunningQuery) -> None:
        """What a statement changed is always said; figures when asked for or on a terminal."""
        record = query.record
        if query.update_type is not None:
            count = query.update_count
            # Trino's own words, for scripts that read them: no separators in the number.
            rows = "" if count is None else f": {count} row{'' if count == 1 else 's'}"
            click.echo(f"{query.update_type}{rows}", err=True)
        if record.reused:
            click.echo(f"reused the result of query {record.reused}", err=True)
        self._say_work(query)
        if self._shown:
            cost = "" if record.cost is None else f", {money_text(record.cost)} {record.currency}"
            click.echo(
                f"{_rows(record.rows or 0)} in {record.elapsed or 0:.2f} s, "
                f"scanned {size_text(record.scanned)}{cost}",
                err=True,
            )
        if self._as_json:
            said = {
                "id": record.id,
                "state": record.state.value,
                "workgroup": record.workgroup,
                "elapsed": round(record.elapsed or 0.0, 6),
                "rows": record.rows,
                "scanned": record.scanned,
                "unmetered": list(query.unmetered),
                "cost": money_text(record.cost),
                "currency": record.currency,
                "update_type": query.update_type,
                "update_count": query.update_count,
                "engine_id": record.engine_id or None,
                "reused": record.reused or None,
            }
            click.echo(json.dumps(said, ensure_ascii=False), err=True)

    def _say_work(self, query: RunningQuery) -> None:
        """What the server did for it, also where it failed."""
        if self._asked and query.work is not None:
            from lakeshell.output.cluster import end_lines

            for line in end_lines(*query.work):
                click.echo(line, err=True)

    def _follow(self, query: RunningQuery) -> None:
        while not self._stop.wait(_EVERY_LINE):
            seconds = time.monotonic() - self._started
            work = query.work
            if work is None:
                (line,) = self._lines(query, seconds)
            else:
                from lakeshell.output.cluster import plain_line

                line = plain_line(*work, seconds)
            click.echo(line, err=True)

    def _renew(self, query: RunningQuery) -> None:
        wait = _FIRST
        block = Block(sys.stderr)
        while not self._stop.wait(wait):
            wait = _EVERY
            block.show(self._lines(query, time.monotonic() - self._started))
        block.clear()

    def _lines(self, query: RunningQuery, seconds: float) -> list[str]:
        """A server's work as trino-cli shows it; a line of the same figures without a server."""
        work = query.work
        if work is not None:
            from lakeshell.output.cluster import work_lines

            lines = work_lines(*work, seconds, shutil.get_terminal_size().columns)
            return [*lines, query.stage] if query.is_in_line else lines
        scanned, rows, fraction = query.progress
        share = "" if fraction is None else f" {fraction:.0%}"
        stage = f" {query.stage}" if query.stage else ""
        rate = "" if scanned is None else f", {size_text(int(scanned / seconds))}/s"
        return [
            f"{int(seconds) // 60}:{int(seconds) % 60:02d}{stage} [{rows:,} rows, "
            f"{size_text(scanned)}] [{rows / seconds:,.0f} rows/s{rate}]{share}"
        ]


class Block:
    """A few lines of a terminal that renew themselves in their place."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._height = 0

    def show(self, lines: Sequence[str]) -> None:
        """In the place of the last ones. Lines that leave the screen cannot be taken back, so no
        more are shown than it has."""
        size = shutil.get_terminal_size()
        fitting = [line[: size.columns - 1] for line in lines[: max(1, size.lines - 1)]]
        self.clear()
        self._stream.write("\n".join(fitting))
        self._stream.flush()
        self._height = len(fitting)

    def clear(self) -> None:
        if self._height:
            up = f"\x1b[{self._height - 1}A" if self._height > 1 else ""
            self._stream.write(f"\r{up}\x1b[J")
            self._stream.flush()
        self._height = 0


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
