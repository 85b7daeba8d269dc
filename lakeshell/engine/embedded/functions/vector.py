"""Vectors as arrays or maps of doubles: products, distances, similarities.

In: arguments of a signature's types. Out: DuckDB SQL that adds in the order of the elements.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.engine.embedded.functions.registry import Entry
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.typed import Context, Typed, failure
from lakeshell.sql import datatypes as t

_INVALID = "INVALID_FUNCTION_ARGUMENT"


def _folded(term: str) -> str:
    """The sum of `term` over `i`, an index into both arrays."""
    return (
        f"list_reduce(list_transform(range(1, len($0) + 1), lambda i: CAST({term} AS DOUBLE)), "
        "lambda a, v: a + v, 0e0)"
    )


_DOT = _folded("coalesce($0[i], 0) * coalesce($1[i], 0)")
_SQUARES = _folded(
    "(coalesce($0[i], 0) - coalesce($1[i], 0)) * (coalesce($0[i], 0) - coalesce($1[i], 0))"
)


def _of_arrays(formula: str, arguments: Sequence[Typed]) -> str:
    failing = failure(_INVALID, "The arguments must have the same length", t.DOUBLE)
    return filled(
        f"(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL WHEN len($0) <> len($1) THEN {failing} "
        f"ELSE {formula} END)",
        [a.sql for a in arguments],
    )


def _dot(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    return _of_arrays(_DOT, arguments)


def _euclidean(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    return _of_arrays(f"sqrt({_SQUARES})", arguments)


def _similarity_of_arrays() -> str:
    first, second = _folded("$0[i] * $0[i]"), _folded("$1[i] * $1[i]")
    zero = failure(_INVALID, "Vector magnitude cannot be zero", t.DOUBLE)
    return (
        "CASE WHEN list_count($0) < len($0) OR list_count($1) < len($1) THEN NULL "
        f"WHEN {first} = 0 OR {second} = 0 THEN {zero} "
        f"ELSE {_DOT} / sqrt({first} * {second}) END"
    )


def _similarity(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    return _of_arrays(_similarity_of_arrays(), arguments)


def _distance(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    return _of_arrays(f"1e0 - {_similarity_of_arrays()}", arguments)


def _norm(x: str) -> str:
    total = (
        f"list_reduce(list_transform(map_values({x}), lambda v: v * v), lambda a, v: a + v, 0e0)"
    )
    return f"sqrt({total})"


def _similarity_of_maps(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    dot = (
        "list_reduce(list_transform(map_keys($0), lambda k: coalesce($0[k] * $1[k], 0e0)), "
        "lambda a, v: a + v, 0e0)"
    )
    return filled(
        "(CASE WHEN $0 IS NULL OR $1 IS NULL OR list_count(map_values($0)) < cardinality($0) "
        "OR list_count(map_values($1)) < cardinality($1) THEN NULL "
        f"ELSE {dot} / ({_norm('$0')} * {_norm('$1')}) END)",
        [a.sql for a in arguments],
    )


_ARRAYS = "(array(double), array(double)) -> double"

SCALARS: tuple[Entry, ...] = (
    (f"dot_product{_ARRAYS}", _dot),
    (f"euclidean_distance{_ARRAYS}", _euclidean),
    (f"cosine_distance{_ARRAYS}", _distance),
    (f"cosine_similarity{_ARRAYS}", _similarity),
    ("cosine_similarity(map(varchar,double), map(varchar,double)) -> double", _similarity_of_maps),
)
