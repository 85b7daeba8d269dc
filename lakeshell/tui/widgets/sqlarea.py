"""The text of a query: its colours, the keys of the way of editing that was chosen, and its bounds.

In: keys and pastes. Out: changes of the text; `TooLarge` for a paste that is no query. What is drawn
costs what is seen of it, and a key costs the same in a text of a megabyte.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.document._document import Document
from textual.document._edit import Edit
from textual.document._wrapped_document import WrappedDocument
from textual.geometry import Size
from textual.message import Message
from textual.widgets.text_area import DocumentNavigator, EditResult, Selection
from textual_textarea.messages import TextAreaHideCompletionList
from textual_textarea.text_editor import TextAreaPlus

from lakeshell.tui.editing.emacs import KEYS
from lakeshell.tui.safe import is_too_large
from lakeshell.tui.widgets.area import PicturedLines
from lakeshell.tui.widgets.colours import LineColours
from lakeshell.tui.widgets.inorder import KeysInOrder, type_again

if TYPE_CHECKING:
    from lakeshell.tui.editing.motions import Place
    from lakeshell.tui.editing.vim import Vim

TAB = 4


_FEW = 1_000
"""Lines up to which all of them are measured at each key."""


class SqlDocument(Document):
    """As the base, which joins its lines for each look at the text, and measures all of them for
    each key."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._joined: str | None = None
        self._widest: int | None = None

    @property
    def text(self) -> str:
        if self._joined is None:
            self._joined = super().text
        return self._joined

    def get_size(self, tab_width: int) -> Size:
        if self._widest is None:
            self._widest = _width(self._lines, tab_width)
        return Size(self._widest, len(self._lines))

    def replace_range(self, start: Place, end: Place, text: str) -> EditResult:
        self._joined = None
        done = super().replace_range(start, end, text)
        if len(self._lines) <= _FEW or self._widest is None:
            self._widest = None
        else:
            # In a long text the widest line is only ever found, and not lost: that costs some
            # columns to scroll in, and no time.
            changed = self._lines[min(start, end)[0] : done.end_location[0] + 1]
            self._widest = max(self._widest, _width(changed, TAB))
        return done


def _width(lines: Sequence[str], tab_width: int) -> int:
    return max(
        len(line) if line.isascii() and "\t" not in line else cell_len(line.expandtabs(tab_width))
        for line in lines
    )


class SqlLines(WrappedDocument):
    """Lines that are not wrapped: the base adds up all of them for each line that is drawn."""

    @property
    def height(self) -> int:
        return len(self._offset_to_line_info)


class SqlArea(PicturedLines, TextAreaPlus, KeysInOrder):
    """A suggestion is taken with Tab, or with Enter after the arrows chose it. `editing` is `plain`,
    `emacs` or `vim`."""

    BINDINGS = [
        Binding("alt+b", "cursor_word_left", "Word left", show=False),
        Binding("alt+f", "cursor_word_right", "Word right", show=False),
        Binding("ctrl+e", "cursor_line_end", "End of line", show=False),
        Binding("ctrl+k", "delete_to_end_of_line", "Delete to end of line", show=False),
        Binding("alt+d", "delete_word_right", "Delete word", show=False),
        Binding("alt+backspace", "delete_word_left", "Delete word before", show=False),
    ]
    chose = False

    class TooLarge(Message):
        """A text was pasted or opened that is too large to be edited."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Commanded(Message):
        """A command of vim's, such as `w`. The keys behind it wait until it is `done`."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text
            self.done = asyncio.Event()

    class ModeChanged(Message):
        """Vim's mode, or what is typed of a command, changed."""

    def __init__(self, text: str, editing: str) -> None:
        super().__init__(text)
        self.editing = editing
        self._commanded: SqlArea.Commanded | None = None
        self.cursor_blink = False
        self.inline_comment_marker = "--"
        self.vim: Vim | None = None
        if editing == "vim":
            from lakeshell.tui.editing.vim import Vim

            self.vim = Vim(_Text(self))

    @property
    def mode(self) -> str:
        """Of vim, with what is typed of a command; empty in the other ways of editing."""
        if self.vim is None:
            return ""
        return f"{self.vim.mode.value} {self.vim.waiting}".strip()

    # --- the document ----------------------------------------------------------------------

    def _set_document(self, text: str, language: str | None) -> None:
        self.document = SqlDocument(text)
        self.wrapped_document = SqlLines(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._colours = LineColours(lambda: self.document.lines)
        self._changed_from: int | None = None
        self._build_highlight_map()
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()

    def edit(self, edit: Edit) -> EditResult:
        self._changed_from = edit.top[0]
        return super().edit(edit)

    def _build_highlight_map(self) -> None:
        self._line_cache.clear()
        self._colours.changed(self._changed_from or 0)
        self._changed_from = None
        self._highlights = self._colours  # type: ignore[assignment]

    def on_show(self) -> None:
        """The place where a tab was left is in sight, which it has no lines for before."""
        self.scroll_cursor_visible()

    # --- keys ------------------------------------------------------------------------------

    async def on_key(self, event: events.Key) -> None:  # type: ignore[override]
        """Before the base's own, which it keeps from happening where the key was taken."""
        if self.app.screen is not self.screen:
            # What was typed in one piece behind a command that opened a dialog is the dialog's.
            type_again(self.app, event)
        elif not self._takes(event) and not await self._is_of_the_console(event):
            return
        event.stop()
        event.prevent_default()
        self.post_message(TextAreaHideCompletionList())
        if self._commanded is not None:
            commanded, self._commanded = self._commanded, None
            await commanded.done.wait()

    async def _is_of_the_console(self, event: events.Key) -> bool:
        """Keys with Alt come here first. What nobody has bound was Esc, which closes the suggestions,
        and a character in one piece, as fast fingers and slow links send them."""
        if not event.key.startswith("alt+"):
            return False
        typed = event.character if event.is_printable else None
        if typed and self.vim is None and event.key not in self.screen.active_bindings:
            self.completer_active = None
            self.post_message(TextAreaHideCompletionList())
            event.key = typed if typed.isalnum() else event.key.removeprefix("alt+")
            return False
        event.character = None
        return await self.app._check_bindings(event.key, priority=True)

    def _takes(self, event: events.Key) -> bool:
        if self.vim is not None:
            before = self.mode
            if not event.key.startswith("alt+"):
                taken = self.vim.key(event.key, event.character)
            elif taken := self._begins_with_escape(event):
                self.vim.leave_for(event.character or "")
            if self.mode != before:
                self.post_message(self.ModeChanged())
            return taken
        action = KEYS.get(event.key) if self.editing == "emacs" else None
        if action is None:
            return False
        getattr(self, f"action_{action}")()
        return True

    def command(self, text: str) -> None:
        """Of vim's, for whoever has the text: not by way of this one's own messages, which wait."""
        message = self.Commanded(text)
        if self.parent is not None and self.parent.post_message(message):
            self._commanded = message

    def _begins_with_escape(self, event: events.Key) -> bool:
        """Whether a key with Alt is Esc and that key: wherever Esc leaves something, and where the
        console has nothing else for it."""
        assert self.vim is not None
        if not event.key.startswith("alt+") or not event.is_printable:
            return False
        bound = self.screen.active_bindings.get(event.key)
        return self.vim.leaves or bound is None or bound.node is self

    def action_kill(self) -> None:
        """To the end of the line, or the line's end itself; `yank` brings it back."""
        row, column = self.cursor_location
        line = self.document.lines[row]
        end = (row, len(line)) if column < len(line) else (row + 1, 0)
        if end[0] < self.document.line_count:
            self.clipboard = self.get_text_range((row, column), end)
            self.delete((row, column), end)

    def action_yank(self) -> None:
        self.replace(self.clipboard, *self.selection, maintain_selection_offset=False)
        self.scroll_cursor_visible()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self.vim is not None and self.vim.mode.value.startswith("VISUAL"):
            self.vim.rest()
            self.post_message(self.ModeChanged())

    def on_paste(self, event: events.Paste) -> None:
        if is_too_large(event.text):
            event.stop()
            event.prevent_default()
            self.post_message(self.TooLarge(event.text))
        elif self.vim is not None and self.vim.paste(event.text):
            event.stop()
            event.prevent_default()
            self.post_message(self.ModeChanged())

    def _handle_up_down(self, event: events.Key) -> None:
        self.chose = self.completer_active is not None
        super()._handle_up_down(event)

    def _handle_enter(self, event: events.Key) -> None:
        if self.completer_active is not None and not self.chose:
            self.completer_active = None
            self.post_message(TextAreaHideCompletionList())
        self.chose = False
        super()._handle_enter(event)

    def _handle_slash(self, event: events.Key) -> None:
        """A slash divides here; it begins no path."""

    def _handle_separator(self, event: events.Key) -> None:
        """What comes after a dot is a word of its own: taking a suggestion leaves what is before."""
        event.stop()
        self.completer_active = "word"
        self.post_message(self.ShowCompletionList(prefix=""))

    def _should_complete_brackets(self) -> bool:
        """Not in a string, where a bracket may stand alone: one that nobody typed stayed behind it."""
        row, column = self.cursor_location
        in_string = self.document.get_line(row)[:column].count("'") % 2
        return not in_string and super()._should_complete_brackets()

    def _handle_printable_character(self, event: events.Key) -> None:
        self.chose = False
        super()._handle_printable_character(event)


class _Text:
    """An area as vim's buffer."""

    def __init__(self, area: SqlArea) -> None:
        self._area = area

    @property
    def lines(self) -> Sequence[str]:
        return self._area.document.lines

    @property
    def at(self) -> Place:
        return self._area.cursor_location

    @property
    def page(self) -> int:
        return max(1, self._area.scrollable_content_region.height)

    def go(self, to: Place, anchor: Place | None = None) -> None:
        self._area.selection = Selection(to if anchor is None else anchor, to)
        self._area.scroll_cursor_visible()

    def replace(self, first: Place, last: Place, text: str) -> None:
        self._area.replace(text, first, last, maintain_selection_offset=False)

    def checkpoint(self) -> None:
        self._area.history.checkpoint()

    def undo(self) -> None:
        self._area.undo()

    def redo(self) -> None:
        self._area.redo()

    def copy(self, text: str) -> None:
        self._area.app.copy_to_clipboard(text)

    def command(self, text: str) -> None:
        self._area.command(text)
