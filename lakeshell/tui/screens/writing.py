"""A dialog that writes a definition: on a thread, and never over what somebody else wrote meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from textual.screen import ModalScreen

from lakeshell.tui.background import Background, Delivered, said
from lakeshell.tui.screens.edited import ChangedMeanwhile, ChangedScreen, Edited

if TYPE_CHECKING:
    from lakeshell.tui.app import Console

_EVERY = 1.0
_NOTICED = "the file was changed on disk meanwhile: writing asks which of the two to keep"


class WritingScreen(ModalScreen[bool]):
    """True when it wrote. `edited` is the file that it changes, None where it makes a new one."""

    def __init__(self, edited: Edited[Any] | None) -> None:
        super().__init__()
        self._edited = edited

    def on_mount(self) -> None:
        console = cast("Console", self.app)
        self._background = Background(self, console.wait_ready, console.running)
        if self._edited is not None:
            self.set_interval(_EVERY, self._watch)

    # --- what a dialog of one kind does ----------------------------------------------------

    def complain(self, text: str) -> None:
        """Says what is wrong; empty for nothing."""

    def refill(self, found: Any) -> None:
        """Takes what was read from the file anew."""

    # --- writing ---------------------------------------------------------------------------

    def write(self, work: Callable[[], object], *, force: bool = False) -> None:
        edited = self._edited

        def carry_out(_: object) -> None:
            if edited is not None and not force:
                edited.check()
            work()

        self._background.start(
            "write",
            carry_out,
            lambda _: self.dismiss(True),
            lambda error: self._not_written(error, work),
        )

    def _not_written(self, error: BaseException, work: Callable[[], object]) -> None:
        if not isinstance(error, ChangedMeanwhile):
            self.complain(": ".join(filter(None, said(error))))
            return

        def take(answer: str | None) -> None:
            if answer == "overwrite":
                self.write(work, force=True)
            elif answer == "reload":
                self._reload()

        self.app.push_screen(ChangedScreen(error), take)

    def _reload(self) -> None:
        edited = self._edited
        assert edited is not None
        self._background.start("reload", lambda _: edited.open(), self.refill)

    def _watch(self) -> None:
        edited = self._edited
        assert edited is not None
        self._background.start(
            "watch",
            lambda _: edited.is_changed,
            lambda changed: self.complain(_NOTICED) if changed else None,
        )

    def on_delivered(self, message: Delivered) -> None:
        self._background.deliver(message.outcome, self._failed)

    def _failed(self, error: BaseException) -> None:
        self.complain(": ".join(filter(None, said(error))))
