"""What Trino's event listener wrote in the control database: every query that ended, of any client.

In: the stack's installation. Out: events in the order in which they were written, each with its
number. Trino's table has no such order; a column that its own statements do not see gives it one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants import ER

from lakeshell.errors import ConnectionFailed
from lakeshell.stack.control import cursor
from lakeshell.stack.installation import Installation
from lakeshell.stack.services import Service

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

_PAGE = 500
_COLUMNS = (
    "lakeshell_number", "query_id", "query", "prepared_query", "query_state", "user", "trace_token",
    "client_tags_json", "source", "catalog", "`schema`", "resource_group_id", "query_type",
    "error_code", "failure_message", "wall_time_millis", "queued_time_millis",
    "planning_time_millis", "physical_input_bytes", "output_rows", "written_rows",
    "JSON_EXTRACT(inputs_json, '$[*].catalogName')",
)  # fmt: skip
_TABLE = "trino.trino_queries"


@dataclass(frozen=True, slots=True)
class Event:
    """A query that ended. Times in milliseconds, `scanned` in bytes; `read` are the catalogs of
    the tables that it read, `kind` Trino's `QueryType`."""

    number: int
    id: str
    sql: str
    prepared: str | None
    state: str
    user: str
    trace: str
    tags: tuple[str, ...]
    source: str
    catalog: str
    schema: str
    group: str
    kind: str
    error_code: str
    error: str
    elapsed: int
    queued: int
    planned: int
    scanned: int
    output_rows: int
    written_rows: int
    read: tuple[str, ...]


def events(installation: Installation, after: int) -> Iterator[Sequence[Event]]:
    """Those behind a number, some hundreds at a time. Raises `ConnectionFailed`, also where `control`
    goes meanwhile, or somebody holds the table for seconds."""
    with _said_by_control(), cursor(installation, Service.CONTROL) as sql:
        last = _newest(sql)
        if last != after:
            last = _settled(sql)
        if last < after:
            # The table was emptied, or is an older one from a backup. What is known is known.
            after = 0
        while after < last:
            sql.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM {_TABLE}"
                " WHERE lakeshell_number > %s AND lakeshell_number <= %s"
                " ORDER BY lakeshell_number LIMIT %s",
                (after, last, _PAGE),
            )
            page = [_event(row) for row in sql.fetchall()]
            if not page:
                return
            after = page[-1].number
            yield page


@contextmanager
def _said_by_control() -> Iterator[None]:
    try:
        yield
    except pymysql.MySQLError as error:
        said = error.args[1] if len(error.args) > 1 else error
        raise ConnectionFailed(
            f"{Service.CONTROL} does not tell the queries of its cluster: {said}",
            hint=f"see why: lakeshell stack logs {Service.CONTROL}",
        ) from error


def _newest(sql: Cursor) -> int:
    """The last number; makes the column that has it where there is none."""
    try:
        return _last(sql)
    except pymysql.err.OperationalError as error:
        if error.args[0] != ER.BAD_FIELD_ERROR:
            raise
    except pymysql.err.ProgrammingError as error:
        if error.args[0] != ER.NO_SUCH_TABLE:
            raise
        return 0
    try:
        sql.execute(
            f"ALTER TABLE {_TABLE} ADD COLUMN lakeshell_number BIGINT NOT NULL AUTO_INCREMENT"
            " INVISIBLE, ADD UNIQUE KEY lakeshell_numbers (lakeshell_number)"
        )
    except pymysql.err.OperationalError as error:
        # Another process was faster.
        if error.args[0] != ER.DUP_FIELDNAME:
            raise
    return _last(sql)


def _settled(sql: Cursor) -> int:
    """The last number before which nobody is writing: numbers are given before they are seen."""
    sql.execute("SET SESSION lock_wait_timeout = 5")
    sql.execute(f"LOCK TABLES {_TABLE} READ")
    try:
        return _last(sql)
    finally:
        sql.execute("UNLOCK TABLES")


def _last(sql: Cursor) -> int:
    sql.execute(f"SELECT max(lakeshell_number) FROM {_TABLE}")
    (last,) = sql.fetchone() or (None,)
    return int(last or 0)


def _event(row: Sequence[Any]) -> Event:
    (number, id, sql, prepared, state, user, trace, tags, source, catalog, schema, group, kind,
     code, message, elapsed, queued, planned, scanned, output, written, read) = row  # fmt: skip
    return Event(
        int(number), id, sql, prepared, state, user, trace or "", tuple(json.loads(tags)),
        source or "", catalog or "", schema or "", group or "", kind or "", code or "",
        message or "", int(elapsed), int(queued), int(planned), int(scanned), int(output),
        int(written), tuple(dict.fromkeys(json.loads(read))) if read else (),
    )  # fmt: skip
