"""A source database of everything that MySQL has, saved, removed and brought back as it was."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import live
import pytest
from fakes import Silent
from pymysql import MySQLError, OperationalError
from pymysql.cursors import Cursor

from lakeshell.errors import NotFound
from lakeshell.stack import backup
from lakeshell.stack.checks import checks
from lakeshell.stack.control import cursor
from lakeshell.stack.services import Service
from lakeshell.stack.storage import ObjectStorage

pytestmark = pytest.mark.alone

NAMES = [uuid.uuid4().hex[:6] for _ in range(2)]
FIRST, OTHER = (f"saved_{name}" for name in NAMES)
APP, GONE, READER, WRITER = (f"{name}_{NAMES[0]}" for name in ("app", "gone", "zreader", "zwriter"))
"""Two users and two roles; the roles sort after who holds them."""
USERS = (f"{APP}@'%'", f"{GONE}@'10.%'", "root@'10.1.2.3'", READER, WRITER)
TABLES = rf"""
CREATE DATABASE {FIRST};
CREATE DATABASE {OTHER} CHARACTER SET latin1;
USE {FIRST};
CREATE TABLE numbers (
    id INT AUTO_INCREMENT PRIMARY KEY, tiny TINYINT UNSIGNED, big BIGINT UNSIGNED,
    exact DECIMAL(65,30), approximate DOUBLE, twice INT GENERATED ALWAYS AS (tiny * 2) STORED,
    thrice INT GENERATED ALWAYS AS (tiny * 3) VIRTUAL, KEY (twice)
);
INSERT INTO numbers (tiny, big, exact, approximate) VALUES
    (0, 0, 0, -0e0), (255, 18446744073709551615, -12345678901234567890123456789012345.5, 0.1),
    (NULL, NULL, NULL, NULL), (1, 1, 1e-30, 1.7976931348623157e308);
CREATE TABLE measured (
    short_one FLOAT, fixed FLOAT(9,4), long_one DOUBLE, half DOUBLE AS (short_one / 2), yes BOOLEAN, bits BIT(9),
    word VARCHAR(30), old CHAR(9) CHARACTER SET latin1, free VARBINARY(9), kind ENUM('a',''), document JSON,
    exact DECIMAL(65,30), day DATE, clock TIME(3), stamp TIMESTAMP(6) NULL, year1 YEAR, spot POINT, near VECTOR(2),
    `my
	column` INT INVISIBLE
);
INSERT INTO measured (short_one, fixed, long_one) VALUES (NULL, NULL, NULL), (16777217, 3.1, 1e15);
INSERT INTO measured VALUES
    (1.23456789, 12345.6789, -0e0, DEFAULT, TRUE, b'101', '海\\ ''\t\r\n', 'é€', x'00090a0d5c', '', '{{"a": "\\n"}}',
    -1e-30, '2024-02-29', '-838:59:58.125', '2024-10-27 00:30:00.000001', 1901, POINT(1, 0.1),
    TO_VECTOR('[1.23456789, 3.4028234e38]')),
    (-3.4028234e38, 0, 5e-324, DEFAULT, FALSE, b'0', '', '', '', 'a', 'null', 0, '9999-12-31', '00:00:00',
    '2038-01-19 03:14:07.999999', 0, NULL, NULL);
CREATE TABLE texts (
    word VARCHAR(60), padded CHAR(5), old VARCHAR(60) CHARACTER SET latin1, kind ENUM('a','it''s',''),
    several SET('x','y'), document JSON, body LONGTEXT
);
INSERT INTO texts VALUES
    ('', '', '', '', '', '{{}}', ''), (NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('海 ;\n-- `''"\\ \0 \r\n', 'ab', 'é€ÿ', 'it''s', 'x,y', '{{"b": 1.0, "a": [null, "ü"]}}', 'x'),
    ('NULL', 'NULL', 'NULL', 'a', 'x', '"NULL"', REPEAT('\\', 9000000));
UPDATE texts SET document = JSON_SET(document, '$.b', 1) WHERE padded = 'ab';
CREATE TABLE bytes (id INT PRIMARY KEY, bits BIT(64), bit1 BIT(1), fixed BINARY(4), free BLOB);
INSERT INTO bytes VALUES
    (1, b'1', b'0', x'00', x''), (2, ~0, b'1', x'ff0a0d00', x'00ff5c27220a1a'), (3, NULL, NULL, NULL, NULL);
SET sql_mode = '';
CREATE TABLE times (
    day DATE DEFAULT '0000-00-00', clock TIME(6), moment DATETIME(6), year1 YEAR,
    stamp TIMESTAMP(3) NOT NULL DEFAULT '0000-00-00 00:00:00'
);
INSERT INTO times VALUES
    ('0000-00-00', '-838:59:59', '0000-00-00', 0, 0), ('2024-00-00', '838:59:59', '9999-12-31 23:59:59.999999',
    2155, '2024-10-27 00:30:00.125'), (NULL, NULL, NULL, NULL, '2038-01-19 03:14:07');
SET sql_mode = DEFAULT;
CREATE TABLE places (
    id INT PRIMARY KEY, spot POINT NOT NULL SRID 4326, area GEOMETRY, SPATIAL KEY (spot)
);
INSERT INTO places VALUES
    (1, ST_SRID(POINT(10, 20), 4326), ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')),
    (2, ST_SRID(POINT(-10, 80), 4326), NULL);
CREATE TABLE `odd ``name.é` (`a b` INT, `select` INT INVISIBLE, CHECK (`a b` > 0));
INSERT INTO `odd ``name.é` (`a b`, `select`) VALUES (1, 2), (1, 2);
CREATE TABLE empty_one (id INT);
CREATE TABLE {OTHER}.parts (id INT, at_day DATE) PARTITION BY RANGE (YEAR(at_day))
    (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO {OTHER}.parts VALUES (1, '2019-01-01'), (2, '2024-01-01');
CREATE TABLE {OTHER}.child (id INT PRIMARY KEY, of_number INT, FOREIGN KEY (of_number)
    REFERENCES {FIRST}.numbers (id));
INSERT INTO {OTHER}.child VALUES (1, 2);
"""
ACCOUNTS = f"""
CREATE ROLE {READER}, {WRITER};
CREATE USER {APP}@'%' IDENTIFIED BY 'a password; with ''all'' of `it`\\\\' COMMENT 'it''s; the app';
CREATE USER {GONE}@'10.%' IDENTIFIED BY 'another-password' ACCOUNT LOCK;
CREATE USER root@'10.1.2.3' IDENTIFIED BY 'a-third-password';
GRANT SELECT ON {FIRST}.numbers TO {READER};
GRANT SELECT (word, old), UPDATE (old) ON {FIRST}.texts TO {WRITER};
GRANT {READER} TO {WRITER} WITH ADMIN OPTION;
GRANT {READER}, {WRITER} TO {APP}@'%';
SET DEFAULT ROLE {WRITER}, {READER} TO {APP}@'%';
GRANT SELECT, TRIGGER ON {OTHER}.* TO {APP}@'%' WITH GRANT OPTION;
GRANT PROCESS, BACKUP_ADMIN ON *.* TO {GONE}@'10.%';
"""
REST = (
    f"CREATE DEFINER={APP}@'%' VIEW {FIRST}.seen AS"
    f" SELECT n.id, {OTHER}.doubled(n.id) AS d FROM {FIRST}.numbers n JOIN {OTHER}.parts p ON p.id = n.id",
    f"CREATE DEFINER={GONE}@'10.%' PROCEDURE {FIRST}.noted(IN x INT) COMMENT 'it''s'\n"
    "BEGIN\r\n  -- a remark; with `this`\n  SELECT x; /* and */ SELECT ';;';\nEND",
    f"CREATE TRIGGER {OTHER}.counted BEFORE INSERT ON {OTHER}.parts FOR EACH ROW SET NEW.id = NEW.id + 100",
    f"CREATE DEFINER={APP}@'%' EVENT {FIRST}.hourly ON SCHEDULE EVERY 1 HOUR STARTS"
    f" '2099-01-01 00:00:00' DISABLE DO DELETE FROM {FIRST}.empty_one",
    f"GRANT EXECUTE ON PROCEDURE {FIRST}.noted TO {APP}@'%'",
    f"GRANT EXECUTE ON FUNCTION {OTHER}.doubled TO {WRITER}",
    f"GRANT SELECT ON {FIRST}.seen TO {GONE}@'10.%'",
)  # fmt: skip
FUNCTION = f"CREATE FUNCTION {OTHER}.doubled(x INT) RETURNS INT DETERMINISTIC RETURN x * 2"


@pytest.fixture(scope="module", autouse=True)
def made() -> Iterator[None]:
    live.folder()
    live.done("stack", "start", "mysql", "minio")
    try:
        with cursor(live.installation(), Service.MYSQL) as sql:
            for statement in (TABLES + ACCOUNTS).strip().split(";\n"):
                sql.execute(statement.rstrip(";"))
            for statement in (FUNCTION, *REST):
                sql.execute(statement)
        yield
    finally:
        live.done("stack", "start", "mysql")
        with cursor(live.installation(), Service.MYSQL) as sql:
            for database in (OTHER, FIRST):
                sql.execute(f"DROP DATABASE IF EXISTS {database}")
            sql.execute(f"DROP USER IF EXISTS {', '.join(USERS)}")


@dataclass(frozen=True)
class Seen:
    """`rows` are MySQL's checksums, `definitions` what SHOW CREATE says, `rights` what SHOW GRANTS."""

    rows: Mapping[str, int]
    definitions: Mapping[str, str]
    rights: Mapping[str, Sequence[str]]


def seen() -> Seen:
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute("SET print_identified_with_as_hex = ON")
        tables = ["TABLE " + name for name in _names(sql, "tables", "table", "BASE TABLE")]
        shown = [
            *tables,
            *("VIEW " + name for name in _names(sql, "tables", "table", "VIEW")),
            *("TRIGGER " + name for name in _names(sql, "triggers", "trigger")),
            *("EVENT " + name for name in _names(sql, "events", "event")),
            *("PROCEDURE " + name for name in _names(sql, "routines", "routine", "PROCEDURE")),
            *("FUNCTION " + name for name in _names(sql, "routines", "routine", "FUNCTION")),
        ]
        shown += [f"USER {user}" for user in USERS]
        definitions, rows, rights = {}, {}, {}
        for what in shown:
            sql.execute(f"SHOW CREATE {what}")
            line = next(iter(sql.fetchall()))
            # A trigger's line ends with the moment at which it was made.
            definitions[what] = "\n".join(map(str, line[: -1 if "TRIGGER" in what else None]))
        for table in tables:
            sql.execute(f"CHECKSUM {table}")
            rows[table] = next(iter(sql.fetchall()))[1]
        for user in USERS:
            sql.execute(f"SHOW GRANTS FOR {user}")
            rights[user] = [grant for (grant,) in sql.fetchall()]
        return Seen(rows, definitions, rights)


def _names(sql: Cursor, of: str, column: str, kind: str = "") -> list[str]:
    schema = {"triggers": "trigger", "events": "event", "routines": "routine"}.get(of, "table")
    text = (
        f"SELECT {schema}_schema, {column}_name FROM information_schema.{of}"
        f" WHERE {schema}_schema IN (%s, %s)"
    )
    text += f" AND {schema}_type = %s" if kind else ""
    sql.execute(text + " ORDER BY 1, 2", (FIRST, OTHER, *([kind] if kind else [])))
    return [f"`{s}`.`{name.replace('`', '``')}`" for s, name in sql.fetchall()]


def test_everything_comes_back_into_an_empty_volume() -> None:
    before = seen()
    assert len(before.rows) == 10
    assert len(before.definitions) == 20
    live.done("stack", "backup", "mysql", "--remove")
    said = live.done("stack", "restore", "mysql")
    assert "checksums equal" in said
    after = seen()
    assert after.rows == before.rows
    assert after.definitions == before.definitions
    assert after.rights == before.rights


def test_what_was_removed_is_not_begun_empty_by_what_needs_it() -> None:
    """A crawler would find every table gone."""
    before = seen()
    live.done("stack", "backup", "mysql", "--remove")
    try:
        with live.lake() as lake:
            with pytest.raises(NotFound) as refused:
                lake.stack.ensure((Service.MYSQL,), Silent())
            assert refused.value.hint == "bring it back: lakeshell stack restore mysql"
            found = dict(checks(lake.stack))
            assert found["mysql"]().startswith("removed after a backup")
            assert "mysql's password" not in found
        said = live.done("stack", "start", "mysql")
        assert "mysql was removed after a backup and is empty now" in said
        assert "empty" not in live.done("stack", "start", "mysql")
    finally:
        live.done("stack", "restore", "mysql")
    assert seen() == before


def test_a_right_to_what_was_dropped_is_left_out_and_said() -> None:
    before = seen()
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"CREATE TABLE {FIRST}.dropped (id INT)")
        sql.execute(f"GRANT SELECT ON {FIRST}.dropped TO {READER}")
        sql.execute(f"DROP TABLE {FIRST}.dropped")
    live.done("stack", "backup", "mysql", "--remove")
    said = live.done("stack", "restore", "mysql")
    assert f"left out, for what it names is gone: GRANT SELECT ON `{FIRST}`.`dropped`" in said
    assert seen() == before


def test_a_view_of_what_is_gone_is_named() -> None:
    before = backup.backups(storage())
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"CREATE TABLE {FIRST}.under (x INT)")
        sql.execute(f"CREATE VIEW {FIRST}.over_it AS SELECT x FROM {FIRST}.under")
        sql.execute(f"DROP TABLE {FIRST}.under")
    try:
        ended = live.lakeshell("stack", "backup", "mysql")
    finally:
        with cursor(live.installation(), Service.MYSQL) as sql:
            sql.execute(f"DROP VIEW {FIRST}.over_it")
    assert ended.returncode == 1
    assert f"View '{FIRST}.over_it' references invalid" in ended.stderr
    assert "mend or drop that view" in ended.stderr
    assert backup.backups(storage()) == before
    assert backup.remains(storage()).names == []


def test_events_run_when_everything_was_compared() -> None:
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(
            f"CREATE EVENT {OTHER}.often ON SCHEDULE EVERY 1 SECOND DO"
            f" INSERT INTO {FIRST}.empty_one VALUES (1)"
        )
    live.done("stack", "backup", "mysql")
    said = live.done("stack", "restore", "mysql", "--replace")
    assert "checksums equal" in said
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"DROP EVENT {OTHER}.often")
        sql.execute(f"TRUNCATE {FIRST}.empty_one")


# --- cut off -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bulk() -> None:
    """So many bytes that a dump of them takes seconds."""
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"CREATE TABLE {FIRST}.bulk (id INT AUTO_INCREMENT PRIMARY KEY, noise BLOB)")
        noise = ", ".join(["RANDOM_BYTES(1000)"] * 8)
        sql.execute("SET cte_max_recursion_depth = 10000")
        sql.execute(
            f"INSERT INTO {FIRST}.bulk (noise) WITH RECURSIVE n AS (SELECT 1 i UNION ALL"
            f" SELECT i + 1 FROM n WHERE i < 6000) SELECT CONCAT({noise}) FROM n"
        )
        for _ in range(2):
            sql.execute(f"INSERT INTO {FIRST}.bulk (noise) SELECT noise FROM {FIRST}.bulk")


def storage() -> ObjectStorage:
    return ObjectStorage(live.installation())


def dumping() -> subprocess.Popen[str]:
    """A backup whose dump goes up just now."""
    running = live.begun("stack", "backup", "mysql")
    assert live.eventually(lambda: bool(storage().unfinished(backup.PREFIX)))
    return running


def dumps_in_the_server() -> int:
    with cursor(live.installation(), Service.MYSQL) as sql:
        return sql.execute(
            "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT /*!40001%'"
        )


def ended(running: subprocess.Popen[str]) -> tuple[int, str]:
    said = running.communicate(timeout=60)[1]
    return running.returncode, said


@pytest.mark.usefixtures("bulk")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_backup_leaves_nothing(number: signal.Signals) -> None:
    before = backup.backups(storage())
    running = dumping()
    running.send_signal(number)
    assert ended(running)[0] == 130
    assert backup.backups(storage()) == before
    left = backup.remains(storage())
    assert (left.keys, left.uploads) == ([], [])
    assert live.eventually(lambda: dumps_in_the_server() == 0)


def findings(part: str) -> list[dict[str, str]]:
    printed = live.lakeshell("doctor", "--output-format", "JSON").stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    return [row for row in rows if row["part"].startswith(part)]


@pytest.mark.usefixtures("bulk")
def test_what_a_killed_backup_left_is_found_and_removed() -> None:
    before = backup.backups(storage())
    running = dumping()
    assert findings("backup ") == []
    running.kill()
    ended(running)
    assert live.eventually(lambda: dumps_in_the_server() == 0)
    (name,) = backup.remains(storage()).names
    assert backup.backups(storage()) == before
    (found,) = findings("backup ")
    assert (found["part"], found["health"]) == (f"backup {name}", "warning")
    assert found["mend"] == "lakeshell doctor --clean"
    assert f"removed what was left of backup {name}" in live.lakeshell("doctor", "--clean").stderr
    left = backup.remains(storage())
    assert (left.keys, left.uploads) == ([], [])


@pytest.mark.usefixtures("bulk")
def test_a_backup_whose_storage_stops_is_cleared_by_the_next() -> None:
    before = backup.backups(storage())
    running = dumping()
    with live.lake() as lake:
        lake.stack.compose.run("stop", "--timeout", "1", "minio")
    code, said = ended(running)
    assert code == 3
    assert "lakeshell stack start minio" in said
    live.done("stack", "start", "minio")
    assert backup.backups(storage()) == before
    assert len(backup.remains(storage()).names) == 1
    live.done("stack", "backup", "mysql")
    assert backup.remains(storage()).names == []
    assert backup.backups(storage())[:-1] == before


def test_a_source_that_breaks_off_says_how_to_go_on() -> None:
    with (
        live.lake() as lake,
        pytest.raises(backup.BackupFailed, match="mysql broke off") as caught,
        backup._session(lake.stack.compose) as sql,
    ):
        sql.execute("SELECT connection_id()")
        with cursor(live.installation(), Service.MYSQL) as other:
            other.execute("KILL %s", sql.fetchone())
        sql.execute("SELECT 1")
    assert caught.value.hint.startswith("run it again, which starts mysql")


def test_a_dump_that_is_not_whole_deletes_nothing() -> None:
    live.done("stack", "backup", "mysql")
    before = seen()
    made = backup.find(storage(), None)
    key = f"{backup.PREFIX}{made.name}/dump.sql.gz"
    storage().put(key, b"cut off")
    refused = live.lakeshell("stack", "restore", "mysql", "--replace")
    assert refused.returncode == 1
    assert f"the dump of {made.name} was changed" in refused.stderr
    storage().delete(key)
    refused = live.lakeshell("stack", "restore", "mysql", "--replace")
    assert refused.returncode == 2
    assert seen() == before
    storage().delete(f"{backup.PREFIX}{made.name}/manifest.json")


# --- two at once ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["backup mysql", "restore mysql --replace", "stop mysql", "up", "down"]
)
def test_nothing_disturbs_a_backup(words: str) -> None:
    with backup.alone(live.installation().folder):
        refused = live.lakeshell("stack", *words.split())
    assert refused.returncode == 1
    assert "mysql is being saved or brought back by another command" in refused.stderr
    assert "wait for its end" in refused.stderr


@pytest.mark.usefixtures("bulk")
def test_changes_wait_for_a_backup_and_reading_does_not() -> None:
    reading = f"SELECT sleep(3600) FROM {FIRST}.bulk LIMIT 1"
    with (
        cursor(live.installation(), Service.MYSQL) as reader,
        cursor(live.installation(), Service.MYSQL) as sql,
    ):
        reader.execute("SELECT connection_id()")
        ((session,),) = reader.fetchall()
        reads = threading.Thread(target=reader.execute, args=(reading,))
        reads.start()
        try:
            running = dumping()
            sql.execute("SET lock_wait_timeout = 1")
            for change in (f"DELETE FROM {FIRST}.bulk", f"CREATE TABLE {FIRST}.more (id INT)"):
                with pytest.raises(OperationalError, match="Lock wait timeout"):
                    sql.execute(change)
            assert sql.execute(f"SELECT * FROM {FIRST}.bulk LIMIT 1") == 1
            assert ended(running)[0] == 0
        finally:
            sql.execute(f"KILL QUERY {session}")
            reads.join()


@pytest.mark.usefixtures("bulk")
def test_what_was_written_before_the_removal_is_in_the_backup() -> None:
    written = 0

    def write() -> None:
        nonlocal written
        try:
            with cursor(live.installation(), Service.MYSQL) as sql:
                while True:
                    sql.execute(f"INSERT INTO {OTHER}.log VALUES (%s)", (written + 1,))
                    written += 1
        except MySQLError:
            # The server is stopped.
            return

    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"CREATE TABLE {OTHER}.log (id INT)")
    writer = threading.Thread(target=write)
    writer.start()
    live.done("stack", "backup", "mysql", "--remove")
    writer.join()
    live.done("stack", "restore", "mysql")
    with cursor(live.installation(), Service.MYSQL) as sql:
        sql.execute(f"SELECT count(*) FROM {OTHER}.log")
        assert sql.fetchone() == (written,)
    assert written > 0
