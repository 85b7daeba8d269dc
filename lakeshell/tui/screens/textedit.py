"""A text of the lake changed in place: a saved query, a job's script."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Static, TextArea

from lakeshell.errors import LakeshellError, UsageError
from lakeshell.tui.safe import is_too_large, shown
from lakeshell.tui.screens.edited import Edited
from lakeshell.tui.screens.writing import WritingScreen
from lakeshell.tui.widgets.area import LANGUAGES, PlainArea


def editable(edited: Edited[str]) -> str:
    """The text as it is now. Raises `UsageError` of one that is too large to be edited here."""
    text = edited.open()
    if is_too_large(text):
        raise UsageError(
            f"{edited.file.name} is too large to be edited here: {len(text):,} characters",
            hint=f"change it in an editor of yours: {edited.file}",
        )
    return text


_PAUSE = 0.4
"""Seconds without a key after which the text is checked."""


class TextEditScreen(WritingScreen):
    """`save` writes a text; `check` raises a `LakeshellError` for one that would not run. Both run
    on threads. A text that would not run can be written all the same: it may be finished later."""

    BINDINGS = [
        Binding("escape", "leave", "Leave", priority=True),
        Binding("f5,ctrl+s", "submit", "Write", priority=True),
    ]
    DEFAULT_CSS = """
    TextEditScreen #wrong { height: auto; max-height: 3; color: $error; padding: 0 1; }
    """

    def __init__(
        self,
        title: str,
        text: str,
        edited: Edited[str],
        save: Callable[[str], object],
        check: Callable[[str], object],
    ) -> None:
        super().__init__(edited)
        self._heading, self._read_text = title, text
        self._save, self._check_text = save, check
        self._language = LANGUAGES.get(edited.file.suffix)
        self._timer: Timer | None = None
        self._leaving = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog whole"):
            yield Static(shown(f"{self._heading}   F5 writes it, Esc leaves it"), classes="title")
            yield PlainArea(self._read_text, self._language)
            yield Static(id="wrong", markup=False)

    @property
    def area(self) -> PlainArea:
        return self.query_one(PlainArea)

    def on_mount(self) -> None:
        super().on_mount()
        self.area.focus()

    def refill(self, found: str) -> None:
        self._read_text = found
        self.area.load_text(found)
        self.complain("")

    def complain(self, text: str) -> None:
        self.query_one("#wrong", Static).update(shown(text))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        self._leaving = False
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE, self._check)

    def _check(self) -> None:
        text = self.area.text
        self._background.start(
            "check", lambda _: self._check_text(text), lambda _: self.complain(""), self._wrong
        )

    def _wrong(self, error: BaseException) -> None:
        message = error.message if isinstance(error, LakeshellError) else str(error)
        line = getattr(error, "line", None)
        self.complain(f"line {line}: {message}" if line else message)

    def action_submit(self) -> None:
        # Behind the keys that the text was sent before.
        self.area.call_later(self._submit)

    def _submit(self) -> None:
        text = self.area.text
        self.write(lambda: self._save(text))

    def action_leave(self) -> None:
        """At once where nothing was changed; else at the second time."""
        if self._leaving or self.area.text == self._read_text:
            self.dismiss(False)
        else:
            self._leaving = True
            self.complain("it is not written: F5 writes it, Esc again leaves it as it was")
