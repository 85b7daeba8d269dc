"""What the ledger's records add up to: money spent, use by a key, and what decides a price.

In: a span of time. Out: sums that the database makes, however many records there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from lakeshell.ledger.database import Database
from lakeshell.ledger.records import micros, money
from lakeshell.model import QueryState, RunCount, ScanCount, Usage

_JOIN = "LEFT JOIN runs r ON r.id = q.job_run"


class Sums:
    """The half of a ledger that counts."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def spent(
        self, workgroup: str, since: datetime, until: datetime | None = None, *, currency: str
    ) -> Decimal:
        rows = self.database.read(
            "SELECT sum(cost) FROM queries WHERE workgroup = ? AND started >= ? AND started < ?"
            " AND currency = ?",
            (workgroup, micros(since), micros(until) or 2**62, currency),
        )
        return money(int(rows[0][0] or 0))

    def usage(
        self, since: datetime, until: datetime, by: str, workgroup: str | None = None
    ) -> Sequence[Usage]:
        span: tuple[Any, ...] = (micros(since), micros(until))
        filtered = "" if workgroup is None else " AND q.workgroup = ?"
        key, join = self._query_key(by)
        rows = self.database.read(
            f"SELECT 'query', {key}, q.currency, count(*), sum(q.scanned), sum(q.elapsed),"
            f" sum(q.cost) FROM queries q {join} WHERE q.started >= ? AND q.started < ?{filtered}"
            " GROUP BY 2, 3 ORDER BY 2, 3",
            span if workgroup is None else (*span, workgroup),
        )
        if workgroup is None:
            rows += self.database.read(
                f"SELECT kind, {self._run_key(by)}, currency, count(*), NULL, sum(elapsed),"
                " sum(cost) FROM runs WHERE started >= ? AND started < ?"
                " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
                span,
            )
        return [
            Usage(
                kind=kind,
                key=name,
                currency=currency,
                count=count,
                scanned=None if scanned is None else int(scanned),
                elapsed=elapsed or 0.0,
                cost=money(int(cost or 0)),
            )
            for kind, name, currency, count, scanned, elapsed, cost in rows
        ]

    def _query_key(self, by: str) -> tuple[str, str]:
        """An expression, and the join that it needs."""
        day = self.database.day("q.started")
        return {
            "workgroup": ("q.workgroup", ""),
            "user": ('q."user"', ""),
            "day": (day, ""),
            "month": (f"substr({day}, 1, 7)", ""),
            "job": ("coalesce(r.name, '')", _JOIN),
            "crawler": ("''", ""),
        }[by]

    def _run_key(self, by: str) -> str:
        day = self.database.day("started")
        return {
            "workgroup": "''",
            "user": '"user"',
            "day": day,
            "month": f"substr({day}, 1, 7)",
            "job": "CASE kind WHEN 'job' THEN name ELSE '' END",
            "crawler": "CASE kind WHEN 'crawler' THEN name ELSE '' END",
        }[by]

    def scan_counts(
        self, since: datetime, until: datetime, unit: int, workgroup: str | None = None
    ) -> Sequence[ScanCount]:
        filtered = "" if workgroup is None else " AND workgroup = ?"
        span = (micros(since), micros(until))
        rows = self.database.read(
            "SELECT state, kind, coalesce(\"rows\", 0) > 0 OR coalesce(scanned, 0) > 0, reused <> '',"
            f" {self.database.ceiling('scanned', unit)}, count(*), coalesce(sum(scanned), 0)"
            f" FROM queries WHERE started >= ? AND started < ?{filtered}"
            " GROUP BY 1, 2, 3, 4, 5 ORDER BY 2, 1, 3, 4, 5",
            span if workgroup is None else (*span, workgroup),
        )
        return [
            ScanCount(
                QueryState(state), kind, bool(wrote), bool(reused), units, count, int(scanned)
            )
            for state, kind, wrote, reused, units, count, scanned in rows
        ]

    def run_counts(self, since: datetime, until: datetime) -> Sequence[RunCount]:
        rows = self.database.read(
            f"SELECT kind, {self.database.ceiling('coalesce(elapsed, 0)', 1)}, dpu,"
            " CASE kind WHEN 'service' THEN coalesce(bytes, 0) ELSE 0 END, count(*) FROM runs"
            " WHERE started >= ? AND started < ? AND finished IS NOT NULL"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            (micros(since), micros(until)),
        )
        return [RunCount(*row) for row in rows]
