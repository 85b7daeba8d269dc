"""A place in a statement's tokens, and what every part of the parser needs there.

In: tokens. Out: names, strings, positions; `SyntaxFault` where the next token does not fit. A
fault knows its token; the furthest one of all that was tried is what gets reported.

Trino's parser predicts: it looks ahead until one way of reading is left, and when none is left it
may fall back on a way that had ended earlier, and then reports that earlier token. `undecided`
holds the predictions under way, outermost first: the token that each falls back to, None for none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TypeVar

from lakeshell.errors import NotSupported, QueryRejected
from lakeshell.sql.ast.nodes import Identifier, Position, QualifiedName
from lakeshell.sql.lexer import Tokens
from lakeshell.sql.names import NON_RESERVED
from lakeshell.sql.parser.strings import InvalidString, plain_text, unicode_text

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression
    from lakeshell.sql.ast.queries import Query

T = TypeVar("T")

MAX_DEPTH = 600
"""How deep a statement may nest. Trino's own stack ends between 500 and 1,000."""
MAX_CHAIN = 2_000
"""How many operators in a row may lean left on each other: Trino's ends between 1,000 and 3,000."""

IDENTIFIERS = NON_RESERVED | {"ident", "quoted", "backquoted", "digit_ident"}
_EXPRESSION_WORDS = """
    string ustring binary integer decimal double ( [ - + ? NOT NULL TRUE FALSE CASE CAST EXISTS
    EXTRACT GROUPING JSON_ARRAY JSON_EXISTS JSON_OBJECT JSON_QUERY JSON_VALUE LISTAGG NORMALIZE
    TRIM CURRENT_CATALOG CURRENT_DATE CURRENT_PATH CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP
    CURRENT_USER LOCALTIME LOCALTIMESTAMP
"""
EXPRESSION_STARTS = IDENTIFIERS | frozenset(_EXPRESSION_WORDS.split())
STRINGS = frozenset({"string", "ustring"})
QUERY_STARTS = frozenset({"SELECT", "TABLE", "VALUES", "WITH"})


class SyntaxFault(Exception):
    """The token at `index` does not fit there; `expected` are the kinds that would.

    `reported` is the token that Trino blames for it.
    """

    def __init__(self, index: int, expected: frozenset[str], reported: int) -> None:
        super().__init__(index)
        self.index = index
        self.expected = expected
        self.reported = reported


def too_large() -> QueryRejected:
    return QueryRejected(
        "statement is too large (stack overflow while parsing)",
        code="SYNTAX_ERROR",
        line=1,
        column=1,
        hint="break the statement up, or use a shorter form such as IN or UNNEST",
    )


class Cursor:
    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.kinds = tokens.kinds
        self.texts = tokens.texts
        self.places = tokens.places
        self.index = 0
        self.depth = 0
        self.parameters = 0
        self.furthest: SyntaxFault | None = None
        self.late: list[QueryRejected] = []
        self.undecided: list[int | None] = []
        self._failed: set[tuple[str, int]] = set()
        self.star_at: Position | None = None
        self._parentheses = (0, 0)

    # --- looking ---------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        return self.kinds[self.index]

    @property
    def place(self) -> Position:
        return self.places[self.index]

    def ahead(self, distance: int = 1) -> str:
        """The kind of the token `distance` further on; `eof` past the end."""
        at = self.index + distance
        return self.kinds[at] if at < len(self.kinds) else "eof"

    def sees(self, *kinds: str) -> bool:
        """Whether the next tokens are of these kinds, in this order."""
        start = self.index
        return tuple(self.kinds[start : start + len(kinds)]) == kinds

    # --- taking ----------------------------------------------------------------------------

    def accept(self, kind: str) -> bool:
        if self.kinds[self.index] == kind:
            self.index += 1
            return True
        return False

    def accept_words(self, *kinds: str) -> bool:
        """Takes all of these tokens, or none."""
        if self.sees(*kinds):
            self.index += len(kinds)
            return True
        return False

    def expect(self, *kinds: str) -> Position:
        """Takes one token of each of these kinds in turn; gives the place of the first."""
        place = self.places[self.index]
        for kind in kinds:
            if self.kinds[self.index] != kind:
                self.fail(kind)
            self.index += 1
        return place

    def expect_one(self, *kinds: str) -> str:
        """Takes one token that is any of `kinds`, and gives its kind."""
        kind = self.kinds[self.index]
        if kind not in kinds:
            self.fail(*kinds)
        self.index += 1
        return kind

    def fail(self, *expected: str) -> NoReturn:
        raise self.missed(*expected)

    def missed(self, *expected: str) -> SyntaxFault:
        """Notes that none of `expected` is here, and gives the fault to raise."""
        fallback = self.undecided[0] if self.undecided else None
        reported = self.index if fallback is None else fallback
        fault = SyntaxFault(self.index, frozenset(expected), reported)
        known = self.furthest
        if known is None or fault.index > known.index:
            self.furthest = fault
        elif fault.index == known.index:
            every = fault.expected | known.expected
            self.furthest = SyntaxFault(fault.index, every, known.reported)
        return fault

    def attempt(self, reading: str, parse: Callable[[], T]) -> T | None:
        """What `parse` gives, or None with nothing taken when it does not fit.

        A `reading` that failed at a place once is not tried there again: nested readings that
        all fail would otherwise take time that doubles with each level.
        """
        if (reading, self.index) in self._failed:
            return None
        start, depth, parameters, late = self.index, self.depth, self.parameters, len(self.late)
        undecided, star_at = len(self.undecided), self.star_at
        try:
            return parse()
        except SyntaxFault:
            self.index, self.depth, self.parameters = start, depth, parameters
            del self.late[late:]
            del self.undecided[undecided:]
            self.star_at = star_at
            self._failed.add((reading, start))
            return None

    def undecidedly(self, parse: Callable[[], T], fallback: int | None = None) -> T:
        """What `parse` gives, while Trino has not yet decided how to read it."""
        self.undecided.append(fallback)
        made = parse()
        self.undecided.pop()
        return made

    def listed(self, parse: Callable[[], T]) -> tuple[T, ...]:
        """One or more, with commas between."""
        made = [parse()]
        while self.kinds[self.index] == ",":
            self.index += 1
            made.append(parse())
        return tuple(made)

    def in_parentheses(self, parse: Callable[[], T]) -> T:
        self.expect("(")
        made = parse()
        self.expect(")")
        return made

    # --- faults ----------------------------------------------------------------------------

    def reject(self, message: str, place: Position) -> NoReturn:
        raise QueryRejected(message, code="SYNTAX_ERROR", line=place.line, column=place.column)

    def reject_late(self, message: str, place: Position) -> None:
        """A wrong part in the right shape: reported only when the whole statement has its shape."""
        self.late.append(
            QueryRejected(message, code="SYNTAX_ERROR", line=place.line, column=place.column)
        )

    def refuse(self, construct: str, place: Position) -> NoReturn:
        raise NotSupported(construct, line=place.line, column=place.column)

    def deeper(self) -> None:
        """One level of nesting more; the caller takes it back by `self.depth -= 1`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_large()

    # --- names and strings -----------------------------------------------------------------

    def identifier(self) -> Identifier:
        kind = self.kinds[self.index]
        if kind not in IDENTIFIERS:
            self.fail("<identifier>")
        text, place = self.texts[self.index], self.places[self.index]
        self.index += 1
        if kind == "quoted":
            if text == '""':
                self.reject("Zero-length delimited identifier not allowed", place)
            return Identifier(text[1:-1].replace('""', '"'), True, at=place)
        if kind == "backquoted":
            self.reject(
                "backquoted identifiers are not supported; use double quotes to quote identifiers",
                place,
            )
        if kind == "digit_ident":
            self.reject(
                "identifiers must not start with a digit; "
                "surround the identifier with double quotes",
                place,
            )
        return Identifier(text, at=place)

    def is_identifier(self, distance: int = 0) -> bool:
        return self.ahead(distance) in IDENTIFIERS

    def qualified_name(self) -> QualifiedName:
        place = self.place
        parts = [self.identifier()]
        while self.accept("."):
            parts.append(self.identifier())
        return QualifiedName(tuple(parts), at=place)

    def identifiers(self) -> tuple[Identifier, ...]:
        """`(a, b)`."""
        return self.in_parentheses(lambda: self.listed(self.identifier))

    def string(self) -> str:
        kind, place, text = self.kind, self.place, self.texts[self.index]
        if kind not in STRINGS:
            self.fail("<string>")
        self.index += 1
        if kind == "string":
            return plain_text(text)
        escape = None
        if self.accept("UESCAPE"):
            if self.kind != "string":
                self.fail("string")
            escape = plain_text(self.texts[self.index])
            self.index += 1
        try:
            return unicode_text(text, escape)
        except InvalidString as fault:
            self.reject_late(str(fault), place)
            return ""

    # --- what other parts of the parser supply ---------------------------------------------

    def expression(
        self, left: Expression | None = None, place: Position | None = None
    ) -> Expression:
        """`left`: its first operand, already taken, which began at `place`."""
        raise NotImplementedError

    def value(self, minimum: int = 1, left: Expression | None = None) -> Expression:
        """An expression without predicates, AND, OR and NOT; `minimum` is a precedence."""
        raise NotImplementedError

    def parenthesized(self) -> Expression:
        """What starts with a parenthesis: a subquery, a row, a lambda, or what it holds."""
        raise NotImplementedError

    def query(self) -> Query:
        raise NotImplementedError

    def continued_query(self, first: Query, place: Position) -> Query:
        """The rest of a query whose first term, in parentheses, is already taken."""
        raise NotImplementedError
