"""Trino's functions of maps.

In: coerced arguments, bound lambdas. Out: DuckDB SQL whose maps keep their entries in Trino's
order, and whose keys fail as Trino's do: NULL ones and those that come twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded.functions.lambda_ import applied
from lakeshell.engine.embedded.functions.nested import NESTED, has_null, object_text
from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Entry,
    fails,
    fails_with,
    fill,
    filled,
    function,
    values,
)
from lakeshell.engine.embedded.values.typed import Typed, duckdb_type
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Context


def key_text(key: str, type: t.Type, context: Context) -> str:
    """SQL of a key as Trino's errors show it."""
    from lakeshell.engine.embedded.values.casts import cast

    if type == t.VARBINARY:
        return f"to_base64({key})"
    if isinstance(type, t.VarcharType):
        return key
    if isinstance(type, NESTED):
        return object_text(key, type)
    if type in (t.REAL, t.DOUBLE):
        return f"CAST({key} AS VARCHAR)"
    return cast(Typed(key, type, zone="UTC"), t.VARCHAR, Typed(key, type).at, context).sql


def checked_map(
    keys: str, items: str, type: t.Type, context: Context, *, clear: bool = False
) -> str:
    """SQL of the map of two lists of one length; fails over keys that are NULL or come twice.

    `clear` keys may not have a NULL inside either.
    """
    assert isinstance(type, t.MapType)
    missing = fails("map key cannot be null", type)
    shown = key_text("k", type.key, context)
    again = fails_with(
        "'Duplicate map keys (' || list_transform(list_filter($0, lambda k, i: "
        f"list_position($0, k) < i), lambda k: {shown})[1] || ') are not allowed'",
        type,
    )
    unclear = ""
    if clear and isinstance(type.key, NESTED):
        keys_with_null = f"list_filter($0, lambda k: {has_null('k', type.key)})"
        first = object_text(f"{keys_with_null}[1]", type.key)
        failing = fails_with(f"'map key cannot be indeterminate: ' || {first}", type)
        unclear = f"WHEN len({keys_with_null}) > 0 THEN {failing} "
    return filled(
        "(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL "
        f"WHEN list_count($0) < len($0) THEN {missing} {unclear}"
        f"WHEN len(list_distinct($0)) < len($0) THEN {again} ELSE map($0, $1) END)",
        [keys, items],
    )


def _map(arguments: Arguments, result: t.Type, context: Context) -> str:
    given = values(arguments)
    if not given:
        return f"CAST(map([], []) AS {duckdb_type(result)})"
    keys, items = given
    unequal = fails("Key and value arrays must be the same length", result)
    made = checked_map("$0", "$1", result, context, clear=True)
    return fill(f"(CASE WHEN len($0) <> len($1) THEN {unequal} ELSE {made} END)", [keys, items])


def _entries(arguments: Arguments, result: t.Type, context: Context) -> str:
    (given,) = values(arguments)
    return f"list_transform(map_entries({given.sql}), lambda e: struct_pack(f0 := e.key, f1 := e.value))"


def _from_entries(arguments: Arguments, result: t.Type, context: Context) -> str:
    (given,) = values(arguments)
    missing = fails("map entry cannot be null", result)
    keys = "list_transform($0, lambda e: e.f0)"
    items = "list_transform($0, lambda e: e.f1)"
    made = checked_map(keys, items, result, context)
    return fill(
        "(CASE WHEN $0 IS NULL THEN NULL "
        f"WHEN len(list_filter($0, lambda e: e IS NULL)) > 0 THEN {missing} ELSE {made} END)",
        [given],
    )


def _multimap(arguments: Arguments, result: t.Type, context: Context) -> str:
    (given,) = values(arguments)
    no_entry, no_key = (
        fails(message, result) for message in ("map entry cannot be null", "map key cannot be null")
    )
    all_keys = "list_transform($0, lambda e: e.f0)"
    keys = f"list_filter({all_keys}, lambda k, i: list_position({all_keys}, k) = i)"
    items = (
        f"list_transform({keys}, lambda k: list_transform(list_filter($0, "
        "lambda e: list_position([k], e.f0) = 1), lambda e: e.f1))"
    )
    return fill(
        "(CASE WHEN $0 IS NULL THEN NULL "
        f"WHEN len(list_filter($0, lambda e: e IS NULL)) > 0 THEN {no_entry} "
        f"WHEN len(list_filter($0, lambda e: e.f0 IS NULL)) > 0 THEN {no_key} "
        f"ELSE map({keys}, {items}) END)",
        [given],
    )


def _concat(arguments: Arguments, result: t.Type, context: Context) -> str:
    given = values(arguments)
    if len(given) < 2:
        return fails("There must be two or more concatenation arguments to map_concat", result)
    # The last map's entries come first, then those that it lacks of each before it.
    made = given[-1].sql
    for earlier in reversed(given[:-1]):
        template = (
            "(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL ELSE map_from_entries(list_concat("
            "map_entries($0), list_filter(map_entries($1), "
            "lambda e: NOT map_contains($0, e.key)))) END)"
        )
        made = filled(template, [made, earlier.sql])
    return made


def _filter(arguments: Arguments, result: t.Type, context: Context) -> str:
    (given,) = values(arguments)
    kept = applied(function(arguments, 1), ["entry.key", "entry.value"])
    return f"map_from_entries(list_filter(map_entries({given.sql}), lambda entry: coalesce({kept}, false)))"


def _transform_values(arguments: Arguments, result: t.Type, context: Context) -> str:
    (given,) = values(arguments)
    made = applied(function(arguments, 1), ["entry.key", "entry.value"])
    return fill(
        "(CASE WHEN $0 IS NULL THEN NULL ELSE map(map_keys($0), "
        f"list_transform(map_entries($0), lambda entry: {made})) END)",
        [given],
    )


def _transform_keys(arguments: Arguments, result: t.Type, context: Context) -> str:
    (given,) = values(arguments)
    made = applied(function(arguments, 1), ["entry.key", "entry.value"])
    keys = f"list_transform(map_entries({given.sql}), lambda entry: {made})"
    return checked_map(keys, f"map_values({given.sql})", result, context)


def _zip_with(arguments: Arguments, result: t.Type, context: Context) -> str:
    first, second = values(arguments)
    body = applied(function(arguments, 2), ["k", "$0[k]", "$1[k]"])
    keys = "list_concat(map_keys($0), list_filter(map_keys($1), lambda k: NOT map_contains($0, k)))"
    return fill(
        "(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL "
        f"ELSE map({keys}, list_transform({keys}, lambda k: {body})) END)",
        [first, second],
    )


SCALARS: tuple[Entry, ...] = (
    ("map() -> map(unknown,unknown)", _map),
    ("map(array(K), array(V)) -> map(K,V) | K:comparable", _map),
    ("map_keys(map(K,V)) -> array(K)", "map_keys($0)"),
    ("map_values(map(K,V)) -> array(V)", "map_values($0)"),
    ("map_entries(map(K,V)) -> array(row(K,V))", _entries),
    ("map_from_entries(array(row(K,V))) -> map(K,V)", _from_entries),
    ("multimap_from_entries(array(row(K,V))) -> map(K,array(V))", _multimap),
    ("map_concat(map(K,V)...) -> map(K,V)", _concat),
    ("map_filter(map(K,V), function(K,V,boolean)) -> map(K,V)", _filter),
    ("transform_keys(map(K1,V), function(K1,V,K2)) -> map(K2,V)", _transform_keys),
    ("transform_values(map(K,V1), function(K,V1,V2)) -> map(K,V2)", _transform_values),
    ("map_zip_with(map(K,V1), map(K,V2), function(K,V1,V2,V3)) -> map(K,V3)", _zip_with),
)
