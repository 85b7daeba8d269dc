"""SQL of people who are not trusted stays inside the lake: no file, no setting, no other program."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from shell import Shell, started


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM TABLE(read_csv('{secret}'))",
        "SELECT * FROM read_text('{secret}')",
        "SELECT read_text('{secret}')",
        "SELECT readfile('{secret}')",
        "SELECT * FROM '{secret}'",
        'SELECT * FROM "{secret}"',
        'SELECT * FROM raw."{secret}"',
        'SELECT * FROM lake."..".x',
        "SELECT * FROM glob('/*')",
        "SELECT * FROM parquet_scan('{secret}')",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM read_csv('{secret}'))",
        "SELECT transform(ARRAY[1], x -> read_text('{secret}'))",
        "SELECT getenv('HOME')",
        "SELECT current_setting('temp_directory')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM shop.main.sqlite_master",
        "SELECT load_extension('{secret}')",
        "SELECT query('SELECT 1')",
        "SELECT * FROM TABLE(shop.system.query(query => 'SELECT 1'))",
        "ATTACH '{secret}' AS x",
        "COPY (SELECT 1) TO '{outside}'",
        "COPY raw.t FROM '{secret}'",
        "EXPORT DATABASE '{outside}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "SET memory_limit = '1TB'",
        "SET enable_external_access = true",
        "CREATE TABLE raw.u WITH (location = '{outside}') AS SELECT 1 AS a",
        "CREATE TABLE raw.u (a integer) WITH (location = '{outside}')",
        "ALTER TABLE raw.t SET PROPERTIES location = '{outside}'",
        "CALL lake.system.register_table('raw', 'u', '{outside}')",
        "CREATE FUNCTION f() RETURNS integer RETURN 1",
        "DELETE FROM shop.main.orders",
        "INSERT INTO shop.main.orders VALUES (9, 9, NULL)",
        "DROP TABLE shop.main.orders",
        "UPDATE source.shop_orders SET total = 0",
        "CREATE TABLE shop.main.u (a integer)",
    ],
)  # fmt: skip
def test_refused(crawled: Shell, tmp_path: Path, shop: Path, sql: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("password,hunter2")
    before = shop.read_bytes()
    crawled("query", "-e", "CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT 1 AS a")
    given = sql.replace("{secret}", str(secret)).replace("{outside}", str(tmp_path / "outside"))
    ended = crawled("query", "-e", given)
    assert (ended.code, ended.out) == (1, "")
    assert "hunter2" not in ended.err
    assert not (tmp_path / "outside").exists()
    assert shop.read_bytes() == before
    assert crawled("query", "-e", "SELECT a FROM raw.t").out == '"1"\n'


@pytest.mark.parametrize(
    "name", ["../../outside", "/tmp/outside", "..", ".", "a/../../b", "~", "C:\\x"]
)
def test_names_never_leave_the_warehouse(
    shell: Shell, lake: Path, tmp_path: Path, name: str
) -> None:
    quoted = '"' + name + '"'
    sql = f"CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.{quoted} AS SELECT 7 AS a"
    assert shell("query", "-e", sql).code == 0
    assert shell("query", "-e", f"SELECT a FROM {quoted}.{quoted}").out == '"7"\n'
    warehouse = lake / ".lakeshell" / "warehouse"
    written = list(tmp_path.rglob("*.parquet"))
    assert written
    assert all(path.resolve().is_relative_to(warehouse.resolve()) for path in written)
    assert {path.name for path in tmp_path.iterdir()} <= {"lake", "shop.db"}
    assert shell("query", "-e", f"DROP TABLE {quoted}.{quoted}").code == 0
    assert warehouse.is_dir()


def test_a_schemas_location_is_not_obeyed(shell: Shell, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shell("query", "-e", f"CREATE SCHEMA s WITH (location = '{outside}')")
    shell("query", "-e", "CREATE TABLE s.t AS SELECT 1 AS a")
    assert not outside.exists()


def test_every_attempt_is_in_the_history(shell: Shell) -> None:
    shell("query", "-e", "SELECT * FROM read_csv('/etc/passwd')")
    shell("query", "-e", "ATTACH 'x'")
    ended = shell("history", "--status", "failed", "--output-format", "CSV_UNQUOTED")
    lines = ended.out.splitlines()
    assert len(lines) == 2
    assert all(",FAILED,primary,ada," in line for line in lines)


def test_what_is_refused_for_its_size_is_not_made_before(lake: Path) -> None:
    with started(lake, "query", "-e", "SELECT repeat('0123456789', 10485760)") as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
    assert "must be less than or equal to 10000" in said
    assert os.waitstatus_to_exitcode(status) == 1
    assert used.ru_maxrss < 1_000_000, "kilobytes"
