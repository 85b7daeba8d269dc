"""The ledger over a database: queries, runs and saved versions, written by many processes at once.

In: records of queries and runs. Out: the same, newest first, and sums of them. Every write is one
statement or one short transaction; a record whose process died is shown as failed, not as running
for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lakeshell.errors import NotFound, UsageError
from lakeshell.ledger import identity
from lakeshell.ledger.database import Database, insert, marks, names
from lakeshell.ledger.events import Events
from lakeshell.ledger.records import (
    QUERY,
    RUN,
    known,
    micros,
    of_query,
    of_run,
    to_query,
    to_run,
)
from lakeshell.ledger.search import Search
from lakeshell.ledger.sums import Sums
from lakeshell.ledger.texts import Texts
from lakeshell.model import QueryRecord, QueryState, RunRecord, SavedVersion
from lakeshell.ports import HistoryFilter

_PAGE = 500
"""Records that one statement names: every SQLite takes 999 values."""
_OPEN = (QueryState.QUEUED, QueryState.RUNNING)
ABANDONED = "ABANDONED"


class SqlLedger(Sums, Events):
    """A `ports.Ledger`. Opened once a process; usable from any of its threads."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._texts = Texts(database)
        self._process = identity.this_process()

    def close(self) -> None:
        self.database.close()

    def new_id(self) -> str:
        return identity.new_id()

    def counts(self) -> Mapping[str, int]:
        """Rows of each table."""
        return {
            table: int(self.database.read(f"SELECT count(*) FROM {table}")[0][0])
            for table in ("queries", "runs", "saved_versions")
        }

    # --- queries ---------------------------------------------------------------------------

    def begin(self, record: QueryRecord) -> None:
        self._insert("queries", QUERY, of_query(record))

    def moved(self, id: str, state: QueryState) -> None:
        self.database.write(
            "UPDATE queries SET state = ? WHERE id = ? AND finished IS NULL", (state.value, id)
        )

    def end(self, record: QueryRecord) -> None:
        values = of_query(record)
        # Whose process was taken for dead may have left its record for later.
        open_yet = f"(finished IS NULL OR error_code = '{ABANDONED}')"
        if not self._update("queries", QUERY, values, open_yet):
            self._add("queries", QUERY, values)

    def query(self, id: str) -> QueryRecord:
        self._bury()
        return to_query(self._one("queries", QUERY, id, "query"))

    def queries(self, filter: HistoryFilter) -> Sequence[QueryRecord]:
        self._bury()
        numbers = Search(self.database, self._texts).numbers(filter)
        found = self._pages(numbers, "number")
        found.sort(key=lambda record: (record.started, record.id), reverse=True)
        return found

    def dearest(self, filter: HistoryFilter) -> Sequence[QueryRecord]:
        found = self._pages(Search(self.database, self._texts).dearest(filter), "number")
        found.sort(key=lambda record: (record.cost or 0, record.id), reverse=True)
        return found

    def held(self, ids: Collection[str]) -> Mapping[str, QueryRecord]:
        return {record.id: record for record in self._pages(sorted(ids), "id")}

    def _pages(self, keys: Sequence[Any], key: str) -> list[QueryRecord]:
        found = []
        for start in range(0, len(keys), _PAGE):
            page = keys[start : start + _PAGE]
            found += self.database.read(
                f"SELECT {names(QUERY)} FROM queries WHERE {key} IN ({marks(len(page))})", page
            )
        return [to_query(row) for row in found]

    def prune(self, before: datetime, most: int | None = None) -> int:
        pruned = 0
        while most is None or pruned < most:
            # A few at a time: the others of this lake do not wait long.
            count = _PAGE if most is None else min(_PAGE, most - pruned)
            old = self.database.read(
                "SELECT number FROM queries WHERE started < ? AND finished IS NOT NULL"
                f" ORDER BY started LIMIT {count}",
                (micros(before),),
            )
            if not old:
                break
            with self.database.transaction():
                pruned += self.database.write(
                    f"DELETE FROM queries WHERE number IN ({marks(len(old))})",
                    [number for (number,) in old],
                )
                self._texts.forget_gone()
        return pruned

    def request_cancel(self, id: str, user: str) -> QueryRecord:
        record = self.query(id)
        if record.state not in _OPEN:
            raise UsageError(
                f"query {record.id} is not running: it is {record.state.value}",
                hint="`lakeshell history --status RUNNING` lists those that are",
            )
        self.database.write(
            "UPDATE queries SET cancelled_by = ? WHERE id = ? AND finished IS NULL",
            (user, record.id),
        )
        return record

    def cancel_requested(self, id: str) -> str | None:
        rows = self.database.read("SELECT cancelled_by FROM queries WHERE id = ?", (id,))
        return rows[0][0] if rows else None

    # --- queries of others -----------------------------------------------------------------

    def taken_in(self, origin: str) -> int:
        rows = self.database.read("SELECT upto FROM origins WHERE origin = ?", (origin,))
        return int(rows[0][0]) if rows else 0

    def take_in(
        self,
        origin: str,
        records: Sequence[QueryRecord],
        upto: int,
        mended: Sequence[QueryRecord] = (),
    ) -> int:
        with self.database.transaction():
            added = self.database.write_many(
                self.database.adding("queries", (*QUERY, "process")),
                [(*of_query(record), "") for record in records],
            )
            for record in mended:
                self._update("queries", QUERY, of_query(record), "engine_id = ''")
            self.database.write(self.database.adding("origins", ("origin", "upto")), (origin, upto))
            self.database.write("UPDATE origins SET upto = ? WHERE origin = ?", (upto, origin))
        return added

    def index_texts(self) -> int:
        return self._texts.index()

    # --- runs ------------------------------------------------------------------------------

    def begin_run(self, record: RunRecord) -> None:
        self._insert("runs", RUN, of_run(record))

    def end_run(self, record: RunRecord) -> None:
        values = of_run(record)
        if not self._update("runs", RUN, values, "TRUE"):
            self._add("runs", RUN, values)

    def run(self, id: str) -> RunRecord:
        self._bury()
        return to_run(self._one("runs", RUN, id, "run"))

    def runs(
        self, kind: str, name: str | None = None, limit: int | None = 50
    ) -> Sequence[RunRecord]:
        self._bury()
        named = "" if name is None else " AND name = ?"
        most = "" if limit is None else f" LIMIT {limit}"
        rows = self.database.read(
            f"SELECT {names(RUN)} FROM runs WHERE kind = ?{named}"
            f" ORDER BY started DESC, id DESC{most}",
            (kind,) if name is None else (kind, name),
        )
        return [to_run(row) for row in rows]

    # --- saved queries ---------------------------------------------------------------------

    def keep_version(
        self, workgroup: str, name: str, text: str, user: str, saved: datetime
    ) -> SavedVersion:
        while True:
            kept = self.versions(workgroup, name)
            if kept and kept[-1].text == text:
                return kept[-1]
            made = SavedVersion(workgroup, name, len(kept) + 1, saved, user, text)
            columns = ("workgroup", "name", "version", "saved", "user", "text")
            values = (workgroup, name, made.version, micros(saved), user, text)
            # Of two who save at once, one takes the next number.
            if self.database.write(self.database.adding("saved_versions", columns), values):
                return made

    def versions(self, workgroup: str, name: str) -> Sequence[SavedVersion]:
        rows = self.database.read(
            'SELECT version, saved, "user", text FROM saved_versions'
            " WHERE workgroup = ? AND name = ? ORDER BY version",
            (workgroup, name),
        )
        return [
            SavedVersion(workgroup, name, version, known(saved), user, text)
            for version, saved, user, text in rows
        ]

    def move_versions(self, workgroup: str, name: str, target: str) -> None:
        with self.database.transaction():
            self.database.write(
                "DELETE FROM saved_versions WHERE workgroup = ? AND name = ?", (workgroup, target)
            )
            self.database.write(
                "UPDATE saved_versions SET name = ? WHERE workgroup = ? AND name = ?",
                (target, workgroup, name),
            )

    def saved_at(self, workgroup: str, first: datetime) -> Sequence[str]:
        rows = self.database.read(
            "SELECT name FROM saved_versions WHERE workgroup = ? AND version = 1 AND saved = ?"
            " ORDER BY name",
            (workgroup, micros(first)),
        )
        return [name for (name,) in rows]

    # --- rows ------------------------------------------------------------------------------

    def _insert(self, table: str, columns: Sequence[str], values: Sequence[Any]) -> None:
        self.database.write(insert(table, (*columns, "process")), (*values, self._process))

    def _add(self, table: str, columns: Sequence[str], values: Sequence[Any]) -> None:
        adding = self.database.adding(table, (*columns, "process"))
        self.database.write(adding, (*values, self._process))

    def _update(
        self, table: str, columns: Sequence[str], values: Sequence[Any], condition: str
    ) -> bool:
        sets = ", ".join(f'"{column}" = ?' for column in columns[1:])
        return bool(
            self.database.write(
                f"UPDATE {table} SET {sets} WHERE id = ? AND {condition}", (*values[1:], values[0])
            )
        )

    def _one(self, table: str, columns: Sequence[str], id: str, what: str) -> Any:
        rows = self.database.read(
            f"SELECT {names(columns)} FROM {table} WHERE id >= ? AND id < ? LIMIT 2",
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
            found = self.database.read(
                f"SELECT id, process FROM {table} WHERE state IN ('QUEUED', 'RUNNING')"
            )
            for id, process in found:
                if process != self._process and identity.is_gone(process):
                    code = f"error_code = '{ABANDONED}', " if table == "queries" else ""
                    self.database.write(
                        f"UPDATE {table} SET state = 'FAILED', {code}error = ?, finished = ?"
                        " WHERE id = ? AND finished IS NULL",
                        ("the process that ran it was killed", micros(datetime.now(UTC)), id),
                    )
