"""The state of what a query reads: the same text over the same state has the same answer.

In: a bound query and the tables and views that were looked up for it. Out: each with what tells
its state, or None where the answer depends on more: the clock, chance, who asks, or tables that are
read in place. A name that only looks like such a function counts as one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from lakeshell.engine.embedded.binding.scope import Scan, TableFound, ViewFound
from lakeshell.engine.embedded.tables.handles import IcebergTable
from lakeshell.sql.lexer import tokenize

_CALLS = frozenset({"now", "random", "rand", "uuid", "shuffle", "version"})
_WORDS = frozenset(
    {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp",
     "current_user", "current_role", "current_groups", "tablesample", "function"}
)  # fmt: skip
"""`function`: one that the statement defines itself, whose body may be in any language."""
_CASTS = frozenset({"CAST", "TRY_CAST"})
_TEXTS = frozenset({"string", "ustring", "binary", "dollar"})


def states(
    sql: str, found: Sequence[TableFound | ViewFound], scans: Sequence[Scan]
) -> Mapping[str, str] | None:
    texts = [sql, *(view.query_text for view in found if isinstance(view, ViewFound))]
    clocks = _times(scans)
    if any(_depends(text, clocks) for text in texts):
        return None
    made: dict[str, str] = {}
    for table in found:
        name = ".".join(table.name)
        if isinstance(table, ViewFound):
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            text = "\n".join((table.query_text, str(table.catalog), str(table.schema), columns))
            made[name] = hashlib.sha256(text.encode()).hexdigest()
        elif isinstance(table.handle, IcebergTable):
            # Every commit writes a metadata file of another name, a change of columns too.
            snapshot = table.handle.metadata.current_snapshot
            made[name] = (
                f"{None if snapshot is None else snapshot.id} {table.handle.metadata.location}"
            )
        else:
            return None
    return made


def _depends(text: str, clocks: bool) -> bool:
    tokens = tokenize(text)
    names = [
        "" if kind in _TEXTS else part.strip('"').lower()
        for kind, part in zip(tokens.kinds, tokens.texts, strict=True)
    ]
    called = {name for name, after in pairwise(names) if after == "("}
    # A time that becomes a timestamp takes its date from the clock.
    casts = not _CASTS.isdisjoint(tokens.kinds) and (clocks or "time" in names)
    return casts or not _CALLS.isdisjoint(called) or not _WORDS.isdisjoint(names)


def _times(scans: Iterable[Scan]) -> bool:
    return any(
        c.type.name.startswith("time ") or c.type.name == "time"
        for scan in scans
        for c in scan.table.columns
        if c.name in scan.columns
    )
