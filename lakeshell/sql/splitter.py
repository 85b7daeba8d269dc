"""A text of several statements into single ones, as trino-cli does it.

In: a text. Out: its statements, each with its line and column; a semicolon ends one unless it
stands in a string, a quoted name or a comment. Statements of white space alone are left out.
"""

from __future__ import annotations

from lakeshell.sql.statement import StatementText


def split_statements(text: str) -> tuple[StatementText, ...]:
    from lakeshell.sql.lexer import tokenize

    tokens = tokenize(text)
    made: list[StatementText] = []
    start = 0
    line, line_start, counted = 1, 0, 0
    for kind, offset in zip(tokens.kinds, tokens.offsets, strict=True):
        if kind not in (";", "eof"):
            continue
        piece = text[start:offset]
        stripped = piece.strip(" \t\r\n")
        if stripped:
            begin = start + piece.index(stripped[0])
            newlines = text.count("\n", counted, begin)
            if newlines:
                line += newlines
                line_start = text.rindex("\n", counted, begin) + 1
            counted = begin
            made.append(StatementText(stripped, line, begin - line_start + 1))
        start = offset + 1
    return tuple(made)
