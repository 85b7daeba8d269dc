"""Foreign text made safe to show: a terminal must not obey what a cell or a message holds.

In: any text. Out: the same with control characters escaped (`\\x1b`). The one place that does so.
"""

from __future__ import annotations

import re

_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\0": "\\0"}
_BEYOND = "\x7f-\x9f\u202a-\u202e\u2066-\u2069"
"""The controls of Latin-1, and those that turn the direction of the text after them."""
_CONTROL = re.compile(f"[\x00-\x1f{_BEYOND}]")
_CONTROL_BUT_NEWLINE = re.compile(f"[\x00-\x09\x0b-\x1f{_BEYOND}]")


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def printable(text: str) -> str:
    """One line that can be shown: every control character escaped, newlines too."""
    return text if text.isprintable() else _CONTROL.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """Text that can be shown and keeps its lines: every control character but newline escaped."""
    return text if text.isprintable() else _CONTROL_BUT_NEWLINE.sub(_escaped, text)
