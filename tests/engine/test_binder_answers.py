"""What the binder makes of a statement, against the answers of Trino 476."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from binder_tables import bind, run

from lakeshell.errors import QueryFailed

CASES: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("data").joinpath("binder.json").read_text(encoding="utf-8")
)
BATCH = 50
STARTS = range(0, len(CASES), BATCH)


@pytest.mark.parametrize("start", STARTS)
def test_answers_as_trino_does(start: int) -> None:
    wrong = [said for case in CASES[start : start + BATCH] if (said := _difference(case))]
    assert not wrong, "\n".join(wrong)


def test_the_answers_are_many_and_of_both_kinds() -> None:
    assert len(CASES) > 500
    assert sum("error" in case for case in CASES) > 100


def _difference(case: dict[str, Any]) -> str | None:
    sql = case["sql"]
    expected = case.get("error")
    try:
        columns = [[c.name, str(c.type).replace(" ", "")] for c in bind(sql).columns]
        rows = run(sql)
    except QueryFailed as fault:
        found = [fault.code, fault.line, fault.column, fault.message]
        return None if found == expected else f"{sql}\n  {expected}\n  {found}"
    if expected is not None:
        return f"{sql}\n  {expected}\n  {rows}"
    if not case["ordered"]:
        rows = sorted(rows, key=repr)
    wanted = [[name, type.replace(" ", "")] for name, type in case["columns"]]
    if columns != wanted or rows != case["rows"]:
        return f"{sql}\n  {wanted} {case['rows']}\n  {columns} {rows}"
    return None
