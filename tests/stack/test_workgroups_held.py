"""Workgroups on the running stack, met by a client that knows nothing of Lakeshell."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import live
import pytest
from trino.exceptions import TrinoQueryError

from lakeshell import serve
from lakeshell.stack.control import cursor
from lakeshell.stack.enforce import Enforcement
from lakeshell.stack.services import Service

NAME = f"held_{uuid.uuid4().hex[:6]}"
USERS = (f"grace_{NAME}", f"hedy_{NAME}")
NUMBERS = count()
"""What one has spent is not the next one's."""
SLOW = "SELECT count(*) FROM lake.{0}.line a, lake.{0}.line b WHERE a.comment < b.comment"
"""Reads a megabyte at once and then compares for minutes."""


@pytest.fixture(scope="module")
def schema() -> Iterator[str]:
    live.sql(f"CREATE SCHEMA lake.{NAME}")
    live.sql(f"CREATE TABLE lake.{NAME}.line AS SELECT orderkey, comment FROM tpch.tiny.lineitem")
    yield NAME
    live.sql(f"DROP SCHEMA lake.{NAME} CASCADE")


@pytest.fixture
def workgroup() -> Iterator[Callable[..., str]]:
    """Adds one with such options; it is gone at the end."""
    made: list[str] = []

    def add(*options: str) -> str:
        name = f"{NAME}_{next(NUMBERS)}"
        live.done("workgroup", "add", name, *options)
        made.append(name)
        return name

    yield add
    for name in made:
        live.done("workgroup", "rm", name)


def group_of(user: str, tags: Sequence[str] = ()) -> str:
    """The resource group that a query of that client is in."""
    mark = uuid.uuid4().hex
    text = f"SELECT resource_group_id FROM system.runtime.queries WHERE query LIKE '%{mark}%'"
    ((found,),) = live.sql(text, user, tags)
    return ".".join(found)


def session(name: str, user: str, tags: Sequence[str] = ()) -> str:
    return str(live.sql(f"SHOW SESSION LIKE '{name}'", user, tags)[0][1])


HELD = ("--property", "query_max_run_time=55m")


def is_held(name: str) -> bool:
    """Whether Trino has a workgroup with that property; asking costs it nothing."""
    return session("query_max_run_time", "eve", [name]) == "55m"


def error_of(text: str, user: str, tags: Sequence[str] = ()) -> str:
    try:
        live.sql(text, user, tags)
    except TrinoQueryError as error:
        return str(error.error_name)
    return ""


def running(text: str, user: str, tags: Sequence[str]) -> Iterator[str]:
    """A query under way, on a thread; then why it ended."""
    ended: list[str] = []
    thread = threading.Thread(target=lambda: ended.append(error_of(text, user, tags)), daemon=True)
    thread.start()
    yield "begun"
    thread.join(60)
    yield ended[0]


def in_cluster(text: str) -> list[str]:
    """The ids of those of that text that run."""
    asked = (
        f"SELECT query_id FROM system.runtime.queries WHERE state = 'RUNNING' AND query = '{text}'"
    )
    return [id for (id,) in live.sql(asked)]


def kill(id: str) -> None:
    request = urllib.request.Request(
        f"{live.installation().trino_url}/v1/query/{id}/killed",
        b"enough",
        {"X-Trino-User": "ada", "Content-Type": "text/plain"},
        method="PUT",
    )
    urllib.request.urlopen(request, timeout=10)


def test_a_query_is_in_its_workgroup_by_tag_and_by_user(workgroup: Callable[..., str]) -> None:
    open_to_all = workgroup("--tag", f"bi-{NAME}")
    name = workgroup("--member", USERS[0], "--member", USERS[1])
    assert live.eventually(lambda: group_of(USERS[1]) == f"cluster.{name}")
    assert group_of("ada", [open_to_all]) == f"cluster.{open_to_all}"
    assert group_of("ada", ["other", f"bi-{NAME}"]) == f"cluster.{open_to_all}"
    assert group_of(USERS[0], [open_to_all]) == f"cluster.{open_to_all}"
    # Who is no member gains nothing by the tag.
    assert group_of("mallory", [name]) == "cluster.unmatched"
    assert group_of("mallory") == "cluster.unmatched"
    live.done("workgroup", "set", name, "--member", USERS[0])
    assert live.eventually(lambda: group_of(USERS[1]) == "cluster.unmatched")


def test_its_limit_and_properties_are_those_of_another_clients_sessions(
    schema: str, workgroup: Callable[..., str]
) -> None:
    name = workgroup(
        "--member", USERS[0], "--scan-limit", "1kB", "--property", "query_max_run_time=77s"
    )
    limit = "query_max_scan_physical_bytes"
    assert live.eventually(lambda: session(limit, USERS[0]) == "1024B")
    assert session("query_max_run_time", USERS[0], [name]) == "77s"
    assert session("query_max_run_time", "mallory", [name]) != "77s"
    # By Trino, or by a process that serves the lake, whoever looks first.
    ended = error_of(SLOW.format(schema), USERS[0])
    assert ended in ("EXCEEDED_SCAN_LIMIT", "ADMINISTRATIVELY_KILLED")
    live.done("workgroup", "set", name, "--scan-limit", "none", "--property", "none")
    assert live.eventually(lambda: session(limit, USERS[0]) != "1024B")
    assert session("query_max_run_time", USERS[0]) != "77s"


def test_more_than_its_queue_holds_is_refused(schema: str, workgroup: Callable[..., str]) -> None:
    name = workgroup("--concurrency", "1", "--queue", "0")
    assert live.eventually(lambda: group_of("ada", [name]) == f"cluster.{name}")
    text = SLOW.format(schema)
    first = running(text, "ada", [name])
    next(first)
    assert live.eventually(lambda: bool(in_cluster(text)))
    assert error_of("SELECT 1", "ada", [name]) == "QUERY_QUEUE_FULL"
    assert live.sql("SELECT 1") == [[1]]
    kill(in_cluster(text)[0])
    assert next(first) == "ADMINISTRATIVELY_KILLED"


def test_a_database_of_a_workgroup_is_its_members_alone(
    schema: str, workgroup: Callable[..., str]
) -> None:
    read = f"SELECT count(orderkey) FROM lake.{schema}.line"
    assert live.sql(read, "mallory") == [[60175]]
    workgroup("--member", USERS[0], "--member", "ada", "--grant", schema)
    assert live.eventually(lambda: error_of(read, "mallory") == "PERMISSION_DENIED")
    assert live.sql(read, USERS[0]) == [[60175]]
    assert live.sql(f"SHOW TABLES FROM lake.{schema}", "mallory") == []
    assert error_of(f"DROP TABLE lake.{schema}.line", "mallory") == "PERMISSION_DENIED"
    assert error_of(f"SELECT * FROM lake_files.{schema}.line", "mallory") == "PERMISSION_DENIED"
    # What is nobody's is open as before.
    assert live.sql("SELECT count(*) FROM tpch.tiny.nation", "mallory") == [[25]]


def test_rules_by_hand_come_first_and_stay(schema: str, workgroup: Callable[..., str]) -> None:
    by_hand = live.folder() / "access" / "rules.json"
    before = by_hand.read_text()
    refused = {"user": USERS[1], "catalog": "lake", "schema": schema, "privileges": []}
    everyone = {"privileges": ["SELECT", "INSERT", "UPDATE", "DELETE", "OWNERSHIP"]}
    text = json.dumps({**json.loads(before), "tables": [refused, everyone]})
    read = f"SELECT count(orderkey) FROM lake.{schema}.line"
    try:
        by_hand.write_text(text)
        workgroup("--member", USERS[0], "--member", USERS[1], "--member", "ada", "--grant", schema)
        assert live.eventually(lambda: error_of(read, USERS[1]) == "PERMISSION_DENIED")
        assert live.eventually(lambda: error_of(read, "mallory") == "PERMISSION_DENIED")
        assert live.sql(read, USERS[0]) == [[60175]]
        assert by_hand.read_text() == text
        by_hand.write_text("{")
        refused_file = live.lakeshell("workgroup", "apply")
        assert refused_file.returncode == 2
        assert "rules.json, line 1" in refused_file.stderr
        assert live.sql(read, USERS[0]) == [[60175]]
    finally:
        by_hand.write_text(before)
        live.done("workgroup", "apply")


def test_a_plan_says_what_would_change_and_changes_nothing(
    workgroup: Callable[..., str],
) -> None:
    name = workgroup("--concurrency", "3")
    with live.lake() as lake:
        groups = [
            replace(group, concurrency=4, scan_limit=2**20) if group.name == name else group
            for group in lake.workgroups.all()
        ]
        there = lake.stack.enforcement
        edited = Enforcement(there.installation, there.by_hand, there.cluster, lambda: groups)
        for _ in range(2):
            assert [tuple(change) for change in edited.plan().changes] == [
                (
                    "change", "group", f"cluster.{name}",
                    "3 at once, 1000 waiting -> 4 at once, 1000 waiting",
                ),
                (
                    "add", "default", f"cluster.{name}",
                    "query_max_scan_physical_bytes = 1048576B",
                ),
            ]  # fmt: skip
    said = live.lakeshell("workgroup", "apply", "--dry-run", "--output-format", "JSON")
    assert (said.returncode, said.stdout) == (0, ""), said.stderr
    assert "Trino holds what the workgroups say" in said.stderr


# --- the resident process ------------------------------------------------------------------


@pytest.fixture(scope="module")
def served() -> Iterator[None]:
    """`lakeshell serve` runs, unless somebody's does."""
    if serve.serving(live.folder() / ".lakeshell") is not None:
        yield
        return
    words = [sys.executable, "-P", "-m", "lakeshell", "serve", "--lake", str(live.folder())]
    process = subprocess.Popen(words, cwd=live.ROOT, stderr=subprocess.PIPE, text=True)
    yield
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert "ended" in said, said
    assert "a bug" not in said, said


def events(name: str) -> list[dict[str, str]]:
    said = live.lakeshell("workgroup", "events", name, "--output-format", "JSON").stdout
    return [json.loads(line) for line in said.splitlines()]


def test_a_client_that_raised_its_own_limit_is_stopped_and_told_why(
    served: None, schema: str, workgroup: Callable[..., str]
) -> None:
    name = workgroup("--member", USERS[0], "--scan-limit", "1kB")
    assert live.eventually(lambda: session("query_max_scan_physical_bytes", USERS[0]) == "1024B")
    raised = {"query_max_scan_physical_bytes": "1TB"}
    began = time.monotonic()
    with pytest.raises(TrinoQueryError, match="Lakeshell stopped it: it scanned") as ended:
        live.sql(SLOW.format(schema), USERS[0], properties=raised)
    assert ended.value.error_name == "ADMINISTRATIVELY_KILLED"
    assert time.monotonic() - began < 30
    # Who stops it writes it down then.
    assert live.eventually(lambda: events(name))
    (event,) = events(name)
    assert (event["kind"], event["user"], event["query"]) == (
        "CANCELLED", USERS[0], ended.value.query_id,
    )  # fmt: skip
    assert "over the limit of 1.00 kB a query" in event["detail"]


def test_what_a_workgroup_sets_is_not_set_otherwise(
    served: None, schema: str, workgroup: Callable[..., str]
) -> None:
    name = workgroup("--property", "query_max_run_time=1h", "--override", "refuse")
    assert live.eventually(lambda: session("query_max_run_time", "ada", [name]) == "1h")
    with pytest.raises(TrinoQueryError, match="sets query_max_run_time = 1h and refuses 9h"):
        live.sql(SLOW.format(schema), "ada", [name], {"query_max_run_time": "9h"})


def test_a_file_that_is_edited_is_followed(served: None, workgroup: Callable[..., str]) -> None:
    name = workgroup("--concurrency", "3")
    path = live.folder() / "workgroups" / f"{name}.toml"
    path.write_text('[properties]\nquery_max_run_time = "66s"\n')
    assert live.eventually(lambda: session("query_max_run_time", "ada", [name]) == "66s", 15)


def test_a_budget_that_is_used_up_stops_every_client_and_tells_once(
    served: None, schema: str, workgroup: Callable[..., str], tmp_path: Path
) -> None:
    told = tmp_path / "told"
    name = workgroup(
        # What two queries cost at least.
        "--daily-budget", "0.0000953674",
        "--notify", f'echo "$LAKESHELL_EVENT $LAKESHELL_WORKGROUP" >> {told}',
        *HELD,
    )  # fmt: skip
    assert live.eventually(lambda: is_held(name))
    costs_the_minimum = f"SELECT count(comment) FROM lake.{schema}.line"
    live.done("query", "-w", name, "-e", costs_the_minimum)
    assert not told.exists()
    with pytest.raises(TrinoQueryError, match=r"the daily budget of workgroup .* is used up"):
        live.sql(SLOW.format(schema), "eve", [name])
    # Refused where the query that was stopped is in the history by now.
    assert live.lakeshell("query", "-w", name, "-e", costs_the_minimum).returncode in (0, 5)
    assert live.eventually(lambda: error_of("SELECT 1", "eve", [name]) == "QUERY_QUEUE_FULL")
    with pytest.raises(TrinoQueryError, match="over-budget"):
        live.sql("SELECT 1", "eve", [name])
    assert live.sql(f"SHOW TABLES FROM lake.{schema}", "eve", [name]) == [["line"]]
    refused = live.lakeshell("query", "-w", name, "-e", costs_the_minimum)
    assert refused.returncode == 5, refused.stderr
    # The command is started, and not waited for.
    assert live.eventually(lambda: told.exists() and told.read_text())
    assert told.read_text() == f"STOP {name}\n"
    live.done("workgroup", "set", name, "--daily-budget", "9")
    assert live.eventually(lambda: error_of("SELECT 1", "eve", [name]) == "")
    assert told.read_text() == f"STOP {name}\n"


def test_what_other_clients_scan_uses_up_the_budget(
    served: None, schema: str, workgroup: Callable[..., str]
) -> None:
    name = workgroup("--daily-budget", "0.0001", "--budget-stop", "90%", *HELD)
    read = f"SELECT count(comment) FROM lake.{schema}.line"
    assert live.eventually(lambda: is_held(name))
    assert live.sql(read, "eve", [name]) == [[60175]]
    assert error_of(read, "eve", [name]) in ("", "ADMINISTRATIVELY_KILLED")
    assert live.eventually(lambda: error_of("SELECT 1", "eve", [name]) == "QUERY_QUEUE_FULL")

    # The second may have been stopped while it ran.
    assert live.eventually(lambda: [e["kind"] for e in events(name)].count("STOP") == 1)


def test_rules_of_somebody_else_in_the_control_database_stay() -> None:
    with cursor(live.installation(), Service.CONTROL) as sql:
        sql.execute(
            "INSERT INTO trino.session_specs (user_regex, priority) VALUES (%s, 1)", (NAME,)
        )
        number = sql.lastrowid
        try:
            live.done("workgroup", "apply")
            assert sql.execute("SELECT 1 FROM trino.session_specs WHERE spec_id = %s", (number,))
        finally:
            sql.execute("DELETE FROM trino.session_specs WHERE spec_id = %s", (number,))
