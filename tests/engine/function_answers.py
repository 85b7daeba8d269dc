"""Expressions run as statements, their values as Trino's texts."""

from __future__ import annotations

import datetime as dt

import duckdb

from lakeshell.engine.embedded.binding.binder import Binder
from lakeshell.engine.embedded.execution.connection import Connection
from lakeshell.engine.embedded.execution.failures import translated
from lakeshell.engine.embedded.execution.shapes import Shaping
from lakeshell.engine.embedded.values.typed import Context
from lakeshell.ports import Session
from lakeshell.sql import ast
from lakeshell.sql.parser import parse_statement
from lakeshell.sql.render import texts

NOW = dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.UTC)


def answer(sql: str) -> tuple[list[str], list[str | None]]:
    """Types and texts of the only row of a SELECT without tables. Raises `QueryFailed`."""
    context = Context(Session("ada"), NOW)
    statement = parse_statement(sql)
    query = getattr(statement, "query", statement)
    assert isinstance(query, ast.Query)
    bound = Binder(None, context).query(query)  # type: ignore[arg-type]
    connection = Connection(threads=1)
    try:
        connection.supply(context.needs)
        connection.query(bound.sql, 100)
        found = connection.next_batch()
        assert found is not None and found.num_rows == 1
    except duckdb.Error as error:
        raise translated(error) from error
    finally:
        connection.close()
    batch = Shaping(bound.columns).batch(found)
    types = [str(column.type) for column in bound.columns]
    return types, [texts(batch.column(i), c.type)[0] for i, c in enumerate(bound.columns)]
