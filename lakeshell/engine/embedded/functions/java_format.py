"""`java.util.Formatter`, as format() uses it.

In: a format and arguments, each as its Java text with a letter for its class. Out: the text.
Raises `QueryFailed` with Java's errors; flags and conversions that are rare are refused.
"""

from __future__ import annotations

import re
import struct
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from lakeshell.engine.embedded.values.emission import invalid, not_run

CLASSES = {
    "i": "java.lang.Long", "f": "java.lang.Double", "r": "java.lang.Float",
    "n": "java.math.BigDecimal", "s": "java.lang.String", "b": "java.lang.Boolean",
    "d": "java.time.LocalDate", "t": "java.time.LocalDateTime",
    "z": "java.time.ZonedDateTime", "c": "java.time.LocalTime", "-": "",
}  # fmt: skip
"""Letter of a class -> its name; `-` is what is always null."""

SPECIFIER = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(<]*)(\d+)?(\.\d+)?([tT]?)([a-zA-Z%])")


class Specifier(NamedTuple):
    said: str
    flags: str
    width: int
    precision: int | None
    conversion: str

    def filled(self, text: str, zeros: bool = False) -> str:
        """To the width, with zeros behind the sign if asked."""
        missing = self.width - len(text)
        if missing <= 0:
            return text
        if zeros and "0" in self.flags:
            at = 1 if text[0] in "+-( " else 0
            return text[:at] + "0" * missing + text[at:]
        return text + " " * missing if "-" in self.flags else " " * missing + text


class _Wrong(Exception):
    """An error of Java's Formatter: its class without `Exception`, and its message."""


def java_format(format: str, classes: str, arguments: list[str | None]) -> str:
    """`classes` has one letter of `CLASSES` an argument."""
    try:
        return _formatted(format, classes, arguments)
    except _Wrong as wrong:
        raise invalid(f"Invalid format string: {format} ({wrong})") from wrong


def _formatted(format: str, classes: str, arguments: list[str | None]) -> str:
    made: list[str] = []
    at = following = 0
    last = -1
    while True:
        start = format.find("%", at)
        if start < 0:
            made.append(format[at:])
            return "".join(made)
        made.append(format[at:start])
        found = SPECIFIER.match(format, start)
        if found is None:
            said = re.compile(r"%(?:\d+\$)?[-#+ 0,(<]*\d*(?:\.\d+)?").match(format, start)
            end = said.end() if said else start + 1
            raise _Wrong(f"UnknownFormatConversion: Conversion = '{format[end : end + 1] or '%'}'")
        at = found.end()
        specifier = _specifier(found)
        if specifier.conversion in "n%":
            made.append("\n" if specifier.conversion == "n" else "%")
            continue
        if found[1]:
            last = int(found[1]) - 1
        elif "<" not in specifier.flags:
            last, following = following, following + 1
        if not 0 <= last < len(arguments):
            raise _Wrong(f"MissingFormatArgument: Format specifier '{specifier.said}'")
        made.append(_converted(specifier, classes[last], arguments[last]))


def _specifier(found: re.Match[str]) -> Specifier:
    said, flags, conversion = found[0], found[2], found[6]
    if found[5] or conversion in "aA":
        raise not_run(f"{said} in format()")
    if conversion not in "bBhHsScCdoxXeEfgGn%":
        raise _Wrong(f"UnknownFormatConversion: Conversion = '{conversion}'")
    width = int(found[3] or 0)
    precision = int(found[4][1:]) if found[4] else None
    if not width and set(flags) & {"-", "0"}:
        raise _Wrong(f"MissingFormatWidth: {said}")
    odd = len(set(flags)) < len(flags) or {"-", "0"} <= set(flags) or {"+", " "} <= set(flags)
    if odd or (conversion in "n%" and (flags or width or found[4])):
        raise not_run(f"{said} in format()")
    if conversion in "doxXcC" and precision is not None:
        raise _Wrong(f"IllegalFormatPrecision: {precision}")
    return Specifier(said, flags, width, precision, conversion)


def _converted(specifier: Specifier, kind: str, value: str | None) -> str:
    conversion = specifier.conversion.lower()
    if conversion in "bhs":
        if set(specifier.flags) - {"-", "<"}:
            raise not_run(f"{specifier.said} in format()")
        text = _general(conversion, kind, value)
        if specifier.precision is not None:
            text = text[: specifier.precision]
    elif value is None:
        text = "null" if specifier.precision is None else "null"[: specifier.precision]
    else:
        _check_class(specifier.conversion, conversion, kind)
        number = _integer if conversion in "dox" else _floating
        text = number(specifier, conversion, kind, value)
        text = specifier.filled(text, zeros=(text[-1:].isalnum() and "N" not in text and "I" not in text) or text[-1:] == ")")  # fmt: skip
    if specifier.conversion.isupper():
        text = text.upper()
    return specifier.filled(text)


def _check_class(said: str, conversion: str, kind: str) -> None:
    fitting = {"d": "i", "o": "i", "x": "i", "e": "frn", "f": "frn", "g": "frn", "c": ""}
    if kind not in fitting[conversion]:
        raise _Wrong(f"IllegalFormatConversion: {said.lower()} != {CLASSES[kind]}")


def _general(conversion: str, kind: str, value: str | None) -> str:
    if conversion == "b":
        return "false" if value is None else value if kind == "b" else "true"
    if value is None:
        return "null"
    if conversion == "h":
        if kind != "s":
            raise not_run("%h of anything but text in format()")
        return f"{_java_hash(value):x}"
    return value


def _java_hash(text: str) -> int:
    made = 0
    data = text.encode("utf-16-be", "surrogatepass")
    for i in range(0, len(data), 2):
        made = (31 * made + (data[i] << 8 | data[i + 1])) & 0xFFFFFFFF
    return made


def _signed(specifier: Specifier, negative: bool, digits: str) -> str:
    if negative:
        return f"({digits})" if "(" in specifier.flags else f"-{digits}"
    if "+" in specifier.flags:
        return f"+{digits}"
    return f" {digits}" if " " in specifier.flags else digits


def _integer(specifier: Specifier, conversion: str, kind: str, value: str) -> str:
    number = int(value)
    if conversion == "d":
        if "#" in specifier.flags:
            raise not_run(f"{specifier.said} in format()")
        digits = format(abs(number), "," if "," in specifier.flags else "d")
        return _signed(specifier, number < 0, _wide(specifier, digits, number < 0))
    if set(specifier.flags) & set("+ (,"):
        raise not_run(f"{specifier.said} in format()")
    digits = format(number & 2**64 - 1, conversion)
    if "#" in specifier.flags:
        prefix = "0x" if conversion == "x" else "0"
        if "0" in specifier.flags:
            digits = digits.rjust(specifier.width - len(prefix), "0")
        return prefix + digits
    return digits


def _wide(specifier: Specifier, digits: str, negative: bool) -> str:
    """Zeros up to the width, the sign left out of account as Java does not."""
    if "0" not in specifier.flags:
        return digits
    taken = (
        2
        if negative and "(" in specifier.flags
        else int(negative or bool(set(specifier.flags) & {"+", " "}))
    )
    return digits.rjust(specifier.width - taken, "0")


def _floating(specifier: Specifier, conversion: str, kind: str, value: str) -> str:
    if "#" in specifier.flags:
        raise not_run(f"{specifier.said} in format()")
    if value.lstrip("-") in ("NaN", "Infinity"):
        if value == "NaN":
            return value
        return _signed(specifier, value[0] == "-", "Infinity")
    exact = Decimal(value)
    if kind == "r":
        single = struct.unpack("<f", struct.pack("<f", float(value)))[0]
        exact = Decimal(repr(single))
    negative = value.startswith("-")
    precision = 6 if specifier.precision is None else specifier.precision
    digits = _digits(conversion, abs(exact), precision, "," in specifier.flags)
    return _signed(specifier, negative, _wide(specifier, digits, negative))


def _digits(conversion: str, value: Decimal, precision: int, grouped: bool) -> str:
    if conversion == "g":
        precision = precision or 1
        rounded = _rounded_to(value, precision)
        if value == 0 or Decimal("0.0001") <= rounded < Decimal(10) ** precision:
            places = precision - 1 if value == 0 else precision - rounded.adjusted() - 1
            return _fixed(value, max(places, 0), grouped)
        return _scientific(value, precision - 1)
    if conversion == "e":
        return _scientific(value, precision)
    return _fixed(value, precision, grouped)


def _rounded_to(value: Decimal, digits: int) -> Decimal:
    if value == 0:
        return value
    step = Decimal(1).scaleb(value.adjusted() - digits + 1)
    return _quantized(value, step)


def _quantized(value: Decimal, step: Decimal) -> Decimal:
    from decimal import Context

    return value.quantize(step, ROUND_HALF_UP, Context(prec=800))


def _fixed(value: Decimal, places: int, grouped: bool) -> str:
    return format(_quantized(value, Decimal(1).scaleb(-places)), ",f" if grouped else "f")


def _scientific(value: Decimal, places: int) -> str:
    rounded = _rounded_to(value, places + 1)
    exponent = rounded.adjusted() if value else 0
    mantissa = format(_quantized(rounded.scaleb(-exponent), Decimal(1).scaleb(-places)), "f")
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
