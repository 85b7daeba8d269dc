"""Window functions.

In: a resolved `Call` with OVER and IGNORE NULLS. Out: DuckDB SQL.
"""

from __future__ import annotations

from lakeshell.engine.embedded.functions.registry import Call, Emission, Entry
from lakeshell.engine.embedded.values.typed import failure
from lakeshell.sql import datatypes as t

_INVALID = "INVALID_FUNCTION_ARGUMENT"


def _nulls(call: Call) -> str:
    return " IGNORE NULLS" if call.nulls == "ignore" else ""


def _plain(name: str) -> Emission:
    def emit(call: Call) -> str:
        return f"{name}(){call.over}"

    return emit


def _checked(call: Call, index: int, least: int, message: str) -> str:
    """A count or an offset that fails below `least`."""
    given = call.typed(index)
    failing = failure(_INVALID, message, t.BIGINT)
    if isinstance(given.value, int):
        return given.sql if given.value >= least else failing
    return f"(CASE WHEN {given.sql} < {least} THEN {failing} ELSE {given.sql} END)"


def _ntile(call: Call) -> str:
    buckets = _checked(call, 0, 1, "Buckets must be greater than 0")
    return f"ntile({buckets}){call.over}"


def _ends(call: Call) -> str:
    return f"{call.name}({call.sql(0)}{_nulls(call)}){call.over}"


def _nth_value(call: Call) -> str:
    offset = _checked(call, 1, 1, "Offset must be at least 1")
    return f"nth_value({call.sql(0)}, {offset}{_nulls(call)}){call.over}"


def _shifted(call: Call) -> str:
    arguments = [call.sql(0)]
    if len(call.arguments) > 1:
        offset = call.typed(1)
        arguments.append(_checked(call, 1, 0, "Offset must be at least 0"))
        if offset.value is None:
            return f"(CASE WHEN true THEN NULL ELSE {call.sql(0)} END)"
    if len(call.arguments) > 2:
        arguments.append(call.sql(2))
    return f"{call.name}({', '.join(arguments)}{_nulls(call)}){call.over}"


WINDOWS: tuple[Entry, ...] = (
    *((f"{name}() -> bigint", _plain(name)) for name in ("row_number", "rank", "dense_rank")),
    *((f"{name}() -> double", _plain(name)) for name in ("percent_rank", "cume_dist")),
    ("ntile(bigint) -> bigint", _ntile),
    ("first_value(T) -> T", _ends),
    ("last_value(T) -> T", _ends),
    ("nth_value(T, bigint) -> T", _nth_value),
    *(
        entry
        for name in ("lag", "lead")
        for entry in (
            (f"{name}(T) -> T", _shifted),
            (f"{name}(T, bigint) -> T", _shifted),
            (f"{name}(T, bigint, T) -> T", _shifted),
        )
    ),
)
