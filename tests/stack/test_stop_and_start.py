"""Services stopped, started, killed, removed and brought back, with nothing lost."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import live
import pytest
from fakes import Silent
from trino.exceptions import TrinoQueryError

from lakeshell.stack import secrets
from lakeshell.stack.control import cursor
from lakeshell.stack.idle import Keeper
from lakeshell.stack.services import PORTS, Service

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module", autouse=True)
def whole() -> Iterator[None]:
    live.folder()
    live.done("stack", "start")
    yield
    live.done("stack", "up", "--workers", "0")


@pytest.fixture(scope="module")
def schema() -> Iterator[str]:
    name = f"stopped_{uuid.uuid4().hex[:8]}"
    live.sql(f"CREATE SCHEMA lake.{name}")
    live.sql(f"CREATE TABLE lake.{name}.kept AS SELECT * FROM tpch.tiny.nation")
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"CREATE DATABASE {name}")
        sql.execute(f"CREATE TABLE {name}.rows_kept (id INT PRIMARY KEY, word VARCHAR(40))")
        sql.executemany(
            f"INSERT INTO {name}.rows_kept VALUES (%s, %s)", [(n, f"é{n}'\\") for n in range(500)]
        )
    yield name
    live.sql(f"DROP SCHEMA lake.{name} CASCADE")
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"DROP DATABASE IF EXISTS {name}")


def states() -> dict[str, str]:
    printed = live.lakeshell("stack", "status", "--output-format", "JSON").stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    return {row["service"]: row["state"] for row in rows}


def findings() -> dict[str, dict[str, str]]:
    printed = live.lakeshell("doctor", "--output-format", "JSON").stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    return {row["part"]: row for row in rows}


def kept(schema: str) -> tuple[int, int]:
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"SELECT count(*) FROM {schema}.rows_kept")
        (rows,) = sql.fetchone() or (0,)
    return live.sql(f"SELECT count(*) FROM lake.{schema}.kept")[0][0], rows


@pytest.mark.parametrize("service", list(PORTS))
def test_a_service_is_stopped_and_started_with_nothing_lost(service: str, schema: str) -> None:
    live.done("stack", "stop", service)
    assert states() == {name: "stopped" if name == service else "serving" for name in PORTS}
    found = findings()[service]
    assert (found["health"], found["mend"]) == ("failed", f"lakeshell stack start {service}")
    *steps, end = live.done("stack", "start", service).splitlines()
    assert f"waiting for {service}" in steps
    assert end == f"{service}: running"
    assert set(states().values()) == {"serving"}
    assert kept(schema) == (25, 500)


def test_what_nobody_uses_is_stopped_and_comes_back_when_needed(schema: str) -> None:
    """The clock is turned on by a quarter of an hour; what services count is real."""
    turned = 0.0
    with live.lake() as lake:
        lake.stack.settings = replace(lake.stack.settings, idle_stop=900)
        keeper = Keeper(lake.stack, lambda: time.time() + turned)
        # The Metastore writes its report every ten seconds.
        time.sleep(12)
        assert keeper.act() == ""
        turned = 890
        assert keeper.act() == ""
        live.sql(f"SELECT count(*) FROM lake.{schema}.kept")
        turned = 910
        assert keeper.act() == "stopped mysql, unused for 900 seconds"
        # What a service asks of another before it stops is use: that goes a period later, in order.
        order = []
        for period in range(2, 7):
            turned = period * 910
            said = re.fullmatch("(?:stopped (.+), unused for 900 seconds)?", keeper.act())
            assert said
            order += said[1].split(", ") if said[1] else []
        assert (order[0], sorted(order[1:3]), order[3:]) == (
            "trino",
            ["metastore", "minio"],
            ["control"],
        )
        assert set(states().values()) == {"stopped"}
        assert lake.stack.ensure([Service.TRINO], Silent())
        assert not lake.stack.ensure([Service.TRINO], Silent())
        assert states()["mysql"] == "stopped"
        assert live.sql(f"SELECT count(*) FROM lake.{schema}.kept") == [[25]]
        assert lake.stack.ensure([Service.MYSQL], Silent())
    assert kept(schema) == (25, 500)


def test_doctor_names_a_limit_table_that_is_empty() -> None:
    with cursor(live.installation(), Service.CONTROL) as sql:
        sql.execute("DELETE FROM trino.selectors")
    found = findings()["trino's groups"]
    assert (found["health"], found["mend"]) == ("failed", "lakeshell stack up")
    live.done("stack", "up")
    assert findings()["trino's groups"]["health"] == "ok"
    assert live.sql("SELECT 1") == [[1]]


def test_a_restart_for_a_connection_that_was_cut_off_is_made_up_for() -> None:
    """Nobody is there to ask, so that adding it leaves Trino alone; then the files are written, as far
    as a command came that was killed. Trino checks the server with the certificates that are named."""
    folder = live.folder()
    with live.lake() as lake:
        ca = lake.stack.compose.run("exec", "-T", "mysql", "cat", "/var/lib/mysql/ca.pem")
        others = lake.stack.compose.run("exec", "-T", "control", "cat", "/var/lib/mysql/ca.pem")
    url = f"mysql://root@127.0.0.1:{live.installation().port(Service.MYSQL)}/?ssl-mode=VERIFY_CA"
    for name, content in (("later", ca), ("distrusting", others)):
        (folder / f"{name}.pem").write_text(content)
        named = f"{url}&ssl-ca={name}.pem"
        live.done("connection", "add", name, named, "--password-env", secrets.MYSQL_ROOT)
    try:
        found = findings()["trino's catalogs"]
        assert (found["health"], found["mend"]) == ("failed", "lakeshell stack up")
        with live.lake() as lake:
            lake.stack._configure()
            assert lake.stack.refresh(Silent())
            assert not lake.stack.refresh(Silent())
        assert findings()["trino's catalogs"]["health"] == "ok"
        assert ["information_schema"] in live.sql("SHOW SCHEMAS FROM later")
        with pytest.raises(TrinoQueryError, match="Could not create connection"):
            live.sql("SHOW SCHEMAS FROM distrusting")
    finally:
        for name in ("later", "distrusting"):
            live.done("connection", "rm", name)
            (folder / f"{name}.pem").unlink()


def test_a_password_of_any_characters_reaches_trino(schema: str, tmp_path: Path) -> None:
    password = " $HOME ${x} $$ 'a' \"b\" `c` #d # e \\n\\\\ é=&%+\nlast\\"
    user, port = f"do\\main é {schema[-6:]}", live.installation().port(Service.MYSQL)
    (tmp_path / "password").write_text(password)
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (user, password))
        sql.execute(f"GRANT SELECT ON {schema}.* TO %s@'%%'", (user,))
    url = f"mysql://{quote(user)}@127.0.0.1:{port}/{schema}"
    command = ("--password-command", f"cat '{tmp_path}/password'")
    live.done("connection", "add", "odd", url, *command)
    try:
        live.done("connection", "test", "odd")
        live.done("stack", "up")
        assert live.sql(f"SELECT count(*) FROM odd.{schema}.rows_kept") == [[500]]
    finally:
        live.done("connection", "rm", "odd")
        with cursor(live.installation(), Service.MYSQL) as sql:
            sql.execute("DROP USER %s@'%%'", (user,))


def test_the_lake_answers_while_the_source_is_stopped(schema: str) -> None:
    live.done("stack", "stop", "mysql")
    assert live.sql(f"SELECT count(*) FROM lake.{schema}.kept") == [[25]]
    live.done("stack", "start", "mysql")


def test_a_killed_service_is_brought_back(schema: str) -> None:
    with live.lake() as lake:
        lake.stack.compose.run("kill", "metastore", "trino")
    live.done("stack", "start", "trino")
    assert kept(schema) == (25, 500)


@pytest.mark.parametrize("service", ["control", "trino"])
def test_a_paused_service_is_named_and_goes_on(service: str, schema: str) -> None:
    with live.lake() as lake:
        lake.stack.compose.run("pause", service)
    assert states()[service] == "paused"
    found = findings()[service]
    assert (found["found"], found["mend"]) == ("it is paused", f"lakeshell stack start {service}")
    live.done("stack", "start", service)
    assert states()[service] == "serving"
    assert kept(schema) == (25, 500)


def test_the_source_is_backed_up_removed_and_restored(schema: str) -> None:
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"CREATE USER {schema[:20]}@'%' IDENTIFIED BY 'a-pass-of-its-own'")
        sql.execute(f"GRANT SELECT ON {schema}.* TO {schema[:20]}@'%'")
        sql.execute(f"CREATE VIEW {schema}.seen AS SELECT word FROM {schema}.rows_kept")
        sql.execute(f"CHECKSUM TABLE {schema}.rows_kept")
        before = sql.fetchone()
    assert "in object storage" in live.done("stack", "backup", "mysql", "--remove")
    assert states()["mysql"] == "absent"
    assert "checksums equal" in live.done("stack", "restore", "mysql")
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"CHECKSUM TABLE {schema}.rows_kept")
        assert sql.fetchone() == before
        sql.execute(f"SELECT count(*) FROM {schema}.seen")
        assert sql.fetchone() == (500,)
        sql.execute("SELECT count(*) FROM mysql.user WHERE user = %s", (schema[:20],))
        assert sql.fetchone() == (1,)
        sql.execute(f"DROP USER {schema[:20]}@'%'")
    refused = live.lakeshell("stack", "restore", "mysql")
    assert refused.returncode == 2
    assert "is not empty" in refused.stderr


def test_workers_take_their_part_of_the_splits() -> None:
    live.done("stack", "up", "--workers", "1")
    nodes = "SELECT count(*) FROM system.runtime.nodes WHERE state = 'active'"
    assert live.sql(nodes) == [[2]]

    def shared() -> bool:
        """Whether both nodes read rows of one query: a node that is active has its catalogs a
        moment later."""
        mark = uuid.uuid4().hex
        live.sql(f"SELECT count(*) FROM tpch.sf1.lineitem WHERE comment LIKE '%{mark}%'")
        read_by = (
            "SELECT count(DISTINCT node_id) FROM system.runtime.tasks WHERE query_id IN"
            f" (SELECT query_id FROM system.runtime.queries WHERE query LIKE '%{mark}%')"
            " AND processed_input_rows > 0"
        )
        return live.sql(read_by) == [[2]]

    assert live.eventually(shared)
    live.done("stack", "up", "--workers", "0")
    assert live.sql(nodes) == [[1]]
