"""A result that was kept, as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from lakeshell.model import Column
from lakeshell.query.rows import ResultRows
from lakeshell.tui.safe import shown
from lakeshell.tui.widgets.grid import ResultGrid

if TYPE_CHECKING:
    import pyarrow as pa


def held(columns: Sequence[Column], batches: Iterator[pa.RecordBatch], folder: Path) -> ResultRows:
    """In bounded memory, the rest in a file of the folder; on a thread."""
    rows = ResultRows(columns, folder)
    for batch in batches:
        rows.add(batch)
    return rows


class KeptScreen(ModalScreen[None]):
    BINDINGS = [Binding("escape,q", "dismiss", "Close")]

    def __init__(self, title: str, rows: ResultRows) -> None:
        super().__init__()
        self._heading, self._rows = title, rows

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog whole"):
            title = (
                f"{self._heading}: {len(self._rows):,} rows, e on its query saves it, Esc closes"
            )
            yield Static(shown(title), classes="title")
            yield ResultGrid(self._rows)

    def on_mount(self) -> None:
        self.query_one(ResultGrid).focus()

    def on_unmount(self) -> None:
        self._rows.close()
