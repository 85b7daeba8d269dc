"""What killed writers left: found, and given back when somebody asks for it.

In: an open lake. Out: files of no table, locks of nobody, removed. Nothing that a query or a run under
way may still need is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lakeshell.errors import LakeshellError

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.store.orphans import Leftovers

ELSEWHERE = timedelta(days=1)
"""In a warehouse that others share, a writer that this lake knows nothing of may be at work."""


def abandoned(lake: Lake) -> Leftovers:
    """What is in the warehouse and belongs to no table, and to no query or run under way."""
    from lakeshell.model import TableKind
    from lakeshell.store.orphans import Leftovers, leftovers

    known = lake.catalog.tables()
    tables = [table for table in known if table.kind is TableKind.ICEBERG]
    for table in tables:
        if not table.columns:
            raise LakeshellError(
                f"whose files are whose cannot be told: {table.name} is damaged",
                hint="mend or drop that table first",
            )
    # Tables of files, and what Trino's materialized views keep.
    others = [t.location for t in known if t.kind is not TableKind.ICEBERG]
    others += [t.parameters.get("metadata_location", "").partition("/metadata/")[0] for t in known]
    names = [table.name for table in tables]
    found = leftovers(lake.store.tables, names, others, min(_began(lake)))
    if lake.settings.engine == "trino":
        return found
    # No statement here takes a table out of the catalog and leaves its files.
    whole = [f for folder in found.tables for f in lake.store.tables.files.walk(folder)]
    return Leftovers([*found.files, *whole], ())


def _began(lake: Lake) -> Iterator[datetime]:
    """When each writer began that may be at work: what it wrote since is its own."""
    from lakeshell.model import QueryState
    from lakeshell.ports import HistoryFilter

    now = datetime.now(UTC)
    yield now if lake.settings.engine == "embedded" or lake.is_on_own_stack else now - ELSEWHERE
    running = HistoryFilter(state=QueryState.RUNNING, limit=None)
    yield from (query.started for query in lake.ledger.queries(running))
    yield from (r.started for r in lake.ledger.runs("job", None, None) if r.finished is None)
    cluster = lake.cluster
    if cluster is not None:
        yield from cluster.began()


def clean(lake: Lake) -> tuple[int, int]:
    """Removes the abandoned files; gives how many and their bytes."""
    left = abandoned(lake).files
    if left:
        tables = lake.store.tables
        tables.files.delete_all((file.location for file in left), tables.warehouse)
    return len(left), sum(file.size for file in left)


def free(lake: Lake) -> Sequence[str]:
    """Gives back the locks of writers of this machine that were killed; says whose they were."""
    dead = {lock.name for lock in lake.store.locks() if lock.dead}
    return [f"{name}: {holder}" for name in sorted(dead) for holder in lake.store.unlock(name)]


def cut_off_backups(lake: Lake, *, remove: bool = False) -> Sequence[str]:
    """Names of those of which something is left, removed where that is asked for. None while one is
    being taken, whose objects look the same, or while object storage rests."""
    from lakeshell.stack import backup
    from lakeshell.stack.services import Service
    from lakeshell.stack.storage import ObjectStorage

    if not lake.stack.is_installed or not lake.stack.answers(Service.MINIO):
        return ()
    storage = ObjectStorage(lake.stack.installation)
    try:
        with backup.alone(lake.stack.installation.folder, disturbing=not remove):
            if remove:
                return backup.clear(storage)
        return backup.remains(storage).names
    except backup.UnderWay:
        return ()
