"""`reduce_agg`: an aggregate made of lambdas.

In: a resolved `Call`. Out: DuckDB SQL that gathers the group and folds it from the initial state.
Trino folds parts of a group and combines them, in any order; folding it in one piece is one of
those orders.
"""

from __future__ import annotations

from lakeshell.engine.embedded.functions.lambda_ import applied
from lakeshell.engine.embedded.functions.registry import Call, Entry
from lakeshell.engine.embedded.values.typed import duckdb_type, refused, rejected
from lakeshell.sql import datatypes as t


def _reduce_agg(call: Call) -> str:
    initial, item = call.typed(1), call.typed(0)
    if call.distinct:
        message = "DISTINCT can only be applied to comparable types"
        raise rejected("TYPE_MISMATCH", message, call.at)
    if isinstance(initial.type, t.ArrayType | t.MapType | t.RowType):
        message = f"State type not supported for reduce_agg: {initial.type}"
        raise rejected("NOT_SUPPORTED", message, None)
    if isinstance(initial.type, t.DecimalType):
        raise refused("reduce_agg with a decimal state", call.at)
    state, held = duckdb_type(initial.type), duckdb_type(item.type)
    gathered = call.aggregate("list", item.sql, where=f"{item.sql} IS NOT NULL")
    # State and elements share one struct: DuckDB's reduce wants both of one type.
    items = f"list_transform(g, lambda e: struct_pack(state := CAST(NULL AS {state}), item := e))"
    following = applied(call.function(2), ["held.state", "next.item"])
    reduced = (
        f"list_reduce({items}, lambda held, next: struct_pack(state := {following}, "
        f"item := CAST(NULL AS {held})), struct_pack(state := CAST({initial.sql} AS {state}), "
        f"item := CAST(NULL AS {held})))"
    )
    body = f"CASE WHEN g IS NOT NULL THEN ({reduced}).state END"
    return f"(list_transform([{gathered}], lambda g: {body})[1])"


AGGREGATES: tuple[Entry, ...] = (
    ("reduce_agg(T, S, function(S,T,S), function(S,S,S)) -> S", _reduce_agg),
)
