"""JSON as Trino's Jackson reads and writes it.

In: text. Out: Python values, and the canonical text that Trino's type json holds. Reading keeps a
number's own digits (`Number`), keeps the first of a repeated key, or with `sorted_parse` the last,
and sorts. Plain Python, no SQL.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lakeshell.sql.javanumbers import double_text

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCAPED = re.compile(r'[\x00-\x1f"\\\ud800-\udfff\U00010000-\U0010ffff]')
_CACHED = 4000
"""Texts up to this long are kept read: one query takes several fields of the same text."""


class Number(str):
    """A number as it is written."""

    __slots__ = ()

    @property
    def is_integer(self) -> bool:
        return not any(c in self for c in ".eE")


class Repeated(dict[str, Any]):
    """An object with a key that comes again; `pairs` has every one."""

    def __init__(self, first: dict[str, Any], pairs: list[tuple[str, Any]]) -> None:
        super().__init__(first)
        self.pairs = pairs


def members(value: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """Keys and values as written, repeated keys included."""
    return value.pairs if isinstance(value, Repeated) else value.items()


def last_of_repeated(value: Any) -> Any:
    """With the last of each repeated key, in the place of the first."""
    if isinstance(value, dict):
        return {key: last_of_repeated(part) for key, part in members(value)}
    return [last_of_repeated(part) for part in value] if isinstance(value, list) else value


def _constant(name: str) -> Any:
    raise ValueError(name)


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        made.setdefault(key, value)
    return made if len(made) == len(pairs) else Repeated(made, pairs)


_READER = json.JSONDecoder(
    object_pairs_hook=_first_wins, parse_float=Number, parse_int=Number, parse_constant=_constant
)
_LAST_READER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_constant)


@functools.lru_cache(maxsize=4096)
def _cached(text: str) -> Any:
    return _read(text, _READER)


def _read(text: str, reader: json.JSONDecoder) -> Any:
    try:
        return reader.decode(text.strip(" \t\n\r"))
    except RecursionError as error:
        raise ValueError("too deep") from error


def read(text: str) -> Any:
    """The one value that the text is; raises ValueError. Never change it: it may be shared."""
    return _cached(text) if len(text) <= _CACHED else _read(text, _READER)


@functools.lru_cache(maxsize=256)
def _cached_tree(text: str) -> Any:
    return _read(text, _LAST_READER)


def read_tree(text: str) -> Any:
    """As `read`, but the last of a repeated key is the one that stays."""
    return _cached_tree(text) if len(text) <= _CACHED else _read(text, _LAST_READER)


def sorted_parse(text: str) -> str:
    """Canonical text with keys in order, as json_parse gives; raises ValueError."""
    return written(_read(text, _LAST_READER), sort=True)


def quoted(text: str) -> str:
    """A JSON string."""
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    c = match[0]
    if c in _SHORT:
        return _SHORT[c]
    point = ord(c)
    if point < 0x10000:
        return f"\\u{point:04X}"
    point -= 0x10000
    return f"\\u{0xD800 + (point >> 10):04X}\\u{0xDC00 + (point & 0x3FF):04X}"


def number_text(number: Number) -> str:
    """Integers as they are, everything else by way of a double."""
    if number.is_integer:
        return "0" if number == "-0" else str(number)
    shown = double_text(float(number))
    return shown if shown[-1].isdigit() else f'"{shown}"'


def written(value: Any, sort: bool = False) -> str:
    """Canonical text."""
    match value:
        case None:
            return "null"
        case True:
            return "true"
        case False:
            return "false"
        case Number():
            return number_text(value)
        case str():
            return quoted(value)
        case list():
            return "[" + ",".join([written(item, sort) for item in value]) + "]"
        case dict():
            items = sorted(value.items(), key=_utf16) if sort else members(value)
            return "{" + ",".join([f"{quoted(k)}:{written(v, sort)}" for k, v in items]) + "}"
    raise TypeError(type(value).__name__)


def _utf16(item: tuple[str, Any]) -> bytes:
    """Java's order of texts."""
    return item[0].encode("utf-16-be", "surrogatepass")


def plain_text(text: str) -> str:
    """With lone surrogates as Java encodes them."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


# --- reading from the front --------------------------------------------------------------------

_TOKEN = re.compile(
    r'[ \t\n\r]*(?:(?P<string>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?=[ \t\n\r,\]}]|\Z)"
    r"|(?P<word>true|false|null)(?=[ \t\n\r,\]}]|\Z)|(?P<mark>[\[\]{},:]))"
)


class Stream:
    """Reads value by value, so that what stands behind the wanted one doesn't matter."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.inside = False

    def mark(self) -> str:
        """The next token's first character, "" at the end."""
        found = re.compile(r"[ \t\n\r]*").match(self.text, self.at)
        assert found is not None
        return self.text[found.end() : found.end() + 1]

    def token(self) -> str:
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            raise ValueError("no token")
        self.at = found.end()
        return found[0].strip(" \t\n\r")

    def expect(self, mark: str) -> None:
        if self.token() != mark:
            raise ValueError(mark)

    def value(self) -> Any:
        """The next value, whole."""
        found = re.compile(r"[ \t\n\r]*").match(self.text, self.at)
        assert found is not None
        value, self.at = _READER.raw_decode(self.text, found.end())
        following = self.text[self.at : self.at + 1]
        if isinstance(value, Number):
            # Only a number that is the whole text has to end where it ends.
            glued = not self.inside and following not in ("", " ", "\t", "\n", "\r")
        else:
            glued = isinstance(value, bool | None) and (following.isalnum() or following in ("_", "$"))  # fmt: skip
        if glued:
            raise ValueError(following)
        return value

    def items(self) -> Iterator[Any]:
        """The values of the array that begins here; raises ValueError where it breaks off."""
        self.expect("[")
        self.inside = True
        if self.mark() == "]":
            return
        while True:
            yield self.value()
            mark = self.token()
            if mark == "]":
                return
            if mark != ",":
                raise ValueError(mark)

    def member(self, name: str) -> bool:
        """Moves to the value of that key of the object that begins here."""
        self.expect("{")
        self.inside = True
        if self.mark() == "}":
            return False
        while True:
            key = _READER.decode(self.token())
            self.expect(":")
            if key == name:
                return True
            self.value()
            if self.token() != ",":
                return False

    def item(self, index: int) -> bool:
        """Moves to that item of the array that begins here."""
        self.expect("[")
        self.inside = True
        if self.mark() == "]":
            return False
        place = 0
        while place != index:
            self.value()
            if self.token() != ",":
                return False
            place += 1
        return True
