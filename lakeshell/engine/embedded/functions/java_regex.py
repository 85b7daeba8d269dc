"""Java's regular expressions, as Trino's engine of them (Joni) reads them, in other dialects.

In: a pattern. Out: the same pattern for RE2, which is DuckDB's, and for Python, each None where
that dialect can't say it; with what to know of it. Raises Trino's error over a wrong pattern, and
NOT_SUPPORTED over one that neither dialect can say. Plain Python, no SQL.

Where the dialects part: `\\d \\w \\s` are ASCII here and `\\b` is not; `$` also matches before a last
newline; an unknown escaped letter is that letter.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from lakeshell.engine.embedded.functions.java_classes import ClassReader, Said
from lakeshell.engine.embedded.values.emission import invalid, not_run

END = "\ue000"
"""Stands in RE2's text for `$`, which RE2 has not."""
_MOST_REPEATS = 1000

# Characters that fold to several: Joni knows `ß` as `ss`, the other two don't.
SEVERAL = "ßŉǰΐΰևẖẗẘẙẚẞὐὒὔὖ\u1f80-\u1fafᾲᾳᾴᾶᾷᾼῂῃῄῆῇῌῒΐῖῗῢΰῤῦῧῲῳῴῶῷῼ\ufb00-\ufb06\ufb13-\ufb17"


class Group(NamedTuple):
    """A capturing group. `optional`: the pattern can match without it."""

    name: str | None
    optional: bool
    empty: bool


class Regex(NamedTuple):
    """`re2` holds `END` for `$`; `re2_ascii` and `python_ascii` are right over ASCII texts only;
    `end` says that `$` or `(?m)^` is in it, `end_last` that nothing follows where `$` stands.
    """

    re2: str | None
    python: str | None
    empty: bool
    groups: tuple[Group, ...]
    re2_ascii: bool
    python_ascii: bool
    ignores_case: bool
    end: bool
    end_last: bool

    def number(self, name: str) -> int | None:
        """Of the group with that name."""
        found = [i for i, g in enumerate(self.groups, 1) if g.name == name]
        return found[0] if found else None


def _glue(parts: list[Said]) -> Said:
    re2 = python = ""
    lost = [any(p.re2 is None for p in parts), any(p.python is None for p in parts)]
    if not lost[0]:
        re2 = "".join(p.re2 or "" for p in parts)
    if not lost[1]:
        python = "".join(p.python or "" for p in parts)
    return Said(
        None if lost[0] else re2,
        None if lost[1] else python,
        all(p.empty for p in parts),
    )


def _plain(c: str, empty: bool = False) -> Said:
    said = re.escape(c) if c.isascii() else c
    return Said(said, said, empty)


class _Reader(ClassReader):
    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self.groups: list[Group] = []
        self.ignores_case = False
        self.end = False
        self.end_last = True
        self.multiline = self.dot_all = self.extended = False

    def whole(self) -> Regex:
        said = self.branches(0)
        if self.peek() == ")":
            raise invalid("unmatched close parenthesis")
        if self.ignores_case and re.search(f"[{SEVERAL}]", self.text):
            raise not_run("a pattern that ignores the case of letters like ß")
        if said.re2 is None and said.python is None:
            raise not_run(f"the regular expression {self.text!r}")
        return Regex(
            said.re2, said.python, said.empty, tuple(self.groups), self.re2_ascii,
            self.python_ascii, self.ignores_case, self.end, self.end_last,
        )  # fmt: skip

    # --- structure ----------------------------------------------------------------------------

    def branches(self, depth: int) -> Said:
        """Up to a `)` or the end; options set inside end with it."""
        if depth > 200:
            raise not_run("a regular expression so deep")
        options = (self.multiline, self.dot_all, self.ignoring, self.extended)
        first_group = len(self.groups)
        made = [self.branch(depth)]
        while self.peek() == "|":
            self.take()
            made.append(self.branch(depth))
        if len(made) > 1:
            self._set_optional(first_group)
        self.multiline, self.dot_all, self.ignoring, self.extended = options
        joined = [
            None if any(part is None for part in side) else "|".join(str(p) for p in side)
            for side in ([m.re2 for m in made], [m.python for m in made])
        ]
        return Said(joined[0], joined[1], any(m.empty for m in made))

    def _set_optional(self, first: int) -> None:
        for i in range(first, len(self.groups)):
            self.groups[i] = self.groups[i]._replace(optional=True)

    def branch(self, depth: int) -> Said:
        parts: list[Said] = []
        ended = False
        while self.at < len(self.text) and self.peek() not in ("|", ")"):
            first_group = len(self.groups)
            start = self.at
            part = self.atom(depth, bool(parts))
            if part is None:
                continue
            if ended:
                self.end_last = False
            part = self.repeated(part, first_group)
            ended = ended or (part.re2 is not None and END in part.re2)
            parts.append(part)
            assert self.at > start
        return _glue(parts)

    def repeated(self, part: Said, first_group: int) -> Said:
        nested = False
        while True:
            if self.extended:
                self.skip_blanks()
            found = re.compile(r"[*+?]|\{(\d+)(,(\d*))?\}").match(self.text, self.at)
            if found is None:
                return part
            self.at = found.end()
            least, most, count = self.bounds(found)
            suffix = self.peek()
            interval = found[0][0] == "{"
            if suffix == "?" and not (interval and most == least):
                self.take()
            elif suffix == "+":
                self.take()
                suffix = "++"
            else:
                suffix = ""
            if least == 0:
                self._set_optional(first_group)
            part = self.quantified(part, count, suffix, max(least, most or 0), nested)
            part = part._replace(empty=part.empty or least == 0)
            nested = True

    def bounds(self, found: re.Match[str]) -> tuple[int, int | None, str]:
        if found[0][0] != "{":
            return (1 if found[0] == "+" else 0), (1 if found[0] == "?" else None), found[0]
        least = int(found[1])
        most = least if found[2] is None else (int(found[3]) if found[3] else None)
        if max(least, most or 0) > 100_000:
            raise invalid("too big number is specified")
        if most is not None and most < least:
            raise invalid("upper is smaller than lower in repeat range")
        return least, most, found[0]

    def quantified(self, part: Said, count: str, suffix: str, most: int, nested: bool) -> Said:
        def wrap(said: str) -> str:
            return f"(?:{said})" if nested else said

        re2 = None if part.re2 is None else wrap(part.re2) + count + suffix
        if suffix == "++" or most > _MOST_REPEATS:
            re2 = None
        mark = "+" if suffix == "++" else suffix
        python = None if part.python is None else wrap(part.python) + count + mark
        return Said(re2, python, part.empty)

    def atom(self, depth: int, follows: bool) -> Said | None:
        if self.extended and self.skip_blanks():
            return None
        c = self.take()
        if c in "*+?":
            raise invalid("target of repeat operator is not specified")
        match c:
            case "(":
                return self.group(depth, follows)
            case "[":
                return self.char_class()
            case "\\":
                return self.escape()
            case ".":
                dot = r"(?s:.)" if self.dot_all else r"[^\n]"
                return Said(dot, dot, False)
            case "^":
                return self.start()
            case "$":
                return self.ending(self.multiline)
        return self.cased(c)

    def skip_blanks(self) -> bool:
        found = re.compile(r"(?:\s|#[^\n]*)+").match(self.text, self.at)
        if found:
            self.at = found.end()
        return found is not None

    def cased(self, c: str) -> Said:
        said = _plain(c)
        if self.ignoring and c.isalpha():
            return Said(f"(?i:{said.re2})", f"(?i:{said.python})", False)
        return said

    def start(self) -> Said:
        if not self.multiline:
            return Said(r"\A", r"\A", True)
        # Not behind a last newline.
        self.end = True
        return Said(r"(?m:^)", r"(?:\A|(?<=\n)(?!\Z))", True)

    def ending(self, multiline: bool) -> Said:
        if multiline:
            return Said(r"(?m:$)", r"(?m:$)", True)
        self.end = True
        return Said(END, r"(?=\n?\Z)", True)

    # --- groups -------------------------------------------------------------------------------

    def close(self) -> None:
        if self.take() != ")":
            raise invalid("end pattern with unmatched parenthesis")

    def group(self, depth: int, follows: bool) -> Said | None:
        if self.peek() != "?":
            return self.capture(None, depth)
        self.take()
        head = re.compile(r":|=|!|<=|<!|>|#|<([A-Za-z_]\w*)>").match(self.text, self.at)
        if head is None:
            return self.options(depth, follows)
        self.at = head.end()
        if head[1]:
            return self.capture(head[1], depth)
        if head[0] == "#":
            closed = self.text.find(")", self.at)
            if closed < 0:
                raise invalid("end pattern in group")
            self.at = closed + 1
            return None
        inside = self.branches(depth + 1)
        self.close()
        if head[0] == ":":
            return Said(
                None if inside.re2 is None else f"(?:{inside.re2})",
                None if inside.python is None else f"(?:{inside.python})",
                inside.empty,
            )
        python = None if inside.python is None else f"(?{head[0]}{inside.python})"
        return Said(None, python, head[0] != ">" or inside.empty)

    def capture(self, name: str | None, depth: int) -> Said:
        place = len(self.groups)
        self.groups.append(Group(name, False, False))
        inside = self.branches(depth + 1)
        self.close()
        self.groups[place] = self.groups[place]._replace(name=name, empty=inside.empty)
        named = f"?P<{name}>" if name else ""
        return Said(
            None if inside.re2 is None else f"({inside.re2})",
            None if inside.python is None else f"({named}{inside.python})",
            inside.empty,
        )

    def options(self, depth: int, follows: bool) -> Said | None:
        found = re.compile(r"([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])").match(self.text, self.at)
        if found is None:
            rest = self.text[self.at :]
            if re.match(r"<?\w*$|$", rest):
                raise invalid("end pattern with unmatched parenthesis")
            raise invalid("undefined group option")
        self.at = found.end()
        before = (self.multiline, self.dot_all, self.ignoring, self.extended)
        for letters, on in ((found[1], True), (found[2] or "", False)):
            for letter in letters:
                self.option(letter, on)
        if found[3] == ")":
            # Joni ends such an option with its branch.
            if follows and self._branches_follow():
                raise not_run(f"options inside a branch of the regular expression {self.text!r}")
            return None
        inside = self.branches(depth + 1)
        self.close()
        self.multiline, self.dot_all, self.ignoring, self.extended = before
        return Said(
            None if inside.re2 is None else f"(?:{inside.re2})",
            None if inside.python is None else f"(?:{inside.python})",
            inside.empty,
        )

    def _branches_follow(self) -> bool:
        return "|" in self.text[self.at :]

    def option(self, letter: str, on: bool) -> None:
        match letter:
            case "i":
                self.ignoring = on
                self.ignores_case = self.ignores_case or on
            case "m":
                self.multiline = on
            case "s":
                self.dot_all = on
            case "x":
                self.extended = on
            case _:
                raise invalid("undefined group option")

    # --- escapes ------------------------------------------------------------------------------

    def escape(self) -> Said:
        c = self.take()
        match c:
            case "":
                raise invalid("end pattern at escape")
            case "d" | "D" | "w" | "W":
                return Said(f"\\{c}", f"(?a:\\{c})", False)
            case "s":
                return Said(r"[\t-\r ]", r"[\t-\r ]", False)
            case "S":
                return Said(r"[^\t-\r ]", r"[^\t-\r ]", False)
            case "b" | "B":
                self.re2_ascii = True
                return Said(f"\\{c}", f"\\{c}", True)
            case "A":
                return Said(r"\A", r"\A", True)
            case "z":
                return Said(r"\z", r"\Z", True)
            case "Z":
                return self.ending(False)
            case "G" | "c" | "C" | "M":
                raise not_run(f"\\{c} in a regular expression")
            case "Q":
                return self.quoted()
            case "k":
                return self.named_reference()
            case "p" | "P":
                return self.property(c == "P")
        if c in "123456789":
            return self.reference(c)
        code = self.code(c)
        return self.cased(chr(code) if code is not None else c)

    def quoted(self) -> Said:
        end = self.text.find("\\E", self.at)
        literal = self.text[self.at :] if end < 0 else self.text[self.at : end]
        self.at = len(self.text) if end < 0 else end + 2
        if len(literal) != 1 and re.compile(r"[*+?{]").match(self.text, self.at):
            raise not_run("a repeated \\Q…\\E in a regular expression")
        return _glue([self.cased(c) for c in literal])

    def reference(self, c: str) -> Said:
        rest = re.compile(r"\d*").match(self.text, self.at)
        digits = c + (rest[0] if rest else "")
        if int(digits) > len(self.groups):
            raise not_run(f"\\{digits} in the regular expression {self.text!r}")
        self.at += len(digits) - 1
        if self.ignoring:
            raise not_run("a back reference that ignores case")
        return Said(None, f"(?:\\{digits})", True)

    def named_reference(self) -> Said:
        found = re.compile(r"<(\w+)>").match(self.text, self.at)
        if found is None or self.ignoring:
            raise not_run(f"\\k in the regular expression {self.text!r}")
        self.at = found.end()
        if found[1] not in [g.name for g in self.groups]:
            raise invalid(f"undefined name <{found[1]}> reference")
        return Said(None, f"(?P={found[1]})", True)

    def property(self, negated: bool) -> Said:
        inner = self.property_class()
        sign = "^" if negated else ""
        re2, python = inner
        return Said(
            None if re2 is None else f"[{sign}{re2}]",
            None if python is None else f"[{sign}{python}]",
            False,
        )


@functools.lru_cache(maxsize=256)
def translate(pattern: str) -> Regex:
    """Raises `QueryFailed`: Trino's error, or NOT_SUPPORTED."""
    return _Reader(pattern).whole()


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> tuple[Regex, re.Pattern[str]]:
    """For Python; raises as `translate`."""
    translated = translate(pattern)
    if translated.python is None:
        raise not_run(f"the regular expression {pattern!r} over such a text")
    try:
        return translated, re.compile(translated.python)
    except re.error as error:
        raise not_run(f"the regular expression {pattern!r}") from error


def matcher(pattern: str, text: str) -> tuple[Regex, re.Pattern[str]]:
    """As `compiled`, where Python's answer over `text` is Trino's."""
    made = compiled(pattern)
    if not text.isascii() and (made[0].python_ascii or made[0].ignores_case):
        raise not_run(f"the regular expression {pattern!r} over letters beyond ASCII")
    return made
