"""Trino's regexp functions over one text in Python, where RE2 doesn't give Trino's answer.

In: text, pattern and the rest as plain values. Out: plain values; raises `QueryFailed`.
"""

from __future__ import annotations

import re

from lakeshell.engine.embedded.functions.java_regex import Regex, matcher
from lakeshell.engine.embedded.values.emission import invalid


def regexp_like(text: str, pattern: str) -> bool:
    return matcher(pattern, text)[1].search(text) is not None


def check_group(regex: Regex, group: int) -> None:
    """Fails as Trino does over a group that the pattern doesn't have."""
    if group < 0:
        raise invalid("Group cannot be negative")
    if group > len(regex.groups):
        raise invalid(f"Pattern has {len(regex.groups)} groups. Cannot access group {group}")


def regexp_extract(text: str, pattern: str, group: int) -> str | None:
    regex, compiled = matcher(pattern, text)
    check_group(regex, group)
    found = compiled.search(text)
    return None if found is None else found[group]


def regexp_extract_all(text: str, pattern: str, group: int) -> list[str | None]:
    regex, compiled = matcher(pattern, text)
    check_group(regex, group)
    return [found[group] for found in compiled.finditer(text)]


def regexp_groups(text: str, pattern: str) -> list[list[str | None]]:
    """The groups of every match, for a lambda to replace."""
    return [list(found.groups()) for found in matcher(pattern, text)[1].finditer(text)]


def regexp_count(text: str, pattern: str) -> int:
    return sum(1 for _ in matcher(pattern, text)[1].finditer(text))


def regexp_split(text: str, pattern: str) -> list[str]:
    parts, at = [], 0
    for found in matcher(pattern, text)[1].finditer(text):
        parts.append(text[at : found.start()])
        at = found.end()
    parts.append(text[at:])
    return parts


def regexp_position(text: str, pattern: str, start: int, occurrence: int) -> int:
    if start < 1:
        raise invalid("start position cannot be smaller than 1")
    if occurrence < 1:
        raise invalid("occurrence cannot be smaller than 1")
    compiled = matcher(pattern, text)[1]
    if start > len(text):
        return -1
    for i, found in enumerate(compiled.finditer(text, start - 1), 1):
        if i == occurrence:
            return found.start() + 1
    return -1


def regexp_replace(text: str, pattern: str, replacement: str) -> str:
    regex, compiled = matcher(pattern, text)
    pieces: list[str | int] | None = None
    made, at = [], 0
    for found in compiled.finditer(text):
        if pieces is None:
            pieces = replacement_pieces(replacement, regex)
        made.append(text[at : found.start()])
        made.extend(p if isinstance(p, str) else found[p] or "" for p in pieces)
        at = found.end()
    made.append(text[at:])
    return "".join(made)


def replacement_pieces(replacement: str, regex: Regex) -> list[str | int]:
    """Literal texts and numbers of groups."""
    pieces: list[str | int] = []
    at = 0
    while at < len(replacement):
        c = replacement[at]
        at += 1
        if c == "\\":
            if at == len(replacement):
                raise invalid(f"Illegal replacement sequence: {replacement}")
            pieces.append(replacement[at])
            at += 1
        elif c == "$":
            if at == len(replacement):
                raise invalid(f"Illegal replacement sequence: {replacement}")
            group, at = _reference(replacement, at, regex)
            pieces.append(group)
        else:
            pieces.append(c)
    return pieces


def _reference(replacement: str, at: int, regex: Regex) -> tuple[int, int]:
    if replacement[at] == "{":
        named = re.compile(r"[A-Za-z0-9]*").match(replacement, at + 1)
        name = named[0] if named else ""
        number = regex.number(name)
        if number is None:
            raise invalid(f"Illegal replacement sequence: unknown group {{ {name} }}")
        end = at + 1 + len(name)
        if replacement[end : end + 1] != "}":
            raise invalid(f"Illegal replacement sequence: {replacement}")
        return number, end + 1
    if not "0" <= replacement[at] <= "9":
        raise invalid(f"Illegal replacement sequence: {replacement}")
    group = int(replacement[at])
    at += 1
    if group > len(regex.groups):
        raise invalid(f"Illegal replacement sequence: unknown group {group}")
    while at < len(replacement) and "0" <= replacement[at] <= "9":
        longer = group * 10 + int(replacement[at])
        if longer > len(regex.groups):
            break
        group = longer
        at += 1
    return group, at
