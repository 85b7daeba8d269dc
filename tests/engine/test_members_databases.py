"""A database of a workgroup's members is refused to everybody else by the embedded engine too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lakeshell.errors import ConfigurationError, QueryFailed
from lakeshell.folder import make_lake
from lakeshell.lake import Lake
from lakeshell.workgroup import Workgroup, closed_to


def _run(lake: Lake, sql: str) -> int:
    running = lake.engine.run(sql, lake.session())
    return sum(batch.num_rows for batch in running.batches())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM secret.t",
        "INSERT INTO secret.t VALUES 2",
        "DELETE FROM secret.t",
        "DROP TABLE secret.t",
        "DROP SCHEMA secret CASCADE",
        "CREATE TABLE secret.u AS SELECT 1 AS a",
        "ALTER TABLE open.t RENAME TO secret.u",
        "DESCRIBE secret.t",
        'SELECT * FROM secret."t$snapshots"',
    ],
)
def test_who_is_no_member_is_refused(tmp_path: Path, sql: str) -> None:
    make_lake(tmp_path / "lake")
    with Lake(tmp_path / "lake", {**os.environ, "LAKESHELL_USER": "ada"}) as lake:
        lake.workgroups.add(Workgroup("team", members=("ada",), databases=("secret",)))
        for made in (
            "CREATE SCHEMA secret",
            "CREATE SCHEMA open",
            "CREATE TABLE secret.t AS SELECT 1 AS a",
            "CREATE TABLE open.t AS SELECT 1 AS a",
        ):
            _run(lake, made)
    with Lake(tmp_path / "lake", {**os.environ, "LAKESHELL_USER": "bob"}) as lake:
        with pytest.raises(QueryFailed, match="Access Denied"):
            _run(lake, sql)
        assert _run(lake, "SELECT * FROM open.t") == 1
    with Lake(tmp_path / "lake", {**os.environ, "LAKESHELL_USER": "ada"}) as lake:
        assert _run(lake, "SELECT * FROM secret.t") == 1


def test_a_workgroup_without_members_opens_a_database() -> None:
    groups = [
        Workgroup("a", members=("ada",), databases=("x", "y")),
        Workgroup("b", databases=("x",)),
    ]
    assert closed_to(groups, "bob") == {"y"}
    assert closed_to(groups, "ada") == frozenset()


def test_while_a_workgroup_cannot_be_read_no_query_runs_and_it_is_said_why(tmp_path: Path) -> None:
    make_lake(tmp_path / "lake")
    with Lake(tmp_path / "lake", {**os.environ, "LAKESHELL_USER": "bob"}) as lake:
        assert _run(lake, "SELECT 1") == 1
        (lake.folder / "workgroups" / "team.toml").write_text('members = ["ada"')
        with pytest.raises(ConfigurationError, match=r"team\.toml, line 1") as failed:
            _run(lake, "SELECT 1")
        assert "no query runs before" in failed.value.hint
