"""The services that the stack's benchmarks run on, named by the variables of the tests.

In: LAKESHELL_TEST_MYSQL_URL, _METASTORE, _S3_URL and _TRINO_URL (scripts/test prints how the test
stack sets them). Out: a lake on them, a table of payments in MySQL, and the command of MySQL's own
client, which may be one inside a container.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from timing import LAKESHELL, run

from lakeshell.source.mysql_address import MysqlAddress
from lakeshell.source.mysql_server import MysqlServer

SCHEMA = "lakeshell_bench"
_PAYMENT = """
CREATE TABLE payment (
    payment_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, staff_id SMALLINT NOT NULL,
    rental_id INTEGER, amount DECIMAL(5,2) NOT NULL, tax DECIMAL(7,4) NOT NULL,
    method VARCHAR(20) NOT NULL, note VARCHAR(100), payment_date DATETIME NOT NULL,
    due DATE NOT NULL)
"""
_PAYMENTS = """
INSERT INTO payment WITH RECURSIVE s(value) AS (
    SELECT 1 UNION ALL SELECT value + 1 FROM s WHERE value < {rows})
SELECT value, value * 48271 % greatest({rows} DIV 10, 1) + 1, value % 5 + 1,
    CASE WHEN value % 11 THEN value * 7 % 1000003 END,
    value * 7919 % 1200 / 100.0, value * 104729 % 100000 / 10000.0,
    elt(value % 4 + 1, 'cash', 'card', 'transfer', 'voucher'),
    CASE WHEN value % 3 THEN concat('Zahlung für ', value * 31 % 50021) END,
    '2024-01-01' + INTERVAL value * 48271 % 63072000 SECOND,
    '2024-01-15' + INTERVAL value * 48271 % 63072000 DIV 86400 DAY
FROM s
"""


def url(name: str) -> SplitResult:
    written = os.environ.get(f"LAKESHELL_TEST_{name}")
    if not written:
        sys.exit(f"LAKESHELL_TEST_{name} is not set: {__doc__}")
    return urlsplit(written if "://" in written else f"thrift://{written}")


def mysql(database: str = "") -> MysqlAddress:
    found = url("MYSQL_URL")
    return MysqlAddress(
        found.hostname or "", found.port or 3306, unquote(found.username or ""),
        unquote(found.password or ""), database,
    )  # fmt: skip


def make_payments(rows: int) -> None:
    """A table `payment` with `rows` rows; kept as it is when it has them."""
    server = MysqlServer(mysql())
    server.rows(f"CREATE DATABASE IF NOT EXISTS {SCHEMA}")
    server.rows(f"USE {SCHEMA}")
    has = server.rows(f"SHOW TABLES FROM {SCHEMA} LIKE 'payment'")
    if not has or server.rows("SELECT count(*) FROM payment") != [(rows,)]:
        server.rows("DROP TABLE IF EXISTS payment")
        server.rows(_PAYMENT)
        server.rows(f"SET cte_max_recursion_depth = {rows + 1}")
        server.rows(_PAYMENTS.format(rows=rows))
        server.rows("ANALYZE TABLE payment")
    server.close()


def make_tables(count: int, database: str) -> None:
    """`count` empty tables of twenty columns."""
    server = MysqlServer(mysql())
    types = ("INT", "VARCHAR(40)", "DECIMAL(10,2)", "DATETIME", "BIGINT UNSIGNED")
    columns = ", ".join(f"c{i:02} {types[i % len(types)]}" for i in range(20))
    server.rows(f"CREATE DATABASE IF NOT EXISTS {database}")
    server.rows(f"USE {database}")
    for number in range(count):
        server.rows(f"CREATE TABLE IF NOT EXISTS t{number:05} ({columns})")
    server.close()


def make_lake(folder: Path) -> Path:
    """A lake on the services, with a connection `bench` to everything in MySQL."""
    storage, metastore, trino = url("S3_URL"), url("METASTORE"), url("TRINO_URL")
    os.environ |= {
        "AWS_ACCESS_KEY_ID": unquote(storage.username or ""),
        "AWS_SECRET_ACCESS_KEY": unquote(storage.password or ""),
        "LAKESHELL_STORAGE_ENDPOINT": f"{storage.scheme}://{storage.hostname}:{storage.port}",
        "MYSQL_PWD": mysql().password,
    }
    lake = folder / "lake"
    warehouse = f"s3://{storage.path.strip('/')}/bench"
    run(
        (*LAKESHELL, "init", str(lake), "--trino-url", trino.geturl(), "--metastore-uri",
         metastore.geturl(), "--warehouse", warehouse)
    )  # fmt: skip
    at = mysql()
    source = f"mysql://{at.user}@{at.host}:{at.port}"
    run(
        (*LAKESHELL, "connection", "add", "bench", source, "--password-env", "MYSQL_PWD",
         "--lake", str(lake))
    )  # fmt: skip
    return lake


def client(sql: str, container: str | None) -> tuple[str, ...]:
    """MySQL's client reading what `sql` gives and dropping it, on this machine or in a container,
    where the output need not leave it."""
    at = mysql()
    place = "" if container else f"-h{at.host} -P{at.port}"
    command = f'mysql -u{at.user} {place} --quick -B -e "{sql}" {SCHEMA} > /dev/null'
    if container:
        return ("docker", "exec", "-e", "MYSQL_PWD", container, "sh", "-c", command)
    return ("sh", "-c", command)
