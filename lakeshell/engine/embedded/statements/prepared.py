"""PREPARE, EXECUTE, EXECUTE IMMEDIATE, DEALLOCATE PREPARE, DESCRIBE INPUT and OUTPUT."""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.typed import refused, rejected
from lakeshell.errors import QueryFailed
from lakeshell.sql import ast
from lakeshell.sql.parser import parse_statement


def prepare(statement: ast.Prepare, host: Host) -> Outcome:
    kind = _NEVER_PREPARED.get(type(statement.statement))
    if kind is not None:
        message = f"Invalid statement type for prepared statement: {kind}"
        raise rejected("NOT_SUPPORTED", message, None)
    host.session.prepared[statement.name.key] = statement.text
    return changed("PREPARE")


def prepared_statement(name: ast.Identifier, host: Host) -> ast.Statement:
    text = host.session.prepared.get(name.key)
    if text is None:
        raise QueryFailed(f"Prepared statement not found: {name.value}", code="NOT_FOUND")
    return parse_statement(text)


def execute(statement: ast.Execute, host: Host) -> Outcome:
    return _run(prepared_statement(statement.name, host), statement.arguments, host)


def execute_immediate(statement: ast.ExecuteImmediate, host: Host) -> Outcome:
    return _run(statement.statement, statement.arguments, host)


_NEVER_PREPARED: dict[type[ast.Node], str] = {
    ast.Prepare: "PREPARE",
    ast.Execute: "EXECUTE",
    ast.ExecuteImmediate: "EXECUTE IMMEDIATE",
    ast.Deallocate: "DEALLOCATE",
}


def _run(
    statement: ast.Statement,
    arguments: Sequence[ast.Expression],
    host: Host,
) -> Outcome:
    from lakeshell.engine.embedded.statements import execute as run

    check_parameters(statement, len(arguments), statement.at)
    return run(statement, host.with_parameters(arguments))


def check_parameters(statement: ast.Node, given: int, at: ast.Position) -> None:
    """Raises INVALID_PARAMETER_USAGE where there is not a value for each `?`."""
    expected = sum(isinstance(node, ast.Parameter) for node in statement.walk())
    if expected != given:
        raise rejected(
            "INVALID_PARAMETER_USAGE",
            f"Incorrect number of parameters: expected {expected} but found {given}",
            at,
        )


def deallocate(statement: ast.Deallocate, host: Host) -> Outcome:
    if host.session.prepared.pop(statement.name.key, None) is None:
        raise QueryFailed(f"Prepared statement not found: {statement.name.value}", code="NOT_FOUND")
    return changed("DEALLOCATE")


def describe(statement: ast.DescribePrepared, host: Host) -> Outcome:
    prepared_statement(statement.name, host)
    raise refused(f"DESCRIBE {statement.kind.upper()}", statement.at)
