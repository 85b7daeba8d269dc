"""Which expressions are the same for every row of a group.

In: the keys of a GROUP BY and an expression of the select list, HAVING or ORDER BY. Out: nothing,
or Trino's EXPRESSION_NOT_AGGREGATE and its kin, at Trino's places. Binds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.binding.equality import expression_key
from lakeshell.engine.embedded.binding.expressions import column_name
from lakeshell.engine.embedded.binding.scope import Field, Scope
from lakeshell.engine.embedded.values.typed import rejected
from lakeshell.engine.embedded.wording.expressions import expression_text
from lakeshell.sql import ast
from lakeshell.sql.datatypes import UNKNOWN

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.aggregation import Keys

_NOT_AGGREGATE = "EXPRESSION_NOT_AGGREGATE"
_GROUPED = "must be an aggregate expression or appear in GROUP BY clause"


class Constancy:
    """`outputs` is the scope of ORDER BY: the output columns before the source."""

    def __init__(self, keys: Keys, source: Scope, outputs: Scope | None = None) -> None:
        self.keys = keys
        self.source = source
        self.outputs = outputs
        self._fields = {id(field) for field in keys.fields if field is not None}
        self._of_source = {id(field) for field in source.fields}
        self._of_outputs = {id(field) for field in outputs.fields} if outputs else set()
        self._types = keys.expression_types

    def check(self, node: ast.Expression) -> None:
        if isinstance(node, ast.LongLiteral):
            return
        if not self._constant(node, self.outputs or self.source):
            message = f"'{expression_text(node)}' {_GROUPED}"
            raise rejected(_NOT_AGGREGATE, message, node.at)

    def check_field(self, field: Field) -> None:
        """A column that `*` stands for."""
        if id(field) in self._fields or id(field) not in self._of_source:
            return
        if field.name is None:
            said = str(self.source.fields.index(field) + 1)
        else:
            said = "'" + ".".join((*field.qualifier, field.name)) + "'"
        raise rejected(_NOT_AGGREGATE, f"Column {said} not in GROUP BY clause", None)

    def _all(self, nodes: Iterable[ast.Node | None], scope: Scope) -> bool:
        return all(self._constant(node, scope) for node in nodes if node is not None)

    def _constant(self, node: ast.Node, scope: Scope) -> bool:
        if type(node) in self._types and self._is_key(node, scope):
            return True
        match node:
            case ast.Identifier() | ast.Dereference():
                return self._column(node, scope)
            case ast.ScalarSubquery() | ast.Exists():
                return True
            case ast.InSubquery() | ast.Quantified():
                return self._constant(node.value, scope)
            case ast.Lambda():
                parameters = [Field(p.value, UNKNOWN, "") for p in node.parameters]
                return self._constant(node.body, Scope(parameters, scope))
            case ast.FunctionCall() | ast.Listagg():
                return self._call(node, scope)
            case ast.Grouping():
                self._grouping(node, scope)
                return True
        return self._all(node.children(), scope)

    def _is_key(self, node: ast.Node, scope: Scope) -> bool:
        return self.keys.number(expression_key(node, scope)) is not None

    def _column(self, node: ast.Identifier | ast.Dereference, scope: Scope) -> bool:
        parts = column_name(node)
        if parts is not None:
            resolved = scope.resolve(parts, node.at)
            if resolved is not None:
                field = resolved.field
                return id(field) not in self._of_source or id(field) in self._fields
        assert isinstance(node, ast.Dereference)
        return self._constant(node.base, scope)

    # --- calls ---------------------------------------------------------------------------------

    def _call(self, node: ast.FunctionCall | ast.Listagg, scope: Scope) -> bool:
        from lakeshell.engine.embedded.binding.aggregation import is_aggregate

        if is_aggregate(node):
            self._aggregate(node, scope)
            return True
        assert isinstance(node, ast.FunctionCall)
        if isinstance(node.window, ast.WindowSpec):
            self._window(node.window, scope)
        return self._all(node.arguments, scope)

    def _aggregate(self, node: ast.FunctionCall | ast.Listagg, scope: Scope) -> None:
        from lakeshell.engine.embedded.binding.aggregation import inside, is_aggregate
        from lakeshell.engine.embedded.binding.windows import window_calls

        name = node.name.keys[-1] if isinstance(node, ast.FunctionCall) else "listagg"
        arguments = node.arguments if isinstance(node, ast.FunctionCall) else (node.value,)
        nested = [n for a in arguments for n in inside(a) if is_aggregate(n)]
        if nested:
            said = ", ".join(expression_text(n) for n in nested)
            message = f"Cannot nest aggregations inside aggregation '{name}': [{said}]"
            raise rejected("NESTED_AGGREGATION", message, node.at)
        windows = [n for a in arguments for n in window_calls(a)]
        if windows:
            said = ", ".join(expression_text(n) for n in windows)
            message = (
                "Cannot nest window functions or row pattern measures inside aggregation "
                f"'{name}': [{said}]"
            )
            raise rejected("NESTED_WINDOW", message, node.at)
        self._aggregate_order(node, arguments, scope)
        message = "Invalid reference to output projection attribute from ORDER BY aggregation"
        for argument in (*arguments, *([node.filter] if node.filter is not None else [])):
            self._no_outputs(argument, scope, "COLUMN_NOT_FOUND", message)

    def _aggregate_order(
        self,
        node: ast.FunctionCall | ast.Listagg,
        arguments: tuple[ast.Expression, ...],
        scope: Scope,
    ) -> None:
        said = {expression_key(argument, scope) for argument in arguments}
        for item in node.order_by:
            if node.distinct and expression_key(item.key, scope) not in said:
                message = (
                    "For aggregate function with DISTINCT, ORDER BY expressions must appear in "
                    "arguments"
                )
                raise rejected("EXPRESSION_NOT_IN_DISTINCT", message, item.key.at)
            message = (
                "ORDER BY clause in aggregation function must not reference query output columns"
            )
            self._no_outputs(item.key, scope, "COLUMN_NOT_FOUND", message)

    def _no_outputs(
        self, node: ast.Node, scope: Scope, code: str, message: str, *, placed: bool = True
    ) -> None:
        from lakeshell.engine.embedded.binding.references import references

        for found, field in references(node, scope):
            if id(field) in self._of_outputs:
                raise rejected(code, message, found.at if placed else None)

    def _window(self, window: ast.WindowSpec, scope: Scope) -> None:
        for node in window.partition_by:
            self._window_part(node, scope, f"PARTITION BY expression '{expression_text(node)}'")
        for item in window.order_by:
            self._window_part(item.key, scope, f"ORDER BY expression '{expression_text(item.key)}'")
        if window.frame is None:
            return
        if window.frame.start.value is not None:
            self._window_part(window.frame.start.value, scope, "Window frame start")
        if window.frame.end is not None and window.frame.end.value is not None:
            self._window_part(window.frame.end.value, scope, "Window frame end")

    def _window_part(self, node: ast.Expression, scope: Scope, said: str) -> None:
        if not self._constant(node, scope):
            raise rejected(_NOT_AGGREGATE, f"{said} {_GROUPED}", node.at)

    def _grouping(self, node: ast.Grouping, scope: Scope) -> None:
        message = (
            "Invalid reference to output of SELECT clause from grouping() expression in ORDER BY"
        )
        for column in node.columns:
            self._no_outputs(column, scope, "INVALID_ARGUMENTS", message, placed=False)
        for column in node.columns:
            parts = column_name(column)
            resolved = scope.resolve(parts, column.at) if parts is not None else None
            if resolved is None or id(resolved.field) not in self._fields:
                message = (
                    "The arguments to GROUPING() must be expressions referenced by the GROUP BY at "
                    f"the associated query level. Mismatch due to {expression_text(column)}."
                )
                raise rejected("INVALID_ARGUMENTS", message, node.at)
