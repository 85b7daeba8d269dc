"""Named parameters of a statement, `:name`, bound as values and never pasted into its text.

In: a statement and NAME=VALUE pairs. Out: the statement with `?` where the names were, every
other character where it was, and a SQL literal for each `?` in order. Names in strings, quoted
names and comments are left alone, and so is a `:name` that nobody gave.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lakeshell.errors import UsageError

_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|(?P<mark>\?)|:(?P<name>[A-Za-z_]\w*)""",
    re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TYPED = re.compile(
    r"(?:(?:date|time|timestamp|decimal|char|bigint|real|double|uuid|json)\s*)?'(?:[^']|'')*'",
    re.IGNORECASE,
)
_WORDS = frozenset({"true", "false", "null"})


def bind(statement: str, values: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The statement and its literals. `:name` takes the value of that name, and the n-th `?` the
    value named `n`. Raises `UsageError` when a `?` has no value."""
    if not values:
        return statement, ()
    literals: list[str] = []
    marks = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal marks
        if match["mark"]:
            marks += 1
            if str(marks) not in values:
                raise UsageError(
                    f"the statement's {_ordinal(marks)} `?` has no value",
                    hint=f"give it one: --param {marks}=VALUE",
                )
            literals.append(literal(values[str(marks)]))
        elif match["name"] and match["name"] in values:
            literals.append(literal(values[match["name"]]))
            return "?" + " " * len(match["name"])
        return match[0]

    return _TOKEN.sub(replaced, statement), tuple(literals)


def marked(text: str) -> str:
    """The text with a `?` for each parameter, every other character where it was: to be parsed."""
    return bind(text, dict.fromkeys(names(text), "0"))[0]


def names(statement: str) -> frozenset[str]:
    """Every name and number of a parameter that a statement has."""
    found: set[str] = set()
    marks = 0
    for match in _TOKEN.finditer(statement):
        if match["mark"]:
            marks += 1
            found.add(str(marks))
        elif match["name"]:
            found.add(match["name"])
    return frozenset(found)


def asked_for(statement: str) -> tuple[str, ...]:
    """The names and numbers of the parameters that must have a value before the statement can run,
    in the order in which they stand. A `?` of a statement that is prepared waits for EXECUTE, and
    one of a row pattern is no parameter."""
    marks = 0
    found: dict[str, None] = {}
    free = re.match(r"\s*PREPARE\b|.*\bMATCH_RECOGNIZE\b", statement, re.IGNORECASE | re.DOTALL)
    for match in _TOKEN.finditer(statement):
        if match["mark"] and free is None:
            marks += 1
            found[str(marks)] = None
        elif match["name"]:
            found[match["name"]] = None
    return tuple(found)


def written_in(statement: str, values: Mapping[str, str]) -> str:
    """The statement with the values in the place of its parameters: for a view, which has none."""
    marks = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal marks
        name = match["name"]
        if match["mark"]:
            marks += 1
            name = str(marks)
        return literal(values[name]) if name and name in values else match[0]

    return _TOKEN.sub(replaced, statement) if values else statement


def literal(value: str) -> str:
    """The SQL literal that a value given as text means.

    `5`, `1.5`, `1e3`, `true`, `null`, `'text'` and `DATE '2026-01-01'` are what they are in SQL;
    anything else is text.
    """
    stripped = value.strip()
    if _NUMBER.fullmatch(stripped) or stripped.lower() in _WORDS or _TYPED.fullmatch(stripped):
        return stripped.lstrip("+")
    return "'" + value.replace("'", "''") + "'"


def _ordinal(number: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0)
    return f"{number}{suffix or 'th'}"
