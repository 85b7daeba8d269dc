"""The ledger in one SQLite file, written by many processes at once.

In: records of queries and runs. Out: the same, newest first, and sums of them. Transactions are
short and waited for; a record whose process died is shown as failed, not as running for ever.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from lakeshell.errors import ConfigurationError, LakeshellError, NotFound, UsageError
from lakeshell.ledger import identity
from lakeshell.ledger.migrations import migrate
from lakeshell.ledger.records import (
    QUERY,
    RUN,
    known,
    micros,
    money,
    of_query,
    of_run,
    to_query,
    to_run,
)
from lakeshell.ledger.search import Search, holds
from lakeshell.model import (
    QueryRecord,
    QueryState,
    RunCount,
    RunRecord,
    SavedVersion,
    ScanCount,
    Usage,
)
from lakeshell.ports import HistoryFilter

_WAIT = 30.0
"""Seconds that a writer waits for the others."""

_PAGE = 500
"""Records that one statement names: every SQLite takes 999 values."""
_OPEN = (QueryState.QUEUED, QueryState.RUNNING)
_GROUPS = {
    "workgroup": ("q.workgroup", ""),
    "user": ("q.user", ""),
    "day": ("date(q.started / 1000000, 'unixepoch')", ""),
    "month": ("strftime('%Y-%m', q.started / 1000000, 'unixepoch')", ""),
    "job": ("coalesce(r.name, '')", "LEFT JOIN runs r ON r.id = q.job_run"),
    "crawler": ("''", ""),
}
_RUN_GROUPS = {
    "workgroup": "''",
    "user": "user",
    "day": "date(started / 1000000, 'unixepoch')",
    "month": "strftime('%Y-%m', started / 1000000, 'unixepoch')",
    "job": "CASE kind WHEN 'job' THEN name ELSE '' END",
    "crawler": "CASE kind WHEN 'crawler' THEN name ELSE '' END",
}
ABANDONED = "ABANDONED"


class SqliteLedger:
    """A `ports.Ledger`. Opened once a process; usable from any of its threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._process = identity.this_process()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path, timeout=_WAIT, isolation_level=None, check_same_thread=False
            )
            with self._translated():
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
                self._db.create_function("holds", 2, holds, deterministic=True)
                migrate(self._db, str(path))
        except (OSError, sqlite3.OperationalError) as error:
            raise ConfigurationError(
                f"the ledger {path} cannot be opened: {error}",
                hint="it must be a file that you may write, in a folder that you may write",
            ) from error

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def new_id(self) -> str:
        return identity.new_id()

    # --- queries ---------------------------------------------------------------------------

    def begin(self, record: QueryRecord) -> None:
        self._insert("queries", QUERY, of_query(record))

    def end(self, record: QueryRecord) -> None:
        values = of_query(record)
        done = self._update("queries", QUERY, values, "finished IS NULL")
        if not done:
            self._insert("queries", QUERY, values, "OR IGNORE")

    def query(self, id: str) -> QueryRecord:
        self._bury()
        return to_query(self._one("queries", QUERY, id, "query"))

    def queries(self, filter: HistoryFilter) -> Sequence[QueryRecord]:
        self._bury()
        records = self._records(Search(self._read).numbers(filter))
        records.sort(key=lambda record: (record.started, record.id), reverse=True)
        return records

    def _records(self, numbers: Sequence[int]) -> list[QueryRecord]:
        found = []
        for start in range(0, len(numbers), _PAGE):
            page = numbers[start : start + _PAGE]
            found += self._read(
                f"SELECT {', '.join(QUERY)} FROM queries WHERE number IN ({', '.join('?' * len(page))})",
                page,
            )
        return [to_query(row) for row in found]

    def prune(self, before: datetime, most: int | None = None) -> int:
        pruned = 0
        while most is None or pruned < most:
            # A few at a time: the others of this lake do not wait long.
            count = _PAGE if most is None else min(_PAGE, most - pruned)
            gone = self._write(
                "DELETE FROM queries WHERE number IN (SELECT number FROM queries"
                " WHERE started < ? AND finished IS NOT NULL ORDER BY started LIMIT ?)",
                (micros(before), count),
            )
            pruned += gone
            if gone < count:
                break
        return pruned

    def request_cancel(self, id: str, user: str) -> QueryRecord:
        record = self.query(id)
        if record.state not in _OPEN:
            raise UsageError(
                f"query {record.id} is not running: it is {record.state.value}",
                hint="`lakeshell history --status RUNNING` lists those that are",
            )
        self._write(
            "UPDATE queries SET cancelled_by = ? WHERE id = ? AND finished IS NULL",
            (user, record.id),
        )
        return record

    def cancel_requested(self, id: str) -> str | None:
        rows = self._read("SELECT cancelled_by FROM queries WHERE id = ?", (id,))
        return rows[0][0] if rows else None

    # --- money -----------------------------------------------------------------------------

    def spent(
        self, workgroup: str, since: datetime, until: datetime | None = None, *, currency: str
    ) -> Decimal:
        rows = self._read(
            "SELECT sum(cost) FROM queries WHERE workgroup = ? AND started >= ? AND started < ?"
            " AND currency = ?",
            (workgroup, micros(since), micros(until) or 2**62, currency),
        )
        return money(rows[0][0] or 0)

    def usage(
        self, since: datetime, until: datetime, by: str, workgroup: str | None = None
    ) -> Sequence[Usage]:
        span = (micros(since), micros(until))
        filtered = "" if workgroup is None else " AND workgroup = ?"
        key, join = _GROUPS[by]
        rows = self._read(
            f"SELECT 'query', {key}, q.currency, count(*), sum(q.scanned), sum(q.elapsed),"
            f" sum(q.cost) FROM queries q {join} WHERE q.started >= ? AND q.started < ?{filtered}"
            " GROUP BY 2, 3 ORDER BY 2, 3",
            span if workgroup is None else (*span, workgroup),
        )
        if workgroup is None:
            rows += self._read(
                f"SELECT kind, {_RUN_GROUPS[by]}, currency, count(*), NULL, sum(elapsed), sum(cost)"
                " FROM runs WHERE started >= ? AND started < ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
                span,
            )
        return [
            Usage(
                kind=kind,
                key=name,
                currency=currency,
                count=count,
                scanned=scanned,
                elapsed=elapsed or 0.0,
                cost=money(cost or 0),
            )
            for kind, name, currency, count, scanned, elapsed, cost in rows
        ]

    def dearest(self, filter: HistoryFilter) -> Sequence[QueryRecord]:
        records = self._records(Search(self._read).dearest(filter))
        records.sort(key=lambda record: (record.cost or 0, record.id), reverse=True)
        return records

    def scan_counts(
        self, since: datetime, until: datetime, unit: int, workgroup: str | None = None
    ) -> Sequence[ScanCount]:
        filtered = "" if workgroup is None else " AND workgroup = ?"
        rows = self._read(
            "SELECT state, kind, coalesce(rows, 0) > 0 OR coalesce(scanned, 0) > 0, reused <> '',"
            " (scanned + ? - 1) / ?, count(*), coalesce(sum(scanned), 0) FROM queries"
            f" WHERE started >= ? AND started < ?{filtered} GROUP BY 1, 2, 3, 4, 5 ORDER BY 2, 1, 3, 4, 5",
            (
                unit,
                unit,
                micros(since),
                micros(until),
                *(() if workgroup is None else (workgroup,)),
            ),
        )
        return [
            ScanCount(QueryState(state), kind, bool(wrote), bool(reused), units, count, scanned)
            for state, kind, wrote, reused, units, count, scanned in rows
        ]

    def run_counts(self, since: datetime, until: datetime) -> Sequence[RunCount]:
        rows = self._read(
            "SELECT kind, CAST(coalesce(elapsed, 0) AS INTEGER)"
            " + (coalesce(elapsed, 0) > CAST(coalesce(elapsed, 0) AS INTEGER)), dpu,"
            " CASE kind WHEN 'service' THEN coalesce(bytes, 0) ELSE 0 END, count(*) FROM runs"
            " WHERE started >= ? AND started < ? AND finished IS NOT NULL"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            (micros(since), micros(until)),
        )
        return [RunCount(*row) for row in rows]

    # --- runs ------------------------------------------------------------------------------

    def begin_run(self, record: RunRecord) -> None:
        self._insert("runs", RUN, of_run(record))

    def end_run(self, record: RunRecord) -> None:
        values = of_run(record)
        if not self._update("runs", RUN, values, "TRUE"):
            self._insert("runs", RUN, values, "OR IGNORE")

    def run(self, id: str) -> RunRecord:
        self._bury()
        return to_run(self._one("runs", RUN, id, "run"))

    def runs(
        self, kind: str, name: str | None = None, limit: int | None = 50
    ) -> Sequence[RunRecord]:
        self._bury()
        named = "" if name is None else " AND name = ?"
        values = (kind,) if name is None else (kind, name)
        rows = self._read(
            f"SELECT {', '.join(RUN)} FROM runs WHERE kind = ?{named}"
            " ORDER BY started DESC, id DESC LIMIT ?",
            (*values, -1 if limit is None else limit),
        )
        return [to_run(row) for row in rows]

    # --- saved queries ---------------------------------------------------------------------

    def keep_version(
        self, workgroup: str, name: str, text: str, user: str, saved: datetime
    ) -> SavedVersion:
        # One statement, so that two who save at once get two versions.
        self._write(
            "INSERT INTO saved_versions"
            " SELECT ?1, ?2, coalesce(max(version), 0) + 1, ?3, ?4, ?5 FROM saved_versions"
            " WHERE workgroup = ?1 AND name = ?2 HAVING ?5 IS NOT (SELECT text FROM saved_versions"
            " WHERE workgroup = ?1 AND name = ?2 ORDER BY version DESC LIMIT 1)",
            (workgroup, name, micros(saved), user, text),
        )
        return self.versions(workgroup, name)[-1]

    def versions(self, workgroup: str, name: str) -> Sequence[SavedVersion]:
        rows = self._read(
            "SELECT version, saved, user, text FROM saved_versions"
            " WHERE workgroup = ? AND name = ? ORDER BY version",
            (workgroup, name),
        )
        return [
            SavedVersion(workgroup, name, version, known(saved), user, text)
            for version, saved, user, text in rows
        ]

    def move_versions(self, workgroup: str, name: str, target: str) -> None:
        self._write(
            "DELETE FROM saved_versions WHERE workgroup = ? AND name = ?", (workgroup, target)
        )
        self._write(
            "UPDATE saved_versions SET name = ? WHERE workgroup = ? AND name = ?",
            (target, workgroup, name),
        )

    # --- the file --------------------------------------------------------------------------

    def _insert(
        self, table: str, columns: Sequence[str], values: Sequence[Any], how: str = ""
    ) -> None:
        marks = ", ".join("?" * (len(columns) + 1))
        self._write(
            f"INSERT {how} INTO {table} ({', '.join(columns)}, process) VALUES ({marks})",
            (*values, self._process),
        )

    def _update(
        self, table: str, columns: Sequence[str], values: Sequence[Any], condition: str
    ) -> bool:
        sets = ", ".join(f"{column} = ?" for column in columns[1:])
        return bool(
            self._write(
                f"UPDATE {table} SET {sets} WHERE id = ? AND {condition}", (*values[1:], values[0])
            )
        )

    def _one(self, table: str, columns: Sequence[str], id: str, what: str) -> Any:
        rows = self._read(
            f"SELECT {', '.join(columns)} FROM {table} WHERE id >= ? AND id < ? LIMIT 2",
            (id, id + "\U0010ffff"),
        )
        exact = [row for row in rows if row[0] == id]
        if len(exact or rows) == 1 and id:
            return (exact or rows)[0]
        listing = "lakeshell history" if what == "query" else "lakeshell job runs"
        if rows and id:
            raise NotFound(
                f"more than one {what} begins with {id!r}", hint=f"give more of it: {listing}"
            )
        raise NotFound(f"there is no {what} {id!r}", hint=f"`{listing}` lists them")

    def _bury(self) -> None:
        """Ends the records of processes that died."""
        for table in ("queries", "runs"):
            found = self._read(
                f"SELECT id, process FROM {table} WHERE state IN ('QUEUED', 'RUNNING')", ()
            )
            for id, process in found:
                if process != self._process and identity.is_gone(process):
                    code = f"error_code = '{ABANDONED}', " if table == "queries" else ""
                    self._write(
                        f"UPDATE {table} SET state = 'FAILED', {code}error = ?, finished = ?"
                        " WHERE id = ? AND finished IS NULL",
                        ("the process that ran it was killed", micros(datetime.now(UTC)), id),
                    )

    def _read(self, sql: str, values: Sequence[Any]) -> list[Any]:
        with self._lock, self._translated():
            return self._db.execute(sql, values).fetchall()

    def _write(self, sql: str, values: Sequence[Any]) -> int:
        with self._lock, self._translated():
            return self._db.execute(sql, values).rowcount

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError as error:
            raise UsageError(
                f"{error.object!r} is not UTF-8", hint="write it as UTF-8, or leave it out"
            ) from error
        except sqlite3.IntegrityError as error:
            raise LakeshellError(
                f"the ledger has this record already: {error}", hint="report this"
            ) from error
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(
                f"the ledger {self.path} cannot be used: {error}",
                hint="free some disk space if it is full; if it is corrupt, move it away: a new "
                "one is made, with an empty history",
            ) from error
