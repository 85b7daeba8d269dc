"""What a process prints, as it comes: the walk-through, the log of a service."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import RichLog, Static

from lakeshell.stack.compose import log_line
from lakeshell.tui.background import Background, Delivered, TaskReporter, said
from lakeshell.tui.safe import cell, shown

if TYPE_CHECKING:
    from lakeshell.tui.app import Console

_KEPT = 5_000
"""Lines that can be scrolled back to."""
_EVERY = 0.1
Process = subprocess.Popen[str]


class ProcessScreen(ModalScreen[None]):
    """`start` begins the process, its output a pipe of text. Esc closes the screen, and ends the
    process where it still runs. `title` is what quitting asks about; empty of a mere look."""

    BINDINGS = [
        Binding("escape,q", "close", "Close"),
        Binding("end,G", "follow", "Follow", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    ProcessScreen RichLog { height: 1fr; background: $background; scrollbar-size: 1 1; }
    """

    def __init__(self, heading: str, start: Callable[[], Process], title: str = "") -> None:
        super().__init__()
        self._heading, self._start, self._title = heading, start, title
        self._process: Process | None = None
        self._leaving = False
        self._following = True
        self._lines: deque[str] = deque(maxlen=_KEPT)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog whole"):
            yield Static(
                shown(f"{self._heading}: it runs, Esc ends it"), id="head", classes="title"
            )
            yield RichLog(markup=False, highlight=False, wrap=True, max_lines=_KEPT, id="log")

    def on_mount(self) -> None:
        console = cast("Console", self.app)
        self._background = Background(self, console.wait_ready, console.running)
        task = self._background.start(
            "process", self._run, self._ended, self._failed, title=self._title
        )
        task.cancel = self._stop
        self.watch(self.query_one(RichLog), "scroll_y", self._scrolled, init=False)
        self.set_interval(_EVERY, self._draw)

    def _run(self, reporter: TaskReporter) -> int:
        with self._start() as process:
            self._process = process
            if self._leaving:
                process.terminate()
            assert process.stdout is not None
            for line in process.stdout:
                self._lines.append(log_line(line))
            return process.wait()

    def _draw(self) -> None:
        """What came since: a flood of lines is drawn ten times a second, not a line at a time."""
        log = self.query_one(RichLog)
        for _ in range(len(self._lines)):
            log.write(cell(self._lines.popleft()), scroll_end=False)
        # Each time, not only after a line: what is written before the log has its size waits in it.
        if self._following and not log.is_vertical_scroll_end:
            log.scroll_end(animate=False, immediate=True, x_axis=False)

    def _scrolled(self) -> None:
        """By hand, up from the end, it stays where it is."""
        self._following = self.query_one(RichLog).is_vertical_scroll_end

    def action_follow(self) -> None:
        self._following = True
        self._draw()

    def on_delivered(self, message: Delivered) -> None:
        self._background.deliver(message.outcome, self._failed)

    def _ended(self, code: int) -> None:
        self._draw()
        word = "done" if code == 0 else f"ended with exit code {code}"
        self.query_one("#head", Static).update(shown(f"{self._heading}: {word}; Esc closes"))

    def _failed(self, error: BaseException) -> None:
        message, hint = said(error)
        self.query_one("#head", Static).update(shown(f"{self._heading}: {message}"))
        self.query_one(RichLog).write(cell(hint))

    def _stop(self) -> None:
        self._leaving = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def action_close(self) -> None:
        self._stop()
        self.dismiss()
