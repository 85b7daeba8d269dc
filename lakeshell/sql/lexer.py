"""Text into Trino's tokens: the longest match wins, as in Trino.

In: a statement's text. Out: parallel lists of each token's kind, text, place and offset; comments
and white space left out. Never fails: what is no token comes out as `other`, and the parser
rejects it where it stands.

Kinds: a keyword or symbol is its own kind, in upper case (`SELECT`, `<=`; `!=` is `<>`); the rest
are `ident quoted backquoted digit_ident string ustring dollar binary integer decimal double other
eof`.
"""

from __future__ import annotations

import re

from lakeshell.sql.ast.nodes import Position
from lakeshell.sql.names import KEYWORDS

_TOKEN = re.compile(
    r"""
      (?P<space>[ \r\n\t]+ | --[^\r\n]*\r?\n? | /\*(?s:.*?)\*/ )
    | (?P<ustring>[Uu]&'[^']*(?:''[^']*)*')
    | (?P<binary>[Xx]'[^']*')
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<integer>[0-9]+(?![A-Za-z0-9_.]))
    | (?P<number>\.?[0-9])
    | (?P<string>'[^']*(?:''[^']*)*')
    | (?P<quoted>"[^"]*(?:""[^"]*)*")
    | (?P<backquoted>`[^`]*(?:``[^`]*)*`)
    | (?P<dollar>\$\$(?s:.*?)\$\$)
    | (?P<symbol><> | != | <= | >= | => | -> | \|\| | \{- | -\} | [-+*/%<>=().,\[\]?;:|^${}])
    | (?P<other>(?s:.))
    """,
    re.VERBOSE,
)

_INTEGER = r"[0-9](?:_?[0-9])*"
_NUMBERS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("integer", r"0[xX](?:_?[0-9A-Fa-f])+"),
        ("integer", r"0[oO](?:_?[0-7])+"),
        ("integer", r"0[bB](?:_?[01])+"),
        ("integer", _INTEGER),
        ("decimal", rf"{_INTEGER}\.(?:{_INTEGER})?"),
        ("decimal", rf"\.{_INTEGER}"),
        ("double", r"[0-9]+(?:\.[0-9]*)?[eE][+-]?[0-9]+"),
        ("double", r"\.[0-9]+[eE][+-]?[0-9]+"),
        ("digit_ident", r"[0-9][A-Za-z0-9_]+"),
    )
)


class Tokens:
    """The tokens of `source`, the last one of kind `eof`.

    `offsets` count characters from 0, in code points, and have one entry a token.
    """

    __slots__ = ("kinds", "offsets", "places", "source", "texts")

    def __init__(self, source: str) -> None:
        self.source = source
        self.kinds: list[str] = []
        self.texts: list[str] = []
        self.places: list[Position] = []
        self.offsets: list[int] = []

    def add(self, kind: str, text: str, place: Position, offset: int) -> None:
        self.kinds.append(kind)
        self.texts.append(text)
        self.places.append(place)
        self.offsets.append(offset)


def tokenize(source: str) -> Tokens:
    tokens = Tokens(source)
    match_at, keywords, add = _TOKEN.match, KEYWORDS, tokens.add
    at, line, line_start, end = 0, 1, 0, len(source)
    while at < end:
        match = match_at(source, at)
        assert match is not None  # the last alternative takes any character
        kind, text = match.lastgroup or "", match[0]
        if kind == "number":
            kind, text = _number(source, at)
        if kind != "space":
            if kind == "word":
                upper = text.upper()
                kind = upper if upper in keywords else "ident"
            elif kind == "symbol":
                kind = "<>" if text == "!=" else text
            add(kind, text, Position(line, at - line_start + 1), at)
        if "\n" in text:
            line += text.count("\n")
            line_start = at + text.rindex("\n") + 1
        at += len(text)
    add("eof", "<EOF>", Position(line, at - line_start + 1), at)
    return tokens


def _number(source: str, at: int) -> tuple[str, str]:
    """The longest number or digit-led name at `at`; the first kind wins where lengths are equal."""
    best, longest = "other", source[at]
    for kind, pattern in _NUMBERS:
        match = pattern.match(source, at)
        if match is not None and (best == "other" or len(match[0]) > len(longest)):
            best, longest = kind, match[0]
    return best, longest
