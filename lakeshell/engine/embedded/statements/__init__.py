"""Every statement that is not a query: definitions, changes of rows, what is shown.

In: a parsed statement and its `Host`. Out: an `Outcome` with Trino's update type and row count, or
Trino's error at Trino's place. A statement that changes a table is one commit.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from lakeshell.engine.embedded.values.typed import refused
from lakeshell.model import Estimate
from lakeshell.sql import ast

if TYPE_CHECKING:
    from lakeshell.engine.embedded.statements.host import Host, Outcome

_PLACES: dict[type[ast.Node], str] = {
    ast.CreateSchema: "schemas.create_schema",
    ast.CreateTable: "tables.create_table",
    ast.CreateTableAs: "tables.create_table_as",
    ast.Drop: "drops.drop",
    ast.Rename: "drops.rename",
    ast.AddColumn: "columns.add_column",
    ast.DropColumn: "columns.drop_column",
    ast.RenameColumn: "columns.rename_column",
    ast.AlterColumn: "columns.alter_column",
    ast.SetProperties: "tables.set_properties",
    ast.Comment: "columns.comment",
    ast.CreateView: "views.create_view",
    ast.Insert: "rows.insert",
    ast.Update: "rows.update",
    ast.Delete: "rows.delete",
    ast.Truncate: "rows.truncate",
    ast.Merge: "merge.merge",
    ast.TableExecute: "procedures.table_execute",
    ast.Call: "procedures.call",
    ast.Analyze: "procedures.analyze",
    ast.Show: "show.show",
    ast.Use: "sessions.use",
    ast.SetSession: "sessions.set_session",
    ast.SetTimeZone: "sessions.set_time_zone",
    ast.Prepare: "prepared.prepare",
    ast.Execute: "prepared.execute",
    ast.ExecuteImmediate: "prepared.execute_immediate",
    ast.Deallocate: "prepared.deallocate",
    ast.DescribePrepared: "prepared.describe",
    ast.Explain: "explain.explain",
}


def execute(statement: ast.Statement, host: Host) -> Outcome:
    """Runs the statement; rows, where it has any, come as they are read."""
    if isinstance(statement, ast.Query):
        from lakeshell.engine.embedded.statements.host import query_outcome

        return query_outcome(statement, host)
    if isinstance(statement, ast.Unsupported):
        raise refused(statement.construct, statement.at)
    outcome: Outcome = _found(statement)(statement, host)
    return outcome


def estimate(statement: ast.Statement, host: Host) -> Estimate:
    """What the statement would scan at most. Nothing is run."""
    match statement:
        case ast.Execute():
            from lakeshell.engine.embedded.statements.prepared import prepared_statement

            prepared = prepared_statement(statement.name, host)
            return estimate(prepared, host.with_parameters(statement.arguments))
        case ast.ExecuteImmediate():
            return estimate(statement.statement, host.with_parameters(statement.arguments))
    query = _read_by(statement)
    return Estimate(0) if query is None else host.estimate(host.binder().query(query))


def _found(statement: ast.Statement) -> Any:
    module, _, name = _PLACES[type(statement)].partition(".")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def _read_by(statement: ast.Statement) -> ast.Query | None:
    """The query that stands for what a statement reads."""
    match statement:
        case ast.Query():
            return statement
        case ast.Insert() | ast.CreateTableAs():
            return statement.query
        case ast.Explain(statement=inner, analyze=True):
            return _read_by(inner)
        case ast.Update() | ast.Delete() | ast.Merge():
            relation = ast.Table(statement.table)
            everything = ast.Select(False, (ast.SelectAll(),), relation)
            return ast.Query(everything)
    return None
