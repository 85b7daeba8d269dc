"""A definition's file while it is edited here: whether somebody changed it meanwhile.

In: a file, and how what is edited is read from it. Out: whether its text is still the one that was
read; the question what to do where it is not.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from lakeshell.errors import LakeshellError
from lakeshell.tui.safe import shown
from lakeshell.tui.widgets.sheet import Sheet, difference

T_co = TypeVar("T_co", covariant=True)


class ChangedMeanwhile(LakeshellError):
    """The file is no longer the one that was read; `diff` says what changed in it."""

    def __init__(self, file: Path, diff: str) -> None:
        super().__init__(f"{file} was changed meanwhile", hint="keep which of the two?")
        self.diff = diff


class Edited(Generic[T_co]):
    """All of this is called on threads."""

    def __init__(self, file: Path, read: Callable[[], T_co]) -> None:
        self.file = file
        self._read = read
        self._text = ""

    def open(self) -> T_co:
        """What is edited, as it is now; later changes are of what the file now has."""
        self._text = self._now()
        return self._read()

    @property
    def is_changed(self) -> bool:
        return self._now() != self._text

    def check(self) -> None:
        """Raises `ChangedMeanwhile`."""
        now = self._now()
        if now != self._text:
            sides = (self._text.splitlines(), now.splitlines())
            lines = difflib.unified_diff(*sides, "as it was read", "as it is now", lineterm="")
            raise ChangedMeanwhile(self.file, "\n".join(lines))

    def _now(self) -> str:
        try:
            return self.file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""


class ChangedScreen(ModalScreen[str | None]):
    """`reload` what is on disk, `overwrite` it, or None: go on with editing."""

    BINDINGS = [
        Binding("r", "answer('reload')", "Reload"),
        Binding("o", "answer('overwrite')", "Overwrite"),
        Binding("escape,c", "dismiss(None)", "Go on editing"),
    ]

    def __init__(self, error: ChangedMeanwhile) -> None:
        super().__init__()
        self._error = error

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog large"):
            yield Static(shown(self._error.message), classes="title")
            yield Sheet()
            with Horizontal(classes="buttons"):
                yield Button("Go on editing (Esc)", id="cancel")
                yield Button("Reload it (r)", id="reload")
                yield Button("Overwrite it (o)", id="overwrite", variant="error")

    def on_mount(self) -> None:
        self.query_one(Sheet).draw([difference(self._error.diff)])
        self.query_one(Sheet).focus()

    def action_answer(self, answer: str) -> None:
        self.dismiss(answer)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(None if event.button.id == "cancel" else event.button.id)
