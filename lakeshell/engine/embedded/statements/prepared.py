"""PREPARE, EXECUTE, EXECUTE IMMEDIATE, DEALLOCATE PREPARE, DESCRIBE INPUT and OUTPUT."""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.engine.embedded.binding.expressions import column_name
from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.values.typed import refused, rejected
from lakeshell.errors import QueryFailed
from lakeshell.sql import ast
from lakeshell.sql.parser import parse_statement


def prepare(statement: ast.Prepare, host: Host) -> Outcome:
    kind = _NEVER_PREPARED.get(type(statement.statement))
    if kind is not None:
        message = f"Invalid statement type for prepared statement: {kind}"
        raise rejected("NOT_SUPPORTED", message, None)
    from lakeshell.engine.embedded.wording.queries import statement_text

    laid_out = statement_text(statement.statement)
    host.session.prepared[statement.name.key] = laid_out or statement.text
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
    for argument in arguments:
        _check_constant(argument, argument.at)
    return run(statement, host.with_parameters(arguments))


def _check_constant(node: ast.Node, at: ast.Position) -> None:
    if column_name(node) is not None:
        message = "Constant expression cannot contain column references"
        raise rejected("EXPRESSION_NOT_CONSTANT", message, at)
    if isinstance(node, ast.Query):
        raise refused("a subquery as the value of a parameter", node.at)
    inside = node.arguments if isinstance(node, ast.FunctionCall) else node.children()
    for child in inside:
        if not isinstance(child, ast.Lambda):
            _check_constant(child, at)


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
