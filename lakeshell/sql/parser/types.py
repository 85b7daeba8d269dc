"""Types as statements name them.

In: tokens. Out: `TypeName`, its text normalised for `datatypes.parse_type`. Whether the type
exists is for whoever binds it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lakeshell.sql.ast.nodes import Identifier, TypeName
from lakeshell.sql.parser.cursor import Cursor

INTERVAL_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
_PLAIN_FIELD = re.compile(r"[a-z_][a-z0-9_]*")


class TypeParser(Cursor):
    _with_means_zone = True

    def type_name(self, *, with_properties: bool = False) -> TypeName:
        """`with_properties`: WITH after the type may start a column's properties."""
        place = self.place
        if with_properties and self.kind in ("TIME", "TIMESTAMP"):
            self._with_means_zone = False
        start = self.index
        text = self._type()
        made = TypeName(text, _spelled(self.texts[start : self.index]), at=place)
        self._with_means_zone = True
        return made

    def _type(self) -> str:
        self.deeper()
        text = self._base_type()
        while self.kind == "ARRAY":
            self.index += 1
            text = f"array({text})"
            if self.accept("["):
                self.expect("integer")
                self.expect("]")
        self.depth -= 1
        return text

    def _base_type(self) -> str:
        kind, following = self.kind, self.ahead()
        if kind == "ROW" and following == "(":
            self.index += 1
            return f"row({', '.join(self.in_parentheses(lambda: self.listed(self._row_field)))})"
        if kind == "INTERVAL" and following in INTERVAL_FIELDS:
            return self._interval_type()
        if kind in ("TIME", "TIMESTAMP"):
            return self._time_type()
        if kind == "DOUBLE" and following == "PRECISION":
            self.index += 2
            return "double"
        if kind == "ARRAY" and following == "<":
            self.index += 2
            element = self._type()
            self.expect(">")
            return f"array({element})"
        if kind == "MAP" and following == "<":
            self.index += 2
            key = self._type()
            self.expect(",")
            value = self._type()
            self.expect(">")
            return f"map({key}, {value})"
        return self._named_type()

    def _named_type(self) -> str:
        if not self.is_identifier():
            self.fail("<type>")
        name = self.identifier().key
        if not self.accept("("):
            return name
        arguments = self.listed(self._type_parameter)
        self.expect(")")
        separator = ", " if name in ("map", "function") else ","
        return f"{name}({separator.join(arguments)})"

    def _type_parameter(self) -> str:
        if self.kind == "integer":
            text = self.texts[self.index]
            self.index += 1
            return text.replace("_", "")
        return self._type()

    def _interval_type(self) -> str:
        self.index += 1
        start = self.expect_one(*INTERVAL_FIELDS).lower()
        if not self.accept("TO"):
            return f"interval {start}"
        return f"interval {start} to {self.expect_one(*INTERVAL_FIELDS).lower()}"

    def _time_type(self) -> str:
        text = self.expect_one("TIME", "TIMESTAMP").lower()
        if self.accept("("):
            parameters = self.listed(self._type_parameter)
            text += f"({','.join(parameters)})"
            self.expect(")")
            if len(parameters) > 1:  # a type of that name which takes more: none is known
                return text
        if self.kind == "WITH" and (self._with_means_zone or self.ahead() == "TIME"):
            self.expect("WITH", "TIME", "ZONE")
            return text + " with time zone"
        if self.kind == "WITHOUT":
            self.expect("WITHOUT", "TIME", "ZONE")
        return text

    def _row_field(self) -> str:
        """A field of a row: a type alone where that fits, otherwise a name and a type."""
        if self.kind == "integer":
            return self._type_parameter()
        alone = self.attempt("type", self._type_alone)
        if alone is not None:
            return alone
        name = self.identifier()
        return f"{_field_name(name)} {self._type()}"

    def _type_alone(self) -> str:
        text = self._type()
        if self.kind not in (",", ")"):
            self.fail(",", ")")
        return text


_LOWER = frozenset({"TIME", "TIMESTAMP", "WITH", "ZONE"})


def _spelled(words: Sequence[str]) -> str:
    """The words of a type as Trino lays them out again; nothing for its older forms."""
    text, before = "", "("
    for n, word in enumerate(words):
        upper = word.upper()
        if upper in ("<", "[", "WITHOUT") or (upper == "ARRAY" and words[n + 1 : n + 2] != ["("]):
            return ""
        if upper == "PRECISION" and before.upper() == "DOUBLE":
            continue
        if upper in _LOWER:
            word = word.lower()
        elif upper in ("ROW", "INTERVAL", *INTERVAL_FIELDS) or (upper == "TO" and text):
            word = upper
        glued = word in "()," or before == "("
        text += word if glued else f" {word}"
        before = word
    return text


def _field_name(name: Identifier) -> str:
    spelled = name.value if name.quoted else name.key
    if _PLAIN_FIELD.fullmatch(spelled):
        return spelled
    return '"' + spelled.replace('"', '""') + '"'
