"""Views whose tables have changed under them: found, and made anew from what they say.

In: a view of the catalog and the engine. Out: why it is stale, or the statement and the session that
make it again. A view keeps the names and types of its columns; when a column under it is gone, has
another name or a type that is no longer taken for it, the view cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

from lakeshell.errors import LakeshellError, QueryFailed, UsageError, command_line
from lakeshell.model import LAKE, CatalogTable, TableKind
from lakeshell.ports import Engine, Session
from lakeshell.query.making import quoted
from lakeshell.query.order import Order, Services
from lakeshell.query.run import run_query

_STALE = frozenset({"VIEW_IS_STALE", "INVALID_VIEW", "VIEW_IS_RECURSIVE"})
_HEAD = re.compile(r"CREATE VIEW (.*?) AS\n", re.DOTALL)


def stale(view: CatalogTable, engine: Engine, session: Session) -> str | None:
    """Why the view cannot be read any more; None where it can, or where that cannot be told now."""
    try:
        engine.estimate(f"SELECT * FROM {quoted(view.name)}", session)
    except QueryFailed as error:
        return error.message if error.code in _STALE else None
    except LakeshellError:
        return None
    return None


def stale_views(
    tables: Sequence[CatalogTable], engine: Callable[[], Engine], session: Callable[[], Session]
) -> list[tuple[CatalogTable, str]]:
    """Those of the tables that are stale views, each with why. Without a view nothing is opened."""
    found = []
    for table in tables:
        if table.kind is TableKind.VIEW:
            why = stale(table, engine(), session())
            if why is not None:
                found.append((table, why))
    return found


def recreation(
    view: CatalogTable, engine: Engine, session: Session, query: str | None = None
) -> tuple[str, Session]:
    """The statement that makes the view again, from its own query or from another, with its comment
    and security; and a session in which its names mean what they meant. Raises `UsageError`."""
    if view.kind is not TableKind.VIEW:
        raise UsageError(f"{view.name} is no view", hint="see: lakeshell catalog tables")
    text = _shown(f"SHOW CREATE VIEW {quoted(view.name)}", engine, session)
    head = _HEAD.match(text)
    if head is None:
        raise UsageError(
            f"{view.name} is no view that Trino made", hint="make it again: CREATE OR REPLACE VIEW"
        )
    definition = query if query is not None else view.definition
    there = replace(
        session,
        catalog=view.parameters.get("viewCatalog") or LAKE,
        database=view.parameters.get("viewSchema") or view.name.database,
    )
    return f"CREATE OR REPLACE VIEW {head[1]} AS\n{definition}", there


def recreate(view: CatalogTable, services: Services, session: Session, query: str | None) -> None:
    """Makes the view again; it has its record as any other statement. Raises what its query is
    rejected for, at its place in the query."""
    statement, there = recreation(view, services.engine(), session, query)
    try:
        run_query(Order(statement), there, services)
    except QueryFailed as error:
        if error.line is not None:
            head = statement.removesuffix(view.definition if query is None else query)
            error.line = max(1, error.line - head.count("\n"))
        if query is None and not error.hint:
            error.hint = f"give it another query: {command_line('catalog', 'recreate-view', view.name)} -e SQL"
        raise


def _shown(sql: str, engine: Engine, session: Session) -> str:
    with closing(engine.run(sql, session)) as running:
        rows = [row for batch in running.batches() for row in batch.column(0).to_pylist()]
    return str(rows[0])
