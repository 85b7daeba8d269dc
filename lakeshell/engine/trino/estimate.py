"""What a statement on Trino would scan: planned on the lake's own metadata, as in the other runtime.

In: a statement and a planner. Out: an `Estimate`. What the planner refuses is asked of Trino: its plan
names the tables and the columns that are read, and the estimate is of those, whatever the statement's
conditions are, and says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from lakeshell.errors import LakeshellError, QueryFailed
from lakeshell.model import Estimate, TableName
from lakeshell.ports import Running, Session

Estimator = Callable[[str, Session, Sequence[str]], Estimate]
Stater = Callable[[str, Session, Sequence[str]], Mapping[str, str] | None]
Counter = Callable[[TableName, frozenset[int]], Estimate]
"""Of a table of the lake, for the columns of these ids."""

_ASK = "EXPLAIN (TYPE LOGICAL, FORMAT JSON) "
_ICEBERG = re.compile(r"(?P<catalog>[^:]+):(?P<schema>[^.]+)\.(?P<table>.+)\$data@\d+")
_COLUMN = re.compile(r".* := (?P<id>\d+):.*")


class Run(Protocol):
    def __call__(self, sql: str, session: Session, parameters: Sequence[str] = ()) -> Running: ...


class _Read(NamedTuple):
    """A table in Trino's plan: `name` None for one that is no Iceberg table. Those with what the
    metadata of one says are left out: they take next to nothing."""

    catalog: str
    name: TableName | None
    columns: frozenset[int]


def estimated(
    sql: str,
    session: Session,
    parameters: Sequence[str],
    planned: Estimator,
    counted: Counter,
    run: Run,
) -> Estimate:
    """Raises what Trino rejects the statement for, at its place."""
    try:
        return planned(sql, session, parameters)
    except QueryFailed:
        return _whole(_tables(sql, session, parameters, run), counted)


def _tables(sql: str, session: Session, parameters: Sequence[str], run: Run) -> Iterator[_Read]:
    """The tables that Trino would read, each as often as it would."""
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
    if text.startswith("{"):
        # The plan of a definition is its text.
        yield from _scans(json.loads(text))


def _scans(node: Mapping[str, Any]) -> Iterator[_Read]:
    table = str(node.get("descriptor", {}).get("table", ""))
    if str(node.get("name", "")).startswith(("TableScan", "ScanFilter", "ScanProject")):
        found = _ICEBERG.match(table)
        if found is None and "$" not in table:
            yield _Read(table.partition(":")[0], None, frozenset())
        elif found is not None:
            columns = (_COLUMN.fullmatch(detail) for detail in node.get("details", ()))
            read = frozenset(int(column["id"]) for column in columns if column is not None)
            yield _Read(found["catalog"], TableName(found["schema"], found["table"]), read)
    for child in node.get("children", ()):
        yield from _scans(child)


def _whole(tables: Iterator[_Read], counted: Counter) -> Estimate:
    total = Estimate(0, coarse=True)
    metered = False
    for read in tables:
        # Of what only Trino knows nothing is known here, but for its name.
        found = Estimate(None, unmetered=(read.catalog,))
        if read.name is not None:
            with suppress(LakeshellError):
                found = counted(read.name, read.columns)
        metered = metered or found.scanned is not None
        total = replace(
            total,
            scanned=(total.scanned or 0) + (found.scanned or 0),
            files=total.files + found.files,
            rows=total.rows + found.rows,
            unmetered=tuple(dict.fromkeys((*total.unmetered, *found.unmetered))),
        )
    return total if metered or not total.unmetered else replace(total, scanned=None)
