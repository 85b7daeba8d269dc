"""A text of several lines to read or to change: numbered, highlighted, with lines that are marked.

In: any text. Out: the same; what is drawn of it has a sign in the place of each control character.
"""

from __future__ import annotations

from collections.abc import Collection

from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.document._document import DocumentBase
from textual.events import Paste
from textual.message import Message
from textual.widgets import TextArea

from lakeshell.tui.safe import beginning, is_too_large, pictured
from lakeshell.tui.widgets.inorder import KeysInOrder

LANGUAGES = {".py": "python", ".sql": "sql", ".toml": "toml"}
_MARKED = Style(bold=True, reverse=True)


class PicturedLines:
    """Of a text area, before its class among the bases: it shows a sign for each control character."""

    document: DocumentBase

    def get_line(self, line_index: int) -> Text:
        return Text(pictured(self.document.get_line(line_index)), end="", no_wrap=True)


class PlainArea(PicturedLines, TextArea, KeysInOrder):
    """To change a text in. F5 and the like belong to whoever holds it."""

    BINDINGS = [
        Binding("alt+b", "cursor_word_left", "Word left", show=False),
        Binding("alt+f", "cursor_word_right", "Word right", show=False),
        Binding("alt+d", "delete_word_right", "Delete word", show=False),
        Binding("alt+backspace", "delete_word_left", "Delete word before", show=False),
    ]
    DEFAULT_CSS = """
    PlainArea { border: none; padding: 0; height: 1fr; scrollbar-size: 1 1; background: $background; }
    PlainArea:focus { border: none; }
    """

    def __init__(
        self, text: str, language: str | None, *, read_only: bool = False, id: str | None = None
    ) -> None:
        super().__init__(
            text,
            language=language,
            theme="css",
            read_only=read_only,
            show_line_numbers=True,
            soft_wrap=False,
            tab_behavior="indent",
            id=id,
        )
        self.cursor_blink = False

    def on_paste(self, event: Paste) -> None:
        if is_too_large(event.text):
            event.stop()
            event.prevent_default()
            self.notify(
                f"{len(event.text):,} characters are too many to be edited here: write them into "
                "the file",
                severity="warning",
                markup=False,
            )


class ScriptView(PlainArea):
    """To read a text in, line by line."""

    BINDINGS = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("g", "first", "Top", show=False),
        Binding("G", "last", "End", show=False),
    ]

    class Moved(Message):
        """The cursor is on another line, from 1."""

        def __init__(self, view: ScriptView, line: int) -> None:
            super().__init__()
            self.view = view
            self.line = line

        @property
        def control(self) -> ScriptView:
            return self.view

    def __init__(
        self, text: str = "", language: str | None = "sql", *, id: str | None = None
    ) -> None:
        super().__init__(beginning(text), language, read_only=True, id=id)
        self._marked: frozenset[int] = frozenset()

    def show(self, text: str) -> None:
        text = beginning(text)
        if text != self.text:
            self.load_text(text)
            self.mark(())

    def mark(self, lines: Collection[int]) -> None:
        """Marks lines, from 1, and brings the first of them into view."""
        self._marked = frozenset(lines)
        self._line_cache.clear()
        if self._marked and not self.has_focus:
            self.move_cursor((min(self._marked) - 1, 0), center=True)
        self.refresh()

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        if line_index + 1 in self._marked:
            line.stylize(_MARKED)
        return line

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        event.stop()
        self.post_message(self.Moved(self, event.selection.end[0] + 1))

    def action_first(self) -> None:
        self.move_cursor((0, 0))

    def action_last(self) -> None:
        self.move_cursor(self.document.end)
