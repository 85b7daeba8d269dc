"""Windows, sort keys, filters and quantifiers: what may stand in and after a call.

In: tokens. Out: their nodes. Row pattern matching is refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.sql.ast.expressions import Frame, FrameBound, Listagg, SortItem, WindowSpec
from lakeshell.sql.ast.nodes import Identifier
from lakeshell.sql.parser.cursor import EXPRESSION_STARTS, IDENTIFIERS
from lakeshell.sql.parser.forms import FormParser

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression

_FRAMES = ("ROWS", "RANGE", "GROUPS")
_PATTERNS = frozenset({"AFTER", "INITIAL", "SEEK", "PATTERN", "SUBSET", "DEFINE"})


class WindowParser(FormParser):
    def sort_item(self) -> SortItem:
        place = self.place
        key = self.expression()
        descending = self.kind == "DESC"
        if self.kind in ("ASC", "DESC"):
            self.index += 1
        nulls_first = None
        if self.accept("NULLS"):
            nulls_first = self.expect_one("FIRST", "LAST") == "FIRST"
        return SortItem(key, descending, nulls_first, at=place)

    def order_by(self) -> tuple[SortItem, ...]:
        """`ORDER BY …`, or nothing."""
        if not self.accept("ORDER"):
            return ()
        self.expect("BY")
        return self.listed(self.sort_item)

    def set_quantifier(self, *also: str) -> bool:
        """DISTINCT, ALL or nothing; whether it is DISTINCT. `also`: what may follow ALL besides."""
        if self.accept("DISTINCT"):
            return True
        if self.kind == "ALL" and (self.ahead() in EXPRESSION_STARTS or self.ahead() in also):
            if self.ahead() == "AT" and self.ahead(2) == "TIME":
                return False
            self.index += 1
        return False

    def filter(self) -> Expression | None:
        if not (self.kind == "FILTER" and self.ahead() == "("):
            return None
        self.expect("FILTER", "(", "WHERE")
        made = self.expression()
        self.expect(")")
        return made

    def over(self) -> WindowSpec | Identifier | None:
        """`OVER name` or `OVER (…)`, or nothing."""
        if self.kind != "OVER" or (self.ahead() != "(" and self.ahead() not in IDENTIFIERS):
            return None
        self.expect("OVER")
        if self.kind != "(":
            return self.identifier()
        return self.in_parentheses(self.window_spec)

    def window_spec(self) -> WindowSpec:
        place = self.place
        base = self.identifier() if self._base_ahead() else None
        partition_by: tuple[Expression, ...] = ()
        if self.accept("PARTITION"):
            self.expect("BY")
            partition_by = self.listed(self.expression)
        order_by = self.order_by()
        if self.kind == "MEASURES":
            self.refuse("row pattern matching in a window", self.place)
        frame = self._frame() if self.kind in _FRAMES else None
        if frame is not None and self.kind in _PATTERNS:
            self.refuse("row pattern matching in a window", self.place)
        return WindowSpec(base, partition_by, order_by, frame, at=place)

    def _base_ahead(self) -> bool:
        kind, following = self.kind, self.ahead()
        if kind not in IDENTIFIERS:
            return False
        if kind == "PARTITION":
            return following != "BY"
        if kind in _FRAMES:
            named = following == "PARTITION" and self.ahead(2) == "BY"
            return named or following in (")", "ORDER") or following in _FRAMES
        return kind != "MEASURES" or following == ")"

    def _frame(self) -> Frame:
        place = self.place
        kind = self.expect_one(*_FRAMES).lower()
        if not self.accept("BETWEEN"):
            return Frame(kind, self._bound(), None, at=place)
        start = self._bound()
        self.expect("AND")
        return Frame(kind, start, self._bound(), at=place)

    def _bound(self) -> FrameBound:
        place = self.place
        if self.kind == "UNBOUNDED" and self.ahead() in ("PRECEDING", "FOLLOWING"):
            self.index += 1
            return FrameBound(
                f"unbounded {self.expect_one('PRECEDING', 'FOLLOWING').lower()}", at=place
            )
        if self.accept_words("CURRENT", "ROW"):
            return FrameBound("current row", at=place)
        value = self.expression()
        return FrameBound(self.expect_one("PRECEDING", "FOLLOWING").lower(), value, at=place)

    def listagg(self) -> Expression:
        place = self.expect("LISTAGG")
        self.expect("(")
        distinct = self.set_quantifier()
        value = self.expression()
        separator = self.string_literal() if self.accept(",") else None
        overflow, filler, with_count = "error", None, False
        if self.accept("ON"):
            self.expect("OVERFLOW")
            overflow = self.expect_one("ERROR", "TRUNCATE").lower()
            if overflow == "truncate":
                filler = self.string() if self.kind in ("string", "ustring") else None
                with_count = self.expect_one("WITH", "WITHOUT") == "WITH"
                self.expect("COUNT")
        self.expect(")", "WITHIN")
        self.expect("GROUP", "(", "ORDER", "BY")
        order_by = self.listed(self.sort_item)
        self.expect(")")
        kept = self.filter()
        if self.kind == "OVER" and self.over() is not None:
            self.refuse("LISTAGG over a window", place)
        return Listagg(
            value, separator, distinct, overflow, filler, with_count, order_by, kept, at=place
        )
