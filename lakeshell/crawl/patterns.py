"""Include paths and exclude patterns, as Glue's crawlers read them for database sources.

In: patterns and the names of a source's objects. Out: which objects are meant, and for each that is
not, the pattern that left it out. Pure.

An include path is `database/table`; `%` stands for any run of characters in either part, and a
path without a table means every table (`movies` is `movies/%`). An exclude pattern is a glob,
matched against the table's name and against `database/table`:

    *        any characters but /           ?        one character but /
    **       any characters                 \\x       x itself
    [a-z]    one of these characters        [!a-z]   one that is not of these
    {a,b}    one of these patterns; braces do not nest

Inside brackets `*`, `?` and `\\` stand for themselves, and so does `-` at the beginning. Case counts
in tables' names, but not in the database's, which is the connection's name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lakeshell.errors import UsageError
from lakeshell.model import ObjectName, SourceObject


@dataclass(frozen=True, slots=True)
class Excluded:
    """`pattern` is the exclude pattern that left the object out; empty when no include path has it."""

    object: SourceObject
    pattern: str = ""

    @property
    def reason(self) -> str:
        return f"exclude pattern {self.pattern}" if self.pattern else "in no include path"


@dataclass(frozen=True, slots=True)
class Selection:
    """`idle` are include paths that no object is in."""

    taken: tuple[SourceObject, ...]
    excluded: tuple[Excluded, ...]
    idle: tuple[str, ...] = ()


def select(
    objects: Sequence[SourceObject], include: Sequence[str], exclude: Sequence[str]
) -> Selection:
    """Raises `UsageError` for a pattern that is not one."""
    paths = [(path, include_path(path)) for path in include]
    globs = [(pattern, glob(pattern)) for pattern in exclude]
    taken: list[SourceObject] = []
    excluded: list[Excluded] = []
    used: set[str] = set()
    for found in objects:
        inside = [path for path, (database, table) in paths if _inside(found.name, database, table)]
        used.update(inside)
        if paths and not inside:
            excluded.append(Excluded(found))
            continue
        pattern = next((text for text, regex in globs if _matches(regex, found.name)), None)
        if pattern is None:
            taken.append(found)
        else:
            excluded.append(Excluded(found, pattern))
    idle = tuple(path for path in include if path not in used)
    return Selection(tuple(taken), tuple(excluded), idle)


def _inside(name: ObjectName, database: re.Pattern[str], table: re.Pattern[str]) -> bool:
    return bool(database.fullmatch(name.schema) and table.fullmatch(name.name))


def _matches(regex: re.Pattern[str], name: ObjectName) -> bool:
    return bool(regex.fullmatch(name.name) or regex.fullmatch(f"{name.schema}/{name.name}"))


def include_path(path: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The database's and the table's pattern."""
    database, _, table = path.partition("/")
    if not database:
        raise UsageError(
            f"the include path {path!r} names no database", hint="write database/%, or movies/film"
        )
    if not table:
        table = "%"
    return (_percent(database, re.IGNORECASE), _percent(table))


def _percent(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("%")), re.DOTALL | flags)


def glob(pattern: str) -> re.Pattern[str]:
    """The regular expression of an exclude pattern."""
    if not pattern:
        raise UsageError(
            "an exclude pattern is empty", hint="take it out, or write one such as *_log"
        )
    made: list[str] = []
    at = 0
    in_group = False
    while at < len(pattern):
        here = pattern[at]
        at += 1
        if here == "\\":
            if at == len(pattern):
                raise _wrong(pattern, "ends with a backslash")
            made.append(re.escape(pattern[at]))
            at += 1
        elif here == "*":
            double = pattern[at : at + 1] == "*"
            made.append(".*" if double else "[^/]*")
            at += double
        elif here == "?":
            made.append("[^/]")
        elif here == "[":
            bracket, at = _bracket(pattern, at)
            made.append(bracket)
        elif here == "{":
            if in_group:
                raise _wrong(pattern, "has braces inside braces")
            in_group = True
            made.append("(?:")
        elif here == "}" and in_group:
            in_group = False
            made.append(")")
        elif here == "," and in_group:
            made.append("|")
        else:
            made.append(re.escape(here))
    if in_group:
        raise _wrong(pattern, "has a { without its }")
    return re.compile("".join(made), re.DOTALL)


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """The character class that begins behind `[`, and where the pattern goes on."""
    end = pattern.find("]", at)
    inside = pattern[at:end]
    negated = inside.startswith("!")
    members = inside[negated:]
    if end < 0 or not members:
        raise _wrong(pattern, "has a [ without its ]" if end < 0 else "has empty brackets")
    parts: list[str] = []
    index = 0
    while index < len(members):
        first, last = members[index], members[index + 2 : index + 3]
        if members[index + 1 : index + 2] == "-" and last and first != "-":
            if first > last:
                raise _wrong(pattern, f"has a range that runs backwards: {first}-{last}")
            parts.append(f"{re.escape(first)}-{re.escape(last)}")
            index += 3
        else:
            parts.append(re.escape(first))
            index += 1
    opening = "[^/" if negated else "(?!/)["
    return f"{opening}{''.join(parts)}]", end + 1


def _wrong(pattern: str, why: str) -> UsageError:
    return UsageError(
        f"the exclude pattern {pattern!r} {why}",
        hint="a pattern is a glob such as *_log, tmp_?, [a-c]* or {staff,store}",
    )
