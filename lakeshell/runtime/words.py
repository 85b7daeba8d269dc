"""The names of functions that statements may use, the same in every runtime: Trino's."""

from __future__ import annotations

from collections.abc import Sequence


def function_names() -> Sequence[str]:
    from lakeshell.engine.embedded.functions import names

    found: set[str] = set()
    for kind in (names.SCALARS, names.AGGREGATES, names.WINDOWS):
        found.update(names.index(kind))
    return sorted(found)
