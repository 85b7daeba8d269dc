"""Binds calls: scalar functions, aggregates, window functions, and the forms with own syntax.

In: a call and the place it stands at. Out: a `Typed` by `registry`, or Trino's error about where
such a call may stand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.binding.aggregation import function_name
from lakeshell.engine.embedded.binding.expressions import Expressions
from lakeshell.engine.embedded.functions import registry
from lakeshell.engine.embedded.values import casts
from lakeshell.engine.embedded.values.typed import Argument, SortKey, Typed, refused, rejected
from lakeshell.errors import QueryRejected
from lakeshell.sql import ast
from lakeshell.sql.coercion import can_coerce, is_comparable, is_orderable
from lakeshell.sql.datatypes import BOOLEAN, VarcharType

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ARGUMENTS = 127


def bind_call(self: Expressions, node: ast.FunctionCall) -> Typed:
    name = function_name(node)
    aggregate = registry.is_aggregate(name)
    if node.window is not None:
        return _windowed(self, node, name, aggregate)
    if aggregate:
        return _above(self, _aggregate(_below(self), node, name, ""))
    if node.distinct:
        message = "DISTINCT is not supported for non-aggregation functions"
        raise rejected("FUNCTION_NOT_AGGREGATE", message, node.at)
    if node.filter is not None:
        message = "Filter is only valid for aggregation functions"
        raise rejected("FUNCTION_NOT_AGGREGATE", message, node.at)
    if node.order_by:
        message = "ORDER BY is only valid for aggregation functions"
        raise rejected("FUNCTION_NOT_AGGREGATE", message, node.at)
    arguments = self.arguments(node.arguments)
    if registry.is_window(name):
        if self.windows is None:
            message = f"Window function system.builtin.{name} requires an OVER clause"
            raise rejected("MISSING_OVER", message, node.at)
        return registry.call_window(
            name, arguments, over=" OVER ()", nulls=node.nulls, at=node.at, context=self.context
        )
    made = registry.call_scalar(name, arguments, node.at, self.context)
    if len(arguments) > MOST_ARGUMENTS:
        message = f"Too many arguments for function call {name}()"
        raise rejected("TOO_MANY_ARGUMENTS", message, node.at)
    return made


def _below(self: Expressions) -> Expressions:
    """The place of an aggregate's arguments: the source that is grouped."""
    if self.above is None:
        return self
    return Expressions(
        self.binder,
        self.above.source,
        below=self.above,
        windows=self.windows,
        correlated=self.correlated,
    )


def _above(self: Expressions, made: Typed) -> Typed:
    return made if self.above is None else self.above.aggregate(made)


def _windowed(self: Expressions, node: ast.FunctionCall, name: str, aggregate: bool) -> Typed:
    if self.windows is None:
        from lakeshell.engine.embedded.wording.expressions import expression_text

        raise refused(f"the window function {expression_text(node)} here", node.at)
    over = self.windows.over(self, node)
    if aggregate:
        return _aggregate(self, node, name, over)
    arguments = self.arguments(node.arguments)
    if registry.is_scalar(name) and not registry.is_window(name):
        registry.call_scalar(name, arguments, node.at, self.context)
        self.windows.validate(node)
    return registry.call_window(
        name, arguments, over=over, nulls=node.nulls, at=node.at, context=self.context
    )


def _aggregate(self: Expressions, node: ast.FunctionCall, name: str, over: str) -> Typed:
    condition = None if node.filter is None else _filter(self, node.filter)
    arguments = self.arguments(node.arguments)
    keys = _sort_keys(self, node, node.order_by)
    made = registry.call_aggregate(
        name,
        arguments if _computed_before(self, over) else _guarded(arguments, condition),
        distinct=node.distinct,
        filter=condition,
        order_by=keys,
        over=over,
        star=node.star,
        at=node.at,
        context=self.context,
    )
    if node.distinct:
        _comparable(arguments, node)
    return made


def _computed_before(self: Expressions, over: str) -> bool:
    """Whether Trino computes an aggregate's arguments before its FILTER: it does unless rows that
    no aggregate wants are left out first."""
    return not over and self.below is not None and self.below.keeps_rows


_COLUMN = re.compile(r'\w+\.(?:\w+|"[^"]*")')


def _guarded(arguments: Sequence[Argument], condition: Typed | None) -> Sequence[Argument]:
    """The arguments, not evaluated where the FILTER leaves the row out: they may fail there."""
    if condition is None:
        return arguments
    return [
        Typed(f"(CASE WHEN {condition.sql} THEN {a.sql} END)", a.type, a.at, zone=a.zone)
        if isinstance(a, Typed) and not a.is_constant and not _COLUMN.fullmatch(a.sql)
        else a
        for a in arguments
    ]


def _filter(self: Expressions, node: ast.Expression) -> Typed:
    value = self.bind(node)
    if not can_coerce(value.type, BOOLEAN):
        message = f"Filter expression must evaluate to a boolean (actual: {value.type})"
        raise rejected("TYPE_MISMATCH", message, node.at)
    return casts.coerce(value, BOOLEAN, self.context) if value.type != BOOLEAN else value


def _sort_keys(self: Expressions, node: ast.Node, items: Sequence[ast.SortItem]) -> list[SortKey]:
    keys = []
    for item in items:
        value = self.bind(item.key)
        if not is_orderable(value.type):
            message = f"ORDER BY can only be applied to orderable types (actual: {value.type})"
            raise rejected("TYPE_MISMATCH", message, node.at)
        if not value.is_constant:
            keys.append(SortKey(value, item.descending, bool(item.nulls_first)))
    return keys


def _comparable(arguments: Sequence[Argument], node: ast.FunctionCall) -> None:
    for argument in arguments:
        if isinstance(argument, Typed) and not is_comparable(argument.type):
            message = f"DISTINCT can only be applied to comparable types (actual: {argument.type})"
            raise rejected("TYPE_MISMATCH", message, node.at)


# --- forms with a syntax of their own --------------------------------------------------------


def bind_listagg(self: Expressions, node: ast.Listagg) -> Typed:
    from lakeshell.engine.embedded.functions.aggregate import listagg

    below = _below(self)
    condition = None if node.filter is None else _filter(below, node.filter)
    value = below.bind(node.value)
    if not isinstance(value.type, VarcharType):
        from lakeshell.engine.embedded.wording.expressions import expression_text

        said = expression_text(node.value)
        message = f"Expected expression of varchar, but '{said}' has {value.type} type"
        raise rejected("TYPE_MISMATCH", message, node.at)
    separator = None if node.separator is None else below.bind(node.separator)
    keys = _sort_keys(below, node, node.order_by)
    made = listagg(
        value, separator, distinct=node.distinct, overflow=node.overflow, filler=node.filler,
        with_count=node.with_count, order_by=keys, filter=condition, at=node.at,
        context=self.context,
    )  # fmt: skip
    return _above(self, made)


def bind_trim(self: Expressions, node: ast.Trim) -> Typed:
    name = {"both": "trim", "leading": "ltrim", "trailing": "rtrim"}[node.side]
    arguments: list[Argument] = [self.bind(node.value)]
    if node.characters is not None:
        arguments.append(self.bind(node.characters))
    try:
        return registry.call_scalar(name, arguments, node.at, self.context)
    except QueryRejected as wrong:
        raise rejected(wrong.code, wrong.message, None) from wrong  # Trino has no place for it


def bind_grouping(self: Expressions, node: ast.Grouping) -> Typed:
    """Above a GROUP BY; before that only its type is asked for."""
    if self.above is not None:
        return self.above.grouping(node)
    from lakeshell.sql.datatypes import BIGINT, INTEGER

    for column in node.columns:
        try:
            self.bind(column)
        except QueryRejected as fault:
            raise rejected(fault.code, fault.message, None) from fault
    return Typed("0", INTEGER if len(node.columns) < 32 else BIGINT, node.at)


def bind_json(self: Expressions, node: ast.JsonCall | ast.JsonObject | ast.JsonArray) -> Typed:
    """JSON_VALUE and its kin: their parts bound here, their meaning in `functions.sqljson`."""
    from lakeshell.engine.embedded.functions import sqljson

    return sqljson.json_call(node, self.bind, self.context)
