"""The definitions' files: keys, values, places of what is wrong, and writing them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from lakeshell.definitions.jobs import Jobs, table_name
from lakeshell.definitions.schema import (
    Key,
    choice,
    count,
    dump,
    duration,
    load,
    money,
    size,
    text,
)
from lakeshell.definitions.workgroups import Workgroups
from lakeshell.errors import AlreadyExists, ConfigurationError, UsageError
from lakeshell.workgroup import Workgroup

KEYS = (
    Key("url", text, required=True, doc='url = "…"'),
    Key("limits.scan", size),
    Key("limits.budget", money, Decimal(0)),
    Key("mode", choice("overwrite", "append"), "overwrite"),
    Key("retries", count, 0),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.toml"


def test_values_are_read_and_defaults_filled_in(file: Path) -> None:
    file.write_text('url = "x"\n[limits]\nscan = "1.5MB"\nbudget = 0.1\n')
    assert load(file, KEYS) == {
        "url": "x", "limits.scan": 1_572_864, "limits.budget": Decimal("0.1"), "mode": "overwrite",
        "retries": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said", "hint"),
    [
        ("", "has no key 'url'", 'add it: url = "…"'),
        ('url = "x"\nmod = "append"', "line 2: there is no key 'mod'", "did you mean 'mode'?"),
        ('url = "x"\n\n[limits]\nscam = 1', "line 4: there is no key 'limits.scam'", "'limits.scan'"),
        ('url = "x"\n[limit]\nscan = 1', "line 2: there is no key 'limit'", "did you mean 'limits'?"),
        ('url = "x"\nmode = "apend"', "line 2: mode = 'apend' is not right", "mean 'append'?"),
        ('url = "x"\nretries = -1', "line 2: retries = -1", "a whole number"),
        ('url = "x"\nurl = "y"', "line 2, key 'url': not valid TOML", "mend that line"),
        ('url = "x', "line 1, key 'url': not valid TOML", "mend that line"),
        ("[limits", "line 1: not valid TOML", "mend that line"),
    ],
)  # fmt: skip
def test_what_is_wrong_by_line_and_key(file: Path, written: str, said: str, hint: str) -> None:
    file.write_text(written)
    with pytest.raises(ConfigurationError) as raised:
        load(file, KEYS)
    assert str(file) in raised.value.message
    assert said in raised.value.message
    assert hint in raised.value.hint


def test_a_file_that_is_no_text(file: Path) -> None:
    file.write_bytes(b"url = \xff")
    with pytest.raises(ConfigurationError, match=r"not UTF-8 text \(byte 6\)"):
        load(file, KEYS)


@pytest.mark.parametrize(
    ("written", "seconds"), [("30s", 30), ("15m", 900), ("12h", 43_200), ("7d", 604_800), (5, 5)]
)
def test_durations(written: object, seconds: int) -> None:
    assert duration(written) == seconds


@pytest.mark.parametrize("written", ["", "7 days", "-1s", True])
def test_what_is_no_duration(written: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration(written)


def test_sizes_are_binary() -> None:
    assert [size(v) for v in ("10MB", "1kB", "1.5 GB", 7)] == [10 * 2**20, 1024, 3 * 2**29, 7]


def test_what_is_written_is_read_again(file: Path) -> None:
    values = {"url": 'a "quoted"\n\\ text', "limits.budget": Decimal("0.10"), "retries": 3}
    file.write_text(dump(values))
    found = load(file, KEYS)
    assert {name: found[name] for name in values} == values


def test_a_workgroup_is_kept_found_and_removed(tmp_path: Path) -> None:
    groups = Workgroups(tmp_path / "workgroups")
    assert list(groups.names()) == ["primary"]
    groups.add(Workgroup(name="team", scan_limit=2**20, daily_budget=Decimal("2.5")))
    found = Workgroups(tmp_path / "workgroups").get("team")
    assert (found.scan_limit, found.daily_budget) == (2**20, Decimal("2.5"))
    with pytest.raises(AlreadyExists):
        groups.add(Workgroup(name="team"))
    groups.remove("team")
    with pytest.raises(UsageError, match="there is no workgroup 'team'"):
        groups.get("team")
    with pytest.raises(UsageError):
        groups.remove("primary")


def test_every_key_of_a_workgroup_is_written_and_read(tmp_path: Path) -> None:
    made = Workgroup(
        name="team", description="for ads", members=("ada", "grace"), tags=("ads", "bi"),
        database="raw", databases=("raw", "movies.sakila"), scan_limit=3 * 2**20,
        daily_budget=Decimal("2.50"), monthly_budget=Decimal(40), budget_warn=None, budget_stop=120,
        notify="mail -s 'budget' ops", concurrency=2, queue=0, result_location="results/team",
        result_keep=86_400, reuse=600, may_override=False,
        properties={"query_max_run_time": "5m", "lake.parquet_ignore_statistics": "true"},
    )  # fmt: skip
    groups = Workgroups(tmp_path / "workgroups")
    groups.add(made)
    assert groups.get("team") == made
    assert groups.get(groups.set("team", {"budget_stop": None}).stem).budget_stop is None


def test_all_workgroups_are_read_while_another_process_removes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = Workgroups(tmp_path)
    groups.add(Workgroup(name="stays"))
    listed = [*groups.names(), "went"]
    monkeypatch.setattr(groups, "names", lambda: listed)
    assert [group.name for group in groups.all()] == ["primary", "stays"]
    (tmp_path / "went.toml").write_text("nonsense")
    with pytest.raises(ConfigurationError, match="went"):
        groups.all()


def test_a_workgroup_file_says_what_differs_from_the_defaults(tmp_path: Path) -> None:
    path = Workgroups(tmp_path).add(Workgroup(name="team", scan_limit=2**20))
    assert path.read_text() == 'scan_limit = "1MB"\n'


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('tags = ["a,b"]', "without blanks and commas"),
        ('tags = ["lakeshell"]', "none is lakeshell"),
        ("budget_warn = 0", '"80%", or "never"'),
        ('override = "never"', "one of allow, refuse"),
        ('result_location = "http://lake/x"', "a folder"),
        ('result_location = "s3://lake"', "s3://BUCKET/PREFIX"),
        ("concurrency = -1", "1 or more"),
    ],
)
def test_wrong_keys_of_a_workgroup(tmp_path: Path, written: str, said: str) -> None:
    (tmp_path / "team.toml").write_text(written)
    with pytest.raises(ConfigurationError, match="line 1") as raised:
        Workgroups(tmp_path).get("team")
    assert said in raised.value.hint


def test_other_clients_have_a_workgroup_on_a_cluster_alone(tmp_path: Path) -> None:
    assert Workgroups(tmp_path).names() == ["primary"]
    found = Workgroups(tmp_path, on_cluster=True)
    assert found.names() == ["primary", "unmatched"]
    assert (found.get("unmatched").concurrency, found.get("unmatched").queue) == (10, 100)


def test_names_that_are_no_file_names(tmp_path: Path) -> None:
    groups = Workgroups(tmp_path / "workgroups")
    for name in ("", "..", "../x", "a/b", ".hidden", "a\0b", "x" * 300):
        with pytest.raises(UsageError):
            groups.add(Workgroup(name=name))
    assert not list(tmp_path.rglob("*.toml"))


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("raw.film", ("raw", "film")),
        ('raw."a.b"', ("raw", "a.b")),
        ('"x y"."q""q"', ("x y", 'q"q')),
    ],
)
def test_names_of_tables(written: str, parts: tuple[str, str]) -> None:
    name = table_name(written)
    assert (name.database, name.table) == parts


@pytest.mark.parametrize("written", ["film", "a.b.c", "", ".", 'raw."film'])
def test_what_is_no_name_of_a_table(written: str) -> None:
    with pytest.raises(UsageError, match="is not a table"):
        table_name(written)


def test_a_job_without_its_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no job 'load'"):
        Jobs(tmp_path).get("load")
