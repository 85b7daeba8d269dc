"""Foreign text made safe to show: a terminal must not obey what a cell or a message holds.

In: any text. Out: the same with control characters escaped (`\\x1b`). The one place that does so.
"""

from __future__ import annotations

import re

_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\0": "\\0"}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_NEWLINE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return _NAMED.get(character) or f"\\x{ord(character):02x}"


def printable(text: str) -> str:
    """One line that can be shown: every control character escaped, newlines too."""
    return text if text.isprintable() else _CONTROL.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """Text that can be shown and keeps its lines: every control character but newline escaped."""
    return text if text.isprintable() else _CONTROL_BUT_NEWLINE.sub(_escaped, text)
