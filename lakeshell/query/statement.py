"""What kind of statement a text is, from its first words alone, for the history and the bill.

In: one statement. Out: `SELECT`, `INSERT`, `CREATE TABLE`, … The engine's parser has the last word
on what it means; this never decides what is run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lakeshell.sql.statement import StatementText

_SPACE = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]+")
_SELECTS = ("WITH", "VALUES", "TABLE", "EXECUTE")
_OBJECTS = ("TABLE", "VIEW", "SCHEMA", "MATERIALIZED", "FUNCTION", "ROLE", "CATALOG")

CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "CREATE TABLE"})
"""Kinds that change rows, which one would not want twice."""


def statement_kind(sql: str) -> str:
    """`SELECT` also of WITH, VALUES and TABLE; CREATE, DROP and ALTER with their object."""
    words = _words(sql)
    first = words[0] if words else ""
    if first == "(" or first in _SELECTS:
        return "SELECT"
    if first in ("CREATE", "DROP", "ALTER"):
        named = next((word for word in words[1:] if word in _OBJECTS), "")
        return f"{first} {named}".strip()
    if words[:2] == ["EXPLAIN", "ANALYZE"]:
        return "EXPLAIN ANALYZE"
    return first


def statement_under(
    statements: Sequence[StatementText], line: int, column: int
) -> StatementText | None:
    """The statement at a place (from 1): the last that begins there or before, else the first."""
    before = [s for s in statements if (s.line, s.column) <= (line, column)]
    return before[-1] if before else next(iter(statements), None)


def is_executed(sql: str) -> bool:
    """Whether it runs a statement that was prepared, whose text is elsewhere."""
    return _words(sql)[:1] == ["EXECUTE"]


def is_blank(sql: str) -> bool:
    """Whether it is nothing but blanks and comments."""
    return _SPACE.fullmatch(sql) is not None


def _words(sql: str) -> list[str]:
    found: list[str] = []
    at = 0
    while len(found) < 5:
        space = _SPACE.match(sql, at)
        at = space.end() if space else at
        if not found and sql[at : at + 1] == "(":
            return ["("]
        word = _WORD.match(sql, at)
        if word is None:
            break
        found.append(word[0].upper())
        at = word.end()
    return found
