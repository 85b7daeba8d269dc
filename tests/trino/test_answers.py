"""The embedded engine against Trino 476's own answers: none may differ, few may be refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from answers import Verdict, compare, load, names

from lakeshell.folder import make_lake
from lakeshell.lake import Lake

LEAST_ANSWERED = 0.8


@pytest.mark.parametrize("name", names())
def test_answers_as_trino_does(name: str, tmp_path: Path) -> None:
    together, statements = load(name)
    make_lake(tmp_path)
    with Lake(tmp_path, os.environ) as lake:
        session = lake.session()
        compared = []
        for answer in statements:
            if not together:
                session = lake.session()
            compared.append(compare(lake.engine, session, answer))
    wrong = [str(c) for c in compared if c.verdict is Verdict.WRONG]
    assert not wrong, "\n".join(wrong)
    answered = sum(c.verdict is Verdict.SAME for c in compared)
    refused = "\n".join(str(c) for c in compared if c.verdict is Verdict.REFUSED)
    assert answered >= LEAST_ANSWERED * len(compared), refused
