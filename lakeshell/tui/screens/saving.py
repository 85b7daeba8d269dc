"""Rows and texts into a file: where, whether over what is there, and whether a spreadsheet may run
what is in it.

In: a screen, what reads the rows or a text, what is done when they are written. Out: the file, on a
thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, Static

from lakeshell.model import Column
from lakeshell.tui.safe import shown
from lakeshell.tui.widgets.line import LineInput

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.tui.screens.base import LakeScreen

Read = Callable[[], tuple[Sequence[Column], Iterable["pa.RecordBatch"]]]


@dataclass(frozen=True, slots=True)
class Destination:
    path: Path
    names: bool = False
    formula_safe: bool = False

    @property
    def format(self) -> str:
        """By the file's ending, and with a line of names where that has one."""
        from lakeshell.output.files import format_of

        found = format_of(self.path)
        return f"{found}_HEADER" if self.names and found in ("CSV", "TSV") else found


class FileScreen(ModalScreen[Destination | None]):
    """Asks for a file; None when it was left with Esc. One that is there is asked for twice."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, question: str, name: str, note: str, *, rows: bool = True) -> None:
        super().__init__()
        self._question, self._name, self._note, self._rows = question, name, note, rows
        self._there: Path | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(shown(self._question), classes="title")
            yield LineInput(self._name, id="line")
            if self._rows:
                yield Checkbox(
                    "names: the first line of CSV or TSV", True, id="names", compact=True
                )
                yield Checkbox(
                    "formula-safe: a spreadsheet runs no text of CSV or TSV",
                    id="formula-safe",
                    compact=True,
                )
            yield Static(shown(self._note, "dim"), id="note", classes="text")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if not event.value:
            self.dismiss(None)
            return
        path = Path(event.value).expanduser()
        if path.is_file() and path != self._there:
            self._there = path
            said = "that file is there already: Enter again replaces it"
            self.query_one("#note", Static).update(shown(said, "bold"))
            return
        ticked = (box.value for box in self.query(Checkbox))
        self.dismiss(Destination(path, *ticked))


def save_rows(
    screen: LakeScreen,
    question: str,
    name: str,
    read: Read,
    done: Callable[[Path, int], object],
    note: str = "",
) -> None:
    """`done` is told the file and its rows; `note` is said beside the endings."""

    def write(given: Destination) -> None:
        path = given.path

        def work(_: object) -> int:
            from lakeshell.output.files import write_file

            return write_file(*read(), given.format, path, formula_safe=given.formula_safe)

        screen.carry_out("export", f"writing {path}", work, lambda count: done(path, count))

    endings = "by its ending: .csv .tsv .json .md .parquet .arrow .xlsx"
    _ask(screen, FileScreen(question, name, f"{endings}{note}"), write)


def save_text(
    screen: LakeScreen,
    question: str,
    name: str,
    note: str,
    text: str,
    done: Callable[[Path], object],
) -> None:
    """`done` is told the file; `note` is said below its name."""

    def write(given: Destination) -> None:
        def work() -> None:
            from lakeshell.definitions.schema import write as write_whole

            write_whole(given.path, text)

        screen.ask("save", work, lambda _: done(given.path))

    _ask(screen, FileScreen(question, name, note, rows=False), write)


def _ask(screen: LakeScreen, dialog: FileScreen, write: Callable[[Destination], None]) -> None:
    screen.app.push_screen(dialog, lambda given: None if given is None else write(given))
