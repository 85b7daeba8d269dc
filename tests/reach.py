"""Where the servers of the stack are that the contract suites run on.

The stack's fixtures, or whoever runs the tests, set LAKESHELL_TEST_MYSQL_URL
(mysql://USER:PASSWORD@HOST:PORT, a user who may make databases), LAKESHELL_TEST_METASTORE
(HOST:PORT) and LAKESHELL_TEST_S3_URL (http://KEY:SECRET@HOST:PORT/BUCKET). Without them the tests
are skipped and say so.
"""

from __future__ import annotations

import os
from urllib.parse import SplitResult, unquote, urlsplit

import pytest

from lakeshell.source.mysql_address import MysqlAddress


def mysql(database: str = "") -> MysqlAddress:
    url = _url("LAKESHELL_TEST_MYSQL_URL")
    return MysqlAddress(
        url.hostname or "",
        url.port or 3306,
        unquote(url.username or ""),
        unquote(url.password or ""),
        database,
    )


def _url(variable: str) -> SplitResult:
    written = os.environ.get(variable)
    if not written:
        pytest.skip(f"no server to test with: {variable} is not set")
    return urlsplit(written)
