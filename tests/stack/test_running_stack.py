"""The stack as it runs: what it is configured for, seen by another client. Stops nothing."""

from __future__ import annotations

import json
import subprocess
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import live
import pytest

from lakeshell.stack import idle, secrets
from lakeshell.stack.control import cursor
from lakeshell.stack.health import State, statuses
from lakeshell.stack.services import PORTS, Service
from lakeshell.stack.storage import ObjectStorage


@pytest.fixture
def schema() -> Iterator[str]:
    name = f"running_{uuid.uuid4().hex[:8]}"
    live.sql(f"CREATE SCHEMA lake.{name}")
    yield name
    live.sql(f"DROP SCHEMA lake.{name} CASCADE")


def test_every_service_serves_with_version_memory_and_uptime() -> None:
    with live.lake() as lake:
        found = {s.service: s for s in statuses(lake.stack.compose, datetime.now(UTC))}
    for service in PORTS:
        status = found[service]
        assert status.state is State.SERVING
        assert status.version
        assert status.memory is not None
        assert status.memory_max is not None
        assert 0 < status.memory < status.memory_max
        assert status.uptime is not None
        assert status.uptime > 0
    assert found[Service.TRINO].version == "476"
    assert (found[Service.MYSQL].version or "").startswith("9.7.")


def test_ports_are_open_to_this_machine_alone() -> None:
    project = live.installation().project
    printed = subprocess.run(
        [
            *("docker", "ps", "--filter", f"label=com.docker.compose.project={project}"),
            *("--format", "{{.Ports}}"),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    bound = [port for line in printed.split() for port in line.split(",") if "->" in port]
    assert len(bound) == len(PORTS)
    assert all(port.startswith("127.0.0.1:") for port in bound)


def test_secrets_are_in_no_process_list_and_no_log() -> None:
    made = live.installation()
    hidden = [made.secrets[name] for name in (*secrets.PASSWORDS, secrets.TRINO_INTERNAL)]
    listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True).stdout
    with live.lake() as lake:
        logged = lake.stack.compose.run("logs", "--no-color")
    assert len(logged) > 1000
    for secret in hidden:
        assert secret not in listed
        assert secret not in logged


def test_one_name_serves_iceberg_and_csv(schema: str) -> None:
    live.sql(f"CREATE TABLE lake.{schema}.film AS SELECT * FROM tpch.tiny.nation")
    live.sql(
        f"CREATE TABLE lake_files.{schema}.listed (a varchar, b varchar) WITH (format = 'CSV')"
    )
    live.sql(f"INSERT INTO lake.{schema}.listed VALUES ('x', 'y')")
    joined = f"SELECT count(*) FROM lake.{schema}.film, lake.{schema}.listed WHERE a = 'x'"
    assert live.sql(joined) == [[25]]
    live.sql(f"DROP TABLE lake.{schema}.listed")


def test_a_connection_that_trino_does_not_know_yet_is_told_what_to_do() -> None:
    ended = live.lakeshell("query", "-e", "SELECT 1 FROM added_just_now.a.b")
    assert ended.returncode == 1
    assert "Catalog 'added_just_now' not found" in ended.stderr
    assert "gets its catalog by `lakeshell stack up`" in ended.stderr


def test_queries_of_every_client_are_recorded() -> None:
    mark = uuid.uuid4().hex
    live.sql(f"SELECT '{mark}', count(*) FROM tpch.tiny.nation", user="grace", tags=["analysts"])
    with pytest.raises(Exception, match="Division by zero"):
        live.sql(f"SELECT 1 / 0, '{mark}'", user="grace")

    def recorded() -> list[tuple[str, str, str]]:
        with cursor(live.installation(), Service.CONTROL) as sql:
            sql.execute(
                "SELECT user, query_state, client_tags_json FROM trino.trino_queries"
                " WHERE query LIKE %s ORDER BY query_state",
                (f"%{mark}%",),
            )
            return list(sql.fetchall())

    assert live.eventually(lambda: len(recorded()) == 2)
    failed, finished = recorded()
    assert (failed[:2], finished[:2]) == (("grace", "FAILED"), ("grace", "FINISHED"))
    assert json.loads(finished[2]) == ["analysts"]


def test_a_limit_of_a_workgroup_comes_from_the_control_database(schema: str) -> None:
    tag = f"limited-{uuid.uuid4().hex[:6]}"
    with cursor(live.installation(), Service.CONTROL) as sql:
        sql.execute("INSERT INTO trino.session_specs (priority) VALUES (1)")
        spec = sql.lastrowid
        sql.execute("INSERT INTO trino.session_client_tags VALUES (%s, %s)", (spec, tag))
        sql.execute(
            "INSERT INTO trino.session_property_values VALUES (%s, 'query_max_run_time', '77s')",
            (spec,),
        )
    shown = "SHOW SESSION LIKE 'query_max_run_time'"
    try:
        assert live.eventually(lambda: live.sql(shown, tags=[tag])[0][1] == "77s")
        assert live.sql(shown)[0][1] != "77s"
    finally:
        with cursor(live.installation(), Service.CONTROL) as sql:
            sql.execute("DELETE FROM trino.session_client_tags WHERE tag_spec_id = %s", (spec,))
            sql.execute(
                "DELETE FROM trino.session_property_values WHERE property_spec_id = %s", (spec,)
            )
            sql.execute("DELETE FROM trino.session_specs WHERE spec_id = %s", (spec,))


def test_rules_of_access_are_followed_without_a_restart(schema: str) -> None:
    live.sql(f"CREATE TABLE lake.{schema}.pay AS SELECT 1 AS amount")
    rules = live.folder() / "access" / "rules.json"
    before = rules.read_text()
    refused = {"user": "mallory", "catalog": "lake", "schema": schema, "privileges": []}
    everyone = {"privileges": ["SELECT", "INSERT", "UPDATE", "DELETE", "OWNERSHIP"]}
    rules.write_text(json.dumps({**json.loads(before), "tables": [refused, everyone]}))
    live.done("workgroup", "apply")
    read = f"SELECT amount FROM lake.{schema}.pay"

    def denied() -> bool:
        try:
            live.sql(read, user="mallory")
        except Exception as error:
            return "Access Denied" in str(error)
        return False

    try:
        assert live.eventually(denied)
        assert live.sql(read) == [[1]]
    finally:
        rules.write_text(before)
        live.done("workgroup", "apply")
    assert live.eventually(lambda: not denied())


def test_results_are_spooled_to_object_storage_for_clients_that_ask() -> None:
    url = live.installation().trino_url + "/v1/statement"
    text = b"SELECT orderkey, comment FROM tpch.sf1.orders LIMIT 300000"
    headers = {"X-Trino-User": "ada", "X-Trino-Query-Data-Encoding": "json+zstd"}
    answer = json.load(urllib.request.urlopen(urllib.request.Request(url, text, headers)))
    segments = []
    while "nextUri" in answer:
        answer = json.load(urllib.request.urlopen(answer["nextUri"]))
        if answer.get("data"):
            segments += answer["data"]["segments"]
    assert "error" not in answer
    kinds = {segment["type"] for segment in segments}
    assert "spooled" in kinds
    addresses = [s["uri"] for s in segments if s["type"] == "spooled"]
    assert all(address.startswith(live.installation().trino_url) for address in addresses)


def test_buckets_are_there() -> None:
    assert ObjectStorage(live.installation()).missing_buckets() == []


def test_a_statement_of_any_characters_is_a_use_of_the_source() -> None:
    def ask() -> None:
        with cursor(live.installation(), Service.MYSQL) as sql:
            sql.execute("SELECT '\U0010ffff', SLEEP(3)")

    live.folder()
    asking, seen = threading.Thread(target=ask), False
    asking.start()
    with live.lake() as lake:
        while asking.is_alive() and not seen:
            seen = idle.uses(lake.stack.compose, (Service.MYSQL,))[Service.MYSQL].busy
    asking.join()
    assert seen


def test_logs_are_what_was_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = live.lakeshell("stack", "logs", "--tail", "3", "metastore", "trino")
    assert ended.returncode == 0, ended.stderr
    names = {line.partition("|")[0].strip() for line in ended.stdout.splitlines()}
    assert names == {"metastore-1", "trino-1"}
    assert "\x1b" not in ended.stdout
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    ended = live.lakeshell("stack", "logs", "minio")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "no Docker engine answers" in ended.stderr
