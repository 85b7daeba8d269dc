"""Every statement of the embedded engine's own suite on a real Trino, through the Trino engine.

The same answers were recorded from Trino 476 and are what the embedded engine is held to: when
both suites pass, both engines answer alike. They were recorded over a catalog of files; where Trino
answers otherwise over a Hive Metastore, what it says there is written down here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from answers import Compared, Verdict, compare, load, names
from real_trino import trino_engine

from lakeshell.engine.trino.engine import TrinoEngine
from lakeshell.folder import make_lake
from lakeshell.lake import Lake
from lakeshell.ports import Session

OVER_THE_METASTORE = {
    "SHOW CATALOGS LIKE 'lak%'": '"lake"\n"lake_files"\n',
    "ALTER TABLE u RENAME TO nope.x": (
        "HIVE_METASTORE_ERROR at None: Unable to change partition or table. Object database"
        " hive.nope does not exist. Check metastore logs for detailed stack."
    ),
    "ALTER SCHEMA session_s3b RENAME TO session_s3c": (
        "NOT_SUPPORTED at None: Hive metastore does not support renaming schemas"
    ),
    "ALTER TABLE w SET AUTHORIZATION bob": (
        "PERMISSION_DENIED at None: Access Denied: Cannot set authorization for table"
        " lake.session_s3.w to USER bob"
    ),
    # Over a view of that name Trino says that it made the table, and the view stays as it was.
    "CREATE TABLE v (a int)": "",
    "CREATE TABLE IF NOT EXISTS v (a int)": "",
    "CREATE TABLE v AS SELECT 1 AS x": "",
    "CREATE TABLE IF NOT EXISTS v AS SELECT 1 AS x": "",
    "CREATE OR REPLACE TABLE v AS SELECT 1 AS x": "",
}


@pytest.fixture
def trino(tmp_path: Path) -> Iterator[TrinoEngine]:
    """Over a catalog without a table: no statement here names a source's."""
    make_lake(tmp_path)
    with Lake(tmp_path, os.environ) as lake:
        made = trino_engine(lambda: lake.catalog)
        yield made
        made.close()


@pytest.mark.parametrize("name", names())
def test_trino_answers_as_recorded(name: str, trino: TrinoEngine) -> None:
    together, statements = load(name)
    session = Session("ada")
    for schema in set(re.findall(r"\b(?:acc|session|sqlfix)_\w+", str(statements))):
        # What a run that was stopped has left behind.
        for _ in trino.run(f"DROP SCHEMA IF EXISTS lake.{schema} CASCADE", session).batches():
            pass
    compared = []
    for answer in statements:
        if not together:
            session = Session("ada")
        compared.append(compare(trino, session, answer))
    different = [
        str(c)
        for c in compared
        if c.verdict is not Verdict.SAME
        and OVER_THE_METASTORE.get(c.sql) != c.found
        and not _by_chance(c)
    ]
    assert not different, f"{len(different)} of {len(compared)}:\n" + "\n".join(different)


def _by_chance(compared: Compared) -> bool:
    """Whether it differs in nothing but the order in which Trino happened to gather values."""
    if "multimap_agg" not in compared.sql:
        return False
    return sorted(re.findall(r"\w+", compared.found)) == sorted(
        re.findall(r"\w+", compared.expected)
    )
