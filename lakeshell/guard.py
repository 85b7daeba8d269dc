"""Workgroups held on a cluster by the resident process: what a server cannot forbid by itself.

In: an open lake. Out: queries stopped whose client raised its own limit, changed what its workgroup
sets or goes on when the budget is used up; the budgets' events; the server's limits made to follow
the files. Each says in a line what it did.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell import budgets, history
from lakeshell.engine.trino.cluster import TrinoCluster
from lakeshell.errors import ConfigurationError, ConnectionFailed
from lakeshell.model import WorkgroupEvent
from lakeshell.query.budgets import Standing
from lakeshell.query.limits import standing
from lakeshell.query.policing import Stop, stops
from lakeshell.stack.services import Service
from lakeshell.workgroup import Workgroup

if TYPE_CHECKING:
    from lakeshell.lake import Lake

LOOK = 0.5
"""Seconds between two looks at the queries under way."""
SUM = 5.0
"""Seconds between two sums of what is spent."""
Signature = tuple[tuple[str, int, int], ...]


def signature(paths: Sequence[Path]) -> Signature:
    """Changes when one of the files does."""
    found = []
    for path in sorted(paths):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)


class Follower:
    """Makes the lake's own Trino hold what the workgroups' files, the rules by hand and the budgets
    say."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._held: tuple[Signature, Sequence[str]] | None = None
        self._wrong: Signature | None = None

    def act(self) -> str:
        folder = self._lake.folder
        files = signature([*_definitions(folder), folder / "access" / "rules.json"])
        # While Trino does not run, nothing is looked at that would keep other services from being
        # idle; its start makes it hold what the files say then.
        if files == self._wrong or not self._lake.stack.answers(Service.TRINO):
            return ""
        try:
            wanted = (files, budgets.used_up(self._lake))
            if wanted == self._held:
                return ""
            enforcement = self._lake.stack.enforcement
            plan = enforcement.plan(wanted[1])
            enforcement.apply(plan)
        except ConfigurationError:
            # Said once, and tried again when somebody has mended it.
            self._wrong = files
            raise
        except ConnectionFailed:
            return ""
        self._held = wanted
        return f"{len(plan.changes)} changes are held by Trino" if plan.changes else ""


class Guard:
    """Watches the queries of a cluster, whoever sent them."""

    def __init__(self, lake: Lake, cluster: TrinoCluster) -> None:
        self._lake = lake
        self._cluster = cluster
        self._read: Signature | None = None
        self._groups: Mapping[str, Workgroup] = {}
        self._standings: Mapping[str, Sequence[Standing]] = {}
        self._summed = float("-inf")

    def act(self) -> str:
        self._read_groups()
        try:
            queries = self._cluster.running()
        except ConnectionFailed:
            if self._lake.settings.trino.url is None:
                # The lake's own does not run: nothing does.
                return ""
            raise
        said = self._sum()
        found = stops(queries, self._groups, self._standings, self._lake.services.prices)
        for stop in found:
            if self._cluster.stop(stop.query.id, stop.reason):
                said.append(self._stopped(stop))
        return "; ".join(said)

    def _read_groups(self) -> None:
        """Where a file was written. Raises `ConfigurationError` once for one that is wrong: the
        workgroups from before stay until it is mended."""
        now = signature(_definitions(self._lake.folder))
        if now != self._read:
            self._read = now
            self._groups = {group.name: group for group in self._lake.workgroups.all()}
            self._summed = float("-inf")

    def _sum(self) -> list[str]:
        """What is spent, now and then, and what that warns of or stops."""
        if time.monotonic() - self._summed < SUM:
            return []
        self._summed = time.monotonic()
        budgeted = [group for group in self._groups.values() if group.has_budget]
        if budgeted:
            # What other clients ran counts too. A file that is wrong was said to be, and keeps none
            # of the others from being held.
            with suppress(ConfigurationError):
                history.catch_up(self._lake)
        services = self._lake.services
        self._standings = {group.name: standing(services, group) for group in budgeted}
        return [
            text
            for group in budgeted
            for text in self._lake.announce(group, self._standings[group.name])
        ]

    def _stopped(self, stop: Stop) -> str:
        query = stop.query
        self._lake.ledger.note(
            WorkgroupEvent(
                key=f"{stop.workgroup}:stopped:{query.id}",
                at=self._lake.services.now(),
                workgroup=stop.workgroup,
                kind="CANCELLED",
                detail=stop.reason,
                user=query.user,
                query=query.id,
            )
        )
        return f"stopped {query.id} of {query.user} ({query.source or 'no source'}): {stop.reason}"


def _definitions(folder: Path) -> Sequence[Path]:
    return [*(folder / "workgroups").glob("*.toml")]
