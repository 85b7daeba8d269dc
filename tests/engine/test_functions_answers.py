"""Every scalar function, against the answers of Trino 476."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from function_answers import answer

from lakeshell.errors import NotSupported, QueryFailed

DATA = Path(__file__).with_name("data")
FAMILIES = sorted(path.stem for path in DATA.glob("functions_*.json"))
ABREAST = 25
"""So many expressions make one statement: a connection costs more than what they do."""


def _cases(family: str) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((DATA / f"{family}.json").read_text(encoding="utf-8"))
    return read


def _statement(said: str) -> str:
    return said if said.lower().startswith(("select ", "with ")) else f"SELECT {said}"


def _same(types: list[str], texts: list[str | None], cases: list[dict[str, Any]]) -> bool:
    wanted = [case["type"].replace(" ", "") for case in cases]
    return [t.replace(" ", "") for t in types] == wanted and texts == [c["text"] for c in cases]


def _difference(case: dict[str, Any]) -> str | None:
    said = case["sql"]
    expected = case.get("error")
    try:
        types, texts = answer(_statement(said))
    except QueryFailed as fault:
        if case.get("refused"):
            refusal = isinstance(fault, NotSupported) or fault.code == "NOT_SUPPORTED"
            return None if refusal else f"{said}\n  {fault.code} {fault.message}"
        found = [fault.code, fault.message]
        return None if found == expected else f"{said}\n  {expected or case}\n  {found}"
    if expected is None and _same(types, texts, [case]):
        return None
    return f"{said}\n  {expected or case}\n  {types} {texts}"


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_as_trino_does(family: str) -> None:
    cases = _cases(family)
    alone = [c for c in cases if "error" in c or c.get("refused") or c["sql"].startswith("select ")]
    together = [c for c in cases if c not in alone]
    for start in range(0, len(together), ABREAST):
        some = together[start : start + ABREAST]
        try:
            types, texts = answer("SELECT " + ", ".join(case["sql"] for case in some))
            right = _same(types, texts, some)
        except QueryFailed:
            right = False
        if not right:
            alone.extend(some)
    wrong = [difference for case in alone if (difference := _difference(case))]
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong)


def test_the_answers_are_many_and_of_every_kind() -> None:
    cases = [case for family in FAMILIES for case in _cases(family)]
    assert len(cases) > 1200
    assert sum("error" in case for case in cases) > 200
    assert sum(bool(case.get("refused")) for case in cases) < 0.07 * len(cases)
