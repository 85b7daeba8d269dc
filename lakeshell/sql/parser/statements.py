"""Statements, each by its first word.

In: tokens. Out: statement nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.sql.parser.cursor import QUERY_STARTS
from lakeshell.sql.parser.queries import QueryParser

if TYPE_CHECKING:
    from lakeshell.sql.ast.statements import Statement


class StatementParser(QueryParser):
    def statement(self) -> Statement:
        if self.kind in QUERY_STARTS or self.kind == "(":
            return self.root_query()
        self.fail("<statement>")
