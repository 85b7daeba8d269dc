"""The public compliance tests of PEP 249 on a lake of the embedded engine."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar
from unittest import mock

import pytest

import lakeshell
from lakeshell.folder import make_lake

dbapi20 = pytest.importorskip("dbapi20", reason="scripts/dbapi-compliance brings and runs them")


class TestCompliance(dbapi20.DatabaseAPI20Test):  # type: ignore[misc]
    driver = lakeshell
    connect_kw_args: ClassVar[dict[str, object]] = {}
    lower_func = None
    """Trino has procedures, which `CALL` runs, and none of this kind."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp())
        cls.environment = mock.patch.dict(os.environ, {"LAKESHELL_USER": "ada"})
        cls.environment.start()
        make_lake(cls.folder / "lake")
        with lakeshell.connect(cls.folder / "lake") as connection:
            connection.cursor().execute("CREATE SCHEMA lake.tests")
        cls.connect_kw_args = {"lake": cls.folder / "lake", "database": "tests"}

    @classmethod
    def tearDownClass(cls) -> None:
        cls.environment.stop()
        shutil.rmtree(cls.folder)

    def test_nextset(self) -> None:
        """One statement at a time: there is no next set."""
        assert not hasattr(lakeshell.Cursor, "nextset")

    def test_setoutputsize(self) -> None:
        connection = self._connect()
        cursor = connection.cursor()
        cursor.setoutputsize(1000)
        cursor.setoutputsize(2000, 0)
        self._paraminsert(cursor)
        connection.close()
