"""Vim's modes over a text: keys in, changes of a `Buffer` out.

Counts, operators (d c y > < gu gU g~), motions, text objects, registers, visual modes, repeat. What is searched and what is commanded is typed into a line of its own, key by key like all
else: what comes in one piece, as over SSH, means the same. What is typed in insert mode is the
editor's own affair. Not here: macros, marks, `:s`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from lakeshell.tui.editing import motions
from lakeshell.tui.editing.motions import Place
from lakeshell.tui.editing.moves import Moves, first_of
from lakeshell.tui.editing.objects import text_object
from lakeshell.tui.editing.registers import Registers

INDENT = 4
_HEAD = re.compile(
    r"(?:\"(?P<register>[\w\"+*-]))?(?P<count>[1-9][0-9]*)?(?:(?P<operator>g[uU~]|[dcy<>])(?P<again>[1-9][0-9]*)?)?(?P<rest>.*)",
    re.DOTALL,
)
_VISUAL_HEAD = re.compile(
    r"(?:\"(?P<register>[\w\"+*-]))?(?P<count>[1-9][0-9]*)?(?P<operator>)(?P<again>)(?P<rest>.*)",
    re.DOTALL,
)
_WAITS = re.compile(r"|\"|g|[fFtTr]|[ia]")
"""What is not a whole command yet; `i` and `a` only behind an operator or in visual mode."""
_OBJECT = re.compile(r"[ia][wW\"'`()\[\]{}bBp]")
_NAMED = {
    "left": "h", "right": "l", "up": "k", "down": "j", "home": "0", "end": "$",
    "backspace": "h", "space": "l", "enter": "+", "delete": "x",
}  # fmt: skip
_CHANGES = frozenset("xXsSDCpPrJ~oOiIaA")
_LINES = frozenset("jkG+_") | {"gg"}
_ENDS = frozenset("eE$%fFtT")
"""Motions whose last character belongs to them; F and T go backward, where it does not."""


class Mode(Enum):
    NORMAL = "NORMAL"
    INSERT = "INSERT"
    VISUAL = "VISUAL"
    LINES = "VISUAL LINE"


class Buffer(Protocol):
    """The text that is edited. Places count from 0; a change can be undone by itself."""

    @property
    def lines(self) -> Sequence[str]: ...
    @property
    def at(self) -> Place: ...
    @property
    def page(self) -> int:
        """Lines of the window."""

    def go(self, to: Place, anchor: Place | None = None) -> None:
        """Puts the cursor; what lies between it and `anchor` is selected."""

    def replace(self, first: Place, last: Place, text: str) -> None: ...
    def checkpoint(self) -> None:
        """What follows is undone by itself."""

    def undo(self) -> None: ...
    def redo(self) -> None: ...
    def copy(self, text: str) -> None:
        """To the clipboard."""

    def command(self, text: str) -> None:
        """What was typed behind `:`, other than a line's number."""


class Vim:
    """The modes of one buffer. `key` gives whether a key was vim's, else it is the editor's."""

    def __init__(self, buffer: Buffer) -> None:
        self.mode = Mode.NORMAL
        self._buffer = buffer
        self._typed = ""
        self._prompt = ""
        """`/`, `?` or `:` and what is typed behind it."""
        self._registers = Registers()
        self._name = ""
        """Of the register that the command at hand names."""
        self._moves = Moves(lambda: buffer.lines)
        self._anchor: Place = (0, 0)
        self._head: Place = (0, 0)
        self._began: Place = (0, 0)
        self._last: tuple[str, str] | None = None
        self._repeating = False

    @property
    def waiting(self) -> str:
        """Of a command or a line that is not whole yet."""
        return self._prompt or self._typed

    @property
    def leaves(self) -> bool:
        """Whether Esc leaves something."""
        return self.mode is not Mode.NORMAL or bool(self.waiting)

    def leave_for(self, character: str) -> None:
        """Esc and a character that came in one piece, as fast fingers and slow links send them."""
        self.key("escape", None)
        self.key(character, character)

    def key(self, key: str, character: str | None) -> bool:
        if self.mode is Mode.INSERT:
            if key != "escape":
                return False
            self._leave_insert()
            return True
        if self._prompt:
            return self._prompted(key, character)
        if key == "escape":
            self.rest()
            return True
        if key in ("ctrl+d", "ctrl+u", "ctrl+f", "ctrl+b"):
            half = 2 if key in ("ctrl+d", "ctrl+u") else 1
            step = max(1, self._buffer.page // half) * (1 if key in ("ctrl+d", "ctrl+f") else -1)
            self._go(self._line(self._at[0] + step))
            return True
        if key == "ctrl+r":
            self._buffer.redo()
            return True
        typed = _NAMED.get(key, character if character and character.isprintable() else None)
        if typed is None:
            return False
        self._type(typed)
        return True

    def paste(self, text: str) -> bool:
        """Whether it belongs to the line that is asked for."""
        if self._prompt:
            self._prompt += text.partition("\n")[0]
        return bool(self._prompt)

    def rest(self) -> None:
        """To normal mode, with nothing selected and nothing half typed."""
        self._typed = self._prompt = ""
        at = self._at
        self.mode = Mode.NORMAL
        self._go(at)

    # --- reading ---------------------------------------------------------------------------

    def _type(self, typed: str) -> None:
        self._typed += typed
        visual = self.mode is not Mode.NORMAL
        head = (_VISUAL_HEAD if visual else _HEAD).fullmatch(self._typed)
        assert head is not None
        rest, operator = head["rest"], head["operator"] or ""
        if _WAITS.fullmatch(rest) and (rest not in ("i", "a") or operator or visual):
            return
        whole, self._typed = self._typed, ""
        self._name = head["register"] or ""
        given = bool(head["count"] or head["again"])
        count = int(head["count"] or 1) * int(head["again"] or 1)
        if operator:
            self._operator(operator, rest, count, given)
            if operator != "y":
                self._remember(whole)
        elif visual:
            self._last = None
            self._visual(rest, count, given)
        elif (to := self._moves.to(self._at, rest, count, given)) is not None:
            self._go(to, keep=rest in "jk")
        else:
            self._command(rest, count)
            if rest[:1] in _CHANGES:
                self._remember(whole)

    def _remember(self, whole: str) -> None:
        if not self._repeating:
            self._last = (whole, "")

    # --- moving ----------------------------------------------------------------------------

    @property
    def _lines(self) -> Sequence[str]:
        return self._buffer.lines

    @property
    def _at(self) -> Place:
        return self._head if self.mode in (Mode.VISUAL, Mode.LINES) else self._buffer.at

    def _line(self, row: int) -> Place:
        return first_of(self._lines, row)

    def _go(self, to: Place, *, keep: bool = False) -> None:
        """Moves, and stays on a character."""
        if not keep:
            self._moves.forget_column()
        row = min(max(0, to[0]), len(self._lines) - 1)
        longest = len(self._lines[row]) - (self.mode is Mode.NORMAL)
        to = (row, min(max(0, to[1]), max(0, longest)))
        if self.mode is Mode.NORMAL or self.mode is Mode.INSERT:
            self._buffer.go(to)
            return
        self._head = to
        first, last = sorted((self._anchor, to))
        if self.mode is Mode.LINES:
            first, last = (first[0], 0), (last[0], len(self._lines[last[0]]))
        else:
            last = (last[0], min(last[1] + 1, len(self._lines[last[0]])))
        forward = to >= self._anchor
        self._buffer.go(last if forward else first, first if forward else last)

    # --- operators -------------------------------------------------------------------------

    def _operator(self, operator: str, what: str, count: int, given: bool) -> None:
        row, column = at = self._at
        last_row = len(self._lines) - 1
        if what == operator[-1]:
            self._apply(operator, (row, 0), (min(row + count - 1, last_row), 0), lines=True)
            return
        if _OBJECT.fullmatch(what):
            span = text_object(self._lines, at, what[1], what[0] == "a")
            if span is not None:
                self._apply(operator, *span, lines=what[1] == "p")
            return
        if operator == "c" and what in "wW" and self._lines[row][column : column + 1].strip():
            # To the end of the word, and of one letter too.
            to: Place | None = (row, column - 1)
            for _ in range(count):
                assert to is not None
                to = motions.word_end(self._lines, to, what == "W")
            what = "e"
        else:
            to = self._moves.to(self._at, what, count, given)
        if to is None:
            return
        first, last = sorted((at, to))
        lines = what in _LINES
        if what[:1] in _ENDS and to >= at:
            last = (last[0], min(last[1] + 1, len(self._lines[last[0]])))
        elif not lines and last[0] > first[0] and not self._lines[last[0]][: last[1]].strip():
            # A word's motion over the end of a line stops there.
            last = (last[0] - 1, len(self._lines[last[0] - 1]))
        self._apply(operator, first, last, lines=lines)

    def _apply(self, operator: str, first: Place, last: Place, *, lines: bool) -> None:
        self._buffer.checkpoint()
        if lines:
            first, last = (first[0], 0), (last[0], len(self._lines[last[0]]))
        text = self._text(first, last)
        if operator in "dcy":
            self._registers.keep(self._name, text, lines, yanked=operator == "y")
        match operator:
            case "y":
                self._buffer.copy(text)
                self._go(first)
            case "d":
                self._delete(first, last, lines)
            case "c":
                self._buffer.replace(first, last, "")
                self._insert(first)
            case "<" | ">":
                self._shift(first[0], last[0], 1 if operator == ">" else -1)
            case _:
                case = {"gu": str.lower, "gU": str.upper, "g~": str.swapcase}[operator]
                self._buffer.replace(first, last, case(text))
                self._go(first)

    def _text(self, first: Place, last: Place) -> str:
        if first[0] == last[0]:
            return self._lines[first[0]][first[1] : last[1]]
        between = self._lines[first[0] + 1 : last[0]]
        ends = self._lines[first[0]][first[1] :], self._lines[last[0]][: last[1]]
        return "\n".join((ends[0], *between, ends[1]))

    def _delete(self, first: Place, last: Place, lines: bool) -> None:
        if not lines:
            self._buffer.replace(first, last, "")
            self._go(first)
            return
        if last[0] + 1 < len(self._lines):
            last = (last[0] + 1, 0)
        elif first[0] > 0:
            first = (first[0] - 1, len(self._lines[first[0] - 1]))
        row = first[0] if first[1] == 0 else first[0] + 1
        self._buffer.replace(first, last, "")
        self._go(self._line(row))

    def _shift(self, first: int, last: int, step: int) -> None:
        blanks = " " * INDENT
        made = []
        for line in self._lines[first : last + 1]:
            taken = min(INDENT, len(line) - len(line.lstrip(" ")))
            made.append(line[taken:] if step < 0 else blanks + line if line else line)
        self._buffer.replace((first, 0), (last, len(self._lines[last])), "\n".join(made))
        self._go(self._line(first))

    # --- commands --------------------------------------------------------------------------

    def _command(self, what: str, count: int) -> None:
        row, column = self._at
        line = self._lines[row]
        match what:
            case "x" | "D" | "C" | "s":
                end = min(column + count, len(line)) if what in "xs" else len(line)
                if end > column or what in "Cs":
                    self._apply(
                        "c" if what in "Cs" else "d", (row, column), (row, end), lines=False
                    )
            case "X":
                first = max(0, column - count)
                if first < column:
                    self._apply("d", (row, first), (row, column), lines=False)
            case "S" | "Y":
                self._operator(
                    "c" if what == "S" else "y", what.lower() if what == "Y" else "c", count, False
                )
            case "p" | "P":
                self._put(what == "p", count)
            case "J":
                self._join(count)
            case "~":
                end = min(column + count, len(line))
                self._apply("g~", (row, column), (row, end), lines=False)
                self._go((row, end))
            case "u" | "U":
                for _ in range(count):
                    (self._buffer.undo if what == "u" else self._buffer.redo)()
            case ".":
                self._repeat()
            case "i":
                self._enter((row, column))
            case "a":
                self._enter((row, min(column + 1, len(line))))
            case "I":
                self._enter(motions.first_of_line(self._lines, row))
            case "A":
                self._enter((row, len(line)))
            case "o" | "O":
                self._open(row if what == "o" else row - 1)
            case "v" | "V":
                self._anchor = self._head = (row, column)
                self.mode = Mode.VISUAL if what == "v" else Mode.LINES
                self._go((row, column))
            case "/" | "?" | ":":
                self._prompt = what
            case _ if what[:1] == "r" and column + count <= len(line):
                self._buffer.checkpoint()
                self._buffer.replace((row, column), (row, column + count), what[1] * count)
                self._go((row, column + count - 1))

    def _visual(self, what: str, count: int, given: bool) -> None:
        if what in ("v", "V"):
            wanted = Mode.VISUAL if what == "v" else Mode.LINES
            if wanted is self.mode:
                self.rest()
                return
            self.mode = wanted
            self._go(self._head)
        elif what == "o":
            self._anchor, self._head = self._head, self._anchor
            self._go(self._head)
        elif _OBJECT.fullmatch(what):
            span = text_object(self._lines, self._head, what[1], what[0] == "a")
            if span is not None:
                self._anchor = span[0]
                self._go((span[1][0], max(0, span[1][1] - 1)))
        elif (operator := _VISUAL_OPERATORS.get(what)) is not None:
            self._over_selection(operator, what.isupper() and what != "U")
        elif what == "p":
            self._put_over_selection()
        elif (to := self._moves.to(self._at, what, count, given)) is not None:
            self._go(to, keep=what in "jk")

    def _over_selection(self, operator: str, whole_lines: bool) -> None:
        first, last = sorted((self._anchor, self._head))
        lines = whole_lines or self.mode is Mode.LINES
        last = (last[0], min(last[1] + 1, len(self._lines[last[0]])))
        self.mode = Mode.NORMAL
        self._apply(operator, first, last, lines=lines)

    def _put_over_selection(self) -> None:
        first, last = sorted((self._anchor, self._head))
        whole = self.mode is Mode.LINES
        if whole:
            first, last = (first[0], 0), (last[0], len(self._lines[last[0]]))
        else:
            last = (last[0], min(last[1] + 1, len(self._lines[last[0]])))
        register = self._registers.get(self._name)
        text = register.text
        if register.lines and not whole:
            text = f"\n{text}\n"
        self.mode = Mode.NORMAL
        self._buffer.checkpoint()
        self._registers.keep("", self._text(first, last), whole)
        self._buffer.replace(first, last, text)
        self._go(self._line(first[0]) if whole else (self._buffer.at[0], self._buffer.at[1] - 1))

    def _put(self, after: bool, count: int) -> None:
        register = self._registers.get(self._name)
        text, lines = register.text, register.lines
        if not text and not lines:
            return
        self._buffer.checkpoint()
        row, column = self._at
        if lines:
            whole = "\n".join([text] * count)
            if after:
                end = (row, len(self._lines[row]))
                self._buffer.replace(end, end, "\n" + whole)
            else:
                self._buffer.replace((row, 0), (row, 0), whole + "\n")
            self._go(self._line(row + after))
            return
        place = (row, min(column + after, len(self._lines[row])))
        self._buffer.replace(place, place, text * count)
        self._go(place if "\n" in text else (row, place[1] + len(text) * count - 1))

    def _join(self, count: int) -> None:
        self._buffer.checkpoint()
        row = self._at[0]
        for _ in range(max(1, count - 1)):
            if row + 1 >= len(self._lines):
                return
            line, following = self._lines[row], self._lines[row + 1]
            taken = len(following) - len(following.lstrip())
            space = " " if line and not line.endswith(" ") and following.strip() else ""
            self._buffer.replace((row, len(line)), (row + 1, taken), space)
            self._go((row, len(line)))

    def _repeat(self) -> None:
        if self._last is None:
            return
        keys, inserted = self._last
        self._repeating = True
        try:
            for key in keys:
                self._type(key)
            if self.mode is Mode.INSERT:
                at = self._buffer.at
                self._buffer.replace(at, at, inserted)
                self._leave_insert()
        finally:
            self._repeating = False

    # --- a line that is asked for ----------------------------------------------------------

    def _prompted(self, key: str, character: str | None) -> bool:
        """A key of the line; the console's own keys stay its own."""
        match key:
            case "enter":
                what, text = self._prompt[0], self._prompt[1:]
                self._prompt = ""
                self._answered(what, text)
            case "escape":
                self._prompt = ""
            case "backspace":
                self._prompt = self._prompt[:-1]
            case "ctrl+u":
                self._prompt = self._prompt[0]
            case _ if character and character.isprintable():
                self._prompt += character
            case _:
                return key in _NAMED
        return True

    def _answered(self, what: str, text: str) -> None:
        if what != ":":
            if text:
                self._moves.seek(text, 1 if what == "/" else -1)
            if (to := self._moves.to(self._at, "n")) is not None:
                self._go(to)
        elif text.strip().isdecimal():
            self._go(self._line(int(text) - 1))
        elif text.strip():
            self._buffer.command(text.strip())

    # --- insert mode -----------------------------------------------------------------------

    def _enter(self, at: Place) -> None:
        self._buffer.checkpoint()
        self._insert(at)

    def _insert(self, at: Place) -> None:
        self.mode = Mode.INSERT
        self._go(at)
        self._began = at

    def _open(self, row: int) -> None:
        self._buffer.checkpoint()
        if row < 0:
            self._buffer.replace((0, 0), (0, 0), "\n")
            self._insert((0, 0))
            return
        line = self._lines[row]
        indent = line[: len(line) - len(line.lstrip())]
        self._buffer.replace((row, len(line)), (row, len(line)), "\n" + indent)
        self._insert((row + 1, len(indent)))

    def _leave_insert(self) -> None:
        row, column = self._buffer.at
        if self._last is not None and not self._repeating and (row, column) >= self._began:
            self._last = (self._last[0], self._text(self._began, (row, column)))
        self.mode = Mode.NORMAL
        self._go((row, max(0, column - 1)))


_VISUAL_OPERATORS = {
    "d": "d", "x": "d", "X": "d", "D": "d", "c": "c", "s": "c", "S": "c", "C": "c", "R": "c",
    "y": "y", "Y": "y", ">": ">", "<": "<", "u": "gu", "U": "gU", "~": "g~",
}  # fmt: skip
