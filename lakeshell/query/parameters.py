"""Named parameters of a statement, `:name`, bound as values and never pasted into its text.

In: a statement and NAME=VALUE pairs. Out: the statement with `?` where the names were, every
other character where it was, and a SQL literal for each `?` in order. Names in strings, quoted
names and comments are left alone, and so are a `:name` that nobody gave and the colon between a key
and a value in `json_object('key':value)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lakeshell.errors import QueryFailed, UsageError

_TOKEN = re.compile(
    r"""(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|[)\]])(?:\s*:)?|\w:|--[^\n]*|/\*.*?\*/|(?P<mark>\?)"""
    r"""|:(?P<name>[A-Za-z_]\w*)""",
    re.DOTALL,
)
"""A colon behind a value is JSON's; with a space between, a word may be a keyword (`LIMIT :n`)."""
_FREE = re.compile(r"\s*PREPARE\b|.*\bMATCH_RECOGNIZE\b", re.IGNORECASE | re.DOTALL)
"""Where a `?` is no parameter: it waits for EXECUTE, or belongs to a row pattern."""
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
    free = _FREE.match(statement)

    def replaced(match: re.Match[str]) -> str:
        nonlocal marks
        if match["mark"]:
            marks += 1
            if str(marks) not in values:
                if free:
                    return match[0]
                raise _lacking(str(marks))
            literals.append(literal(values[str(marks)]))
        elif match["name"] and match["name"] in values:
            literals.append(literal(values[match["name"]]))
            return "?" + " " * len(match["name"])
        return match[0]

    return _TOKEN.sub(replaced, statement), tuple(literals)


def require(statement: str, values: Mapping[str, str]) -> None:
    """Raises `UsageError` for the first parameter of a statement that has no value."""
    lacking = [name for name in asked_for(statement) if name not in values]
    # A statement that is right as it is has JSON's colon there: json_object(key :value).
    if lacking and (lacking[0].isdecimal() or not _parses(bind(statement, values)[0])):
        raise _lacking(lacking[0])


def _parses(statement: str) -> bool:
    from lakeshell.sql.parser.entry import parse_statement

    try:
        parse_statement(statement)
    except QueryFailed:
        return False
    return True


def _lacking(name: str) -> UsageError:
    what = f"the statement's {_ordinal(int(name))} `?`" if name.isdecimal() else f"`:{name}`"
    return UsageError(f"{what} has no value", hint=f"give it one: --param {name}=VALUE")


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
    in the order in which they stand."""
    marks = 0
    found: dict[str, None] = {}
    free = _FREE.match(statement)
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
