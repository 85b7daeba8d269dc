"""Trino's functions of arrays that take a lambda.

In: coerced arguments, bound lambdas. Out: DuckDB SQL. DuckDB's lambdas take an element at a time
(and an index), so a lambda of several parameters is nested: one list of one element for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.values.comparison import may_fail
from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Emission,
    Entry,
    fails,
    filled,
    function,
    values,
)
from lakeshell.engine.embedded.values.typed import duckdb_type
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import BoundLambda, Context, Typed


def applied(called: BoundLambda, arguments: Sequence[str]) -> str:
    """SQL of the lambda's value over SQL arguments."""
    made = called.body.sql
    for name, argument in zip(reversed(called.parameters), reversed(arguments), strict=True):
        made = f"(list_transform([{argument}], lambda {name}: {made})[1])"
    return made


def _transform(arguments: Arguments, result: t.Type, context: Context) -> str:
    (array,) = values(arguments)
    return f"list_transform({array.sql}, {function(arguments, 1).sql})"


def _filter(arguments: Arguments, result: t.Type, context: Context) -> str:
    (array,) = values(arguments)
    return f"list_filter({array.sql}, {function(arguments, 1).sql})"


def _match(wanted: str, found: str, otherwise: str) -> Emission:
    """Whether the lambda says `wanted` of any element: `found` if it does."""

    def emit(arguments: Arguments, result: t.Type, context: Context) -> str:
        (array,) = values(arguments)
        called = function(arguments, 1)
        if may_fail(called.body.sql):
            return _match_in_order(array, called, wanted, found)
        tests = f"list_transform({array.sql}, {called.sql})"
        return filled(_ANY.format(wanted, found, otherwise), [tests])

    return emit


def _match_in_order(array: Typed, called: BoundLambda, wanted: str, found: str) -> str:
    """Asks of no element behind the first that decides, as Trino does: the lambda may fail there."""
    assert isinstance(array.type, t.ArrayType)
    item = duckdb_type(array.type.element)
    op, first = ("OR", "false") if wanted == "true" else ("AND", "true")
    items = f"list_transform({array.sql}, lambda item: struct_pack(said := {first}, item := item))"
    said = (
        f"CASE WHEN held.said = {wanted} THEN {wanted} "
        f"ELSE held.said {op} {applied(called, ['next.item'])} END"
    )
    reduced = (
        f"list_reduce({items}, lambda held, next: struct_pack(said := {said}, "
        f"item := CAST(NULL AS {item})), "
        f"struct_pack(said := {first}, item := CAST(NULL AS {item}))).said"
    )
    return f"(NOT {reduced})" if wanted != found else f"({reduced})"


_ANY = (
    "(CASE WHEN $0 IS NULL THEN NULL WHEN list_contains($0, {0}) THEN {1} "
    "WHEN list_count($0) < len($0) THEN NULL ELSE {2} END)"
)


def _zip_with(arguments: Arguments, result: t.Type, context: Context) -> str:
    first, second = values(arguments)
    body = applied(function(arguments, 2), ["$0[place]", "$1[place]"])
    made = f"list_transform(range(1, greatest(len($0), len($1)) + 1), lambda place: {body})"
    return filled(made, [first.sql, second.sql], guarded=True)


def _reduce(arguments: Arguments, result: t.Type, context: Context) -> str:
    array, initial = values(arguments)
    step, finish = function(arguments, 2), function(arguments, 3)
    assert isinstance(array.type, t.ArrayType)
    state, item = duckdb_type(initial.type), duckdb_type(array.type.element)
    # State and elements share one struct: DuckDB's reduce wants both of one type.
    items = (
        f"list_transform({array.sql}, "
        f"lambda item: struct_pack(state := CAST(NULL AS {state}), item := item))"
    )
    next_state = applied(step, ["held.state", "next.item"])
    reduced = (
        f"list_reduce({items}, lambda held, next: struct_pack(state := {next_state}, "
        f"item := CAST(NULL AS {item})), struct_pack(state := CAST({initial.sql} AS {state}), "
        f"item := CAST(NULL AS {item})))"
    )
    finished = applied(finish, [f"({reduced}).state"])
    return f"(CASE WHEN {array.sql} IS NOT NULL THEN {finished} END)"


def _sort_by(arguments: Arguments, result: t.Type, context: Context) -> str:
    (array,) = values(arguments)
    compare = function(arguments, 1)
    held = duckdb_type(array.type)
    assert isinstance(array.type, t.ArrayType)
    item = duckdb_type(array.type.element)
    wrong = fails("Lambda comparator must return either -1, 0, or 1", t.INTEGER)
    # Insertion of each element behind those that it doesn't come before, as a stable sort does.
    order = applied(compare, ["next.item", "other"])
    checked = (
        f"list_transform([{order}], lambda c: CASE WHEN c IN (-1, 0, 1) THEN c ELSE {wrong} END)[1]"
    )
    before = f"len(list_filter(held.sorted, lambda other: {checked} >= 0))"
    items = (
        f"list_transform({array.sql}, "
        f"lambda item: struct_pack(sorted := CAST([] AS {held}), item := item))"
    )
    return (
        f"(list_reduce({items}, lambda held, next: struct_pack(sorted := list_transform([{before}], "
        "lambda k: list_concat(list_append(held.sorted[1:k], next.item), held.sorted[k + 1:]))[1], "
        f"item := CAST(NULL AS {item})), "
        f"struct_pack(sorted := CAST([] AS {held}), item := CAST(NULL AS {item}))).sorted)"
    )


SCALARS: tuple[Entry, ...] = (
    ("transform(array(T), function(T,U)) -> array(U)", _transform),
    ("filter(array(T), function(T,boolean)) -> array(T)", _filter),
    (
        "any_match(array(T), function(T,boolean)) -> boolean",
        _match("true", "true", "false"),
    ),
    (
        "all_match(array(T), function(T,boolean)) -> boolean",
        _match("false", "false", "true"),
    ),
    (
        "none_match(array(T), function(T,boolean)) -> boolean",
        _match("true", "false", "true"),
    ),
    ("zip_with(array(T), array(U), function(T,U,R)) -> array(R)", _zip_with),
    ("reduce(array(T), S, function(S,T,S), function(S,R)) -> R", _reduce),
)
SORT_BY: Entry = (
    "array_sort(array(T), function(T,T,integer)) -> array(T)",
    _sort_by,
)
"""Declared with the other `array_sort`."""
