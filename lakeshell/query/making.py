"""A table or a view made of a query, a look at a table's first rows: the statements that do it.

In: a name and a query as somebody wrote them. Out: the text of one statement, to be run like any
other. Nothing is run here, and nothing looked up.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.errors import UsageError
from lakeshell.model import TableName
from lakeshell.query.statement import statement_kind
from lakeshell.sql.names import quote_identifier

PREVIEW = 20
"""Rows that a preview has."""
KINDS = ("table", "view")


def quoted(name: TableName) -> str:
    """A table of the lake as a statement must write it."""
    return ".".join(map(quote_identifier, name))


def preview_statement(name: TableName, rows: int = PREVIEW) -> str:
    return f"SELECT * FROM {quoted(name)} LIMIT {rows}"


def create_statement(
    kind: str,
    name: TableName,
    query: str,
    parameters: Sequence[str] = (),
    *,
    replace: bool = False,
) -> str:
    """`CREATE TABLE` or `CREATE VIEW` of what `query` gives, which begins in its second line.

    Raises `UsageError` for a statement that gives no rows, and for a view with parameters.
    """
    if statement_kind(query) != "SELECT" or query.split(None, 1)[0].upper() == "EXECUTE":
        raise UsageError(
            f"a {kind} is made of a query, and this is none",
            hint="give it a SELECT, WITH, VALUES or TABLE",
        )
    if kind == "view" and parameters:
        raise UsageError(
            "a view keeps no values for parameters", hint="write the values into its query"
        )
    words = "CREATE OR REPLACE" if replace else "CREATE"
    return f"{words} {kind.upper()} {quoted(name)} AS\n{query}"
