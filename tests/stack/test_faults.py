"""Services killed, restarted and broken under commands: what is said, what mends it, what is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress

import live
import pytest

from lakeshell.engine.trino.failures import LOCKED
from lakeshell.model import TableName
from lakeshell.stack.control import cursor
from lakeshell.stack.services import PORTS, Service
from lakeshell.stack.storage import ObjectStorage

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module", autouse=True)
def whole() -> Iterator[None]:
    """Nothing is started again unasked, whatever the stack's settings say."""
    live.folder()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LAKESHELL_STACK_IDLE_STOP", "0")
        live.done("stack", "start")
        yield
        live.done("stack", "start")


@pytest.fixture(scope="module")
def name() -> Iterator[str]:
    """A source database of that name with 600,000 rows in `big`, crawled, with a job that loads it."""
    made = f"faults_{uuid.uuid4().hex[:8]}"
    password = "MYSQL_ROOT_PASSWORD"
    port = live.installation().port(Service.MYSQL)
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"CREATE DATABASE {made}")
        sql.execute(f"CREATE TABLE {made}.big (id BIGINT PRIMARY KEY, word VARCHAR(200))")
        sql.execute("SET SESSION cte_max_recursion_depth = 1000")
        sql.execute(
            f"INSERT INTO {made}.big WITH RECURSIVE n AS (SELECT 0 i UNION ALL SELECT i + 1 FROM n"
            " WHERE i < 799) SELECT a.i * 800 + b.i, repeat(sha2(a.i * 800 + b.i, 256), 3)"
            " FROM n a, n b"
        )
    url = f"mysql://root@127.0.0.1:{port}/{made}"
    live.done("connection", "add", made, url, "--password-env", password)
    live.done("crawler", "add", made, "--connection", made, "--database", made)
    live.done("crawler", "run", made)
    source = f"{made}.{made}_big"
    live.done("job", "propose", made, "--source", source, "--target", f"{made}.copy")
    live.done("job", "run", made)
    yield made
    live.done("stack", "start")
    live.sql(f"DROP TABLE IF EXISTS lake.{made}.copy")
    with live.lake() as lake, suppress(Exception):
        for table in lake.catalog.tables(made):
            lake.catalog.drop(table.name)
        lake.catalog.drop_database(made)
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"DROP DATABASE {made}")
    for file in live.folder().glob(f"*/{made}.*"):
        file.unlink()


def kill(*services: str) -> None:
    with live.lake() as lake:
        lake.stack.compose.run("kill", *services)


def failed(code: int, *words: str) -> str:
    """What a command said that must end with `code`, within seconds and in two lines."""
    began = time.monotonic()
    ended = live.lakeshell(*words)
    assert ended.returncode == code, ended.stderr
    assert time.monotonic() - began < 60
    assert "panicked" not in ended.stderr
    return ended.stderr


def findings() -> dict[str, dict[str, str]]:
    printed = live.lakeshell("doctor", "--output-format", "JSON").stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    return {row["part"]: row for row in rows}


def mended(part: str, *, found: str) -> None:
    """The doctor's command for a part that fails mends it."""
    said = findings()[part]
    assert said["health"] == "failed"
    assert found in said["found"]
    program, *words = said["mend"].split()
    assert program == "lakeshell"
    live.done(*words)
    assert findings()[part]["health"] == "ok"


def rows(name: str) -> int:
    return int(live.sql(f"SELECT count(*) FROM lake.{name}.copy WHERE word <> ''")[0][0])


def test_control_that_is_killed_is_named_within_seconds(name: str) -> None:
    kill("control")
    said = failed(3, "catalog", "databases")
    assert "does not reach its database" in said
    assert "lakeshell stack start metastore" in said
    said = failed(1, "query", "-e", f"SELECT max(word) FROM {name}.copy")
    assert "lakeshell stack start control" in said
    live.done("stack", "start", "metastore")
    live.done("crawler", "run", name)
    assert rows(name) == 640_000


def test_storage_that_is_killed_is_named(name: str) -> None:
    kill("minio")
    said = failed(1, "query", "-e", f"CREATE SCHEMA lake.{name}_made")
    assert "lakeshell stack start minio" in said
    assert "lakeshell stack start minio" in failed(3, "job", "run", name)
    live.done("stack", "start", "minio")
    assert live.sql(f"SHOW SCHEMAS FROM lake LIKE '{name}!_made' ESCAPE '!'") == []
    assert rows(name) == 640_000


def test_who_holds_a_table_locked_is_named_to_whom_trino_let_wait(name: str) -> None:
    with live.lake() as lake:
        copy = TableName(name, "copy")
        with lake.store.tables.pointers.lock(copy):
            said = lake.runtime._mend(LOCKED)  # type: ignore[attr-defined]
        assert f"{copy} is locked by " in said
        assert f"(lakeshell, process {os.getpid()}) for 0 min" in said
        assert said.endswith(f"lakeshell catalog unlock {copy}")


def test_a_restarted_metastore_is_waited_for_by_an_open_lake(name: str) -> None:
    with live.lake() as lake:
        before = len(lake.catalog.tables(name))
        lake.stack.compose.run("restart", "--timeout", "3", "metastore")
        said: list[str] = []
        lake.runtime.metastore._notice = said.append  # type: ignore[attr-defined]
        assert len(lake.catalog.tables(name)) == before
        assert len(said) <= 1


def test_a_source_that_is_killed_under_a_load_leaves_the_table_as_it_was(name: str) -> None:
    killing = threading.Timer(1.5, kill, ["mysql"])
    with cursor(live.installation(), Service.MYSQL) as sql:
        for _ in range(2):
            sql.execute(
                f"INSERT INTO {name}.big SELECT id + (SELECT max(id) + 1 FROM {name}.big), word"
                f" FROM {name}.big"
            )
    killing.start()
    said = failed(3, "job", "run", name)
    killing.join()
    assert "start it: lakeshell stack start mysql" in said
    assert rows(name) == 640_000
    found = findings()["mysql"]
    assert (found["health"], found["mend"]) == ("failed", "lakeshell stack start mysql")
    live.done("stack", "start", "mysql")


def test_files_that_a_killed_writer_left_are_found_and_removed(name: str) -> None:
    """Only those: a table of files and what a materialized view keeps are others' own."""
    live.sql(f"CREATE TABLE lake_files.{name}.listed (a varchar) WITH (format = 'CSV')")
    live.sql(f"INSERT INTO lake_files.{name}.listed VALUES ('x')")
    live.sql(
        f"CREATE MATERIALIZED VIEW lake.{name}.counted AS SELECT count(*) AS n FROM lake.{name}.copy"
    )
    live.sql(f"REFRESH MATERIALIZED VIEW lake.{name}.counted")
    with live.lake() as lake:
        tables = lake.store.tables
        lost = f"{tables.warehouse}/{name}.db/never-born/data/x.parquet"
        live.lakeshell("doctor", "--clean")
        with tables.files.create(lost) as file:
            file.write(b"lost")
        found = findings()["warehouse"]
        assert found["mend"].startswith("lakeshell doctor --clean")
        assert found["found"].startswith("1 file, 4 B")
        assert "removed 1 file, 4 B" in live.lakeshell("doctor", "--clean").stderr
        assert not tables.files.exists(lost)
    assert "of no table" not in findings()["warehouse"]["found"]
    assert live.sql(f"SELECT n FROM lake.{name}.counted") == [[rows(name)]]
    assert live.sql(f"SELECT a FROM lake.{name}.listed") == [["x"]]
    live.sql(f"DROP MATERIALIZED VIEW lake.{name}.counted")
    live.sql(f"DROP TABLE lake.{name}.listed")


def test_a_taken_port_is_named() -> None:
    live.done("stack", "stop", "mysql")
    port = live.installation().port(Service.MYSQL)
    with socket.create_server(("127.0.0.1", port)):
        found = findings()["mysql"]
        assert f"port {port} of this machine is taken" in found["found"]
        assert f"sport = :{port}" in found["mend"]
        assert f"port {port}" in failed(2, "stack", "start", "mysql")
    mended("mysql", found="it is stopped")


def test_a_missing_bucket_and_schema_are_made_again() -> None:
    storage = ObjectStorage(live.installation())
    if not storage.keys(""):
        storage._client.delete_bucket(Bucket="lake-backup")
        found = findings()["buckets"]
        assert (found["health"], found["mend"]) == ("failed", "lakeshell stack up")
        assert "lake-backup" in found["found"]
        storage.make_buckets()
    # Where the schema is, nobody may lose what is in it: its mark alone is taken away and put back.
    with cursor(live.installation(), Service.CONTROL) as sql:
        sql.execute("RENAME TABLE metastore.VERSION TO metastore.VERSION_AWAY")
        try:
            found = findings()["metastore's schema"]
        finally:
            sql.execute("RENAME TABLE metastore.VERSION_AWAY TO metastore.VERSION")
    assert (found["health"], found["mend"]) == ("failed", "lakeshell stack up")


def test_every_service_is_well_after_that() -> None:
    found = findings()
    assert [found[service]["health"] for service in PORTS] == ["ok"] * len(PORTS)


def test_storage_that_does_not_answer_lets_a_command_be_interrupted(name: str) -> None:
    with live.lake() as lake:
        lake.stack.compose.run("pause", "minio")
        try:
            running = live.begun("catalog", "tables", name)
            # By then it waits.
            time.sleep(4)
            running.send_signal(signal.SIGTERM)
            assert "interrupted" in running.communicate(timeout=15)[1]
            assert running.returncode == 130
        finally:
            running.kill()
            lake.stack.compose.run("unpause", "minio")
