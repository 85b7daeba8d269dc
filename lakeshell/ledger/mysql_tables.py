"""The tables of a ledger in MySQL, as numbered statements from an empty schema to the present.

In: a way to run statements. Out: the same schema at the newest version. MySQL commits each change
of a table by itself, so each is counted by itself. One once released is never changed; a ledger of
a newer Lakeshell is refused, not guessed at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pymysql
from pymysql.constants import ER

from lakeshell.errors import ConfigurationError

_LOCK_WAIT = 120
_TEXT = "CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin"
"""Two texts are one only where their characters are, blanks at the end too."""

_QUERIES = f"""
CREATE TABLE IF NOT EXISTS queries (
  number BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id VARCHAR(128) NOT NULL,
  started BIGINT NOT NULL,
  "user" VARCHAR(255) NOT NULL,
  workgroup VARCHAR(255) NOT NULL,
  source TEXT NOT NULL,
  "database" TEXT NOT NULL,
  "sql" LONGTEXT NOT NULL,
  state VARCHAR(16) NOT NULL,
  finished BIGINT,
  elapsed DOUBLE,
  scanned BIGINT,
  "rows" BIGINT,
  cost BIGINT,
  currency VARCHAR(16) NOT NULL,
  error_code VARCHAR(255) NOT NULL,
  error LONGTEXT NOT NULL,
  engine VARCHAR(64) NOT NULL,
  kind VARCHAR(255) NOT NULL,
  job_run VARCHAR(128) NOT NULL,
  process TEXT NOT NULL,
  cancelled_by VARCHAR(255),
  engine_id VARCHAR(128) NOT NULL,
  queued DOUBLE,
  planned DOUBLE,
  reused VARCHAR(128) NOT NULL,
  UNIQUE KEY queries_by_id (id),
  KEY queries_by_start (started, number, workgroup, "user", state),
  KEY queries_by_workgroup (workgroup, started, number, "user", state, cost, currency),
  KEY queries_by_user ("user", started, number, workgroup, state),
  KEY queries_by_state (state, started, number, workgroup, "user")
) {_TEXT}"""
_RUNS = f"""
CREATE TABLE IF NOT EXISTS runs (
  id VARCHAR(128) NOT NULL PRIMARY KEY,
  kind VARCHAR(16) NOT NULL,
  name VARCHAR(255) NOT NULL,
  started BIGINT NOT NULL,
  "user" VARCHAR(255) NOT NULL,
  state VARCHAR(16) NOT NULL,
  finished BIGINT,
  elapsed DOUBLE,
  attempt BIGINT NOT NULL,
  "rows" BIGINT,
  bytes BIGINT,
  dpu BIGINT NOT NULL,
  cost BIGINT,
  currency VARCHAR(16) NOT NULL,
  detail LONGTEXT NOT NULL,
  error LONGTEXT NOT NULL,
  parameters LONGTEXT NOT NULL,
  process TEXT NOT NULL,
  KEY runs_by_name (kind, name, started),
  KEY runs_by_start (kind, started),
  KEY runs_by_state (state)
) {_TEXT}"""
_SAVED = f"""
CREATE TABLE IF NOT EXISTS saved_versions (
  workgroup VARCHAR(255) NOT NULL,
  name VARCHAR(255) NOT NULL,
  version BIGINT NOT NULL,
  saved BIGINT NOT NULL,
  "user" VARCHAR(255) NOT NULL,
  text LONGTEXT NOT NULL,
  PRIMARY KEY (workgroup, name, version)
) {_TEXT}"""
_SEGMENTS = """
CREATE TABLE IF NOT EXISTS segments (
  segment BIGINT NOT NULL PRIMARY KEY,
  oldest BIGINT NOT NULL,
  newest BIGINT NOT NULL
)"""
_PIECES = """
CREATE TABLE IF NOT EXISTS pieces (
  segment BIGINT NOT NULL,
  piece VARBINARY(12) NOT NULL,
  queries BIGINT NOT NULL,
  which VARBINARY(1024) NOT NULL,
  PRIMARY KEY (segment, piece)
)"""
_ORIGINS = f"""
CREATE TABLE IF NOT EXISTS origins (
  origin VARCHAR(255) NOT NULL PRIMARY KEY,
  upto BIGINT NOT NULL
) {_TEXT}"""

_EVENTS = f"""
CREATE TABLE IF NOT EXISTS workgroup_events (
  event VARCHAR(255) NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  workgroup VARCHAR(255) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  detail LONGTEXT NOT NULL,
  "user" VARCHAR(255) NOT NULL,
  query VARCHAR(255) NOT NULL,
  KEY workgroup_events_by_time (workgroup, at)
) {_TEXT}"""

STEPS = (_QUERIES, _RUNS, _SAVED, _SEGMENTS, _PIECES, _ORIGINS, _EVENTS)
_VERSION = "CREATE TABLE IF NOT EXISTS ledger_version (version BIGINT NOT NULL PRIMARY KEY)"


def migrate(run: Callable[[str], Sequence[Sequence[Any]]], name: str) -> None:
    """`run` gives the rows of a statement. Raises `ConfigurationError` for a ledger that a newer
    Lakeshell wrote, and one that others hold for minutes."""
    if _version(run, name) == len(STEPS):
        return
    # One process at a time; a lock of MySQL's goes with its session.
    lock = "left(concat('lakeshell ', database()), 64)"
    if run(f"SELECT get_lock({lock}, {_LOCK_WAIT})")[0][0] != 1:
        raise ConfigurationError(
            f"the ledger {name} is being made by another process for too long",
            hint="see whether that process hangs: SHOW PROCESSLIST in MySQL",
        )
    try:
        run(_VERSION)
        for number in range(_version(run, name), len(STEPS)):
            run(STEPS[number])
            run(f"REPLACE INTO ledger_version VALUES ({number + 1})")
            run(f"DELETE FROM ledger_version WHERE version < {number + 1}")
    finally:
        run(f"SELECT release_lock({lock})")


def _version(run: Callable[[str], Sequence[Sequence[Any]]], name: str) -> int:
    try:
        version = int(run("SELECT coalesce(max(version), 0) FROM ledger_version")[0][0])
    except pymysql.err.ProgrammingError as error:
        if error.args[0] != ER.NO_SUCH_TABLE:
            raise
        return 0
    if version > len(STEPS):
        raise ConfigurationError(
            f"the ledger {name} was written by a newer Lakeshell (its version is {version})",
            hint="use that Lakeshell, or another schema",
        )
    return version
