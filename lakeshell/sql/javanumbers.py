"""Floating-point numbers as Java writes them: `1.0E10`, `0.1`, `NaN`, `-Infinity`.

Java takes the shortest digits that read back as the same number, two at least, and of those the
ones nearest to it; then plain notation from 0.001 up to 10 million, scientific elsewhere.
"""

from __future__ import annotations

import math
import struct

_FLOAT = struct.Struct("<f")


def double_text(value: float) -> str:
    text = repr(value)
    if "e" not in text and (1e-3 <= abs(value) < 1e7 or value == 0):
        return text
    return _special(value) or _java(value, text)


def real_text(value: float) -> str:
    """Of a 32-bit number, given as a Python float."""
    special = _special(value)
    return special if special else _java(value, shortest_real(value))


def shortest_real(value: float) -> str:
    """The fewest digits that read back as the same 32-bit number."""
    for digits in range(1, 9):
        text = f"{value:.{digits}g}"
        try:
            if _FLOAT.unpack(_FLOAT.pack(float(text)))[0] == value:
                return text
        except OverflowError:
            continue
    return f"{value:.9g}"


def _special(value: float) -> str | None:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return None


def _java(value: float, text: str) -> str:
    """`text` are the shortest digits of `value` in any notation of Python's."""
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    sign, digits, exponent = _split(text)
    if len(digits) == 1:
        _, digits, exponent = _split(f"{value:.1e}")
    if -3 <= exponent < 7:
        return sign + _plain(digits, exponent)
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def _split(text: str) -> tuple[str, str, int]:
    """Sign, digits without zeros at either end, and the exponent of the first digit."""
    sign, rest = ("-", text[1:]) if text.startswith("-") else ("", text)
    mantissa, _, power = rest.partition("e")
    whole, _, fraction = mantissa.partition(".")
    exponent = int(power or 0) + len(whole) - 1
    digits = whole + fraction
    leading = len(digits) - len(digits.lstrip("0"))
    return sign, digits.strip("0"), exponent - leading


def _plain(digits: str, exponent: int) -> str:
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{whole}.{digits[exponent + 1 :] or '0'}"
