"""Rows, arrays and maps as elements and keys: NULLs inside them, their equality, their text.

In: SQL of values and their types. Out: SQL. Where Trino's comparison meets a NULL inside a value it
is neither equal nor unequal, and ordering fails; DuckDB takes NULL for a value there.
"""

from __future__ import annotations

from lakeshell.engine.embedded.values.emission import fails, filled
from lakeshell.sql import datatypes as t

NESTED = (t.ArrayType, t.MapType, t.RowType)


def has_null(sql: str, type: t.Type, depth: int = 0) -> str:
    """SQL of whether a value, itself not NULL, has a NULL inside."""
    match type:
        case t.RowType():
            tests = []
            for i, field in enumerate(type.fields):
                part = f"struct_extract({sql}, 'f{i}')"
                tests.append(f"{part} IS NULL")
                if isinstance(field.type, NESTED):
                    tests.append(f"coalesce({has_null(part, field.type, depth)}, false)")
            return f"({' OR '.join(tests)})"
        case t.ArrayType():
            return _any_null(sql, type.element, depth)
        case t.MapType():
            return _any_null(f"map_values({sql})", type.value, depth)
    return "false"


def _any_null(items: str, type: t.Type, depth: int) -> str:
    found = f"list_count({items}) < len({items})"
    if isinstance(type, NESTED):
        name = f"n{depth}"
        inside = has_null(name, type, depth + 1)
        held = f"{name} IS NOT NULL AND {inside}"
        found += f" OR len(list_filter({items}, lambda {name}: {held})) > 0"
    return f"({found})"


def equal_answers(item_type: t.Type) -> str:
    """A template: for each element of `$0` whether it equals `$1`, false where it is NULL."""
    from lakeshell.engine.embedded.values.comparison import equality

    return (
        "list_transform($0, lambda e: CASE WHEN e IS NULL THEN false "
        f"ELSE {equality('e', '$1', item_type)} END)"
    )


def unclear(name: str, result: t.Type) -> str:
    """The failure over elements that are neither equal nor unequal."""
    message = f"{name} does not support arrays with elements that are null or contain null"
    return fails(message, result, "NOT_SUPPORTED")


def sorted_list(name: str, array: str, type: t.ArrayType) -> str:
    """SQL of the elements in order, NULLs last; refuses NULLs inside them."""
    refusing = fails(
        f"the embedded engine does not run {name} of elements with NULLs inside",
        type,
        "NOT_SUPPORTED",
    )
    inside = has_null("e", type.element)
    test = f"len(list_filter($0, lambda e: e IS NOT NULL AND {inside})) > 0"
    return filled(
        f"(CASE WHEN {test} THEN {refusing} ELSE list_sort($0, 'ASC', 'NULLS LAST') END)", [array]
    )


def orders_alike(type: t.Type) -> bool:
    """Whether DuckDB orders values of the type as Trino does, NULLs inside left aside."""
    match type:
        case t.ArrayType():
            return orders_alike(type.element)
        case t.RowType():
            return all(orders_alike(f.type) for f in type.fields)
    return not isinstance(type, t.CharType | t.MapType)


def object_text(sql: str, type: t.Type, depth: int = 0) -> str:
    """SQL of a nested value as Trino's errors show it: `[1, a, null]`."""
    match type:
        case t.ArrayType():
            name = f"o{depth}"
            item = f"coalesce({object_text(name, type.element, depth + 1)}, 'null')"
            made = f"list_transform({sql}, lambda {name}: {item})"
            return f"('[' || array_to_string({made}, ', ') || ']')"
        case t.RowType():
            fields = [(f"struct_extract({sql}, 'f{i}')", f.type) for i, f in enumerate(type.fields)]
            parts = [
                f"coalesce({object_text(part, inner, depth)}, 'null')" for part, inner in fields
            ]
            return "('[' || " + " || ', ' || ".join(parts) + " || ']')"
    return f"CAST({sql} AS VARCHAR)"
