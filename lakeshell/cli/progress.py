"""Progress of long work, on stderr: a bar on a terminal; elsewhere warnings, and steps if wanted."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lakeshell.output.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressLine:
    """A `ports.Reporter`. Use as a context manager, so that the bar is gone when work ends."""

    def __init__(self, *, quiet: bool = False, lines: bool = False) -> None:
        """With `lines` each step is a line where there is no terminal: for what takes minutes."""
        self.quiet = quiet
        self.lines = lines and not quiet
        self.bar: Progress | None = None
        self.task: TaskID | None = None
        self.text = ""
        self.started = 0.0

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not self.quiet:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            self.bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[amount]}", markup=False),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def step(self, text: str) -> None:
        self.text = printable(text)
        self.started = time.monotonic()
        if self.bar is not None:
            if self.task is not None:
                self.bar.remove_task(self.task)
            self.task = self.bar.add_task(self.text, total=None, amount="")
        elif self.lines:
            print(self.text, file=sys.stderr, flush=True)

    def advance(self, done: int, total: int | None, unit: str) -> None:
        if self.bar is None or self.task is None:
            return
        rate = done / max(time.monotonic() - self.started, 1e-3)
        amount = f"{done:,} of {total:,} {unit}" if total else f"{done:,} {unit}"
        if rate >= 1:
            amount += f"  {rate:,.0f}/s"
        self.bar.update(self.task, completed=done, total=total, amount=amount)

    def warn(self, text: str) -> None:
        line = f"warning: {printable(text)}"
        if self.bar is not None:
            self.bar.console.print(line, markup=False, highlight=False)
        elif not self.quiet:
            print(line, file=sys.stderr)
