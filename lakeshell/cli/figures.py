"""The figures of a running statement, on stderr: a line that renews itself, and one at the end."""

from __future__ import annotations

import json
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text

if TYPE_CHECKING:
    from lakeshell.query.run import RunningQuery

_FIRST = 0.7
_EVERY = 0.3
_CLEAR = "\r\x1b[K"


class Figures:
    """A context manager around one statement. `shown` None means: when stderr is a terminal.

    `to_file` says that rows go to a file; elsewhere they may come to the same terminal, where a
    line that renews itself would tear them apart: it ends before the first.
    """

    def __init__(self, *, shown: bool | None, as_json: bool, to_file: bool) -> None:
        terminal = sys.stderr.isatty()
        self._shown = terminal if shown is None else shown
        self._live = self._shown and terminal
        self._to_file = to_file
        self._as_json = as_json
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

    def before_rows(self) -> None:
        """Called when the first rows are there to be written."""
        if not self._to_file:
            self._end()

    def _end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def watch(self, query: RunningQuery) -> None:
        if self._live:
            self._thread = threading.Thread(target=self._run, args=(query,), daemon=True)
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

    def _run(self, query: RunningQuery) -> None:
        wait = _FIRST
        shown = False
        while not self._stop.wait(wait):
            wait = _EVERY
            scanned, rows, fraction = query.progress
            seconds = time.monotonic() - self._started
            share = "" if fraction is None else f" {fraction:.0%}"
            stage = f" {query.stage}" if query.stage else ""
            rate = "" if scanned is None else f", {size_text(int(scanned / seconds))}/s"
            sys.stderr.write(
                f"{_CLEAR}{int(seconds) // 60}:{int(seconds) % 60:02d}{stage} [{rows:,} rows, "
                f"{size_text(scanned)}] [{rows / seconds:,.0f} rows/s{rate}]{share}"
            )
            sys.stderr.flush()
            shown = True
        if shown:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
