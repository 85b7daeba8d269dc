"""Trino's functions of JSON text in Python.

In: JSON text and plain values. Out: plain values, None where Trino gives NULL; JSON as its text.
Raises `QueryFailed`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from lakeshell.engine.embedded.functions.json_text import (
    Number,
    Repeated,
    Stream,
    last_of_repeated,
    plain_text,
    read,
    sorted_parse,
    written,
)
from lakeshell.engine.embedded.values.emission import PythonFailure, invalid

_PATH = re.compile(r'\.([\w:]+)|\[(?:"((?:[^"\\]|\\["\\])*)"|([\w]+))\]')


@functools.lru_cache(maxsize=256)
def path_steps(path: str) -> tuple[str, ...]:
    """Names and indexes of `$.a[0]["b c"]`."""
    steps: list[str] = []
    at = 1
    while at < len(path):
        found = _PATH.match(path, at)
        if found is None:
            break
        said = found[1] or found[3]
        steps.append(re.sub(r"\\(.)", r"\1", found[2]) if said is None else said)
        at = found.end()
    if path[:1] != "$" or at < len(path):
        raise invalid(f"Invalid JSON path: '{path}'")
    return tuple(steps)


class _Missing(Exception):
    pass


def _index(step: str) -> int:
    return int(step) if re.fullmatch(r"[+-]?\d+", step) else -1


def _found(text: str, path: str) -> Any:
    """The value at the path; raises `_Missing` without one."""
    steps = path_steps(path)
    try:
        value = read(text)
    except ValueError:
        return _streamed(text, steps)
    for step in steps:
        if isinstance(value, dict):
            if step not in value:
                raise _Missing
            value = value[step]
        elif isinstance(value, list):
            index = _index(step)
            if not 0 <= index < len(value):
                raise _Missing
            value = value[index]
        else:
            raise _Missing
    return value


def _streamed(text: str, steps: tuple[str, ...]) -> Any:
    """As `_found`, over text that is no JSON behind the value."""
    stream = Stream(text)
    try:
        for step in steps:
            mark = stream.mark()
            moved = stream.member(step) if mark == "{" else stream.item(_index(step))
            if not moved:
                raise _Missing
        return stream.value()
    except (ValueError, RecursionError) as error:
        raise _Missing from error


def json_parse(text: str) -> str:
    try:
        return sorted_parse(text)
    except ValueError as error:
        raise invalid(f"Cannot convert value to JSON: '{_shortened(text)}'") from error


def _shortened(text: str) -> str:
    data = text.encode("utf-8", "replace")
    return text if len(data) <= 1000 else data[:1000].decode("utf-8", "ignore") + "...(truncated)"


def json_extract(text: str, path: str) -> str | None:
    try:
        return written(_found(text, path))
    except _Missing:
        return None


def json_extract_scalar(text: str, path: str) -> str | None:
    try:
        value = _found(text, path)
    except _Missing:
        return None
    match value:
        case True:
            return "true"
        case False:
            return "false"
        case str():
            return plain_text(value)
    return None


def json_size(text: str, path: str) -> int | None:
    try:
        value = _found(text, path)
    except _Missing:
        return None
    if isinstance(value, Repeated):
        return len(value.pairs)
    return len(value) if isinstance(value, list | dict) else 0


def _items(text: str) -> Iterator[Any]:
    """The items of the array that the text begins with; raises ValueError where there is none."""
    try:
        value = read(text)
    except ValueError:
        yield from Stream(text).items()
        return
    if not isinstance(value, list):
        raise ValueError
    yield from value


def json_array_length(text: str) -> int | None:
    try:
        return sum(1 for _ in _items(text))
    except (ValueError, RecursionError):
        return None


def _contains(text: str, wanted: Callable[[Any], bool]) -> bool | None:
    try:
        return any(wanted(item) for item in _items(text))
    except (ValueError, RecursionError):
        return None


def json_array_contains_boolean(text: str, wanted: bool) -> bool | None:
    return _contains(text, lambda item: item is wanted)


def json_array_contains_bigint(text: str, wanted: int) -> bool | None:
    return _contains(
        text,
        lambda i: isinstance(i, Number) and i.is_integer and len(i) < 30 and int(i) == wanted,
    )


def json_array_contains_double(text: str, wanted: float) -> bool | None:
    if wanted != wanted or wanted in (float("inf"), float("-inf")):
        return False
    return _contains(
        text, lambda i: isinstance(i, Number) and not i.is_integer and float(i) == wanted
    )


def json_array_contains_varchar(text: str, wanted: str) -> bool | None:
    return _contains(
        text, lambda i: isinstance(i, str) and not isinstance(i, Number) and i == wanted
    )


def json_array_get(text: str, index: int) -> str | None:
    try:
        if index < 0:
            every = list(_items(text))
            if index < -len(every):
                return None
            item = every[index]
        else:
            item = next(islice(_items(text), index, None), _ABSENT)
    except (ValueError, RecursionError):
        return None
    if item is _ABSENT:
        return None
    if item is None:
        if index < 0:
            raise PythonFailure("string is null", code="GENERIC_INTERNAL_ERROR")
        return None
    if isinstance(item, Number):
        return str(item)
    if isinstance(item, str):
        return plain_text(item)
    return written(last_of_repeated(item))


_ABSENT = object()


def is_json_scalar(text: str) -> bool:
    try:
        return not isinstance(read(text), list | dict)
    except ValueError as error:
        raise invalid(f"Invalid JSON value: {_shortened(text)}") from error
