"""The names that a lake knows, for whoever types or reads one.

In: an open lake. Out: how a job's columns flow; the nearest name for one that is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lakeshell.errors import NotFound
from lakeshell.model import TableName

if TYPE_CHECKING:
    from lakeshell.etl.flow import Flow
    from lakeshell.etl.job import Job
    from lakeshell.lake import Lake


def check_database(lake: Lake, name: str) -> None:
    """Raises `NotFound` with the nearest database."""
    known = [database.name for database in lake.catalog.databases()]
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else "see: lakeshell catalog databases"
        raise NotFound(f"there is no database {name!r}", hint=hint)


def flow(lake: Lake, job: Job) -> tuple[str, Flow]:
    """A job's script, and how its columns flow."""
    from lakeshell.etl.flow import flow_of
    from lakeshell.query.parameters import marked

    def column_names(name: TableName) -> Sequence[str]:
        """None of a table that is not there."""
        try:
            return [column.name for column in lake.catalog.table(name).columns]
        except NotFound:
            return ()

    script = job.read_script()
    read = marked(script) if job.kind == "sql" else script
    return script, flow_of(job, read, column_names)
