"""The SQL standard's JSON paths, as Trino reads them.

In: a path's text. Out: a `Path`. Named parameters, `like_regex` and `datetime()` are refused.
Plain Python; `jsonpath_evaluation` runs paths.
"""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple

from lakeshell.engine.embedded.functions.json_text import Number
from lakeshell.engine.embedded.values.emission import not_run
from lakeshell.errors import QueryFailed, QueryRejected


class Step(NamedTuple):
    """A node of the path: `kind` and its parts."""

    kind: str
    parts: tuple[Any, ...] = ()


class Path(NamedTuple):
    lax: bool
    root: Step


_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r'|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<name>[A-Za-z_]\w*)|(?P<variable>\$[A-Za-z_]\w*)"
    r"|(?P<mark>\.\.|==|<>|!=|<=|>=|&&|\|\||[$@.\[\](),*?!<>+\-/%]))",
    re.ASCII,
)
_METHODS = ("double", "ceiling", "floor", "abs", "size", "type", "keyvalue", "datetime")
_COMPARISONS = ("==", "<>", "!=", "<=", ">=", "<", ">")


@functools.lru_cache(maxsize=128)
def parse_path(text: str) -> Path:
    """Raises `QueryRejected` over a missing mode, NOT_SUPPORTED over what isn't run or read."""
    mode = re.match(r"\s*(lax|strict)\b", text, re.IGNORECASE)
    if mode is None:
        first = re.match(r"\s*(\w+|.)", text)
        said = first[1] if first else "<EOF>"
        place = first.start(1) if first else len(text)
        if re.match(r"\w|<EOF>", said):
            message = f"mismatched input '{said}' expecting {{'lax', 'strict'}}"
        else:
            message = f"missing {{'lax', 'strict'}} at '{said}'"
        raise QueryRejected(message, code="SYNTAX_ERROR", line=1, column=place + 1)
    reader = _Reader(text, mode.end())
    root = reader.sum()
    if reader.peek():
        raise not_run(f"the JSON path {text!r}")
    return Path(mode[1].lower() == "lax", root)


class _Reader:
    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        self.next = 0
        end = len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None:
                raise not_run(f"the JSON path {text!r}")
            kind = found.lastgroup or ""
            self.tokens.append((kind, found[kind]))
            at = found.end()

    def peek(self, ahead: int = 0) -> str:
        at = self.next + ahead
        return self.tokens[at][1] if at < len(self.tokens) else ""

    def kind(self) -> str:
        return self.tokens[self.next][0] if self.next < len(self.tokens) else ""

    def take(self) -> str:
        said = self.peek()
        self.next += 1
        return said

    def accept(self, said: str) -> bool:
        if self.peek() != said:
            return False
        self.next += 1
        return True

    def expect(self, said: str) -> None:
        if not self.accept(said):
            raise not_run(f"the JSON path {self.text!r}")

    # --- paths --------------------------------------------------------------------------------

    def sum(self) -> Step:
        made = self.product()
        while self.peek() in ("+", "-"):
            op = self.take()
            made = Step("arithmetic", (op, made, self.product()))
        return made

    def product(self) -> Step:
        made = self.signed()
        while self.peek() in ("*", "/", "%"):
            op = self.take()
            made = Step("arithmetic", (op, made, self.signed()))
        return made

    def signed(self) -> Step:
        if self.peek() in ("+", "-"):
            return Step("sign", (self.take(), self.signed()))
        return self.accessors(self.primary())

    def primary(self) -> Step:
        kind, said = self.kind(), self.take()
        if said == "$":
            return Step("root")
        if said == "@":
            return Step("current")
        if said == "(":
            inside = self.sum()
            self.expect(")")
            return inside
        if kind == "number":
            return Step("literal", (Number(said),))
        if kind == "string":
            return Step("literal", (_unquoted(said),))
        match said:
            case "true" | "false":
                return Step("literal", (said == "true",))
            case "null":
                return Step("literal", (None,))
            case "last":
                return Step("last")
        if kind == "variable":
            raise not_run(f"the parameter {said} of a JSON path")
        raise not_run(f"the JSON path {self.text!r}")

    def accessors(self, made: Step) -> Step:
        while True:
            if self.accept(".."):
                made = Step("descendants", (made, self.key()))
            elif self.accept("."):
                made = self.member(made)
            elif self.accept("["):
                made = self.items(made)
            elif self.accept("?"):
                self.expect("(")
                made = Step("filter", (made, self.disjunction()))
                self.expect(")")
            else:
                return made

    def key(self) -> str:
        kind, said = self.kind(), self.take()
        if kind == "string":
            return _unquoted(said)
        if kind != "name":
            raise not_run(f"the JSON path {self.text!r}")
        return said

    def member(self, base: Step) -> Step:
        if self.accept("*"):
            return Step("members", (base,))
        if self.kind() == "name" and self.peek(1) == "(" and self.peek() in _METHODS:
            method = self.take()
            self.take()
            self.expect(")")
            if method == "datetime":
                raise not_run("datetime() in a JSON path")
            return Step("method", (base, method))
        return Step("member", (base, self.key()))

    def items(self, base: Step) -> Step:
        if self.accept("*"):
            self.expect("]")
            return Step("items", (base, None))
        ranges: list[tuple[Step, Step | None]] = []
        while True:
            low = self.sum()
            ranges.append((low, self.sum() if self.accept("to") else None))
            if not self.accept(","):
                break
        self.expect("]")
        return Step("items", (base, tuple(ranges)))

    # --- predicates ---------------------------------------------------------------------------

    def disjunction(self) -> Step:
        made = self.conjunction()
        while self.accept("||"):
            made = Step("or", (made, self.conjunction()))
        return made

    def conjunction(self) -> Step:
        made = self.predicate()
        while self.accept("&&"):
            made = Step("and", (made, self.predicate()))
        return made

    def predicate(self) -> Step:
        if self.accept("!"):
            return Step("not", (self.predicate(),))
        if self.peek() == "exists" and self.peek(1) == "(":
            self.next += 2
            made = Step("exists", (self.sum(),))
            self.expect(")")
            return made
        if self.peek() == "(":
            here = self.next
            grouped = self.grouped()
            if grouped is not None:
                return grouped
            self.next = here
        left = self.sum()
        if self.accept("starts"):
            self.expect("with")
            return Step("starts", (left, self.sum()))
        if self.peek() not in _COMPARISONS:
            raise not_run(f"the JSON path {self.text!r}")
        op = self.take()
        return Step("compare", ("<>" if op == "!=" else op, left, self.sum()))

    def grouped(self) -> Step | None:
        """A predicate in parentheses; None where they hold a path."""
        self.take()
        try:
            inside = self.disjunction()
            self.expect(")")
        except QueryFailed:
            return None
        if self.peek() == "is":
            self.take()
            self.expect("unknown")
            return Step("unknown", (inside,))
        return inside


def _unquoted(said: str) -> str:
    import json

    try:
        return str(json.loads(said))
    except ValueError as error:
        raise not_run(f"the text {said} in a JSON path") from error
