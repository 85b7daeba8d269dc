"""The tables of a ledger in SQLite, as numbered steps from an empty file to the present.

In: an open connection to a file. Out: the same at the newest version. A step once released is never
changed; a ledger of a newer Lakeshell is refused, not guessed at.
"""

from __future__ import annotations

import sqlite3

from lakeshell.errors import ConfigurationError

_FIRST = """
CREATE TABLE queries (
  id TEXT PRIMARY KEY,
  started INTEGER NOT NULL,      -- microseconds since 1970, UTC; so are all moments here
  user TEXT NOT NULL,
  workgroup TEXT NOT NULL,
  source TEXT NOT NULL,
  database TEXT NOT NULL,
  sql TEXT NOT NULL,
  state TEXT NOT NULL,
  finished INTEGER,
  elapsed REAL,                  -- seconds
  scanned INTEGER,               -- bytes; NULL is not metered
  rows INTEGER,
  cost INTEGER,                  -- 10^-10 of the currency
  currency TEXT NOT NULL,
  error_code TEXT NOT NULL,
  error TEXT NOT NULL,
  engine TEXT NOT NULL,
  kind TEXT NOT NULL,
  job_run TEXT NOT NULL,
  process TEXT NOT NULL,         -- of the process that runs it: host, boot, id, start
  cancelled_by TEXT              -- who asked for its end
) WITHOUT ROWID;
CREATE INDEX queries_by_start ON queries (started);
CREATE INDEX queries_by_workgroup ON queries (workgroup, started, cost, currency);
CREATE INDEX queries_under_way ON queries (state) WHERE state IN ('QUEUED', 'RUNNING');
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  started INTEGER NOT NULL,
  user TEXT NOT NULL,
  state TEXT NOT NULL,
  finished INTEGER,
  elapsed REAL,
  attempt INTEGER NOT NULL,
  rows INTEGER,
  bytes INTEGER,
  dpu INTEGER NOT NULL,
  cost INTEGER,
  currency TEXT NOT NULL,
  detail TEXT NOT NULL,
  error TEXT NOT NULL,
  parameters TEXT NOT NULL,      -- JSON
  process TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_by_kind ON runs (kind, started);
CREATE INDEX runs_by_name ON runs (kind, name, started);
CREATE INDEX runs_under_way ON runs (state) WHERE state IN ('QUEUED', 'RUNNING');
"""

_ENGINE_ID = "ALTER TABLE queries ADD COLUMN engine_id TEXT NOT NULL DEFAULT ''"
"""A server's own id of a query."""

_SAVED = """
CREATE TABLE saved_versions (
  workgroup TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  saved INTEGER NOT NULL,
  user TEXT NOT NULL,
  text TEXT NOT NULL,            -- the whole file
  PRIMARY KEY (workgroup, name, version)
) WITHOUT ROWID;
"""

_NUMBERED = """
CREATE TABLE numbered (
  number INTEGER PRIMARY KEY,    -- in the order of their coming, which the words refer to
  id TEXT NOT NULL UNIQUE,
  started INTEGER NOT NULL,
  user TEXT NOT NULL,
  workgroup TEXT NOT NULL,
  source TEXT NOT NULL,
  database TEXT NOT NULL,
  sql TEXT NOT NULL,
  state TEXT NOT NULL,
  finished INTEGER,
  elapsed REAL,
  scanned INTEGER,
  rows INTEGER,
  cost INTEGER,
  currency TEXT NOT NULL,
  error_code TEXT NOT NULL,
  error TEXT NOT NULL,
  engine TEXT NOT NULL,
  kind TEXT NOT NULL,
  job_run TEXT NOT NULL,
  process TEXT NOT NULL,
  cancelled_by TEXT,
  engine_id TEXT NOT NULL DEFAULT '',
  queued REAL,                   -- seconds, as are the next
  planned REAL,
  reused TEXT NOT NULL DEFAULT '' -- the query whose kept result it gave
);
INSERT INTO numbered (id, started, user, workgroup, source, database, sql, state, finished,
  elapsed, scanned, rows, cost, currency, error_code, error, engine, kind, job_run, process,
  cancelled_by, engine_id)
  SELECT id, started, user, workgroup, source, database, sql, state, finished, elapsed, scanned,
    rows, cost, currency, error_code, error, engine, kind, job_run, process, cancelled_by, engine_id
  FROM queries ORDER BY started, id;
DROP TABLE queries;
ALTER TABLE numbered RENAME TO queries;
CREATE INDEX queries_by_start ON queries (started, workgroup, user, state);
CREATE INDEX queries_by_workgroup ON queries (workgroup, started, user, state, cost, currency);
CREATE INDEX queries_by_user ON queries (user, started, workgroup, state);
CREATE INDEX queries_by_state ON queries (state, started, workgroup, user);
CREATE VIRTUAL TABLE words USING fts5(
  text, content = '', tokenize = 'trigram', detail = none, columnsize = 0);
CREATE VIRTUAL TABLE grams USING fts5vocab(words, instance);
INSERT INTO words (rowid, text) SELECT number, sql || '  ' FROM queries;
CREATE TRIGGER word AFTER INSERT ON queries BEGIN INSERT INTO words (rowid, text) VALUES (new.number, new.sql || '  '); END;
CREATE TRIGGER forget AFTER DELETE ON queries BEGIN INSERT INTO words (words, rowid, text) VALUES ('delete', old.number, old.sql || '  '); END;
"""
"""Every three characters of each text, where `search` looks. Two blanks end each text, so that its
last characters begin three as well. The SQL of a record never changes."""

_OTHERS = """
DROP TRIGGER word;
DROP TRIGGER forget;
DROP TABLE grams;
DROP TABLE words;
CREATE TABLE segments (
  segment INTEGER PRIMARY KEY,   -- of queries with the numbers from 8192 times this on
  oldest INTEGER NOT NULL,       -- start of its queries
  newest INTEGER NOT NULL
);
CREATE TABLE pieces (
  segment INTEGER NOT NULL,
  piece BLOB NOT NULL,           -- three characters of a text, in lower case
  queries INTEGER NOT NULL,      -- how many of the segment have it
  which BLOB NOT NULL,           -- and which
  PRIMARY KEY (segment, piece)
) WITHOUT ROWID;
CREATE TABLE origins (
  origin TEXT PRIMARY KEY,       -- where queries of others come from
  upto INTEGER NOT NULL          -- how far they were taken in
) WITHOUT ROWID;
"""

_EVENTS = """
CREATE TABLE workgroup_events (
  event TEXT PRIMARY KEY,        -- what happens once: a budget's warning, a query's end
  at INTEGER NOT NULL,
  workgroup TEXT NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  user TEXT NOT NULL,
  query TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX workgroup_events_by_time ON workgroup_events (workgroup, at);
"""

STEPS = (_FIRST, _ENGINE_ID, _SAVED, _NUMBERED, _OTHERS, _EVENTS)


def migrate(connection: sqlite3.Connection, path: str) -> bool:
    """Whether anything had to be done. Raises `ConfigurationError` for a ledger that a newer
    Lakeshell wrote."""
    version = _version(connection)
    if version == len(STEPS):
        return False
    if version > len(STEPS):
        raise ConfigurationError(
            f"{path} was written by a newer Lakeshell (its version is {version})",
            hint="use that Lakeshell, or another lake",
        )
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been here while this one waited for the lock.
        for number in range(_version(connection), len(STEPS)):
            for statement in STEPS[number].split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return True


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
