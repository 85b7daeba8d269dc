"""What Trino is to hold of workgroups, as data: groups, selectors, defaults, rules. No Docker."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lakeshell.errors import ConfigurationError
from lakeshell.stack import rules
from lakeshell.stack.groups import (
    Cluster,
    Default,
    Group,
    Limits,
    Selector,
    Wanted,
    changes,
    group_name,
    wanted,
)
from lakeshell.workgroup import Workgroup

CLUSTER = Cluster(concurrency=20, queue=500)
ADS = Workgroup("ads", members=("ada", "a.b"), tags=("bi",), concurrency=2, queue=5)
OPEN = Workgroup("open", scan_limit=2**20, properties={"a": "1"})


def made(*groups: Workgroup, spent_up: tuple[str, ...] = ()) -> Wanted:
    return wanted(groups, CLUSTER, spent_up)


def group_of(limits: Limits, user: str, *tags: str, kind: str = "SELECT") -> str:
    """As Trino finds it: the first selector of which every condition holds."""
    for selector in sorted(limits.selectors, key=lambda one: -one.priority):
        if selector.user is not None and not re.fullmatch(selector.user, user):
            continue
        if selector.tags is not None and not set(json.loads(selector.tags)) <= set(tags):
            continue
        if selector.kind in (None, kind):
            return selector.group
    raise AssertionError("no selector")


def test_groups_have_their_own_counts_or_the_clusters() -> None:
    assert made(ADS, OPEN).limits.groups == {
        Group("cluster", 20, 500),
        Group("ads", 2, 5),
        Group("open", 20, 500),
        Group("unmatched", 10, 100),
    }


@pytest.mark.parametrize(
    ("user", "tags", "group"),
    [
        ("ada", (), "ads"),
        ("a.b", (), "ads"),
        ("aXb", (), "unmatched"),
        ("ada", ("bi", "x"), "ads"),
        ("ada", ("open",), "open"),
        ("eve", ("open", "lakeshell"), "open"),
        ("eve", ("ads",), "unmatched"),
        ("eve", (), "unmatched"),
    ],
)
def test_who_is_where(user: str, tags: tuple[str, ...], group: str) -> None:
    assert group_of(made(ADS, OPEN).limits, user, *tags) == group


def test_a_budget_that_is_used_up_stops_what_costs() -> None:
    limits = made(ADS, OPEN, spent_up=("ads",)).limits
    assert Group("ads-over-budget", 0, 0) in limits.groups
    assert group_of(limits, "ada") == "ads-over-budget"
    assert group_of(limits, "ada", "ads") == "ads-over-budget"
    assert group_of(limits, "ada", kind="DESCRIBE") == "ads"
    assert group_of(limits, "ada", "open") == "open"


def test_many_members_are_in_patterns_that_fit_their_column() -> None:
    members = tuple(f"user.{number:03}" for number in range(200))
    limits = made(Workgroup("all", members=members)).limits
    assert all(len(one.user or "") <= 512 for one in limits.selectors)
    assert len(limits.selectors) > 3
    assert {group_of(limits, member) for member in members} == {"all"}
    assert group_of(limits, "user.200") == "unmatched"


def test_a_user_and_a_tag_of_two_workgroups_are_the_firsts_and_it_is_said() -> None:
    other = Workgroup("bots", members=("ada",), tags=("bi",))
    made_of_two = made(ADS, other)
    assert group_of(made_of_two.limits, "ada") == "ads"
    assert group_of(made_of_two.limits, "ada", "bots") == "bots"
    assert [line.partition(" ")[0] for line in made_of_two.warnings] == ["tag", "ada"]


def test_defaults_of_sessions_and_what_trino_cannot_keep() -> None:
    found = made(OPEN, Workgroup("b", properties={"listed": "x,y"}))
    assert found.limits.defaults == {
        Default("open", "a", "1"),
        Default("open", "query_max_scan_physical_bytes", "1048576B"),
    }
    assert "listed of workgroup 'b' reaches queries of Lakeshell only" in found.warnings[0]


def test_names_of_groups_are_plain_and_never_shared() -> None:
    names = ["team", "a.b", "a_b", "a b", "cluster", "x-over-budget", "täm"]
    found = [group_name(name) for name in names]
    assert found[0] == "team"
    assert len(set(found)) == len(names)
    assert all(re.fullmatch("[A-Za-z0-9_-]+", name) for name in found)
    assert "cluster" not in found
    assert not any(name.endswith("-over-budget") for name in found)


def test_a_plan_names_what_is_added_changed_and_removed() -> None:
    before = made(ADS, OPEN).limits
    assert changes(before, before) == []
    after = made(ADS, Workgroup("open", scan_limit=2**21)).limits
    found = [(one.action, one.what, one.name) for one in changes(before, after)]
    assert found == [("remove", "default", "cluster.open"), ("change", "default", "cluster.open")]
    gone = changes(Limits(), made(ADS).limits)
    assert {one.action for one in gone} == {"add"}
    assert Selector("unmatched", 0) in made().limits.selectors


def test_a_database_is_its_members_and_others_are_open() -> None:
    groups = [
        Workgroup("ads", members=("ada",), databases=("raw", "movies.sakila")),
        Workgroup("bots", members=("bob",), databases=("raw",)),
        Workgroup("all", databases=("shared",)),
        Workgroup("few", members=("eve",), databases=("shared",)),
    ]
    tables = rules.merged(rules.ALLOW_ALL, rules.of_workgroups(groups))["tables"]
    assert rights(tables, "ada", "lake", "raw")
    assert rights(tables, "bob", "lake_files", "raw")
    assert not rights(tables, "eve", "lake", "raw")
    assert rights(tables, "ada", "movies", "sakila")
    assert not rights(tables, "bob", "movies", "sakila")
    assert rights(tables, "bob", "lake", "shared")
    assert rights(tables, "bob", "lake", "other")


def rights(tables: list[rules.Rule], user: str, catalog: str, schema: str) -> list[str]:
    """As Trino finds them: of the first rule that fits."""
    asked = {"user": user, "catalog": catalog, "schema": schema}
    for rule in tables:
        if all(re.fullmatch(rule.get(key, ".*"), value) for key, value in asked.items()):
            return list(rule["privileges"])
    return []


def test_rules_by_hand_go_first_and_those_for_all_last() -> None:
    first, second = {"user": "eve", "privileges": []}, {"privileges": ["SELECT"]}
    group = Workgroup("ads", members=("ada",), databases=("raw",))
    by_hand = {"tables": [first, second]}
    found = rules.merged(by_hand, rules.of_workgroups([group]))["tables"]
    assert (found[0], found[-1]) == (first, second)
    assert len(found) == 4
    assert rules.merged(by_hand, rules.of_workgroups([])) == by_hand


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"tables": [}', "line 1, column 13: not valid JSON"),
        ('{\n"tables": 1}', "not an object of lists"),
        ('{"tables": ["x"]}', "not an object of lists"),
        ("[]", "not an object of lists"),
    ],
)
def test_a_file_of_rules_that_is_wrong_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "rules.json").write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        rules.read_by_hand(tmp_path / "rules.json")
