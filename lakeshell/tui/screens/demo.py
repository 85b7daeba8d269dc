"""The walk-through, run by its command and shown as it goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import RichLog, Static

from lakeshell.tui.background import Background, Delivered, TaskReporter, said
from lakeshell.tui.safe import cell

if TYPE_CHECKING:
    from lakeshell.tui.app import Console

COMMAND = (sys.executable, "-P", "-m", "lakeshell", "demo", "--lake")


class DemoScreen(ModalScreen[None]):
    """`lakeshell demo` on the lake's folder. Esc closes it; while it runs, that stops it."""

    BINDINGS = [Binding("escape", "close", "Close")]
    DEFAULT_CSS = """
    DemoScreen .dialog { width: 100%; max-width: 200; height: 100%; max-height: 100%; }
    """

    class Line(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("lakeshell demo: it runs, Esc stops it", id="head", classes="title")
            yield RichLog(markup=False, highlight=False, wrap=True, id="log")

    def on_mount(self) -> None:
        console = cast("Console", self.app)
        self._background = Background(self, console.wait_ready, console.running)
        task = self._background.start("demo", self._run, self._ended, title="lakeshell demo")
        task.cancel = self._stop

    def _run(self, reporter: TaskReporter) -> int:
        with subprocess.Popen(
            [*COMMAND, str(self._folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            self._process = process
            assert process.stdout is not None
            for line in process.stdout:
                self.post_message(self.Line(line.rstrip("\n")))
            return process.wait()

    def on_demo_screen_line(self, message: Line) -> None:
        self.query_one(RichLog).write(cell(message.text))

    def on_delivered(self, message: Delivered) -> None:
        self._background.deliver(message.outcome, self._failed)

    def _ended(self, code: int) -> None:
        word = "done" if code == 0 else f"ended with exit code {code}"
        self.query_one("#head", Static).update(f"lakeshell demo: {word}; Esc closes")

    def _failed(self, error: BaseException) -> None:
        self.notify(said(error)[0], severity="error", markup=False)

    def _stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def action_close(self) -> None:
        self._stop()
        self.dismiss()
