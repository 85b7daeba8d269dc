"""Trino's functions of regular expressions.

In: coerced arguments. Out: DuckDB SQL: RE2 where a literal pattern says the same to it over the
text at hand, Python (`regexp_python`) elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded.functions import regexp_python
from lakeshell.engine.embedded.functions.java_regex import END, SEVERAL, Regex, translate
from lakeshell.engine.embedded.functions.lambda_ import applied
from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Entry,
    filled,
    function,
    python_call,
    text,
    values,
)
from lakeshell.engine.embedded.values.typed import Typed, duckdb_literal, failure
from lakeshell.errors import QueryFailed
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Context

_ZERO = Typed("CAST(0 AS BIGINT)", t.BIGINT, value=0)
_ONE = Typed("1", t.INTEGER, value=1)


def _choice(said: Typed, pattern: Typed, native: str | None, python: str, like: bool) -> str:
    """`native` over texts where RE2's answer is Trino's, `python` over the others."""
    regex = translate(str(pattern.value))
    if native is None or regex.re2 is None:
        return python
    tests = []
    if regex.re2_ascii:
        tests.append("strlen($0) = length($0)")
    elif regex.ignores_case:
        tests.append(f"NOT regexp_matches($0, {text(f'[{SEVERAL}]')})")
    if regex.end and not (like and regex.end_last and "(?m:^)" not in regex.re2):
        tests.append("NOT ends_with($0, chr(10))")
    if not tests:
        return native
    test = filled(" AND ".join(tests), [said.sql])
    return f"(CASE WHEN {test} THEN {native} ELSE {python} END)"


def _re2(regex: Regex, like: bool = False) -> str | None:
    """A literal of RE2's pattern."""
    if regex.re2 is None:
        return None
    end = r"(?:\n?\z)" if like and regex.end_last else r"\z"
    return text(regex.re2.replace(END, end))


class _Wrong(Exception):
    """The pattern fails; carries the SQL of the failure."""

    def __init__(self, made: str) -> None:
        self.made = made


def _regex(said: Typed, pattern: Typed, result: t.Type) -> Regex | None:
    """The literal pattern, translated; None for one that isn't literal."""
    if not pattern.is_constant:
        return None
    if pattern.value is None:
        raise _Wrong(duckdb_literal(None, result))
    try:
        return translate(str(pattern.value))
    except QueryFailed as failed:
        if failed.code == "NOT_SUPPORTED":
            raise
        failing = failure(failed.code, failed.message, result)
        raise _Wrong(f"(CASE WHEN {said.sql} IS NOT NULL THEN {failing} END)") from failed


def _like(arguments: Arguments, result: t.Type, context: Context) -> str:
    said, pattern = values(arguments)
    try:
        regex = _regex(said, pattern, result)
    except _Wrong as wrong:
        return wrong.made
    if regex is None:
        return python_call("regexp_python:regexp_like", [said, pattern], result, context)
    native = f"regexp_matches({said.sql}, {_re2(regex, like=True)})"
    if _re2_alone(regex, like=True):
        return native
    python = python_call("regexp_python:regexp_like", [said, pattern], result, context)
    return _choice(said, pattern, native, python, like=True)


def _re2_alone(regex: Regex, like: bool = False) -> bool:
    """Whether RE2 answers as Trino over every text."""
    if regex.re2 is None or regex.re2_ascii or regex.ignores_case:
        return False
    return not regex.end or (like and regex.end_last and "(?m:^)" not in regex.re2)


def _extract(arguments: Arguments, result: t.Type, context: Context) -> str:
    said, pattern, *groups = values(arguments)
    group = groups[0] if groups else _ZERO
    try:
        regex = _regex(said, pattern, result)
    except _Wrong as wrong:
        return wrong.made
    path = "regexp_python:regexp_extract"
    native = None
    if regex is not None and group.is_constant and group.value is not None:
        native = _extracted(regex, said, group.value)
        if native is not None and _re2_alone(regex):
            return native
    python = python_call(path, [said, pattern, group], result, context, nullable=True)
    return python if native is None else _choice(said, pattern, native, python, like=False)


def _extracted(regex: Regex, said: Typed, group: int) -> str | None:
    if regex.re2 is None or not 0 <= group <= min(len(regex.groups), 9):
        return None
    pattern = _re2(regex)
    plain = f"regexp_extract({said.sql}, {pattern}, {group})"
    optional, empty = _of_group(regex, group)
    if not empty:
        return f"nullif({plain}, '')"
    if optional:
        return None
    return filled(
        f"(CASE WHEN regexp_matches($0, {pattern}) THEN regexp_extract($0, {pattern}, {group}) END)",
        [said.sql],
    )


def _of_group(regex: Regex, group: int) -> tuple[bool, bool]:
    """Whether a match may lack the group, and whether the group may be empty."""
    if group == 0:
        return False, regex.empty
    return regex.groups[group - 1].optional, regex.groups[group - 1].empty


def _extract_all(arguments: Arguments, result: t.Type, context: Context) -> str:
    said, pattern, *groups = values(arguments)
    group = groups[0] if groups else _ZERO
    try:
        regex = _regex(said, pattern, result)
    except _Wrong as wrong:
        return wrong.made
    native = None
    if regex is not None and group.is_constant and group.value is not None:
        native = _extracted_all(regex, said, group.value)
        if native is not None and _re2_alone(regex):
            return native
    path = "regexp_python:regexp_extract_all"
    python = python_call(path, [said, pattern, group], result, context)
    return python if native is None else _choice(said, pattern, native, python, like=False)


def _extracted_all(regex: Regex, said: Typed, group: int) -> str | None:
    if regex.re2 is None or regex.empty or not 0 <= group <= min(len(regex.groups), 9):
        return None
    optional, empty = _of_group(regex, group)
    plain = f"regexp_extract_all({said.sql}, {_re2(regex)}, {group})"
    if not optional:
        return plain
    return None if empty else f"list_transform({plain}, lambda e: nullif(e, ''))"


def _count(arguments: Arguments, result: t.Type, context: Context) -> str:
    said, pattern = values(arguments)
    try:
        regex = _regex(said, pattern, result)
    except _Wrong as wrong:
        return wrong.made
    native = None
    if regex is not None and regex.re2 is not None and not regex.empty:
        native = f"CAST(len(regexp_extract_all({said.sql}, {_re2(regex)})) AS BIGINT)"
        if _re2_alone(regex):
            return native
    python = python_call("regexp_python:regexp_count", [said, pattern], result, context)
    return python if native is None else _choice(said, pattern, native, python, like=False)


def _split(arguments: Arguments, result: t.Type, context: Context) -> str:
    said, pattern = values(arguments)
    try:
        regex = _regex(said, pattern, result)
    except _Wrong as wrong:
        return wrong.made
    native = None
    if regex is not None and regex.re2 is not None and not regex.empty and not regex.groups:
        native = f"regexp_split_to_array({said.sql}, {_re2(regex)})"
        if _re2_alone(regex):
            return native
    python = python_call("regexp_python:regexp_split", [said, pattern], result, context)
    return python if native is None else _choice(said, pattern, native, python, like=False)


def _position(arguments: Arguments, result: t.Type, context: Context) -> str:
    said, pattern, *others = values(arguments)
    start = others[0] if others else _ONE
    occurrence = others[1] if len(others) > 1 else _ONE
    try:
        _regex(said, pattern, result)
    except _Wrong as wrong:
        return wrong.made
    path = "regexp_python:regexp_position"
    return python_call(path, [said, pattern, start, occurrence], result, context)


def _replace(arguments: Arguments, result: t.Type, context: Context) -> str:
    said, pattern, *others = values(arguments)
    new = others[0] if others else Typed("''", t.VARCHAR, value="")
    try:
        regex = _regex(said, pattern, result)
    except _Wrong as wrong:
        return wrong.made
    native = None
    if regex is not None and regex.re2 is not None and not regex.empty:
        native = _replaced(regex, said, new)
        if native is not None and _re2_alone(regex):
            return native
    path = "regexp_python:regexp_replace"
    python = python_call(path, [said, pattern, new], result, context)
    return python if native is None else _choice(said, pattern, native, python, like=False)


def _replaced(regex: Regex, said: Typed, new: Typed) -> str | None:
    if not new.is_constant or new.value is None:
        return None
    try:
        pieces = regexp_python.replacement_pieces(str(new.value), regex)
    except QueryFailed:
        return None
    if any(isinstance(p, int) and p > 9 for p in pieces):
        return None
    made = "".join(f"\\{p}" if isinstance(p, int) else p.replace("\\", "\\\\") for p in pieces)
    return f"regexp_replace({said.sql}, {_re2(regex)}, {text(made)}, 'g')"


def _replace_by(arguments: Arguments, result: t.Type, context: Context) -> str:
    """With a lambda: the parts between the matches, and what it makes of each one's groups."""
    said, pattern = values(arguments)
    try:
        _regex(said, pattern, result)
    except _Wrong as wrong:
        return wrong.made
    listed = t.ArrayType(t.VARCHAR)
    parts = python_call("regexp_python:regexp_split", [said, pattern], listed, context)
    groups = python_call(
        "regexp_python:regexp_groups", [said, pattern], t.ArrayType(listed), context
    )
    replaced = applied(function(arguments, 2), ["matched.groups[place]"])
    made = (
        "array_to_string(list_transform(range(1, len(matched.parts) + 1), lambda place: "
        "CASE WHEN place = len(matched.parts) THEN matched.parts[place] "
        f"ELSE matched.parts[place] || coalesce({replaced}, '') END), '')"
    )
    whole = (
        f"(list_transform([struct_pack(parts := {parts}, groups := {groups})], "
        f"lambda matched: {made})[1])"
    )
    return f"(CASE WHEN {said.sql} IS NOT NULL AND {pattern.sql} IS NOT NULL THEN {whole} END)"


SCALARS: tuple[Entry, ...] = (
    ("regexp_like(varchar(x), joniregexp) -> boolean", _like),
    ("regexp_extract(varchar(x), joniregexp) -> varchar(x)", _extract),
    ("regexp_extract(varchar(x), joniregexp, bigint) -> varchar(x)", _extract),
    ("regexp_extract_all(varchar(x), joniregexp) -> array(varchar(x))", _extract_all),
    ("regexp_extract_all(varchar(x), joniregexp, bigint) -> array(varchar(x))", _extract_all),
    ("regexp_count(varchar(x), joniregexp) -> bigint", _count),
    ("regexp_split(varchar(x), joniregexp) -> array(varchar(x))", _split),
    ("regexp_position(varchar(x), joniregexp) -> integer", _position),
    ("regexp_position(varchar(x), joniregexp, integer) -> integer", _position),
    ("regexp_position(varchar(x), joniregexp, integer, integer) -> integer", _position),
    ("regexp_replace(varchar(x), joniregexp) -> varchar(x)", _replace),
    (
        "regexp_replace(varchar(x), joniregexp, varchar(y)) -> "
        "varchar(min(2147483647, x + max(x * y // 2, y) * (x + 1)))",
        _replace,
    ),
    (
        "regexp_replace(varchar, joniregexp, function(array(varchar),varchar(x))) -> varchar",
        _replace_by,
    ),
)
