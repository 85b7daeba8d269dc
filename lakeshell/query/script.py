"""A script of statements, run one after the other in one session.

    text -> statements -> each with its parameters bound -> one record each

In: the script and its parameters. Out: the rows that it wrote. The first statement that fails ends
it; those before it stay done, each a snapshot of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lakeshell.cost.sizes import rows_text
from lakeshell.errors import QueryFailed, QueryRejected, UsageError
from lakeshell.ports import Session
from lakeshell.query.order import Order, Services
from lakeshell.query.parameters import bind, marked, names, require
from lakeshell.query.run import run_query
from lakeshell.sql.parser.entry import parse_statement
from lakeshell.sql.splitter import split_statements


def run_script(
    text: str,
    parameters: Mapping[str, str],
    session: Session,
    services: Services,
    say: Callable[[str], None],
    job_run: str = "",
) -> int:
    """Runs every statement and drops result rows; `say` is told each one's fate. Raises what the
    first failing statement failed with, its line counted in the whole script."""
    statements = services.engine().split(text)
    known = {name for statement in statements for name in names(statement.text)}
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise UsageError(
            f"the script has no parameter :{unknown[0]}",
            hint=f"it has: {', '.join(sorted(known)) or 'none'}",
        )
    for statement in statements:
        require(statement.text, parameters)
    written = 0
    for number, statement in enumerate(statements, 1):
        sql, literals = bind(statement.text, parameters)
        order = Order(sql, literals, text=statement.text, job_run=job_run, keep_result=False)
        try:
            record = run_query(order, session, services)
        except QueryFailed as error:
            if error.line is not None:
                error.column = (error.column or 1) + (
                    statement.column - 1 if error.line == 1 else 0
                )
                error.line += statement.line - 1
            raise
        rows = record.rows or 0
        if record.kind not in ("SELECT", "SHOW", "DESCRIBE", "EXPLAIN"):
            written += rows
        say(
            f"statement {number} of {len(statements)}, {record.kind}: {rows_text(rows)} "
            f"in {record.elapsed or 0:.2f} s, query {record.id}"
        )
    return written


def check_text(text: str) -> None:
    """Parses statements whose parameters have no values yet; raises what Trino would report of the
    first that is wrong, at its line of the whole text."""
    for statement in split_statements(marked(text)):
        try:
            parse_statement(statement.text)
        except QueryRejected as error:
            if error.line is not None:
                error.line += statement.line - 1
            raise
