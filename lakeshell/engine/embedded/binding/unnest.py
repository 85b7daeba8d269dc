"""Binds UNNEST and table functions.

In: arrays and maps, which may refer to the relations on their left. Out: a FROM item whose rows
are their elements, several of them side by side and padded with NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded.binding.expressions import Expressions
from lakeshell.engine.embedded.binding.relations import BoundRelation
from lakeshell.engine.embedded.binding.scope import Field, Scope
from lakeshell.engine.embedded.values import casts
from lakeshell.engine.embedded.values.typed import Typed, failure, refused, rejected
from lakeshell.errors import QueryRejected
from lakeshell.sql import ast
from lakeshell.sql.coercion import can_coerce
from lakeshell.sql.datatypes import BIGINT, ArrayType, MapType, RowType, Type

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.binder import Binder


def bind_unnest(binder: Binder, node: ast.Unnest, scope: Scope) -> BoundRelation:
    """The columns have no names of their own but those of rows' fields."""
    from lakeshell.engine.embedded.binding.aggregation import forbid_aggregates

    inner, outer = binder.alias(), binder.alias()
    expressions = Expressions(binder, Scope(parent=scope))
    lists: list[str] = []
    columns: list[tuple[str | None, Type, str, str | None]] = []
    lengths: list[str] = []
    for expression in node.expressions:
        forbid_aggregates(expression, "UNNEST")
        with binder.collecting(None):
            value = expressions.bind(expression)
        lengths.append(_length(value))
        first = len(lists)
        lists.extend(_lists(value))
        columns.extend(_columns(value, [f"{inner}.e{n}" for n in range(first, len(lists))]))
    if node.ordinality:
        longest = f"greatest({', '.join(lengths)})" if len(lengths) > 1 else lengths[0]
        columns.append((None, BIGINT, f"{inner}.e{len(lists)}", None))
        lists.append(f"range(1, {longest} + 1)")
    spread = ", ".join(f"unnest({item}) AS e{n}" for n, item in enumerate(lists))
    items = ", ".join(f"{sql} AS c{n}" for n, (_, _, sql, _) in enumerate(columns))
    fields = [
        Field(name, type, f"{outer}.c{n}", zone=zone)
        for n, (name, type, _, zone) in enumerate(columns)
    ]
    sql = f"LATERAL (SELECT {items} FROM (SELECT {spread}) AS {inner}) AS {outer}"
    return BoundRelation(sql, Scope(fields, scope))


def _lists(value: Typed) -> list[str]:
    if isinstance(value.type, ArrayType):
        return [value.sql]
    if isinstance(value.type, MapType):
        return [f"map_keys({value.sql})", f"map_values({value.sql})"]
    raise QueryRejected(f"Cannot unnest type: {value.type}", code="INVALID_FUNCTION_ARGUMENT")


def _length(value: Typed) -> str:
    if isinstance(value.type, MapType):
        return f"coalesce(cardinality({value.sql}), 0)::BIGINT"
    return f"coalesce(len({value.sql}), 0)"


def _columns(value: Typed, elements: list[str]) -> list[tuple[str | None, Type, str, str | None]]:
    """Name, type, SQL and zone of each column that the value's elements make."""
    if isinstance(value.type, MapType):
        types = (value.type.key, value.type.value)
        return [(None, t, sql, value.zone) for t, sql in zip(types, elements, strict=True)]
    assert isinstance(value.type, ArrayType)
    element = value.type.element
    if isinstance(element, RowType):
        return [
            (field.name, field.type, f"struct_extract({elements[0]}, 'f{n}')", value.zone)
            for n, field in enumerate(element.fields)
        ]
    return [(None, element, elements[0], value.zone)]


# --- table functions -----------------------------------------------------------------------


def bind_table_function(binder: Binder, node: ast.TableFunction, scope: Scope) -> BoundRelation:
    """`sequence`; the others are refused."""
    name = node.name.keys
    if len(name) > 1 and name[:-1] != ("system", "builtin"):
        raise refused(f"the table function {node.name}", node.name.at)
    if name[-1] == "exclude_columns":
        raise refused("the table function exclude_columns", node.name.at)
    if name[-1] != "sequence":
        message = f"Table function '{node.name}' not registered"
        raise rejected("FUNCTION_NOT_FOUND", message, node.name.at)
    given = _arguments(binder, node)
    alias = binder.alias()
    field = Field("sequential_number", BIGINT, f"{alias}.c0")
    series = f"generate_series({given['start']}, {given['stop']}, {_step(given)})"
    sql = f"(SELECT generate_series AS c0 FROM {series}) AS {alias}"
    return BoundRelation(sql, Scope([field], scope))


def _step(given: dict[str, str]) -> str:
    """The step, or Trino's failure where it leads away from the stop; all of them constant."""
    start, stop, step = (given[name] for name in _SEQUENCE)
    code = "INVALID_FUNCTION_ARGUMENT"
    ends = f"' for sequence [' || {start} || ', ' || {stop} || ']'"
    wrong = {
        word: failure(code, f"'Step must be {word}' || {ends}", BIGINT, is_sql=True)
        for word in ("positive", "negative")
    }
    nulls = " ".join(
        f"WHEN {given[name]} IS NULL THEN {failure(code, f'{name.capitalize()} is null', BIGINT)}"
        for name in _SEQUENCE
    )
    return (
        f"CASE {nulls} WHEN {start} < {stop} AND {step} <= 0 THEN {wrong['positive']} "
        f"WHEN {start} > {stop} AND {step} >= 0 THEN {wrong['negative']} "
        f"WHEN {start} = {stop} THEN 1 ELSE {step} END"
    )


_SEQUENCE = ("start", "stop", "step")


def _arguments(binder: Binder, node: ast.TableFunction) -> dict[str, str]:
    given = {"start": "CAST(0 AS BIGINT)", "step": "CAST(1 AS BIGINT)"}
    for n, (name, expression) in enumerate(node.arguments):
        key = name.key if name is not None else _SEQUENCE[min(n, 2)]
        if key not in _SEQUENCE:
            message = f"Unexpected argument name: {key.upper()}"
            raise rejected("INVALID_FUNCTION_ARGUMENT", message, expression.at)
        value = Expressions(binder, Scope()).bind(expression)
        if not can_coerce(value.type, BIGINT):
            message = f"Invalid argument {key.upper()}. Expected type bigint, got {value.type}"
            raise rejected("TYPE_MISMATCH", message, expression.at)
        given[key] = casts.coerce(value, BIGINT, binder.context).sql
    if "stop" not in given:
        raise rejected("MISSING_ARGUMENT", "Missing argument: STOP", node.at)
    return given
