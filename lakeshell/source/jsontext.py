"""JSON in the one form that Trino gives it: keys in order, no blanks, numbers as Java writes them.

In: a JSON text. Out: the same value, canonical; `ValueError` for what is not JSON, `Inexact` for a
number that it cannot be written with: Trino knows whole numbers of any length, and doubles.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

from lakeshell.sql.javanumbers import double_text

DOUBLE_DIGITS = 17
"""A double is told from every other by so many."""
_INFINITE = float("inf")
_ESCAPED = re.compile(r"\\u[0-9a-f]{4}")


class Inexact(ValueError):
    pass


def canonical(written: str) -> str:
    return _text(json.loads(written, parse_constant=_refused, parse_float=_double))


def _refused(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _double(written: str) -> float:
    made = float(written)
    held = made not in (0.0, _INFINITE, -_INFINITE)
    if held and len(written) <= DOUBLE_DIGITS:
        return made
    with suppress(InvalidOperation):
        number = Decimal(written)
        few = held and len(number.as_tuple().digits) <= DOUBLE_DIGITS
        if few or number == Decimal(repr(made)):
            return made
    raise Inexact(f"no double holds its number {written}")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        # By UTF-16 units, as Java compares strings.
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_string(key)}:{_text(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float):
        return double_text(value)
    return json.dumps(value)


def _string(value: str) -> str:
    plain = json.dumps(value, ensure_ascii=False)
    plain = _ESCAPED.sub(lambda match: "\\u" + match[0][2:].upper(), plain)
    return re.sub("[\U00010000-\U0010ffff]", _surrogates, plain)


def _surrogates(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[i]:02X}{units[i + 1]:02X}" for i in (0, 2))
