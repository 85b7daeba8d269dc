"""The parser's entries: a whole statement, a whole expression.

In: text. Out: its tree, or the one fault that Trino would report.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from lakeshell.errors import QueryRejected
from lakeshell.sql.ast.nodes import Position
from lakeshell.sql.lexer import tokenize
from lakeshell.sql.parser.cursor import MAX_CHAIN, SyntaxFault
from lakeshell.sql.parser.statements import StatementParser

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression
    from lakeshell.sql.ast.statements import Statement

T = TypeVar("T")

STACK = 12 * MAX_CHAIN
"""Frames that the deepest tree let through may need, in the parser and in whoever walks it."""


def parse_statement(text: str) -> Statement:
    return _parse(text, StatementParser.statement)


def parse_expression(text: str) -> Expression:
    return _parse(text, lambda parser: parser.expression())


def _parse(text: str, parse: Callable[[StatementParser], T], base: Position | None = None) -> T:
    """`base`: where the string stands that holds `text`, when a statement stands in one."""
    if sys.getrecursionlimit() < STACK:
        sys.setrecursionlimit(STACK)
    tokens = tokenize(text)
    if base is not None:
        tokens.places = [_moved(place, base) for place in tokens.places]
    parser = StatementParser(tokens)
    parser.immediate = _immediate
    try:
        made = parse(parser)
        if base is not None or parser.kind != ";" or parser.ahead() != "eof":
            parser.expect("eof")
    except SyntaxFault as fault:
        raise _rejected(parser, parser.furthest or fault) from None
    if parser.late:
        raise parser.late[0]
    return made


def _immediate(text: str, base: Position) -> Statement:
    return _parse(text, StatementParser.statement, base)


def _moved(place: Position, base: Position) -> Position:
    """Trino counts an immediate statement's first line from the quote that opens it."""
    first = place.line == 1
    return Position(place.line + base.line - 1, place.column + (base.column if first else 0))


def _rejected(parser: StatementParser, fault: SyntaxFault) -> QueryRejected:
    place = parser.places[fault.reported]
    found = parser.texts[fault.reported]
    expected = ", ".join(sorted(_shown(kind) for kind in fault.expected))
    return QueryRejected(
        f"mismatched input '{found}'. Expecting: {expected}",
        code="SYNTAX_ERROR",
        line=place.line,
        column=place.column,
    )


def _shown(kind: str) -> str:
    if kind.startswith("<") and kind.endswith(">") and len(kind) > 2:
        return kind
    if kind == "eof":
        return "<EOF>"
    return "<integer>" if kind == "integer" else f"'{kind}'"
