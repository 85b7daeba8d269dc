"""A workgroup: who may use it and what its queries may do. A value, nothing more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from lakeshell.errors import UsageError

PRIMARY = "primary"
"""Of queries of Lakeshell that name none."""
UNMATCHED = "unmatched"
"""Of queries on the cluster that belong to no other: another client's, without a tag and a member."""
STOPPED = "Lakeshell stopped it: "
"""Begins what the client of a query on the cluster is told that a workgroup's limit ended."""
OVER_BUDGET = "-over-budget"
"""Ends the name of the resource group that takes no query: its workgroup's budget is used up."""
MANY, QUEUED = 10, 100
"""What `unmatched` may run at once and have waiting, until its file says otherwise."""


@dataclass(frozen=True, slots=True)
class Workgroup:
    """`scan_limit` in bytes for one query; budgets in the lake's currency, for a UTC day and month,
    with a warning at `budget_warn` percent of them and an end at `budget_stop`; `notify` is a shell
    command that is run once at each. `concurrency` and `queue` count queries that run and wait.

    None is no limit. `members` are users, none admits everybody; `tags` are client tags that mean
    this workgroup beside its name; `databases` are for its members alone. `properties` are session
    properties that its queries run with, and `may_override` whether a client may set them otherwise.
    `result_location` is a folder, None the lake's own; `result_keep` in seconds, None the lake's.
    `reuse` is the age in seconds up to which an older result will do, 0 is never.
    """

    name: str
    description: str = ""
    members: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    database: str | None = None
    databases: tuple[str, ...] = ()
    scan_limit: int | None = None
    daily_budget: Decimal | None = None
    monthly_budget: Decimal | None = None
    budget_warn: int | None = 80
    budget_stop: int | None = 100
    notify: str | None = None
    concurrency: int | None = None
    queue: int | None = None
    result_location: str | None = None
    result_keep: int | None = None
    reuse: int = 0
    may_override: bool = True
    properties: dict[str, str] = field(default_factory=dict)

    def admits(self, user: str) -> bool:
        return not self.members or user in self.members

    def admit(self, user: str) -> None:
        """Raises `UsageError` for who is not a member."""
        if not self.admits(user):
            raise UsageError(
                f"{user} is not a member of workgroup {self.name!r}",
                hint="use another workgroup (-w), or add the user to its members",
            )

    @property
    def has_budget(self) -> bool:
        return self.daily_budget is not None or self.monthly_budget is not None

    @property
    def shares_results(self) -> bool:
        """Whether they are kept on object storage."""
        return self.result_location is not None and "://" in self.result_location


def owners(groups: Iterable[Workgroup]) -> dict[str, frozenset[str]]:
    """The users of each database that is for members alone: of all workgroups that have it. One
    without members opens it to everybody."""
    users: dict[str, frozenset[str]] = {}
    opened = set[str]()
    for group in groups:
        for database in group.databases:
            users[database] = users.get(database, frozenset()) | frozenset(group.members)
            if not group.members:
                opened.add(database)
    return {name: members for name, members in users.items() if name not in opened}


def closed_to(groups: Iterable[Workgroup], user: str) -> frozenset[str]:
    return frozenset(name for name, members in owners(groups).items() if user not in members)


def workgroup_of(groups: Iterable[Workgroup], user: str, tags: Collection[str]) -> Workgroup | None:
    """Where a query of any client belongs: by a tag, if the user is admitted, then by being a
    member; the first by name. None for one that belongs nowhere: it is `unmatched`."""
    named = sorted(
        (group for group in groups if group.name != UNMATCHED), key=lambda group: group.name
    )
    owners = {group.name: group for group in named}
    for group in named:
        for tag in group.tags:
            owners.setdefault(tag, group)
    for group in named:
        tagged = any(owners.get(tag) is group for tag in tags)
        if tagged and group.admits(user):
            return group
    return next((group for group in named if user in group.members), None)
