"""Where SQL is typed: highlighting, completion from the lake's names, and the statement in it.

In: text and keys. Out: `Edited` when the text or the place in it changed. Completion is looked up on
a thread: typing never waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import Key
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import Label, TextArea
from textual_textarea import TextEditor
from textual_textarea.autocomplete import CompletionList
from textual_textarea.containers import FooterContainer, TextContainer
from textual_textarea.find_input import FindInput
from textual_textarea.messages import TextAreaHideCompletionList
from textual_textarea.text_editor import TextAreaPlus

from lakeshell.query.completion import Vocabulary, complete
from lakeshell.tui.safe import is_too_large, words
from lakeshell.tui.widgets.sqlarea import SqlArea

_AROUND, _LINES = 20_000, 500
"""Characters and lines on either side of the cursor that completion looks at."""
Found = Sequence[tuple[tuple[str, str], str]]
Completer = Callable[[str], Found]


class Suggestions(CompletionList):
    """What completion found, beside the cursor: one line each, however narrow the window is.

    The library's own list folds what is too long, which fails in a list without width, and keeps the
    width of the moment in which it did not fit: none, where a tab is typed into before it is drawn.
    """

    DEFAULT_CSS = "Suggestions { text-wrap: nowrap; text-overflow: ellipsis; }"

    class Nothing(Message):
        """The look-up of that number found nothing."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, cursor: Callable[[], Offset]) -> None:
        """`cursor` is where it is in the text's region."""
        super().__init__()
        self._cursor = cursor
        self._asked = 0
        self._wanted = False
        self.sought: str | None = None
        """What is looked up, or was and nothing was found for it."""

    # --- looked up on a thread, and only the newest is shown -------------------------------

    def show_completions(self, prefix: str, completer: Completer | None) -> None:  # type: ignore[override]
        """As the base, in which each look-up that is overtaken by more keys closes the list when it
        comes: of letters that arrive together, as they do over SSH, none was completed."""
        self._asked += 1
        self.sought = prefix
        self._look_up(self._asked, prefix, completer)

    def is_newest(self, number: int) -> bool:
        return number == self._asked

    def forget(self) -> None:
        """What is still looked up is no longer wanted."""
        self._asked += 1
        self._wanted = False

    @work(thread=True, group="completers")
    def _look_up(self, number: int, prefix: str, completer: Completer | None) -> None:
        if self.is_newest(number):
            found = [] if completer is None else completer(prefix)
            self.app.call_later(self._take, number, prefix, found)

    def _take(self, number: int, prefix: str, found: Found) -> None:
        if not self.is_newest(number) or not self.is_attached:
            return
        if not found:
            self._wanted = False
            self.post_message(self.Nothing(number))
            return
        self.sought = None
        self.post_message(self.CompletionsReady(prefix, list(found)))
        if self._wanted:
            self._wanted = False
            self.call_later(self.action_select)

    def process_keypress(self, event: Key) -> None:
        """Tab typed ahead of the list takes its first, once it is there."""
        if self.is_open:
            super().process_keypress(event)
        elif event.key == "tab":
            self._wanted = True

    # --- drawn -----------------------------------------------------------------------------

    @on(CompletionList.CompletionsReady)
    def measure(self, event: CompletionList.CompletionsReady) -> None:
        """The list is as wide as it wants to be again, and beside the cursor where that is now: before
        the text is drawn, it is elsewhere. Undrawn, there is no place to show it at, and it is looked
        up once more when there is."""
        if not self.parent_width:
            self.sought = event.prefix
            event.prevent_default()
        elif not self.is_open:
            self.styles.clear_rule("width")
            self.cursor_offset = self._cursor()


class SqlEditor(TextEditor, inherit_bindings=False):
    """`vocabulary` gives the names known by now; `place` is the cursor's first, line and column from
    1."""

    BINDINGS = [
        Binding("alt+e", "save", "Save text to a file", id="editor.save", show=False),
        Binding("ctrl+o", "load", "Open a file", id="editor.open", show=False),
        Binding("ctrl+f", "find", "Find", id="editor.find", show=False),
        Binding("f3", "find(True)", "Find next", id="editor.find_next", show=False),
        Binding("ctrl+g", "goto_line", "Go to line", id="editor.line", show=False),
    ]

    class Edited(Message):
        """The text, or the place in it, changed."""

    class ToFile(Message):
        """The text is wanted in a file."""

    def __init__(
        self,
        text: str,
        vocabulary: Callable[[], Vocabulary],
        editing: str = "plain",
        place: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__(
            text=text,
            theme="css",
            word_completer=self._suggest,
            path_completer=None,
        )
        self._vocabulary = vocabulary
        self._editing = editing
        self._first = place
        self._sought_at = (0, 0)

    def compose(self) -> ComposeResult:
        self.text_container = TextContainer()
        self.text_input = SqlArea(self._initial_text, self._editing)
        # Before there is anything to type into: a cursor that is set once the text is drawn takes
        # what was typed until then to the wrong place.
        self.go_to(*self._first)
        self.completion_list = Suggestions(self._cursor)
        self.footer = FooterContainer(classes="hide")
        self.footer_label = Label("", id="textarea__save_open_input_label")
        with self.text_container:
            yield self.text_input
            yield self.completion_list
        with self.footer:
            yield self.footer_label

    def _cursor(self) -> Offset:
        area = self.text_input
        return Offset() if area is None else area.cursor_screen_offset - area.region.offset

    def on_mount(self) -> None:
        self.follow_theme()

    def on_resize(self) -> None:
        """What was typed before there was a place for a list is completed now."""
        self.look_again()

    def follow_theme(self) -> None:
        """The colours of SQL are those of the console's theme."""
        self.theme = self.app.theme

    @property
    def text(self) -> str:
        return super().text

    @text.setter
    def text(self, contents: str) -> None:
        if is_too_large(contents):
            self.post_message(SqlArea.TooLarge(contents))
            return
        area = self.text_input
        if area is not None:
            area.history.checkpoint()
            area.replace(contents, (0, 0), area.document.end, maintain_selection_offset=False)
            area.move_cursor((0, 0))

    @property
    def mode(self) -> str:
        """Vim's mode; empty in the other ways of editing."""
        return self.text_input.mode if isinstance(self.text_input, SqlArea) else ""

    @property
    def finds(self) -> bool:
        """Whether something is sought in the text just now."""
        return bool(self.query(FindInput))

    @property
    def place(self) -> tuple[int, int]:
        """Line and column of the cursor, from 1."""
        if self.text_input is None:
            return (1, 1)
        line, column = self.text_input.cursor_location
        return line + 1, column + 1

    async def action_save(self) -> None:
        """Asked for by whoever has the editor: the library's own line writes over any file unasked."""
        self.post_message(self.ToFile())

    def go_to(self, line: int, column: int) -> None:
        """From 1."""
        if self.text_input is not None:
            self.text_input.move_cursor((line - 1, max(0, column - 1)))

    @on(TextAreaHideCompletionList)
    def forget_suggestions(self) -> None:
        if isinstance(self.completion_list, Suggestions):
            self.completion_list.forget()

    @on(Suggestions.Nothing)
    def close_suggestions(self, event: Suggestions.Nothing) -> None:
        """At once, and not where names that came in between are looked up by now: as a message of
        its own, the end of the older look-up was taken for the end of theirs."""
        event.stop()
        area, shown = self.text_input, self.completion_list
        if area is not None and isinstance(shown, Suggestions) and shown.is_newest(event.number):
            shown.is_open = False
            area.completer_active = None

    @on(TextAreaPlus.ShowCompletionList)
    def look_for_suggestions(self) -> None:
        """A key before this one may have closed the list only now, after this one was taken."""
        area = self.text_input
        if area is not None and area.completer_active is None:
            area.completer_active = "word"
        self._sought_at = self.place

    def look_again(self) -> None:
        """There are other names: perhaps for what is typed now, where nothing was found before, or
        is sought among those of before."""
        area, shown = self.text_input, self.completion_list
        if area is None or not isinstance(shown, Suggestions) or shown.sought is None:
            return
        if area.has_focus and self.place == self._sought_at:
            area.completer_active = "word"
            shown.show_completions(shown.sought, self._suggest)

    def _suggest(self, prefix: str) -> Found:
        """Runs on a thread, on the text as it is by then; `prefix` is what the library makes of it."""
        area = self.text_input
        if area is None:
            return []
        line, column = area.cursor_location
        lines = area.document.lines
        before = "\n".join([*lines[max(0, line - _LINES) : line], lines[line][:column]])
        after = "\n".join([lines[line][column:], *lines[line + 1 : line + _LINES]])
        before = before[-_AROUND:]
        found = complete(before + after[:_AROUND], len(before), self._vocabulary())
        return [((words(s.text), words(s.kind)), s.text) for s in found]

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        self.post_message(self.Edited())

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        self.post_message(self.Edited())
