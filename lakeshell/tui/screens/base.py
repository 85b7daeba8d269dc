"""What every screen of the console shares: the line of screens, the status line, the footer, tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.events import Resize
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from lakeshell.tui.background import (
    Amount,
    Background,
    Delivered,
    Progressed,
    Task,
    TaskReporter,
    Warned,
    said,
)
from lakeshell.tui.safe import shown
from lakeshell.tui.widgets.footer import Keys
from lakeshell.tui.widgets.navigation import Navigation

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.tui.app import Console

T = TypeVar("T")


class LakeScreen(Screen[None]):
    """A screen is `body` and what `look` finds each time that it comes to the front."""

    noun: ClassVar[str]
    """Its name in the registry."""

    BINDINGS = [Binding("f2", "look", "Refresh", id="screen.refresh", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self.background = Background(self, self.console.wait_ready, self.console.running)
        self._pause: Timer | None = None
        self._said = ""

    @property
    def console(self) -> Console:
        return cast("Console", self.app)

    @property
    def lake(self) -> Lake:
        return self.console.lake

    def compose(self) -> ComposeResult:
        yield Navigation(self.noun)
        with Container(id="body"):
            yield from self.body()
        yield Static(id="status", markup=False)
        yield Keys(show_command_palette=False, compact=True)

    def body(self) -> ComposeResult:
        yield from ()

    def look(self) -> None:
        """Reads what is to be shown; called when the screen comes to the front."""

    def action_look(self) -> None:
        self.look()

    def on_resize(self, event: Resize) -> None:
        """A size that is no longer the window's is let go: the library tells a screen of each size
        that it takes, so that two on their way at once followed each other for ever."""
        if event.size != self.app.size:
            event.prevent_default()

    def on_screen_resume(self) -> None:
        self.console.name_terminal(self.noun)
        self.look()

    def after_typing(self, seconds: float, call: Callable[[], object]) -> None:
        """Calls once, when nothing more was typed for so long: for each letter it would draw over
        what was gone to meanwhile."""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(seconds, call)

    # --- tasks -----------------------------------------------------------------------------

    def ask(
        self,
        name: str,
        work: Callable[[], T],
        draw: Callable[[T], object],
        failed: Callable[[BaseException], object] | None = None,
    ) -> None:
        """A look at something: a newer one under the same name makes it stale."""
        self.background.start(name, lambda _: work(), draw, failed)

    def carry_out(
        self,
        name: str,
        title: str,
        work: Callable[[TaskReporter], T],
        draw: Callable[[T], object],
        failed: Callable[[BaseException], object] | None = None,
    ) -> Task:
        """Something that takes long and that quitting would lose."""
        return self.background.start(name, work, draw, failed, title)

    def on_delivered(self, message: Delivered) -> None:
        self.background.deliver(message.outcome, self.fail)

    def on_progressed(self, message: Progressed) -> None:
        if self.background.is_current(message.number):
            self.progress(message.number, message.amount)

    def on_warned(self, message: Warned) -> None:
        if self.background.is_current(message.number):
            self.notify(shown(message.text).plain, severity="warning", markup=False)

    def progress(self, number: int, amount: Amount) -> None:
        self.status(progress_text(amount))

    # --- saying things ---------------------------------------------------------------------

    def status(self, text: str) -> None:
        """One line above the keys."""
        self._said = text
        self.query_one("#status", Static).update(shown(text), layout=False)

    def unsay(self, text: str) -> None:
        """It holds no longer; what was said since stays."""
        if text and text == self._said:
            self.status("")

    def fail(self, error: BaseException) -> None:
        self.console.say(error)
        self.status(f"error: {said(error)[0]}")


def progress_text(amount: Amount) -> str:
    """`load_film: raw.film   12,000 of 16,000 rows   8,000 rows/s`"""
    if not amount.unit:
        return amount.text
    total = "" if amount.total is None else f" of {amount.total:,}"
    rate = f"   {amount.rate:,.0f} {amount.unit}/s" if amount.seconds >= 1 else ""
    return f"{amount.text}   {amount.done:,}{total} {amount.unit}{rate}"
