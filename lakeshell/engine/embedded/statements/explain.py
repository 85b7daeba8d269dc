"""EXPLAIN: whether a statement is right, the plan behind it as a tree, and what it would scan.

The text is this engine's own; Trino's plans mean nothing here.
"""

from __future__ import annotations

from lakeshell.engine.embedded.statements.host import Host, Outcome, listing
from lakeshell.engine.embedded.values.typed import refused
from lakeshell.sql import ast
from lakeshell.sql.datatypes import BOOLEAN


def explain(statement: ast.Explain, host: Host) -> Outcome:
    options = dict(statement.options)
    inner = statement.statement
    if not isinstance(inner, ast.Query):
        raise refused("EXPLAIN of what is no query", statement.at)
    bound = host.binder().query(inner)
    if options.get("type") == "validate":
        return listing(("Valid",), [(True,)], (BOOLEAN,))
    if options.get("format", "text") != "text" or options.get("type") == "io":
        raise refused("EXPLAIN in this form", statement.at)
    lines = [host.explain(bound)]
    if statement.analyze:
        rows = sum(batch.num_rows for batch in host.read(bound))
        lines.append(f"Output: {rows} rows")
    else:
        estimate = host.estimate(bound)
        lines.append(f"Scans at most {estimate.scanned} bytes of {estimate.files} files")
    return listing(("Query Plan",), [("\n".join(lines),)])
