"""Trino's SQL, text to tree.

In: a statement's or an expression's text. Out: nodes of `lakeshell.sql.ast`, placed where Trino
places its own. Raises `QueryRejected` (SYNTAX_ERROR, at Trino's line and column) for what Trino
cannot parse, `NotSupported` for constructs that only the stack runs. Nothing is dropped in
silence, and nothing is looked up: names and types are for whoever binds them.

Deep statements need a deep stack: parsing raises Python's recursion limit to what the deepest
statement that it lets through needs, for whoever walks the tree too.
"""

from __future__ import annotations

from lakeshell.sql.parser.entry import parse_expression, parse_statement
from lakeshell.sql.splitter import split_statements

__all__ = ["parse_expression", "parse_statement", "split_statements"]
