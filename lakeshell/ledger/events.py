"""What the limits and budgets of workgroups did, as the ledger keeps it: each once.

In: events, from any process of the lake. Out: whether one is new, and the latest of a workgroup.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.ledger.database import Database, names
from lakeshell.ledger.records import known, micros
from lakeshell.model import WorkgroupEvent

EVENT = ("event", "at", "workgroup", "kind", "detail", "user", "query")


class Events:
    """The part of a ledger that keeps them."""

    database: Database

    def note(self, event: WorkgroupEvent) -> bool:
        values = (
            event.key,
            micros(event.at),
            event.workgroup,
            event.kind,
            event.detail,
            event.user,
            event.query,
        )
        return bool(self.database.write(self.database.adding("workgroup_events", EVENT), values))

    def events(self, workgroup: str | None = None, limit: int = 50) -> Sequence[WorkgroupEvent]:
        where = "" if workgroup is None else " WHERE workgroup = ?"
        rows = self.database.read(
            f"SELECT {names(EVENT)} FROM workgroup_events{where}"
            f" ORDER BY at DESC, event DESC LIMIT {limit}",
            () if workgroup is None else (workgroup,),
        )
        return [
            WorkgroupEvent(key, known(at), group, kind, detail, user, query)
            for key, at, group, kind, detail, user, query in rows
        ]
