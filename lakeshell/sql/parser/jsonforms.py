"""The JSON forms of the SQL standard: JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_OBJECT, JSON_ARRAY.

In: tokens. Out: expression nodes. An encoding, and FORMAT JSON where it changes a value, are
refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.sql.ast.expressions import JsonArray, JsonCall, JsonObject, StringLiteral
from lakeshell.sql.ast.nodes import Identifier, TypeName
from lakeshell.sql.parser.cursor import IDENTIFIERS
from lakeshell.sql.parser.literals import LiteralParser

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression

_Passed = tuple["Expression", Identifier]
_Behaviour = tuple[str, "Expression | None"]


class JsonParser(LiteralParser):
    def json_exists(self) -> Expression:
        place = self.expect("JSON_EXISTS")
        self.expect("(")
        value, path, passing = self._path_invocation()
        on_error = None
        if self.kind in ("TRUE", "FALSE", "UNKNOWN", "ERROR"):
            on_error = self.expect_one("TRUE", "FALSE", "UNKNOWN", "ERROR").lower()
            self.expect("ON", "ERROR")
        self.expect(")")
        return JsonCall("json_exists", value, path, passing, on_error=on_error, at=place)

    def json_value(self) -> Expression:
        place = self.expect("JSON_VALUE")
        self.expect("(")
        value, path, passing = self._path_invocation()
        returning = self.type_name() if self.accept("RETURNING") else None
        on_empty, on_error = self._behaviours(("ERROR", "NULL", "DEFAULT"))
        self.expect(")")
        return JsonCall(
            "json_value",
            value,
            path,
            passing,
            returning,
            on_empty=on_empty[0] or None,
            empty_default=on_empty[1],
            on_error=on_error[0] or None,
            error_default=on_error[1],
            at=place,
        )

    def json_query(self) -> Expression:
        place = self.expect("JSON_QUERY")
        self.expect("(")
        value, path, passing = self._path_invocation()
        returning = self._returning()
        wrapper = self._wrapper()
        quotes = None
        if self.kind in ("KEEP", "OMIT"):
            quotes = self.expect_one("KEEP", "OMIT").lower()
            self.expect("QUOTES")
            if self.accept("ON"):
                self.expect("SCALAR", "STRING")
        on_empty, on_error = self._behaviours(("ERROR", "NULL", "EMPTY"))
        self.expect(")")
        return JsonCall(
            "json_query",
            value,
            path,
            passing,
            returning,
            wrapper,
            quotes,
            on_empty=on_empty[0] or None,
            on_error=on_error[0] or None,
            at=place,
        )

    def _path_invocation(self) -> tuple[Expression, StringLiteral, tuple[_Passed, ...]]:
        value = self.expression()
        self._plain_format()
        self.expect(",")
        path = self.string_literal()
        if self.accept("AS"):
            self.identifier()
        passing: tuple[_Passed, ...] = ()
        if self.accept("PASSING"):
            passing = self.listed(self._passed)
        return value, path, passing

    def _passed(self) -> _Passed:
        value = self._value_expression()
        self.expect("AS")
        return value, self.identifier()

    def _value_expression(self) -> Expression:
        value = self.expression()
        if self.kind == "FORMAT":
            self.refuse("FORMAT JSON on a value", self.place)
        return value

    def _plain_format(self) -> None:
        """`FORMAT JSON` where it changes nothing; an encoding is refused."""
        if self.accept("FORMAT"):
            self.expect("JSON")
            if self.kind == "ENCODING":
                self.refuse("ENCODING of JSON", self.place)

    def _returning(self) -> TypeName | None:
        if not self.accept("RETURNING"):
            return None
        made = self.type_name()
        self._plain_format()
        return made

    def _wrapper(self) -> str:
        if self.accept("WITHOUT"):
            self.accept("ARRAY")
            self.expect("WRAPPER")
        elif self.accept("WITH"):
            conditional = self.accept("CONDITIONAL")
            if not conditional:
                self.accept("UNCONDITIONAL")
            self.accept("ARRAY")
            self.expect("WRAPPER")
            return "conditional" if conditional else "unconditional"
        return "without"

    def _behaviours(self, kinds: tuple[str, ...]) -> tuple[_Behaviour, _Behaviour]:
        """What stands before ON EMPTY and ON ERROR; `("", None)` where it is not written."""
        nothing: _Behaviour = ("", None)
        if self.kind not in kinds:
            return nothing, nothing
        first = self._behaviour(kinds)
        self.expect("ON")
        if self.expect_one("EMPTY", "ERROR") == "ERROR":
            return nothing, first
        if self.kind not in kinds:
            return first, nothing
        second = self._behaviour(kinds)
        self.expect("ON", "ERROR")
        return first, second

    def _behaviour(self, kinds: tuple[str, ...]) -> _Behaviour:
        kind = self.expect_one(*kinds)
        if kind == "DEFAULT":
            return "default", self.expression()
        if kind == "EMPTY":
            return f"empty {self.expect_one('ARRAY', 'OBJECT').lower()}", None
        return kind.lower(), None

    # --- constructors ----------------------------------------------------------------------

    def json_object(self) -> Expression:
        place = self.expect("JSON_OBJECT")
        self.expect("(")
        members: tuple[tuple[Expression, Expression], ...] = ()
        null_on_null, unique = True, False
        if not self._no_members():
            members = self.listed(self._member)
            null_on_null = self._null_on_null(default=True)
            if self.kind in ("WITH", "WITHOUT"):
                unique = self.expect_one("WITH", "WITHOUT") == "WITH"
                self.expect("UNIQUE")
                self.accept("KEYS")
        returning = self._returning()
        self.expect(")")
        return JsonObject(members, null_on_null, unique, returning, at=place)

    def json_array(self) -> Expression:
        place = self.expect("JSON_ARRAY")
        self.expect("(")
        items: tuple[Expression, ...] = ()
        null_on_null = False
        if not self._no_members():
            items = self.listed(self._value_expression)
            null_on_null = self._null_on_null(default=False)
        returning = self._returning()
        self.expect(")")
        return JsonArray(items, null_on_null, returning, at=place)

    def _no_members(self) -> bool:
        return self.kind == ")" or (self.kind == "RETURNING" and self.ahead() in IDENTIFIERS)

    def _null_on_null(self, *, default: bool) -> bool:
        if self.kind not in ("NULL", "ABSENT"):
            return default
        null = self.expect_one("NULL", "ABSENT") == "NULL"
        self.expect("ON", "NULL")
        return null

    def _member(self) -> tuple[Expression, Expression]:
        if self.kind == "KEY" and self.ahead() != ":":
            keyed = self.attempt("member", self._keyed_member)
            if keyed is not None:
                return keyed
        key = self.undecidedly(self.expression)
        self.expect_one("VALUE", ":")
        return key, self._value_expression()

    def _keyed_member(self) -> tuple[Expression, Expression]:
        self.expect("KEY")
        key = self.undecidedly(self.expression)
        self.expect("VALUE")
        return key, self._value_expression()
