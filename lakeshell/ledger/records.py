"""Records as rows of the ledger's tables, and back: moments in microseconds, money in whole units."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from lakeshell.model import QueryRecord, QueryState, RunRecord

_MONEY = 10_000_000_000
"""A currency in units of the ledger."""

QUERY = (
    "id", "started", "user", "workgroup", "source", "database", "sql", "state", "finished",
    "elapsed", "scanned", "rows", "cost", "currency", "error_code", "error", "engine", "kind",
    "job_run", "engine_id", "queued", "planned", "reused",
)  # fmt: skip
RUN = (
    "id", "kind", "name", "started", "user", "state", "finished", "elapsed", "attempt", "rows",
    "bytes", "dpu", "cost", "currency", "detail", "error", "parameters",
)  # fmt: skip


def micros(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(
        1970, 1, 1, tzinfo=UTC
    )
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(micros: int | None) -> datetime | None:
    return None if micros is None else known(micros)


def known(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)


def money(units: int) -> Decimal:
    return Decimal(units) / _MONEY


def units(money: Decimal | None) -> int | None:
    return None if money is None else int((money * _MONEY).to_integral_value())


def of_query(record: QueryRecord) -> tuple[Any, ...]:
    stored = replace(record, database=record.database or "")
    values = {name: getattr(stored, name) for name in QUERY}
    values["state"] = record.state.value
    values["started"], values["finished"] = micros(record.started), micros(record.finished)
    values["cost"] = units(record.cost)
    return tuple(values.values())


def to_query(row: Sequence[Any]) -> QueryRecord:
    values = dict(zip(QUERY, row, strict=True))
    values["state"] = QueryState(values["state"])
    values["started"], values["finished"] = moment(values["started"]), moment(values["finished"])
    values["cost"] = None if values["cost"] is None else money(values["cost"])
    return QueryRecord(**values)


def of_run(record: RunRecord) -> tuple[Any, ...]:
    values = {name: getattr(record, name) for name in RUN}
    values["state"] = record.state.value
    values["started"], values["finished"] = micros(record.started), micros(record.finished)
    values["cost"] = units(record.cost)
    values["parameters"] = json.dumps(record.parameters, ensure_ascii=False)
    return tuple(values.values())


def to_run(row: Sequence[Any]) -> RunRecord:
    values = dict(zip(RUN, row, strict=True))
    values["state"] = QueryState(values["state"])
    values["started"], values["finished"] = moment(values["started"]), moment(values["finished"])
    values["cost"] = None if values["cost"] is None else money(values["cost"])
    values["parameters"] = json.loads(values["parameters"])
    return RunRecord(**values)
