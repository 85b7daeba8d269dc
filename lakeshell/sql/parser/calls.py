"""Primary expressions: names, calls, and whatever a single token announces.

In: tokens. Out: expression nodes, each at its first token.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lakeshell.sql.ast.expressions import (
    ArrayConstructor,
    BooleanLiteral,
    Dereference,
    FunctionCall,
    Lambda,
    NullLiteral,
    Parameter,
    RowConstructor,
    Subscript,
)
from lakeshell.sql.ast.nodes import Position
from lakeshell.sql.parser.cursor import (
    EXPRESSION_STARTS,
    IDENTIFIERS,
    MAX_CHAIN,
    QUERY_STARTS,
    STRINGS,
    too_large,
)
from lakeshell.sql.parser.windows import WindowParser

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression

_ARITIES = {
    "if": (2, 3, "Invalid number of arguments for 'if' function"),
    "nullif": (2, 2, "Invalid number of arguments for 'nullif' function"),
    "coalesce": (2, None, "The 'coalesce' function must have at least two arguments"),
    "try": (1, 1, "The 'try' function must have exactly one argument"),
    "format": (2, None, "The 'format' function must have at least two arguments"),
}


class CallParser(WindowParser):
    def primary(self) -> Expression:
        place = self.places[self.index]
        form = _FORMS.get(self.kinds[self.index])
        made = form(self) if form is not None else self._named()
        if self.kinds[self.index] in (".", "["):
            return self.accessed(made, place)
        return made

    def accessed(self, made: Expression, place: Position) -> Expression:
        """`[index]` and `.field` after a primary expression that began at `place`."""
        chain = 0
        while True:
            kind = self.kinds[self.index]
            if kind == "[":
                self.index += 1
                index = self.value()
                self.expect("]")
                made = Subscript(made, index, at=place)
            elif kind == "." and not (self.ahead() == "*" and self.star_at == place):
                if self.ahead() not in IDENTIFIERS:
                    self.undecided.append(self.index)
                self.index += 1
                made = Dereference(made, self.identifier(), at=place)
            else:
                return made
            chain += 1
            if chain > MAX_CHAIN:
                raise too_large()

    def _named(self) -> Expression:
        kind = self.kinds[self.index]
        if kind not in IDENTIFIERS:
            self.fail("<expression>")
        following = self.kinds[self.index + 1]
        if following == ".":
            return self.call() if self._call_ahead(0) else self.identifier()
        if following == "(":
            return self._called(kind)
        if following in STRINGS:
            return self.interval() if kind == "INTERVAL" else self.typed_string()
        if following == "->":
            return self._lambda()
        if kind == "INTERVAL" and following in ("-", "+") and self.ahead(2) in STRINGS:
            return self.interval()
        if kind == "DOUBLE" and following == "PRECISION" and self.ahead(2) in STRINGS:
            return self.typed_string()
        if kind == "ARRAY" and following == "[":
            return self.array()
        if kind in ("RUNNING", "FINAL") and self._call_ahead(1):
            self.refuse(f"{kind} of row pattern matching", self.place)
        place = self.place
        name = self.identifier()
        if self.kind == "OVER" and self.over() is not None:
            self.refuse("a measure of row pattern matching", place)
        return name

    def _called(self, kind: str) -> Expression:
        """A name with a parenthesis after it."""
        if kind == "ROW":
            row = self.attempt("row", lambda: self.undecidedly(self._row))
            if row is not None:
                return row
        elif kind == "TRY_CAST":
            cast = self.attempt("cast", self.cast)
            if cast is not None:
                return cast
        elif kind == "POSITION":
            position = self.attempt("position", lambda: self.undecidedly(self.position))
            if position is not None:
                return position
        elif kind == "SUBSTRING":
            substring = self.attempt("substring", lambda: self.undecidedly(self.substring))
            if substring is not None:
                return substring
        return self.call()

    def _call_ahead(self, distance: int) -> bool:
        """Whether a qualified name at `distance` from here is followed by a parenthesis."""
        at, kinds = self.index + distance, self.kinds
        if kinds[at] not in IDENTIFIERS:
            return False
        while kinds[at + 1] == "." and kinds[at + 2] in IDENTIFIERS:
            at += 2
        return kinds[at + 1] == "("

    # --- calls -----------------------------------------------------------------------------

    def call(self) -> Expression:
        place = self.place
        name = self.qualified_name()
        self.expect("(")
        self._check_arguments()
        if self.kind == "*":
            self.index += 1
            self.expect(")")
            kept = self.filter()
            made = FunctionCall(name, star=True, filter=kept, window=self.over(), at=place)
            self._check_special(made, 0, place)
            return made
        if self.is_identifier() and self.ahead() == "." and self.ahead(2) == "*":
            self.refuse("a row pattern variable as an argument", self.place)
        distinct = False
        arguments: tuple[Expression, ...] = ()
        if self.kind not in (")", "ORDER"):
            distinct = self.set_quantifier()
            arguments = self.listed(self.expression)
        order_by = self.order_by()
        self.expect(")")
        kept = self.filter()
        nulls = None
        if self.kind in ("IGNORE", "RESPECT") and self.ahead() == "NULLS":
            nulls = self.expect_one("IGNORE", "RESPECT").lower()
            self.expect("NULLS")
            if self.kind != "OVER":
                self.fail("OVER")
        window = self.over()
        if nulls is not None and window is None:
            self.expect("OVER")
            self.fail("(", "<identifier>")
        made = FunctionCall(
            name, arguments, False, distinct, order_by, kept, nulls, window, at=place
        )
        self._check_special(made, len(arguments), place)
        return made

    def _check_arguments(self) -> None:
        """What cannot start an argument: Trino takes the name for a column, and blames the `(`."""
        end = self.index
        while self.kinds[end] == "(":
            end += 1
        first = self.kinds[end]
        nested = end > self.index
        if first in EXPRESSION_STARTS or ((nested and first in QUERY_STARTS) or first == ")"):
            return
        if not nested and first in ("*", "DISTINCT", "ORDER"):
            return
        self.undecided.append(self.index - 1)
        self.index = end
        self.fail("<expression>")

    def _check_special(self, call: FunctionCall, count: int, place: Position) -> None:
        """The special forms refuse what a function would take."""
        name = call.name.keys[0]
        arity = _ARITIES.get(name) if len(call.name.parts) == 1 else None
        if arity is None:
            return
        low, high, message = arity
        if count < low or (high is not None and count > high):
            self.reject_late(message, place)
        elif call.window is not None:
            self.reject_late(f"OVER clause not valid for '{name}' function", place)
        elif call.distinct:
            self.reject_late(f"DISTINCT not valid for '{name}' function", place)
        elif call.nulls is not None:
            self.reject_late(f"Null treatment clause not valid for '{name}' function", place)
        elif call.filter is not None:
            self.reject_late(f"FILTER not valid for '{name}' function", place)

    # --- constructors ----------------------------------------------------------------------

    def _row(self) -> Expression:
        place = self.expect("ROW")
        self.expect("(")
        items = self.listed(self.expression)
        self.expect(")")
        if (self.kind == "FILTER" and self.ahead() == "(") or self.kind == "OVER":
            self.fail(".")
        return RowConstructor(items, (None,) * len(items), at=place)

    def array(self) -> Expression:
        """`ARRAY[a, b]`, or `[a, b]` alone."""
        place = self.place
        self.accept("ARRAY")
        self.expect("[")
        items = () if self.kind == "]" else self.listed(self.expression)
        self.expect("]")
        return ArrayConstructor(items, at=place)

    def _lambda(self) -> Expression:
        place = self.place
        parameter = self.identifier()
        self.expect("->")
        return Lambda((parameter,), self.expression(), at=place)

    def null(self) -> Expression:
        return NullLiteral(at=self.expect("NULL"))

    def boolean(self) -> Expression:
        place = self.place
        return BooleanLiteral(self.expect_one("TRUE", "FALSE") == "TRUE", at=place)

    def parameter(self) -> Expression:
        place = self.expect("?")
        self.parameters += 1
        return Parameter(self.parameters - 1, at=place)


_FORMS: dict[str, Callable[[CallParser], Expression]] = {
    "(": lambda p: p.parenthesized(),
    "-": lambda p: p.number(),
    "integer": lambda p: p.number(),
    "decimal": lambda p: p.number(),
    "double": lambda p: p.number(),
    "string": lambda p: p.string_literal(),
    "ustring": lambda p: p.string_literal(),
    "binary": lambda p: p.binary_literal(),
    "[": CallParser.array,
    "?": CallParser.parameter,
    "NULL": CallParser.null,
    "TRUE": CallParser.boolean,
    "FALSE": CallParser.boolean,
    "CASE": lambda p: p.case(),
    "CAST": lambda p: p.cast(),
    "EXISTS": lambda p: p.exists(),
    "EXTRACT": lambda p: p.extract(),
    "TRIM": lambda p: p.trim(),
    "NORMALIZE": lambda p: p.normalize(),
    "LISTAGG": lambda p: p.listagg(),
    "GROUPING": lambda p: p.grouping(),
    "JSON_EXISTS": lambda p: p.json_exists(),
    "JSON_VALUE": lambda p: p.json_value(),
    "JSON_QUERY": lambda p: p.json_query(),
    "JSON_OBJECT": lambda p: p.json_object(),
    "JSON_ARRAY": lambda p: p.json_array(),
    **dict.fromkeys(
        ("CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"),
        lambda p: p.current_time(),
    ),
    **dict.fromkeys(
        ("CURRENT_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH"),
        lambda p: p.current_name(),
    ),
}
