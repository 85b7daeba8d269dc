"""Character classes and escapes of Java's regular expressions, in RE2's dialect and Python's.

In: a pattern and a place in it. Out: the class as both say it. Raises Trino's error over a wrong
class, NOT_SUPPORTED over one that isn't run. Plain Python, no SQL.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lakeshell.engine.embedded.values.emission import invalid, not_run

_CATEGORIES = re.compile(r"(C|Cc|Cf|Co|L|Ll|Lm|Lo|Lt|Lu|M|Mc|Me|Mn|N|Nd|Nl|No|P|Pc|Pd|Pe|Pf|Pi|Po|Ps|S|Sc|Sk|Sm|So|Z|Zl|Zp|Zs)$")  # fmt: skip
_POSIX = {
    "alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9", "upper": "A-Z", "lower": "a-z",
    "space": r"\t-\r ", "blank": r"\t ", "cntrl": r"\x00-\x1f\x7f", "xdigit": "0-9A-Fa-f",
    "word": "A-Za-z0-9_", "ascii": r"\x00-\x7f", "graph": "!-~", "print": " -~",
}  # fmt: skip
_CONTROLS = {"t": r"\t", "n": r"\n", "r": r"\r", "f": r"\f", "a": r"\x07", "e": r"\x1b", "v": r"\x0b"}  # fmt: skip


class Said(NamedTuple):
    """A part in both dialects. `empty`: it can match nothing."""

    re2: str | None
    python: str | None
    empty: bool


class ClassReader:
    """Reads at `at`; notes what is right over ASCII texts only."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.re2_ascii = self.python_ascii = False
        self.ignoring = False

    def peek(self, n: int = 1) -> str:
        return self.text[self.at : self.at + n]

    def take(self) -> str:
        c = self.text[self.at : self.at + 1]
        self.at += 1
        return c

    def code(self, c: str) -> int | None:
        """The character that an escape beginning with `c` means; None for `c` itself."""
        if c in _CONTROLS:
            return ord(re.sub(r"\\x(..)", lambda m: chr(int(m[1], 16)), _CONTROLS[c]).encode().decode("unicode_escape"))  # fmt: skip
        pattern = {"x": r"[0-9A-Fa-f]{1,2}", "u": r"[0-9A-Fa-f]{4}", "0": r"[0-7]{0,2}"}.get(c)
        if pattern is None:
            return None
        found = re.compile(pattern).match(self.text, self.at)
        if found is None:
            raise not_run(f"\\{c} in the regular expression {self.text!r}")
        self.at = found.end()
        value = int(found[0] or "0", 8 if c == "0" else 16)
        if c == "x" and value > 127:
            raise not_run("a byte in a regular expression")
        if 0xD800 <= value <= 0xDFFF:
            raise not_run("surrogates in a regular expression")
        return value

    def property_class(self) -> tuple[str | None, str | None]:
        """What stands for the property inside brackets."""
        found = re.compile(r"\{(\w+)\}|(L|M|N|P|S|Z|C)").match(self.text, self.at)
        if found is None:
            raise not_run(f"\\p in the regular expression {self.text!r}")
        self.at = found.end()
        name = found[1] or found[2]
        if _CATEGORIES.match(name) and not self.ignoring:
            return f"\\p{{{name}}}", None
        ascii_set = _POSIX.get(name.lower())
        if ascii_set is None or self.ignoring:
            raise not_run(f"\\p{{{name}}} in a regular expression")
        if name.lower() != "ascii":
            self.re2_ascii = self.python_ascii = True
        return ascii_set, ascii_set

    def char_class(self) -> Said:
        negated = self.peek() == "^"
        if negated:
            self.take()
        re2: str | None = ""
        python: str | None = ""
        first = True
        while True:
            c = self.peek()
            if c == "":
                raise invalid("premature end of char-class")
            if c == "]" and (not first or "]" not in self.text[self.at + 1 :]):
                if first:
                    raise invalid("empty char-class")
                self.take()
                break
            item = self.class_item()
            re2 = None if re2 is None or item[0] is None else re2 + item[0]
            python = None if python is None or item[1] is None else python + item[1]
            first = False
        sign = "^" if negated else ""
        flags = "i" if self.ignoring else ""
        made = None if re2 is None else f"[{sign}{re2}]"
        if made and flags:
            made = f"(?i:{made})"
        return Said(
            made, None if python is None else f"(?a{flags}:[{sign}{python}])" if _needs_ascii(python)
            else f"(?{flags}:[{sign}{python}])" if flags else f"[{sign}{python}]", False,
        )  # fmt: skip

    def class_item(self) -> tuple[str | None, str | None]:
        if self.peek(2) == "&&":
            raise not_run("an intersection (&&) in a regular expression")
        if self.peek() == "[":
            return self.posix_class()
        low = self.class_char()
        if isinstance(low, tuple):
            return low
        if self.peek() == "-" and self.peek(2) not in ("-]", "-"):
            here = self.at
            self.take()
            if self.peek() == "[":
                raise not_run("a class inside a class of a regular expression")
            high = self.class_char()
            if isinstance(high, tuple):
                self.at = here
                return _class_text(low), _class_text(low)
            if ord(high) < ord(low):
                raise invalid("empty range in char class")
            if self.peek() == "-" and self.peek(2) != "-]":
                raise not_run("a range behind a range in a class of a regular expression")
            said = f"{_class_text(low)}-{_class_text(high)}"
            return said, said
        return _class_text(low), _class_text(low)

    def posix_class(self) -> tuple[str | None, str | None]:
        found = re.compile(r"\[:(\^?)(\w+):\]").match(self.text, self.at)
        if found is None:
            raise not_run("a class inside a class of a regular expression")
        self.at = found.end()
        if found[2] == "punct":
            raise not_run("[:punct:] in a regular expression")
        if found[2] not in _POSIX:
            raise invalid("invalid POSIX bracket type")
        if found[1] or self.ignoring:
            raise not_run(f"[:{found[1]}{found[2]}:] in a regular expression")
        if found[2] != "ascii":
            self.re2_ascii = self.python_ascii = True
        return _POSIX[found[2]], _POSIX[found[2]]

    def class_char(self) -> str | tuple[str | None, str | None]:
        c = self.take()
        if c != "\\":
            return c
        c = self.take()
        match c:
            case "":
                raise invalid("end pattern at escape")
            case "d" | "D" | "w" | "W":
                return f"\\{c}", f"\\{c}"
            case "s":
                return r"\t-\r ", r"\t-\r "
            case "S":
                return None, r"\S"
            case "p":
                return self.property_class()
            case "P" | "G" | "c" | "C" | "M" | "Q" | "1" | "2" | "3" | "4" | "5" | "6" | "7":
                raise not_run(f"\\{c} inside a class of a regular expression")
            case "b":
                return "\x08"
        code = self.code(c)
        return chr(code) if code is not None else c


def _needs_ascii(said: str) -> bool:
    return re.search(r"\\[dDwWsS]", said) is not None


def _class_text(c: str) -> str:
    if c.isascii() and not c.isalnum():
        return f"\\x{ord(c):02x}"
    return c
