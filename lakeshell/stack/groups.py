"""What Trino is to hold workgroups to: its resource groups, who is in which, defaults of sessions.

In: workgroups. Out: `Limits`, rows of Trino's tables without their numbers, and the `Change`s that
make one into another. A query is given its group once, by its client tags and its user; a default
of its session follows from the group. Nothing is read or written here: see `limits`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lakeshell.workgroup import MANY, OVER_BUDGET, QUEUED, UNMATCHED, Workgroup

ROOT = "cluster"
SCAN_LIMIT = "query_max_scan_physical_bytes"
_WIDEST = 480
"""Characters that a column of Trino's has for a pattern, 512, less some."""
_TAGGED, _USER, _REST = 200, 100, 0
"""Priorities of selectors; one more is for what is asked before them in their place."""
_FREE = ("DATA_DEFINITION", "DESCRIBE", "EXPLAIN")
"""Kinds of statements that no budget stops."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What all queries together may do: how many run at once, how many wait, and the most bytes
    that any of them may scan, which no client can raise."""

    concurrency: int = 40
    queue: int = 1000
    scan_limit: int | None = None


class Group(NamedTuple):
    """A resource group; all but `cluster` are its children."""

    name: str
    concurrency: int
    queue: int


class Selector(NamedTuple):
    """Who is in a group: every condition that is not None holds. The highest priority is asked
    first. `tags` is a JSON list."""

    group: str
    priority: int
    user: str | None = None
    tags: str | None = None
    kind: str | None = None


class Default(NamedTuple):
    """A session property's value in a group, where the client sets none."""

    group: str
    property: str
    value: str


@dataclass(frozen=True, slots=True)
class Limits:
    groups: frozenset[Group] = frozenset()
    selectors: frozenset[Selector] = frozenset()
    defaults: frozenset[Default] = frozenset()


class Change(NamedTuple):
    """`action` is `add`, `change` or `remove`; `detail` is for people."""

    action: str
    what: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """`warnings`: what of the workgroups Trino cannot hold, each a line."""

    limits: Limits
    warnings: Sequence[str] = field(default=())


def group_name(workgroup: str) -> str:
    """A resource group's name has no dot, brace or blank; two workgroups never share one."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", workgroup)
    if plain == workgroup and plain != ROOT and not plain.endswith(OVER_BUDGET):
        return plain
    return f"{plain}-{hashlib.sha256(workgroup.encode()).hexdigest()[:6]}"


def group_id(name: str) -> str:
    """As Trino writes a group: `cluster.analysts`."""
    return name if name == ROOT else f"{ROOT}.{name}"


def by_group(workgroups: Iterable[Workgroup]) -> dict[str, str]:
    """The workgroup of each group that Trino may have a query in, as it writes the group."""
    return {
        group_id(group_name(group.name) + end): group.name
        for group in workgroups
        for end in ("", OVER_BUDGET)
    }


def wanted(
    workgroups: Iterable[Workgroup], cluster: Cluster, spent_up: Collection[str] = ()
) -> Wanted:
    """`spent_up` are the workgroups whose budget is used up. `unmatched` is one of the workgroups
    or has its usual limits."""
    known = {group.name: group for group in workgroups}
    rest = known.pop(UNMATCHED, Workgroup(UNMATCHED, concurrency=MANY, queue=QUEUED))
    named = sorted(known.values(), key=lambda group: group.name)
    shares = _shares(named)
    groups, selectors = [Group(ROOT, cluster.concurrency, cluster.queue)], list[Selector]()
    defaults, warnings = list[Default](), list(shares.said)
    for group in (*named, rest):
        name = group_name(group.name)
        groups.append(
            Group(
                name,
                cluster.concurrency if group.concurrency is None else group.concurrency,
                cluster.queue if group.queue is None else group.queue,
            )
        )
        who = [Selector(name, _REST)] if group is rest else list(_who(group, shares))
        if group.name in spent_up:
            groups.append(Group(name + OVER_BUDGET, 0, 0))
            who = [closed for selector in who for closed in _closed(selector)]
        selectors += who
        found, said = _defaults(group, name)
        defaults += found
        warnings += said
    return Wanted(Limits(frozenset(groups), frozenset(selectors), frozenset(defaults)), warnings)


@dataclass(slots=True)
class _Shares:
    """Whose a tag is, and in which workgroup a user is who sends none: the first by name."""

    tags: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def _shares(groups: Sequence[Workgroup]) -> _Shares:
    made = _Shares({group.name: group.name for group in groups})
    for group in groups:
        for tag in group.tags:
            if (owner := made.tags.setdefault(tag, group.name)) != group.name:
                made.said.append(f"tag {tag!r} of workgroup {group.name!r} means {owner!r} already")
        for user in group.members:
            if (first := made.users.setdefault(user, group.name)) != group.name:
                made.said.append(
                    f"{user} is a member of {first!r} and {group.name!r}: queries of other clients "
                    f"that send no tag count for {first!r}"
                )
    return made


def _who(group: Workgroup, shares: _Shares) -> Iterator[Selector]:
    """By tag and, where there are members, by user. Tags come first: who is in several workgroups
    says so which one is meant."""
    name = group_name(group.name)
    for tag in dict.fromkeys((group.name, *group.tags)):
        if shares.tags[tag] == group.name:
            patterns: list[str | None] = [*_patterns(group.members)]
            for pattern in patterns or [None]:
                yield Selector(name, _TAGGED, pattern, json.dumps([tag]))
    for pattern in _patterns([user for user in group.members if shares.users[user] == group.name]):
        yield Selector(name, _USER, pattern)


def _closed(selector: Selector) -> Iterator[Selector]:
    """What costs goes to the group that takes nothing; the rest stays."""
    for kind in _FREE:
        yield selector._replace(priority=selector.priority + 1, kind=kind)
    yield selector._replace(group=selector.group + OVER_BUDGET)


def _patterns(members: Sequence[str]) -> Iterator[str]:
    """Patterns that together match these users and no others, each short enough for its column."""
    held: list[str] = []
    for member in sorted(members):
        escaped = re.escape(member)
        if held and len("|".join([*held, escaped])) > _WIDEST:
            yield "|".join(held)
            held = []
        held.append(escaped)
    if held:
        yield "|".join(held)


def _defaults(group: Workgroup, name: str) -> tuple[list[Default], list[str]]:
    found, warnings = [], []
    properties = dict(group.properties)
    if group.scan_limit is not None:
        properties[SCAN_LIMIT] = f"{group.scan_limit}B"
    for property, value in sorted(properties.items()):
        if "," in value or len(value) > _WIDEST:
            warnings.append(
                f"property {property} of workgroup {group.name!r} reaches queries of Lakeshell only:"
                " Trino keeps no value with a comma, and none this long"
            )
            continue
        found.append(Default(name, property, value))
    return found, warnings


def changes(found: Limits, limits: Limits) -> Sequence[Change]:
    """What makes the one into the other, in an order for people."""
    before = {group.name: group for group in found.groups}
    after = {group.name: group for group in limits.groups}
    made = []
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            detail = _counts(after.get(name) or before[name])
            if name in before and name in after:
                detail = f"{_counts(before[name])} -> {detail}"
            made.append(
                Change(_action(name in before, name in after), "group", group_id(name), detail)
            )
    for selector in sorted(found.selectors ^ limits.selectors, key=str):
        action = _action(selector in found.selectors, selector in limits.selectors)
        made.append(Change(action, "selector", group_id(selector.group), _conditions(selector)))
    old = {(d.group, d.property): d.value for d in found.defaults}
    new = {(d.group, d.property): d.value for d in limits.defaults}
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            detail = f"{key[1]} = {new.get(key, old.get(key))}"
            if key in old and key in new:
                detail = f"{key[1]} = {old[key]} -> {new[key]}"
            made.append(
                Change(_action(key in old, key in new), "default", group_id(key[0]), detail)
            )
    return made


def _action(before: bool, after: bool) -> str:
    return "change" if before and after else "add" if after else "remove"


def _counts(group: Group) -> str:
    return f"{group.concurrency} at once, {group.queue} waiting"


def _conditions(selector: Selector) -> str:
    parts = [
        f"tag {', '.join(json.loads(selector.tags))}" if selector.tags else "",
        f"user {selector.user}" if selector.user else "",
        selector.kind or "",
    ]
    return ", ".join(filter(None, parts)) or "everybody else"
