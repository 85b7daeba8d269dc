"""Binds expressions: names to columns, operators and calls to typed DuckDB SQL.

In: an expression and the scope round it. Out: a `Typed`. What operators, casts and functions mean
in DuckDB is theirs (`operators`, `casts`, `registry`); here is only which of them is meant, and
what is allowed where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lakeshell.engine.embedded.binding.narrowing import narrowed, narrowed_all
from lakeshell.engine.embedded.binding.scope import Field, Resolved, Scope, missing
from lakeshell.engine.embedded.values import casts, literals, operators
from lakeshell.engine.embedded.values.typed import (
    Argument,
    BoundLambda,
    LambdaArgument,
    Typed,
    named_type,
    rejected,
)
from lakeshell.sql import ast
from lakeshell.sql.datatypes import BOOLEAN, UNKNOWN, RowType, Type

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.aggregation import Aggregated
    from lakeshell.engine.embedded.binding.binder import Binder
    from lakeshell.engine.embedded.binding.windows import Windows


def column_name(node: ast.Node) -> tuple[str, ...] | None:
    """The parts of `a`, `a.b`, `a.b.c`; None for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Dereference):
        parts.append(node.field.key)
        node = node.base
    if not isinstance(node, ast.Identifier):
        return None
    parts.append(node.key)
    return tuple(reversed(parts))


class Expressions:
    """Binds the expressions of one place: one clause of one query.

    `above` is set where expressions stand above a GROUP BY, `below` inside its aggregates; `windows` are the named windows, and
    None where no window function may stand; `correlated` says whether outer queries' columns may
    be read.
    """

    def __init__(
        self,
        binder: Binder,
        scope: Scope,
        *,
        above: Aggregated | None = None,
        below: Aggregated | None = None,
        windows: Windows | None = None,
        correlated: bool = True,
        in_lambda: bool = False,
    ) -> None:
        self.binder = binder
        self.context = binder.context
        self.scope = scope
        self.above = above
        self.below = below
        self.windows = windows
        self.correlated = correlated and binder.correlation
        self.in_lambda = in_lambda

    def bind(self, node: ast.Node) -> Typed:
        """The expression as DuckDB SQL; raises Trino's analysis errors."""
        if self.above is not None:
            made = self.above.find(node, self.scope)
            if made is not None:
                return made
        return _BINDINGS[type(node)](self, node)

    def condition(self, node: ast.Node, clause: str) -> Typed:
        """A boolean, or an untyped NULL made one; `clause` says whose it is."""
        made = self.bind(node)
        if made.type == UNKNOWN:
            return casts.coerce(made, BOOLEAN, self.context)
        if made.type != BOOLEAN:
            message = f"{clause} must evaluate to a boolean: actual type {made.type}"
            raise rejected("TYPE_MISMATCH", message, node.at)
        return made

    def within(self, scope: Scope, *, in_lambda: bool = False) -> Expressions:
        return Expressions(
            self.binder,
            scope,
            above=self.above,
            below=self.below,
            windows=self.windows,
            correlated=self.correlated,
            in_lambda=in_lambda or self.in_lambda,
        )

    # --- names -------------------------------------------------------------------------------

    def column(self, resolved: Resolved, node: ast.Node) -> Typed:
        """The column that a name was resolved to."""
        field = resolved.field
        if not resolved.local and not self.correlated:
            name = ".".join(column_name(node) or (field.name or "",))
            message = f"Reference to column '{name}' from outer scope not allowed in this context"
            raise rejected("NOT_SUPPORTED", message, node.at)
        if resolved.scope.refusal is not None:
            raise rejected("INVALID_COLUMN_REFERENCE", resolved.scope.refusal, node.at)
        if not resolved.local:
            self.binder.reach(resolved.scope, node)
        if resolved.scope.translation is not None:
            made = resolved.scope.translation.field(field, node)
        else:
            self.binder.refer(field)
            made = Typed(field.sql, field.type, node.at, zone=field.zone)
        return made if resolved.local or self.below is None else self.below.lift(made)

    def identifier(self, node: ast.Identifier) -> Typed:
        resolved = self.scope.resolve((node.key,), node.at)
        if resolved is None:
            raise missing(node.value, node.at)
        return self.column(resolved, node)

    def dereference(self, node: ast.Dereference) -> Typed:
        parts = column_name(node)
        if parts is not None:
            resolved = self.scope.resolve(parts, node.at)
            if resolved is not None:
                return self.column(resolved, node)
            if not self.scope.is_column_reference(parts):
                raise missing(".".join(parts), node.at)
        base = self.bind(node.base)
        return self.row_field(base, node, parts)

    def row_field(self, base: Typed, node: ast.Dereference, parts: tuple[str, ...] | None) -> Typed:
        if not isinstance(base.type, RowType):
            from lakeshell.engine.embedded.wording.expressions import expression_text

            message = f"Expression {expression_text(node.base)} is not of type ROW"
            raise rejected("TYPE_MISMATCH", message, node.base.at)
        name = node.field.key
        found = [f for f in base.type.fields if f.name is not None and f.name.lower() == name]
        if len(found) > 1:
            message = f"Ambiguous row field reference: {node.field.value}"
            raise rejected("AMBIGUOUS_NAME", message, node.field.at)
        if not found:
            said = ".".join(parts) if parts else node.field.value
            raise rejected(
                "INVALID_COLUMN_REFERENCE", f"Column reference '{said}' is invalid", node.at
            )
        return operators.dereference(base, name, node.at)

    # --- calls -------------------------------------------------------------------------------

    def call(self, node: ast.FunctionCall) -> Typed:
        from lakeshell.engine.embedded.binding.calls import bind_call

        return bind_call(self, node)

    def arguments(self, nodes: Sequence[ast.Expression]) -> list[Argument]:
        return [
            self.lambda_argument(node) if isinstance(node, ast.Lambda) else self.bind(node)
            for node in nodes
        ]

    def lambda_argument(self, node: ast.Lambda) -> LambdaArgument:
        def bind(types: Sequence[Type]) -> BoundLambda:
            from lakeshell.engine.embedded.binding.aggregation import forbid_aggregates

            forbid_aggregates(node.body, "Lambda expression")
            if len(types) != len(node.parameters):
                message = (
                    f"Expected a lambda that takes {len(types)} argument(s) "
                    f"but got {len(node.parameters)}"
                )
                raise rejected("INVALID_PARAMETER_USAGE", message, node.at)
            names = tuple(self.binder.alias("x") for _ in types)
            fields = [
                Field(parameter.value, type, name)
                for parameter, type, name in zip(node.parameters, types, names, strict=True)
            ]
            inner = self.within(Scope(fields, self.scope), in_lambda=True)
            return BoundLambda(names, inner.bind(node.body))

        return LambdaArgument(len(node.parameters), node.at, bind)

    def stray_lambda(self, node: ast.Lambda) -> Typed:
        message = "Lambda expression should always be used inside a function"
        raise rejected("TYPE_MISMATCH", message, node.at)

    # --- literals, parameters, types -----------------------------------------------------------

    def literal(self, node: ast.Expression) -> Typed:
        return literals.literal(node, self.context)

    def parameter(self, node: ast.Parameter) -> Typed:
        given = self.context.parameters
        if node.index >= len(given):
            message = f"Incorrect number of parameters: expected {node.index + 1} but found "
            raise rejected("INVALID_PARAMETER_USAGE", f"{message}{len(given)}", node.at)
        return self.bind(given[node.index]).moved(node.at)

    def cast(self, node: ast.Cast) -> Typed:
        type = named_type(node.type.text, node.at)
        return casts.cast(self.bind(node.value), type, node.at, self.context, safe=node.safe)


def _operator(name: str, *parts: str) -> Callable[[Expressions, Any], Typed]:
    """A node whose `parts` are bound in order and handed to `operators.name`."""

    def bind(self: Expressions, node: Any) -> Typed:
        bound = [self.bind(getattr(node, part)) for part in parts]
        return getattr(operators, name)(*bound, node.at, self.context)  # type: ignore[no-any-return]

    return bind


def _arithmetic(self: Expressions, node: ast.Arithmetic) -> Typed:
    left, right = self.bind(node.left), self.bind(node.right)
    return operators.arithmetic(node.op, left, right, node.at, self.context)


def _compare(self: Expressions, node: ast.Comparison) -> Typed:
    left, right = self.bind(node.left), self.bind(node.right)
    left, right = narrowed(left, right), narrowed(right, left)
    return operators.compare(node.op, left, right, node.at, self.context)


def _between(self: Expressions, node: ast.Between) -> Typed:
    value, low, high = self.bind(node.value), self.bind(node.low), self.bind(node.high)
    low, high = narrowed_all((low, high), value)
    return operators.between(value, low, high, node.at, self.context)


def _unary(self: Expressions, node: ast.Unary) -> Typed:
    return operators.negate(node.op, self.bind(node.value), node.at, self.context)


def _logical(self: Expressions, node: ast.Logical) -> Typed:
    terms = [self.bind(term) for term in node.terms]
    return operators.logical(node.op, terms, node.at, self.context, folded=self.scope.folded)


def _is_null(self: Expressions, node: ast.IsNull) -> Typed:
    return operators.is_null(self.bind(node.value), node.negated, node.at, self.context)


def _in_list(self: Expressions, node: ast.InList) -> Typed:
    value = self.bind(node.value)
    items = narrowed_all([self.bind(item) for item in node.items], value)
    return operators.in_list(value, items, node.at, self.context, folded=self.scope.folded)


def _like(self: Expressions, node: ast.Like) -> Typed:
    value, pattern = self.bind(node.value), self.bind(node.pattern)
    escape = None if node.escape is None else self.bind(node.escape)
    return operators.like(value, pattern, escape, node.at, self.context)


def _array(self: Expressions, node: ast.ArrayConstructor) -> Typed:
    return operators.array([self.bind(item) for item in node.items], node.at, self.context)


def _row(self: Expressions, node: ast.RowConstructor) -> Typed:
    items = [self.bind(item) for item in node.items]
    names = [None if name is None else name.value for name in node.names]
    return operators.row(items, names, node.at, self.context)


def _simple_case(self: Expressions, node: ast.SimpleCase) -> Typed:
    operand = self.bind(node.operand)
    whens = [(self.bind(when.condition), self.bind(when.result)) for when in node.whens]
    default = None if node.default is None else self.bind(node.default)
    return operators.simple_case(operand, whens, default, node.at, self.context)


def _searched_case(self: Expressions, node: ast.SearchedCase) -> Typed:
    whens = [(self.bind(when.condition), self.bind(when.result)) for when in node.whens]
    default = None if node.default is None else self.bind(node.default)
    return operators.case(whens, default, node.at, self.context)


def _extract(self: Expressions, node: ast.Extract) -> Typed:
    return operators.extract(node.field, self.bind(node.value), node.at, self.context)


def _subquery(name: str) -> Callable[[Expressions, Any], Typed]:
    def bind(self: Expressions, node: Any) -> Typed:
        from lakeshell.engine.embedded.binding import subqueries

        return getattr(subqueries, name)(self, node)  # type: ignore[no-any-return]

    return bind


def _called(name: str) -> Callable[[Expressions, Any], Typed]:
    def bind(self: Expressions, node: Any) -> Typed:
        from lakeshell.engine.embedded.binding import calls

        return getattr(calls, name)(self, node)  # type: ignore[no-any-return]

    return bind


_BINDINGS: dict[type[ast.Node], Callable[[Expressions, Any], Typed]] = {
    ast.Identifier: Expressions.identifier,
    ast.Dereference: Expressions.dereference,
    **dict.fromkeys(
        (
            ast.NullLiteral, ast.BooleanLiteral, ast.LongLiteral, ast.DecimalLiteral,
            ast.DoubleLiteral, ast.StringLiteral, ast.BinaryLiteral, ast.GenericLiteral,
            ast.IntervalLiteral, ast.CurrentTime, ast.CurrentName,
        ),
        Expressions.literal,
    ),
    ast.Parameter: Expressions.parameter,
    ast.Unary: _unary,
    ast.Arithmetic: _arithmetic,
    ast.Comparison: _compare,
    ast.Logical: _logical,
    ast.Not: _operator("not_", "value"),
    ast.IsNull: _is_null,
    ast.Between: _between,
    ast.InList: _in_list,
    ast.InSubquery: _subquery("in_subquery"),
    ast.Like: _like,
    ast.Quantified: _subquery("quantified"),
    ast.Exists: _subquery("exists"),
    ast.ScalarSubquery: _subquery("scalar"),
    ast.Cast: Expressions.cast,
    ast.FunctionCall: Expressions.call,
    ast.Listagg: _called("bind_listagg"),
    ast.Lambda: Expressions.stray_lambda,
    ast.SimpleCase: _simple_case,
    ast.SearchedCase: _searched_case,
    ast.Subscript: _operator("subscript", "base", "index"),
    ast.ArrayConstructor: _array,
    ast.RowConstructor: _row,
    ast.AtTimeZone: _operator("at_time_zone", "value", "zone"),
    ast.Extract: _extract,
    ast.Trim: _called("bind_trim"),
    ast.Grouping: _called("bind_grouping"),
    ast.JsonCall: _called("bind_json"),
    ast.JsonObject: _called("bind_json"),
    ast.JsonArray: _called("bind_json"),
}  # fmt: skip
