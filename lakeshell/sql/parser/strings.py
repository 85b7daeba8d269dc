"""The values of string and binary literals.

In: a literal's text, quotes included. Out: what it says; `InvalidString` with Trino's message.
"""

from __future__ import annotations

_HEX = frozenset("0123456789abcdefABCDEF")


class InvalidString(ValueError):
    pass


def plain_text(text: str) -> str:
    return text[1:-1].replace("''", "'")


def binary_value(text: str) -> bytes:
    """`X'65 66'`: white space may stand anywhere between the digits."""
    digits = "".join(plain_text(text[1:]).split(" "))
    digits = "".join(c for c in digits if c not in "\t\n\r\f\v")
    if any(c not in _HEX for c in digits):
        raise InvalidString("Binary literal can only contain hexadecimal digits")
    if len(digits) % 2:
        raise InvalidString("Binary literal must contain an even number of digits")
    return bytes.fromhex(digits)


def unicode_text(text: str, escape: str | None) -> str:
    r"""`U&'\0041'`, with `escape` from UESCAPE."""
    if escape is None:
        escape = "\\"
    elif not escape:
        raise InvalidString("Empty Unicode escape character")
    elif len(escape) != 1 or not "\x20" < escape < "\x7f" or escape in _HEX or escape in "\"+'":
        raise InvalidString(f"Invalid Unicode escape character: {escape}")
    raw = plain_text(text[2:])
    made: list[str] = []
    at = 0
    while at < len(raw):
        if raw[at] != escape:
            made.append(raw[at])
            at += 1
        elif raw[at + 1 : at + 2] == escape:
            made.append(escape)
            at += 2
        else:
            character, at = _escaped(raw, at + 1)
            made.append(character)
    return "".join(made)


def _escaped(raw: str, at: int) -> tuple[str, int]:
    """The character whose code starts at `at`, after the escape, and where the text goes on."""
    if at >= len(raw):
        raise InvalidString("Incomplete escape sequence: ")
    if raw[at] == "+":
        at, needed = at + 1, 6
    elif raw[at] in _HEX:
        needed = 4
    else:
        raise InvalidString(f"Invalid hexadecimal digit: {raw[at]}")
    digits = ""
    while len(digits) < needed:
        if at >= len(raw) or raw[at] not in _HEX:
            raise InvalidString(f"Incomplete escape sequence: {digits}")
        digits += raw[at]
        at += 1
    code = int(digits, 16)
    if code > 0x10FFFF:
        raise InvalidString(f"Invalid escaped character: {digits}")
    if 0xD800 <= code <= 0xDFFF:
        raise InvalidString(
            f"Invalid escaped character: {digits}. "
            "Escaped character is a surrogate. Use '\\+123456' instead."
        )
    return chr(code), at
