"""Where the servers of the stack are that the contract suites run on.

The stack's fixtures, or whoever runs the tests, set LAKESHELL_TEST_MYSQL_URL
(mysql://USER:PASSWORD@HOST:PORT, a user who may make databases), LAKESHELL_TEST_METASTORE
(HOST:PORT) and LAKESHELL_TEST_S3_URL (http://KEY:SECRET@HOST:PORT/BUCKET). Without them the tests
are skipped and say so.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, unquote, urlsplit

import pytest
from hive_metastore import ttypes as hive

from lakeshell.source.mysql_address import MysqlAddress
from lakeshell.source.mysql_server import MysqlServer, quoted
from lakeshell.store.metastore import DEFAULT_CATALOG, Metastore, MetastoreAddress
from lakeshell.store.s3 import S3Address

RUN = uuid.uuid4().hex[:8]


def own(name: str) -> str:
    """`name` for this run of the tests alone: several may use the same servers at once."""
    return f"{name}_{RUN}"


def mysql(database: str = "") -> MysqlAddress:
    url = _url("LAKESHELL_TEST_MYSQL_URL")
    return MysqlAddress(
        url.hostname or "",
        url.port or 3306,
        unquote(url.username or ""),
        unquote(url.password or ""),
        database,
    )


@contextmanager
def scratch_schema(name: str) -> Iterator[MysqlAddress]:
    """An empty schema on the MySQL server, dropped when it is left."""
    server = MysqlServer(mysql())
    try:
        server.rows(f"DROP DATABASE IF EXISTS {quoted(name)}")
        server.rows(f"CREATE DATABASE {quoted(name)} CHARACTER SET utf8mb4")
        yield mysql(name)
        server.rows(f"DROP DATABASE {quoted(name)}")
    finally:
        server.close()


def metastore(catalog: str = DEFAULT_CATALOG) -> MetastoreAddress:
    url = urlsplit(f"thrift://{_set('LAKESHELL_TEST_METASTORE')}")
    return MetastoreAddress(host=url.hostname or "", port=url.port or 9083, catalog=catalog)


def s3(folder: str) -> S3Address:
    """`folder` in the bucket is the warehouse."""
    url = _url("LAKESHELL_TEST_S3_URL")
    return S3Address(
        endpoint=f"{url.scheme}://{url.hostname}:{url.port}",
        access_key=unquote(url.username or ""),
        secret_key=unquote(url.password or ""),
        warehouse=f"s3://{url.path.strip('/')}/{folder}",
    )


def empty_catalog(metastore: Metastore, folder: str) -> None:
    """Makes the catalog of the Metastore's address, without a table and a database."""
    name = metastore.address.catalog
    made = hive.Catalog(name=name, description="of tests", locationUri=folder)
    if name not in metastore.ask(lambda client: client.get_catalogs()).names:
        metastore.ask(lambda client: client.create_catalog(hive.CreateCatalogRequest(made)))
    for database in metastore.ask(lambda client: client.get_databases(metastore.qualified("*"))):
        at = metastore.qualified(database)
        for table in metastore.ask(lambda client, at=at: client.get_all_tables(at)):
            metastore.ask(lambda client, at=at, table=table: client.drop_table(at, table, False))
        if database != "default":
            metastore.ask(lambda client, at=at: client.drop_database(at, False, False))


def drop_catalog(metastore: Metastore) -> None:
    empty_catalog(metastore, "")
    default = metastore.qualified("default")
    metastore.ask(lambda client: client.drop_database(default, False, False))
    request = hive.DropCatalogRequest(metastore.address.catalog)
    metastore.ask(lambda client: client.drop_catalog(request))


def _url(variable: str) -> SplitResult:
    return urlsplit(_set(variable))


def _set(variable: str) -> str:
    written = os.environ.get(variable)
    if not written:
        pytest.skip(f"no server to test with: {variable} is not set")
    return written
