"""PREPARE, EXECUTE, EXECUTE IMMEDIATE, DEALLOCATE PREPARE, DESCRIBE INPUT and OUTPUT."""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.typed import refused, rejected
from lakeshell.errors import QueryFailed
from lakeshell.sql import ast
from lakeshell.sql.parser import parse_statement


def prepare(statement: ast.Prepare, host: Host) -> Outcome:
    host.session.prepared[statement.name.key] = statement.text
    return changed("PREPARE")


def prepared_statement(name: ast.Identifier, host: Host) -> ast.Statement:
    text = host.session.prepared.get(name.key)
    if text is None:
        raise QueryFailed(f"Prepared statement not found: {name.value}", code="NOT_FOUND")
    return parse_statement(text)


def execute(statement: ast.Execute, host: Host) -> Outcome:
    return _run(prepared_statement(statement.name, host), statement.arguments, statement.at, host)


def execute_immediate(statement: ast.ExecuteImmediate, host: Host) -> Outcome:
    return _run(statement.statement, statement.arguments, statement.at, host)


def _run(
    statement: ast.Statement,
    arguments: Sequence[ast.Expression],
    at: ast.Position,
    host: Host,
) -> Outcome:
    from lakeshell.engine.embedded.statements import execute as run

    expected = _parameters(statement)
    if expected != len(arguments):
        raise rejected(
            "INVALID_PARAMETER_USAGE",
            f"Incorrect number of parameters: expected {expected} but found {len(arguments)}",
            at,
        )
    return run(statement, host.with_parameters(arguments))


def _parameters(statement: ast.Statement) -> int:
    return sum(isinstance(node, ast.Parameter) for node in statement.walk())


def deallocate(statement: ast.Deallocate, host: Host) -> Outcome:
    if host.session.prepared.pop(statement.name.key, None) is None:
        raise QueryFailed(f"Prepared statement not found: {statement.name.value}", code="NOT_FOUND")
    return changed("DEALLOCATE")


def describe(statement: ast.DescribePrepared, host: Host) -> Outcome:
    raise refused(f"DESCRIBE {statement.kind.upper()}", statement.at)
