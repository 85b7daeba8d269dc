"""A table or a view made of what a query gives.

In: a query and a name. Out: the statement that makes it. Nothing here runs.
"""

from __future__ import annotations

from lakeshell.errors import UsageError
from lakeshell.query.statement import statement_kind
from lakeshell.sql.names import quote_identifier

KINDS = ("table", "view")


def creation(kind: str, name: str, sql: str) -> str:
    """`CREATE TABLE d.t AS …` or `CREATE VIEW`. `name` is TABLE, DATABASE.TABLE or with the catalog
    before it, unquoted. Raises `UsageError` for another kind or name, and for what is no query."""
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is neither a table nor a view", hint="write table or view")
    parts = name.split(".")
    if not 1 <= len(parts) <= 3 or not all(part.strip() for part in parts):
        raise UsageError(f"{name!r} is no name of a {kind}", hint="write DATABASE.NAME")
    if statement_kind(sql) != "SELECT":
        raise UsageError(
            f"a {kind} is made of a query, and this is none", hint="run a SELECT first"
        )
    quoted = ".".join(quote_identifier(part.strip()) for part in parts)
    # On lines of its own, for the query may end with a remark.
    return f"CREATE {kind.upper()} {quoted} AS\n{sql.strip().rstrip(';').rstrip()}\n"
