"""What a statement on Trino would scan: planned on the lake's own metadata, as in the other runtime.

In: a statement and a planner. Out: an `Estimate`. What the planner refuses is asked of Trino: it
names the tables that are read, and the estimate is then the whole of them, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Protocol

from lakeshell.errors import LakeshellError, QueryFailed
from lakeshell.model import Estimate
from lakeshell.ports import Running, Session

Estimator = Callable[[str, Session, Sequence[str]], Estimate]
Stater = Callable[[str, Session, Sequence[str]], Mapping[str, str] | None]

_ASK = "EXPLAIN (TYPE IO, FORMAT JSON) "


class Run(Protocol):
    def __call__(self, sql: str, session: Session, parameters: Sequence[str] = ()) -> Running: ...


def estimated(
    sql: str, session: Session, parameters: Sequence[str], planned: Estimator, run: Run
) -> Estimate:
    """Raises what Trino rejects the statement for, at its place."""
    try:
        return planned(sql, session, parameters)
    except QueryFailed:
        return _whole(_tables(sql, session, parameters, run), session, planned)


def _tables(
    sql: str, session: Session, parameters: Sequence[str], run: Run
) -> Iterator[tuple[str, str, str]]:
    """The tables that Trino would read, by their full names."""
    try:
        running = run(_ASK + sql, session, parameters)
        with closing(running):
            (text,) = [
                value for batch in running.batches() for value in batch.column(0).to_pylist()
            ]
    except QueryFailed as error:
        if error.line == 1 and error.column is not None:
            error.column = max(1, error.column - len(_ASK))
        raise
    for read in json.loads(text).get("inputTableColumnInfos") or ():
        table = read["table"]
        yield table["catalog"], table["schemaTable"]["schema"], table["schemaTable"]["table"]


def _whole(
    tables: Iterator[tuple[str, str, str]], session: Session, planned: Estimator
) -> Estimate:
    total = Estimate(0, coarse=True)
    metered = False
    for full in dict.fromkeys(tables):
        name = ".".join('"' + part.replace('"', '""') + '"' for part in full)
        try:
            found = planned(f"SELECT * FROM {name}", session, ())
        except LakeshellError:
            # Of what only Trino knows nothing is known here, but for its name.
            found = Estimate(None, unmetered=(full[0],))
        metered = metered or found.scanned is not None
        total = replace(
            total,
            scanned=(total.scanned or 0) + (found.scanned or 0),
            files=total.files + found.files,
            rows=total.rows + found.rows,
            unmetered=tuple(dict.fromkeys((*total.unmetered, *found.unmetered))),
        )
    return total if metered or not total.unmetered else replace(total, scanned=None)
