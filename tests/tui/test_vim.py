"""Vim's keys over a text: each case is a text with `|` where the cursor is, keys, and the text after."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lakeshell.tui.editing.motions import Place
from lakeshell.tui.editing.vim import Mode, Vim

_KEYS = {"<esc>": ("escape", None), "<cr>": ("enter", None), "<c-d>": ("ctrl+d", None),
         "<bs>": ("backspace", None)}  # fmt: skip


class Text:
    """A buffer in memory. What vim does not take is typed."""

    def __init__(self, marked: str) -> None:
        self.at: Place = (0, 0)
        self.selected: tuple[Place, Place] | None = None
        for row, line in enumerate(marked.split("\n")):
            if "|" in line:
                self.at = (row, line.index("|"))
        self.lines: list[str] = marked.replace("|", "").split("\n")
        self.before: list[tuple[list[str], Place]] = []
        self.copied = ""
        self.commands: list[str] = []
        self.page = 4

    def go(self, to: Place, anchor: Place | None = None) -> None:
        self.at, self.selected = to, None if anchor is None else (anchor, to)

    def replace(self, first: Place, last: Place, text: str) -> None:
        (row, column), (end, end_column) = first, last
        made = self.lines[row][:column] + text
        new = (made + self.lines[end][end_column:]).split("\n")
        self.lines[row : end + 1] = new
        rows = made.split("\n")
        self.at = (row + len(rows) - 1, len(rows[-1]))

    def checkpoint(self) -> None:
        self.before.append((list(self.lines), self.at))

    def undo(self) -> None:
        self.lines, self.at = self.before.pop()

    def redo(self) -> None:
        self.lines.append("redone")

    def copy(self, text: str) -> None:
        self.copied = text

    def command(self, text: str) -> None:
        self.commands.append(text)

    @property
    def marked(self) -> str:
        row, column = self.at
        lines = list(self.lines)
        lines[row] = lines[row][:column] + "|" + lines[row][column:]
        return "\n".join(lines)


def split(keys: str) -> Sequence[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    while keys:
        named = next((name for name in _KEYS if keys.startswith(name)), "")
        found.append(_KEYS[named] if named else (keys[0], keys[0]))
        keys = keys[len(named) or 1 :]
    return found


def pressed(text: Text, keys: str) -> Vim:
    vim = Vim(text)
    for key, character in split(keys):
        if not vim.key(key, character) and character:
            text.replace(text.at, text.at, character)
    return vim


CASES = [
    # motions
    ("|SELECT a, b_c FROM t", "w", "SELECT |a, b_c FROM t"),
    ("|SELECT a, b_c FROM t", "3w", "SELECT a, |b_c FROM t"),
    ("|SELECT a, b_c FROM t", "2W", "SELECT a, |b_c FROM t"),
    ("SELECT a|", "b", "SELECT |a"),
    ("SELECT a, |b_c", "2b", "SELECT |a, b_c"),
    ("|SELECT abc", "e", "SELEC|T abc"),
    ("|SELECT abc", "2e", "SELECT ab|c"),
    ("one\n\n  tw|o", "b", "one\n\n  |two"),
    ("one\n\n  |two", "b", "one\n|\n  two"),
    ("|one\n  two", "w", "one\n  |two"),
    ("  a|b", "0", "|  ab"),
    ("  a|b", "^", "  |ab"),
    ("|abc", "$", "ab|c"),
    ("|a\nb\n  c", "G", "a\nb\n  |c"),
    ("a\nb\n|c", "gg", "|a\nb\nc"),
    ("a\nb\n|c", "2G", "a\n|b\nc"),
    ("lon|g\nx\nlong", "jj", "long\nx\nlon|g"),
    ("|f(a, (b))", "f(%", "f(a, (b)|)"),
    ("f(a, (b)|)", "%", "f|(a, (b))"),
    ("|a,b,c", "f,", "a|,b,c"),
    ("|a,b,c", "f,;", "a,b|,c"),
    ("|a,b,c", "t,", "|a,b,c"),
    ("|ab,c,d", "t,;", "ab,|c,d"),
    ("a,b|,c", "F,", "a|,b,c"),
    ("|a\nb\n\nc", "}", "a\nb\n|\nc"),
    ("|x\n1\n2\n3\n4", "<c-d>", "x\n1\n|2\n3\n4"),
    ("|ab x ab", "*", "ab x |ab"),
    ("|ab x ab", "**", "|ab x ab"),
    # operators
    ("SELECT |a, b", "dw", "SELECT |, b"),
    ("|one two three", "d2w", "|three"),
    ("one |two", "dw", "one| "),
    ("|one\ntwo", "dw", "|\ntwo"),
    ("|one two", "cwx<esc>", "|x two"),
    ("one\n|two\nthree", "dd", "one\n|three"),
    ("one\n|two", "dd", "|one"),
    ("|one\ntwo\nthree", "2dd", "|three"),
    ("|one\ntwo\nthree", "dj", "|three"),
    ("one\ntwo|\nthree", "dgg", "|three"),
    ("ab|cd", "D", "a|b"),
    ("ab|cd", "d0", "|cd"),
    ("|a(b, c)d", "f(d%", "a|d"),
    ("|one two", "d$", "|"),
    ("|ab,cd", "dt,", "|,cd"),
    ("|ab,cd", "df,", "|cd"),
    ("  o|ne", "cc<esc>", "|"),
    ("|select a", "gUw", "|SELECT a"),
    ("|SELECT", "guiw", "|select"),
    ("|ab", "~~", "A|B"),
    ("|one\ntwo", ">j", "    |one\n    two"),
    ("    |one", "<<", "|one"),
    # text objects
    ("SELECT fo|o, b", "diw", "SELECT |, b"),
    ("a fo|o b", "daw", "a |b"),
    ("x = 'a|b c'", "ci'z<esc>", "x = '|z'"),
    ("x = 'a|b c' y", "da'", "x = | y"),
    ("f(a, g(|b))", "di(", "f(a, g(|))"),
    ("f(a|, g(b))", "da(", "|f"),
    ("x\na\n|b\n\nc", "dip", "|\nc"),
    # commands
    ("a|bc", "x", "a|c"),
    ("a|bc", "2x", "|a"),
    ("a|bc", "X", "|bc"),
    ("a|bc", "rz", "a|zc"),
    ("|a\n  b", "J", "a| b"),
    ("|a", "ob<esc>", "a\n|b"),
    ("|a", "Ob<esc>", "|b\na"),
    ("  |a", "ob<esc>", "  a\n  |b"),
    ("a|b", "Ax<esc>", "ab|x"),
    ("a|b", "Ix<esc>", "|xab"),
    ("|ab", "ax<esc>", "a|xb"),
    ("|one two", "dwP", "one| two"),
    ("|one\ntwo", "ddp", "two\n|one"),
    ("one\n|two", "yyP", "one\n|two\ntwo"),
    ("|ab", "xp", "b|a"),
    ("|ab cd", "yiw$p", "ab cda|b"),
    ("|a b c d", "dw.", "|c d"),
    ("|a b c", "cwx<esc>w.", "x |x c"),
    ("|a\nb", "Ax<esc>j.", "ax\nb|x"),
    ("|abc", "xxu", "|bc"),
    # registers
    ("|one two", '"adw"aP', "one| two"),
    ("|one two", '"adww"bdw"ap', "twone| "),
    ("|a\nb\nc", '"ayyj"Ayyj"ap', "a\nb\nc\n|a\nb"),
    ("|a b c", 'yw"_dwp', "ba|  c"),
    ("|a b c", 'ywdw"0P', "a| b c"),
    ("|a b", 'v"qyw"qp', "a b|a"),
    # visual
    ("|one two", "ved", "| two"),
    ("one |two", "vbd", "|wo"),
    ("|a\nb\nc", "Vjd", "|c"),
    ("f(a|bc)", "vi(d", "f(|)"),
    ("|ab cd", "vU", "|Ab cd"),
    ("|ab cd", "yiwwviwp", "ab a|b"),
    ("|ab cd", "yiwwviwpbbviwp", "c|d ab"),
    ("|ab", "vl<esc>", "a|b"),
    ("a|b", "vcx<esc>", "a|x"),
]


@pytest.mark.parametrize(("before", "keys", "after"), CASES, ids=[f"{b} {k}" for b, k, _ in CASES])
def test_keys(before: str, keys: str, after: str) -> None:
    text = Text(before)
    vim = pressed(text, keys)
    assert text.marked == after
    assert vim.mode is Mode.NORMAL
    assert vim.waiting == ""


def test_what_is_selected_can_be_run_whole() -> None:
    text = Text("SELECT 1; |SELECT 2; x")
    vim = pressed(text, "vee")
    assert vim.mode is Mode.VISUAL
    assert text.selected == ((0, 10), (0, 18))
    vim.rest()
    assert (text.selected, text.at) == (None, (0, 17))


def test_escape_and_a_letter_in_one_piece_are_both() -> None:
    text = Text("|a b c")
    vim = pressed(text, "iX")
    assert vim.leaves
    vim.leave_for("w")
    assert (text.marked, vim.leaves) == ("Xa |b c", False)
    pressed(text, '"')
    assert pressed(text, '"a').waiting == '"a'


def test_half_a_command_is_said_and_dropped() -> None:
    text = Text("|a b c")
    assert pressed(text, "2d").waiting == "2d"
    vim = pressed(text, "2d<esc>")
    assert vim.waiting == ""
    assert text.marked == "|a b c"


def test_search_commands_and_lines() -> None:
    text = Text("|one\ntwo one\nOne")
    vim = pressed(text, "/one<cr>")
    assert text.marked == "one\ntwo |one\nOne"
    vim.key("n", "n")
    assert text.marked == "one\ntwo one\n|One"
    vim.key("N", "N")
    assert text.marked == "one\ntwo |one\nOne"
    pressed(text, ":3<cr>")
    assert text.at == (2, 0)
    pressed(text, ":w<cr>")
    assert text.commands == ["w"]


def test_a_line_that_is_asked_for_is_typed_key_by_key() -> None:
    text = Text("|one two\ntwo")
    vim = pressed(text, "/tx")
    assert vim.waiting == "/tx"
    assert vim.key("backspace", None)
    assert vim.key("left", None)
    assert not vim.key("f5", None)
    assert vim.paste("wo\nno more")
    assert vim.waiting == "/two"
    vim.key("enter", "\r")
    assert (text.marked, vim.waiting) == ("one |two\ntwo", "")
    assert not vim.paste("text")
    for keys in (":w<esc>", ":w<bs><bs>", ":<cr>", "/<cr>"):
        assert pressed(text, keys).waiting == ""
    vim = pressed(text, ":one")
    vim.key("ctrl+u", None)
    assert vim.waiting == ":"
    assert (text.commands, text.lines) == ([], ["one two", "two"])


def test_keys_of_the_console_are_left_to_it() -> None:
    text = Text("|a")
    vim = Vim(text)
    assert not vim.key("f5", None)
    assert not vim.key("ctrl+t", None)
    vim.key("i", "i")
    assert not vim.key("x", "x")
    assert vim.key("escape", None)
