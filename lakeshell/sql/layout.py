"""Statements laid out: each clause on a line of its own, what belongs to it behind or below it.

In: a text of statements. Out: the same tokens and comments in the same order, with other blanks
between them and reserved words in upper case. Only blanks change, so the meaning cannot.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lakeshell.sql.lexer import tokenize
from lakeshell.sql.names import RESERVED

WIDTH = 88
_CLAUSES = frozenset(
    {"SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH", "UNION",
     "INTERSECT", "EXCEPT", "WITH", "VALUES", "SET", "WINDOW"}
)  # fmt: skip
_JOINS = frozenset({"JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL"})
_UPPER = RESERVED | _CLAUSES | {"ASC", "DESC", "OVER", "PARTITION", "FILTER"}
_LOOSE = _UPPER - RESERVED
_OPERATORS = frozenset({"=", "<", ">", "<=", ">=", "<>", "||", "+", "-", "*", "/", "%", "."})
_BEFORE_NAMES = _OPERATORS | {"SELECT", "DISTINCT", ",", "AS", "(", "["}
_AFTER_NAMES = frozenset({",", ")", "]", ";", "FROM", "eof"})
_COMMENT = re.compile(r"--[^\r\n]*|/\*.*?\*/", re.DOTALL)
_TIGHT_BEFORE = frozenset({",", ";", ")", "]", "."})
_TIGHT_AFTER = frozenset({"(", "[", "."})


@dataclass(frozen=True, slots=True)
class _Piece:
    """A token or comment; `tight` when nothing stood before it."""

    kind: str
    text: str
    tight: bool


def layout(text: str) -> str:
    """Blanks at the end are dropped; a text of blanks alone is empty."""
    pieces = _pieces(text)
    lines: list[str] = []
    start = 0
    for at, piece in enumerate(pieces):
        if piece.kind == ";" or at == len(pieces) - 1:
            statement = pieces[start : at + 1]
            lines.append(_Writer().write(statement))
            start = at + 1
    return "\n\n".join(lines)


def _pieces(text: str) -> list[_Piece]:
    tokens = tokenize(text)
    made: list[_Piece] = []
    end = 0
    found = zip(tokens.kinds, tokens.texts, tokens.offsets, strict=True)
    for number, (kind, word, offset) in enumerate(found):
        gap = text[end:offset]
        for comment in _COMMENT.finditer(gap):
            made.append(_Piece("comment", comment[0].rstrip(), False))
        if kind == "eof":
            break
        if kind in _LOOSE and not _is_keyword(tokens.kinds, number):
            kind = "ident"
        shown = word.upper() if kind in _UPPER else word
        made.append(_Piece(kind, shown, not gap))
        end = offset + len(word)
    return made


def _is_keyword(kinds: Sequence[str], at: int) -> bool:
    """Whether a word that may be a name, too, is none: a column's name stays as it was written, for
    the result is headed by it."""
    before, after = kinds[at - 1] if at else "", kinds[at + 1]
    if kinds[at] == "PARTITION":
        return after == "BY"
    if before in _BEFORE_NAMES:
        return False
    if kinds[at] in ("ASC", "DESC"):
        return after not in _OPERATORS | {"FROM"}
    return after not in _AFTER_NAMES | _OPERATORS


@dataclass(slots=True)
class _Writer:
    """Writes one statement. `stack` holds, for each open bracket, whether a query is in it."""

    lines: list[str] = field(default_factory=lambda: [""])
    stack: list[bool] = field(default_factory=list)
    between: int = 0
    before: _Piece | None = None

    def write(self, pieces: list[_Piece]) -> str:
        one_line = not any(p.kind == "comment" for p in pieces) and len(_flat(pieces)) <= WIDTH
        if one_line:
            return _flat(pieces)
        for at, piece in enumerate(pieces):
            following = pieces[at + 1].kind if at + 1 < len(pieces) else ""
            self._put(piece, following)
            self.before = piece
        return "\n".join(line.rstrip() for line in self.lines if line.strip())

    @property
    def _indent(self) -> str:
        return "    " * sum(self.stack)

    @property
    def _in_query(self) -> bool:
        """Whether the innermost bracket, if any, is around a query."""
        return not self.stack or self.stack[-1]

    def _break(self, more: str = "") -> None:
        if self.lines[-1].strip():
            self.lines.append(self._indent + more)
        else:
            self.lines[-1] = self._indent + more

    def _put(self, piece: _Piece, following: str) -> None:
        if piece.kind == ")" and self.stack and self.stack.pop():
            self._break()
        elif piece.kind == "comment" or (self.before is not None and self.before.kind == "comment"):
            self._break("" if piece.kind in _CLAUSES else "    ")
        elif (self._in_query and piece.kind in _CLAUSES and not self._goes_on()) or (
            self._in_query and piece.kind in _JOINS and not self._goes_on() and following != "("
        ):
            self._break()
        elif self._in_query and piece.kind in ("AND", "OR") and not self._between(piece):
            self._break("    ")
        if piece.kind == "BETWEEN":
            self.between += 1
        self.lines[-1] += self._space(piece) + piece.text
        if piece.kind == "(":
            self.stack.append(following in ("SELECT", "WITH", "VALUES"))
            if self.stack[-1]:
                self._break()
        elif piece.kind == "," and self._in_query and len(self.lines[-1]) > WIDTH * 2 // 3:
            self._break("    ")

    def _goes_on(self) -> bool:
        """Whether the word before belongs to this one: LEFT JOIN, UNION SELECT has its own line."""
        if self.before is None:
            return True
        return self.before.kind in _JOINS or self.before.kind in ("DISTINCT", "FOR", "WITHIN")

    def _between(self, piece: _Piece) -> bool:
        if piece.kind == "AND" and self.between:
            self.between -= 1
            return True
        return False

    def _space(self, piece: _Piece) -> str:
        return _space(self.before, piece) if self.lines[-1].strip() else ""


def _space(before: _Piece | None, piece: _Piece) -> str:
    if before is None or before.kind in _TIGHT_AFTER or piece.kind in _TIGHT_BEFORE:
        return ""
    if piece.tight and (piece.kind in ("(", "[") or before.kind not in (",", ")", "]")):
        return "" if piece.kind in ("(", "[") else " " if _is_word(before, piece) else ""
    return " "


def _is_word(before: _Piece, piece: _Piece) -> bool:
    """Operators get blanks round them; signs and dots keep what they had."""
    return piece.kind in ("=", "<", ">", "<=", ">=", "<>", "||") or before.kind in (
        "=", "<", ">", "<=", ">=", "<>", "||",
    )  # fmt: skip


def _flat(pieces: list[_Piece]) -> str:
    made, before = "", None
    for piece in pieces:
        made += _space(before, piece) + piece.text
        before = piece
    return made
