"""The Trino that tests run against, where there is one: LAKESHELL_TEST_TRINO_URL names it.

It has an Iceberg catalog `lake` in which schemas may be made and dropped. The tests of the stack
set it to the stack's own.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Sequence

import pytest

from lakeshell.engine.trino.address import TrinoAddress
from lakeshell.engine.trino.engine import TrinoEngine
from lakeshell.errors import QueryFailed
from lakeshell.model import Estimate
from lakeshell.ports import Catalog, Session

VARIABLE = "LAKESHELL_TEST_TRINO_URL"


def trino_url() -> str:
    """Skips the test, with the reason, where no Trino is named."""
    url = os.environ.get(VARIABLE, "")
    if not url:
        pytest.skip(f"no Trino: {VARIABLE} names none")
    return url


def trino_engine(catalog: Callable[[], Catalog]) -> TrinoEngine:
    return TrinoEngine(
        address=TrinoAddress(trino_url(), user="ada"),
        catalog=catalog,
        connections=tuple,
        estimator=_nothing_planned,
    )


def _nothing_planned(sql: str, session: Session, parameters: Sequence[str]) -> Estimate:
    raise QueryFailed("nothing is planned here", code="NOT_SUPPORTED")


def new_schema() -> str:
    return f"test_{uuid.uuid4().hex[:10]}"
